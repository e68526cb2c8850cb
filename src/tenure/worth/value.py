"""Worth in money: margin so far, margin to be expected, and what may be spent to acquire, keep or win back.

Expected margin is a share of expected revenue, each order discounted at its time by (1 + rate)^-(days / 365). The
ceilings are differences of expected margins: spending more than that loses money even if it works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tenure.errors import InvalidInput
from tenure.purchase.panel import Panel, rows_ahead
from tenure.purchase.summary import Summary

if TYPE_CHECKING:
    from tenure.purchase.histories import Standing
    from tenure.worth.forecast import Forecast
    from tenure.worth.gather import Gathered

__all__ = ["GONE", "Value", "at_risk", "checked_rates", "newcomers", "quintiles", "value_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PIECES: Final = 4
"""The horizon is discounted in so many pieces, each at its middle; beyond a year in three times as many."""
NEW_DAYS: Final = 365
"""First orders of so many last days say what a new customer begins with."""
GONE: Final = ("lapsed", "inactive")
"""Stages from which there is somebody to win back."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One entry per customer; minor units, NaN where no amount is known. recency, frequency, monetary: 1 to 5, 5 best;
    monetary 0 where no amount is known; winback: NaN for who is not lapsed or inactive.
    """

    worth: Floats
    expected: Floats
    low: Floats
    high: Floats
    recency: Ints
    frequency: Ints
    monetary: Ints
    acquire: Floats
    keep: Floats
    winback: Floats
    assumptions: str


def checked_rates(margin: float, discount_rate: float) -> None:
    """InvalidInput unless the margin is a share of revenue and the rate one a year that leaves something."""
    if not 0.0 < margin <= 1.0:
        raise InvalidInput(f"a margin is a share of revenue above 0 and up to 1, as in 0.4, not {margin:g}")
    if not 0.0 <= discount_rate <= 10.0:
        raise InvalidInput(f"a discount rate is from 0 to 10 a year, as in 0.1 for 10 %, not {discount_rate:g}")


def value_of(
    gathered: Gathered, told: Forecast, stages: NDArray[Any], *, margin: float, discount_rate: float
) -> Value:
    """`stages`: of each customer of the forecast, as of the same instant. InvalidInput for rates out of range."""
    checked_rates(margin, discount_rate)
    standing, panel = told.standing, told.panel
    discount = _discount(panel, standing, told.horizon, discount_rate)
    each = margin * discount * told.spend
    now = each * told.orders
    level = told.total / max(told.plain_total, 1e-12)
    silent = _later(standing, float(told.horizon))
    back = _returned(standing)
    gone = np.isin(stages, GONE)
    winback = each * level * _mean(panel, back, standing, told.horizon) - now
    # what the models say is lost by silence, as a share of what they say is there: no more can be lost than is expected
    there = np.maximum(_mean(panel, standing.summary(), standing, told.horizon), 1e-300)
    left = np.minimum(_mean(panel, silent, standing, told.horizon) / there, 1.0)
    came, returned = _money(gathered, standing)
    currency = _currencies(gathered, standing)
    return Value(
        (came - returned) * margin, now, margin * discount * told.value_low, margin * discount * told.value_high,
        quintiles(standing.last_on), quintiles(standing.x), _monetary(came, currency),
        _new_customers(told, currency, margin, discount_rate, level), now * (1.0 - left),
        np.where(gone, np.maximum(winback, 0.0), np.nan),
        f"margin {margin:g} of revenue; discount rate {discount_rate:g} a year; horizon {told.horizon} days; spend on"
        f" an order: own mean of all orders; keep: against no order in the horizon; win back: after one the next day",
    )  # fmt: skip


def quintiles(score: NDArray[Any]) -> Ints:
    """1 to 5, 5 for the highest fifth; who is alike shares the mean rank of their kind."""
    if not len(score):
        return np.empty(0, np.int64)
    # twice the mean rank is whole, so that no rounding moves anybody over a fifth's edge
    twice = np.rint(2.0 * rankdata(score, method="average")).astype(np.int64)
    return np.asarray((twice - 1) * 5 // (2 * len(score)) + 1, np.int64)


def _currencies(gathered: Gathered, standing: Standing) -> Ints:
    """Everybody's currency as a number."""
    place = np.searchsorted(gathered.people, standing.customer)
    words = np.array([word or "" for word in gathered.currency[place]])
    return np.asarray(np.unique(words, return_inverse=True)[1], np.int64)


def _monetary(came: Floats, currency: Ints) -> Ints:
    """By what all orders came to, among those of one's currency; 0 where no amount is known."""
    out = np.zeros(len(came), np.int64)
    for one in np.unique(currency):
        known = np.isfinite(came) & (currency == one)
        out[known] = quintiles(came[known])
    return out


