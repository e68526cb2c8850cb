"""The client knows every operation of the document and every field of its answers, and talks to a real server."""

import inspect
import socket
import subprocess
import sys
import threading
import time
import typing
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from databases import free_port

from tenure.client import ApiError, Client, Conflict, Invalid, NotAllowed, NotThere, TooMany, Unavailable, answers
from tenure_app.api import ask

DOCUMENT = ask.api.get_openapi_schema(path_prefix="")
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    operation["operationId"]: (where, method, operation)
    for where, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
}  # fmt: skip
EVENTS = OPERATIONS["send_events"][2]["requestBody"]["content"]["application/json"]["schema"]["properties"]["events"]


def written(schema):
    """A type of the document in the words of the client's."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " | ".join(written(one) for one in schema["anyOf"])
    if isinstance(schema.get("type"), list):
        return " | ".join(written({"type": one}) for one in schema["type"])
    if schema.get("type") == "array":
        return f"list[{written(schema['items'])}]"
    names = {
        "string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None",
        "object": "dict[str, Any]", None: "Any",
    }  # fmt: skip
    return names[schema.get("type")]


def body_of(operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in content:
        content = SCHEMAS[content["$ref"].rsplit("/", 1)[1]]
    return content.get("properties", {})


def test_every_operation_has_a_method_with_its_parameters():
    public = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert public == set(OPERATIONS)
    for name, (_, method, operation) in OPERATIONS.items():
        taken = set(inspect.signature(getattr(Client, name)).parameters) - {"self"}
        asked = {one["name"] for one in operation["parameters"] if one["in"] != "header"} - {"cursor"}
        word = {"word"} if method == "post" else set()
        assert taken == asked | set(body_of(operation)) | word, name


def test_every_method_gives_what_the_document_says():
    for name, (_, _, operation) in OPERATIONS.items():
        (answered,) = [one for status, one in operation["responses"].items() if int(status) < 300]
        schema = answered["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        said = getattr(Client, name).__annotations__["return"]
        if schema.endswith("Page"):
            item = written(SCHEMAS[schema]["properties"]["items"]).removeprefix("list[").removesuffix("]")
            assert said == f"Iterator[answers.{item}]", name
        else:
            assert said == f"answers.{schema}", name


def test_every_answer_has_every_field_with_its_type():
    kept = {name for name in answers.__all__ if name != "NewEvent"}
    # a page is what the iterators take apart, and what is only taken is given as words
    rest = set(SCHEMAS) - kept
    assert {one for one in rest if not one.endswith("Page")} == {
        "Problem", "NewHook", "NewPolicy", "NewSource", "Written",
    }  # fmt: skip
    for name in kept:
        found = {field: str(kind) for field, kind in getattr(answers, name).__annotations__.items()}
        found = {field: kind.removeprefix("ForwardRef('").split("', module=")[0] for field, kind in found.items()}
        assert found == {field: written(one) for field, one in SCHEMAS[name]["properties"].items()}, name


def test_an_event_may_say_what_the_document_says():
    hints = typing.get_type_hints(answers.NewEvent)
    assert set(hints) == set(EVENTS["items"]["properties"])
    assert answers.NewEvent.__required_keys__ >= set(EVENTS["items"]["required"])


def test_the_core_alone_loads_no_client():
    look = "import sys, tenure; print([one for one in sys.modules if one.startswith(('tenure.client', 'urllib.req'))])"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"


# A server that says what a test wants it to


@contextmanager
def saying(*replies):
    """A server that gives these (status, headers, body) one after the other; None: hangs up. Yields its address and
    what it was asked."""
    asked, left = [], list(replies)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            reply = left.pop(0)
            if reply is None:
                self.close_connection = True
                return
            status, headers, body = reply
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def problem(status, code="x", **headers):
    return status, headers, b'{"code": "%s", "detail": "no"}' % code.encode()


GOOD = (200, {}, b'{"received": 1, "refused": []}')


def test_what_was_not_answered_is_sent_again_with_the_same_word():
    slept = []
    replies = [problem(503), None, problem(429, **{"Retry-After": "3"}), (502, {}, b"<html>"), GOOD]
    with saying(*replies) as (url, asked):
        shop = Client(url + "/", "tk_x", sleep=slept.append)
        assert shop.send_events("till", [{"key": "1", "kind": "page.viewed"}]) == {"received": 1, "refused": []}
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in asked}) == 1
    assert len({body for *_, body in asked}) == 1
    assert {headers["Authorization"] for _, _, headers, _ in asked} == {"Bearer tk_x"}
    assert slept == [0.25, 0.5, 3.0, 2.0]


def test_patience_ends():
    slept = []
    busy = pytest.raises(Unavailable, match="no \\(503 not_ready\\)")
    with saying(*[problem(503, "not_ready")] * 9) as (url, asked), busy:
        Client(url, "tk_x", patience=2.0, sleep=slept.append).get_stages()
    assert (slept, len(asked)) == ([0.25, 0.5, 1.0], 4)
    with pytest.raises(Unavailable, match="does not answer") as nobody:
        Client(f"http://127.0.0.1:{free_port()}", "tk_x", patience=0.0).get_stages()
    assert (nobody.value.status, nobody.value.code) == (0, "no_answer")


def test_patience_is_of_the_whole_call_and_not_of_its_pauses():
    """Who takes the call and says nothing holds it for the patience, however long a try may take."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        shop = Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "tk_x", timeout=0.4, patience=1.0)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="does not answer"):
            shop.get_stages()
    # two tries and a pause of a quarter of a second; the second has what is left
    assert 0.4 <= time.monotonic() - began < 1.3


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (401, NotAllowed), (403, NotAllowed), (404, NotThere), (405, Invalid), (409, Conflict),
     (422, Invalid), (429, TooMany), (500, Unavailable), (301, Invalid)],
)  # fmt: skip
def test_each_refusal_is_an_error_of_its_kind(status, kind):
    reply = problem(status, "why", Location="http://127.0.0.1:1/")
    with saying(reply) as (url, asked), pytest.raises(kind) as refused:
        Client(url, "tk_x", patience=0.0).get_stages()
    assert isinstance(refused.value, ApiError)
    assert (refused.value.status, refused.value.code, refused.value.detail) == (status, "why", "no")
    assert len(asked) == 1


