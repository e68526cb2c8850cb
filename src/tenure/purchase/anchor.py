"""Totals held to what happened: models of single customers forecast retail years 31 to 150 % too high on their own.

What the same models, fitted at earlier days, forecast too much or too little says by how much to correct, as far as
those days' horizons lay in the same part of the year: a model that knew nothing of Christmas is not to blame for it in
June.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["CAP", "Anchor", "Past", "anchor", "same_season"]

CAP: Final = 1.5
"""A total is at most multiplied or divided by this."""
DOUBT: Final = 1.0
"""As many whole days that fit speak for no correction."""
ENOUGH: Final = 50.0
"""Fewer orders than this, forecast or placed, say nothing of a total."""
YEAR: Final = 365.25


@dataclass(frozen=True, slots=True)
class Past:
    """A day on which a forecast was made whose outcome is known: orders expected and placed within `horizon` days."""

    origin: int
    horizon: int
    expected: float
    placed: float


@dataclass(frozen=True, slots=True)
class Anchor:
    """factor: what a total is multiplied by; weight: how many past days speak; spread: standard deviation of the
    logarithm of what the total may still be off by, None where fewer than two days tell.
    """

    factor: float
    weight: float
    spread: float | None


def same_season(first: int, span: int, other: int, other_span: int) -> float:
    """How much of the longer of two stretches of days (first, span) lies in the same part of the year as the other."""
    mine = (np.arange(first, first + span) % YEAR).astype(int)
    theirs = (np.arange(other, other + other_span) % YEAR).astype(int)
    one, two = (np.bincount(days, minlength=366) > 0 for days in (mine, theirs))
    return float((one & two).sum() / max(one.sum(), two.sum(), 1))


def anchor(past: Sequence[Past], origin: int, horizon: int) -> Anchor:
    """What earlier forecasts say of one made on day `origin` for `horizon` days."""
    told = [one for one in past if min(one.expected, one.placed) >= ENOUGH]
    if not told:
        return Anchor(1.0, 0.0, None)
    off = np.array([np.log(one.placed / one.expected) for one in told])
    weight = np.array([same_season(origin, horizon, one.origin, one.horizon) for one in told])
    total = float(weight.sum())
    factor = float(np.exp(weight @ off / (total + DOUBT)))
    spread = None if len(told) < 2 else float(np.sqrt(np.mean((off - np.log(factor)) ** 2)))
    return Anchor(float(np.clip(factor, 1.0 / CAP, CAP)), total, spread)
