"""Counts over a reading as pages show them: periods, flows between stages, who moved, how it was over time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from tenure.draw import Level
from tenure.lifecycle.trace import STAGES
from tenure.periods import date_of, day_number, day_of, start_of_day
from tenure_app.insight.moving import NOBODY, among, moved
from tenure_app.insight.reading import col, lit

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from tenure_app.insight.reading import Reading

__all__ = [
    "EVERY",
    "ON_TIME",
    "QUIET",
    "Period",
    "between",
    "came",
    "levels",
    "movers",
    "period_before",
    "periods_before",
    "staged",
    "totals",
]

EVERY: Final = ("week", "month", "quarter", "year")
ON_TIME: Final = ("new", "active", "loyal")
QUIET: Final = ("lapsed", "inactive")
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_POINTS: Final = 240

Flows = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Period:
    """The days `start` up to but not including `end`, and their first instants in the shop's zone."""

    start: date
    end: date
    start_at: int
    end_at: int


def _period(start: date, end: date, zone: str) -> Period:
    return Period(start, end, *(start_of_day(day_number(on), zone) for on in (start, end)))


def _months_before(on: date, months: int) -> date:
    ordinal = on.year * 12 + on.month - 1 - months
    year, month = divmod(ordinal, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def period_before(end: date, every: str, zone: str) -> Period:
    """The week, month, quarter or year that ends as `end` begins."""
    start = end - timedelta(days=7) if every == "week" else _months_before(end, _MONTHS[every])
    return _period(start, end, zone)


def periods_before(end: date, every: str, zone: str, first: date, most: int) -> list[Period]:
    """Up to `most` whole calendar weeks, months, quarters or years that end by `end` and begin after the day `first`,
    the latest first; they are the same whatever the day, so what was counted of them is remembered."""
    if every == "week":
        last = end - timedelta(days=end.weekday())
    else:
        step = _MONTHS[every]
        last = end.replace(day=1, month=(end.month - 1) // step * step + 1)
    found = []
    while len(found) < most:
        period = period_before(last, every, zone)
        if period.start <= first:
            break
        found.append(period)
        last = period.start
    return found


def totals(parts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """People by stage, all six."""
    found = dict.fromkeys((stage for stage, _ in STAGES), 0)
    for (stage, _), n in parts.items():
        found[stage] += n
    return found


def staged(coded: Mapping[tuple[int, int], int]) -> dict[tuple[str, str], int]:
    """Flows between stages, of flows between codes; arrivals come from ""."""
    found: dict[tuple[str, str], int] = {}
    for (a, b), n in coded.items():
        key = ("" if a == NOBODY else STAGES[a][0], STAGES[b][0])
        found[key] = found.get(key, 0) + n
    return found


def between(coming: Flows, origins: Collection[str], ends: Collection[str]) -> int:
    """How many moved from any of these stages ("" for nobody) to any of those."""
    return sum(n for (a, b), n in coming.items() if a in origins and b in ends and a != b)


def movers(
    reading: Reading, start_at: int, origins: Collection[int], ends: Collection[int], most: int
) -> list[dict[str, object]]:
    """The first people who stood in one of the codes at the start and now stand in one of those: who spent most first.

    The columns of `people` and `stood`.
    """
    there = came(reading, start_at, origins, ends).select("c", "stood", "spent_minor", "orders")
    ranked = there.sort(col("spent_minor").desc().nulls_last(), col("orders").desc(), col("c")).limit(most)
    first = {c: stood for c, stood, _, _ in ranked.fetchall()}
    rows = reading.people(list(first))
    return [{**rows[c], "stood": stood} for c, stood in first.items()]


def came(reading: Reading, start_at: int, origins: Collection[int], ends: Collection[int]) -> DuckDBPyRelation:
    """The rows of the picture of who stood in one of the codes at the start (NOBODY: was not known) and stands in one
    of those now, with `stood`; no codes: any."""
    people = reading.table("people")
    if ends:
        people = people.filter(among("code", ends))
    people = people.set_alias("p")
    if origins and ends and not set(origins) & set(ends):
        # nobody among them stayed: only who moved is looked at
        who = moved(reading, start_at, reading.as_of, origins, ends)
        return people.join(who.select(col("c").alias("c"), col("stood").alias("stood")).set_alias("s"), "c")
    stood = reading.codes_at(start_at).select(col("c").alias("c"), col("code").alias("stood"))
    joined = people.join(stood.set_alias("s"), "c", how="left")
    if not origins:
        return joined
    known = [code for code in origins if code != NOBODY]
    asked = among("stood", known) if known else lit(False)
    return joined.filter(asked | col("stood").isnull() if NOBODY in origins else asked)


def levels(reading: Reading, last: date) -> tuple[Level, ...]:
    """People by stage and detail at up to 240 days, from the first fact's to `last`: the river."""

    def count() -> tuple[Level, ...]:
        first_day, last_day = day_of(reading.first_at, reading.zone), day_number(last)
        step = max(1, -(-(last_day - first_day) // _POINTS))
        days = list(range(last_day, first_day - 1, -step))[::-1]
        return _counted(reading, days) if len(days) > 1 else ()

    return reading.remembered(("levels", last), count, of_day=False)


def _counted(reading: Reading, days: list[int]) -> tuple[Level, ...]:
    """What changes from one local day to the next is counted at the first of the days after it."""
    change = np.zeros((len(STAGES), len(days)), np.int64)
    there = reading.table("steps").filter(col("day") < lit(days[-1]))
    for day, code, n in there.aggregate("day, code, CAST(sum(change) AS BIGINT) AS n").fetchall():
        change[code, int(np.searchsorted(days, day, side="right"))] += n
    return tuple(
        Level(date_of(day), stage, detail or "", int(n))
        for (stage, detail), row in zip(STAGES, np.cumsum(change, axis=1), strict=True)
        for day, n in zip(days, row, strict=True)
    )
