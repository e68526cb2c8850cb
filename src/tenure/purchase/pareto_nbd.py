"""Pareto/NBD: how often a customer buys while alive, and how long they live.

A customer buys at a rate drawn from gamma(r, alpha) and leaves for good at a rate drawn from gamma(s, beta), at any
time, seen by nobody. Source: Schmittlein, Morrison, Colombo, "Counting your customers: who are they and what will they
do next?", Management Science 33 (1987); the likelihood as an integral over the time of leaving: Fader, Hardie, "A note
on deriving the Pareto/NBD model and related expressions" (2005). Covariates: the same, note 019 (2007): alpha exp(-g'z)
and beta exp(-g'z), each with coefficients of its own.

The integral from t_x to T of (alpha + y)^-(r + x) (beta + y)^-(s + 1) dy is taken by Gauss-Legendre quadrature in
u = ln((m + y) / (m + t_x)), m the smaller of alpha and beta: the integrand is nearly exponential in u, and smooth
however far apart they are. No 2F1, and all slopes come from the same nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from tenure.purchase.base import Fit, Numbers, Orders, best_fit
from tenure.purchase.compiling import compiled
from tenure.purchase.counting import at_least, rates
from tenure.purchase.covariates import (
    Moved,
    WithCovariates,
    chained,
    logs_by_kind,
    starts_beside,
    with_coefficients,
)
from tenure.purchase.parts import FromParts, Parts

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = ["ParetoNbd"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STARTS: Final = ((0.5, 0.6, 1.0), (1.5, 0.3, 5.0), (0.1, 1.0, 2.0))  # r, s, beta in typical ages
MOVED: Final = ((1, -1.0), (3, -1.0))  # by covariates: alpha and beta down
NODES: Final = 24
FEW_NODES: Final = 8  # they find the way
LONG: Final = 40.0  # beyond exp(-40) of its height the integrand is nothing


def _rule(nodes: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the range from 0 to 1."""
    node, weight = (np.ascontiguousarray(part) for part in np.polynomial.legendre.leggauss(nodes))
    return (node + 1.0) / 2.0, weight / 2.0


_NODE, _WEIGHT = _FULL = _rule(NODES)
_ROUGH: Final = _rule(FEW_NODES)


