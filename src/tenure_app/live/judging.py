"""Where some people stand, found by the core from their own facts and the population that everybody is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from tenure.engine.duckdb import DuckDB
from tenure.errors import InvalidInput
from tenure.events import ORDER_PLACED
from tenure.lifecycle.passages import passages
from tenure_app.insight.store import lay_events_of, timeline_of
from tenure_app.live.asking import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure_app.live.grounds import Grounds

__all__ = ["Judged", "Stage", "Stand", "judge"]

_MEMORY: Final = "96MB"
"""Of an engine for a few hundred people; what does not fit spills."""


class Stand(NamedTuple):
    """Where somebody stands; the columns of `Standing` without policy and instant."""

    person: int
    code: int
    since_at: int
    next_at: int | None
    orders: int
    occasions: int
    first_order_at: int | None
    last_order_at: int | None
    expected_at: int | None
    overdue_at: int | None
    long_overdue_at: int | None
    inactive_at: int | None
    reason: str


class Stage(NamedTuple):
    """A stage that began, with what was known when it did; by_event: at the instant of an event, else by silence."""

    person: int
    code: int
    since_at: int
    orders: int
    occasions: int
    first_order_at: int | None
    last_order_at: int | None
    expected_at: int | None
    overdue_at: int | None
    long_overdue_at: int | None
    inactive_at: int | None
    by_event: bool


@dataclass(slots=True)
class Judged:
    """stands: by person; since: the stages that began since they were last seen, the one of then included, by person;
    by_event: whose stage began with an event; waiting: who can be judged by another generation only, with why
    (`month`, `words`, `kinds`); ahead: who will be there for the first time at a later instant."""

    stands: dict[int, Stand] = field(default_factory=dict)
    since: dict[int, list[Stage]] = field(default_factory=dict)
    by_event: set[int] = field(default_factory=set)
    waiting: dict[int, str] = field(default_factory=dict)
    ahead: dict[int, int] = field(default_factory=dict)


def judge(
    people: Sequence[int], facts: pa.Table, grounds: Grounds, *, now: int, before: Sequence[tuple[int, int]]
) -> Judged:
    """Judge these people by all that is known of them, as of `now`, what happened at that instant included.

    facts: of `facts_of_people`; before: people and since when they were in the stage they were last seen in.
    """
    done = Judged()
    if not facts.num_rows:
        return done
    with DuckDB(threads=1, memory_limit=_MEMORY) as engine:
        # a few people among a million numbers: groups by hash, not by place
        engine.connection.execute("SET perfect_ht_threshold = 8")
        lay_events_of(engine, facts, None, people)
        done.waiting = _waiting(engine, grounds)
        if done.waiting:
            engine.put("not_yet", pa.table({"c": pa.array(list(done.waiting), pa.int64())}))
            engine.run(PACKAGE, "judging", "left_out")
        timeline = timeline_of(engine, drawn=False)
        if not timeline.rows:
            return done
        try:
            passages(timeline, grounds.policy, zone=grounds.zone, known=grounds.known)
        except InvalidInput:  # what the questions above do not foresee
            done.waiting |= dict.fromkeys(people, "words")
            return done
        _read_off(engine, done, now + 1, before)
    return done


def _waiting(engine: DuckDB, grounds: Grounds) -> dict[int, str]:
    """Whom this population cannot judge."""
    known, found = grounds.known, {}
    breaking = sorted({ORDER_PLACED, *grounds.policy.activity})
    engine.put("breaking", pa.table({"kind": breaking}))
    for (c,) in engine.run(PACKAGE, "judging", "beyond", ends_at=known.ends_at).fetchall():
        found[c] = "month"
    if known.clocks is None:
        if len(breaking) > 1:
            found |= {c: "kinds" for (c,) in engine.run(PACKAGE, "judging", "unknown_kind").fetchall()}
        return found
    words = known.words()
    for c, role, word in engine.run(PACKAGE, "judging", "words").fetchall():
        if (role, word) not in words:
            found[c] = "words"
    return found


def _read_off(engine: DuckDB, done: Judged, as_of: int, before: Sequence[tuple[int, int]]) -> None:
    def asked(name: str) -> list[tuple[Any, ...]]:
        return engine.run(PACKAGE, "judging", name, as_of=as_of).fetchall()

    done.stands = {row[0]: Stand(*row) for row in asked("standing")}
    done.by_event = {c for (c,) in asked("at_event")}
    done.ahead = {c: at for c, at in asked("first_ahead") if c not in done.stands}
    if before:
        people, since = zip(*before, strict=True)
        columns = {"c": pa.array(people, pa.int64()), "since_at": pa.array(since, pa.int64())}
        engine.put("before", pa.table(columns))
        for row in asked("since"):
            done.since.setdefault(row[0], []).append(Stage(*row))
