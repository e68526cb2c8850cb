"""What every customer is expected to order within a horizon, and what it may come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tenure.errors import InvalidInput
from tenure.purchase.anchor import Anchor
from tenure.purchase.counts import Counts
from tenure.purchase.ensemble import LEVELS, MOST_SPREAD, Ensemble, ensemble
from tenure.purchase.gamma_gamma import Spends
from tenure.purchase.models import PURCHASE_MODELS
from tenure.purchase.money import value_between
from tenure.purchase.panel import Panel, rows_ahead
from tenure.purchase.spend import OwnMean

if TYPE_CHECKING:
    from tenure.purchase.base import Fit
    from tenure.purchase.histories import Histories, Standing

__all__ = ["ENSEMBLE", "Forecast", "forecast", "model_names"]

Floats = NDArray[np.float64]

ENSEMBLE: Final = "ensemble"
LONGEST_HORIZON: Final = 3_650


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """One entry per customer of `standing`.

    p_buy, p_alive: chances; orders: their expected number; low, high: its quantiles (LEVELS); value: expected, in minor
    units, NaN where no amount is known of anybody; value_low, value_high; next_day: by which half of those who ever
    order again have done so (a float since 1970-01-01, inf for not within a million days). model: what it comes from;
    notes: what a reader should know; total, plain_total: of all orders, anchored or not; total_spread: standard
    deviation of the logarithm of what the total may be off by, beyond chance.
    """

    standing: Standing
    horizon: int
    model: str
    counts: Counts
    p_alive: Floats
    low: Floats
    high: Floats
    spend: Floats
    value_low: Floats
    value_high: Floats
    next_day: Floats
    total: float
    plain_total: float
    total_spread: float
    anchor: Anchor
    panel: Panel
    notes: tuple[str, ...]

    @property
    def p_buy(self) -> Floats:
        """Chance of at least one order."""
        return self.counts.p

    @property
    def orders(self) -> Floats:
        """Expected number of orders."""
        return self.counts.mean

    @property
    def value(self) -> Floats:
        """What they are expected to come to."""
        return np.asarray(self.counts.mean * self.spend)

    @property
    def n(self) -> int:
        """How many customers the models were fitted to."""
        return self.standing.n

    def total_between(self) -> tuple[float, float]:
        """The total's quantiles (LEVELS): chance of every customer, and what the total may be off by as a whole."""
        return _between(float(self.orders.sum()), float(self.counts.variance.sum()), self.total_spread)

    def value_between(self) -> tuple[float, float]:
        """The same of the total value; from nothing where no order may come."""
        variance = float((self.counts.variance * self.spend**2).sum())
        low, high = _between(float(self.value.sum()), variance, self.total_spread)
        return (0.0 if self.total_between()[0] < 0.5 else low), high


def _between(total: float, variance: float, spread: float) -> tuple[float, float]:
    if total <= 0.0:
        return 0.0, 0.0
    scale = float(np.sqrt(np.log1p(variance / total**2) + spread**2))
    return total * float(np.exp(-1.6448536269514722 * scale)), total * float(np.exp(1.6448536269514722 * scale))


def model_names() -> tuple[str, ...]:
    """What may be asked for."""
    return (ENSEMBLE, *PURCHASE_MODELS)


def forecast(
    histories: Histories, origin: int, horizon: int, model: str = ENSEMBLE, tell: Callable[[str], None] | None = None
) -> Forecast:
    """What everybody who ordered before day `origin` is expected to order in the `horizon` days from it on.

    InvalidInput for an unknown model, a horizon outside 1 to LONGEST_HORIZON days, or if nobody ordered before.
    """
    if model not in model_names():
        raise InvalidInput(f"no purchase model is called {model!r}; there are {', '.join(model_names())}")
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise InvalidInput(f"a horizon is 1 to {LONGEST_HORIZON:,} days, not {horizon:,}")
    standing = histories.at(origin)
    if not standing.n:
        raise InvalidInput("nobody ordered before that day: there is nothing to forecast from")
    if model == ENSEMBLE:
        return _of_ensemble(ensemble(histories, origin, horizon, tell), standing)
    return _of_model(model, standing, horizon)


