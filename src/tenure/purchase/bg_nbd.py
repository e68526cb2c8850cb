"""BG/NBD: how often a customer buys while alive, and the chance that each repeat purchase was the last one.

While alive a customer buys at a rate drawn from gamma(r, alpha); after every repeat purchase they leave for good with a
chance drawn from beta(a, b). Whoever has bought once is alive for certain, so P(alive) of this model says nothing about
them. Source: Fader, Hardie, Lee, "Counting your customers the easy way: an alternative to the Pareto/NBD model",
Marketing Science 24 (2005). Covariates: Fader, Hardie, "Incorporating time-invariant covariates into the Pareto/NBD and
BG/NBD models", note 019 (2007): alpha exp(-g'z), a exp(g'z), b exp(g'z), each with coefficients of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from tenure.purchase.base import Fit, Numbers, best_fit
from tenure.purchase.compiling import compiled
from tenure.purchase.counting import at_least, rates, stays
from tenure.purchase.covariates import (
    Moved,
    WithCovariates,
    chained,
    logs_by_kind,
    starts_beside,
    with_coefficients,
)
from tenure.purchase.parts import Parts

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = ["BgNbd"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STARTS: Final = ((0.25, 0.8, 2.5), (1.5, 0.3, 3.0), (0.05, 0.1, 2.0), (4.0, 0.1, 5.0))  # r, a, b
MOVED: Final = ((1, -1.0), (2, 1.0), (3, 1.0))  # by covariates: alpha down, a and b up


@dataclass(frozen=True, slots=True)
class BgNbd(WithCovariates):
    """r, alpha (a time), a, b; coefficients: of each covariate on alpha, then on a, then on b."""

    name: ClassVar[str] = "bg_nbd"
    base: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    moved: ClassVar[Moved] = MOVED

    r: float
    alpha: float
    a: float
    b: float
    coefficients: tuple[float, ...] = ()

    @classmethod
    def fit(cls, summary: Summary, near: Self | None = None) -> Fit[Self]:
        """The most likely parameters; `converged` is False where the likelihood has no maximum. InvalidInput."""
        starts = with_coefficients(_starts(summary), MOVED, summary.covariates)
        return best_fit(summary, cls.at, _height, starts if near is None else np.log([near.parameters]))

    def log_likelihood(self, rows: Summary) -> Floats:
        """Of one customer of each row: equation (6) of the source."""
        r, alpha, a, b = self.by_row(rows)
        x, again = rows.x, rows.x > 0
        buys = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        alive = -(r + x) * np.log(alpha + rows.age)
        left = np.log(a / (b + np.maximum(x - 1.0, 0.0))) - (r + x) * np.log(alpha + rows.t_x)
        return np.asarray(buys + stay + np.where(again, np.logaddexp(alive, left), alive))

    def p_alive(self, rows: Summary) -> Floats:
        """Chance that the customer has not left; 1 for who bought once, by the model."""
        r, alpha, a, b = self.by_row(rows)
        x = rows.x
        grown = np.log1p((rows.age - rows.t_x) / (alpha + rows.t_x))
        odds = np.log(a / (b + np.maximum(x - 1.0, 0.0))) + (r + x) * grown
        return np.where(x > 0, 1.0 / (1.0 + np.exp(np.minimum(odds, 600.0))), 1.0)

    def parts(self, rows: Summary, horizon: Numbers) -> Parts:
        """One part: of the living, the rate is gamma(r + x, alpha + T), the chance to leave beta(a, b + x)."""
        r, alpha, a, b = self.by_row(rows)
        reach = alpha + rows.age
        one = np.ones(rows.n_distinct)
        chance = np.asarray(horizon / (reach + horizon))
        return Parts.single(self.p_alive(rows), r + rows.x, chance, a * one, b + rows.x)


def _starts(summary: Summary) -> Floats:
    """STARTS in logarithms, alpha such that r / alpha is about what these customers buy in a unit of time."""
    r, a, b = np.log(STARTS).T
    return np.column_stack([r, starts_beside(summary, r)[0], a, b])


def _height(rows: Summary, point: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, gradient and Hessian in the logarithms of r, alpha, a, b and in the coefficients."""
    logs = logs_by_kind(point, 4, MOVED, rows.covariates)
    theta = np.exp(logs)
    value, gradient, upper = np.zeros(1), np.zeros((len(theta), 4)), np.zeros((len(theta), 10))
    _times(rows.x, rows.t_x, rows.age, rows.weight, rows.kind, theta, value, gradient, upper)
    count = at_least(rows.x, rows.weight)
    bought, first, second = rates(count[1:], float(theta[0, 0]))
    gradient[0, 0] += first
    upper[0, 0] += second
    total = float(value[0]) + bought
    if len(theta) == 1:
        stay, slope, curve = stays(count[1:], float(theta[0, 2]), float(theta[0, 3]))
        gradient[0, 2:] += slope
        upper[0, [7, 8, 9]] += curve[0, 0], curve[0, 1], curve[1, 1]
        total += stay
    else:
        value[0] = 0.0
        _stays(rows.x, rows.weight, rows.kind, theta, value, gradient, upper)
        total += float(value[0])
    return total, *chained(gradient, upper, MOVED, rows.covariates)


