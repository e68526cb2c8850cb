"""The four models of how often people buy, fitted to the same customers and averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tenure.errors import InvalidInput
from tenure.purchase import mbg_nbd
from tenure.purchase.base import Fit
from tenure.purchase.models import PURCHASE_MODELS, model_named
from tenure.purchase.summary import Summary

if TYPE_CHECKING:
    from tenure.purchase.histories import Standing

__all__ = ["Moments", "Panel", "rows_ahead"]

Floats = npt.NDArray[np.float64]

FEW: Final = 20_000
"""Fitted to fewer customers, what is not known of the parameters is worth reckoning with."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What models say of the next days, one entry per customer.

    p_buy, p_alive, expected: averages over the models; second: of the mean of the square; chances: (models, customers),
    in the order of PURCHASE_MODELS, the average in the place of a model that is not in the panel.
    """

    p_buy: Floats
    p_alive: Floats
    expected: Floats
    second: Floats
    chances: Floats


@dataclass(frozen=True, slots=True)
class Panel:
    """Models that the customers of a day could be fitted to, and why the others could not."""

    fits: tuple[Fit[Any], ...]
    left_out: tuple[tuple[str, str], ...]
    """(name, why) of models for which the customers tell too little of how often people buy."""
    prior: bool = False
    """Whether that were all, and MBG/NBD with its prior stands in."""

    @classmethod
    def of(cls, summary: Summary, names: tuple[str, ...] = tuple(PURCHASE_MODELS)) -> Panel:
        """Those of `names` that tell how people buy; if none does, MBG/NBD with its prior, which always has a maximum
        (its prior is of days: `summary` is in days). InvalidInput without customers.
        """
        if not summary.n:
            raise InvalidInput("There are no customers to fit a model to.")
        fits, left_out = [], []
        for name in names:
            found = model_named(name).fit(summary)
            if found.tells_buying:
                fits.append(found)
            else:
                left_out.append((name, found.why_not or ""))
        return cls(tuple(fits) or (_with_prior(summary),), tuple(left_out), not fits)

    def moments(self, standing: Standing, horizon: int) -> Moments:
        """Of everybody who stands there, for the next `horizon` days."""
        summary = standing.summary()
        ahead = rows_ahead(summary, standing, horizon)
        chances, means, seconds, alive = [], [], [], []
        for fit in self.fits:
            others = fit.likely() if fit.n < FEW else []
            found = fit.model.orders(summary, ahead)
            chances.append(found.p_buy)
            means.append(found.expected)
            spread = [one.expected_orders(summary, ahead) for one in others]
            seconds.append(found.second + (np.var(spread, axis=0) if spread else 0.0))
            alive.append(fit.model.p_alive(summary))
        each = summary.each
        by_name = {fit.model.name: each(chance) for fit, chance in zip(self.fits, chances, strict=True)}
        average = each(np.mean(chances, axis=0))
        return Moments(
            average, each(np.mean(alive, axis=0)), each(np.mean(means, axis=0)), each(np.mean(seconds, axis=0)),
            np.array([by_name.get(name, average) for name in PURCHASE_MODELS]),
        )


def rows_ahead(summary: Summary, standing: Standing, horizon: float) -> Floats:
    """How long the next `horizon` days are on the clock of each row's customers."""
    out = np.empty(summary.n_distinct)
    out[summary.row] = standing.ahead(horizon)
    return out


def _with_prior(summary: Summary) -> Fit[mbg_nbd.MbgNbd]:
    found = mbg_nbd.fit(summary.x, summary.t_x, summary.age, summary.weight)
    model = mbg_nbd.MbgNbd(*found.theta)
    return Fit(model, found.log_likelihood, None, found.n, summary.n_distinct, found.converged)