def _money(gathered: Gathered, standing: Standing) -> tuple[Floats, Floats]:
    """Revenue of all orders that stand and what went back of them; NaN where no amount is known."""
    orders, people = gathered.histories, gathered.people
    rows = orders.before(standing.origin) & np.isfinite(orders.amount)
    whose = np.searchsorted(people, orders.customer[rows])
    came = np.full(len(people), np.nan)
    came[whose] = 0.0
    np.add.at(came, whose, orders.amount[rows])
    place = np.searchsorted(people, standing.customer)
    return came[place], gathered.returned_before(standing.origin)[place]


def _discount(panel: Panel, standing: Standing, horizon: int, rate: float) -> Floats:
    """Of each customer, the mean discount of an order within the horizon, by when the models expect them."""
    summary = standing.summary()
    pieces = PIECES if horizon <= 365 else 3 * PIECES
    edges = [horizon * piece / pieces for piece in range(1, pieces + 1)]
    upto = np.array([
        np.mean([fit.model.expected_orders(summary, rows_ahead(summary, standing, edge)) for fit in panel.fits], axis=0)
        for edge in edges
    ])  # fmt: skip
    share = np.diff(upto, axis=0, prepend=0.0)
    middle = np.array([(edge - horizon / pieces / 2.0) / 365.0 for edge in edges])
    factor = (1.0 + rate) ** -middle
    total = np.maximum(upto[-1], 1e-300)
    return summary.each(np.where(upto[-1] > 1e-12, (factor @ share) / total, factor.mean()))


def at_risk(told: Forecast) -> Floats:
    """Of each customer, what they are expected to bring within the horizon, times the chance that they do not order:
    worth times urgency. Small for whom hardly anybody expects back, and for who comes anyway. NaN where no amount is
    known.
    """
    return np.asarray((1.0 - told.counts.p) * told.value)


def _later(standing: Standing, days: float) -> Summary:
    """Everybody after so many more days without an order."""
    return _summary(standing, standing.x, standing.t_x, standing.age + standing.ahead(days))


def _returned(standing: Standing) -> Summary:
    """Everybody after an order on the next day."""
    age = standing.age + standing.ahead(1.0)
    return _summary(standing, standing.x + 1.0, age, age)


def _summary(standing: Standing, x: Floats, t_x: Floats, age: Floats) -> Summary:
    """Rows of states that nobody is in; one row a customer where clocks differ."""
    if standing.keeper is None:
        return Summary.of(x, t_x, age)
    n = np.arange(len(x))
    return Summary(x, t_x, age, np.ones(len(x)), np.zeros(len(x), np.int64), n)


def _mean(panel: Panel, summary: Summary, standing: Standing, horizon: int) -> Floats:
    """The models' average mean of orders within the horizon, of each customer in that state."""
    ahead = rows_ahead(summary, standing, horizon)
    means = [fit.model.expected_orders(summary, ahead) for fit in panel.fits]
    return summary.each(np.mean(means, axis=0))


def newcomers(standing: Standing) -> NDArray[np.bool_]:
    """Whose first order, of a known amount, lies in the last NEW_DAYS days: they say what a new customer brings."""
    return (standing.paid > standing.paid_again) & (standing.first_on >= standing.origin - NEW_DAYS)


def _new_customers(told: Forecast, currency: Ints, margin: float, rate: float, level: float) -> Floats:
    """Of each, what a new customer of their currency is expected to bring."""
    out = np.empty(len(currency))
    for one in np.unique(currency):
        mine = currency == one
        out[mine] = _new_customer(told, mine, margin, rate, level)
    return out


def _new_customer(told: Forecast, among: NDArray[np.bool_], margin: float, rate: float, level: float) -> float:
    """Expected margin of a customer on the day of their first order, that order with it; NaN where no amount of a
    first order is known.
    """
    standing = told.standing
    first = standing.spent * standing.paid - np.where(
        standing.paid_again > 0, standing.spent_again * standing.paid_again, 0.0
    )
    fresh = among & newcomers(standing)
    if not fresh.any():
        return float("nan")
    summary = Summary.of([0.0], [0.0], [0.0])
    ahead = float(np.mean(standing.ahead(float(told.horizon))[fresh]))
    orders = float(np.mean([fit.model.expected_orders(summary, ahead)[0] for fit in told.panel.fits]))
    discount = float((1.0 + rate) ** -(told.horizon / 2.0 / 365.0))
    spend = float(np.mean(told.spend[fresh]))
    return margin * (float(np.mean(first[fresh])) + level * orders * spend * discount)
