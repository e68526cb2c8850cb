"""Everybody's orders as arrays, and where each customer stands on a day: what the models are fitted to and judged by.

A day is a whole number of days since 1970-01-01 in the shop's zone. Orders of one day are one occasion. On day T all
that counts happened before it; now is the last whole day, T - 1, and a horizon of H days is T to T + H - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tenure.purchase.gamma_gamma import Spends
from tenure.purchase.summary import Summary

if TYPE_CHECKING:
    from typing import Self

__all__ = ["NEVER", "RECENT", "Histories", "Outcome", "Standing", "Timekeeper"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER: Final = 2**31
"""The day on which an order that stands stops counting."""
RECENT: Final = (30.0, 90.0, 180.0)
"""Days of the clock within which recent orders are counted."""


class Timekeeper(Protocol):
    """Days on the clock in force for a customer on a day: a seasonal shop's run fast in season."""

    def groups(self, origin: int, customer: Ints, rows: Flags) -> Ints:
        """The number of the clock of each of these customers on day `origin`; `rows`: the orders that count then."""
        ...

    def clock(self, group: int, days: Floats) -> Floats:
        """Days turned into days of the clock."""
        ...

    def calendar(self, group: int, days: Floats) -> Floats:
        """Days of the clock turned into days."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of those who stood somewhere, one entry each: occasions within the horizon, what they came to (minor
    units; NaN where any amount is unknown).
    """

    orders: Floats
    value: Floats


class Gaps(NamedTuple):
    """Of each customer: the last gap, the sum of the logarithms of all and of their squares; 0 where there is none."""

    last: Floats
    log_sum: Floats
    log_squares: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Customers who ordered before day `origin`, one entry each, by rising number. Times are days of their clock.

    customer: their number; x, t_x, age: as in `Summary`; silence: age - t_x; gaps; recent: (customers, len(RECENT))
    orders in the last days; spent: mean of what an occasion came to, NaN where no amount is known; paid: how many
    occasions have one; spent_again, paid_again: the same without the first occasion; first_on, last_on: days;
    group: the number of their clock, 0 for all without clocks. spend_spread: of all, the standard deviation of the
    logarithm of what an occasion came to around its customer's mean, None where nobody has two with an amount.
    """

    origin: int
    customer: Ints
    x: Floats
    t_x: Floats
    age: Floats
    gaps: Gaps
    recent: Floats
    spent: Floats
    paid: Floats
    spent_again: Floats
    paid_again: Floats
    first_on: Ints
    last_on: Ints
    group: Ints
    spend_spread: float | None
    keeper: Timekeeper | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        """How many customers."""
        return len(self.customer)

    @property
    def silence(self) -> Floats:
        """Time since the last order."""
        return self.age - self.t_x

    def summary(self) -> Summary:
        """For the models: distinct rows, with which is whose. Those whose clocks differ share no row, for their
        horizons differ.
        """
        kinds = None if self.keeper is None else self.group[:, None].astype(np.float64)
        made = Summary.of(self.x, self.t_x, self.age, covariates=kinds, log_gaps=float(self.gaps.log_sum.sum()))
        return made if kinds is None else replace(made, covariates=None, kind=np.zeros(made.n_distinct, np.int64))

    def spends(self, *, again: bool = True, minor: float = 1.0) -> Spends:
        """For Gamma-Gamma: of those with a known and positive mean, in units of `minor`; `again`: without first orders,
        as its authors have it.
        """
        x, mean = (self.paid_again, self.spent_again) if again else (self.paid, self.spent)
        known = (x > 0) & (mean > 0)
        return Spends.of(x[known], mean[known] / minor)

    def ahead(self, days: float) -> Floats:
        """How long the next `days` are on each customer's clock."""
        now = float(self.origin - 1)
        if self.keeper is None:
            return np.full(self.n, float(days))
        out = np.empty(self.n)
        for group in np.unique(self.group):
            first, last = self.keeper.clock(int(group), np.array([now, now + days]))
            out[self.group == group] = last - first
        return out

    def day_after(self, wait: Floats) -> Floats:
        """The day (a float since 1970-01-01) that lies so far ahead of now on each customer's clock; inf stays inf."""
        now = float(self.origin - 1)
        if self.keeper is None:
            return now + wait
        out = np.empty(self.n)
        for group in np.unique(self.group):
            mine = self.group == group
            start = self.keeper.clock(int(group), np.array([now]))
            finite = np.isfinite(wait[mine])
            days = self.keeper.calendar(int(group), start + np.where(finite, wait[mine], 0.0))
            out[mine] = np.where(finite, days, np.inf)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Orders, sorted by customer and day; arrays of one length.

    ends: the day from which an order no longer counts (cancelled, refunded in full), NEVER for one that stands; amount:
    minor units, NaN where unknown; keeper: the clocks, None for the plain calendar.
    """

    customer: Ints
    day: Ints
    ends: Ints
    amount: Floats
    keeper: Timekeeper | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, customer: npt.ArrayLike, day: npt.ArrayLike, amount: npt.ArrayLike | None = None,
        ends: npt.ArrayLike | None = None, keeper: Timekeeper | None = None,
    ) -> Self:  # fmt: skip
        """In any order."""
        customer, day = np.asarray(customer, np.int64), np.asarray(day, np.int64)
        ends = np.full(len(day), NEVER) if ends is None else np.asarray(ends, np.int64)
        amount = np.full(len(day), np.nan) if amount is None else np.asarray(amount, np.float64)
        order = np.lexsort((day, customer))
        return cls(customer[order], day[order], ends[order], amount[order], keeper)

    def before(self, origin: int) -> Flags:
        """The orders that count on day `origin`."""
        return (self.day < origin) & (self.ends >= origin)

    def at(self, origin: int) -> Standing:
        """Where everybody stands who ordered before day `origin`."""
        rows = self.before(origin)
        customer, day, amount = _occasions(self.customer[rows], self.day[rows], self.amount[rows])
        begin = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]]) if len(customer) else np.empty(0, np.intp)
        people = customer[begin]
        group, time, now = self._timed(origin, people, rows, begin, day)
        last = np.r_[begin[1:], len(customer)] - 1 if len(begin) else begin
        first_time, last_time = time[begin], time[last]
        many = (last - begin + 1).astype(np.float64)
        gaps = _gaps(time, begin, last)
        lately = np.column_stack([
            np.add.reduceat((np.repeat(now, many.astype(np.intp)) - time < span).astype(np.float64), begin)
            if len(begin) else np.empty(0) for span in RECENT
        ])  # fmt: skip
        spent, paid = _means(amount, begin, np.ones(len(amount), bool))
        later = np.ones(len(amount), bool)
        later[begin] = False
        again, paid_again = _means(amount, begin, later)
        return Standing(
            origin, people, many - 1.0, last_time - first_time, now - first_time, gaps, lately, spent, paid, again,
            paid_again, day[begin], day[last], group, _spend_spread(amount, begin), self.keeper,
        )  # fmt: skip

    def outcome(self, standing: Standing, horizon: int) -> Outcome:
        """What those who stood there ordered within `horizon` days, as it stands at the horizon's end."""
        end = standing.origin + horizon
        rows = (self.day >= standing.origin) & (self.day < end) & (self.ends >= end)
        customer, _, amount = _occasions(self.customer[rows], self.day[rows], self.amount[rows])
        if not standing.n:
            return Outcome(np.empty(0), np.empty(0))
        place = np.minimum(np.searchsorted(standing.customer, customer), standing.n - 1)
        known = standing.customer[place] == customer
        orders = np.bincount(place[known], minlength=standing.n).astype(np.float64)
        value = np.bincount(place[known], weights=amount[known], minlength=standing.n)
        return Outcome(orders, value.astype(np.float64))

    def _timed(
        self, origin: int, people: Ints, rows: Flags, begin: npt.NDArray[np.intp], day: Ints
    ) -> tuple[Ints, Floats, Floats]:
        """Each person's clock, each occasion's time on it, and each person's now."""
        days = day.astype(np.float64)
        if self.keeper is None:
            return np.zeros(len(people), np.int64), days, np.full(len(people), float(origin - 1))
        group = self.keeper.groups(origin, people, rows)
        many = np.diff(np.r_[begin, len(day)])
        whose, time, now = np.repeat(group, many), np.empty(len(day)), np.empty(len(people))
        for one in np.unique(group):
            time[whose == one] = self.keeper.clock(int(one), days[whose == one])
            now[group == one] = self.keeper.clock(int(one), np.array([float(origin - 1)]))[0]
        return group, time, now


