"""The formulas of rhythm.md section 6 and 7, one customer at a time, and the fit of the purchase model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, ndtri

from tenure.errors import DidNotConverge
from tenure.lifecycle.oracle.policy import Rule

__all__ = [
    "Buying",
    "Gaps",
    "Past",
    "Snapshot",
    "crossing",
    "deviations",
    "fit",
    "horizon",
    "level",
    "log_posterior",
    "odds",
    "p_buy",
    "rhythm",
    "silences",
    "snapshot",
    "usual",
]

Floats = NDArray[np.float64]

USUAL_GAP = math.log(45.0)
LADDER = (14.0, 30.0, 60.0, 90.0, 180.0, 365.0)
LONGEST = 3652.5
MOST = 36_525.0
CENTRE = np.log([0.8, 45.0, 0.8, 1.6])
SPREAD = np.array([1.0, 1.5, 1.0, 1.0])
STARTS = np.array([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0], [-0.5, 0.3, 0.0, 1.6]])


class Gaps(NamedTuple):
    """How the logarithm of gaps is spread: its mean, its variance within a customer and between customers."""

    mu: float
    within: float
    between: float


class Buying(NamedTuple):
    """Parameters of the MBG/NBD model, in days."""

    r: float
    alpha: float
    a: float
    b: float


class Past(NamedTuple):
    """What one customer gives to a snapshot: repeats, first to last, first to now, and the gaps, on the clock."""

    x: int
    t_x: float
    age: float
    gaps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The population as known at a month's start."""

    gaps: Gaps
    buying: Buying
    horizon: float
    level: float
    customers: int


def snapshot(pasts: Sequence[Past], history_days: float) -> Snapshot:
    """The population of these customers, `history_days` after the first of all orders."""
    gaps = rhythm([past.gaps for past in pasts if past.gaps])
    buying = fit(pasts)
    ahead = horizon([gap for past in pasts for gap in past.gaps], history_days)
    chances = [
        p_buy(past.age - past.t_x, past.x, past.t_x, ahead, buying) for past in pasts if past.age - past.t_x <= 730
    ]
    return Snapshot(gaps, buying, ahead, level(chances), len(pasts))


def rhythm(gaps_of: Sequence[Sequence[float]]) -> Gaps:
    """Analysis of variance of the logarithms of gaps, one sequence a customer, drawn towards the stated defaults."""
    if not gaps_of:
        return Gaps(USUAL_GAP, 1.0, 0.81)
    logs = [[math.log(gap) for gap in gaps] for gaps in gaps_of]
    customers, total = len(logs), sum(len(own) for own in logs)
    means = [math.fsum(own) / len(own) for own in logs]
    inside = math.fsum((value - mean) ** 2 for own, mean in zip(logs, means, strict=True) for value in own)
    within = (inside + 10 * 1.0) / (total - customers + 10)
    between = 0.81
    if customers > 1:
        grand = math.fsum(value for own in logs for value in own) / total
        outside = math.fsum(len(own) * (mean - grand) ** 2 for own, mean in zip(logs, means, strict=True))
        size = total - math.fsum(len(own) ** 2 for own in logs) / total
        between = max((outside - (customers - 1) * within) / max(size, 1e-9), 0.01)
    trust = customers / (customers + 20)
    between = trust * between + (1 - trust) * 0.81
    shares = [len(own) / (len(own) + within / between) for own in logs]
    mu = math.fsum(share * mean for share, mean in zip(shares, means, strict=True)) + USUAL_GAP * 5
    return Gaps(mu / (math.fsum(shares) + 5), within, between)


def usual(x: int, log_gaps: float, gaps: Gaps, z: float = 0.0) -> float:
    """The gap that the next one exceeds with the chance of `z` standard deviations; 0: the usual gap."""
    k = gaps.within / gaps.between
    mean = (k * gaps.mu + log_gaps) / (k + x)
    return math.exp(mean + z * math.sqrt(gaps.within * (1 + 1 / (k + x))))


def deviations(quantile: float) -> float:
    """The standard deviations of a quantile of the normal distribution."""
    return float(ndtri(quantile))


def p_buy(silence: float, x: int, t_x: float, ahead: float, buying: Buying) -> float:
    """MBG/NBD: chance of an order within `ahead` days, after `x` repeats over `t_x` days and `silence`; falls in it."""
    r, alpha, a, b = buying
    waited, n = alpha + t_x, r + x
    alive = 1 / (1 + a / (b + x) * math.exp(min(n * math.log1p(silence / waited), 600.0)))
    return alive * -math.expm1(-n * math.log1p(ahead / (waited + silence)))


def crossing(target: float, x: int, t_x: float, ahead: float, buying: Buying) -> float:
    """The silence at which `p_buy` falls below `target`: 0 if it is from the start, ten years if it never is before."""
    if p_buy(0.0, x, t_x, ahead, buying) < target:
        return 0.0
    if p_buy(LONGEST, x, t_x, ahead, buying) >= target:
        return LONGEST
    above, below = 0.0, LONGEST
    while below - above > 1e-11:
        middle = (above + below) / 2
        if middle in (above, below):
            break
        if p_buy(middle, x, t_x, ahead, buying) >= target:
            above = middle
        else:
            below = middle
    return below


