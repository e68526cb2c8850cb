"""Fills a report from the engine: one history, one picture, and what can be counted from the two.

The numbers are those of `tenure stages` and `tenure flows`: the flows of a period add up to the change in counts, and
the river ends at the counts beside the ring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from tenure.draw import Band, Level, words
from tenure.draw.words import many
from tenure.events import ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from tenure.lifecycle.flows import flows_of_history
from tenure.lifecycle.history import history
from tenure.lifecycle.picture import picture
from tenure.lifecycle.trace import STAGES
from tenure.measure import retention
from tenure.periods import (
    DAY_US,
    SHIFT_US,
    calendar,
    date_of,
    day_number,
    day_of,
    month_start,
    start_of_day,
    zone_named,
)
from tenure.reporting.data import Due, DueSoon, Flow, MissedSeason, Month, Move, Moves, Period, ReportData, StageCount
from tenure.reporting.ruling import ruling
from tenure.reporting.seasons import season_bands

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.trace import Trace
    from tenure.read import Timeline

__all__ = ["gather"]

_SQL: Final = "tenure.reporting"
FIRST_DAY: Final = day_number(date.min)
LAST_DAY: Final = day_number(date.max)
"""The ends of the calendar: a report may stand at either, and looks a few days beyond its own."""
MONTHS: Final = 13
"""The period and the twelve months it is compared with."""
ROWS: Final = 12
"""Of each list that leave the engine."""
MONTHLY_DAYS: Final = 915
"""Cohorts are months up to thirty of them, then quarters."""
ORDERS: Final = {ORDER_PLACED, ORDER_REFUNDED, ORDER_CANCELLED}


@dataclass(frozen=True, slots=True)
class _Moving:
    """What a report says of its period; empty while no whole month lies before the as-of instant."""

    period: Period | None = None
    flows: tuple[Flow, ...] = ()
    months: tuple[Month, ...] = ()
    movers: Mapping[str, tuple[Move, ...]] = field(default_factory=dict)

    def kind(self, name: str) -> Moves:
        """All moves of one kind: how many, from the flows, and who."""
        last = self.months[-1] if self.months else Month(date.min, 0, 0, 0)
        total = {"overdue": last.became_overdue, "returned": last.came_back, "first": last.first_orders}[name]
        return Moves(total, self.movers.get(name, ()))


@dataclass(frozen=True, slots=True)
class _Span:
    """The days of the report in the shop's zone: the first event's, and the as-of instant's."""

    zone: str
    as_of: int
    first_day: int
    day: int

    def said(self, instant: int) -> str:
        """The instant's day as the page says days."""
        return words.day_of(date_of(day_of(instant, self.zone)), date_of(self.day).year)

    def panel(self) -> list[int]:
        """Days of the river: daily in a short life, weekly, monthly, then 2,400; the last one is the as-of day."""
        length = self.day - self.first_day
        step = 1 if length <= 120 else 7 if length <= 7 * 235 else max(30, length // 2400)
        days = list(range(self.day, self.first_day, -step))[::-1]
        return [self.first_day, *days] if days and days[0] > self.first_day else days


def gather(
    timeline: Timeline, policy: Policy, *, zone: str, as_of: int, name: str, files: Sequence[str] = ()
) -> ReportData:
    """Everything the page shows about `timeline` as of `as_of` (us UTC, exclusive), in the shop's zone.

    name: the shop's, for the title. files: names of the files read, for the foot. Leaves the tables `history` and
    `stages` in the engine. BadTime for an unknown zone.
    """
    engine, tz = timeline.engine, zone_named(zone)
    instant = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=as_of)).astimezone(tz)
    # before the first row there is nobody, as at its very instant
    known = max(as_of, timeline.first_at or as_of)
    history(timeline, policy, zone=zone, until=known)
    traced = picture(timeline, policy, zone=zone, as_of=known)
    for table in ("history", "stages"):  # they are joined to other tables
        engine.keep(table)
    counts = engine.run(_SQL, "gather", "counts").fetchall()
    first_at = as_of if timeline.first_at is None else min(timeline.first_at, as_of)
    span = _Span(zone, as_of, day_of(first_at, zone), day_of(as_of, zone))
    _lay_days(engine, span)
    stages = tuple(StageCount(stage, detail, n) for stage, detail, n, _ in sorted(counts, key=_place))
    bands, remark = _bands(traced, span)
    every, cohorts, second = _cohorts(engine, span)
    moving = _moving(timeline, span)
    return ReportData(
        shop=name, as_of=instant, zone=zone, policy=policy.hash, rule=ruling(policy), stages=stages,
        orders=sum(int(orders or 0) for *_, orders in counts), rows=timeline.rows, files=tuple(files),
        rejected=timeline.rejected,
        prospects_known=_prospects_known(timeline, span.as_of),
        active_from=policy.active_from, loyal_from=policy.loyal_from,
        panel=_panel(engine, span, stages), seasons=bands, every=every, cohorts=cohorts, second=second,
        due=_due(engine, span), missed_season=_missed(engine), notes=(*timeline.notes, *([remark] if remark else [])),
        period=moving.period, flows=moving.flows, months=moving.months, overdue=moving.kind("overdue"),
        returned=moving.kind("returned"), first=moving.kind("first"),
    )  # fmt: skip


