"""The ground that all lives are walked on: months, clocks, and the shop as known at each month's start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle import grouping
from tenure.lifecycle.learning import ANY, OrderDays
from tenure.lifecycle.population import Life, Month, Snapshots, sampled, snapshots
from tenure.lifecycle.slices import rows_of
from tenure.lifecycle.walk import Occasions, Terrain, days_of, occasions
from tenure.periods import Calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.known import KnownPopulation
    from tenure.lifecycle.learning import Clocks
    from tenure.lifecycle.policy import Policy

__all__ = ["clocks_alone", "ground", "known_ground", "month_ordinals"]

LONG_FILE: Final = 240
"""Months, beyond which those without occasions are passed over."""

_SQL: Final = "tenure.lifecycle"


def month_ordinals(days: NDArray[np.int64]) -> NDArray[np.int32]:
    """Months since January 1970 of days since 1970-01-01."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)


def known_ground(
    engine: DuckDB, known: KnownPopulation, days: Calendar, *, activity: bool
) -> tuple[Terrain, Snapshots]:
    """As `ground`, with months, clocks and snapshots known from before."""
    terrain = _terrain(days, known.first_month, known.months, known.clocks, known.policy)
    _lay_touches(engine, known.clocks, activity=activity)
    return terrain, known.snapshots


def _terrain(days: Calendar, first_month: int, months: int, clocks: Clocks | None, policy: Policy) -> Terrain:
    return Terrain(days, month_ordinals(days.day).astype(np.int64), first_month, months, clocks, policy)


def _lay_touches(engine: DuckDB, clocks: Clocks | None, *, activity: bool) -> None:
    """The table `touches` where more decides than plain orders on the plain calendar."""
    if clocks is not None and clocks.categories + clocks.regions:
        engine.run(_SQL, "orders", "groups")
        engine.run(_SQL, "states", "touches")
    elif clocks is not None:
        engine.run(_SQL, "states", "plain_touches")
    if activity:
        engine.run(_SQL, "states", "more_touches")


def ground(
    engine: DuckDB, policy: Policy, days: Calendar, heads: pa.Table, *, activity: bool, models: Sequence[str]
) -> tuple[Terrain, Snapshots]:
    """The ground, learnt from `orders`, and the shop at each month's start; lays `touches` where they are walked.

    `models`: those to be known besides MBG/NBD.
    """
    months, (last, draw), lives, clocks, busy = _learnt(engine, policy, days, heads, activity=activity)
    first_month = months[0].ordinal if months else 0
    terrain = _terrain(days, first_month, len(months), clocks, policy)
    _lay_touches(engine, clocks, activity=activity)
    rows = rows_of(engine.table(_SQL, "states", "sampled_plain_rows" if clocks is None else "sampled_full_rows"))
    life = _life(occasions(rows, terrain), lives, draw)
    return terrain, snapshots(life, last, months, clocks, busy, models)


def clocks_alone(
    engine: DuckDB, policy: Policy, days: Calendar, heads: pa.Table, *, activity: bool
) -> tuple[Clocks | None, NDArray[np.int64]]:
    """The clocks as `ground` learns them, None where the plain calendar is in force, and the first day of each month
    that they are in force in.
    """
    months, _, _, clocks, _ = _learnt(engine, policy, days, heads, activity=activity)
    return clocks, np.array([month.first_day for month in months], np.int64)


def _learnt(
    engine: DuckDB, policy: Policy, days: Calendar, heads: pa.Table, *, activity: bool
) -> tuple[
    list[Month], tuple[NDArray[np.int64], NDArray[np.int64]], pa.Table, Clocks | None, frozenset[int] | None
]:  # fmt: skip
    """The months; the last one in whose sample each sampled customer is, and their draws; their lives; the clocks; the
    busy months."""
    months = _months(engine, days)
    number, first_at, draw = _people(heads)
    last = sampled(first_at, draw, number, months)
    number, draw, last = number[last >= 0], draw[last >= 0], last[last >= 0]
    order = np.argsort(number)  # sums over the sample run in one order, whoever else is in the file
    number, draw, last = number[order], draw[order], last[order]
    last_at = np.array([month.start_at for month in months], np.int64)[last]
    engine.put("chosen", pa.table({"c": number, "slot": np.arange(len(number)), "last_at": last_at}))
    engine.put("sample", engine.table(_SQL, "orders", "sample"))
    lives = engine.table(_SQL, "states", "sampled_lives")

    def order_days() -> OrderDays:
        rows = rows_of(engine.table(_SQL, "states", "sampled_plain_rows"))
        mine = np.searchsorted(lives["life"].to_numpy(), rows.life)
        none, to_at = np.full(len(mine), ANY), np.minimum(lives["to_at"].to_numpy(), lives["last_at"].to_numpy())
        slot = lives["slot"].to_numpy()[mine]
        return grouping.counting(months, slot, days_of(rows.at_us, days), none, none, to_at[mine])

    busy = _busy(engine, months)
    clocks = grouping.clocks(engine, policy, months, order_days, activity=activity, busy=busy)
    return months, (last, draw), lives, clocks, busy


def _people(heads: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Number, instant of the first order and draw of each customer, who may live several lives."""
    number, first_at, draw = (heads[name].to_numpy() for name in ("c", "at_us", "draw"))
    if heads["life"].equals(heads["c"]):
        return number, first_at, draw
    order = np.lexsort((first_at, number))
    order = order[np.r_[True, np.diff(number[order]) != 0]]
    return number[order], first_at[order], draw[order]


def _busy(engine: DuckDB, months: list[Month]) -> frozenset[int] | None:
    """Places of the months with occasions, None where it is not worth asking: one typing error of a year makes
    thousands of
    months in which nothing happened."""
    if len(months) <= LONG_FILE:
        return None
    return frozenset(month - months[0].ordinal for (month,) in engine.run(_SQL, "orders", "busy_months").fetchall())


def _months(engine: DuckDB, days: Calendar) -> list[Month]:
    """Every month from the first occasion's to the last one's."""
    first_at, last_at, _ = engine.run(_SQL, "orders", "span").fetchall()[0]
    if first_at is None:
        return []
    first, last = np.searchsorted(days.start_at, [first_at, last_at], side="right") - 1
    firsts = np.unique(days.month_start_day[first : last + 1])
    places = np.searchsorted(days.day, firsts)
    ordinals = month_ordinals(firsts)
    return [
        Month(int(ordinal), int(day), int(days.start_at[place]))
        for ordinal, day, place in zip(ordinals, firsts, places, strict=True)
    ]


def _life(given: Occasions, lives: pa.Table, draw: NDArray[np.int64]) -> Life:
    """The sampled lives' occasions, with whose they are and how long they count."""
    mine = np.searchsorted(lives["life"].to_numpy(), given.life)
    slot, from_at, to_at = (lives[name].to_numpy()[mine] for name in ("slot", "from_at", "to_at"))
    none = np.full(len(given.life), -1)
    return Life(
        slot=slot, at_us=given.at_us, from_at=np.maximum(given.at_us, from_at), to_at=to_at, first_day=given.first_day,
        day=given.day, x=given.x, gap=np.where(given.before, given.gap, 1.0), l1=given.l1,
        category=none if given.category is None else given.category,
        region=none if given.region is None else given.region, draw=draw,
    )  # fmt: skip
