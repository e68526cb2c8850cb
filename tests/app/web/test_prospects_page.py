"""Prospects by how far on they are, on both databases where it matters, and the rules as text."""

import re

import pytest
from django.urls import reverse
from sending import Sender, converted

from tenure.lifecycle.engagement import DEFAULT, PLACES, dumps, loads
from tenure.periods import DAY_US, format_instant
from tenure_app import clock
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.merging import root_of
from tenure_app.ledger.models import Identity, Person, Shop
from tenure_app.live.models import Standing
from tenure_app.web import prospecting
from tenure_app.web.prospecting import came_from, prospects

PROSPECT = STAGES.index(("prospect", None))
NOW = 1_790_000_000_000_000


def number_of(user):
    return root_of(Identity.objects.get(kind="customer", match=user).person_id)


def standing(person, code=PROSPECT, since_at=5):
    given = {"since_at": since_at, "orders": 0, "occasions": 0, "policy": "p", "computed_at": 9}
    Standing.objects.create(person_id=person, code=code, **given)


def event(user, name, days, **more):
    """As a library tells of it that sends at once what happened that many days before NOW."""
    at = format_instant(NOW - round(days * DAY_US))
    return {"event": name, "userId": user, "timestamp": at, **more}


def told(sender, *events):
    answer = sender.batch(*events, sentAt=format_instant(NOW))
    assert answer.status_code == 200
    converted()