def _place(row: Sequence[Any]) -> int:
    """Where a stage and detail stand in every picture."""
    return STAGES.index((row[0], row[1] or None))


def _lay_days(engine: DuckDB, span: _Span) -> None:
    """Make `report_days` and, from it, every start of a stage with its day."""
    days = calendar(max(span.first_day - 2, FIRST_DAY), min(span.day + 3, LAST_DAY), span.zone)
    engine.put("report_days", pa.table({
        "utc_day": days.day[:-1] + SHIFT_US // DAY_US, "day": days.day[:-1].astype(np.int32),
        "start_at": days.start_at[:-1], "end_at": days.start_at[1:],
    }))  # fmt: skip
    engine.run(_SQL, "gather", "starts")


def _prospects_known(timeline: Timeline, as_of: int) -> bool:
    if "type" not in timeline.has:
        return False
    kinds = timeline.engine.run(_SQL, "gather", "kinds", as_of=as_of).fetchall()
    return bool({kind for (kind,) in kinds} - ORDERS)


# Over time


def _panel(engine: DuckDB, span: _Span, stages: Sequence[StageCount]) -> tuple[Level, ...]:
    """Counts at the start of each day of the river, by adding up every start of a stage; the last are the picture's."""
    days = span.panel()
    if not days:
        return ()
    change = np.zeros((len(STAGES), len(days)), np.int64)
    for day, code, before_code, n in engine.run(_SQL, "gather", "steps").fetchall():
        at = int(np.searchsorted(days, day, side="right"))  # what starts on a day is in the pictures of later days
        if at < len(days):
            change[code, at] += n
            if before_code >= 0:
                change[before_code, at] -= n
    levels = [
        Level(date_of(day), stage, detail or "", int(n))
        for (stage, detail), counts in zip(STAGES, np.cumsum(change, axis=1), strict=True)
        for day, n in zip(days[:-1], counts[:-1], strict=True)
        if n
    ]
    dawn = Level(date_of(span.first_day), "new", "", 0)  # before the first event there was nobody
    return (dawn, *levels, *(Level(date_of(days[-1]), row.stage, row.detail, row.customers) for row in stages))


def _bands(traced: Trace, span: _Span) -> tuple[tuple[Band, ...], str]:
    if traced.clocks is None:
        return (), ""
    named = traced.clocks.categories + traced.clocks.regions
    # without names there is one group, the shop
    groups = traced.engine.run(_SQL, "gather", "season_groups").fetchall() if named else [(-1, -1, 1)]
    return season_bands(traced.clocks, groups, span.first_day, span.day)


def _cohorts(
    engine: DuckDB, span: _Span
) -> tuple[str, tuple[retention.Cohort, ...], tuple[retention.SecondPurchase, ...]]:
    """Retention and second purchases by month of first order, or by quarter."""
    engine.run(_SQL, "gather", "occasions")
    first = engine.run(_SQL, "gather", "first_occasion_day").fetchall()[0][0]
    if first is None:
        return "month", (), ()
    months = 3 if span.day - first > MONTHLY_DAYS else 1
    starts = retention.periods(int(first), span.day, months=months)
    days = np.arange(first, span.day + 1)
    period = np.searchsorted(starts, days, side="right").astype(np.int32)
    engine.put("report_periods", pa.table({"day": days.astype(np.int32), "period": period}))
    by_period, first_two = (_owner_days(engine, statement) for statement in ("by_period", "first_two"))
    cohorts = retention.cohorts(*by_period, starts=starts, as_of_day=span.day)
    second = retention.second_purchases(*first_two, starts=starts, as_of_day=span.day)
    return ("quarter" if months == 3 else "month"), cohorts, second