@compiled
def _times(
    x: Floats, t_x: Floats, age: Floats, weight: Floats, kind: Ints, theta: Floats,
    value: Floats, gradient: Floats, upper: Floats,
) -> None:  # fmt: skip
    """Each row is -(r + x) ln(1 + T / alpha) - x ln alpha + ln(1 + exp q), q the log-odds of having left; added up by
    kind, slopes in logarithms.
    """
    total = 0.0
    for i in range(len(x)):
        g, w = kind[i], weight[i]
        r, alpha, a, b = theta[g, 0], theta[g, 1], theta[g, 2], theta[g, 3]
        n, now = r + x[i], 1.0 / (alpha + age[i])
        aged, excess = np.log1p(age[i] / alpha), (r * age[i] - alpha * x[i]) * now
        total += w * (-n * aged - x[i] * np.log(alpha))
        gradient[g, 0] -= w * r * aged
        gradient[g, 1] += w * excess
        upper[g, 0] -= w * r * aged
        upper[g, 1] += w * r * age[i] * now
        upper[g, 4] -= w * alpha * now * (x[i] + excess)
        if x[i] == 0.0:
            continue
        last, stay = 1.0 / (alpha + t_x[i]), b + (x[i] - 1.0)
        grown, fall = np.log1p((age[i] - t_x[i]) * last), (now - last) * alpha
        q = np.log(a / stay) + n * grown
        small = np.exp(-abs(q))
        left = (1.0 if q >= 0.0 else small) / (1.0 + small)
        total += w * (max(q, 0.0) + np.log1p(small))
        both, wl = w * left * (1.0 - left), w * left
        d0, d1, d3 = r * grown, n * fall, -b / stay
        gradient[g, 0] += wl * d0
        gradient[g, 1] += wl * d1
        gradient[g, 2] += wl
        gradient[g, 3] += wl * d3
        upper[g, 0] += both * d0 * d0 + wl * d0
        upper[g, 1] += both * d0 * d1 + wl * r * fall
        upper[g, 2] += both * d0
        upper[g, 3] += both * d0 * d3
        upper[g, 4] += both * d1 * d1 + wl * (d1 - n * fall * alpha * (now + last))
        upper[g, 5] += both * d1
        upper[g, 6] += both * d1 * d3
        upper[g, 7] += both
        upper[g, 8] += both * d3
        upper[g, 9] += both * d3 * d3 + wl * d3 * (1.0 + d3)
    value[0] += total


@compiled
def _stays(
    x: Floats, weight: Floats, kind: Ints, theta: Floats, value: Floats, gradient: Floats, upper: Floats
) -> None:
    """The beta functions of `stays`, row by row: every kind has an a and b of its own."""
    for i in range(len(x)):
        g, w = kind[i], weight[i]
        a, b = theta[g, 2], theta[g, 3]
        for j in range(int(x[i])):
            stay, both = b + j, a + b + j
            leave_b = a * b / (stay * both)
            value[0] -= w * np.log1p(a / stay)
            gradient[g, 2] -= w * a / both
            gradient[g, 3] += w * leave_b
            upper[g, 7] -= w * a * stay / (both * both)
            upper[g, 8] += w * a * b / (both * both)
            upper[g, 9] += w * leave_b * (1.0 - b * (stay + both) / (stay * both))
