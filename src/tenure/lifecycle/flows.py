"""Who moved from which stage to which, period by period, read off the intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import InvalidInput
from tenure.lifecycle.trace import STAGES, Trace, trace
from tenure.periods import SHIFT_US, calendar, day_of, month_start, week_start

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["EVERY", "flows", "flows_of_history"]

EVERY: Final = ("day", "week", "month")
"""How long a period may be."""

_SQL: Final = "tenure.lifecycle"
_BUCKET_US: Final = 21_600_000_000
_NOBODY: Final = 15
_STAGE_NAMES: Final = tuple(dict.fromkeys(stage for stage, _ in STAGES))

Ints = NDArray[np.int64]


class _Periods(NamedTuple):
    """Whole periods: first local days, and the instants between them (one more)."""

    days: Ints
    edges: Ints


def flows(
    timeline: Timeline, policy: Policy, *, zone: str, until: int, every: str = "month", detail: bool = False
) -> pa.Table:
    """One row per period, stage at its start and stage at its end: how many customers went from one to the other.

    period (date32, its first local day), from_stage (null: not seen before), to_stage, customers; with `detail` also
    from_detail and to_detail, which split lapsed and inactive. A period is a local day, week (from Monday) or month.
    The first holds the first event, the last is the last to end at or before `until` (us UTC). Who stays is in a row of
    one stage twice; rows of nobody are left out. Ordered by period and stages. InvalidInput for another `every`.
    """
    periods = _periods(timeline, zone, until, every)
    if not len(periods.days):
        return _table(periods, np.zeros((0, len(STAGES) + 1, len(STAGES)), np.int64), detail)
    traced = trace(timeline, policy, zone=zone, until=int(periods.edges[-1]))
    _lay(timeline.engine, periods)
    return _table(periods, _cells(periods, _changes(traced)), detail)


def flows_of_history(
    timeline: Timeline, *, zone: str, until: int, every: str = "month", detail: bool = False
) -> pa.Table:
    """As `flows`, from the table `history` that is already in the engine and knows everything before `until`."""
    periods = _periods(timeline, zone, until, every)
    engine = timeline.engine
    _lay(engine, periods)
    engine.run(_SQL, "flows", "of_history")
    changes = [engine.table(_SQL, "flows", "changes")] if len(periods.days) else []
    return _table(periods, _cells(periods, changes), detail)


def _changes(traced: Trace) -> Iterator[pa.Table]:
    if traced.merged:
        traced.merge(list(traced.each_slice(traced.starts)))
        traced.run("flows", "of_starts")
        yield traced.table("flows", "changes")
        return
    for begun in traced.each_slice(traced.starts):
        traced.engine.put("begun", pa.table({"c": begun.life, "from_at": begun.from_at, "code": begun.code}))
        traced.run("flows", "of_slice")
        yield traced.table("flows", "changes")


def _periods(timeline: Timeline, zone: str, until: int, every: str) -> _Periods:
    if every not in EVERY:
        raise InvalidInput(f"no period is called {every!r}: choose {', '.join(EVERY[:-1])} or {EVERY[-1]}")
    if timeline.first_at is None or timeline.first_at >= until:
        return _Periods(np.zeros(0, np.int64), np.zeros(1, np.int64))
    first = day_of(timeline.first_at, zone)
    first = {"day": first, "week": week_start(first), "month": month_start(first)}[every]
    days = calendar(first, day_of(until, zone), zone)
    label = {"day": days.day, "week": days.week_start_day, "month": days.month_start_day}[every]
    place = np.flatnonzero((label == days.day) & (days.start_at <= until))
    edges, labels = days.start_at[place], days.day[place]
    # a day that the zone left out is no day: it starts with the next one
    real = np.r_[edges[1:] > edges[:-1], True]
    edges, labels = edges[real], labels[real]
    return _Periods(labels[:-1], edges)


def _lay(engine: DuckDB, periods: _Periods) -> None:
    """The table `flow_periods` for the instants from the first edge up to the last."""
    edges = periods.edges
    edge_bucket = edges // _BUCKET_US
    bucket = np.arange(edge_bucket[0], edge_bucket[-1] + 1)
    passed = np.searchsorted(edge_bucket, bucket, side="left")
    columns = {"bucket": bucket + SHIFT_US // _BUCKET_US, "before_edge": passed - 1, "edge_at": edges[passed]}
    engine.put("flow_periods", pa.table(columns))


def _cells(periods: _Periods, changes: Iterable[pa.Table]) -> Ints:
    """Customers by period, stage at its start (the last of them: nobody yet) and stage at its end."""
    n, nobody = len(periods.days), len(STAGES)
    cells = np.zeros((n, nobody + 1, nobody), np.int64)
    for table in changes:
        period, before, after, customers = (table[name].to_numpy() for name in table.column_names)
        known = (period >= 0) & (period < n)
        before = np.where(before == _NOBODY, nobody, before)
        np.add.at(cells, (period[known], before[known], after[known]), customers[known])
    gained, lost = cells.sum(axis=1), cells[:, :nobody].sum(axis=2)
    standing = np.cumsum(gained - lost, axis=0) - (gained - lost)  # at each period's start
    stage = np.arange(nobody)
    cells[:, stage, stage] += standing - lost
    return cells


def _table(periods: _Periods, cells: Ints, detail: bool) -> pa.Table:
    if not detail:
        name = np.array([_STAGE_NAMES.index(stage) for stage, _ in STAGES])
        nobody = len(_STAGE_NAMES)
        whole = np.zeros((len(cells), nobody + 1, nobody), np.int64)
        for before, after in np.ndindex(cells.shape[1:]):
            whole[:, (*name, nobody)[before], name[after]] += cells[:, before, after]
        cells = whole
    known = STAGES if detail else tuple((stage, None) for stage in _STAGE_NAMES)
    words = (*known, (None, None))
    # arrivals first
    period, before, after = np.nonzero(np.roll(cells, 1, axis=1))
    before = (before - 1) % len(words)
    columns = {
        "period": pa.array(periods.days[period].astype(np.int32), pa.int32()).cast(pa.date32()),
        "from_stage": _said(words, 0, before), "from_detail": _said(words, 1, before),
        "to_stage": _said(words, 0, after), "to_detail": _said(words, 1, after),
        "customers": pa.array(cells[period, before, after]),
    }  # fmt: skip
    return pa.table({key: column for key, column in columns.items() if detail or not key.endswith("_detail")})


def _said(words: Sequence[tuple[str | None, str | None]], which: int, codes: Ints) -> pa.Array:
    return pa.array([pair[which] for pair in words], pa.string()).take(pa.array(codes))
