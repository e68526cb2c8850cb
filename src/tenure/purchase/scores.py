"""How good forecasts were: each beside what happened, customer by customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

if TYPE_CHECKING:
    from tenure.purchase.counts import Counts

__all__ = ["Bin", "Scores", "auc", "calibration", "pit", "scores"]

Floats = npt.NDArray[np.float64]

BINS: Final = 10


class Bin(NamedTuple):
    """A tenth of the customers by their chance: the mean told, the share who ordered, how many."""

    told: float
    came: float
    n: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Of n customers, `buyers` of whom ordered within the horizon, `orders` orders in all. None: there is no number.

    auc: chance that of a buyer and another the buyer was told the higher chance; brier: mean squared error of the
    chance; rmse, mae: of the number of orders; bias: total told / total placed - 1; coverage, width: share within the
    interval and its mean width in orders; pit: share of the randomised probability integral transform in each tenth.
    """

    n: int
    buyers: int
    orders: int
    auc: float | None
    brier: float | None
    rmse: float | None
    mae: float | None
    bias: float | None
    coverage: float | None = None
    width: float | None = None
    pit: tuple[float, ...] = ()
    calibration: tuple[Bin, ...] = ()


def auc(score: Floats, bought: npt.NDArray[np.bool_]) -> float | None:
    """Area under the curve, ties counted half (Mann, Whitney 1947); None unless there are both kinds."""
    buyers = int(bought.sum())
    others = len(bought) - buyers
    if not buyers or not others:
        return None
    ranks = rankdata(score)
    return float((ranks[bought].sum() - buyers * (buyers + 1) / 2) / (buyers * others))


def calibration(p: Floats, bought: npt.NDArray[np.bool_], bins: int = BINS) -> tuple[Bin, ...]:
    """By tenths of the chance told, those told the same in one bin."""
    if not len(p):
        return ()
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    which = np.searchsorted(edges, p, side="left")
    found = []
    for one in np.unique(which):
        mine = which == one
        found.append(Bin(float(p[mine].mean()), float(bought[mine].mean()), int(mine.sum())))
    return tuple(found)


def pit(counts: Counts, orders: Floats, seed: int = 0) -> tuple[float, ...]:
    """The share of customers in each tenth of the randomised transform: an even tenth each if the distributions are
    right (Czado, Gneiting, Held, "Predictive model assessment for count data", Biometrics 65 (2009)).
    """
    if not len(orders):
        return ()
    below, upto = counts.at_most(orders - 1.0), counts.at_most(orders)
    at = below + np.random.default_rng(seed).random(len(orders)) * (upto - below)
    return tuple(float(v) for v in np.bincount((at * 10).astype(int).clip(0, 9), minlength=10) / len(orders))


def scores(
    p: Floats | None, mean: Floats | None, orders: Floats, *, rank: Floats | None = None,
    low: Floats | None = None, high: Floats | None = None, counts: Counts | None = None,
) -> Scores:  # fmt: skip
    """Chances and means told, beside the orders placed; `rank`: what to rank by where there is no chance."""
    bought, n = orders > 0, len(orders)
    score = p if p is not None else rank
    off = None if mean is None else mean - orders
    covered = width = None
    if low is not None and high is not None and n:
        covered, width = float(np.mean((orders >= low) & (orders <= high))), float(np.mean(high - low))
    return Scores(
        n, int(bought.sum()), int(orders.sum()),
        None if score is None else auc(score, bought),
        None if p is None or not n else float(np.mean((p - bought) ** 2)),
        None if off is None or not n else float(np.sqrt(np.mean(off**2))),
        None if off is None or not n else float(np.mean(np.abs(off))),
        None if mean is None or not orders.sum() else float(mean.sum() / orders.sum() - 1.0),
        covered, width,
        () if counts is None else pit(counts, orders),
        () if p is None else calibration(p, bought),
    )  # fmt: skip
