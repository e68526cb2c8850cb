"""Why somebody stands where they stand: asked of a few customers, by the population that all were judged by."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.explain import explain
from tenure.lifecycle.known import KnownPopulation
from tenure.lifecycle.picture import picture
from tenure_app.insight.store import facts_of, lay_events_of, timeline_of

if TYPE_CHECKING:
    from tenure.lifecycle.explain import Explanation
    from tenure.read import Timeline
    from tenure_app.insight.days import Picture, Shelf

__all__ = ["because", "explained"]

_MEMORY: Final = "64MB"
"""Of an engine for a few customers: it sees no file and holds only what is theirs."""


def because(asked: Picture, people: Sequence[int]) -> dict[int, str]:
    """The sentences of some customers as of the picture's instant; of who was not known then, none."""
    if not people:
        return {}
    shelf = asked.shelf
    with _few(shelf, people) as (timeline, known):
        if timeline.first_at is None or timeline.first_at >= asked.as_of:
            return {}
        picture(timeline, shelf.policy, zone=shelf.zone, as_of=asked.as_of, known=known)
        found = timeline.engine.connection.execute("SELECT customer_id, because FROM stages").fetchall()
    return dict(found)


def explained(asked: Picture, c: int) -> Explanation:
    """All there is to say of one customer as of the picture's instant; UnknownCustomer if they were not known then."""
    shelf = asked.shelf
    with _few(shelf, [c]) as (timeline, known):
        return explain(timeline, shelf.policy, zone=shelf.zone, customer=c, as_of=asked.as_of, known=known)


@contextlib.contextmanager
def _few(shelf: Shelf, people: Sequence[int]) -> Iterator[tuple[Timeline, KnownPopulation]]:
    """The events of some customers in an engine of their own, and the population."""
    with shelf.connection.cursor() as cursor:
        facts = facts_of(cursor, people)
        text = cursor.execute("SELECT text FROM lives.population").fetchall()[0][0]
    with DuckDB(threads=1, memory_limit=_MEMORY) as engine:
        lay_events_of(engine, facts, shelf.known_at, people)
        yield timeline_of(engine, drawn=False), KnownPopulation.read(text, shelf.policy)
