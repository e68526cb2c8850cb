"""What the orders to come may come to: their number, times what this customer spends on one, with its spread."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from tenure.purchase.counts import Counts

__all__ = ["DOUBTFUL_SPREAD", "value_between"]

Floats = npt.NDArray[np.float64]

DOUBTFUL_SPREAD: Final = 0.7
"""Standard deviation of the logarithm of what an order comes to, where nobody has two: about a half to twice."""


def value_between(
    counts: Counts, spend: Floats, paid: Floats, spread: float | None, levels: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Quantiles of the total, in the unit of `spend` (mean of an order; `paid`: from how many it is known).

    Of who orders at all, the total is taken as log-normal with its exact mean and variance: orders differ by `spread`
    around the customer's mean, which itself is known the less the fewer orders it is from.
    """
    # of a log-normal, the variance over the square of the mean
    square = float(np.expm1((DOUBTFUL_SPREAD if spread is None else spread) ** 2))
    mean_n = 1.0 + counts.more
    variance_n = counts.more * (1.0 + counts.more / counts.size)
    doubt = square / np.maximum(paid, 1.0)
    # relative variance of N orders of a customer whose mean is uncertain by `doubt`
    relative = square / mean_n + (1.0 + doubt) * variance_n / mean_n**2 + doubt
    scale = np.sqrt(np.log1p(relative))
    centre = np.log(np.maximum(spend * mean_n, 1e-300)) - scale**2 / 2.0
    found = []
    for level in levels:
        left = (level - (1.0 - counts.p)) / counts.p
        quantile = np.exp(centre + scale * norm.ppf(np.clip(left, 1e-12, 1.0 - 1e-12)))
        found.append(np.where((left <= 0.0) | (spend <= 0.0), 0.0, quantile))
    return found[0], found[1]