@pytest.fixture
def sender(ledger, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Sender()


def found(rules=DEFAULT, **more):
    there = prospects(rules, now=NOW, **more)
    return {
        int(person): (PLACES[there.found.place[row]], there.sentence(row))
        for row, person in enumerate(there.found.person)
    }


def test_prospects_stand_by_what_they_and_those_taken_for_them_did(sender):
    told(
        sender,
        event("a", "Product Viewed", 3), event("a", "Products Searched", 2),
        {**event("b", "Checkout Started", 1, anonymousId="d")},
        event("c", "Order Completed", 1, properties={"order_id": "1", "total": 3, "currency": "EUR"}),
        event("c", "Checkout Started", 1),
        {"type": "identify", "userId": "e"},
        event("f", "Product Added", 20),
    )  # fmt: skip
    told(sender, {**event("", "Product Viewed", 5), "userId": None, "anonymousId": "v"},
         {**event("", "Product Viewed", 4), "userId": None, "anonymousId": "v"})  # fmt: skip
    told(sender, {"type": "identify", "userId": "g", "anonymousId": "v"})
    people = {user: number_of(user) for user in "abcefg"}
    for user, person in people.items():
        standing(person, PROSPECT if user != "c" else 1)
    assert found() == {
        people["a"]: ("consideration", "Looked at a product, once · Searched for products, once"),
        people["b"]: ("decision", "Began to check out, once"),
        people["e"]: ("awareness", "Known, nothing seen"),
        people["f"]: ("awareness", "Changed their cart, once"),
        people["g"]: ("consideration", "Looked at a product, 2 times"),
    }  # fmt: skip
    assert found(only=people["b"]) == {people["b"]: ("decision", "Began to check out, once")}
    assert found(only=people["c"]) == {}


def test_only_so_many_are_looked_at_who_became_known_last(sender, monkeypatch):
    told(sender, *({"type": "identify", "userId": f"u{n}"} for n in range(9)))
    people = sorted(number_of(f"u{n}") for n in range(9))
    for person in people:
        standing(person)
    monkeypatch.setattr(prospecting, "MOST", 4)
    there = prospects(DEFAULT, now=NOW)
    assert there.everybody == 9
    assert sorted(there.found.person.tolist()) == people[-4:]
    monkeypatch.setattr(prospecting, "MOST", 100)
    monkeypatch.setattr(prospecting, "_AT_ONCE", 2)
    monkeypatch.setattr(prospecting, "_EVENTS", 0)
    told(sender, *(event(f"u{n}", "Product Viewed", 1) for n in range(9)))
    assert len(prospects(DEFAULT, now=NOW).found.person) == 2


def test_who_was_active_last_stands_first(sender):
    told(sender, event("a", "Product Viewed", 3), event("b", "Product Viewed", 1), {"type": "identify", "userId": "c"})
    people = [number_of(user) for user in "abc"]
    for person in people:
        standing(person)
    there = prospects(DEFAULT, now=NOW)
    assert [int(there.found.person[row]) for row in there.ranked(None)] == [people[1], people[0], people[2]]
    assert there.ranked(2) == []
    assert there.counts() == [3, 0, 0]


def test_where_they_came_from_is_a_campaign_else_a_site_else_the_source(sender):
    page = {"type": "page", "timestamp": format_instant(NOW - DAY_US)}
    told(
        sender,
        {**page, "userId": "a", "context": {"campaign": {"name": "Autumn", "source": "newsletter"}}},
        {**page, "userId": "b", "context": {"page": {"referrer": "https://www.search.example/q?x=1"}}},
        {**page, "userId": "c", "context": {"page": {"referrer": "http://[bad"}, "campaign": {"name": 7}}},
        {**page, "anonymousId": "d", "context": {"campaign": {"name": "First"}}},
    )
    told(sender, {"type": "identify", "userId": "e", "anonymousId": "d"})
    people = {user: number_of(user) for user in "abce"}
    silent = Person.objects.create(recorded_at=0, draw=0).pk
    assert came_from([*people.values(), silent]) == {
        people["a"]: "Autumn, newsletter", people["b"]: "www.search.example", people["c"]: "web", people["e"]: "First",
    }  # fmt: skip


# The page


@pytest.fixture
def shown(console, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    sender = Sender()
    told(
        sender, event("a", "Checkout Started", 1), event("b", "Product Viewed", 1), event("b", "Product Viewed", 2),
        {"type": "identify", "userId": "c", "traits": {"name": '<b onmouseover="x()">Cas</b>'}},
    )  # fmt: skip
    for user in "abc":
        standing(number_of(user))
    return sender


def text_of(answer, status=200):
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode())


def stairs(text):
    part = text[text.index('class="stairs"') : text.index("</ul>", text.index('class="stairs"'))]
    return re.findall(r'class="nm">([^<]+)</span><span class="ct">([^<]+)<', part)


def test_the_page_counts_lists_and_says_why(owner, shown):
    text = text_of(owner.get(reverse("prospects")))
    assert "3 people are known and never bought" in text
    assert stairs(text) == [("Awareness", "1"), ("Consideration", "1"), ("Decision", "1")]
    for word in ("Began to check out, once", "Looked at a product, 2 times", "Known, nothing seen", "&lt;b onm"):
        assert word in text
    assert "<b onmouseover" not in text
    only = text_of(owner.get(reverse("prospects"), {"at": "decision"}))
    assert reverse("customer", args=[number_of("a")]) in only
    assert reverse("customer", args=[number_of("b")]) not in only
    assert owner.get(reverse("prospects"), {"at": "satisfied"}).status_code == 400


def test_another_label_changes_every_page_and_no_rule(owner, shown):
    usual = dumps(DEFAULT)
    text = usual.replace('[consideration]\nlabel = ""', '[consideration]\nlabel = "Comparing <us>"')
    assert text != usual
    assert owner.post(reverse("engagement"), {"toml": text.replace("\n", "\r\n"), "do": "save"}).status_code == 302
    assert loads(Shop.objects.one().engagement).consideration.label == "Comparing <us>"
    assert stairs(text_of(owner.get(reverse("prospects"))))[1] == ("Comparing &lt;us&gt;", "1")
    page = reverse("customer", args=[number_of("b")])
    assert "Comparing &lt;us&gt;: Looked at a product, 2 times." in text_of(owner.get(page))
    assert owner.post(reverse("engagement"), {"toml": "x", "do": "usual"}).status_code == 302
    assert Shop.objects.one().engagement == ""
    assert stairs(text_of(owner.get(reverse("prospects"))))[1] == ("Consideration", "1")


def test_other_rules_hold_at_once_and_bad_ones_are_refused_with_their_name(owner, shown):
    assert owner.post(reverse("engagement"), {"toml": "[consideration]\nat_least = 3", "do": "save"}).status_code == 302
    assert [n for _, n in stairs(text_of(owner.get(reverse("prospects"))))] == ["2", "0", "1"]
    stolen = '[decision]\nkinds = ["cart.stolen"]'
    text = text_of(owner.post(reverse("engagement"), {"toml": stolen, "do": "save"}), 400)
    assert "cart.stolen" in text
    assert loads(Shop.objects.one().engagement).consideration.at_least == 3


def test_rules_that_cannot_be_read_any_more_give_way_to_the_usual_ones(owner, shown):
    Shop.objects.update(engagement="[gone]")
    assert [n for _, n in stairs(text_of(owner.get(reverse("prospects"))))] == ["1", "1", "1"]


def test_without_prospects_the_page_says_how_they_come(owner, console):
    assert "Nobody is known who never bought." in text_of(owner.get(reverse("prospects")))
