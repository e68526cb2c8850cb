"""How often a flag was right: a yes-or-no rule judged by what happened next.

*Flagged* is what the rule said ("lapsed"), *gone* what turned out (no order in time); who is not gone came *back*. A
figure over nobody does not exist: it is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "Changes", "Outcomes", "balanced_accuracy", "gain", "mean", "outcomes", "precision", "recall", "share_flagged",
    "specificity",
]


class Outcomes(NamedTuple):
    """How many of each: what the rule said against what turned out."""

    flagged_gone: int
    flagged_back: int
    clear_gone: int
    clear_back: int

    @property
    def n(self) -> int:
        """Everybody who was judged."""
        return sum(self)


class Changes(NamedTuple):
    """Two rules on the same people: of those gone and those back, how many only the new or only the old one flagged."""

    gone: int
    gone_only_new: int
    gone_only_old: int
    back: int
    back_only_new: int
    back_only_old: int


def outcomes(flagged: npt.ArrayLike, gone: npt.ArrayLike) -> Outcomes:
    """The four counts of two arrays of truth values, one element a person; ValueError if their lengths differ."""
    said, was = np.asarray(flagged, dtype=bool), np.asarray(gone, dtype=bool)
    if said.shape != was.shape:
        raise ValueError(f"one outcome per flag, got {said.size} and {was.size}")
    counts = (said & was, said & ~was, ~said & was, ~said & ~was)
    return Outcomes(*(int(np.count_nonzero(each)) for each in counts))


def precision(found: Outcomes) -> float | None:
    """Of those flagged, the share who were gone; None if nobody was flagged."""
    return _share(found.flagged_gone, found.flagged_back)


def recall(found: Outcomes) -> float | None:
    """Of those gone, the share who were flagged; None if nobody was gone."""
    return _share(found.flagged_gone, found.clear_gone)


def specificity(found: Outcomes) -> float | None:
    """Of those who came back, the share who were left unflagged; None if nobody came back."""
    return _share(found.clear_back, found.flagged_back)


def balanced_accuracy(found: Outcomes) -> float | None:
    """The mean of recall and specificity: .5 for any rule that says the same of everybody; None unless both exist."""
    hits, rights = recall(found), specificity(found)
    return None if hits is None or rights is None else (hits + rights) / 2


def share_flagged(found: Outcomes) -> float | None:
    """The share who were flagged; None of nobody."""
    return _share(found.flagged_gone + found.flagged_back, found.clear_gone + found.clear_back)


def gain(found: Changes) -> tuple[float, float] | None:
    """By how much the new rule's balanced accuracy exceeds the old one's on the same people, and its standard error.

    Half the sum of two paired differences of shares, each with the variance of McNemar's table: with b and c people of
    n on whom only the one or only the other rule is right, (b - c) / n has the variance (b + c - (b - c)^2 / n) / n^2
    (Q. McNemar, Psychometrika 12 (1947), 153-157). None unless somebody was gone and somebody came back.
    """
    if not found.gone or not found.back:
        return None
    caught, caught_error = _paired(found.gone_only_new, found.gone_only_old, found.gone)
    spared, spared_error = _paired(found.back_only_old, found.back_only_new, found.back)
    return (caught + spared) / 2, sqrt(caught_error + spared_error) / 2


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that exist; None if none does."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _paired(better: int, worse: int, n: int) -> tuple[float, float]:
    """A paired difference of shares and its variance."""
    return (better - worse) / n, (better + worse - (better - worse) ** 2 / n) / n**2


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
