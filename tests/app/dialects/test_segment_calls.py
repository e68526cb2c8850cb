"""Segment's calls become events of ours: kinds, people, keys, surroundings."""

import json

import pytest
from said_again import EUROS, NOW, SPEC, one, read, refused, track

from tenure.events import KINDS
from tenure_app.dialects.reading import MOST_BYTES, count, parse
from tenure_app.dialects.said import ALIAS, EVENT, LINK, Rules
from tenure_app.dialects.segment import LARGEST_CONTEXT, LARGEST_EVENT, MOST_EVENTS
from tenure_app.refused import Refused

PARTS = ("ecommerce", "email", "b2b", "mobile")
EVENTS = {name: properties for part in PARTS for name, properties in SPEC[part].items()}
EXAMPLES = {"String": "text", "Number": 19.99, "Boolean": True, "Object": {"a": 1}, "Date": "2026-01-01", "Array": []}


def filled(properties):
    """Each property with a value of its type; those of products as one product."""
    found = {name: EXAMPLES[kind] for name, kind in properties.items() if ".$." not in name}
    product = {name[11:]: EXAMPLES[kind] for name, kind in properties.items() if name.startswith("products.$.")}
    if product:
        found["products"] = [product]
    if "currency" in found:
        found["currency"] = "USD"
    return found


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_of_the_documentation_has_a_kind_and_keeps_its_properties(name):
    said = one("segment", "track", track(name, filled(EVENTS[name])))
    assert said.kind in KINDS
    assert said.kind != "event.other"
    assert said.name == name
    assert said.properties == filled(EVENTS[name])


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("Order Completed", "order.placed", {"key": "order:o1", "message": "m1", "order_key": "o1", "updates": False}),
        ("Order Updated", "order.placed", {"key": "order:o1", "message": "m1", "order_key": "o1", "updates": True}),
        ("Order Refunded", "order.refunded", {"key": "m:m1", "message": None, "order_key": "o1"}),
        ("Order Cancelled", "order.cancelled", {"key": "m:m1", "order_key": "o1", "amount_minor": None}),
        ("Product Added", "cart.updated", {"key": "m:m1", "order_key": None}),
        ("Product Clicked", "product.viewed", {}),
        ("Email Bounced", "message.bounced", {"channel": "email"}),
        ("Unsubscribed", "consent.denied", {"channel": "email"}),
        ("Email Marked as Spam", "contact.refused", {"reason": "marked as spam"}),
        ("Push Notification Bounced", "message.failed", {"channel": "push"}),
        ("  oRDER completed ", "order.placed", {}),
        ("Something Else", "event.other", {"name": "Something Else", "amount_minor": None}),
    ],
)
def test_what_events_are_with_us(name, kind, more):
    said = one("segment", "track", track(name, {"order_id": "o1", "total": 10, "a": "b"}))
    assert said.kind == kind
    assert {field: getattr(said, field) for field in more} == more
    assert said.properties == {"order_id": "o1", "total": 10, "a": "b"}


def test_a_source_says_what_its_own_events_mean():
    kinds = {"bought it": "order.placed", "order completed": "", "product viewed": "product.viewed"}
    rules = Rules(kinds=kinds, currency="EUR")
    said = one("segment", "track", track("Bought It", {"order_id": 7, "total": "12.50"}), rules)
    assert (said.kind, said.key, said.amount_minor) == ("order.placed", "order:7", 1250)
    assert one("segment", "track", track("Order Completed", {"order_id": 7, "total": "x"}), rules).kind == "event.other"
    assert one("segment", "track", track("Product Viewed", {"category": "Boots"}), rules).category == "Boots"


def test_signing_up_makes_known_with_name_and_address():
    said = one("segment", "track", track("Signed Up", {"email": "A@b.example", "first_name": "Ada", "phone": "030 1"}))
    assert (said.kind, said.email, said.phone) == ("customer.created", "A@b.example", "030 1")
    assert said.traits == {"first_name": "Ada"}


def test_identify_links_and_lifts_out_address_and_telephone():
    traits = {"email": " Ada@b.example ", "phone": "030", "plan": "gold", "createdAt": "2020-01-01"}
    body = {"type": "identify", "userId": "u1", "anonymousId": "a1", "messageId": "m1", "traits": traits,
            "context": {"traits": {"plan": "old", "city": "Ulm", "email": "old@b.example"}}}  # fmt: skip
    said = one("segment", "batch", {"batch": [body]})
    assert (said.kind, said.asks, said.user, said.anonymous) == ("customer.identified", LINK, "u1", "a1")
    assert (said.email, said.phone) == ("Ada@b.example", "030")
    assert said.traits == {"plan": "gold", "createdAt": "2020-01-01", "city": "Ulm"}


