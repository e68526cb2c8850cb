"""The chance to buy by another model than MBG/NBD, as known at month starts: docs/reference/rules.md, 5 and 7.

MBG/NBD has a closed form and a prior, so the default rule needs nothing of this; the others are loaded when a policy
names one. Where a month's customers do not tell such a model's parameters, MBG/NBD stands in for that month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tenure.errors import InvalidInput
from tenure.lifecycle.rhythm import SMAX, level
from tenure.purchase.models import model_named, model_of, numbers_of
from tenure.purchase.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenure.purchase.base import PurchaseModel

__all__ = ["Buyers", "Chances", "Told", "tell"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_GRID: Final = np.expm1(np.linspace(0.0, np.log1p(SMAX), 25))
"""Silences, in days, between which a chance is looked at first: of regular buyers it rises before it falls."""
_EXACT: Final = 1e-7
"""Days to which a silence is found."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one month's customers tell of a model: its numbers, None if they do not, and the average chance."""

    numbers: tuple[float, ...] | None
    level: float


@dataclass(frozen=True, slots=True)
class Buyers:
    """Customers on a day, one entry each: repeats, first to last, first to now, sum of ln gap, and who of them ordered
    in the last two years."""

    x: Ints
    t_x: Floats
    age: Floats
    l1: Floats
    recent: Flags


def tell(name: str, of: Buyers, ahead: float, before: Told | None = None) -> Told:
    """Fit a model, from the peak of the month before where that is given; the average chance is of the recent ones."""
    near = model_of(name, before.numbers) if before and before.numbers else None
    rows = Summary.of(of.x, of.t_x, of.age, log_gaps=float(of.l1[of.x > 0].sum()))
    try:
        found = model_named(name).fit(rows, near)
    except InvalidInput:
        return Told(None, np.nan)
    if not (found.converged or found.tells_buying):  # how they leave may be untold: the limit of a model predicts too
        return Told(None, np.nan)
    recent = of.recent
    chance = _p_buy(found.model, of.age[recent], of.x[recent], of.t_x[recent], ahead)
    if not np.isfinite(chance).all():
        return Told(None, np.nan)
    return Told(numbers_of(found.model), level(chance))


@dataclass(frozen=True, slots=True)
class Chances:
    """One model at each month's start. numbers: (months, numbers of the model), nan where the month's customers gave
    none; level: (months,) the average chance by it.
    """

    model: str
    numbers: Floats
    level: Floats

    @classmethod
    def of(cls, model: str, months: Sequence[Told]) -> Chances:
        """What the months told, in their order."""
        size = max((len(one.numbers) for one in months if one.numbers is not None), default=1)
        none = (np.nan,) * size
        numbers = np.array([one.numbers or none for one in months], np.float64).reshape(len(months), size)
        return cls(model, numbers, np.array([one.level for one in months], np.float64))

    @property
    def told(self) -> Flags:
        """The months that have it."""
        return ~np.isnan(self.level)

    def p_buy(self, month: Ints, silence: Floats, x: Ints, t_x: Floats, ahead: Floats) -> Floats:
        """To order within `ahead` days after a silence; arrays of one length, nan in months that do not have it."""
        out = np.full(len(month), np.nan)
        for model, mine in self._each(month):
            out[mine] = _p_buy(model, t_x[mine] + silence[mine], x[mine], t_x[mine], ahead[mine])
        return out

    def falls(self, month: Ints, x: Ints, t_x: Floats, ahead: Floats, marks: Floats) -> Floats:
        """(n, levels) the longest silences at which the chance is at its marks (n, levels) or above, nan in months that
        do not have it: 0 where it is always below, SMAX where it has not fallen so far by then.
        """
        out = np.full(marks.shape, np.nan)
        for model, mine in self._each(month):
            out[mine] = _falls(model, x[mine], t_x[mine], ahead[mine], marks[mine])
        return out

    def _each(self, month: Ints) -> Iterator[tuple[PurchaseModel, Flags]]:
        """The model of each month that has one, and whose it is."""
        for one in np.unique(month[self.told[month]]):
            yield model_of(self.model, self.numbers[one].tolist()), month == one


def _p_buy(model: PurchaseModel, age: Floats, x: Ints, t_x: Floats, ahead: Floats | float) -> Floats:
    repeats = x.astype(np.float64)
    none = np.zeros(len(x), np.int64)
    return model.p_buy(Summary(repeats, t_x, np.maximum(age, t_x), np.ones(len(x)), none, np.arange(len(x))), ahead)


def _falls(model: PurchaseModel, x: Ints, t_x: Floats, ahead: Floats, marks: Floats) -> Floats:
    every = np.repeat(np.arange(len(x)), len(_GRID))
    at = np.tile(_GRID, len(x))
    chance = _p_buy(model, t_x[every] + at, x[every], t_x[every], ahead[every]).reshape(len(x), len(_GRID))
    out = np.empty(marks.shape)
    for column in range(marks.shape[1]):
        above = chance >= marks[:, column, None]
        last = np.where(above.any(axis=1), len(_GRID) - 1 - above[:, ::-1].argmax(axis=1), -1)
        out[:, column] = np.where(last < 0, 0.0, SMAX)
        rows = np.flatnonzero((last >= 0) & (last < len(_GRID) - 1))
        if len(rows):
            ends = _GRID[last[rows]], _GRID[last[rows] + 1]
            out[rows, column] = _root(model, x[rows], t_x[rows], ahead[rows], marks[rows, column], ends)
    return out


def _root(
    model: PurchaseModel, x: Ints, t_x: Floats, ahead: Floats, mark: Floats, ends: tuple[Floats, Floats]
) -> Floats:
    """Between two silences, at the first of which the chance is at least the mark and at the other below."""
    from scipy.optimize import elementwise

    def excess(silence: Floats, place: Floats) -> Floats:
        rows = place.astype(np.int64)
        return _p_buy(model, t_x[rows] + silence, x[rows], t_x[rows], ahead[rows]) - mark[rows]

    place = np.arange(len(x), dtype=np.float64)
    found = elementwise.find_root(excess, ends, args=(place,), tolerances={"xatol": _EXACT, "fatol": 0.0})
    out = np.where(found.success, found.x, ends[0])
    # a mark that is met exactly at the first end has no change of sign; whatever else it could not find is halved in
    left = ~found.success & (excess(ends[0], place) > 0.0)
    low, high = ends[0][left], ends[1][left]
    for _ in range(60 if left.any() else 0):
        middle = (low + high) / 2.0
        above = excess(middle, place[left]) >= 0.0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    out[left] = low
    return np.asarray(out, np.float64)
