"""A year of one small shop, event by event: at every step everybody stands where all of them computed anew would."""

import json

import pytest
from django.db import connection
from facts import order, take
from living import orders_table, picture_of, settle, standings, touch
from shopful import OPENED, shop

import tenure
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.actions import describe_shop
from tenure_app.ledger.models import Event, EventBody, Person
from tenure_app.listen.models import Opportunity

DAY = 86_400_000_000
ZONE = "America/New_York"


def as_taken(fact):
    """A fact of the shop as an importer leaves it."""
    if fact["kind"] == "order.placed":
        return order(fact["order_id"], customer=fact["c"], at=fact["at"], amount=fact["amount_minor"], currency="JPY")
    more = {name: fact.get(name) for name in ("amount_minor", "reason")}
    return {
        "key": f"{fact['kind']}:{fact['c']}:{fact['at']}", "kind": fact["kind"], "customer": fact["c"],
        "at": fact["at"], "order_key": fact.get("order_id"), "currency": "JPY", "is_state": False, **more,
    }  # fmt: skip


@pytest.mark.usefixtures("ledger")
def test_at_every_step_everybody_stands_where_all_computed_anew_would():
    describe_shop(zone=ZONE)
    days = 420 if connection.vendor == "sqlite" else 300
    facts = [fact for fact in shop(20, people=10) if fact["at"] < OPENED + days * DAY]
    assert 12 < len(facts) < 60
    months = 0
    for fact in facts:
        take([as_taken(fact)])
        now = fact["at"]
        touch(Person.objects.get(identities__match=f"c{fact['c']}").pk, at=now)
        months += settle(now)
        assert standings() == picture_of(now), fact
    assert days / 60 <= months <= 20
    end = facts[-1]["at"] + 400 * DAY  # and then silence alone
    settle(end)
    assert standings() == picture_of(end)
    assert told() == begun(end)
    assert "do_not_contact" in {row[1] for row in standings().values()}
    assert ways() == {person: row[4] + 1 for person, row in standings().items() if row[1] != "do_not_contact"}


def told():
    """What `stage.changed` events say: whose, when, to which stage."""
    rows = Event.objects.filter(kind="stage.changed")
    bodies = dict(EventBody.objects.values_list("event_id", "body"))
    return sorted((one.person_id, one.occurred_at, json.loads(bodies[one.pk])["to"]) for one in rows)


def begun(until):
    """Every stage that began, by `tenure history`."""
    rows = tenure.history(orders_table(), until=until + 1, timezone=ZONE)
    words = {(stage, detail): stage if detail is None else f"{stage}/{detail}" for stage, detail in STAGES}
    at = rows["from"].cast("int64").to_pylist()
    stages = zip(rows["stage"].to_pylist(), rows["detail"].to_pylist(), strict=True)
    return sorted(zip(rows["customer_id"].to_pylist(), at, [words[one] for one in stages], strict=True))


def ways():
    """The open way of each person: of which cycle."""
    rows = list(Opportunity.objects.filter(ended_at=None).values_list("person_id", "cycle"))
    assert len(dict(rows)) == len(rows)
    return dict(rows)
