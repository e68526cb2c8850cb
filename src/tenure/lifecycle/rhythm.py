"""A customer's own rhythm: the usual gap, and the silences at which a lapse begins.

Times are days on the clock in force. The formulas come from the lapse study, the rule around them is
docs/reference/rules.md, sections 5 and 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenure.purchase.mbg_nbd import p_buy

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Rule

__all__ = [
    "LONGEST", "SMAX", "cross", "crossings", "horizon", "level", "odds", "p_buy", "rhythm", "thresholds", "usual", "z",
]

Floats = npt.NDArray[np.float64]

SMAX = 3652.5
"""The silence, in days, beyond which a falling chance is not followed: ten years."""
LONGEST = 36_525.0
"""The longest silence any rule counts, in days: a hundred years."""

BLOCK = 8_192  # rows at a time: arithmetic on them stays in the processor's cache
USUAL_LOG_GAP = float(np.log(45.0))  # where nothing is known: a usual gap of 45 days,
WITHIN = 1.0  # the variance of a customer's log gaps around their own mean,
BETWEEN = 0.81  # and that of the customers' means
CUSTOMERS, GAPS = 5.0, 10.0  # the weight of those three, in customers and in degrees of freedom
LEVEL, LEVEL_CUSTOMERS = 0.3, 30.0
LADDER = (14.0, 30.0, 60.0, 90.0, 180.0, 365.0)
FIRST_HORIZON, HORIZON_DAYS, HORIZON_GAPS = 90.0, 180.0, 20


@lru_cache(maxsize=64)
def z(p: float) -> float:
    """The standard normal quantile of `p`, 0 < p < 1."""
    return NormalDist().inv_cdf(p)


def rhythm(n: npt.ArrayLike, L1: npt.ArrayLike, L2: npt.ArrayLike) -> tuple[float, float, float]:
    """(mu, s2, t2): mean log gap, its variance within and between customers, shrunk to the stated defaults.

    One entry per customer with at least one gap: how many gaps, the sum of their logarithms, and of the squares of
    these. A one-way analysis of variance; no customers give the defaults.
    """
    n, L1, L2 = (np.asarray(v, dtype=np.float64) for v in (n, L1, L2))
    customers, gaps = len(n), float(n.sum())
    if customers == 0:
        return USUAL_LOG_GAP, WITHIN, BETWEEN
    mean = L1 / n
    s2 = (max(float((L2 - L1 * mean).sum()), 0.0) + GAPS * WITHIN) / (gaps - customers + GAPS)
    t2 = BETWEEN
    if customers > 1:
        spread = float((n * (mean - L1.sum() / gaps) ** 2).sum()) - (customers - 1) * s2
        t2 = max(spread / max(gaps - float((n**2).sum()) / gaps, 1e-9), 0.01)
    weight = customers / (customers + 4.0 * CUSTOMERS)
    t2 = weight * t2 + (1.0 - weight) * BETWEEN
    trust = n / (n + s2 / t2)
    mu = (float((trust * mean).sum()) + USUAL_LOG_GAP * CUSTOMERS) / (float(trust.sum()) + CUSTOMERS)
    return mu, s2, t2


def usual(
    x: npt.ArrayLike, L1: npt.ArrayLike, mu: npt.ArrayLike, s2: npt.ArrayLike, t2: npt.ArrayLike, z: npt.ArrayLike = 0.0
) -> Floats:
    """A quantile of the next gap, `z` standard deviations from its median, after `x` gaps with sum of logarithms `L1`.

    Arguments broadcast. z = 0 is the usual gap. Log-normal around the customer's own mean, shrunk to the shop's.
    """
    x, L1, mu, s2, t2, z = (np.asarray(v, dtype=np.float64) for v in (x, L1, mu, s2, t2, z))
    k = s2 / t2
    return np.asarray(np.exp((k * mu + L1) / (k + x) + z * np.sqrt(s2 * (1.0 + 1.0 / (k + x)))), dtype=np.float64)


def level(p: npt.ArrayLike) -> float:
    """The shop's average chance to buy: the mean of `p`, one chance per recent customer, shrunk to .3 by 30 more."""
    p = np.asarray(p, dtype=np.float64)
    return (float(p.sum()) + LEVEL_CUSTOMERS * LEVEL) / (p.size + LEVEL_CUSTOMERS)


def odds(p: npt.ArrayLike, c: npt.ArrayLike) -> Floats:
    """The chance whose odds are `c` times those of `p`."""
    p, c = np.asarray(p, dtype=np.float64), np.asarray(c, dtype=np.float64)
    return np.asarray(c * p / (1.0 - p + c * p), dtype=np.float64)


def horizon(gaps: npt.ArrayLike, history_days: float) -> float:
    """The days ahead over which chances are stated: the smallest rung of LADDER that covers 80 % of the gaps.

    The last rung if none does; 90 until there are 180 days of history and 20 gaps.
    """
    gaps = np.asarray(gaps, dtype=np.float64)
    if history_days < HORIZON_DAYS or gaps.size < HORIZON_GAPS:
        return FIRST_HORIZON
    return LADDER[min(int(np.searchsorted(LADDER, np.quantile(gaps, 0.8))), len(LADDER) - 1)]


def cross(level: npt.ArrayLike, x: npt.ArrayLike, tx: npt.ArrayLike, H: npt.ArrayLike, th: Sequence[float]) -> Floats:
    """The silence at which `p_buy` falls to `level`: 0 if it is below from the start, SMAX if never before SMAX.

    `level`, `x`, `tx`, `H` broadcast, to at least one dimension; th = (r, alpha, a, b). Accuracy as of `crossings`.
    """
    level, x, tx, H = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (level, x, tx, H)))
    r, alpha, a, b = th
    reach, shape = alpha + tx, r + x
    given = (reach.ravel(), shape.ravel(), (a / (b + x)).ravel(), (H / reach).ravel())
    return _descend(np.log(level).ravel(), *given, _edges(*given)).reshape(level.shape)


