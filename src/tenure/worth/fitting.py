"""One model fitted to everybody, as `tenure fit` tells it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenure.errors import InvalidInput
from tenure.purchase.models import PURCHASE_MODELS, model_named

if TYPE_CHECKING:
    from tenure.purchase.base import Fit
    from tenure.purchase.histories import Histories

__all__ = ["GAMMA_GAMMA", "UNITS", "Fitted", "fitted", "fitted_names"]

GAMMA_GAMMA: Final = "gamma_gamma"
UNITS: Final = {"day": 1.0, "week": 7.0}
"""Days in a unit of time."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fit with the time it took."""

    name: str
    fit: Fit[Any]
    seconds: float
    unit: str

    def record(self) -> dict[str, Any]:
        """model, parameters, standard_errors, log_likelihood, n_customers, n_distinct, converged, seconds; and unit,
        why_not (where there is no maximum) and k (of regular buyers).
        """
        fit = self.fit
        found: dict[str, Any] = {
            "model": self.name, "parameters": fit.parameters, "standard_errors": fit.standard_errors,
            "log_likelihood": fit.log_likelihood, "n_customers": fit.n, "n_distinct": fit.n_distinct,
            "converged": fit.converged, "seconds": round(self.seconds, 4), "unit": self.unit,
        }  # fmt: skip
        if hasattr(fit.model, "k"):
            found["k"] = fit.model.k
        return found if fit.why_not is None else found | {"why_not": fit.why_not}

    def json(self) -> str:
        """The record as one JSON object."""
        return json.dumps(self.record(), indent=2, allow_nan=False)


def fitted_names() -> tuple[str, ...]:
    """What may be fitted."""
    return (*PURCHASE_MODELS, GAMMA_GAMMA)


def fitted(histories: Histories, origin: int, name: str, unit: str, *, minor: float = 100.0) -> Fitted:
    """The model fitted to what happened before day `origin`; Gamma-Gamma to the mean spend of repeat orders, in the
    currency's whole units, of which `minor` small ones make one.

    InvalidInput for an unknown model or unit, without customers, or for Gamma-Gamma without amounts.
    """
    if name not in fitted_names():
        raise InvalidInput(f"no model is called {name!r}; there are {', '.join(fitted_names())}")
    if unit not in UNITS:
        raise InvalidInput(f"a unit of time is {' or '.join(UNITS)}, not {unit!r}")
    standing = histories.at(origin)
    if not standing.n:
        raise InvalidInput("nobody ordered before that day: there is nothing to fit a model to")
    if name == GAMMA_GAMMA:
        from tenure.purchase.gamma_gamma import GammaGamma

        spends = standing.spends(minor=minor)
        if not spends.n:
            raise InvalidInput("nobody bought again for a known amount above 0: there is nothing to fit Gamma-Gamma to")
        began = time.perf_counter()
        found: Fit[Any] = GammaGamma.fit(spends)
        return Fitted(name, found, time.perf_counter() - began, "order")
    summary = standing.summary().in_units(UNITS[unit])
    began = time.perf_counter()
    found = model_named(name).fit(summary)
    return Fitted(name, found, time.perf_counter() - began, unit)
