"""Everybody's life as intervals that any day's picture is read off: the stages, and what is known of orders and dues.

A *passage* leads from one change of what is known to the next: an order, an occasion, an order that ends. With the
stages beside it (`history`) and the reasons of who is inactive (`reasons`), the picture as of T is what holds at T:
from < T and (to is null or T <= to).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle.dues import NEVER, due_days, standards
from tenure.lifecycle.rhythm import LONGEST
from tenure.lifecycle.trace import Slice, Trace, trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyRelation

    from tenure.lifecycle.beginnings import Starts
    from tenure.lifecycle.known import KnownPopulation
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["ALWAYS", "TABLES", "passages"]

ALWAYS: Final = 2**62
"""An instant after everything: passages know of all that was read, and of all that silence will do."""
TABLES: Final = ("history", "passages", "reasons", "contacts")

_COLUMNS: Final = (
    "c", "from_at", "to_at", "orders", "occasions", "first_order_at", "last_order_at", "expected_at", "overdue_at",
    "long_overdue_at", "inactive_at", "version",
)  # fmt: skip

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Judged:
    """From each occasion on: purchase occasions, the expected day and the three due days as instants, the clock."""

    occasions: Ints
    expected_at: Ints
    due_at: Ints
    version: Ints


def passages(
    timeline: Timeline,
    policy: Policy,
    *,
    zone: str,
    known: KnownPopulation | None = None,
    take: Callable[[str, DuckDBPyRelation], None] | None = None,
) -> Trace:
    """Make the tables of TABLES in the timeline's engine, or hand them piece by piece to `take` (name, rows).

    history(c, from_at, to_at, code: TINYINT of STAGES); passages(c, from_at, to_at, orders, occasions INTEGER,
    first_order_at, last_order_at, expected_at, overdue_at, long_overdue_at, inactive_at BIGINT, version INTEGER: the
    clock); reasons(c, from_at, to_at, reason: of who is inactive, where it is not `unknown`);
    contacts(version, from_day, to_day, contact_day: whom a season passed by is written to on `contact_day`, asked on
    the days from_day <= day < to_day). Customers are numbers, instants us UTC, days of the shop's zone, absent is null.
    `known` as in `picture`.
    """
    traced = trace(timeline, policy, zone=zone, until=ALWAYS, known=known, every=True)
    engine = traced.engine
    if take is None:
        take = _into_engine(traced)
    if traced.merged:
        _put_together(traced, take)
    else:

        def both(lives: Slice) -> tuple[pa.Table, pa.Table]:
            return _history(traced.starts(lives)), _of_orders(traced, lives)

        for begun, passed in traced.each_slice(both):
            take("history", engine.connection.from_arrow(begun))
            take("passages", engine.connection.from_arrow(passed))
    take("contacts", engine.connection.from_arrow(_contacts(traced)))
    return traced


def _into_engine(traced: Trace) -> Callable[[str, DuckDBPyRelation], None]:
    for name in ("no_history", "no_passages", "no_reasons"):
        traced.run("passages", name)
    traced.engine.drop("contacts")

    def take(name: str, rows: DuckDBPyRelation) -> None:
        if name == "contacts":
            rows.to_table(name)
        else:
            rows.insert_into(name)

    return take


def _put_together(traced: Trace, take: Callable[[str, DuckDBPyRelation], None]) -> None:
    """Where lives have to be put together before anything is known."""

    def taken(lives: Slice) -> tuple[Starts, pa.Table]:
        return traced.starts(lives), _judgements(traced, lives)

    walked = list(traced.each_slice(taken))
    engine = traced.engine
    traced.merge([begun for begun, _ in walked])
    traced.run("passages", "merged_history")
    take("history", engine.connection.table("pieces"))
    engine.put("judgements", pa.concat_tables([rows for _, rows in walked]))
    for name in ("judged", "tallies", "merged_passages"):
        traced.run("passages", name)
    take("passages", engine.connection.table("pieces"))
    if traced.stanced:
        traced.run("passages", "merged_reasons")
        take("reasons", engine.connection.table("pieces"))


def _history(begun: Starts) -> pa.Table:
    to_at = pa.array(begun.to_at, mask=begun.to_at == NEVER)
    columns = [begun.life, begun.from_at, to_at, begun.code.astype(np.int8)]
    return pa.table([pa.array(column) for column in columns], names=["c", "from_at", "to_at", "code"])


def _judged(traced: Trace, lives: Slice) -> _Judged:
    given = lives.given
    every = np.arange(len(given.x))
    usual = np.minimum(np.exp(standards(given, every, traced.terrain, traced.known).median), LONGEST)
    version = np.zeros(len(every), np.int64) if given.version is None else given.version
    expected = due_days(given, every, usual, traced.clocks)
    return _Judged(given.b, traced.terrain.start_at(expected), lives.when.due_at, version)


def _of_orders(traced: Trace, lives: Slice) -> pa.Table:
    """Passages where a life is a customer and every row an order: one from each instant of an order to the next."""
    life, at_us, judged = lives.rows.life, lives.rows.at_us, _judged(traced, lives)
    new = np.r_[True, life[1:] != life[:-1]][: len(life)]
    place = np.arange(len(life))
    head = np.maximum.accumulate(np.where(new, place, 0))
    # rows of one instant are known together
    row = np.flatnonzero(np.r_[new[1:] | (at_us[1:] != at_us[:-1]), True][: len(life)])
    ends = np.r_[new[1:], True][: len(life)][row]
    to_at = np.where(ends, 0, np.r_[at_us[row][1:], 0][: len(row)])
    occasion = np.searchsorted(lives.given.row, row, side="right") - 1
    due = judged.due_at[occasion]
    return pa.table([
        life[row], at_us[row], pa.array(to_at, mask=ends), (row - head[row] + 1).astype(np.int32),
        judged.occasions[occasion].astype(np.int32), at_us[head[row]], at_us[row], judged.expected_at[occasion],
        due[:, 0], due[:, 1], due[:, 2], judged.version[occasion].astype(np.int32),
    ], names=_COLUMNS)  # fmt: skip


def _judgements(traced: Trace, lives: Slice) -> pa.Table:
    """What each occasion says of its life: of a purchase later on a day of activity, from its own instant on."""
    given, judged = lives.given, _judged(traced, lives)
    later = np.flatnonzero(given.buy_at > given.at_us)
    row = np.r_[np.arange(len(given.x)), later]
    from_at = np.r_[given.at_us, given.buy_at[later]]
    occasions = judged.occasions.copy()
    occasions[later] -= 1
    return pa.table({
        "life": given.life[row], "from_at": from_at, "occasions": np.r_[occasions, judged.occasions[later]],
        "expected_at": judged.expected_at[row], "at1": judged.due_at[row, 0], "at2": judged.due_at[row, 1],
        "at3": judged.due_at[row, 2], "version": judged.version[row].astype(np.int32),
    })  # fmt: skip


def _contacts(traced: Trace) -> pa.Table:
    """Of each seasonal clock, for days of the calendar: when to write before the season that ends next."""
    found: list[NDArray[np.int64]] = []
    days = traced.calendar.day
    if traced.clocks is not None:
        for version, (clock, lead) in enumerate(zip(traced.clocks.clocks, traced.clocks.lead_days, strict=True)):
            if clock.seasonal:
                starts, ends = clock.seasons(int(days[0]), int(days[-1]))
                found.append(np.column_stack([np.full(len(ends) - 1, version), ends[:-1], ends[1:], starts[1:] - lead]))
    rows = np.concatenate(found) if found else np.zeros((0, 4), np.int64)
    names = ("version", "from_day", "to_day", "contact_day")
    return pa.table({name: pa.array(rows[:, place].astype(np.int32)) for place, name in enumerate(names)})
