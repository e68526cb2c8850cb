"""What silence does to the chance of an order, and between which days the next one may come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenure.purchase.base import LONGEST_WAIT
from tenure.purchase.mbg_nbd import MbgNbd
from tenure.purchase.panel import rows_ahead
from tenure.purchase.summary import Summary

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.histories import Standing
    from tenure.worth.forecast import Forecast

__all__ = ["Silence", "next_between"]

Floats = NDArray[np.float64]

_SURE = 1e-6
"""A chance closer to 0 or 1 has no odds worth the name."""


@dataclass(frozen=True, slots=True, eq=False)
class Silence:
    """Of each customer the chance of an order within the forecast's horizon after any silence since their last order.

    It is the models' average, its odds multiplied (`odds`, one a customer) so that after the silence of today it says
    what the forecast says.
    """

    told: Forecast
    odds: Floats

    @classmethod
    def of(cls, told: Forecast) -> Self:
        """From a forecast of any model."""
        standing, summary = told.standing, told.standing.summary()
        ahead = rows_ahead(summary, standing, told.horizon)
        now = np.mean([fit.model.p_buy(summary, ahead) for fit in told.panel.fits], axis=0)
        return cls(told, _odds(told.p_buy) / _odds(summary.each(now)))

    def after(self, days: float) -> Floats:
        """Of each customer, had they been silent so many days, with no order in between."""
        standing = self.told.standing
        waited, ahead = _waited(standing, days, self.told.horizon)
        if standing.keeper is None:
            summary = Summary.of(standing.x, standing.t_x, standing.t_x + waited)
            within: Floats = np.full(summary.n_distinct, float(self.told.horizon))
        else:  # whose clocks differ share no row
            n = np.arange(standing.n)
            age = standing.t_x + waited
            summary = Summary(standing.x, standing.t_x, age, np.ones(len(n)), np.zeros(len(n), np.int64), n)
            within = ahead
        chance = summary.each(np.mean([fit.model.p_buy(summary, within) for fit in self.told.panel.fits], axis=0))
        odds = self.odds * _odds(chance)
        return np.asarray(odds / (1.0 + odds))


def _odds(chance: Floats) -> Floats:
    some = np.clip(chance, _SURE, 1.0 - _SURE)
    return np.asarray(some / (1.0 - some))


def _waited(standing: Standing, days: float, horizon: float) -> tuple[Floats, Floats]:
    """So many days after everybody's last order, and the horizon from then on, on their clocks."""
    if standing.keeper is None:
        return np.full(standing.n, float(days)), np.full(standing.n, float(horizon))
    waited, ahead = np.empty(standing.n), np.empty(standing.n)
    last = standing.last_on.astype(np.float64)
    for group in np.unique(standing.group):
        mine = standing.group == group
        begin, now, end = (
            standing.keeper.clock(int(group), last[mine] + more) for more in (0.0, days, days + horizon)
        )
        waited[mine], ahead[mine] = now - begin, end - now
    return waited, ahead


def next_between(told: Forecast, low: float, high: float) -> tuple[Floats, Floats]:
    """The days (floats since 1970-01-01) by which these shares of those who ever order again have done so, as
    `Forecast.next_day` is for one half; by MBG/NBD, NaN where it is not among the models.
    """
    model = next((fit.model for fit in told.panel.fits if isinstance(fit.model, MbgNbd)), None)
    standing, summary = told.standing, told.standing.summary()
    if model is None:
        return np.full(standing.n, np.nan), np.full(standing.n, np.nan)
    found = []
    for share in (low, high):
        with np.errstate(over="ignore"):
            wait = (model.alpha + summary.age) * np.expm1(-np.log1p(-share) / (model.r + summary.x))
        found.append(standing.day_after(summary.each(np.where(wait > LONGEST_WAIT, np.inf, wait))))
    return found[0], found[1]