def _occasions(customer: Ints, day: Ints, amount: Floats) -> tuple[Ints, Ints, Floats]:
    """Orders of one customer and day as one."""
    if not len(customer):
        return customer, day, amount
    begin = np.flatnonzero(np.r_[True, (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])])
    if len(begin) == len(customer):
        return customer, day, amount
    return customer[begin], day[begin], np.add.reduceat(amount, begin)


def _gaps(time: Floats, begin: npt.NDArray[np.intp], last: npt.NDArray[np.intp]) -> Gaps:
    if not len(begin):
        return Gaps(np.empty(0), np.empty(0), np.empty(0))
    gap = np.diff(time, prepend=0.0)
    # half a day at least: on a seasonal clock a whole day out of season is next to nothing
    logs = np.log(np.maximum(gap, 0.5))
    logs[begin] = 0.0
    last_gap = np.where(last > begin, gap[last], 0.0)
    return Gaps(last_gap, np.add.reduceat(logs, begin), np.add.reduceat(logs * logs, begin))


def _means(amount: Floats, begin: npt.NDArray[np.intp], counted: Flags) -> tuple[Floats, Floats]:
    """Mean of the known amounts of each customer (NaN without any), and how many are known."""
    if not len(begin):
        return np.empty(0), np.empty(0)
    known = counted & np.isfinite(amount)
    n = np.add.reduceat(known.astype(np.float64), begin)
    total = np.add.reduceat(np.where(known, amount, 0.0), begin)
    return np.where(n > 0, total / np.maximum(n, 1.0), np.nan), n


def _spend_spread(amount: Floats, begin: npt.NDArray[np.intp]) -> float | None:
    """Pooled within customers, of amounts above 0."""
    if not len(begin):
        return None
    with np.errstate(invalid="ignore"):
        counted = amount > 0.0
    logs, known = np.where(counted, np.log(np.where(counted, amount, 1.0)), 0.0), counted.astype(np.float64)
    n, total = np.add.reduceat(known, begin), np.add.reduceat(logs, begin)
    squares = np.add.reduceat(logs * logs, begin)
    degrees = float(np.maximum(n - 1.0, 0.0).sum())
    if degrees < 1.0:
        return None
    return float(np.sqrt(max(float((squares - total**2 / np.maximum(n, 1.0)).sum()), 0.0) / degrees))
