"""A request with a word of its own is carried out once; too many are turned away; whatever is wrong is a problem."""

import contextlib
import json
import sqlite3
import threading

import pytest
from api_asking import Asking
from databases import use
from django.conf import settings
from django.db import connections
from django.test import Client

from tenure_app import clock
from tenure_app.api import ask, kept, limits
from tenure_app.api.models import KeptAnswer
from tenure_app.api.scopes import make_key
from tenure_app.ledger.models import PolicyVersion, Source

WORD = {"Idempotency-Key": "a-word"}


def made(asking, name="till", **more):
    return asking.post("/sources", {"name": name, "dialect": "tenure"}, **more)


def test_the_same_request_twice_is_carried_out_once_and_answered_the_same(asking):
    first, second = made(asking, headers=WORD), made(asking, headers=WORD)
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert Source.objects.filter(name="till").count() == 1
    assert made(asking).json["code"] == "source_exists"


def test_another_request_with_the_same_word_is_refused(asking, key_of):
    made(asking, headers=WORD)
    other = made(asking, "web", headers=WORD)
    assert (other.status, other.json["code"]) == (409, "word_taken")
    assert made(key_of(), "web", headers=WORD).status == 201  # somebody else's word


def test_what_was_refused_may_be_tried_again_with_its_word(asking):
    for name in ("A b", "A b", "till"):
        last = made(asking, name, headers=WORD)
    assert last.status == 201


def test_a_secret_is_not_kept(asking):
    source = asking.post("/sources", {"name": "web", "dialect": "segment"}).json["id"]
    first, second = (asking.post(f"/sources/{source}/keys", headers=WORD).json for _ in range(2))
    assert second == {**first, "secret": None}
    assert first["secret"] not in "".join(KeptAnswer.objects.values_list("body", flat=True))


def test_who_fails_half_way_has_done_nothing(asking, monkeypatch):
    def failing(*_, **__):
        PolicyVersion.objects.create(hash="x", toml="", saved_at=1)
        raise RuntimeError("secret words")

    monkeypatch.setattr("tenure_app.ledger.actions.save_policy", failing)
    answer = asking.post("/policies", {"toml": ""}, headers=WORD)
    assert (answer.status, answer.json["code"]) == (500, "internal")
    assert "secret words" not in json.dumps(answer.json)
    assert not PolicyVersion.objects.exists()
    assert not KeptAnswer.objects.exists()


def test_what_is_kept_is_forgotten_after_its_time(asking, monkeypatch):
    made(asking, headers=WORD)
    now = clock.running()
    monkeypatch.setattr(clock, "running", lambda: now + kept.KEPT_US + 1)
    assert made(asking, headers=WORD).json["code"] == "source_exists"


@pytest.mark.parametrize("word", ["", "x" * 256, "two words", "schlüssel", "tab\t"])
def test_a_word_is_as_the_document_has_it(asking, word):
    answer = made(asking, headers={"Idempotency-Key": word})
    assert (answer.status, answer.json["code"]) == (422, "bad_word")
    assert answer.json["detail"].endswith(kept.PATTERN)
    parameters = ask.api.get_openapi_schema(path_prefix="")["paths"]["/sources"]["post"]["parameters"]
    (said,) = [one["schema"] for one in parameters if one["name"] == kept.HEADER]
    assert (said["pattern"], said["maxLength"]) == (kept.PATTERN, kept.LONGEST)


