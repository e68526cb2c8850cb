"""Whatever comes: the door takes it or refuses it, and what it takes is read without error into what stores keep."""

import dataclasses
import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from said_again import NOW, track

from tenure.events import KINDS
from tenure_app.dialects.reading import DIALECTS, count, parse
from tenure_app.dialects.said import FLAGS, Bad, Rules, Said
from tenure_app.dialects.signatures import check
from tenure_app.dialects.times import EARLIEST, LATEST
from tenure_app.refused import Refused

CALLS = [
    *(("segment", call) for call in ("batch", "import", "track", "identify", "page", "screen", "group", "alias")),
    ("segment", 'track {"anonymousId": "a", "sentAt": "2026-01-01T10:00:00Z"}'),
    ("customerio", "PUT /customers/5"), ("customerio", "POST /customers/%FF/events"), ("customerio", "POST /events"),
    ("customerio", "PUT /customers/5/devices"), ("customerio", "DELETE /customers/5"),
    ("customerio", "POST /merge_customers"), ("stripe", "event evt_1"), ("shopify", "orders/create e1 -"),
    ("shopify", "orders/updated e1 2026-01-01T10:00:00Z"), ("shopify", "refunds/create e1 soon"),
    ("standard", "event msg_1"), ("shopify", ""), ("stripe", ""), ("tenure", "batch"),
]  # fmt: skip
KINDS_OF_A_SOURCE = {"x": "order.placed", "y": "no such kind", "z": ""}
RULES = [Rules(), Rules(currency="EUR", kinds=KINDS_OF_A_SOURCE, zone="Europe/Berlin")]