def crossings(
    x: npt.ArrayLike,
    tx: npt.ArrayLike,
    H: npt.ArrayLike,
    level: npt.ArrayLike,
    odds: Sequence[float],
    r: npt.ArrayLike,
    alpha: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
) -> Floats:
    """(n, len(odds)) silences at which `p_buy` falls to the level at each of the odds; the rest broadcasts to n rows.

    0 where it is below from the start, SMAX where it does not fall so far before SMAX. To 1e-10 days or 1e-13 of the
    value, whichever is larger.
    """
    flat = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (x, tx, H, level, r, alpha, a, b))
    given = np.broadcast_arrays(*flat)
    found = np.empty((len(given[0]), len(odds)))
    for i in range(0, len(found), BLOCK):
        rows = slice(i, i + BLOCK)
        x, tx, H, level, r, alpha, a, b = (v[rows] for v in given)
        reach, shape, leave = alpha + tx, r + x, a / (b + x)
        edges = _edges(reach, shape, leave, H / reach)
        for column, c in enumerate(odds):
            target = np.log(c * level / (1.0 - level + c * level))
            found[rows, column] = _descend(target, reach, shape, leave, H / reach, edges)
    return found


def _edges(reach: Floats, shape: Floats, leave: Floats, ahead: Floats) -> tuple[Floats, Floats]:
    """ln p_buy at once and at SMAX."""
    log_leave, none = np.log(leave), np.zeros(1)
    last = np.log1p(SMAX / reach)
    return _excess(none, none, shape, log_leave, ahead)[0], _excess(last, none, shape, log_leave, ahead)[0]


def _descend(
    target: Floats, reach: Floats, shape: Floats, leave: Floats, ahead: Floats, edges: tuple[Floats, Floats]
) -> Floats:
    """Solve ln p_buy = target by Newton's method in y = ln(1 + s/reach), `leave` = a/(b+x), `ahead` = H/reach.

    ln p_buy falls in y and is concave: -ln(1 + leave exp(shape y)) because softplus is convex, and with
    w = ln(1 + ahead exp(-y)) the slope of ln(1 - exp(-shape w)) is -shape (1 - exp(-w)) / (exp(shape w) - 1), which
    falls as w does. So from the right of the root Newton walks to it and never past it, and the line that ln p_buy
    approaches from below meets the target on that side. `edges`: ln p_buy at once and at SMAX.
    """
    log_leave = np.log(leave)
    last = np.log1p(SMAX / reach)
    found = np.where(edges[1] >= target, SMAX, 0.0)
    rows = np.flatnonzero((found == 0.0) & (edges[0] > target))
    target, shape, log_leave, ahead, last = (v[rows] for v in (target, shape, log_leave, ahead, last))
    line = (np.log(shape * ahead) - log_leave - target) / (1.0 + shape)
    y = np.clip(line, 0.0, last)
    for _ in range(60):
        gap, slope = _excess(y, target, shape, log_leave, ahead)
        step = gap / slope
        y = np.clip(y - step, 0.0, last)
        # the error left is of the order of (1 + shape) step^2
        done = np.abs(step) * (1.0 + shape) < 1e-8
        if done.any():
            found[rows[done]] = reach[rows[done]] * np.expm1(y[done])
            keep = ~done
            rows = rows[keep]
            if not len(rows):
                break
            y, target, shape, log_leave, ahead, last = (v[keep] for v in (y, target, shape, log_leave, ahead, last))
    return found


def _excess(y: Floats, target: Floats, shape: Floats, log_leave: Floats, ahead: Floats) -> tuple[Floats, Floats]:
    """ln p_buy - target at y, and its slope."""
    near = ahead * np.exp(-y)
    some = -np.expm1(-shape * np.log1p(near))  # the chance to buy if alive
    q = log_leave + shape * y
    small = np.exp(-np.abs(q))
    gone = np.where(q >= 0.0, 1.0, small) / (1.0 + small)
    value = np.log(some) - np.maximum(q, 0.0) - np.log1p(small) - target
    return value, -shape * ((1.0 / some - 1.0) * near / (1.0 + near) + gone)


def thresholds(
    x: int, L1: float, an: tuple[float, float, float], falls: Sequence[float], rule: Rule
) -> tuple[float, float, float]:
    """Silences at which short, long and inactive begin after one occasion, by docs/reference/rules.md section 7.

    an = (mu, s2, t2) of the month's snapshot; `falls`: the silences at which the chance falls to the rule's odds, which
    only the kinds rhythm and chance ask for. Never decreasing, except that the quantiles and days of a policy are taken
    as they are.
    """
    if rule.kind == "window":
        return _three(rule.days)
    if rule.kind == "quantile":
        return _three([float(usual(x, L1, *an, z=z(p))) for p in rule.quantiles])
    if rule.kind == "chance":
        return _three(list(accumulate(falls, max)))
    if x >= 2:
        floors = [float(usual(x, L1, *an, z=z(p))) for p in rule.floors]
    else:
        floors = [times * float(usual(x, L1, *an, z=z(rule.first_floor))) for times in rule.first_floors]
    caps = [float(usual(x, L1, *an, z=z(p))) for p in rule.caps]
    held = [min(max(fall, floor), cap) for fall, floor, cap in zip(falls, floors, caps, strict=True)]
    return _three(list(accumulate(held, max)))


def _three(silences: Sequence[float]) -> tuple[float, float, float]:
    short, long, inactive = (min(silence, LONGEST) for silence in silences)
    return short, long, inactive
