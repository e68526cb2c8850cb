"""How many orders there may be, from a chance and a mean: nobody, or one and a negative binomial number more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Counts"]

Floats = npt.NDArray[np.float64]

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
        beyond = nbinom.ppf(np.clip(left, 1e-12, 1.0 - 1e-12), self.size, self.size / (self.size + self.more))
        return np.where(left <= 0.0, 0.0, 1.0 + beyond)

    def log_chance(self, n: Floats) -> Floats:
        """ln P(N = n)."""
        rest = nbinom.logpmf(np.maximum(n - 1.0, 0.0), self.size, self.size / (self.size + self.more))
        return np.where(n < 1, np.log1p(-self.p), np.log(self.p) + rest)
