"""Gamma-Gamma: how much a customer spends on an order, theirs shrunk towards everybody's.

Spends on single orders are gamma(p, nu) with a rate nu that differs between customers as gamma(q, gamma): few orders
say little, so a customer's mean is drawn towards the population's. Source: Fader, Hardie, Lee, "RFM and CLV: using
iso-value curves for customer base analysis", Journal of Marketing Research 42 (2005); Fader, Hardie, "The Gamma-Gamma
model of monetary value", note 025 (2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi, zeta

from tenure.errors import InvalidInput
from tenure.purchase.base import Fit, fit_any
from tenure.purchase.climbing import symmetric
from tenure.purchase.compiling import compiled

if TYPE_CHECKING:
    from typing import Self

__all__ = ["GammaGamma", "Spends"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STARTS: Final = ((2.0, 3.0), (8.0, 2.0), (0.5, 8.0))  # p, q
ENOUGH: Final = 4_000  # customers that tell one peak from another


@dataclass(frozen=True, slots=True, eq=False)
class Spends:
    """What customers spent on an order, on average: `mean` of `x` orders, each positive; sorted by x.

    `begin[i]` to `begin[i + 1]` are the rows with `orders[i]` orders each; x_logs: the sum of all x ln(mean).
    """

    mean: Floats
    orders: Floats
    begin: Ints
    x_logs: float

    @classmethod
    def of(cls, x: npt.ArrayLike, mean: npt.ArrayLike) -> Self:
        """One entry per customer; who has x = 0 is left out. InvalidInput for a mean that is not positive."""
        x, mean = np.asarray(x, np.float64).ravel(), np.asarray(mean, np.float64).ravel()
        if len(x) != len(mean):
            raise InvalidInput("x and mean differ in length.")
        if not (np.isfinite(x).all() and (x >= 0.0).all()):
            raise InvalidInput("x holds numbers that are negative or not finite.")
        if not (bought := x > 0).all():
            x, mean = x[bought], mean[bought]
        if not (np.isfinite(mean).all() and (mean > 0.0).all()):
            raise InvalidInput("The mean spend of an order is a positive number.")
        # the fewer digits, the faster they are sorted
        small = next((kind for kind in (np.uint16, np.uint32) if (x <= np.iinfo(kind).max).all()), np.float64)
        by = np.argsort(x.astype(small), kind="stable")
        x, mean = x[by], mean[by]
        begin = np.flatnonzero(np.r_[True, x[1:] != x[:-1]]) if len(x) else np.empty(0, np.int64)
        return cls(mean, x[begin], np.r_[begin, len(x)].astype(np.int64), float(x @ np.log(mean)))

    def thinned(self) -> Self:
        """A few customers who stand for all, evenly from those with few orders to those with many."""
        step = self.n // ENOUGH
        if step < 4:
            return self
        places = np.arange(step // 2, self.n, step)
        return self.of(self.orders[np.searchsorted(self.begin, places, side="right") - 1], self.mean[places])

    @property
    def n(self) -> int:
        """How many customers."""
        return len(self.mean)


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """p, q, gamma (an amount)."""

    name: ClassVar[str] = "gamma_gamma"
    words: ClassVar[tuple[str, ...]] = ("p", "q", "gamma")

    p: float
    q: float
    gamma: float

    @classmethod
    def fit(cls, spends: Spends) -> Fit[Self]:
        """The most likely parameters; `converged` is False where the likelihood has no maximum. InvalidInput."""
        if spends.n == 0:
            raise InvalidInput("There are no customers to fit a model to.")
        p, q = np.log(STARTS).T
        some = spends.thinned()
        typical = np.log(np.median(some.mean))
        logs, few = float(np.log(spends.mean).sum()), float(np.log(some.mean).sum())
        return fit_any(
            cls.at, lambda point: _height(spends, logs, point), np.column_stack([p, q, typical + q - p]),
            n=spends.n, n_distinct=spends.n,
            few=None if some is spends else lambda point: _height(some, few, point),
        )  # fmt: skip

    @classmethod
    def at(cls, point: Floats) -> Self:
        """The model whose logarithms are these."""
        return cls(*(float(value) for value in np.exp(point)))

    @property
    def parameters(self) -> tuple[float, ...]:
        """As `words` names them."""
        return self.p, self.q, self.gamma

    def log_likelihood(self, x: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
        """Of each customer: equation (1a) of note 025."""
        x, mean = np.asarray(x, np.float64), np.asarray(mean, np.float64)
        px = self.p * x
        return np.asarray(
            gammaln(px + self.q) - gammaln(px) - gammaln(self.q) + self.q * np.log(self.gamma)
            + (px - 1.0) * np.log(mean) + px * np.log(x) - (px + self.q) * np.log(self.gamma + x * mean)
        )

    def expected_spend(self, x: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
        """Mean spend on an order of whoever spent `mean` on each of `x`: equation (5) of note 025; NaN where p x + q is
        not above 1, for then the model knows no mean (who never ordered, where q <= 1).
        """
        x, mean = np.asarray(x, np.float64), np.asarray(mean, np.float64)
        below = self.p * x + self.q - 1.0
        spent = np.where(x > 0, x * mean, 0.0)
        return np.where(below > 0.0, self.p * (self.gamma + spent) / np.where(below > 0.0, below, 1.0), np.nan)


def _height(spends: Spends, logs: float, point: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, gradient and Hessian in the logarithms of p, q, gamma."""
    p, q, gamma = (float(value) for value in np.exp(point))
    x, many = spends.orders, np.diff(spends.begin).astype(np.float64)
    sums = _sums(spends.mean, x, spends.begin, p, q, gamma)
    px, n = p * x, float(many.sum())
    by_shape = many @ (gammaln(px + q) - gammaln(px) + px * np.log(x))
    value = by_shape - n * gammaln(q) + n * q * np.log(gamma) + p * spends.x_logs - logs - sums[0]
    # digamma of both shapes, by p and by q; x of the logarithms in `sums`
    up, down = psi(px + q), psi(px)
    dp = many @ (x * (up - down + np.log(x))) + spends.x_logs - sums[1]
    dq = many @ up - n * psi(q) + n * np.log(gamma) - sums[2]
    dg = n * q / gamma - sums[3]
    bend, bent = zeta(2.0, px + q), zeta(2.0, px)  # the trigamma function
    dpp, dpq = many @ (x * x * (bend - bent)), many @ (x * bend)
    dqq = many @ bend - n * zeta(2.0, q)
    dpg, dqg = -sums[5], n / gamma - sums[6]
    dgg = -n * q / gamma**2 + sums[4]
    scale = np.array([p, q, gamma])
    gradient = np.array([dp, dq, dg]) * scale
    curve = symmetric(np.array([dpp, dpq, dpg, dqq, dqg, dgg]), 3) * np.outer(scale, scale)
    return float(value), gradient, curve + np.diag(gradient)


@compiled
def _sums(mean: Floats, orders: Floats, begin: Ints, p: float, q: float, gamma: float) -> Floats:
    """Over customers, with L = ln(gamma + x m), v = 1 / (gamma + x m), s = p x + q: s L, x L, L, s v, s v^2, x v, v."""
    out = np.zeros(7)
    for i in range(len(orders)):
        x, end = orders[i], begin[i + 1]
        logs = once = twice = 0.0
        for start in range(begin[i], end, 8):
            product = 1.0
            for j in range(start, min(start + 8, end)):
                at = gamma + x * mean[j]
                over = 1.0 / at
                product *= at
                once += over
                twice += over * over
            if 1e-300 < product < 1e300:  # eight logarithms in one
                logs += np.log(product)
            else:
                for j in range(start, min(start + 8, end)):
                    logs += np.log(gamma + x * mean[j])
        s = p * x + q
        out[0] += s * logs
        out[1] += x * logs
        out[2] += logs
        out[3] += s * once
        out[4] += s * twice
        out[5] += x * once
        out[6] += once
    return out
