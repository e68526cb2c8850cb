"""Customers over the API: who they are, where they stand, what happened, with nothing lost between pages."""

import pytest
from django.db.models import Q

from tenure.lifecycle.trace import STAGES
from tenure.periods import format_instant, parse_instant
from tenure_app.ledger.models import Account, Event, Identity, Membership, Merge, Person, Source, Trait
from tenure_app.live.models import Standing

ZONE = "Europe/Oslo"


def stand(person, code, since=5):
    return Standing.objects.create(
        person_id=person, code=code, since_at=since, next_at=9, orders=3, occasions=3, first_order_at=1,
        last_order_at=2, expected_at=None, policy="p", computed_at=10,
    )  # fmt: skip


def number_of(key):
    return Identity.objects.get(kind="customer", value=key).person_id


def test_a_customer_says_what_is_known(asking):
    person, source = number_of("C7"), Source.objects.get()
    stand(person, STAGES.index(("lapsed", "short")))
    Trait.objects.create(person_id=person, source=source, name="language", value='"de"', said_at=1, guessed=True)
    Trait.objects.create(person_id=person, source=source, name="language", value='"no"', said_at=0, guessed=False)
    account = Account.objects.create(source=source, key="acme", name="Acme", recorded_at=0)
    Membership.objects.create(person_id=person, account=account, began_at=3)
    said = asking.get(f"/customers/{person}").json
    assert {(one["kind"], one["value"], one["source"]) for one in said["identities"]} >= {
        ("customer", "C7", source.name), ("email", "c7@example.com", None)
    }
    assert [(one["name"], one["value"], one["guessed"]) for one in said["traits"]] == [("language", "no", False)]
    assert [(one["id"], one["name"]) for one in said["accounts"]] == [(account.pk, "Acme")]
    standing = said["standing"]
    assert (standing["stage"], standing["detail"], standing["cycle"]) == ("lapsed", "short", 4)
    assert standing["since"] == "1970-01-01T00:00:00.000005Z"
    assert standing["expected_at"] is None
    assert said["because"] is None


def test_why_somebody_stands_there_is_said_on_request(asking):
    said = asking.get(f"/customers/{number_of('C1')}", {"because": "true"}).json
    assert said["because"].startswith("Silent 16 days; ")
    assert said["standing"] is None  # nobody was judged live yet


def test_the_number_of_somebody_merged_answers_as_who_they_are_taken_for(asking):
    root, other = number_of("C1"), number_of("C2")
    Merge.objects.create(person_id=other, canonical_id=root, began_at=1)
    Person.objects.filter(pk=other).update(root=root)
    for number in (root, other):
        said = asking.get(f"/customers/{number}").json
        assert (said["id"], said["merged"]) == (root, [other])
        assert {"c1@example.com", "c2@example.com"} <= {one["value"] for one in said["identities"]}
        both = [one["id"] for one in asking.all(f"/customers/{number}/timeline", limit=7)]
        assert sorted(both) == sorted(Event.objects.filter(person__in=[root, other]).values_list("pk", flat=True))
    assert other not in [one["id"] for one in asking.all("/customers")]


@pytest.mark.parametrize("number", [10**6, "x", 0, -1, 10**30])
def test_nobody_is_there(asking, number):
    answer = asking.get(f"/customers/{number}")
    assert answer.status == (404 if number == 10**6 else 422)
    assert answer.json["code"] in ("no_such_customer", "invalid_input")


def test_a_visitor_is_nobodys_customer(asking):
    visitor = Person.objects.create(recorded_at=1, draw=1, anonymous=True)
    assert asking.get(f"/customers/{visitor.pk}").status == 404
    assert visitor.pk not in [one["id"] for one in asking.all("/customers", limit=500)]


@pytest.mark.parametrize("limit", [1, 7, 49, 50, 500])
def test_pages_are_complete_and_in_order(asking, limit):
    numbers = [one["id"] for one in asking.all("/customers", limit=limit)]
    assert numbers == sorted(Person.objects.values_list("pk", flat=True))


