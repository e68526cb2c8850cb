"""What the worker reads of a few people is what the mirror has of them."""

import pytest
from facts import lay_what_holds, now
from heard import hear, said

from tenure.engine.duckdb import DuckDB
from tenure_app.dialects.said import LINK
from tenure_app.insight.store import lay_events_of
from tenure_app.ledger import mirror
from tenure_app.ledger.kinds import LIFE
from tenure_app.ledger.models import Event
from tenure_app.live.facts import facts_of_people


def held(engine):
    """What holds of known people: number, whose, kind, amount."""
    return engine.connection.execute("SELECT number, c, kind, amount_minor FROM events ORDER BY number").fetchall()


def mirrored():
    with DuckDB() as engine:
        mirror.read_news(engine)
        lay_what_holds(engine)
        return held(engine)


def asked(people):
    with DuckDB() as engine:
        lay_events_of(engine, facts_of_people(people, LIFE, since=0).facts, None, people)
        return held(engine)


def corrected(event, person, amount):
    """Another word on an order."""
    return Event.objects.create(
        source=event.source, source_key=f"{event.source_key}\x1f{amount}", kind="order.corrected", person_id=person,
        first=event, occurred_at=event.occurred_at, recorded_at=now(), order_key=event.order_key, amount_minor=amount,
        currency="EUR", fact_hash=b"1",
    )  # fmt: skip


@pytest.mark.usefixtures("ledger")
def test_what_is_said_of_a_device_counts_for_nobody_until_somebody_owns_it():
    bought = {"kind": "order.placed", "amount_minor": 5, "currency": "EUR"}
    ann, device = hear(
        said(user="u1", key="order:1", order_key="1", **bought),
        said(anonymous="d1", key="order:2", order_key="2", **bought),
    ).people  # fmt: skip
    one, two = Event.objects.filter(kind="order.placed").order_by("order_key")
    corrected(one, device, 7)
    later = corrected(two, ann, 8)
    orders = [row[1:] for row in asked([ann]) if row[2] == "order.placed"]
    assert orders == [(ann, "order.placed", 5), (ann, "order.placed", 8)]
    assert asked([ann]) == asked([ann, device]) == mirrored()
    corrected(two, device, 9)
    assert later.pk in {row[0] for row in asked([ann])}
    assert asked([ann]) == mirrored()
    hear(said(LINK, user="u1", anonymous="d1"))
    orders = [row[1:] for row in asked([ann]) if row[2] == "order.placed"]
    assert orders == [(ann, "order.placed", 7), (ann, "order.placed", 9)]
    assert asked([ann]) == mirrored()