@pytest.mark.parametrize(
    ("more", "asks"),
    [({"anonymousId": "a1"}, LINK), ({"anonymousId": None}, EVENT), ({"userId": None, "anonymousId": "a1"}, EVENT)],
)
def test_an_event_with_both_ids_links_them(more, asks):
    assert one("segment", "track", track("X", **more)).asks == asks


def test_page_and_screen():
    body = {"anonymousId": "a1", "messageId": "m1", "name": "Home", "category": "Shop", "properties": {"path": "/"}}
    said = one("segment", "page", body)
    assert (said.kind, said.name, said.category) == ("page.viewed", "Home", "Shop")
    assert said.properties == {"name": "Home", "path": "/"}
    assert one("segment", "screen", body).kind == "screen.viewed"
    assert one("segment", "page", {"anonymousId": "a1"}).name == "page.viewed"


def test_group_and_alias():
    said = one("segment", "group", {"userId": "u1", "groupId": 17, "traits": {"name": "Initech"}})
    assert (said.kind, said.account) == ("account.joined", "17")
    assert (said.account_traits, said.traits) == ({"name": "Initech"}, {})
    said = one("segment", "alias", {"userId": "u1", "previousId": "a1"})
    assert (said.kind, said.asks, said.user, said.previous) == ("customer.merged", ALIAS, "u1", "a1")
    assert one("segment", "alias", {"userId": "u1", "anonymousId": "a2"}).previous == "a2"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"type": "track", "event": "X"}, "nobody"),
        ({"type": "track", "event": "X", "userId": "  ", "anonymousId": None}, "nobody"),
        ({"type": "track", "userId": "u"}, "no_event_name"),
        ({"type": "track", "userId": "u", "event": " "}, "no_event_name"),
        ({"type": "track", "userId": "u", "event": {"a": 1}}, "no_event_name"),
        ({"type": "shout", "userId": "u"}, "unknown_type"),
        ({"userId": "u"}, "unknown_type"),
        ({"type": ["track"], "userId": "u"}, "unknown_type"),
        ({"type": "group", "userId": "u"}, "no_group"),
        ({"type": "alias", "userId": "u"}, "no_alias"),
        ({"type": "track", "event": "X", "userId": {"a": 1}}, "bad_id"),
        ({"type": "track", "event": "X", "userId": True}, "bad_id"),
        ({"type": "track", "event": "X", "userId": "u" * 256}, "bad_id"),
        ({"type": "track", "event": "X", "userId": 10**40}, "bad_id"),
        ({"type": "track", "event": "Order Updated", "userId": "u"}, "no_order_id"),
        ({"type": "track", "event": "X", "userId": "u", "properties": {"a": "\x00"}}, "bad_text"),
        ({"type": "track", "event": "X", "userId": "u", "properties": {"\ud83d": 1}}, "bad_text"),
        ({"type": "track", "event": "X", "userId": "u", "properties": {"a": "b" * LARGEST_EVENT}}, "event_too_large"),
        ("track", "invalid_body"),
        (None, "invalid_body"),
        ([], "invalid_body"),
    ],
)
def test_a_bad_event_says_why_and_keeps_no_other_out(item, code):
    bad, good = read("segment", "batch", {"batch": [item, track("X")]})
    assert bad.code == code
    assert bad.said.encode()
    assert "\x00" not in bad.said + bad.name
    assert good.kind == "event.other"


def test_text_that_looks_like_a_nul_is_none():
    body = b'{"userId":"u","event":"X","properties":{"a":"%s"}}'
    assert one("segment", "track", body % rb"\\u0000").properties == {"a": r"\u0000"}
    assert refused("segment", "track", body % rb"\u0000") == "bad_text"
    assert refused("segment", "track", body % rb"\\\u0000") == "bad_text"


def test_halves_of_characters_do_not_cost_whole_ones():
    item = b'{"type":"track","userId":"u","event":"%s"}'
    good, bad = read("segment", "batch", b'{"batch":[%s,%s]}' % (item % rb"\ud83d\ude00", item % rb"\ud83d x"))
    assert (good.name, bad.code) == ("😀", "bad_text")


@pytest.mark.parametrize(
    ("levels", "kept"), [(90, True), (150, False), (400, False)],
)  # fmt: skip
def test_nesting_has_an_end(levels, kept):
    body = b'{"userId":"u","event":"X","properties":%s1%s}' % (b'{"a":' * levels, b"}" * levels)
    [found] = read("segment", "track", body)
    assert (found.kind == "event.other") if kept else (found.code == "too_deep")


