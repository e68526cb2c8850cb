"""What the orders to come may come to: their number, times what this customer spends on one, with its spread."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from tenure.purchase.base import BLOCK
from tenure.purchase.counts import Counts

__all__ = ["DOUBTFUL_SPREAD", "value_between"]

Floats = npt.NDArray[np.float64]

POINTS: Final = 8
STEPS: Final = 15

DOUBTFUL_SPREAD: Final = 0.7
"""Standard deviation of the logarithm of what an order comes to, where nobody has two: about a half to twice."""


def value_between(
    counts: Counts, spend: Floats, paid: Floats, spread: float | None, levels: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Quantiles of the total, in the unit of `spend` (mean of an order; `paid`: from how many it is known).

    The number of orders of who orders at all is taken at POINTS of its distribution (the negative binomial beyond the
    first as a gamma, by Wilson, Hilferty 1931); given it the total is log-normal: orders differ by `spread` around the
    customer's mean, which itself is known the less the fewer orders it is from. The quantile is found by halving.
    """
    # of a log-normal, the variance over the square of the mean
    square = float(np.expm1((DOUBTFUL_SPREAD if spread is None else spread) ** 2))
    found = np.zeros((2, len(spend)))
    for begin in range(0, len(spend), BLOCK):
        rows = slice(begin, begin + BLOCK)
        some = Counts(counts.p[rows], counts.more[rows], counts.size[rows])
        orders = _orders_at_points(some)
        # orders of one and the same amount are still told apart by a hair
        scale = np.maximum(np.sqrt(np.log1p(square / orders + square / np.maximum(paid[rows, None], 1.0))), 1e-9)
        centre = np.log(np.maximum(spend[rows, None], 1e-300) * orders) - scale**2 / 2.0
        for place, level in enumerate(levels):
            left = (level - (1.0 - some.p)) / some.p
            value = np.exp(_quantile(np.clip(left, 1e-6, 1.0 - 1e-6), centre, scale))
            found[place, rows] = np.where((left <= 0.0) | (spend[rows] <= 0.0), 0.0, value)
    return found[0], found[1]


def _orders_at_points(counts: Counts) -> Floats:
    """(customers, POINTS): how many orders, of who orders, at evenly likely places of the distribution."""
    z = ndtri((np.arange(POINTS) + 0.5) / POINTS)
    shape = np.maximum(counts.more / (1.0 + counts.more / counts.size), 1e-6)[:, None]
    beyond = counts.more[:, None] * np.maximum(1.0 - 1.0 / (9.0 * shape) + z / (3.0 * np.sqrt(shape)), 0.0) ** 3
    # what the cutting off adds to the mean is taken off again
    beyond *= counts.more[:, None] / np.maximum(beyond.mean(axis=1, keepdims=True), 1e-300)
    return np.asarray(1.0 + beyond)


def _quantile(level: Floats, centre: Floats, scale: Floats) -> Floats:
    """Of an even mixture of normals (customers, POINTS)."""
    low, high = (centre - 8.0 * scale).min(axis=1), (centre + 8.0 * scale).max(axis=1)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        below = ndtr((middle[:, None] - centre) / scale).mean(axis=1) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2.0)
