"""Who keeps ordering and who came a second time, counted where the passages lie: no customer becomes a row of Python.

The same numbers as `tenure.measure.retention` finds from arrays of all occasions, which a server has no room for.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tenure.engine.base import statement
from tenure.measure.retention import HORIZONS, Cohort, SecondPurchase, Within, periods, wilson
from tenure.periods import DAY_US, calendar, date_of, day_number, day_of
from tenure_app.insight.reading import col, lit

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading

__all__ = ["Returned", "returned"]

_PACKAGE: Final = "tenure_app.web"
_MONTHLY_DAYS: Final = 915
"""Cohorts are months up to thirty of them, then quarters."""
_BITS: Final = 62
_NEVER: Final = 2**62
_AT_ONCE: Final = 150_000
_SLICES: Final = 64

Returned = tuple[str, tuple[Cohort, ...], tuple[SecondPurchase, ...]]
"""Month or quarter, then retention and second orders of every cohort that has anybody, oldest first."""


def returned(reading: Reading, on: date) -> Returned:
    """Cohorts of the picture, whose day is `on`. Of more than 62 periods only the retention of the latest is known."""
    asked = reading.table("passages").filter(col("last_order_at") < lit(reading.as_of))
    ((first_at, least, most),) = asked.aggregate("min(last_order_at), min(c), max(c)").fetchall()
    if first_at is None:
        return "month", (), ()
    first, last = day_of(first_at, reading.zone), day_number(on)
    months = 3 if last - first > _MONTHLY_DAYS else 1
    starts = periods(first, last, months=months)
    low = max(0, len(starts) - _BITS)
    _lay(reading, first, last, starts)
    _gather(reading, low, range(least, most + 1, max(_AT_ONCE, -(-(most + 1 - least) // _SLICES))))
    sizes = {period: (n, again) for period, n, again in _rows(reading, "sizes")}
    table = {(a, b): n for a, b, n in _rows(reading, "kept", low=low, high=len(starts))}
    finished = int(np.searchsorted(starts[1:], last, side="right"))
    within = {days: {row[0]: row[1:] for row in _rows(reading, "within", days=days, last=last)} for days in HORIZONS}
    reading.connection.execute("DROP TABLE buyers")
    reading.connection.unregister("turns")
    kept = tuple(
        Cohort(_date(starts[i]), n, tuple(table.get((i, k), 0) for k in range(i, max(finished, i))) if i >= low else ())
        for i, (n, _) in sizes.items()
    )
    second = tuple(
        SecondPurchase(_date(starts[i]), n, again, tuple(_within(days, *found.get(i, (0, 0, None)))
                                                         for days, found in within.items()))
        for i, (n, again) in sizes.items()
    )  # fmt: skip
    return ("quarter" if months == 3 else "month"), kept, second


def _gather(reading: Reading, low: int, slices: range) -> None:
    """The table `buyers`, some customers at a time: a web process has little memory, and they lie in their order."""
    reading.connection.execute(statement(_PACKAGE, "returning", "nobody_yet"))
    asked = {"as_of": reading.as_of, "low": low}
    for first in slices:
        said = {**asked, "first": first, "next": first + slices.step}
        reading.connection.execute(statement(_PACKAGE, "returning", "buyers"), said)


def _rows(reading: Reading, name: str, **params: int) -> list[tuple[int, ...]]:
    return reading.connection.execute(statement(_PACKAGE, "returning", name), params or None).fetchall()


def _date(day: np.int64) -> date:
    return date_of(int(day))


def _within(days: int, observed: int, again: int, median: float | None) -> Within:
    if not observed:
        return Within(days, 0, 0, None, None, None, None)
    low, high = wilson(again, observed)
    return Within(days, observed, again, again / observed, low, high, None if median is None else float(median))


def _lay(reading: Reading, first: int, last: int, starts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    """The table `turns` of the days from the first order's to the picture's: utc_day, day and period as it begins,
    next_at and after_at (when the next local days begin), period_at (when the next period does)."""
    days = calendar(first - 2, last + 3, reading.zone)
    utc = np.arange(first - 1, last + 2, dtype=np.int64)
    place = np.searchsorted(days.start_at, utc * DAY_US, side="right") - 1
    local = days.day[place]
    turn_at = days.start_at[np.clip(np.searchsorted(days.day, starts), 0, len(days.start_at) - 1)]
    turn_at = np.where(starts > days.day[-1], _NEVER, np.where(starts < days.day[0], -_NEVER, turn_at))
    period = np.searchsorted(starts, local, side="right") - 1
    reading.connection.register("turns", pa.table({
        "utc_day": utc.astype(np.int32), "day": local.astype(np.int32), "period": period.astype(np.int32),
        "next_at": days.start_at[place + 1], "after_at": days.start_at[place + 2],
        "period_at": np.append(turn_at, _NEVER)[period + 1],
    }))  # fmt: skip
