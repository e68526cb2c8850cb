"""Who came back, by the time of their first order: cohort retention and the second purchase.

Everything is counted on *occasions*: distinct (customer, local day) pairs, so two orders on one day are one visit to
the shop. Days are whole days since 1970-01-01 in the shop's zone. `as_of_day` is exclusive like every as-of: days
before it are known in full, the day itself is not, and occasions on or after it are left out.

Why a share within 90 days is counted only over customers seen for 90 days: somebody whose first order was last week
had no chance yet to come back on day 40, and leaving only the early returners of that week in the count (the
immortal-time trick) would lift the share. So a customer is in the numerator only if they are in the denominator, and
they are in the denominator only if all `days` days after their first one are before `as_of_day`, whether or not they
have come back already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "HORIZONS", "Z95", "Cohort", "SecondPurchase", "Within", "cohorts", "periods", "second_purchases", "wilson",
]  # fmt: skip

Days = npt.NDArray[np.int64]

HORIZONS = (30, 90, 180, 365)
Z95 = 1.959963984540054
"""Of 95 % of a normal distribution: how many standard errors its middle reaches to each side."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers whose first order fell into one calendar period.

    start_on: the first day of that period.
    customers: how many they are.
    ordered: how many of them had an occasion in the period itself (always all), the next one, the one after, and so
        on; only periods that were over by the as-of day, so the cohort of an unfinished period has none.
    """

    start_on: date
    customers: int
    ordered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A share that came back within `days` days, over the customers seen for that long.

    observed: customers whose first `days` days after the first order are all known.
    again: how many of those had a second occasion at most `days` days after the first.
    share: again / observed, None if nobody was observed that long; low, high: its 95 % interval (Wilson).
    median_days: median days from first to second occasion among those `again`, None if there are none.
    """

    days: int
    observed: int
    again: int
    share: float | None
    low: float | None
    high: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class SecondPurchase:
    """The second purchase of one cohort: `again` of `customers` have one by the as-of day; `within` by horizon."""

    start_on: date
    customers: int
    again: int
    within: tuple[Within, ...]


class _Firsts(NamedTuple):
    """Occasions sorted by customer and day, and where each customer's begin."""

    day: Days
    owner: Days  # position of the occasion's customer, 0..customers-1
    at: Days  # position of each customer's first occasion
    cohort: Days  # period of that occasion, per customer


def periods(first_day: int, as_of_day: int, *, months: int = 1) -> Days:
    """First days of calendar periods of `months` months (1, 3 or 12), from the one that holds `first_day` to the first
    after `as_of_day`.

    Days since 1970-01-01, ascending; every day from `first_day` up to `as_of_day` lies in [p[i], p[i+1]) of exactly
    one i.
    """
    begin = _month(first_day) // months * months
    end = _month(max(as_of_day, first_day)) // months * months + 2 * months
    return np.arange(begin, end, months).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _month(day: int) -> int:
    on = EPOCH + timedelta(days=day)
    return (on.year - 1970) * 12 + on.month - 1


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval for a share of `hits` in `n` (95 % by default), both ends in [0, 1].

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
    Raises ValueError unless 0 <= hits <= n and n >= 1: an interval over nobody does not exist.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"a share needs 0 <= hits <= n and n >= 1, got {hits} of {n}")
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # At 0 of n and n of n one end is exactly 0 or 1; rounding must not leave 1e-17 there.
    return 0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == n else min(1.0, middle + half)


def cohorts(customer: Days, day: Days, *, starts: Days, as_of_day: int) -> tuple[Cohort, ...]:
    """Retention of first-order cohorts, oldest first.

    customer, day: one entry per order (any order, repeats allowed), integer customer numbers and days since 1970-01-01.
    starts: first days of the periods, as `periods` gives them. The answer has one entry per period from the first to
    the last in which anybody began, those without a beginner included. Raises ValueError for a day before `starts[0]`
    or unequal lengths.
    """
    first = _firsts(customer, day, starts, as_of_day)
    if not len(first.cohort):
        return ()
    step = _period(first.day, starts) - first.cohort[first.owner]
    once = np.ones(len(step), dtype=bool)  # one mark per customer and period, however many occasions it holds
    once[1:] = (step[1:] != step[:-1]) | (first.owner[1:] != first.owner[:-1])
    width = len(starts)
    table = np.bincount(first.cohort[first.owner[once]] * width + step[once], minlength=width * width).reshape(
        width, width
    )
    finished = int(np.searchsorted(starts[1:], as_of_day, side="right"))
    span = range(int(first.cohort.min()), int(first.cohort.max()) + 1)
    return tuple(
        Cohort(_date(starts[i]), int(table[i, 0]), tuple(int(n) for n in table[i, : max(0, finished - i)]))
        for i in span
    )


def second_purchases(
    customer: Days, day: Days, *, starts: Days, as_of_day: int, horizons: Sequence[int] = HORIZONS
) -> tuple[SecondPurchase, ...]:
    """How many of each first-order cohort had a second occasion within each horizon (days), oldest cohort first.

    Arguments and errors as in `cohorts`; see the module's text for who is counted.
    """
    first = _firsts(customer, day, starts, as_of_day)
    if not len(first.cohort):
        return ()
    begun = first.day[first.at]
    gap = np.full(len(begun), np.iinfo(np.int64).max)
    following = first.at + 1
    again = following < np.append(first.at[1:], len(first.day))
    gap[again] = first.day[following[again]] - begun[again]
    seen = as_of_day - 1 - begun
    out = []
    for i in range(int(first.cohort.min()), int(first.cohort.max()) + 1):
        mine = first.cohort == i
        rows = tuple(_within(gap[mine], seen[mine], days) for days in horizons)
        out.append(SecondPurchase(_date(starts[i]), int(mine.sum()), int((mine & again).sum()), rows))
    return tuple(out)


def _within(gap: Days, seen: Days, days: int) -> Within:
    observed = gap[seen >= days]
    back = observed[observed <= days]
    if not len(observed):
        return Within(days, 0, 0, None, None, None, None)
    low, high = wilson(len(back), len(observed))
    median = float(np.median(back)) if len(back) else None
    return Within(days, len(observed), len(back), len(back) / len(observed), low, high, median)


def _firsts(customer: Days, day: Days, starts: Days, as_of_day: int) -> _Firsts:
    if len(customer) != len(day):
        raise ValueError(f"one day per customer number, got {len(customer)} and {len(day)}")
    known = day < as_of_day
    owner, on = customer[known], day[known]
    if len(on) and on.min() < starts[0]:
        raise ValueError(f"day {on.min()} lies before the first period, which starts on day {starts[0]}")
    order = np.lexsort((on, owner))
    owner, on = owner[order], on[order]
    distinct = np.ones(len(on), dtype=bool)
    distinct[1:] = (owner[1:] != owner[:-1]) | (on[1:] != on[:-1])
    owner, on = owner[distinct], on[distinct]
    begins = np.ones(len(on), dtype=bool)
    begins[1:] = owner[1:] != owner[:-1]
    at = np.flatnonzero(begins).astype(np.int64)
    return _Firsts(on, np.cumsum(begins) - 1, at, _period(on[at], starts))


def _period(day: Days, starts: Days) -> Days:
    return (np.searchsorted(starts, day, side="right") - 1).astype(np.int64)


def _date(day: np.int64) -> date:
    return EPOCH + timedelta(days=int(day))