@pytest.mark.parametrize("headers", [{}, WORD])
def test_with_a_word_or_without_what_is_wrong_is_the_same_problem(asking, shop, headers):
    large = asking.post("/policies", {"toml": "#" * 2_700_000}, headers=headers)
    assert (large.status, large.json["code"]) == (413, "too_large")
    made(asking, "first", headers={"Idempotency-Key": "another"})
    # another process writes for longer than anybody waits
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    with contextlib.closing(sqlite3.connect(shop / "ledger.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = made(asking, headers=headers)
    assert (answer.status, answer.json["code"]) == (503, "no_database")
    for one in (large, answer):
        assert one.headers["Content-Type"] == "application/problem+json"
    assert made(asking, headers=headers).status == 201


def test_an_address_that_cannot_be_read_is_a_problem(asking):
    many = asking.client.get("/api/v1/customers?" + "&".join(f"a{n}=1" for n in range(1_100)), headers=asking.headers)
    for stranger in ("evil.example", "not a host!"):
        for where in ("/api/v1", "/api/v1/customers", "/api/v1/nothing"):
            answer = Client(SERVER_NAME="localhost").get(where, headers={**asking.headers, "Host": stranger})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_host")
            assert answer["Content-Type"] == "application/problem+json"
    assert (many.status_code, many.json()["code"]) == (400, "bad_request")
    assert many["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "where"), [("post", "/events"), ("put", "/customers/5"), ("post", "/merge_customers")]
)
def test_who_shows_no_key_where_two_apis_are_is_told_of_both(ledger, nobody, method, where):
    answer = getattr(nobody.client, method)(f"/api/v1{where}", b"{}", content_type="application/json")
    said = answer.json()
    assert (answer.status_code, said["code"], answer["Content-Type"]) == (401, "no_key", "application/problem+json")
    assert "Bearer tk_" in said["detail"]
    assert "Basic" in said["detail"]
    assert "Bearer" in answer["WWW-Authenticate"]
    assert "Basic" in answer["WWW-Authenticate"]


def test_many_at_once_with_one_word_are_carried_out_once(ledger):
    limits.forget()
    _, secret = make_key("a program", ["settings"], by="", now=1)
    answers = []

    def send():
        use(ledger)
        try:
            answers.append(made(Asking(secret), headers=WORD))
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [(one.status, one.json["id"]) for one in answers] == [(201, answers[0].json["id"])] * 6
    assert Source.objects.filter(name="till").count() == 1


def test_a_key_has_so_many_requests_a_second(asking, key_of, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_API_RATE", 0.5)
    answers = [asking.get("/policies") for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 429, 429]
    assert [one.headers["RateLimit-Remaining"] for one in answers] == ["1", "0", "0", "0"]
    assert (answers[0].headers["RateLimit-Limit"], answers[0].headers["RateLimit-Reset"]) == ("2", "2")
    assert (answers[2].json["code"], answers[2].headers["Retry-After"]) == ("too_many_requests", "2")
    assert key_of().get("/policies").status == 200  # somebody else
    monkeypatch.setattr(settings, "TENURE_API_RATE", 0.0)
    assert {asking.get("/policies").status for _ in range(20)} == {200}


def test_requests_come_back_with_time(asking, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_API_RATE", 0.5)
    assert [asking.get("/policies").status for _ in range(3)] == [200, 200, 429]
    for bucket in limits._buckets.values():
        bucket.at -= 2.1
    assert [asking.get("/policies").status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("method", "where", "status", "code"),
    [
        ("get", "/nothing", 404, "not_found"), ("get", "/customers/1/nothing", 404, "not_found"),
        ("get", "", 404, "not_found"),
        ("get", "/", 404, "not_found"), ("delete", "/policies", 405, "method_not_allowed"),
        ("put", "/customers", 405, "method_not_allowed"), ("get", "/customers/x", 422, "invalid_input"),
        ("get", "/customers/1%00", 422, "bad_text"), ("get", "/customers?q=%00", 422, "bad_text"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_a_problem(asking, method, where, status, code):
    answer = getattr(asking.client, method)(f"/api/v1{where}", headers=asking.headers)
    said = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:tenure:problem:{code}")
    assert said["title"]
    assert said["detail"]
    assert ("Allow" in answer) == (status == 405)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"toml": "\\ud800"}', b"[" * 200_000, b"5", b'{"toml": "\\u0000"}']
)
def test_a_body_that_cannot_be_read_is_a_problem(asking, body):
    answer = asking.client.post("/api/v1/policies", body, content_type="application/json", headers=asking.headers)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_mistake_of_ours_is_a_problem_that_says_nothing(asking, monkeypatch, caplog):
    def failing(*_):
        raise ZeroDivisionError("somebody@example.com")

    monkeypatch.setattr("tenure_app.api.routes_people._customers", failing)
    answer = asking.get("/customers")
    assert (answer.status, answer.json["code"]) == (500, "internal")
    assert "example.com" not in json.dumps(answer.json)
    assert "ZeroDivisionError" in caplog.text


def test_each_refusal_of_the_document_is_a_problem():
    document = ask.api.get_openapi_schema(path_prefix="")
    for methods in document["paths"].values():
        for operation in methods.values():
            refused = {status: one for status, one in operation["responses"].items() if int(status) >= 400}
            assert {401, 403, 422, 429, 503} <= set(map(int, refused))
            assert {kind for one in refused.values() for kind in one["content"]} == {"application/problem+json"}