def storable(value):
    """Whether a database takes it, through JSON where it is no text."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return "\x00" not in text and text.encode() is not None


def looked_at(dialect, call, body, rules):
    """Hands a request in at both doors and looks at everything that comes out."""
    codes = []
    try:
        counted = count(dialect, call, body)
    except Refused as refusal:
        counted = None
        codes.append(refusal.code)
    assert set(codes) <= {"invalid_json", "invalid_body", "too_large", "unknown_call", "too_many"}
    found = list(parse(dialect, call, body, received_at=NOW, rules=rules))
    if counted is not None:
        assert counted <= len(found) <= counted + (dialect == "customerio")
    for each in found:
        if isinstance(each, Bad):
            assert each.code
            assert "\n" not in each.reason
            assert len(each.name) <= 200
            assert storable(each.said + each.name + each.reason)
        else:
            sound(each)
    return found


def sound(said):
    """Whether an event holds what its columns take."""
    assert isinstance(said, Said)
    assert said.kind in KINDS
    assert said.at is None or EARLIEST <= said.at < LATEST
    assert said.flag is None or said.flag in FLAGS
    assert said.key.partition(":")[0] in ("m", "order")
    assert said.message is None or not said.message.startswith("m:")
    assert said.amount_minor is None or (0 <= said.amount_minor <= 9 * 10**15 and len(said.currency) == 3)
    assert said.user or said.anonymous or said.email or said.order_key
    for field in dataclasses.fields(said):
        assert storable(getattr(said, field.name)), field.name
    for name in ("key", "name", "user", "anonymous", "previous", "email", "phone", "account", "category", "reason"):
        assert getattr(said, name) is None or len(getattr(said, name)) <= 320


ODD = ["\x00", "\ud83d", "2026-01-01T10:00:00Z", "x", "1e9", "-1", "EUR"]
texts = st.one_of(st.text(max_size=8), st.sampled_from(ODD))
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(10**400), st.just(1e308))
KEYS = [
    "type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "context", "properties",
    "traits", "name", "groupId", "previousId", "consent", "categoryPreferences", "order_id", "total", "revenue",
    "tax", "currency", "products", "price", "quantity", "category", "email", "data", "object", "id", "amount",
    "customer", "created", "captured", "line_items", "total_price", "transactions", "kind", "status", "device",
    "primary", "secondary", "unsubscribed", "user_id", "test", "batch", "locale", "timezone", "campaign",
    "page", "previous_attributes",
]  # fmt: skip
keys = st.one_of(st.sampled_from(KEYS), texts)
values = st.recursive(
    leaves, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=20,
)
events = st.dictionaries(keys, values, max_size=10).flatmap(
    lambda some: st.sampled_from([
        some, {"type": "track", "event": "Order Completed", "userId": "u"} | some,
        {"type": "charge.succeeded", "data": {"object": {"captured": True} | some}} | some,
        {"type": "order.placed", "data": some}, {"type": "identify", "userId": 1} | some, {"name": "purchase"} | some,
        {"key": "k", "kind": "order.placed", "customer": "c", "amount_minor": 5, "currency": "EUR"},
        {"type": "track", "event": "Order Refunded", "userId": "u", "properties": some},
    ])
)  # fmt: skip


@given(st.sampled_from(CALLS), st.binary(max_size=200), st.sampled_from(RULES))
@example(("segment", "batch"), b'{"batch":[' + b"[" * 100_000, RULES[0])
@example(("segment", "track"), b"[" * 100_000, RULES[0])
@example(("stripe", "event e"), b'{"a":' * 50_000 + b"1" + b"}" * 50_000, RULES[0])
@example(("customerio", "PUT /customers/5"), b'{"a":' * 500 + b"1" + b"}" * 500, RULES[0])
@example(("segment", "batch"), b'{"batch":[' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"]}", RULES[0])
@example(("segment", "batch"), b"\xef\xbb\xbf{}", RULES[0])
def test_any_bytes(call, body, rules):
    looked_at(*call, body, rules)


@given(st.sampled_from(CALLS), values, st.sampled_from(RULES))
def test_any_json(call, value, rules):
    looked_at(*call, json.dumps(value).encode(), rules)


@settings(max_examples=300)
@given(st.sampled_from(CALLS), st.lists(events, max_size=4), st.sampled_from(RULES), st.booleans())
def test_events_of_any_content(call, some, rules, escaped):
    batch = call[1] in ("batch", "import")
    said = {"batch": some, "sentAt": "2026-01-01T10:00:00Z"} if batch else (some or [{}])[0]
    body = json.dumps(said, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    found = looked_at(*call, body, rules)
    if batch and escaped and "NaN" not in body.decode() and "Infinity" not in body.decode():
        assert len(found) == len(some)


WHOLE = json.dumps({"batch": [
    track("Order Completed", {"order_id": "o", "total": 19.99, "currency": "EUR", "products": [{"price": "1"}]},
          timestamp="2026-01-01T10:00:00Z", context={"locale": "de", "consent": {"categoryPreferences": {"a": True}}}),
    {"type": "identify", "userId": "u", "traits": {"email": "a@b.example"}, "messageId": "m2"},
], "sentAt": "2026-01-01T10:00:00Z"}).encode()  # fmt: skip
CHARGE = json.dumps({"id": "e", "type": "charge.succeeded", "created": 1767261600, "data": {"object": {
    "id": "ch", "amount": 5, "currency": "eur", "customer": "c", "captured": True,
}}}).encode()  # fmt: skip


@settings(max_examples=300)
@given(
    st.sampled_from([("segment", "batch", WHOLE), ("stripe", "event e", CHARGE), ("standard", "event e", CHARGE)]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_valid_requests_with_bytes_changed(request_, changes):
    dialect, call, body = request_
    for place, put in changes:
        cut = place % len(body)
        body = body[:cut] + put + body[cut + 1 :]
    looked_at(dialect, call, body, RULES[1])


@given(
    st.sampled_from(["stripe", "shopify", "standard"]), st.dictionaries(
        st.sampled_from(["Stripe-Signature", "x-shopify-hmac-sha256", "webhook-id", "webhook-timestamp",
                         "webhook-signature"]), st.text(max_size=60)),
    st.binary(max_size=20), st.text(max_size=20),
)  # fmt: skip
def test_signatures_of_any_text(dialect, headers, body, secret):
    with pytest.raises(Refused):
        check(dialect, headers, body, secret, NOW)


@given(st.sampled_from([*DIALECTS, "", "klingon"]), st.text(max_size=40))
def test_calls_of_any_text(dialect, call):
    looked_at(dialect, call, b'{"a":1}', RULES[0])
