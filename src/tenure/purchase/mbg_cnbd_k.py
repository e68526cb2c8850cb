"""MBG/CNBD-k: buyers more regular than chance, who may leave after every purchase, the first included.

Every k-th event of a Poisson process is a purchase, its rate drawn from gamma(r, alpha): the gaps are Erlang-k. k = 1
is MBG/NBD. Source: Reutterer, Platzer, Schroeder, "Leveraging purchase regularity for predicting customer behavior the
easy way", International Journal of Research in Marketing 38 (2021). Their expected number of orders is approximate;
here it is exact: of who is alive and has not bought since t_x, the number j < k of events since then has a known
distribution, and given it, what comes next is a negative binomial.

Purchases merged to whole days are at least a day apart, which alone looks like regularity: a higher likelihood of this
model than of MBG/NBD is no proof that it predicts better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from tenure.errors import InvalidInput
from tenure.purchase.base import Fit, Numbers, best_fit
from tenure.purchase.climbing import symmetric
from tenure.purchase.compiling import compiled
from tenure.purchase.counting import at_least, rates, stays
from tenure.purchase.mbg_nbd import starts
from tenure.purchase.parts import FromParts, Parts

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = ["MOST_REGULAR", "MbgCnbdK"]

Floats = npt.NDArray[np.float64]

MOST_REGULAR: Final = 8
"""k is looked for from 1 to this."""


@dataclass(frozen=True, slots=True)
class MbgCnbdK(FromParts):
    """k (events a purchase), r, alpha (a time), a, b."""

    name: ClassVar[str] = "mbg_cnbd_k"

    k: int
    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, summary: Summary, near: Self | None = None) -> Fit[Self]:
        """The most likely parameters, and k: raised from 1 as long as that is likelier, or that of `near`.

        InvalidInput if the summary does not know its `log_gaps`.
        """
        if near is not None:
            return cls.fit_k(summary, near.k, near)
        best = cls.fit_k(summary, 1)
        for k in range(2, MOST_REGULAR + 1):
            found = cls.fit_k(summary, k)
            if found.log_likelihood <= best.log_likelihood:
                break
            best = found
        return best

    @classmethod
    def fit_k(cls, summary: Summary, k: int, near: Self | None = None) -> Fit[Self]:
        """The most likely parameters for this k."""
        if summary.log_gaps is None and k > 1:
            raise InvalidInput("The logarithms of the gaps are needed to tell how regular buyers are.")
        if (summary.t_x[summary.x > 0] <= 0.0).any():
            raise InvalidInput("Purchases at the same time are one: t_x is positive for who bought again.")
        gaps = 0.0 if summary.log_gaps is None else (k - 1) * summary.log_gaps
        constant = gaps - float(gammaln(k)) * float(summary.weight @ summary.x)
        bought = k * float(summary.weight @ summary.x)
        points = starts(bought, float(summary.weight @ summary.t_x))
        if near is not None:
            points = np.log([near.parameters])
        return best_fit(
            summary, lambda point: cls(k, *(float(value) for value in np.exp(point))),
            lambda rows, point: _height(rows, point, k), points,
            offset=constant,
        )  # fmt: skip

    def at(self, point: Floats) -> MbgCnbdK:
        """The model with this k whose other logarithms are these."""
        return MbgCnbdK(self.k, *(float(value) for value in np.exp(point)))

    @property
    def words(self) -> tuple[str, ...]:
        """The parameters' names, in their order; k is not one of them, for it is chosen, not estimated."""
        return ("r", "alpha", "a", "b")

    @property
    def parameters(self) -> tuple[float, ...]:
        """As `words` names them."""
        return (self.r, self.alpha, self.a, self.b)

    def log_likelihood(self, rows: Summary) -> Floats:
        """Of one customer of each row, but for what single gaps add: (k - 1) times the sum of their logarithms."""
        r, alpha, a, b = self.parameters
        x, n = rows.x, r + self.k * rows.x
        buys = gammaln(n) - gammaln(r) - x * np.log(alpha) * self.k - x * gammaln(self.k)
        stay = gammaln(b + x + 1) - gammaln(a + b + x + 1) - gammaln(b) + gammaln(a + b)
        return np.asarray(buys + stay - n * np.log1p(rows.age / alpha) + np.logaddexp(*self._standing(rows)))

    def p_alive(self, rows: Summary) -> Floats:
        """Chance that the customer has not left."""
        alive, left = self._standing(rows)
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(left - alive, 600.0))))

    def parts(self, rows: Summary, horizon: Numbers) -> Parts:
        """A part for each number j < k of events since the last purchase: of them the rate is gamma(r + k x + j,
        alpha + T), the next purchase is event k - j, and the chance to leave beta(a, b + x + 1).
        """
        logs = self._phases(rows)
        share = np.exp(logs - logs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        j = np.arange(self.k, dtype=np.float64)
        ahead = np.broadcast_to(np.asarray(horizon, np.float64), (rows.n_distinct,))
        whole = np.ones_like(share)
        chance = whole * (ahead / (self.alpha + rows.age + ahead))[:, None]
        shape = self.r + self.k * rows.x[:, None] + j
        stay = whole * (self.b + rows.x[:, None] + 1.0)
        alive = whole * self.p_alive(rows)[:, None]
        return Parts(share, alive, shape, chance, self.k - j * whole, self.a * whole, stay, k=self.k)

    def _phases(self, rows: Summary) -> Floats:
        """(rows, k): log-weight of j events since the last purchase, for those alive."""
        n = self.r + self.k * rows.x[:, None]
        j = np.arange(self.k, dtype=np.float64)
        with np.errstate(divide="ignore"):
            z = np.log((rows.age - rows.t_x) / (self.alpha + rows.age))[:, None]
        drawn = np.where(j > 0, j * np.where(j > 0, z, 0.0), 0.0)
        return np.asarray(gammaln(n + j) - gammaln(n) - gammaln(j + 1) + drawn)

    def _standing(self, rows: Summary) -> tuple[Floats, Floats]:
        """Log-weights of being alive and of having left at the last purchase."""
        logs = self._phases(rows)
        top = logs.max(axis=1)
        alive = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
        grown = np.log1p((rows.age - rows.t_x) / (self.alpha + rows.t_x))
        return alive, np.log(self.a / (self.b + rows.x)) + (self.r + self.k * rows.x) * grown


def _height(rows: Summary, point: Floats, k: int) -> tuple[float, Floats, Floats]:
    """Log-likelihood without the constant, gradient and Hessian in the logarithms of r, alpha, a, b."""
    r, alpha, a, b = (float(value) for value in np.exp(point))
    gradient, upper = np.zeros(4), np.zeros(10)
    value = _times(rows.x, rows.t_x, rows.age, rows.weight, k, r, alpha, a, b, gradient, upper)
    hessian = symmetric(upper, 4)
    count = at_least(rows.x, rows.weight)
    bought, first, second = rates(np.repeat(count[1:], k), r)
    stay, slope, curve = stays(count, a, b)
    gradient[0] += first
    hessian[0, 0] += second
    gradient[2:] += slope
    hessian[2:, 2:] += curve
    return value + bought + stay, gradient, hessian


@compiled
def _times(
    x: Floats, t_x: Floats, age: Floats, weight: Floats, k: int, r: float, alpha: float, a: float, b: float,
    gradient: Floats, upper: Floats,
) -> float:  # fmt: skip
    """Each row is -(r + k x) ln(1 + T / alpha) - k x ln alpha + ln(sum of terms): k for being alive, with j events
    since the last purchase, one for having left at it.
    """
    total = 0.0
    for i in range(len(x)):
        w, bought = weight[i], k * x[i]
        n, now, last = r + bought, 1.0 / (alpha + age[i]), 1.0 / (alpha + t_x[i])
        aged, excess = np.log1p(age[i] / alpha), (r * age[i] - alpha * bought) * now
        silence = age[i] - t_x[i]
        # alive: c z^j with c = n (n + 1) ... (n + j - 1) / j!; slopes in r and alpha
        mass, s0, s1, p00, p01, p11 = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
        term, d0, bend = 1.0, 0.0, 0.0
        for j in range(1, k):
            term *= (n + j - 1.0) / j * silence * now
            share = r / (n + j - 1.0)
            d0 += share
            bend += share * (1.0 - share)
            d1 = -j * alpha * now
            mass += term
            s0 += term * d0
            s1 += term * d1
            p00 += term * (d0 * d0 + bend)
            p01 += term * d0 * d1
            p11 += term * (d1 * d1 + d1 * (1.0 - alpha * now))
        grown, fall, stay = np.log1p(silence * last), (now - last) * alpha, b + x[i]
        q = np.log(a / stay) + n * grown - np.log(mass)
        small = np.exp(-abs(q))
        left = (1.0 if q >= 0.0 else small) / (1.0 + small)
        here = (small if q >= 0.0 else 1.0) / (1.0 + small) / mass
        total += w * (-n * aged - bought * np.log(alpha) + np.log(mass) + max(q, 0.0) + np.log1p(small))
        d0, d1, d3 = r * grown, n * fall, -b / stay
        g0, g1 = here * s0 + left * d0, here * s1 + left * d1
        g2, g3 = left, left * d3
        gradient[0] += w * (g0 - r * aged)
        gradient[1] += w * (g1 + excess)
        gradient[2] += w * g2
        gradient[3] += w * g3
        upper[0] += w * (here * p00 + left * (d0 * d0 + d0) - g0 * g0 - r * aged)
        upper[1] += w * (here * p01 + left * (d0 * d1 + r * fall) - g0 * g1 + r * age[i] * now)
        upper[2] += w * (left * d0 - g0 * g2)
        upper[3] += w * (left * d0 * d3 - g0 * g3)
        upper[4] += w * (
            here * p11 + left * (d1 * d1 + d1 - n * fall * alpha * (now + last)) - g1 * g1
            - alpha * now * (bought + excess)
        )
        upper[5] += w * (left * d1 - g1 * g2)
        upper[6] += w * (left * d1 * d3 - g1 * g3)
        upper[7] += w * (left - g2 * g2)
        upper[8] += w * (left * d3 - g2 * g3)
        upper[9] += w * (left * (d3 * d3 + d3 * (1.0 + d3)) - g3 * g3)
    return total
