"""Customer.io's Track API: each call as its own library writes it, and what is turned away."""

import json
from urllib.parse import urlsplit

import pytest
from customerio import CustomerIO
from said_again import EUROS, NOW, SECOND, one, read, refused

from tenure_app.dialects.reading import count
from tenure_app.dialects.said import ALIAS, LINK
from tenure_app.dialects.segment import LARGEST_EVENT
from tenure_app.refused import Refused


class Recorder(CustomerIO):
    """The library itself, up to the wire: it keeps what it would send."""

    def __init__(self):
        super().__init__("site", "key")
        self.calls = []

    def send_request(self, method, url, data):
        path = urlsplit(url).path.removeprefix("/api/v1")
        self.calls.append((f"{method} {path}", json.dumps(self._sanitize(data)).encode()))


def sent_by(action):
    """The call and body that the library makes of an action."""
    library = Recorder()
    action(library)
    [(call, body)] = library.calls
    return call, body


AN_ID = "user/1 ü@%"
CALLS = [
    (lambda c: c.identify(AN_ID, email="a@b.example", plan="gold", created_at=5),
     {"kind": "customer.identified", "asks": LINK, "email": "a@b.example",
      "traits": {"plan": "gold", "created_at": 5}}),
    (lambda c: c.track(AN_ID, "Clicked", {"a": 1}, id="01J", timestamp=1767261540),
     {"kind": "event.other", "name": "Clicked", "properties": {"a": 1}, "key": "m:01J", "at": NOW - 60 * SECOND}),
    (lambda c: c.track(AN_ID, "Order Completed", {"order_id": 1, "total": "9.99"}),
     {"kind": "order.placed", "key": "order:1", "amount_minor": 999, "currency": "EUR"}),
    (lambda c: c.track(AN_ID, "purchase", {"order_id": 1, "total": 9.99}),
     {"kind": "order.placed", "amount_minor": 999}),
    (lambda c: c.backfill(AN_ID, "Unsubscribed", 1767261540, a=1),
     {"kind": "consent.denied", "channel": "email", "at": NOW - 60 * SECOND}),
    (lambda c: c.pageview(AN_ID, "https://shop.example/", referer="x"),
     {"kind": "page.viewed", "name": "https://shop.example/",
      "properties": {"name": "https://shop.example/", "referer": "x"}}),
    (lambda c: c.add_device(AN_ID, "d1", "ios"),
     {"kind": "device.added", "properties": {"device": {"id": "d1", "platform": "ios"}}}),
    (lambda c: c.delete_device(AN_ID, "d/1"), {"kind": "device.removed", "properties": {"device": {"id": "d/1"}}}),
    (lambda c: c.suppress(AN_ID), {"kind": "contact.refused", "reason": "suppressed"}),
    (lambda c: c.unsuppress(AN_ID), {"kind": "contact.allowed", "reason": None}),
    (lambda c: c.delete(AN_ID), {"kind": "customer.left", "reason": "deleted"}),
]  # fmt: skip


@pytest.mark.parametrize(("action", "expected"), CALLS)
def test_what_the_library_sends_is_read(action, expected):
    said = one("customerio", *sent_by(action))
    assert said.user == AN_ID
    assert {name: getattr(said, name) for name in expected} == expected


def test_somebody_without_an_id_yet():
    call, body = sent_by(lambda c: c.track_anonymous("anon-1", "Clicked", {"a": 1}))
    said = one("customerio", call, body)
    assert (call, said.user, said.anonymous, said.name) == ("POST /events", None, "anon-1", "Clicked")
    invited = one("customerio", "POST /events", {"name": "invited", "data": {"recipient": "a@b.example"}})
    assert (invited.anonymous, invited.email) == (None, "a@b.example")
    assert refused("customerio", "POST /events", {"name": "X", "data": {}}) == "nobody"
    known = one("customerio", "PUT /customers/5", {"anonymous_id": "anon-1"})
    assert (known.user, known.anonymous, known.asks) == ("5", "anon-1", LINK)