@dataclass(frozen=True, slots=True)
class ParetoNbd(WithCovariates):
    """r, alpha (a time), s, beta (a time); coefficients: of each covariate on alpha, then on beta."""

    name: ClassVar[str] = "pareto_nbd"
    base: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    moved: ClassVar[Moved] = MOVED

    r: float
    alpha: float
    s: float
    beta: float
    coefficients: tuple[float, ...] = ()

    @classmethod
    def fit(cls, summary: Summary, near: Self | None = None) -> Fit[Self]:
        """The most likely parameters; `converged` is False where the likelihood has no maximum. InvalidInput."""
        starts = with_coefficients(_starts(summary), MOVED, summary.covariates)
        if near is not None:
            starts = np.log([near.parameters])
        return best_fit(summary, cls.at, _height, starts, rough=lambda rows, point: _height(rows, point, _ROUGH))

    def log_likelihood(self, rows: Summary) -> Floats:
        """Of one customer of each row."""
        out = np.empty((rows.n_distinct, 2))
        _each(rows.x, rows.t_x, rows.age, *self.by_kind(rows), _NODE, _WEIGHT, out)
        return np.asarray(gammaln(self.r + rows.x) - gammaln(self.r) + out[:, 0])

    def p_alive(self, rows: Summary) -> Floats:
        """Chance that the customer has not left."""
        out = np.empty((rows.n_distinct, 2))
        _each(rows.x, rows.t_x, rows.age, *self.by_kind(rows), _NODE, _WEIGHT, out)
        return out[:, 1].copy()

    def p_buy(self, rows: Summary, horizon: Numbers) -> Floats:
        """Chance of at least one order within the horizon: 1 - L(T + H) / L(T), as the integral over its time."""
        ahead = np.ascontiguousarray(np.broadcast_to(np.asarray(horizon, np.float64), (rows.n_distinct,)))
        out = np.empty(rows.n_distinct)
        _first_order(rows.x, rows.age, ahead, *self.by_kind(rows), _NODE, _WEIGHT, out)
        return self.p_alive(rows) * out

    def orders(
        self, rows: Summary, horizon: Numbers, levels: tuple[float, float] = (0.05, 0.95),
        others: Sequence[Any] = (),
    ) -> Orders:  # fmt: skip
        """As every model; the chance of an order is the exact one, which the parts only come near."""
        chance = np.mean([model.p_buy(rows, horizon) for model in others or [self]], axis=0)
        return FromParts.orders(self, rows, horizon, levels, others)._replace(p_buy=chance)

    def expected_orders(self, rows: Summary, horizon: Numbers) -> Floats:
        """Mean number of orders within the horizon: equation (41) of the note on deriving, also where s is 1."""
        r, alpha, s, beta = self.by_row(rows)
        grown = np.log1p(horizon / (beta + rows.age))
        lived = (beta + rows.age) * grown * _exprel((1.0 - s) * grown)
        return np.asarray(self.p_alive(rows) * (r + rows.x) / (alpha + rows.age) * lived)

    def parts(self, rows: Summary, horizon: Numbers) -> Parts:
        """A part for each node of the time of leaving within the horizon, and one for staying beyond it.

        Of the living, the rate is gamma(r + x, alpha + T), the time left is Lomax with shape s and scale beta + T.
        """
        theta, kind = self.by_kind(rows)
        r, alpha, s, beta = (column[:, None] for column in theta[kind].T)
        x, age = rows.x[:, None], rows.age[:, None]
        ahead = np.broadcast_to(np.asarray(horizon, np.float64), (rows.n_distinct,))[:, None]
        whole = np.log1p(ahead / (beta + age))
        reach = np.minimum(whole, LONG / s)
        at = reach * _NODE
        leaves = s * reach * _WEIGHT * np.exp(-s * at)
        # the nodes' sum is brought to what it stands for, so that the chances add up
        leaves *= -np.expm1(-s * whole) / np.maximum(leaves.sum(axis=1, keepdims=True), 1e-300)
        time = np.concatenate([np.minimum((beta + age) * np.expm1(at), ahead), ahead], axis=1)
        share = np.concatenate([leaves, np.exp(-s * whole)], axis=1)
        alive = np.broadcast_to(self.p_alive(rows)[:, None], share.shape)
        shape, none = np.broadcast_to(r + x, share.shape), np.zeros_like(share)
        return Parts(share, alive, shape, time / (alpha + age + time), np.ones_like(share), none, none + 1.0, k=1)


def _exprel(z: Floats) -> Floats:
    """(exp z - 1) / z."""
    near = np.abs(z) < 1e-8
    return np.asarray(np.where(near, 1.0 + z / 2.0, np.expm1(z) / np.where(near, 1.0, z)))


def _starts(summary: Summary) -> Floats:
    """STARTS in logarithms, alpha such that r / alpha is about what these customers buy in a unit of time."""
    r, s, beta = np.log(STARTS).T
    alpha, typical = starts_beside(summary, r)
    return np.column_stack([r, alpha, s, beta + np.log(typical)])


def _height(rows: Summary, point: Floats, rule: tuple[Floats, Floats] = _FULL) -> tuple[float, Floats, Floats]:
    """Log-likelihood, gradient and Hessian in the logarithms of r, alpha, s, beta and in the coefficients."""
    theta = np.exp(logs_by_kind(point, 4, MOVED, rows.covariates))
    gradient, upper = np.zeros((len(theta), 4)), np.zeros((len(theta), 10))
    value = _climbed(rows.x, rows.t_x, rows.age, rows.weight, rows.kind, theta, *rule, gradient, upper)
    bought, first, second = rates(at_least(rows.x, rows.weight)[1:], float(theta[0, 0]))
    gradient[0, 0] += first
    upper[0, 0] += second
    return value + bought, *chained(gradient, upper, MOVED, rows.covariates)


