"""The way up a likelihood: Newton's method in the logarithms of the parameters, made to climb from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_LOG", "Height", "Peak", "climb", "distinct", "highest", "symmetric"]

Floats = npt.NDArray[np.float64]

MAX_LOG: Final = 25.0
"""Without a prior the maximum may lie at infinity: the search ends at exp(+-25)."""
MAX_STEP: Final = 2.0  # in logarithms; beyond it the quadratic is no guide
QUADRATIC: Final = 1e-8  # a Newton step this small lands within rounding of the maximum
MAX_STEPS: Final = 200
LEVEL: Final = 12  # steps that lead no higher: a ridge without end
SHORTEST: Final = 1e-10  # of a step, as a share of Newton's
SAME: Final = 1e-4  # two climbs that end nearer than this, in logarithms, ended on one peak
NEAR: Final = 1e-2  # a climb whose next step would lead nearer than this to a known peak ends there


@dataclass(frozen=True, slots=True)
class Height:
    """The likelihood at a point: with the prior (`total`) and without (`value`), and the derivatives of the former."""

    total: float
    value: float
    gradient: Floats
    hessian: Floats


@dataclass(frozen=True, slots=True)
class Peak:
    """Where a climb ended. `pushed`: which parameters ended against a bound; `steps`: how many were taken."""

    point: Floats
    total: float
    value: float
    hessian: Floats
    converged: bool
    pushed: npt.NDArray[np.bool_]
    steps: int


def climb(height: Callable[[Floats], Height], point: Floats, known: Sequence[Peak] = ()) -> Peak:
    """Uphill from `point` until a Newton step is within rounding, nothing leads higher, or MAX_STEPS; or until it is
    plain that it ends on one of the `known` peaks of the same likelihood.
    """
    point = np.clip(point, -MAX_LOG, MAX_LOG)
    here = height(point)
    pushed, level = np.zeros(len(point), bool), 0
    for steps in range(MAX_STEPS):
        pushed = np.where(here.gradient > 0, point >= MAX_LOG, point <= -MAX_LOG)  # against a bound: stays there
        step, concave = _ascent(here, ~pushed)
        if concave and np.abs(step).max() < QUADRATIC:
            return Peak(point + step, here.total, here.value, here.hessian, not pushed.any(), pushed, steps)
        if concave and not pushed.any():
            for peak in known:
                if peak.converged and np.abs(point + step - peak.point).max() < NEAR:
                    return peak
        # the sum of the terms is only good to some rounding; below it a Newton step is the better judge
        slack, slope, length = 1e-12 * (1.0 + abs(here.total)), float(here.gradient @ step), 1.0
        while True:
            there = np.clip(point + length * step, -MAX_LOG, MAX_LOG)
            ahead = height(there)
            if length < SHORTEST or ahead.total >= here.total + 1e-4 * length * slope - slack:
                break
            length /= 2.0
        level = 0 if ahead.total > here.total + slack else level + 1
        point, here = there, ahead
        if level == LEVEL:
            break
    return Peak(point, here.total, here.value, here.hessian, False, pushed, steps)


def _ascent(here: Height, free: npt.NDArray[np.bool_]) -> tuple[Floats, bool]:
    """Newton's step in the free directions, no longer than MAX_STEP; and whether all of them curve downwards.

    Those that do not are taken as if they did, so the step always leads upwards.
    """
    step = np.zeros(len(free))
    if not free.any():
        return step, True
    # picking rows and columns costs half as much as finding the axes
    curvature, axes = np.linalg.eigh(-(here.hessian if free.all() else here.hessian[np.ix_(free, free)]))
    floor = 1e-12 * max(float(np.abs(curvature).max()), 1e-300)
    newton = axes @ (axes.T @ here.gradient[free] / np.maximum(np.abs(curvature), floor))
    step[free] = newton * min(1.0, MAX_STEP / max(float(np.abs(newton).max()), MAX_STEP))
    return step, bool(curvature[0] > floor)


def distinct(peaks: Sequence[Peak]) -> list[Peak]:
    """The peaks, each once."""
    kept: list[Peak] = []
    for peak in peaks:
        if all(np.abs(peak.point - other.point).max() > SAME for other in kept):
            kept.append(peak)
    return kept


def highest(
    few: Callable[[Floats], Height] | None, everybody: Callable[[Floats], Height], starts: Sequence[Floats] | Floats,
    rough: Callable[[Floats], Height] | None = None,
) -> Peak:  # fmt: skip
    """The highest peak reached from `starts`; where there are `few` rows that stand for all, they show the way, and a
    quicker likelihood of everybody that is only nearly theirs (`rough`) leads on.
    """
    points, ends = starts, list[Peak]()
    for height in (few, rough, everybody):
        if height is not None:
            ends = []
            for point in points:
                ends.append(climb(height, point, ends))
            ends = distinct(ends)
            points = [peak.point for peak in ends]
    return max(ends, key=lambda peak: peak.total)


@lru_cache(maxsize=16)
def _places(size: int) -> npt.NDArray[np.intp]:
    """Which number of the upper triangle, row by row, stands where in the matrix."""
    places = np.zeros((size, size), np.intp)
    places[np.triu_indices(size)] = np.arange(size * (size + 1) // 2)
    return places + np.triu(places, 1).T


def symmetric(upper: Floats, size: int) -> Floats:
    """The matrix whose upper triangle, row by row, is `upper`."""
    return upper[_places(size)]
