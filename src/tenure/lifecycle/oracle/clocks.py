"""Seasonal clocks: declared in the policy, or learnt from the order days of years before (rules, sections 4 and 6)."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.oracle.days import date_of, number_of
from tenure.lifecycle.oracle.policy import Season

__all__ = [
    "CALENDAR",
    "SHOP",
    "Clock",
    "Group",
    "Sale",
    "declared_clock",
    "gain_is_proven",
    "learnt_clocks",
    "learnt_weights",
    "part_of",
    "shortest_run",
]

Floats = NDArray[np.float64]

YEAR = 365.25
PARTS = 52
EDGES = np.arange(PARTS + 1) * YEAR / PARTS
ALMOST = 1e-9


class Group(NamedTuple):
    """A category, a region, both or (neither) the whole shop."""

    category: str | None
    region: str | None


SHOP = Group(None, None)


@dataclass(frozen=True)
class Clock:
    """A clock of 52 weights of mean 1 (none: the calendar); `months` are those of its declared seasons."""

    weights: tuple[float, ...] = ()
    months: tuple[int, ...] = ()
    lead_days: int = 14

    def lam(self, day: float) -> float:
        """Clock days at the start of a day."""
        if not self.weights:
            return day
        year = math.floor(day / YEAR) * YEAR
        return float(year + np.interp(day - year, EDGES, _cumulative(self.weights)))

    def lam_inv(self, clock_days: float) -> float:
        """The day (with its fraction) at which the clock stands at `clock_days`."""
        if not self.weights:
            return clock_days
        year = math.floor(clock_days / YEAR) * YEAR
        return float(year + np.interp(clock_days - year, _cumulative(self.weights), EDGES))

    def seasonal(self) -> bool:
        """Whether its seasons cover at most half of the year."""
        if self.months:
            return len(self.months) <= 6
        return bool(self.weights) and shortest_run(self.weights)[1] <= PARTS // 2

    def season_beginning_after(self, day: int) -> tuple[int, int]:
        """First day, and day after the last, of the first season that begins after `day`."""
        return min(season for season in self._seasons_around(day) if season[0] > day)

    def season_ending_after(self, day: int) -> tuple[int, int]:
        """First day, and day after the last, of the first season whose end is after `day`."""
        return min(season for season in self._seasons_around(day) if season[1] > day)

    def _seasons_around(self, day: int) -> list[tuple[int, int]]:
        if self.months:
            year = date_of(day).year
            return [season for y in range(year - 2, year + 3) for season in _seasons_by_months(self.months, y)]
        year, (first, length) = math.floor(day / YEAR), shortest_run(self.weights)
        return [(_part_start(y, first), _part_start(y, first + length)) for y in range(year - 2, year + 4)]


CALENDAR = Clock()


@cache
def _cumulative(weights: tuple[float, ...]) -> Floats:
    return np.concatenate([[0.0], np.cumsum(weights)]) * YEAR / PARTS


@cache
def shortest_run(weights: tuple[float, ...]) -> tuple[int, int]:
    """First part and length of the shortest run of parts (around the year's end) holding 80 % of the clock.

    Ties: the larger sum, then the lower first part; sums that differ by rounding only are equal.
    """
    for length in range(1, PARTS + 1):
        sums = [math.fsum(weights[(first + i) % PARTS] for i in range(length)) for first in range(PARTS)]
        largest = max(sums)
        if largest >= 0.8 * math.fsum(weights) - ALMOST:
            return next(first for first in range(PARTS) if sums[first] >= largest - ALMOST), length
    raise AssertionError("all parts hold the whole clock")


def _part_start(year: int, part: int) -> int:
    return math.ceil(year * YEAR + part * YEAR / PARTS)


def _seasons_by_months(months: Sequence[int], year: int) -> list[tuple[int, int]]:
    """The maximal runs of months that begin in `year`."""
    seasons = []
    for first in sorted(months):
        if (first - 2) % 12 + 1 in months:  # the month before is in season too: not the first of its run
            continue
        length = next(n for n in range(1, 13) if (first - 1 + n) % 12 + 1 not in months)
        seasons.append((_month_start(year, first), _month_start(year, first + length)))
    return seasons


def _month_start(year: int, month: int) -> int:
    return number_of(date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1))


@cache
def declared_clock(season: Season, shifted: bool) -> Clock:
    """The clock of a season of the policy, by six months `shifted` for the other hemisphere."""
    turn = 6 if shifted else 0
    months = tuple(sorted((month - 1 + turn) % 12 + 1 for month in season.months))
    by_month = [1.0 if month in months else 0.05 for month in range(1, 13)]
    if season.weights:
        by_month = [season.weights[(month - turn) % 12] for month in range(12)]
    centres = [month + 0.5 for month in range(12)]
    weights = np.interp((np.arange(PARTS) + 0.5) / PARTS * 12, centres, by_month, period=12)
    weights = np.maximum(weights / weights.mean(), 0.05)
    return Clock(tuple((weights / weights.mean()).tolist()), months, season.lead_days)


class Sale(NamedTuple):
    """An order that counts, as the clocks see it."""

    customer: int
    day: int
    category: str | None
    region: str | None


def learnt_weights(
    days: Sequence[int], month: float, years: int, parent: Floats, pseudo: float = 104.0, floor: float = 0.05
) -> Floats:
    """The 52 weights learnt from the order days of the last `years` full years before `month` (rhythm.md, section 5).

    Growth over the years is taken out, counts are smoothed over five parts and shrunk to the parent's weights.
    """
    seen = np.array([day for day in days if month - years * YEAR <= day < month], dtype=float)
    importance = np.ones(len(seen))
    if years >= 2:
        newest, oldest = np.sum(seen >= month - YEAR), np.sum(seen < month - (years - 1) * YEAR)
        growth = math.log((newest + 20) / (oldest + 20)) / (YEAR * (years - 1))
        importance = np.exp(-min(max(growth, -0.003), 0.003) * (seen - month))
    counts = np.zeros(PARTS)
    for day, share in zip(seen, importance, strict=True):
        counts[part_of(day)] += share
    counts = counts * len(seen) / max(counts.sum(), 1e-9)
    smooth = sum(np.roll(counts, shift) * share for shift, share in ((-2, 1), (-1, 2), (0, 3), (1, 2), (2, 1))) / 9
    weights = np.maximum((smooth * PARTS + pseudo * parent) / (counts.sum() + pseudo), floor)
    return np.asarray(weights / weights.mean())


def part_of(day: float) -> int:
    """Which of the 52 parts of the year a day is in."""
    return int((day % YEAR) / YEAR * PARTS) % PARTS


class _Learnt(NamedTuple):
    """Weights learnt up to a month and up to a year before it; `proven` if they are the group's own."""

    now: Floats
    before: Floats
    proven: bool


CALENDAR_WEIGHTS = _Learnt(np.ones(PARTS), np.ones(PARTS), proven=False)


def learnt_clocks(
    sales: Iterable[Sale], month: int, is_declared: Callable[[Group], bool], lead_days: int
) -> dict[Group, Clock]:
    """The groups with a clock of their own in the month that starts on day `month`, and those clocks.

    None before two full years are known. A group with a proven gain learns on from its parent's clock, one without
    stands in for its parent wherever it is a parent itself.
    """
    days: defaultdict[Group, set[tuple[int, int]]] = defaultdict(set)
    for sale in sales:
        for group in (SHOP, Group(sale.category, None), Group(None, sale.region), Group(sale.category, sale.region)):
            days[group].add((sale.customer, sale.day))
    first_day = min((day for _, day in days[SHOP]), default=month)
    years = min(4, math.floor((month - first_day) / YEAR))
    if years < 2:
        return {}

    @cache
    def in_force(group: Group) -> _Learnt:
        parent = CALENDAR_WEIGHTS if group == SHOP else in_force(_parent(group))
        order_days = sorted(days[group])
        before = learnt_weights([day for _, day in order_days], month - YEAR, years - 1, parent.before)
        if not gain_is_proven(order_days, month, before, parent.before):
            return parent._replace(proven=False)
        return _Learnt(learnt_weights([day for _, day in order_days], month, years, parent.now), before, proven=True)

    own = [group for group in list(days) if not is_declared(group) and in_force(group).proven]
    return {group: Clock(tuple(in_force(group).now.tolist()), lead_days=lead_days) for group in own}


def _parent(group: Group) -> Group:
    return Group(group.category, None) if group.category and group.region else SHOP


def gain_is_proven(order_days: Iterable[tuple[int, int]], month: int, own: Floats, parent: Floats) -> bool:
    """Whether `own` foretold the (customer, order day)s of the last year better than `parent`, beyond doubt."""
    gain_of: defaultdict[int, float] = defaultdict(float)
    count = 0
    for customer, day in order_days:
        if month - YEAR <= day < month:
            part = part_of(day)
            gain_of[customer] += math.log(own[part] / parent[part])
            count += 1
    spread = math.sqrt(math.fsum(gain**2 for gain in gain_of.values()))
    total = math.fsum(gain_of.values())
    return count > 0 and spread > 0 and total / count > 0.02 and total / spread > 2
