"""The difference of two shares over strata, like compared with like, and its interval."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from tenure.measure.retention import Z95

__all__ = ["difference", "weights"]

Floats = npt.NDArray[np.float64]
_Beyond = Callable[[float], float]

_STEPS: Final = 60
"""Halvings of an interval's end: far below any digit that is shown."""


def weights(n: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """The weights of Mantel and Haenszel, n others / (n + others) of a stratum, 1 in sum; 0 where one kind is nobody.

    Sources: W. G. Cochran, Some methods for strengthening the common chi-square tests, Biometrics 10 (1954), 417-451;
    N. Mantel, W. Haenszel, Statistical aspects of the analysis of data from retrospective studies of disease, Journal
    of the National Cancer Institute 22 (1959), 719-748.
    """
    n1, n0 = (np.asarray(one, np.float64) for one in (n, others))
    weight = n1 * n0 / np.maximum(n1 + n0, 1.0)
    return np.asarray(weight / weight.sum())


def difference(
    hits: npt.ArrayLike, n: npt.ArrayLike, other_hits: npt.ArrayLike, others: npt.ArrayLike, z: float = Z95
) -> tuple[float, float, float]:
    """The difference of two standardised shares and its interval (95 % by default): (difference, low, high).

    One element a stratum: hits of n of the one kind, other_hits of `others`; n and others are at least 1. The
    difference is sum(w (hits / n - other_hits / others)) with `weights`. The interval is the score interval of O.
    Miettinen and M. Nurminen, Comparative analysis of two rates, Statistics in Medicine 4 (1985), 213-226, for strata:
    the differences D at which

        sum(w (d - D))^2 <= z^2 sum(w^2 v(D)),   v(D) = (p1 (1 - p1) / n + p0 (1 - p0) / others) N / (N - 1)

    with d the difference in a stratum, N = n + others, and p1, p0 the likeliest shares there that differ by D. It needs
    no large strata: those in which all or none are hits count as uncertain as they are.
    """
    x1, n1, x0, n0 = (np.asarray(one, np.float64) for one in (hits, n, other_hits, others))
    weight = weights(n1, n0)
    found = float(np.sum(weight * (x1 / n1 - x0 / n0)))

    def beyond(at: float) -> float:
        """How far `at` lies from the difference, in standard errors if it were true, less z."""
        error = sqrt(float(np.sum(weight**2 * _variance(x1, n1, x0, n0, at))))
        return abs(found - at) - z * error

    return found, _end(beyond, found, -1.0), _end(beyond, found, 1.0)


def _end(beyond: _Beyond, inside: float, outside: float) -> float:
    """Where the interval ends between its middle and the end of what is possible."""
    if beyond(outside) <= 0:
        return outside
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if beyond(middle) <= 0:
            inside = middle
        else:
            outside = middle
    return inside


def _variance(x1: Floats, n1: Floats, x0: Floats, n0: Floats, at: float) -> Floats:
    """The variance of every stratum's difference if it were `at`: the cubic of Miettinen and Nurminen, appendix I."""
    n, x = n1 + n0, x1 + x0
    l2 = (n1 + 2 * n0) * at - n - x
    l1 = (n0 * at - n - 2 * x0) * at + x
    l0 = x0 * at * (1 - at)
    b = l2 / (3 * n)
    q = b**3 - l1 * b / (2 * n) + l0 / (2 * n)
    # not below 0 but for rounding; where it is 0 the three roots are one
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(b**2 - l1 / (3 * n), 0.0))
    turn = np.divide(q, p**3, out=np.zeros_like(q), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(turn, -1.0, 1.0))) / 3
    low, high = max(0.0, -at), min(1.0, 1.0 - at)
    p0 = np.clip(2 * p * np.cos(angle) - b, low, high)
    p1 = np.clip(p0 + at, 0.0, 1.0)
    return np.asarray((p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * n / (n - 1))
