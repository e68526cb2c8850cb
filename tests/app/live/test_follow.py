"""Whoever something happened to stands, right after, where everybody computed anew would stand."""

import json

import pytest
from facts import order, take
from living import picture_of, standings, touch, up_to_date

from tenure_app.ledger.models import Event, EventBody, Person
from tenure_app.listen.models import Touched
from tenure_app.live.follow import follow

DAY = 86_400_000_000
START = 1_700_000_000_000_000  # in the middle of November 2023


def moves():
    rows = Event.objects.filter(kind="stage.changed").order_by("id")
    return [(one.person_id, one.occurred_at, json.loads(EventBody.objects.get(pk=one.pk).body)) for one in rows]


@pytest.mark.usefixtures("ledger")
def test_somebody_who_orders_stands_at_once_where_everybody_computed_would():
    take([order(f"o{n}", customer=n % 5, at=START - (n % 40) * DAY) for n in range(60)])
    up_to_date(START)
    take([order("new", customer=99, at=START + DAY), order("again", customer=1, at=START + DAY)])
    touch(at=START + DAY)
    done = follow(now=START + 2 * DAY)
    assert done.people == 6
    assert not Touched.objects.exists()
    assert standings() == picture_of(START + 2 * DAY)
    person = Person.objects.order_by("-pk").first()
    mine = [(who, said["from"], said["to"]) for who, _, said in moves() if who == person.pk]
    assert mine == [(person.pk, None, "new")]
