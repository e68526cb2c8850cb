"""What followed first orders with and without a discount: like is compared with like, and nobody says why.

A discount's *depth* is discount / (amount + discount), rounded to whole per cent, so that the cents to which a discount
of 20 % was rounded do not make 21 of it; a discount above 0 is at least 1 %. Everything is counted over customers who
were watched for a whole *window* of days after the day of their first order, as in `tenure.measure.retention`.

Who gets a discount often differs from who does not: in the channel they came by, in the month they came. So beside the
raw shares stand *adjusted* ones, by direct standardisation: within every stratum (a channel in a month) that holds
both kinds the shares are taken apart, and both kinds are put together again with the same weights
(`tenure.measure.difference`), by which many small strata together say most. What differs within a stratum stays in the
difference: only an experiment could tell what a discount does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.measure.difference import difference, weights
from tenure.measure.retention import Z95, wilson

__all__ = [
    "ANY", "BOUNDS", "DEPTHS", "FEW", "FULL", "UNKNOWN", "Always", "Cells", "Compared", "Curves", "Discounts", "Group",
    "Money", "Squares", "Sums", "always", "depth_of", "discounts",
]  # fmt: skip

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BOUNDS: Final = (10, 20, 30)
"""The deepest discounts, in per cent, of the classes 1, 2 and 3; class 4 is deeper."""
FULL: Final = 0
"""The class of first orders at full price."""
DEPTHS: Final = (0, 1, 2, 3, 4)
ANY: Final = 9
"""Stands for all classes with a discount together."""
UNKNOWN: Final = -1
"""The class of first orders of which it is not known whether they had a discount: never taken for full price."""
FEW: Final = 30
"""A share of fewer customers is marked."""


class Cells(NamedTuple):
    """Customers watched for the whole window, counted; equally long arrays, one element a cell, in any order.

    depth: class of the first order's discount (one of DEPTHS, or UNKNOWN); stratum: any number for channel and month;
    gap: days from the first order's day to the next day with an order, anything below 1 or above the window for who
    had none in it; customers: how many.
    """

    depth: Ints
    stratum: Ints
    gap: Ints
    customers: Ints


class Sums(NamedTuple):
    """What those customers ordered within the window, summed; arrays as in Cells, of the same strata and classes.

    minor: net money in minor units, the first order included; priced: orders of which an amount is known, the first
    included; later: orders on later days than the first; known: those of them of which it is known whether they had a
    discount; discounted: those that had one. off: what was taken off those of `priced` by discounts that are known, in
    minor units, None where nobody asked.
    """

    depth: Ints
    stratum: Ints
    minor: Floats
    priced: Ints
    later: Ints
    known: Ints
    discounted: Ints
    off: Floats | None = None


class Squares(NamedTuple):
    """The squares of what each of those customers spent within the window, summed over customers; arrays as in Cells,
    of the same strata and classes."""

    depth: Ints
    stratum: Ints
    squares: Floats


@dataclass(frozen=True, slots=True)
class Money:
    """Standardised net money a customer in minor units, in the class and at full price; the first less the second, and
    its 95 % interval."""

    each: float
    full: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Compared:
    """A class with a discount beside full price, over the strata that hold both.

    strata: how many; customers, full: of the class and at full price in them; of: customers of both anywhere. share,
    full_share: standardised shares who ordered again; difference: the first less the second, low and high its 95 %
    interval (`difference`). money: beside it the net money a customer; None where amounts are not known, and where no
    stratum holds two of a kind.
    """

    strata: int
    customers: int
    full: int
    of: int
    share: float
    full_share: float
    difference: float
    low: float
    high: float
    money: Money | None

    @property
    def part(self) -> float:
        """The share of the customers of both kinds that could be compared."""
        return (self.customers + self.full) / self.of


@dataclass(frozen=True, slots=True)
class Group:
    """Customers by the discount of their first order: a class of DEPTHS, ANY or UNKNOWN.

    customers: watched for the whole window; again: with an order on a later day within it; share: again / customers,
    low and high its 95 % interval (Wilson), None of nobody. later, known, discounted: their later orders as in Sums.
    each: net money a customer within the window, in minor units, None where no amount is known; off: what known
    discounts took off it, a customer, None where that was not asked either. compared: beside full
    price, None for full price itself, for UNKNOWN and where no stratum holds both.
    """

    depth: int
    customers: int
    again: int
    share: float | None
    low: float | None
    high: float | None
    later: int
    known: int
    discounted: int
    each: float | None
    compared: Compared | None
    off: float | None = None

    @property
    def few(self) -> bool:
        """Whether so few are in it that its share says little."""
        return self.customers < FEW

    def margin(self, share: float) -> float | None:
        """What is left a customer where the goods cost 1 - `share` of the price before the discount: the discount is
        taken off what is left, not off the cost. None where the money is not known, or a discount of a later order."""
        if self.each is None or self.off is None or self.known < self.later:
            return None
        return share * self.each - (1.0 - share) * self.off

    @property
    def later_share(self) -> float | None:
        """Of the later orders of which it is known, the share with a discount; None of none."""
        return self.discounted / self.known if self.known else None


@dataclass(frozen=True, slots=True)
class Curves:
    """The share who had ordered again by each day, 0 to the window, after a first order at full price and with a
    discount. customers, full: of how many."""

    full_share: tuple[float, ...]
    share: tuple[float, ...]
    full: int
    customers: int


@dataclass(frozen=True, slots=True)
class Discounts:
    """What followed first orders within `window` days.

    groups: full price, then the classes with a discount, shallow to deep, then UNKNOWN; any: all with a discount. raw,
    adjusted: the curves as they are, and over the strata that hold both; None where one of the two kinds is nobody.
    """

    window: int
    groups: tuple[Group, ...]
    any: Group
    raw: Curves | None
    adjusted: Curves | None

    @property
    def customers(self) -> int:
        """Everybody who was watched for the window."""
        return sum(one.customers for one in self.groups)

    @property
    def known(self) -> int:
        """Those of whose first order it is known whether it had a discount."""
        return sum(one.customers for one in self.groups if one.depth != UNKNOWN)


@dataclass(frozen=True, slots=True)
class Always:
    """Who never bought without a discount: `always` of `customers` with two orders or more, all of whose discounts are
    known. share and its 95 % interval (Wilson) are None of nobody."""

    customers: int
    always: int
    share: float | None
    low: float | None
    high: float | None


def always(hits: int, customers: int) -> Always:
    """The share who never bought without a discount, with its interval."""
    if not customers:
        return Always(0, 0, None, None, None)
    return Always(customers, hits, hits / customers, *wilson(hits, customers))


def depth_of(amount: int | None, discount: int | None) -> int:
    """The class of one order's discount; amount: what was paid, both in minor units, None: not known.

    UNKNOWN where no discount is known, and where there is one and no amount.
    """
    if discount is None or (discount and amount is None):
        return UNKNOWN
    if not discount:
        return FULL
    percent = max(1, int(100 * abs(discount) / ((amount or 0) + abs(discount)) + 0.5))
    return 1 + sum(percent > bound for bound in BOUNDS)


def discounts(cells: Cells, sums: Sums, squares: Squares, *, window: int) -> Discounts:
    """What followed first orders, by class of discount, raw and adjusted. ValueError for a window below one day."""
    if window < 1:
        raise ValueError(f"a window has at least one day, got {window}")
    back = (cells.gap >= 1) & (cells.gap <= window)
    whole = _Whole(cells, sums, squares, back)
    groups = tuple(_group(whole, depth, (depth,)) for depth in (*DEPTHS, UNKNOWN))
    any_ = _group(whole, ANY, DEPTHS[1:])
    raw, adjusted = _curves(whole, window) if any_.customers and groups[FULL].customers else (None, None)
    return Discounts(window, groups, any_, raw, adjusted)


class _Whole:
    """Counts and sums by stratum, laid out once: strata are numbered from 0."""

    def __init__(self, cells: Cells, sums: Sums, squares: Squares, back: npt.NDArray[np.bool_]) -> None:
        strata = (cells.stratum, sums.stratum, squares.stratum)
        names, place = np.unique(np.concatenate(strata), return_inverse=True)
        self.strata = len(names)
        self.cells, self.sums, self.squares, self.back = cells, sums, squares, back
        ends = np.cumsum([len(each) for each in strata])
        self.cell_at, self.sum_at, self.square_at = place[: ends[0]], place[ends[0] : ends[1]], place[ends[1] :]

    def counted(self, depths: tuple[int, ...], *, back: bool = False) -> Ints:
        """Customers of these classes in every stratum; `back`: those of them who ordered again."""
        mine = np.isin(self.cells.depth, depths) & (self.back if back else True)
        return self.by_stratum(self.cell_at[mine], self.cells.customers[mine]).astype(np.int64)

    def by_stratum(self, place: Ints, values: Floats | Ints) -> Floats:
        """Sums of values by the stratum they are of."""
        return np.asarray(np.bincount(place, values, self.strata), np.float64)

    def money(self, depths: tuple[int, ...]) -> tuple[Floats, Floats] | None:
        """Net money of these classes in every stratum, and its squares; None where no amount of theirs is known."""
        mine = np.isin(self.sums.depth, depths)
        if not self.sums.priced[mine].sum():
            return None
        squared = np.isin(self.squares.depth, depths)
        return (
            self.by_stratum(self.sum_at[mine], self.sums.minor[mine]),
            self.by_stratum(self.square_at[squared], self.squares.squares[squared]),
        )


def _group(whole: _Whole, depth: int, depths: tuple[int, ...]) -> Group:
    n, hits, money = whole.counted(depths), whole.counted(depths, back=True), whole.money(depths)
    customers, again = int(n.sum()), int(hits.sum())
    low, high = wilson(again, customers) if customers else (None, None)
    mine = np.isin(whole.sums.depth, depths)
    sums = whole.sums
    later, known, discounted = (int(each[mine].sum()) for each in (sums.later, sums.known, sums.discounted))
    return Group(
        depth, customers, again, again / customers if customers else None, low, high, later, known, discounted,
        None if money is None or not customers else float(money[0].sum()) / customers,
        None if depth in (FULL, UNKNOWN) else _compared(whole, depths),
        None if sums.off is None or money is None or not customers else float(sums.off[mine].sum()) / customers,
    )  # fmt: skip


def _compared(whole: _Whole, depths: tuple[int, ...]) -> Compared | None:
    n, full = whole.counted(depths), whole.counted((FULL,))
    both = (n > 0) & (full > 0)
    if not both.any():
        return None
    hits, full_hits = (whole.counted(each, back=True)[both] for each in (depths, (FULL,)))
    of = int(n.sum() + full.sum())
    n, full, weight = n[both], full[both], weights(n, full)[both]
    share, full_share = float(weight @ (hits / n)), float(weight @ (full_hits / full))
    found = difference(hits, n, full_hits, full)
    money = _money(whole, depths, both, n, full)
    return Compared(int(both.sum()), int(n.sum()), int(full.sum()), of, share, full_share, *found, money)


def _money(whole: _Whole, depths: tuple[int, ...], both: npt.NDArray[np.bool_], n: Ints, full: Ints) -> Money | None:
    """Means of the money with the weights of the shares. The variance of their difference is sum(w^2 (s1^2 / n + s0^2 /
    full)), s^2 of each kind its variance within strata, taken together over them."""
    said = [whole.money(each) for each in (depths, (FULL,))]
    weight = weights(n, full)
    means, variance = [], 0.0
    for money, size in zip(said, (n, full), strict=True):
        free = int((size - 1).sum())
        if money is None or not free:
            return None
        minor, squares = (each[both] for each in money)
        within = max(0.0, float(np.sum(squares - minor**2 / size))) / free
        means.append(float(weight @ (minor / size)))
        variance += within * float(np.sum(weight**2 / size))
    more, half = means[0] - means[1], Z95 * sqrt(variance)
    return Money(means[0], means[1], more, more - half, more + half)


def _curves(whole: _Whole, window: int) -> tuple[Curves, Curves | None]:
    """The curves as they are, and those over the strata that hold both kinds."""
    n, full = whole.counted(DEPTHS[1:]), whole.counted((FULL,))
    each = [_by_day(whole, depths, window) for depths in (DEPTHS[1:], (FULL,))]
    sizes = int(n.sum()), int(full.sum())
    again, full_again = (days.sum(axis=0) for days in each)
    raw = Curves(_share(full_again, sizes[1]), _share(again, sizes[0]), sizes[1], sizes[0])
    both = (n > 0) & (full > 0)
    if not both.any():
        return raw, None
    weight = weights(n, full)[both]
    again, full_again = ((weight / of[both]) @ days[both] for days, of in zip(each, (n, full), strict=True))
    return raw, Curves(_share(full_again, 1), _share(again, 1), int(full[both].sum()), int(n[both].sum()))


def _by_day(whole: _Whole, depths: tuple[int, ...], window: int) -> Floats:
    """Of every stratum (row), how many of these classes had ordered again by each day (column, 0 to the window)."""
    mine = np.isin(whole.cells.depth, depths) & whole.back
    flat = whole.cell_at[mine] * (window + 1) + whole.cells.gap[mine]
    size = whole.strata * (window + 1)
    days = np.bincount(flat, whole.cells.customers[mine], size).reshape(whole.strata, window + 1)
    return np.asarray(np.cumsum(days, axis=1))


def _share(counts: Floats, of: int) -> tuple[float, ...]:
    return tuple((counts / of).tolist())