def test_pages_stay_as_they_are_while_others_are_added(asking):
    before = list(Event.objects.filter(person=number_of("C1")).order_by("-occurred_at", "-pk"))
    first = asking.get(f"/customers/{before[0].person_id}/timeline", {"limit": 5}).json
    for key, at in (("new", before[0].occurred_at + 1), ("late", before[-1].occurred_at - 1)):
        Event.objects.create(
            source=before[0].source, source_key=key, kind="page.viewed", person=before[0].person, occurred_at=at,
            recorded_at=1, fact_hash=b"x" * 16,
        )  # fmt: skip
    Person.objects.create(recorded_at=1, draw=1)
    rest = asking.all(f"/customers/{before[0].person_id}/timeline", limit=5, cursor=first["next"])
    told = [one["key"] for one in [*first["items"], *rest]]
    assert told == [one.source_key for one in before] + ["late"]


def test_a_timeline_tells_orders_with_money_and_their_payload(asking):
    person = number_of("C3")
    first = asking.get(f"/customers/{person}/timeline", {"limit": 1}).json["items"][0]
    event = Event.objects.filter(person=person).order_by("-occurred_at", "-pk").first()
    assert first["occurred_at"] == format_instant(event.occurred_at)
    assert (first["kind"], first["amount_minor"], first["currency"]) == ("order.placed", 1350, "EUR")


def test_filters_choose(asking):
    account = Account.objects.create(source=Source.objects.get(), key="acme", recorded_at=0)
    people = [number_of(f"C{n}") for n in (1, 2, 3)]
    for person, code in zip(people, (3, 3, 4), strict=True):
        stand(person, code)
        Membership.objects.create(person_id=person, account=account, began_at=3)
    Membership.objects.filter(person_id=people[0]).update(ended_at=4)
    asked = {"stage": "loyal"}, {"stage": "lapsed", "detail": "short"}, {"account": account.pk}, {"q": "c3@exam"}
    found = [[one["id"] for one in asking.all("/customers", **one)] for one in asked]
    assert found == [people[:2], [people[2]], sorted(people[1:]), [people[2]]]
    both = [one["id"] for one in asking.all("/customers", account=account.pk, stage="loyal")]
    assert both == [people[1]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"stage": "gone"}, "bad_stage"), ({"detail": "gone"}, "bad_detail"), ({"limit": 501}, "invalid_input"),
        ({"limit": 0}, "invalid_input"), ({"cursor": "!"}, "bad_cursor"),
        ({"cursor": "AAAAAAAAAAAAAAAAAAAA"}, "bad_cursor"),
        ({"account": "x"}, "invalid_input"), ({"q": "\0"}, "bad_text"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(asking, data, code):
    answer = asking.get("/customers", data)
    assert (answer.status, answer.json["code"]) == (422, code)


def test_a_cursor_is_good_for_its_own_list_alone(asking):
    mine = asking.get("/customers", {"limit": 2}).json["next"]
    assert asking.get("/customers", {"limit": 2, "q": "c1", "cursor": mine}).json["code"] == "bad_cursor"
    assert asking.get("/customers", {"limit": 9, "cursor": mine}).status == 200


def test_a_history_is_that_of_the_pictures(asking):
    person = number_of("C2")
    whole = asking.get(f"/customers/{person}/history").json["intervals"]
    assert whole[0]["stage"] == "new"
    assert [one["ends"] for one in whole[:-1]] == [one["begins"] for one in whole[1:]]
    assert whole[-1]["ends"] is None
    asked = "2023-02-01"
    cut = asking.get(f"/customers/{person}/history", {"as_of": asked}).json
    assert cut["as_of"] == format_instant(parse_instant(asked, ZONE))
    assert 0 < len(cut["intervals"]) < len(whole)
    assert [one["begins"] for one in cut["intervals"]] == [one["begins"] for one in whole[: len(cut["intervals"])]]
    assert asking.get(f"/customers/{person}/history", {"as_of": "soon"}).json["code"] == "bad_time"
    early = asking.get(f"/customers/{person}/history", {"as_of": "1999-01-01"})
    assert (early.status, early.json["code"]) == (404, "nothing_yet")


def test_a_page_of_many_takes_no_more_statements_than_one_of_two(asking):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        asking.get("/customers", {"limit": 2})
    with CaptureQueriesContext(connection) as many:
        asking.get("/customers", {"limit": 50})
    assert len(many) == len(few) <= 12
    assert Person.objects.filter(Q(root=None)).count() == 50