@compiled
def _reach(alpha: float, beta: float, n: float, s: float, begin: float, end: float) -> float:
    """How far u goes: to `end`, or to where (alpha + y)^-n (beta + y)^-s has fallen to nothing from what it was."""
    low, falls = (alpha, n) if alpha <= beta else (beta, s)
    high, sinks = (beta, s) if alpha <= beta else (alpha, n)
    near = (low + begin) / (high + begin)
    u: float = min(np.log1p((end - begin) / (low + begin)), LONG / falls)
    for _ in range(40):  # Newton's steps from beyond: convex, so none is too long
        grown = near * np.expm1(u)
        over = falls * u + sinks * np.log1p(grown) - LONG
        if over < 1.0:
            break
        u -= over / (falls + sinks * (near + grown) / (1.0 + grown))
    return u


@compiled
def _each(
    x: Floats, t_x: Floats, age: Floats, theta: Floats, kind: Ints, node: Floats, weight: Floats, out: Floats
) -> None:
    """Fill `out` (rows, 2) with the log-likelihood without ln G(r + x) / G(r), and P(alive)."""
    for i in range(len(x)):
        r, alpha, s, beta = theta[kind[i], 0], theta[kind[i], 1], theta[kind[i], 2], theta[kind[i], 3]
        n, start = r + x[i], min(alpha, beta) + t_x[i]
        alive = -n * np.log1p(age[i] / alpha) - s * np.log1p(age[i] / beta)
        reach = _reach(alpha, beta, n, s, t_x[i], age[i])
        top, left = alive, 0.0
        if reach > 0.0:
            lead = np.log(s / beta * reach * start)
            top = max(alive, lead - n * np.log1p(t_x[i] / alpha) - (s + 1.0) * np.log1p(t_x[i] / beta))
            for m in range(len(node)):
                u = reach * node[m]
                y = t_x[i] + start * np.expm1(u)
                left += weight[m] * np.exp(lead + u - n * np.log1p(y / alpha) - (s + 1.0) * np.log1p(y / beta) - top)
        here = np.exp(alive - top)
        out[i, 0] = -x[i] * np.log(alpha) + top + np.log(here + left)
        out[i, 1] = here / (here + left)


@compiled
def _first_order(
    x: Floats, age: Floats, ahead: Floats, theta: Floats, kind: Ints, node: Floats, weight: Floats, out: Floats
) -> None:
    """Fill `out` with the chance that who is alive now orders within `ahead`: the integral over the time y of the first
    order, by which they have not left, of n / (A + y) (A / (A + y))^n (B / (B + y))^s, A = alpha + T, B = beta + T.
    """
    for i in range(len(x)):
        r, alpha, s, beta = theta[kind[i], 0], theta[kind[i], 1] + age[i], theta[kind[i], 2], theta[kind[i], 3] + age[i]
        n, start = r + x[i], min(alpha, beta)
        reach = _reach(alpha, beta, n, s, 0.0, ahead[i])
        out[i] = 0.0
        for m in range(len(node)):
            u = reach * node[m]
            y = start * np.expm1(u)
            fall = np.exp(u - (n + 1.0) * np.log1p(y / alpha) - s * np.log1p(y / beta))
            out[i] += weight[m] * reach * n * start / alpha * fall


@compiled
def _climbed(
    x: Floats, t_x: Floats, age: Floats, weights: Floats, kind: Ints, theta: Floats, node: Floats, weight: Floats,
    gradient: Floats, upper: Floats,
) -> float:  # fmt: skip
    """The sum of the log-likelihoods without ln G(r + x) / G(r); adds up the slopes in logarithms, kind by kind."""
    total, slope, curve = 0.0, np.empty(4), np.empty(10)
    for i in range(len(x)):
        g, w = kind[i], weights[i]
        total += w * _row(x[i], t_x[i], age[i], theta[g], node, weight, slope, curve)
        for place in range(4):
            gradient[g, place] += w * slope[place]
        for place in range(10):
            upper[g, place] += w * curve[place]
    return total


