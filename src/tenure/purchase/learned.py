"""What customers' own past adds to the models: learnt on earlier days whose outcome is known.

Three learners, each small and strongly held back: a boosted count that starts from the models' mean and learns how much
more or less to expect, a logistic regression on the models' chances and a few plain facts, and a boosted classifier on
the same. Every earlier day is brought to its own total, so no learner learns the level of a season; `anchor` does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tenure.purchase.histories import RECENT

if TYPE_CHECKING:
    from tenure.purchase.histories import Standing
    from tenure.purchase.panel import Moments

__all__ = ["Learners", "Lesson", "features"]

Floats = npt.NDArray[np.float64]

FLOOR: Final = 1e-3
"""Of a mean or a chance, lest a logarithm or a weight be without bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """An earlier day: the facts of (customers, features), what the models said, and how many orders came."""

    facts: Floats
    moments: Moments
    orders: Floats


def features(standing: Standing, moments: Moments, horizon: int) -> Floats:
    """(customers, features): plain facts of each, free of the unit of time where they can be."""
    s = standing
    ahead = np.maximum(s.ahead(float(horizon)), 1e-6)
    usual = np.where(s.x > 0, s.t_x / np.maximum(s.x, 1.0), s.age)
    mean_log = np.where(s.x > 0, s.gaps.log_sum / np.maximum(s.x, 1.0), 0.0)
    spread = np.sqrt(np.maximum(s.gaps.log_squares / np.maximum(s.x, 1.0) - mean_log**2, 0.0))
    typical = np.nanmedian(s.spent) if np.isfinite(s.spent).any() else 1.0
    spent = np.log(np.maximum(np.where(np.isfinite(s.spent), s.spent, typical), 1.0) / max(float(typical), 1.0))
    return np.column_stack([
        np.log1p(s.x), np.log1p(s.silence), np.log1p(s.age), s.silence / np.maximum(s.age, 1.0),
        np.log1p(s.silence / np.maximum(usual, 0.5)), np.log(np.maximum(usual, 0.5) / ahead),
        np.log(np.maximum(s.gaps.last, 0.5) / np.maximum(usual, 0.5)) * (s.x > 1), spread * (s.x > 2),
        np.log1p(s.recent), _lately(standing, moments, ahead), s.x / np.maximum(s.age, 1.0) * ahead, spent,
        np.log(np.maximum(moments.expected, FLOOR)), _logit(moments.p_buy), np.log(np.maximum(moments.p_alive, FLOOR)),
    ])  # fmt: skip


def _lately(standing: Standing, moments: Moments, ahead: Floats) -> Floats:
    """How the orders of the last days compare with what the models expect of as many days to come."""
    days = np.minimum(np.array(RECENT), standing.age[:, None] + 1.0)
    expected = moments.expected[:, None] * days / ahead[:, None]
    return np.asarray(np.log((standing.recent + 0.5) / (expected + 0.5)))


def _logit(p: Floats) -> Floats:
    p = np.clip(p, FLOOR, 1.0 - FLOOR)
    return np.asarray(np.log(p / (1.0 - p)))


def _plain(facts: Floats, moments: Moments) -> Floats:
    """What the logistic regression sees: the chances by model as logits, and five facts."""
    return np.column_stack([_logit(moments.chances).T, facts[:, [0, 1, 3, 4, 5]]])


@dataclass(frozen=True, slots=True)
class Learners:
    """Fitted learners; `count`, `chance` and `classed` are scikit-learn's."""

    count: Any
    chance: Any
    classed: Any

    @classmethod
    def taught(cls, lessons: Sequence[Lesson]) -> Learners:
        """Of all lessons together."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        facts = np.concatenate([one.facts for one in lessons])
        plain = np.concatenate([_plain(one.facts, one.moments) for one in lessons])
        orders = np.concatenate([one.orders for one in lessons])
        expected = np.concatenate([_levelled(one) for one in lessons])
        leaf = max(30, len(orders) // 150)
        small = {"learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": leaf, "l2_regularization": 5.0,
                 "random_state": 0, "early_stopping": False, "max_bins": 64}
        bought = orders > 0
        with threadpool_limits(limits=1):  # so small, they wait for each other longer than they work
            count = HistGradientBoostingRegressor(loss="poisson", max_iter=100, **small)
            count.fit(facts, orders / expected, sample_weight=expected)
            chance = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=500)).fit(plain, bought)
            classed = HistGradientBoostingClassifier(max_iter=80, **small).fit(facts, bought)
        return cls(count, chance, classed)

    def relative(self, facts: Floats) -> Floats:
        """How many times the models' mean to expect."""
        return np.asarray(self.count.predict(facts))

    def chances(self, facts: Floats, moments: Moments) -> tuple[Floats, Floats]:
        """The chances of at least one order, by the regression and by the classifier."""
        return (
            np.asarray(self.chance.predict_proba(_plain(facts, moments))[:, 1]),
            np.asarray(self.classed.predict_proba(facts)[:, 1]),
        )


def _levelled(lesson: Lesson) -> Floats:
    """The models' means brought to the total that came."""
    expected = np.maximum(lesson.moments.expected, FLOOR)
    return np.asarray(expected * (lesson.orders.sum() / expected.sum()))
