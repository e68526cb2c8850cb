"""Whatever is sent to the doors, none answers 500, and what is turned away is told why, as JSON with code and message.

Arbitrary bytes, arbitrary JSON, and what the libraries sent with something about it changed; then the worker puts on
the timeline what it can and keeps the rest aside.
"""

import base64
import gzip
import json
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure_app import clock
from tenure_app.ledger.models import Event
from tenure_app.listen import receiving
from tenure_app.listen.convert import convert
from tenure_app.listen.keys import keep_secret, make_key, make_source
from tenure_app.listen.models import Quarantined
from tenure_app.listen.spool import waiting

pytestmark = pytest.mark.hypothesis
RECORDED = sorted((Path(__file__).resolve().parent / "recorded").glob("*.json"))
DOORS = [
    *(("POST", f"/v1/{call}") for call in ("track", "identify", "page", "screen", "group", "alias", "batch", "import")),
    *(("POST", f"/v1/{call}") for call in "itpsgab"),
    ("POST", "/beacon/v1/batch?writeKey=KEY"), ("GET", "/v1/projects/KEY/settings"), ("GET", "/sourceConfig/"),
    ("PUT", "/api/v1/customers/a"), ("POST", "/api/v1/customers/a/events"), ("POST", "/api/v1/events"),
    ("PUT", "/api/v1/customers/a/devices"), ("DELETE", "/api/v1/customers/a/devices/b"),
    ("POST", "/api/v1/customers/a/suppress"), ("POST", "/api/v1/merge_customers"), ("DELETE", "/api/v1/customers/a"),
    ("POST", "/hooks/stripe"), ("POST", "/hooks/shopify"), ("POST", "/hooks/standard"),
]  # fmt: skip
WORDS = st.sampled_from([
    "type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "context", "properties", "traits",
    "batch", "name", "previousId", "groupId", "data", "id", "primary", "secondary", "writeKey", "order_id", "total",
    "currency", "products", "price", "email", "integrations", "Order Completed", "Order Refunded", "track", "identify",
])  # fmt: skip
ODD = st.sampled_from([
    None, True, "", "\x00", "\ud800", "\u202e", 1e308, -1, 2**70, 10**400, "null", "undefined", "0", [], {}, [[]],
    "9" * 400, "1970-01-01", "NaN", "-0", "0001-01-01T00:00:00Z", "<script>", "EUR", "eur ",
])  # fmt: skip
VALUES = st.recursive(
    st.one_of(ODD, st.text(max_size=20), WORDS, st.integers(), st.floats(allow_nan=False), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), inner, max_size=6)
    ),
    max_leaves=12,
)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class Doors:
    """A source of each dialect, and a way to ask."""

    def __init__(self):
        receiving.forget()
        self.client = Client(raise_request_exception=True)
        self.keys = {}
        for dialect in ("segment", "customerio"):
            _, self.keys[dialect] = make_key(make_source(dialect, dialect, now=1), by="test", now=1)
        for dialect in ("stripe", "shopify", "standard"):
            keep_secret(make_source(dialect, dialect, now=1), "whsec_dGVzdA==")

    def key_of(self, path):
        return self.keys["customerio" if path.startswith("/api/v1/") else "segment"]

    def ask(self, method, path, body, **headers):
        key = self.key_of(path)
        word = base64.b64encode(f"{key}:".encode()).decode()
        answer = self.client.generic(
            method, path.replace("KEY", key), body, "text/plain", headers={"authorization": f"Basic {word}", **headers}
        )  # fmt: skip
        assert answer.status_code < 500, (method, path, body)
        if answer.status_code >= 400:
            told = answer.json()
            assert told["code"]
            assert told["message"]
        return answer.status_code

    def convert(self):
        """Everything that was taken is done with, one way or the other."""
        done = convert(now=clock.now)
        assert done.events == done.added + done.known + done.quarantined
        assert not waiting(1)