def test_ids_may_be_numbers_and_are_trimmed():
    said = one("segment", "track", track("X", userId=5, anonymousId=" a "))
    assert (said.user, said.anonymous) == ("5", "a")
    assert one("segment", "track", track("X", userId=5.0)).user == "5"


def test_a_batch_gives_context_and_the_headers_give_what_is_missing():
    items = [track("X", context={"locale": "de_AT"}), track("Y", messageId="m2")]
    body = {"batch": items, "context": {"timezone": "Europe/Vienna", "locale": "en"}, "integrations": {"All": True}}
    first, second = read("segment", "batch", body)
    assert first.guesses == {"language": "de-AT", "timezone": "Europe/Vienna"}
    assert second.guesses == {"language": "en", "timezone": "Europe/Vienna"}
    told = 'track {"anonymousId": "a9", "sentAt": "2026-01-01T09:00:00Z"}'
    said = one("segment", told, {"event": "X", "timestamp": "2026-01-01T08:59:00Z"})
    assert (said.anonymous, said.at) == ("a9", NOW - 60_000_000)
    assert one("segment", told, {"event": "X", "anonymousId": "a1"}).anonymous == "a1"
    assert one("segment", "track nonsense", track("X")).user == "u1"


@pytest.mark.parametrize("context", ["x", [1], {"traits": {"a": "\x00"}}, {"locale": "\ud83d"}])
def test_what_a_batch_says_of_all_and_nobody_can_keep_is_left_out(context):
    said = one("segment", "batch", {"batch": [track("X")], "context": context})
    assert (said.traits, said.guesses, said.properties) == ({}, {}, {})


def test_nor_is_what_headers_say_or_what_is_nested_without_end():
    deep = b'{"batch":[%s],"context":{"traits":%s1%s}}' % (
        json.dumps(track("X")).encode(), b'{"a":' * 200, b"}" * 200,
    )  # fmt: skip
    assert one("segment", "batch", deep).traits == {}
    assert refused("segment", 'track {"anonymousId": "a\\u0000"}', {"event": "X"}) == "nobody"


def test_of_the_surroundings_only_a_little_is_kept():
    context = {
        "ip": "203.0.113.7", "userAgent": "Mozilla", "locale": "de-DE", "os": {"name": "iOS", "version": "1"},
        "campaign": {"name": "spring", "source": "mail", "x": 1}, "page": {"path": "/a", "search": "?secret"},
        "device": {"type": "ios", "advertisingId": "A-1"}, "library": {"name": "a.js", "version": "2"},
        "groupId": "g1",
    }  # fmt: skip
    said = one("segment", "track", track("X", {"a": 1}, context=context))
    assert said.account == "g1"
    assert said.properties == {"a": 1, "context": {
        "campaign": {"name": "spring", "source": "mail"}, "page": {"path": "/a"}, "library": {"name": "a.js"},
        "os": {"name": "iOS"}, "device": {"type": "ios"},
    }}  # fmt: skip
    own = one("segment", "track", track("X", {"context": "mine"}, context=context))
    assert own.properties == {"context": "mine"}


@pytest.mark.parametrize(
    ("consent", "choice"),
    [
        ({"categoryPreferences": {"analytics": True, "ads": True}}, True),
        ({"categoryPreferences": {"analytics": True, "ads": False}}, False),
        ({"categoryPreferences": {}}, None), ({"categoryPreferences": []}, None), (None, None), ("yes", None),
    ],
)  # fmt: skip
def test_the_choice_about_visits(consent, choice):
    assert one("segment", "track", track("X", context={"consent": consent})).choice is choice
    assert one("segment", "track", track("X")).choice is None