def _of_ensemble(made: Ensemble, standing: Standing) -> Forecast:
    told = made.tell(standing)
    notes = _left_out(made.panel)
    if made.why_plain is not None and not made.panel.prior:
        notes.insert(0, made.why_plain)
    low, high = (told.counts.quantile(level) for level in LEVELS)
    name = ENSEMBLE if made.learners is not None else "+".join(fit.model.name for fit in made.panel.fits)
    return _forecast(
        standing, made.horizon, name, told.counts, told.p_alive, (low, high), made.panel, made.anchor, notes,
        plain_total=told.plain_total, spread=told.total_spread,
    )  # fmt: skip


def _of_model(name: str, standing: Standing, horizon: int) -> Forecast:
    summary = standing.summary()
    panel = Panel.of(summary, (name,))
    fit: Fit[Any] = panel.fits[0]
    notes = _left_out(panel)
    if not fit.converged and not notes:
        notes.append(f"{name} has no maximum here ({fit.why_not}); its limit is used")
    ahead, each = rows_ahead(summary, standing, horizon), summary.each
    others = fit.likely() if fit.converged else []
    found = fit.model.orders(summary, ahead, LEVELS, others)
    size = Counts.size_of(found.p_buy, found.expected, found.second)
    counts = Counts.of(each(found.p_buy), each(np.maximum(found.expected, found.p_buy)), each(size))
    totals = [float(summary.weight @ one.expected_orders(summary, ahead)) for one in others]
    spread = min(float(np.std(np.log(np.maximum(totals, 1e-9)))), MOST_SPREAD) if totals else 0.0
    return _forecast(
        standing, horizon, fit.model.name, counts, each(fit.model.p_alive(summary)),
        (each(found.low), each(found.high)), panel, Anchor(1.0, 0.0, None), notes,
        plain_total=float(counts.mean.sum()), spread=spread,
    )  # fmt: skip


def _left_out(panel: Panel) -> list[str]:
    """Which models these customers tell too little for, and what stands in, in a line."""
    if not panel.left_out:
        return []
    names, why = ", ".join(name for name, _ in panel.left_out), panel.left_out[-1][1]
    instead = f"; {panel.fits[0].model.name} with its prior (docs/reference/worth.md) stands in" if panel.prior else ""
    return [f"not used: {names} ({why}){instead}"]


def _forecast(
    standing: Standing, horizon: int, name: str, counts: Counts, p_alive: Floats, between: tuple[Floats, Floats],
    panel: Panel, anchored: Anchor, notes: list[str], *, plain_total: float, spread: float,
) -> Forecast:  # fmt: skip
    spend, paid = _spend(standing)
    if standing.spend_spread is None and np.isfinite(spend).all():
        notes.append("nobody has two orders with an amount: how orders differ is a stated guess")
    low, high = value_between(counts, spend, paid, standing.spend_spread, LEVELS)
    unknown = ~np.isfinite(spend)
    return Forecast(
        standing, horizon, name, counts, p_alive, *between, spend, np.where(unknown, np.nan, low),
        np.where(unknown, np.nan, high), _next_day(standing, panel), float(counts.mean.sum()), plain_total, spread,
        anchored, panel, tuple(notes),
    )  # fmt: skip


def _spend(standing: Standing) -> tuple[Floats, Floats]:
    """What each customer spends on an order, and from how many that is known; NaN where nobody's amounts are.

    Who paid nothing or less (gifts, takings back) keeps their own mean; below 0 it is 0.
    """
    known = standing.paid > 0
    if not known.any():
        return np.full(standing.n, np.nan), np.zeros(standing.n)
    positive = known & (standing.spent > 0)
    everybody = 0.0
    if positive.any():
        everybody = OwnMean.fit(Spends.of(standing.paid[positive], standing.spent[positive])).mean
    own = np.maximum(np.where(known, standing.spent, everybody), 0.0)
    return own, np.where(known, standing.paid, 0.0)


def _next_day(standing: Standing, panel: Panel) -> Floats:
    """By MBG/NBD, whose days have a closed form, where it is on the panel; else by the first model."""
    by_name = {fit.model.name: fit.model for fit in panel.fits}
    summary = standing.summary()
    waits = by_name.get("mbg_nbd", panel.fits[0].model).expected_next_at(summary)
    return standing.day_after(summary.each(waits))