def _owner_days(engine: DuckDB, statement: str) -> tuple[retention.Days, retention.Days]:
    table = engine.table(_SQL, "gather", statement)
    return table["c"].to_numpy().astype(np.int64), table["day"].to_numpy().astype(np.int64)


# Who moved, who is next


def _moving(timeline: Timeline, span: _Span) -> _Moving:
    """The last whole month before the as-of instant, and those before it but the one in which the file begins."""
    flows = flows_of_history(timeline, zone=span.zone, until=span.as_of, every="month").to_pylist()
    if not flows:
        return _Moving()
    by_month: dict[date, dict[tuple[str, str], int]] = {}
    for row in flows:
        by_month.setdefault(row["period"], {})[row["from_stage"] or "", row["to_stage"]] = row["customers"]
    start = max(by_month)
    first = date_of(month_start(span.first_day))
    months = [month for month in sorted(by_month) if month == start or month > first]
    period = Period(start, date_of(month_start(day_number(start) + 31)))
    return _Moving(
        period,
        tuple(Flow(a, b, n) for (a, b), n in by_month[start].items()),
        tuple(_month(month, by_month[month]) for month in months[-MONTHS:]),
        _movers(timeline, span, period),
    )


def _month(start: date, moved: Mapping[tuple[str, str], int]) -> Month:
    def between(origins: Sequence[str], ends: Sequence[str]) -> int:
        return sum(n for (a, b), n in moved.items() if a in origins and b in ends)

    fire = ("new", "active", "loyal")
    return Month(
        start,
        became_overdue=between(fire, ("lapsed",)),
        came_back=between(("lapsed", "inactive"), fire),
        first_orders=between(("", "prospect"), fire),
    )


def _movers(timeline: Timeline, span: _Span, period: Period) -> dict[str, tuple[Move, ...]]:
    """The movers worth showing by kind: overdue, returned, first."""
    engine = timeline.engine
    engine.run(_SQL, "gather", "moves", first_day=day_number(period.start), end_day=day_number(period.end))
    engine.run(_SQL, "gather", ("named" if timeline.customer_type == "VARCHAR" else "numbered") + "_people")
    found: dict[str, list[Move]] = {}
    for row in engine.table(_SQL, "gather", "movers", as_of=span.as_of, rows=ROWS).to_pylist():
        on, why = date_of(row["moved_on"]), _why(row, span)
        move = Move(row["customer_id"], row["from_stage"], row["to_stage"], on, why, row["orders"])
        found.setdefault(row["kind"], []).append(move)
    return {kind: tuple(rows) for kind, rows in found.items()}


def _why(row: Mapping[str, Any], span: _Span) -> str:
    """Why somebody is in a list: the stage's own sentence, but for an order what it ended and when the next is due."""
    if row["kind"] == "overdue" or not row["by_order"]:
        return str(row["because"])
    due = f"not overdue before {span.said(row['overdue_at'])}."
    if row["kind"] == "first" or row["before_on"] is None:
        return f"{many(row['orders'], 'order')} so far; {due}"
    return f"Ordered again after {many(row['moved_on'] - row['before_on'], 'day')}; {due}"


def _due(engine: DuckDB, span: _Span) -> DueSoon:
    week_at, fortnight_at = (start_of_day(min(span.day + days, LAST_DAY), span.zone) for days in (7, 14))
    found = engine.run(_SQL, "gather", "due", week_at=week_at, fortnight_at=fortnight_at).fetchall()
    fortnight, week, loyal = (int(n) for n in found[0])
    rows = engine.table(_SQL, "gather", "dues", fortnight_at=fortnight_at, as_of=span.as_of, rows=ROWS).to_pylist()
    return DueSoon(week, fortnight, loyal, tuple(
        Due(
            row["customer_id"], row["stage"], date_of(day_of(row["overdue_at"], span.zone)),
            f"Last order {span.said(row['last_order_at'])}, the next usually by {span.said(row['expected_next_at'])}.",
            row["orders"], late=bool(row["late"]),
        )
        for row in rows
    ))  # fmt: skip


def _missed(engine: DuckDB) -> MissedSeason | None:
    found = engine.run(_SQL, "gather", "missed_seasons").fetchall()
    return MissedSeason(found[0][1], date_of(found[0][0])) if found else None