def test_an_address_is_of_the_web():
    for wrong in ("tenure.example.com", "file:///etc/passwd", "ftp://x"):
        with pytest.raises(Invalid, match="is no address"):
            Client(wrong, "tk_x")


# The real one


def test_the_client_talks_to_a_real_server(server):
    url, secret = server
    shop = Client(url, secret, patience=60.0)
    people = list(shop.list_customers(limit=7))
    assert [one["id"] for one in people] == sorted({one["id"] for one in people})
    assert len(people) == 50
    person = shop.get_customer(people[0]["id"], because=True)
    assert person["because"]
    assert list(shop.list_events(person["id"], limit=3))[-1]["kind"] == "order.placed"
    assert shop.get_history(person["id"])["intervals"]
    day = "2024-03-01"
    assert sum(one["customers"] for one in shop.get_stages(as_of=day)["stages"]) == 50
    assert len(list(shop.list_placed(as_of=day, limit=20))) == 50
    assert shop.get_flows(begins="2024-01-01", ends=day)["flows"]
    source = shop.make_source("till", "tenure")
    assert [one["name"] for one in shop.list_sources()][-1] == "till"
    with pytest.raises(Invalid, match="key of the API"):
        shop.make_source_key(source["id"])
    web = shop.make_source("web", "segment")["id"]
    assert shop.revoke_source_key(web, shop.make_source_key(web)["id"])["revoked_at"]
    event = {"key": "1", "kind": "order.placed", "customer": "C1", "amount_minor": 1999}
    told = shop.send_events("till", [event, {"key": "2", "kind": "oops"}], word="w")
    assert (told["received"], [one["code"] for one in told["refused"]]) == (2, ["bad_kind"])
    assert shop.send_events("till", [event, {"key": "2", "kind": "oops"}], word="w") == told
    saved = shop.save_policy('[rhythm]\nkind = "window"\n', note="a try")
    assert shop.get_policy(saved["number"])["in_force"]
    assert [one["number"] for one in shop.list_policies()] == [saved["number"]]
    assert [one["state"] for one in shop.list_imports()] == ["done"]
    assert list(shop.list_quarantined()) == []
    with pytest.raises(NotThere):
        shop.retry_quarantined(1)
    with pytest.raises(Conflict):
        shop.make_source("till", "tenure")
    with pytest.raises(NotAllowed):
        list(Client(url, "tk_wrong").list_customers())


def test_a_prediction_is_waited_for(server):
    url, secret = server
    shop, began = Client(url, secret, patience=120.0), time.monotonic()
    found = shop.get_predictions(as_of="2024-03-01")
    assert found["n"] == len(list(shop.list_foreseen(as_of="2024-03-01", limit=500)))
    assert time.monotonic() - began < 120.0