@pytest.mark.parametrize("kind", ["id", "email", "cio_id"])
def test_merging(kind):
    call, body = sent_by(lambda c: c.merge_customers(kind, "new@b.example", kind, "old"))
    said = one("customerio", call, body)
    assert (said.kind, said.asks, said.user, said.previous) == ("customer.merged", ALIAS, "new@b.example", "old")


def test_an_id_that_is_an_address_is_their_address():
    assert one("customerio", "PUT /customers/a%40b.example", {}).email == "a@b.example"
    assert one("customerio", "PUT /customers/a%40b.example", {"email": "c@d.example"}).email == "c@d.example"


@pytest.mark.parametrize(("value", "kind"), [(True, "consent.denied"), (False, "consent.given")])
def test_the_attribute_unsubscribed_is_a_wish_of_its_own(value, kind):
    body = {"unsubscribed": value, "plan": "gold"}
    identified, wish = read("customerio", "PUT /customers/5", body)
    assert identified.traits == {"plan": "gold"}
    assert (wish.kind, wish.channel, wish.user) == (kind, "email", "5")
    assert wish.key != identified.key
    assert len(read("customerio", "PUT /customers/5", {"unsubscribed": "maybe"})) == 1


def test_the_same_request_within_the_hour_is_a_retry():
    body = {"name": "X", "data": {"a": 1}}
    path = "POST /customers/5/events"
    first, again = one("customerio", path, body).key, one("customerio", path, body, received_at=NOW + 60 * SECOND).key
    later = one("customerio", path, body, received_at=NOW + 3600 * SECOND).key
    another = one("customerio", "POST /customers/6/events", body).key
    assert first == again
    assert len({first, later, another, one("customerio", path, body | {"data": {}}).key}) == 4


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("PUT /customers/%FF", {}, "bad_text"), ("PUT /customers/a%00", {}, "bad_text"),
        ("PUT /customers/%20", {}, "bad_id"), ("PUT /customers/" + "a" * 256, {}, "bad_id"),
        ("PUT /customers/%ED%A0%80", {}, "bad_text"), ("POST /customers/5/events", {"name": " "}, "no_event_name"),
        ("POST /customers/5/events", {}, "no_event_name"), ("POST /merge_customers", {}, "no_alias"),
        ("POST /merge_customers", {"primary": {"id": "a"}, "secondary": []}, "no_alias"),
        ("PUT /customers/5/devices", {"device": {}}, "bad_device"),
        ("POST /customers/5/events", {"name": "X", "timestamp": "soon"}, "bad_time"),
        ("POST /customers/5/events", {"name": "purchase", "data": {"total": "x"}}, "bad_amount"),
        ("POST /customers/5/events", {"name": "a\x00"}, "bad_text"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_says_why(call, body, code):
    assert refused("customerio", call, body, EUROS) == code


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("GET /customers/5", b"{}", "unknown_call"), ("PUT /customers", b"{}", "unknown_call"),
        ("PUT /customers/5/6", b"{}", "unknown_call"), ("POST /campaigns", b"{}", "unknown_call"),
        ("PUT /customers/5", b"[1]", "invalid_body"), ("PUT /customers/5", b"{", "invalid_json"),
        ("PUT /customers/5", b'{"a":"%s"}' % (b"b" * LARGEST_EVENT), "too_large"),
    ],
)  # fmt: skip
def test_what_the_door_turns_away(call, body, code):
    with pytest.raises(Refused) as refusal:
        count("customerio", call, body)
    assert refusal.value.code == code


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_call_may_have_no_body(body):
    assert one("customerio", "DELETE /customers/5", body).kind == "customer.left"


def test_a_late_backfill_is_marked():
    assert one("customerio", "POST /customers/5/events", {"name": "X", "timestamp": 1600000000}).flag == "late"
