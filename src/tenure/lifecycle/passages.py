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
from tenure.lifecycle.walk import since_first_purchase

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyRelation

    from tenure.lifecycle.beginnings import Starts
    from tenure.lifecycle.known import KnownPopulation
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.walk import Occasions
    from tenure.read import Timeline

__all__ = ["ALWAYS", "TABLES", "passages"]

ALWAYS: Final = 2**62
"""An instant after everything: passages know of all that was read, and of all that silence will do."""
TABLES: Final = ("history", "passages", "reasons", "contacts")

_OPEN: Final = 9_000_000_000_000_000_000
"""Where the last epoch ends in `lives`."""
_COLUMNS: Final = (
    "c", "from_at", "to_at", "orders", "occasions", "first_order_at", "last_order_at", "expected_at", "overdue_at",
    "long_overdue_at", "inactive_at", "version",
)  # fmt: skip

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Epochs:
    """The lives of customers one of whose orders ended, by number: whose they are, from when to when they are led."""

    life: Ints
    c: Ints
    from_at: Ints
    to_at: Ints


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
    engine, epochs = traced.engine, _epochs(traced)
    if take is None:
        take = _into_engine(traced)

    def taken(lives: Slice) -> tuple[Starts, pa.Table]:
        return traced.starts(lives), _passages(traced, lives, epochs)

    begun: list[Starts] = []
    for starts, passed in traced.each_slice(taken):
        take("passages", engine.connection.from_arrow(passed))
        if traced.merged:
            begun.append(starts)
        else:
            take("history", engine.connection.from_arrow(_history(starts)))
    if traced.merged:
        _put_together(traced, begun, take)
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


def _put_together(traced: Trace, begun: list[Starts], take: Callable[[str, DuckDBPyRelation], None]) -> None:
    """The stages of lives that have to be put together, and the reasons of who is inactive."""
    traced.merge(begun)
    begun.clear()
    traced.run("passages", "merged_history")
    take("history", traced.engine.connection.table("pieces"))
    if traced.stanced:
        traced.run("passages", "merged_reasons")
        take("reasons", traced.engine.connection.table("pieces"))


def _epochs(traced: Trace) -> _Epochs:
    table = traced.table("passages", "epochs")
    return _Epochs(*(table[name].to_numpy() for name in ("life", "c", "from_at", "to_at")))


def _history(begun: Starts) -> pa.Table:
    to_at = pa.array(begun.to_at, mask=begun.to_at == NEVER)
    columns = [begun.life, begun.from_at, to_at, begun.code.astype(np.int8)]
    return pa.table([pa.array(column) for column in columns], names=["c", "from_at", "to_at", "code"])


def _passages(traced: Trace, lives: Slice, epochs: _Epochs) -> pa.Table:
    """From each instant at which something is known anew to the next one of the same life, within its epoch."""
    given, rows = lives.given, lives.rows if lives.rows.buy is None else since_first_purchase(lives.rows)
    life, at_us = rows.life, rows.at_us
    new = np.r_[True, life[1:] != life[:-1]][: len(life)]
    place = np.arange(len(life))
    head = np.maximum.accumulate(np.where(new, place, 0))
    # rows of one instant are known together
    row = np.flatnonzero(np.r_[new[1:] | (at_us[1:] != at_us[:-1]), True][: len(life)])
    to_at = np.where(np.r_[new[1:], True][: len(life)][row], NEVER, np.r_[at_us[row][1:], NEVER][: len(row)])
    c, from_at, to_at = _within_epochs(life[row], at_us[row], to_at, epochs)
    kept = from_at < to_at
    c, from_at, to_at, row = c[kept], from_at[kept], to_at[kept], row[kept]
    occasion = np.searchsorted(given.row, row, side="right") - 1
    later = given.buy_at[occasion] > at_us[row]  # activity comes before the purchase of its day
    due = lives.when.due_at[occasion]
    orders, last = _tallied(rows.buy, head, place)
    version = np.zeros(len(row), np.int64) if given.version is None else given.version[occasion]
    return pa.table([
        c, from_at, pa.array(to_at, mask=to_at >= _OPEN), orders[row].astype(np.int32),
        (given.b[occasion] - later).astype(np.int32), at_us[head[row]], at_us[last[row]],
        _expected(traced, given)[occasion], due[:, 0], due[:, 1], due[:, 2], version.astype(np.int32),
    ], names=_COLUMNS)  # fmt: skip


def _within_epochs(life: Ints, from_at: Ints, to_at: Ints, epochs: _Epochs) -> tuple[Ints, Ints, Ints]:
    """Whose passages they are, and their instants cut to the epochs of their lives; most lives have none."""
    if not len(epochs.life):
        return life, from_at, to_at
    mine = np.minimum(np.searchsorted(epochs.life, life), len(epochs.life) - 1)
    found = epochs.life[mine] == life
    return (
        np.where(found, epochs.c[mine], life),
        np.where(found, np.maximum(from_at, epochs.from_at[mine]), from_at),
        np.where(found, np.minimum(to_at, epochs.to_at[mine]), to_at),
    )


def _tallied(buy: NDArray[np.bool_] | None, head: Ints, place: Ints) -> tuple[Ints, Ints]:
    """Of each row: the orders of its life so far, and the row of the last one."""
    if buy is None:
        return place - head + 1, place
    total = np.cumsum(buy)
    return np.asarray(total - total[head] + buy[head]), np.maximum.accumulate(np.where(buy, place, 0))


def _expected(traced: Trace, given: Occasions) -> Ints:
    """The instants at which the usual gap after each occasion is over."""
    every = np.arange(len(given.x))
    usual = np.minimum(np.exp(standards(given, every, traced.terrain, traced.known).median), LONGEST)
    return traced.terrain.start_at(due_days(given, every, usual, traced.clocks))


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