def test_without_a_message_id_the_same_is_known_by_its_content():
    plain = {"userId": "u", "event": "X", "timestamp": "2026-01-01T10:00:00Z", "properties": {"a": 1, "b": 2}}
    again = {"properties": {"b": 2, "a": 1}} | plain | {"sentAt": "2026-01-01T10:00:05Z", "writeKey": "k"}
    other = plain | {"timestamp": "2026-01-01T10:00:01Z"}
    keys = [one("segment", "track", body).key for body in (plain, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 34


def test_long_message_ids_are_shortened_and_stay_apart():
    keys = [one("segment", "track", track("X", messageId="m" * 100 + end)).key for end in ("", "a", "b", "b")]
    assert keys[0] == "m:" + "m" * 100
    assert all(key.startswith("m:#") and len(key) == 35 for key in keys[1:])
    assert keys[1] != keys[2] == keys[3]
    assert one("segment", "track", track("X", messageId=7)).key == "m:7"


def test_what_was_kept_off_can_be_read_again_alone():
    wrong = track("Bought", {"order_id": "o", "total": "x"}, timestamp="2026-01-01T08:59:00Z")
    body = {"batch": [wrong, {}, 7], "sentAt": "2026-01-01T09:00:00Z", "context": {"locale": "de"}}
    rules = Rules(kinds={"bought": "order.placed"}, currency="EUR")
    bad, empty, number = read("segment", 'batch {"anonymousId": "a9"}', body, rules)
    assert bad.code == "bad_amount"
    again = one("segment", "batch", f'{{"batch":[{bad.said}]}}'.encode(), Rules(), received_at=NOW)
    assert (again.at, again.anonymous, again.guesses) == (NOW - 60_000_000, "a9", {"language": "de"})
    assert json.loads(empty.said).keys() == {"sentAt", "anonymousId", "context"}
    assert number.said == "7"


def test_too_many_events_are_kept_off_and_none_is_lost():
    items = [track("X", messageId=f"m{n}") for n in range(MOST_EVENTS + 3)]
    found = read("segment", "import", {"batch": items, "context": {"locale": "de"}})
    assert [getattr(each, "code", "") for each in found[-2:]] == ["", "too_many"]
    rest = list(parse("segment", "batch", found[-1].said.encode(), received_at=NOW, rules=Rules()))
    assert [(each.message or each.key, each.guesses) for each in rest] == [
        (f"m:m{MOST_EVENTS + n}", {"language": "de"}) for n in range(3)
    ]


def test_what_a_batch_says_of_all_its_events_is_small_enough_to_be_kept_with_each():
    large = {"campaign": {"name": "x" * LARGEST_CONTEXT}}
    for said, known in ((large, False), ({"campaign": {"name": "x" * 1000}}, True)):
        one, bad = read("segment", "import", {"batch": [track("X", messageId="m1"), {}], "context": said})
        assert ("context" in one.properties) == known
        assert len(bad.said) < 2 * LARGEST_CONTEXT


HARMLESS = [
    "<script>alert(1)</script>", "'; DROP TABLE tenure_event; --", "a\r\nSet-Cookie: x=1", "{{ 7*7 }}", "{% raw %}",
    "=cmd|' /C calc'!A0", "../../etc/passwd", "\u202e\u0000"[:1], "ÄÖÜ ß 漢字 😀", "%00", "${jndi:ldap://x}",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_text_passes_through_as_it_is(text):
    said = one("segment", "track", track(text, {"a": text, text: 1}, userId="u" + text, messageId="m" + text))
    assert said.name.strip() == text.strip()
    assert said.properties == {"a": text, text: 1}
    assert said.user == ("u" + text).strip()
    assert said.key == "m:m" + text


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("batch", b"", "invalid_json"), ("batch", b"{", "invalid_json"), ("batch", b"\xff\xfe{}", "invalid_json"),
        ("batch", b'{"batch":[{"a":"\xff"}]}', "invalid_json"),
        ("batch", b'{"batch":[' + b"[" * 100_000, "invalid_json"),
        ("track", b'{"a":' + b"[" * 100_000, "invalid_json"), ("batch", b'{"batch":{}}', "invalid_body"),
        ("batch", b"{}", "invalid_body"), ("batch", b"[]", "invalid_body"), ("track", b"[]", "invalid_body"),
        ("track", b'"x"', "invalid_body"), ("track", b'{"a":"%s"}' % (b"b" * LARGEST_EVENT), "too_large"),
        ("batch", b'{"batch":["%s"]}' % (b"b" * MOST_BYTES), "too_large"), ("shout", b"{}", "unknown_call"),
        ("", b"{}", "unknown_call"), ("track", b'{"a":NaN}', "invalid_json"), ("track", b'{"a":1,}', "invalid_json"),
        ("track", b'{"a":"\x00"}', "invalid_json"),
    ],
)  # fmt: skip
def test_what_is_turned_away_at_the_door(call, body, code):
    with pytest.raises(Refused) as refusal:
        count("segment", call, body)
    assert refusal.value.code == code
    assert "\n" not in str(refusal.value)


def test_the_door_counts():
    assert count("segment", "batch", json.dumps({"batch": [track("X")] * 7}).encode()) == 7
    assert count("segment", "batch", b'{"batch":[]}') == 0
    assert count("segment", 'page {"anonymousId": "a"}', b"{}") == 1
    assert count("segment", "batch", b'{"batch":["\\ud83d"]}') == 1
    with pytest.raises(Refused):
        count("segment", "batch", json.dumps({"batch": [track("X")] * 7}).encode(), most_bytes=100)


def test_nothing_of_one_event_reaches_another():
    first, second = read("segment", "batch", {"batch": [track("X", {"a": 1}), track("Y")]})
    assert second.properties == {}
    assert first.properties == {"a": 1}
    assert EUROS.kinds == {}
