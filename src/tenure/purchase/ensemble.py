"""The ensemble: four purchase models, what customers' own past adds to them, and totals held to what happened.

Mean number of orders: half the models' average, half the boosted one, together brought to the anchored total. Chance of
an order: the average of the models' chance, the logistic regression's and the classifier's. Both learn on up to six
earlier days, at each of which the models are fitted anew to what was known then. With fewer than ENOUGH_CUSTOMERS
customers, or fewer than two such days, the models' average stands alone, and the forecast says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tenure.periods import date_of
from tenure.purchase.anchor import Anchor, Past, anchor
from tenure.purchase.counts import Counts
from tenure.purchase.histories import Histories, Standing
from tenure.purchase.learned import Learners, Lesson, features
from tenure.purchase.panel import Moments, Panel, rows_ahead

__all__ = ["ENOUGH_CUSTOMERS", "LEVELS", "MOST_SPREAD", "Ensemble", "Told", "earlier_days", "ensemble"]

Floats = npt.NDArray[np.float64]

ENOUGH_CUSTOMERS: Final = 1_000
MOST_SPREAD: Final = 1.0
"""A total that may be off by more than a factor of five either way is not told more precisely."""
DAYS_BACK: Final = 6
APART: Final = 7
"""Days between two of them, at least."""
PUPILS: Final = 15_000
"""At most so many customers of each earlier day are learnt from."""
LEARNT_FROM: Final = 60_000
"""Of more customers, so many are followed through the earlier days."""
FEWEST: Final = 200
LEVELS: Final = (0.05, 0.95)
"""Of the intervals."""
SIZES: Final = tuple(float(v) for v in np.geomspace(0.2, 5.0, 17))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is expected of each customer of `standing` within the horizon.

    counts: the distribution of their orders; p_alive: by the models; plain: the models' average mean; total: what the
    anchored total is, plain_total what it would be unanchored.
    """

    standing: Standing
    horizon: int
    counts: Counts
    p_alive: Floats
    total: float
    plain_total: float
    total_spread: float


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Fitted to the past of one day, for one horizon. learners: None where there was too little to learn from, and
    `why_plain` says what; size_factor: how much more (or less) alike customers are than the models say.
    """

    origin: int
    horizon: int
    panel: Panel
    learners: Learners | None
    anchor: Anchor
    size_factor: float
    past: tuple[Past, ...]
    why_plain: str | None

    def tell(self, standing: Standing) -> Told:
        """Of everybody who stands there."""
        moments = self.panel.moments(standing, self.horizon)
        p, mean = moments.p_buy, moments.expected
        if self.learners is not None:
            facts = features(standing, moments, self.horizon)
            p, mean = _averaged(self.learners, facts, moments)
        plain = float(moments.expected.sum())
        mean = mean * (plain * self.anchor.factor / max(float(mean.sum()), 1e-12))
        counts = _counts(p, mean, moments, self.size_factor)
        return Told(
            standing, self.horizon, counts, moments.p_alive, float(counts.mean.sum()), plain, self._spread(standing)
        )

    def _spread(self, standing: Standing) -> float:
        """Standard deviation of the logarithm of the total, beyond chance: from past days; else from the models."""
        if self.anchor.spread is not None:
            return min(self.anchor.spread, MOST_SPREAD)
        summary = standing.summary()
        ahead = rows_ahead(summary, standing, float(self.horizon))
        totals = [
            float(summary.weight @ one.expected_orders(summary, ahead))
            for fit in self.panel.fits for one in [fit.model, *fit.likely()]
        ]  # fmt: skip
        return min(float(np.std(np.log(np.maximum(totals, 1e-9)))), MOST_SPREAD)


def _averaged(learners: Learners, facts: Floats, moments: Moments) -> tuple[Floats, Floats]:
    """Chance and mean: models and learners together."""
    relative = moments.expected * learners.relative(facts)
    relative *= moments.expected.sum() / max(float(relative.sum()), 1e-12)
    by_line, by_trees = learners.chances(facts, moments)
    return (moments.p_buy + by_line + by_trees) / 3.0, (moments.expected + relative) / 2.0


def _counts(p: Floats, mean: Floats, moments: Moments, factor: float) -> Counts:
    size = Counts.size_of(moments.p_buy, moments.expected, moments.second)
    # a mean below its chance would be of less than one order from those who order
    return Counts.of(p, np.maximum(mean, p * 1.0001), size * factor)


def earlier_days(first: int, origin: int, horizon: int) -> list[tuple[int, int]]:
    """(day, horizon) of earlier forecasts whose outcome was known on day `origin`, the latest first.

    The horizon is that asked for, or half of the history if that is shorter; at least half of what lies before the
    latest such day lies before each.
    """
    span = origin - first
    ahead = min(horizon, span // 2)
    latest = origin - ahead
    room = (latest - first) // 2
    many = min(DAYS_BACK, room // APART)
    if ahead < APART or many < 2:
        return []
    return [(latest - room // many * back, ahead) for back in range(many)]


def ensemble(
    histories: Histories, origin: int, horizon: int, tell: Callable[[str], None] | None = None
) -> Ensemble:
    """Fit everything to what was known before day `origin`. InvalidInput if nobody ordered before it."""
    say = tell or (lambda _: None)
    standing = histories.at(origin)
    say(f"fitting {standing.n:,} customers")
    panel = Panel.of(standing.summary())
    if standing.n < ENOUGH_CUSTOMERS:
        why = f"fewer than {ENOUGH_CUSTOMERS:,} customers (n = {standing.n:,}): the average of the models alone"
        return Ensemble(origin, horizon, panel, None, Anchor(1.0, 0.0, None), 1.0, (), why)
    fewer = histories.some(LEARNT_FROM)
    lessons: list[Lesson] = []
    past: list[Past] = []
    for day, ahead in earlier_days(int(standing.first_on.min()), origin, horizon):
        say(f"learning from {date_of(day)}")
        lesson = _lesson(fewer, day, ahead)
        if lesson is not None:
            lessons.append(lesson)
            past.append(Past(day, ahead, float(lesson.moments.expected.sum()), float(lesson.orders.sum())))
    held = anchor(past, origin, horizon)
    if len(lessons) < 2:
        why = "fewer than two earlier days to learn from: the average of the models alone"
        return Ensemble(origin, horizon, panel, None, held, 1.0, tuple(past), why)
    pupils = [_fewer(one) for one in lessons]
    say("learning how sure to be")
    factor = _size_factor(pupils)
    return Ensemble(origin, horizon, panel, Learners.taught(pupils), held, factor, tuple(past), None)


def _lesson(histories: Histories, day: int, horizon: int) -> Lesson | None:
    """An earlier day, or None if it had too few customers or none of them ordered again."""
    standing = histories.at(day)
    if standing.n < FEWEST:
        return None
    moments = Panel.of(standing.summary()).moments(standing, horizon)
    orders = histories.outcome(standing, horizon).orders
    if (orders > 0).sum() < 20 or (orders == 0).sum() < 20:
        return None
    return Lesson(features(standing, moments, horizon), moments, orders)


def _fewer(lesson: Lesson) -> Lesson:
    """At most PUPILS customers, evenly by place."""
    n = len(lesson.orders)
    if n <= PUPILS:
        return lesson
    rows = np.linspace(0, n - 1, PUPILS).astype(np.intp)
    m = lesson.moments
    some = Moments(m.p_buy[rows], m.p_alive[rows], m.expected[rows], m.second[rows], m.chances[:, rows])
    return Lesson(lesson.facts[rows], some, lesson.orders[rows])


def _size_factor(lessons: list[Lesson]) -> float:
    """Of SIZES the factor on the models' size under which the latest day was likeliest, told by learners of the others
    (how sure one may be is not seen on what was learnt from), or a smaller one if its intervals held too few.
    """
    latest, moments = lessons[0], lessons[0].moments
    p, mean = _averaged(Learners.taught(lessons[1:]), latest.facts, moments)
    mean = mean * (latest.orders.sum() / max(float(mean.sum()), 1e-12))
    told = [_counts(p, mean, moments, factor) for factor in SIZES]
    likeliest = int(np.argmax([float(one.log_chance(latest.orders).sum()) for one in told]))
    for place in range(likeliest, 0, -1):
        low, high = (told[place].quantile(level) for level in LEVELS)
        if np.mean((latest.orders >= low) & (latest.orders <= high)) >= LEVELS[1] - LEVELS[0]:
            return SIZES[place]
    return SIZES[0]