@compiled
def _row(
    x: float, t_x: float, age: float, theta: Floats, node: Floats, weight: Floats, slope: Floats, curve: Floats
) -> float:
    """One customer's log-likelihood, -x ln alpha + ln(sum of terms): one term for being alive at T, one a node for
    having left at y. Fills in its slopes (4) and the upper triangle of their slopes (10).
    """
    r, alpha, s, beta = theta[0], theta[1], theta[2], theta[3]
    n, start = r + x, min(alpha, beta) + t_x
    la, lb = np.log1p(age / alpha), np.log1p(age / beta)
    base_a, base_b = np.log1p(t_x / alpha), np.log1p(t_x / beta)
    alive = -n * la - s * lb
    reach = _reach(alpha, beta, n, s, t_x, age)
    lead = top = alive
    if reach > 0.0:
        lead = np.log(s / beta * reach * start)
        top = max(alive, lead - n * base_a - (s + 1.0) * base_b)
    # sums of weights, of weighted slopes in (r, alpha, s, beta), of their products, and of second derivatives
    ya, yb = age / (alpha + age), age / (beta + age)
    g0, g1, g2, g3 = -r * la, n * ya, -s * lb, s * yb
    f = np.exp(alive - top)
    mass, s0, s1, s2, s3 = f, f * g0, f * g1, f * g2, f * g3
    p00, p01, p02, p03 = f * (g0 * g0 + g0), f * (g0 * g1 + r * ya), f * g0 * g2, f * g0 * g3
    p11, p12, p13 = f * (g1 * g1 - g1 * (1.0 - ya)), f * g1 * g2, f * g1 * g3
    p22, p23, p33 = f * (g2 * g2 + g2), f * (g2 * g3 + g3), f * (g3 * g3 - g3 * (1.0 - yb))
    if reach > 0.0:
        for m in range(len(node)):
            u = reach * node[m]
            y = t_x + start * np.expm1(u)
            # the smaller of alpha and beta has a logarithm that is known
            la = base_a + u if alpha <= beta else np.log1p(y / alpha)
            lb = np.log1p(y / beta) if alpha <= beta else base_b + u
            f = weight[m] * np.exp(lead + u - n * la - (s + 1.0) * lb - top)
            ya, yb = y / (alpha + y), y / (beta + y)
            g0, g1, g2, g3 = -r * la, n * ya, 1.0 - s * lb, (s + 1.0) * yb - 1.0
            mass += f
            s0 += f * g0
            s1 += f * g1
            s2 += f * g2
            s3 += f * g3
            p00 += f * (g0 * g0 + g0)
            p01 += f * (g0 * g1 + r * ya)
            p02 += f * g0 * g2
            p03 += f * g0 * g3
            p11 += f * (g1 * g1 - g1 * (1.0 - ya))
            p12 += f * g1 * g2
            p13 += f * g1 * g3
            p22 += f * (g2 * g2 - s * lb)
            p23 += f * (g2 * g3 + s * yb)
            p33 += f * (g3 * g3 - (s + 1.0) * yb * (1.0 - yb))
    s0, s1, s2, s3 = s0 / mass, s1 / mass, s2 / mass, s3 / mass
    slope[0], slope[1], slope[2], slope[3] = s0, s1 - x, s2, s3
    curve[0], curve[1] = p00 / mass - s0 * s0, p01 / mass - s0 * s1
    curve[2], curve[3] = p02 / mass - s0 * s2, p03 / mass - s0 * s3
    curve[4], curve[5], curve[6] = p11 / mass - s1 * s1, p12 / mass - s1 * s2, p13 / mass - s1 * s3
    curve[7], curve[8], curve[9] = p22 / mass - s2 * s2, p23 / mass - s2 * s3, p33 / mass - s3 * s3
    found: float = top + np.log(mass) - x * np.log(alpha)
    return found
