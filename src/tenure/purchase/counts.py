"""How many orders there may be, from a chance and a mean: nobody, or one and a negative binomial number more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

from tenure.purchase.compiling import compiled

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Counts"]

Floats = npt.NDArray[np.float64]

MANY: Final = 1e5
"""Beyond so many on average a quantile is taken from the normal distribution."""
REGULAR: Final = 1e4
"""A size of the negative binomial at which it is as good as Poisson."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """One entry per customer. p: chance of at least one; more: mean number beyond the first of those who order; size:
    of the negative binomial of these, small where customers alike differ much.
    """

    p: Floats
    more: Floats
    size: Floats

    @classmethod
    def of(cls, p: Floats, mean: Floats, size: Floats) -> Self:
        """With that chance and that mean (which is at least the chance)."""
        p = np.clip(p, 1e-9, 1.0 - 1e-9)
        return cls(p, np.maximum(mean / p - 1.0, 1e-9), np.clip(size, 1e-3, REGULAR))

    @staticmethod
    def size_of(p: Floats, mean: Floats, second: Floats) -> Floats:
        """The size at which the mean of the square is `second`."""
        p = np.clip(p, 1e-9, 1.0)
        more = np.maximum(mean / p - 1.0, 1e-9)
        spread = second / p - (1.0 + more) ** 2 - more
        return np.where(spread > more**2 / REGULAR, more**2 / np.maximum(spread, 1e-300), REGULAR)

    @property
    def mean(self) -> Floats:
        """Mean number."""
        return self.p * (1.0 + self.more)

    @property
    def variance(self) -> Floats:
        """Variance of the number."""
        second = (1.0 + self.more) ** 2 + self.more * (1.0 + self.more / self.size)
        return np.asarray(self.p * second - self.mean**2)

    def at_most(self, n: npt.ArrayLike) -> Floats:
        """P(N <= n)."""
        n = np.asarray(n, np.float64)
        rest = nbinom.cdf(n - 1.0, self.size, self.size / (self.size + self.more))
        return np.asarray(np.where(n < 0, 0.0, 1.0 - self.p + self.p * np.where(n < 1, 0.0, rest)))

    def quantile(self, level: float) -> Floats:
        """The least whole number that is not exceeded with chance `level`."""
        left = (level - (1.0 - self.p)) / self.p
        return np.where(left <= 0.0, 0.0, 1.0 + _least(np.minimum(left, 1.0 - 1e-12), self.size, self.more))

    def log_chance(self, n: Floats) -> Floats:
        """ln P(N = n)."""
        rest = nbinom.logpmf(np.maximum(n - 1.0, 0.0), self.size, self.size / (self.size + self.more))
        return np.where(n < 1, np.log1p(-self.p), np.log(self.p) + rest)


@compiled
def _least(level: Floats, size: Floats, mean: Floats) -> Floats:
    """The least n with P(N <= n) >= level for negative binomials; 0 for a level that is not positive."""
    out = np.zeros(len(level))
    for i in range(len(level)):
        q = mean[i] / (size[i] + mean[i])
        mass = np.exp(size[i] * np.log1p(-q))
        if mean[i] > MANY or mass <= 0.0:  # so many that the recursion would begin at nothing
            spread = np.sqrt(mean[i] * (1.0 + mean[i] / size[i]))
            out[i] = max(0.0, np.ceil(mean[i] + spread * _normal(level[i]) - 0.5))
            continue
        below, n = mass, 0.0
        while below < level[i] and mass > 1e-18:
            mass *= q * (size[i] + n) / (n + 1.0)
            below += mass
            n += 1.0
        out[i] = n
    return out


@compiled
def _normal(level: float) -> float:
    """The standard normal quantile, by halving."""
    low, high = -9.0, 9.0
    for _ in range(50):
        middle = (low + high) / 2.0
        if 0.5 * math.erfc(-middle / 1.4142135623730951) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
