"""The seasonal clock: days counted fast in season and slowly out of it, and when seasons begin and end.

A year of 365.25 days has 52 parts of equal length; a part's weight is how fast the clock runs in it (mean 1). The
weights come from the policy (`declared`) or from past orders (`tenure.lifecycle.learning`). docs/reference/rules.md
section 4 has the rule to the letter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenure.lifecycle.policy import Season

__all__ = ["CALENDAR", "FLOOR", "PARTS", "YEAR_DAYS", "Clock", "declared"]

YEAR_DAYS: Final = 365.25
PARTS: Final = 52
EDGES: Final = np.arange(PARTS + 1) * YEAR_DAYS / PARTS
FLOOR: Final = 0.05
SEASON_SHARE: Final = 0.8
_NOISE: Final = 1e-9  # sums of 52 floats are no nearer than this

Floats = NDArray[np.float64]
Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """A clock of 52 weights of mean 1, and the months of its seasons if they were declared.

    `cumulative` (53,) holds the clock days from the year's start to each part's edge; `run` is the first part and the
    number of parts of the shortest run around the year with 80 % of the clock; `seasonal` is whether its seasons, by
    `months` if there are any, else by `run`, cover at most half a year; `plain` is whether it is the calendar.
    """

    weights: Floats
    months: tuple[int, ...] = ()
    cumulative: Floats = field(init=False)
    run: tuple[int, int] = field(init=False)
    seasonal: bool = field(init=False)
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        weights = np.array(self.weights, np.float64)
        cumulative = np.r_[0.0, np.cumsum(weights)] * YEAR_DAYS / PARTS
        cumulative[-1] = YEAR_DAYS
        run = _shortest_run(weights)
        set_ = object.__setattr__
        for name, value in (("weights", weights), ("cumulative", cumulative)):
            value.flags.writeable = False
            set_(self, name, value)
        set_(self, "run", run)
        set_(self, "plain", bool((weights == 1.0).all()))
        set_(self, "seasonal", len(self.months) <= 6 if self.months else run[1] <= PARTS // 2)

    def lam(self, days: ArrayLike) -> Floats:
        """Clock days since 1970-01-01 of calendar days since then; negative days too."""
        days = np.asarray(days, np.float64)
        if self.plain:
            return days
        year = np.floor(days / YEAR_DAYS) * YEAR_DAYS
        return np.asarray(year + np.interp(days - year, EDGES, self.cumulative))

    def lam_inv(self, clock_days: ArrayLike) -> Floats:
        """The calendar days of clock days: the inverse of `lam`."""
        clock_days = np.asarray(clock_days, np.float64)
        if self.plain:
            return clock_days
        year = np.floor(clock_days / YEAR_DAYS) * YEAR_DAYS
        return np.asarray(year + np.interp(clock_days - year, self.cumulative, EDGES))

    def seasons(self, first_day: int, last_day: int) -> tuple[Days, Days]:
        """First days of the seasons that overlap `[first_day, last_day]`, and the days after their last, in order.

        At least one season that begins after `last_day` is among them, and one that ended before `first_day`.
        ValueError if the clock is not seasonal.
        """
        if not self.seasonal:
            raise ValueError("a clock without a season has no season's end")
        first_year, last_year = (int(np.floor(day / YEAR_DAYS)) for day in (first_day, last_day))
        years = np.arange(first_year - 2, last_year + 3)
        return _by_months(self.months, years) if self.months else _by_parts(*self.run, years)

    def season_end_after(self, days: ArrayLike) -> Days:
        """The day after the last of the first season that begins after each day (a day of a season: the next one)."""
        days = np.asarray(days).astype(np.int64)
        if days.size == 0:
            return days
        starts, ends = self.seasons(int(days.min()), int(days.max()))
        return np.asarray(ends[np.searchsorted(starts, days, side="right")])

    def season_ending_after(self, day: int) -> tuple[int, int]:
        """First day, and day after the last, of the first season that ends after `day` (its end > `day`)."""
        starts, ends = self.seasons(day, day)
        place = int(np.searchsorted(ends, day, side="right"))
        return int(starts[place]), int(ends[place])


def _shortest_run(weights: Floats) -> tuple[int, int]:
    """First part and length of the shortest run with 80 % of the clock; ties: larger sum, then lower first part."""
    ring = np.r_[0.0, np.cumsum(np.r_[weights, weights])]
    for length in range(1, PARTS + 1):
        sums = ring[length : length + PARTS] - ring[:PARTS]
        best = float(sums.max())
        if best >= SEASON_SHARE * PARTS - _NOISE:
            return int(np.flatnonzero(sums >= best - _NOISE)[0]), length
    raise ValueError("weights must have the mean 1")


def _by_months(months: Iterable[int], years: Days) -> tuple[Days, Days]:
    """Starts and ends of the maximal runs of `months`, for years since 1970."""
    in_season = [month in set(months) for month in range(1, 13)]
    firsts = [month for month in range(12) if in_season[month] and not in_season[month - 1]]
    starts, ends = [], []
    for first in firsts:
        length = next(count for count in range(1, 13) if not in_season[(first + count) % 12])
        starts.append(years * 12 + first)
        ends.append(years * 12 + first + length)
    return np.sort(_first_days(np.concatenate(starts))), np.sort(_first_days(np.concatenate(ends)))


def _first_days(months: Days) -> Days:
    """Days since 1970-01-01 of the first days of months since January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _by_parts(first: int, length: int, years: Days) -> tuple[Days, Days]:
    """Starts and ends of a run of parts, for clock years since 1970."""
    # 365.25 / 52 = 1461 / 208: in whole numbers the ceiling has no float trouble.
    starts, ends = ((PARTS * years + part) * 1461 for part in (first, first + length))
    return -(-starts // 208), -(-ends // 208)


CALENDAR: Final = Clock(np.ones(PARTS))


def declared(season: Season, shifted: bool) -> Clock:
    """The clock of a season of the policy; `shifted` moves its months by six, for the other hemisphere."""
    months = tuple(sorted((month + 5) % 12 + 1 for month in season.months)) if shifted else season.months
    if season.weights is None:
        by_month = np.array([1.0 if month in months else FLOOR for month in range(1, 13)])
    else:
        by_month = np.roll(np.array(season.weights), 6 if shifted else 0)
    middles = (np.arange(PARTS) + 0.5) / PARTS * 12
    weights = np.interp(middles, np.arange(12) + 0.5, by_month, period=12)
    weights = np.maximum(weights / weights.mean(), FLOOR)
    return Clock(weights / weights.mean(), months)
