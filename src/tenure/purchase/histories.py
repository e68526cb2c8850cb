"""Everybody's orders as arrays, and where each customer stands on a day: what the models are fitted to and judged by.

A day is a whole number of days since 1970-01-01 in the shop's zone. Orders of one day are one occasion. On day T all
that counts happened before it; now is the last whole day, T - 1, and a horizon of H days is T to T + H - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled
from tenure.purchase.gamma_gamma import Spends
from tenure.purchase.summary import Summary

if TYPE_CHECKING:
    from typing import Self

__all__ = ["NEVER", "RECENT", "Gaps", "Histories", "Outcome", "Standing", "Timekeeper"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER: Final = 2**31
"""The day on which an order that stands stops counting."""
RECENT: Final = (30.0, 90.0, 180.0)
"""Days of the clock within which recent orders are counted."""
PIECE: Final = 32_768
"""Orders at a time: arithmetic on them stays in the processor's cache."""
DENSE: Final = 4
"""Numbers that lie within so many times their count are sorted by counting."""


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

    def of(self, orders: Flags) -> Self:
        """The same for some of the orders."""
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
        order = _sorted(customer, _sorted(day, np.arange(len(day))))
        customer, day = customer[order], day[order]
        ends = np.full(len(day), NEVER) if ends is None else np.asarray(ends, np.int64)[order]
        amount = np.full(len(day), np.nan) if amount is None else np.asarray(amount, np.float64)[order]
        return cls(customer, day, ends, amount, keeper)

    def some(self, most: int) -> Histories:
        """At most so many customers, evenly by their numbers; everybody if there are no more."""
        people = np.unique(self.customer)
        if len(people) <= most:
            return self
        chosen = np.isin(self.customer, people[np.linspace(0, len(people) - 1, most).astype(np.intp)])
        keeper = None if self.keeper is None else self.keeper.of(chosen)
        return Histories(self.customer[chosen], self.day[chosen], self.ends[chosen], self.amount[chosen], keeper)

    def before(self, origin: int) -> Flags:
        """The orders that count on day `origin`."""
        return (self.day < origin) & (self.ends >= origin)

    def at(self, origin: int) -> Standing:
        """Where everybody stands who ordered before day `origin`."""
        rows = self.before(origin)
        found = [self._stand(origin, rows, piece) for piece in self._pieces()]
        told = _Told(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
        spread = _spend_spread(told.logs, told.log_sum, told.log_squares)
        gaps = Gaps(told.last_gap, told.gap_logs, told.gap_log_squares)
        return Standing(
            origin, told.customer, told.x, told.t_x, told.age, gaps, told.recent, told.spent, told.paid,
            told.spent_again, told.paid_again, told.first_on, told.last_on, told.group, spread, self.keeper,
        )  # fmt: skip

    def _pieces(self) -> list[slice]:
        """The orders of a few customers at a time; of all together where clocks have to be told."""
        n = len(self.customer)
        if self.keeper is not None or n <= PIECE:
            return [slice(0, n)]
        cuts = np.searchsorted(self.customer, self.customer[PIECE::PIECE])
        return [slice(begin, end) for begin, end in pairwise(np.unique([0, *cuts, n]))]

    def _stand(self, origin: int, rows: Flags, piece: slice) -> _Told:
        """Where those stand whose orders are in this piece; `rows`: the orders that count."""
        kept = rows[piece]
        customer, day, amount = _occasions(self.customer[piece][kept], self.day[piece][kept], self.amount[piece][kept])
        begin = np.flatnonzero(_changes(customer))
        people = customer[begin]
        group, time, now = self._timed(origin, people, rows, begin, day)
        last = np.r_[begin[1:], len(customer)] - 1 if len(begin) else begin
        many = last - begin + 1
        waited = np.repeat(now, many) - time
        lately = np.column_stack([_sums((waited < span).astype(np.float64), begin) for span in RECENT])
        later = np.ones(len(amount), bool)
        later[begin] = False
        return _Told(
            people, (many - 1).astype(np.float64), time[last] - time[begin], now - time[begin],
            *_gaps(time, begin, last), lately,
            *_means(amount, begin, np.ones(len(amount), bool)), *_means(amount, begin, later),
            day[begin], day[last], group, *_logs(amount, begin),
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


class _Told(NamedTuple):
    """`Standing` in columns; logs, log_sum, log_squares: of each customer's amounts above 0."""

    customer: Ints
    x: Floats
    t_x: Floats
    age: Floats
    last_gap: Floats
    gap_logs: Floats
    gap_log_squares: Floats
    recent: Floats
    spent: Floats
    paid: Floats
    spent_again: Floats
    paid_again: Floats
    first_on: Ints
    last_on: Ints
    group: Ints
    logs: Floats
    log_sum: Floats
    log_squares: Floats


def _sorted(number: Ints, order: Ints) -> Ints:
    """The places in `order` by rising numbers there; of equal ones in the order that they have."""
    there = number if len(number) < 2 or (order[1:] > order[:-1]).all() else number[order]
    if (there[1:] >= there[:-1]).all():
        return order
    low, span = int(number.min()), int(number.max()) - int(number.min()) + 1
    if span > DENSE * len(number):
        return order[np.argsort(there, kind="stable")]
    # what may not be written to would be compiled on its own
    return _counted(np.require(there, requirements=["C", "W"]), order, low, span)


@compiled
def _counted(there: Ints, order: Ints, low: int, span: int) -> Ints:
    """`order` by rising numbers `there`, which lie from `low` on within `span`."""
    begin = np.zeros(span + 1, np.int64)
    for i in range(len(there)):
        begin[there[i] - low + 1] += 1
    for i in range(span):
        begin[i + 1] += begin[i]
    out = np.empty_like(order)
    for i in range(len(there)):
        at = there[i] - low
        out[begin[at]] = order[i]
        begin[at] += 1
    return out


def _changes(*columns: Ints) -> Flags:
    """Where a row differs from the one before; the first does."""
    begins = np.zeros(len(columns[0]), bool)
    begins[:1] = True
    for column in columns:
        begins[1:] |= column[1:] != column[:-1]
    return begins


def _sums(values: Floats, begin: npt.NDArray[np.intp]) -> Floats:
    """Of each stretch that begins there, to the next."""
    return np.add.reduceat(values, begin) if len(begin) else np.empty(0)


def _occasions(customer: Ints, day: Ints, amount: Floats) -> tuple[Ints, Ints, Floats]:
    """Orders of one customer and day as one."""
    begins = _changes(customer, day)
    if begins.all():
        return customer, day, amount
    return customer[begins], day[begins], _sums(amount, np.flatnonzero(begins))


def _gaps(time: Floats, begin: npt.NDArray[np.intp], last: npt.NDArray[np.intp]) -> Gaps:
    gap = np.diff(time, prepend=0.0)
    # half a day at least: on a seasonal clock a whole day out of season is next to nothing
    logs = np.log(np.maximum(gap, 0.5))
    logs[begin] = 0.0
    return Gaps(np.where(last > begin, gap[last], 0.0), _sums(logs, begin), _sums(logs * logs, begin))


def _means(amount: Floats, begin: npt.NDArray[np.intp], counted: Flags) -> tuple[Floats, Floats]:
    """Mean of the known amounts of each customer (NaN without any), and how many are known."""
    known = counted & np.isfinite(amount)
    n, total = _sums(known.astype(np.float64), begin), _sums(np.where(known, amount, 0.0), begin)
    return np.where(n > 0, total / np.maximum(n, 1.0), np.nan), n


def _logs(amount: Floats, begin: npt.NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """Of the amounts above 0 of each customer: how many, the sum of their logarithms and of the squares of these."""
    with np.errstate(invalid="ignore"):
        counted = amount > 0.0
    logs = np.log(np.where(counted, amount, 1.0))
    return _sums(counted.astype(np.float64), begin), _sums(logs, begin), _sums(logs * logs, begin)


def _spend_spread(n: Floats, total: Floats, squares: Floats) -> float | None:
    """Standard deviation pooled within customers, of what `_logs` gives; None where nobody has two."""
    degrees = float(np.maximum(n - 1.0, 0.0).sum())
    if degrees < 1.0:
        return None
    return float(np.sqrt(max(float((squares - total**2 / np.maximum(n, 1.0)).sum()), 0.0) / degrees))
