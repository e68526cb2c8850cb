"""The way an order opens is the one on which whoever follows finds them: what counts is what counts in the core."""

import itertools
import json

import pyarrow as pa
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

import tenure
from tenure.lifecycle.policy import DEFAULT
from tenure_app.insight.refresh import refresh
from tenure_app.ledger.models import Identity
from tenure_app.ledger.policies import in_force
from tenure_app.listen import cycles, spool
from tenure_app.listen.convert import convert
from tenure_app.listen.keys import make_source
from tenure_app.listen.models import Opportunity
from tenure_app.live.follow import follow
from tenure_app.live.models import Standing

DAY = 86_400_000_000
AT = 1_699_000_000_000_000
NOW = AT + 20 * DAY
NUMBERS = itertools.count(1)


@pytest.fixture
def shop(ledger, tmp_path):
    return Shop(tmp_path / "data" / "mirror")


class Shop:
    """Sends what a shop does, and follows."""

    def __init__(self, mirror):
        self.source, self.mirror = make_source("web", "segment", now=AT), mirror

    def hear(self, *events):
        """Put events on the timeline, one request each; the cycle that is open for each customer."""
        for event in events:
            body = {"messageId": f"m{next(NUMBERS)}", "type": "track", **event}
            said = json.dumps({"batch": [body]}).encode()
            spool.append(source=self.source.pk, call="batch", body=said, events=1, now=NOW)
        done = convert(now=lambda: NOW)
        assert (done.added, done.quarantined) == (len(events), 0)
        return open_ways()

    def is_followed(self):
        """Whoever follows leaves every way as it is, and it is the standing's."""
        ways = Opportunity.objects.filter(ended_at=None)
        before = sorted(ways.values_list("pk", "cycle"))
        refresh(self.mirror, in_force(), zone="UTC", now=NOW, progress=lambda *_: None)
        follow(now=NOW)
        assert sorted(ways.values_list("pk", "cycle")) == before
        stands = dict(Standing.objects.values_list("person_id", "occasions"))
        found = dict(ways.values_list("person_id", "cycle"))
        return {person: found.get(person, 1) for person in stands} == {one: n + 1 for one, n in stands.items()}


def open_ways():
    people = dict(Identity.objects.filter(kind="customer").values_list("person_id", "match"))
    return {
        people.get(person, "somebody"): cycle
        for person, cycle in Opportunity.objects.filter(ended_at=None).values_list("person_id", "cycle")
    }


def order(number, day=0, total=20, name="Order Completed", **more):
    told = {"order_id": number, "total": total, "currency": "EUR"}
    ids = more or {"userId": "u1"}
    at = f"2023-11-{5 + day:02}T12:00:00Z"
    return {
        "event": name, "timestamp": at, **ids, "properties": {key: one for key, one in told.items() if one is not None},
    }  # fmt: skip


def back(number, day, total=None, name="Order Refunded", **more):
    return order(number, day, total, name, **more)


def test_a_refund_without_an_amount_takes_the_whole_order_back(shop):
    assert shop.hear(order("1"), order("2", 3)) == {"u1": 3}
    assert shop.hear(back("2", 4)) == {"u1": 2}
    assert shop.is_followed()
    way = Opportunity.objects.get(ended_at=None)
    assert shop.hear(order("3", 6), order("3", 6, 25)) == {"u1": 3}
    assert shop.is_followed()
    assert Opportunity.objects.get(cycle=2, ended_by__order_key="3").pk == way.pk
    assert Opportunity.objects.count() == 3, "cycle 2, the one taken back, and the one that is open"


def test_any_refund_of_an_order_without_an_amount_takes_it_back(shop):
    assert shop.hear(order("1"), order("2", 3, None), back("2", 4, 5)) == {"u1": 2}
    assert shop.is_followed()


def test_parts_of_what_was_paid_leave_an_order_until_nothing_is_left(shop):
    assert shop.hear(order("1"), order("2", 3), back("2", 4, 12)) == {"u1": 3}
    assert shop.is_followed()
    assert shop.hear(back("2", 5, 8)) == {"u1": 2}
    assert shop.is_followed()


def test_an_order_corrected_to_somebody_else_is_theirs_alone(shop):
    assert shop.hear(order("1"), order("2", 3), order("9", 3, userId="u2")) == {"u1": 3, "u2": 2}
    assert shop.hear(order("2", 3, userId="u2")) == {"u1": 2, "u2": 2}
    assert shop.is_followed()
    assert shop.hear(order("4", 8), order("5", 8, userId="u2")) == {"u1": 3, "u2": 3}
    assert shop.is_followed()
    assert shop.hear(order("2", 3, anonymousId="d7")) == {"u1": 3, "u2": 3}, "a device takes it from nobody"
    assert shop.is_followed()


def test_an_order_of_nobody_but_a_device_opens_nothing(shop):
    assert shop.hear(order("1", anonymousId="d1")) == {}
    assert shop.hear(order("1", userId="u1")) == {"u1": 2}
    assert shop.is_followed()


def test_many_who_take_back_what_they_ordered_are_asked_about_at_once(shop):
    people = [f"u{n}" for n in range(30)]
    shop.hear(*(order(f"{day}{user}", day, userId=user) for user in people for day in (0, 3)))
    numbers = {one.person_id: one.opened_by_id for one in Opportunity.objects.filter(ended_at=None)}
    changed = [(person, event, NOW) for person, event in numbers.items()]
    Opportunity.objects.filter(ended_at=None).update(cycle=9)  # as if there had been more
    with CaptureQueriesContext(connection) as asked:
        cycles.turn_cycles(changed, zone="UTC")
    assert len(asked) < 15
    assert shop.hear(*(back(f"3{user}", 4, userId=user) for user in people)) == dict.fromkeys(people, 2)


# the core's own rules, about rows drawn at random

ROWS = st.lists(st.tuples(
    st.sampled_from(["order.placed", "order.placed", "order.refunded", "order.cancelled"]),
    st.integers(0, 5), st.sampled_from([None, "a", "a", "b"]), st.sampled_from([None, -5, 0, 5, 10, 10]),
), min_size=1, max_size=7)  # fmt: skip


@settings(max_examples=60)
@given(rows=ROWS)
def test_what_counts_is_what_counts_in_the_core(rows):
    words = [cycles._Word(number, None, 1, kind, AT + at * DAY, key, amount)
             for number, (kind, at, key, amount) in enumerate(rows, 1)]  # fmt: skip
    told = tenure.stages(pa.table({
        "customer_id": pa.array(["u", *("u" for _ in rows)]), "type": ["order.placed", *(kind for kind, *_ in rows)],
        "at": pa.array([AT - DAY, *(one.at for one in words)], pa.timestamp("us", "UTC")),
        "order_id": pa.array(["first", *(key for *_, key, _ in rows)], pa.string()),
        "amount": pa.array([1, *(amount for *_, amount in rows)], pa.int64()),
        "currency": ["JPY" for _ in range(len(rows) + 1)],
    }), as_of=NOW, policy=DEFAULT, timezone="UTC").to_pylist()  # fmt: skip
    orders = cycles._counting(words)
    assert told[0]["orders"] == len(orders) + 1
    assert cycles.cycle_of(orders, "UTC")[0] == told[0]["occasions"]