def level(chances: Sequence[float]) -> float:
    """The shop's average chance, as if 30 more customers had .3."""
    return (math.fsum(chances) + 30 * 0.3) / (len(chances) + 30)


def odds(share: float, times: float) -> float:
    """The share whose odds are `times` those of `share`."""
    return times * share / (1 - share + times * share)


def horizon(gaps: Sequence[float], history_days: float) -> float:
    """The smallest rung that covers 80 % of the gaps; 90 with less than 180 days or 20 gaps of history."""
    if history_days < 180 or len(gaps) < 20:
        return 90.0
    most = float(np.quantile(gaps, 0.8))
    return next((rung for rung in LADDER if rung >= most), LADDER[-1])


def silences(rule: Rule, x: int, t_x: float, log_gaps: float, snapshot: Snapshot) -> list[float]:
    """The silences, in clock days, at which short, long and inactive begin (rules, section 7)."""

    def gap(quantile: float) -> float:
        return usual(x, log_gaps, snapshot.gaps, deviations(quantile))

    if rule.kind == "window":
        return [min(days, MOST) for days in rule.days]
    if rule.kind == "quantile":
        return [min(gap(quantile), MOST) for quantile in rule.quantiles]
    begins, before = [], 0.0
    for i in range(3):
        target = odds(snapshot.level, rule.odds[i])
        begin = crossing(target, x, t_x, snapshot.horizon, snapshot.buying)
        if rule.kind == "rhythm":
            floor = rule.first_floors[i] * gap(rule.first_floor) if x < 2 else gap(rule.floors[i])
            begin = min(max(begin, floor), gap(rule.caps[i]))
        before = max(before, min(begin, MOST))
        begins.append(before)
    return begins


def fit(pasts: Sequence[Past], prior: bool = True) -> Buying:
    """The MBG/NBD parameters of largest likelihood times prior; the prior's centres without a customer.

    A small shop may have two peaks (many leave early, or many buy rarely): BFGS climbs from several starts, Newton's
    steps on the highest solve gradient = 0. DidNotConverge if they do not.
    """
    if not pasts:
        return Buying(*np.exp(CENTRE).tolist())
    data = (
        np.array([past.x for past in pasts], float),
        np.array([past.t_x for past in pasts], float),
        np.array([past.age for past in pasts], float),
    )

    def downhill(theta: Floats) -> tuple[float, Floats]:
        value, slope = log_posterior(theta, *data, prior=prior)
        return -value, -slope

    climbs = [minimize(downhill, CENTRE + away, jac=True, method="BFGS", options={"gtol": 1e-6}) for away in STARTS]
    theta = min(climbs, key=lambda climb: float(climb.fun)).x
    steps: list[float] = []
    while len(steps) < 20 and (not steps or steps[-1] > 1e-12):
        step = np.linalg.solve(_curvature(theta, data, prior), log_posterior(theta, *data, prior=prior)[1])
        theta = theta - step
        steps.append(float(np.abs(step).max()))
    if steps[-1] < 1e-9:
        return Buying(*np.exp(theta).tolist())
    raise DidNotConverge(f"the purchase model found no maximum for {len(pasts)} customers")


def log_posterior(theta: Floats, x: Floats, t_x: Floats, age: Floats, prior: bool = True) -> tuple[float, Floats]:
    """Value and gradient at `theta` = logarithms of r, alpha, a, b (rhythm.md section 6, number 2)."""
    r, alpha, a, b = np.exp(theta)
    n = r + x
    silent = -n * np.log(alpha + age)
    gone = np.log(a / (b + x)) - n * np.log(alpha + t_x)
    either = np.logaddexp(silent, gone)
    value = (
        gammaln(n) - gammaln(r) + r * np.log(alpha)
        + gammaln(b + x + 1) - gammaln(a + b + x + 1) - gammaln(b) + gammaln(a + b)
        + either
    ).sum()
    p_silent, p_gone = np.exp(silent - either), np.exp(gone - either)
    slope = np.array([
        (digamma(n) - digamma(r) + np.log(alpha) - p_silent * np.log(alpha + age) - p_gone * np.log(alpha + t_x)).sum(),
        (r / alpha - n * (p_silent / (alpha + age) + p_gone / (alpha + t_x))).sum(),
        (digamma(a + b) - digamma(a + b + x + 1) + p_gone / a).sum(),
        (digamma(b + x + 1) - digamma(a + b + x + 1) - digamma(b) + digamma(a + b) - p_gone / (b + x)).sum(),
    ]) * np.exp(theta)
    if prior:
        away = (theta - CENTRE) / SPREAD
        value, slope = value - 0.5 * (away**2).sum(), slope - away / SPREAD
    return float(value), slope


def _curvature(theta: Floats, data: tuple[Floats, Floats, Floats], prior: bool) -> Floats:
    """The second derivatives, from differences of the gradient."""
    rows = []
    for i in range(4):
        nudge = np.zeros(4)
        nudge[i] = 1e-4
        ahead, back = (log_posterior(theta + sign * nudge, *data, prior=prior)[1] for sign in (1, -1))
        rows.append((ahead - back) / 2e-4)
    return np.array(rows)