@pytest.fixture
def doors(ledger):
    return Doors()


def as_body(value):
    """As JSON, with lone surrogates and numbers too large as they come."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


@SHARED
@given(door=st.sampled_from(DOORS), body=st.binary(max_size=300), packed=st.booleans())
def test_arbitrary_bytes(doors, door, body, packed):
    doors.ask(*door, gzip.compress(body) if packed else body)
    doors.convert()


@SHARED
@given(door=st.sampled_from(DOORS), value=VALUES)
def test_arbitrary_json(doors, door, value):
    doors.ask(*door, as_body(value))
    doors.convert()


REQUESTS = [
    (file.stem, one["method"], one["path"], base64.b64decode(one["body"]))
    for file in RECORDED for one in json.loads(file.read_text(encoding="utf-8")) if one["body"]
]  # fmt: skip


def places(value, path=()):
    """Every place in an object of JSON."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def changed(content, path, value):
    """The same with another value at a place."""
    if not path:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


@st.composite
def damaged(draw):
    name, method, path, body = draw(st.sampled_from(REQUESTS))
    way = draw(st.integers(0, 3))
    if way == 0:  # bytes of it
        place, n = draw(st.integers(0, len(body))), draw(st.integers(0, 9))
        return name, method, path, body[:place] + draw(st.binary(max_size=9)) + body[place + n :]
    content = json.loads(body)
    for _ in range(way):
        content = changed(content, draw(st.sampled_from(list(places(content)))), draw(VALUES))
    return name, method, path, as_body(content)


@SHARED
@given(request=damaged())
def test_what_libraries_sent_with_something_changed(doors, request):
    _, method, path, body = request
    doors.ask(method, path, body)
    doors.convert()


@SHARED
@given(
    path=st.text(st.characters(codec="utf-8"), max_size=30),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"]),
)
def test_arbitrary_addresses_below_the_doors(doors, path, method):
    for below in ("/v1/", "/api/v1/customers/", "/beacon/", "/hooks/", "/sourceConfig/"):
        answer = doors.client.generic(method, below + path.replace("?", ""), b"{}", "application/json")
        assert answer.status_code < 500, (below, path)
    doors.convert()


HEADERS = ["\r\nX-Evil: 1", "Basic ", "Basic \xff", "Bearer", "gzip, gzip", "=" * 9000, "\x00", "9" * 40]


@pytest.mark.parametrize("header", ["authorization", "anonymousid", "sentat", "content-encoding", "x-retry-count"])
@pytest.mark.parametrize("value", HEADERS)
def test_headers_that_are_none(doors, header, value):
    said = {"type": "track", "event": "E", "userId": "u"}
    headers = {header: value}
    if header == "authorization":
        answer = doors.client.generic("POST", "/v1/track", as_body(said), "text/plain", headers=headers)
        assert answer.status_code in (400, 401)
        assert answer.json()["code"]
    else:
        doors.ask("POST", "/v1/track", as_body(said), **headers)
        doors.convert()


def test_deep_huge_and_twisted_bodies_end_on_the_timeline_or_aside(doors):
    deep = b'{"type":"track","event":"E","userId":"u","properties":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}"
    some = [{"type": "track", "event": f"E{n}", "userId": "u", "messageId": f"w{n}"} for n in range(2600)]
    wide, long = as_body({"batch": some}), as_body({"batch": [{**some[0], "properties": {"x": "y" * 200_000}}]})
    assert doors.ask("POST", "/v1/track", deep) in (200, 400)
    assert doors.ask("POST", "/v1/batch", wide) == 200
    assert doors.ask("POST", "/v1/batch", long) == 200
    doors.convert()
    assert Event.objects.filter(source_key__startswith="m:w").count() == 2500
    assert len(json.loads(Quarantined.objects.get(code="too_many").said)["batch"]) == 100
    assert Quarantined.objects.filter(code="event_too_large").count() == 1
