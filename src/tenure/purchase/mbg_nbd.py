"""MBG/NBD: how often a customer buys while alive, and the chance that each purchase was the last one.

While alive a customer buys at a rate drawn from gamma(r, alpha); after every purchase, the first included, they leave
for good with a chance drawn from beta(a, b). Sources: Batislam, Denizel, Filiztekin, "Empirical validation and
comparison of models for customer base analysis", International Journal of Research in Marketing 24 (2007); Hoppe,
Wagner, "Customer base analysis: the case for a central variant of the Betageometric/NBD model", Marketing Journal of
Research and Management 3 (2007).

A customer is `x` repeat purchases (whole, without the first), `tx` time from the first to the last, `age` time from the
first to now. Times may be in any unit or on any clock; the prior of `fit` means days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from tenure.errors import InvalidInput
from tenure.purchase import base
from tenure.purchase.climbing import Height, Peak, climb, highest
from tenure.purchase.parts import FromParts, Parts

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = ["CENTRE", "SPREAD", "Fit", "MbgNbd", "fit", "log_likelihood", "p_buy", "starts"]

Floats = npt.NDArray[np.float64]
Theta = tuple[float, float, float, float]

CENTRE: Theta = (0.8, 45.0, 0.8, 1.6)
"""r, alpha (days), a, b where nothing is known: the medians of the log-normal prior."""
SPREAD: Theta = (1.0, 1.5, 1.0, 1.0)
"""Standard deviations of the logarithms under the prior."""

STARTS = ((0.2, 0.2, 3.0), (1.5, 0.3, 0.2), (0.05, 0.1, 2.0), (4.0, 0.1, 0.05))
"""r, a, b to climb from. From these no peak was missed that ten random starts found, in 5,500 generated shops."""
ENOUGH = 1_000  # rows of a kind that tell one peak from another
BLOCK = 8_192  # rows at a time

MAX_EXPONENT = 600.0  # exp() of more would overflow; the chance is 0 to 260 digits there
MAX_REPEATS = 1_000_000


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters at the maximum. `log_likelihood` is that of the data alone, without the prior; `n` customers."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    n: int
    converged: bool

    @property
    def theta(self) -> Theta:
        """(r, alpha, a, b), as `p_buy`, `log_likelihood` and `fit(start=...)` take them."""
        return self.r, self.alpha, self.a, self.b


@dataclass(frozen=True, slots=True)
class MbgNbd(FromParts):
    """r, alpha (a time), a, b, as every purchase model: without the prior, in the unit of the summary."""

    name: ClassVar[str] = "mbg_nbd"
    words: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, summary: Summary, near: Self | None = None) -> base.Fit[Self]:
        """The most likely parameters; `converged` is False where the likelihood has no maximum. InvalidInput."""
        points = starts(float(summary.weight @ summary.x), float(summary.weight @ summary.t_x))
        if near is not None:
            points = np.log([near.parameters])
        return base.best_fit(
            summary, cls.at, lambda rows, point: _derivatives(_sample(rows.x, rows.t_x, rows.age, rows.weight), point),
            points,
        )  # fmt: skip

    @classmethod
    def at(cls, point: Floats) -> Self:
        """The model whose logarithms are these."""
        return cls(*(float(value) for value in np.exp(point)))

    @property
    def parameters(self) -> tuple[float, ...]:
        """As `words` names them."""
        return self.r, self.alpha, self.a, self.b

    def log_likelihood(self, rows: Summary) -> Floats:
        """Of one customer of each row."""
        return log_likelihood(rows.x, rows.t_x, rows.age, *self.parameters)

    def p_alive(self, rows: Summary) -> Floats:
        """Chance that the customer has not left."""
        grown = np.log1p((rows.age - rows.t_x) / (self.alpha + rows.t_x))
        odds = np.minimum((self.r + rows.x) * grown, MAX_EXPONENT)
        return np.asarray(1.0 / (1.0 + self.a / (self.b + rows.x) * np.exp(odds)))

    def expected_next_at(self, rows: Summary) -> Floats:
        """As every model; of the living all order again some day, so it is the middle of their waits."""
        with np.errstate(over="ignore"):
            wait = (self.alpha + rows.age) * np.expm1(np.log(2.0) / (self.r + rows.x))
        return np.where(wait > base.LONGEST_WAIT, np.inf, wait)

    def parts(self, rows: Summary, horizon: base.Numbers) -> Parts:
        """One part: of the living, the rate is gamma(r + x, alpha + T), the chance to leave beta(a, b + x + 1)."""
        reach, one = self.alpha + rows.age, np.ones(rows.n_distinct)
        stay = self.b + rows.x + 1.0
        chance = np.asarray(horizon / (reach + horizon))
        return Parts.single(self.p_alive(rows), self.r + rows.x, chance, self.a * one, stay)


def p_buy(
    s: npt.ArrayLike,
    x: npt.ArrayLike,
    tx: npt.ArrayLike,
    H: npt.ArrayLike,
    r: npt.ArrayLike,
    alpha: npt.ArrayLike,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
) -> Floats:
    """Chance of at least one purchase within the next `H`, after `x` repeats over `tx` and a silence `s`.

    All arguments broadcast; returns their common shape. Falls in `s`. P(alive) as in the source, times the chance of a
    gamma mixture of Poisson processes to show an event within H.
    """
    s, x, tx, H, r, alpha, a, b = (np.asarray(v, dtype=np.float64) for v in (s, x, tx, H, r, alpha, a, b))
    reach, shape = alpha + tx, r + x
    alive = 1.0 / (1.0 + a / (b + x) * np.exp(np.minimum(shape * np.log1p(s / reach), MAX_EXPONENT)))
    return np.asarray(alive * -np.expm1(-shape * np.log1p(H / (reach + s))), dtype=np.float64)


def log_likelihood(
    x: npt.ArrayLike, tx: npt.ArrayLike, age: npt.ArrayLike, r: float, alpha: float, a: float, b: float
) -> Floats:
    """Log-likelihood of each customer: one value per row, in the textbook form."""
    x, tx, age = (np.asarray(v, dtype=np.float64) for v in (x, tx, age))
    purchases = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = gammaln(b + x + 1) - gammaln(a + b + x + 1) - gammaln(b) + gammaln(a + b)
    alive = -(r + x) * np.log(alpha + age)
    left = np.log(a / (b + x)) - (r + x) * np.log(alpha + tx)
    return np.asarray(purchases + stays + np.logaddexp(alive, left), dtype=np.float64)


def fit(
    x: npt.ArrayLike,
    tx: npt.ArrayLike,
    age: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    prior: bool = True,
    start: Sequence[float] | None = None,
) -> Fit:
    """The most likely r, alpha, a, b for customers `(x, tx, age)`, one row each or `weights` customers a row.

    With `prior` (times in days) the log-normal prior around CENTRE is added, so a maximum exists, and no customers give
    CENTRE itself. Without it, data that have no maximum (all bought once, say) end with `converged` False.

    A small shop's likelihood can have two peaks, because many who leave early look like many who buy rarely. The
    highest peak reached from STARTS is the result, or from `start`, four more values, if that leads higher: it hangs on
    the customers alone, in any order of theirs, and is good to about 1e-12. Raises InvalidInput.
    """
    sample = _sample(x, tx, age, weights)
    points = starts(float(sample.weight @ sample.x), float(sample.weight @ sample.tx))
    if start is not None:
        further = np.asarray(start, dtype=np.float64)
        if further.shape != (4,) or not ((further > 0) & np.isfinite(further)).all():
            raise InvalidInput("The start of a fit is four positive numbers: r, alpha, a, b.")
        points = np.vstack([points, np.log(further)])
    if sample.n == 0:
        return Fit(*CENTRE, log_likelihood=0.0, n=0, converged=True)
    few = _thinned(sample)
    top = highest(
        None if few is sample else lambda at: _height(few, at, prior), lambda at: _height(sample, at, prior), points
    )
    r, alpha, a, b = (float(v) for v in np.exp(top.point))
    return Fit(r, alpha, a, b, log_likelihood=top.value, n=round(sample.n), converged=top.converged)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Customers as the likelihood needs them: rows, and how many came again at least j times."""

    x: Floats
    tx: Floats
    age: Floats
    weight: Floats
    at_least: Floats  # [j]: customers with x >= j
    n: float

    def blocks(self) -> Iterator[tuple[Floats, Floats, Floats, Floats]]:
        """(x, tx, age, weight) in pieces small enough that arithmetic on them stays in the processor's cache."""
        for i in range(0, len(self.x), BLOCK):
            rows = slice(i, i + BLOCK)
            yield self.x[rows], self.tx[rows], self.age[rows], self.weight[rows]


def _sample(x: npt.ArrayLike, tx: npt.ArrayLike, age: npt.ArrayLike, weights: npt.ArrayLike | None) -> _Sample:
    x, tx, age = (np.asarray(v, dtype=np.float64).ravel() for v in (x, tx, age))
    weight = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    _check(x, tx, age, weight)
    # those who came once differ in their age alone, and they are most of a shop
    once = x == 0
    ages, which = np.unique(age[once], return_inverse=True)
    again, zeros = ~once, np.zeros(len(ages))
    return _Sample(
        x=np.concatenate([zeros, x[again]]),
        tx=np.concatenate([zeros, tx[again]]),
        age=np.concatenate([ages, age[again]]),
        weight=np.concatenate([np.bincount(which, weights=weight[once], minlength=len(ages)), weight[again]]),
        at_least=_at_least(x, weight),
        n=float(weight.sum()),
    )


def _thinned(sample: _Sample) -> _Sample:
    """A few rows that stand for all, enough to tell which peak is the highest; the same in any order of the rows.

    Those who came once and those who came again are thinned apart, each part keeping its number of customers.
    """
    if len(sample.x) <= 4 * ENOUGH:
        return sample
    # a customer's place between 0 and 1: three irrational turns, even over whole numbers
    place = np.modf(sample.x * np.sqrt(2.0) + sample.tx * np.sqrt(3.0) + sample.age * np.sqrt(5.0))[0]
    weight = np.zeros(len(place))
    for part in (sample.x == 0, sample.x > 0):
        kept = part & (place < ENOUGH / max(int(part.sum()), 1))
        if sample.weight[kept].any():
            weight[kept] = sample.weight[kept] * (sample.weight[part].sum() / sample.weight[kept].sum())
    rows = weight > 0
    x, weight = sample.x[rows], weight[rows]
    return _Sample(x, sample.tx[rows], sample.age[rows], weight, _at_least(x, weight), float(weight.sum()))


def starts(bought: float, time: float) -> Floats:
    """STARTS in logarithms, alpha such that r / alpha is about what customers buy who bought so often in that time."""
    r, a, b = np.log(STARTS).T
    return np.column_stack([r, r - np.log((bought + 0.5) / (time + 20.0)), a, b])


def _at_least(x: Floats, weight: Floats) -> Floats:
    exactly = np.bincount(x.astype(np.intp), weights=weight, minlength=1)
    return np.asarray(exactly[::-1].cumsum()[::-1], dtype=np.float64)


def _check(x: Floats, tx: Floats, age: Floats, weight: Floats) -> None:
    if not len(x) == len(tx) == len(age) == len(weight):
        raise InvalidInput("x, tx, age and weights differ in length.")
    if not all(np.isfinite(v).all() and (v >= 0).all() for v in (x, tx, age, weight)):
        raise InvalidInput("x, tx, age and weights are finite and not negative.")
    if (x != np.floor(x)).any() or (x > MAX_REPEATS).any():
        raise InvalidInput(f"x, the number of repeat purchases, is a whole number up to {MAX_REPEATS:,}.")
    if (tx > age).any() or (tx[x == 0] > 0).any():
        raise InvalidInput("tx lies between 0 and age, and is 0 for who bought once.")


def _climb(sample: _Sample, point: Floats, prior: bool) -> Peak:
    return climb(lambda at: _height(sample, at, prior), point)


def _height(sample: _Sample, point: Floats, prior: bool) -> Height:
    value, gradient, hessian = _derivatives(sample, point)
    if not prior:
        return Height(value, value, gradient, hessian)
    away, precision = point - np.log(CENTRE), 1.0 / np.square(SPREAD)
    total = value - 0.5 * float(precision @ away**2)
    return Height(total, value, gradient - precision * away, hessian - np.diag(precision))


def _derivatives(sample: _Sample, point: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, gradient (4,) and Hessian (4, 4) in the logarithms of r, alpha, a, b."""
    r, alpha, a, b = (float(v) for v in np.exp(point))
    value, gradient, hessian = _of_counts(sample.at_least, r, a, b)
    for x, tx, age, weight in sample.blocks():
        more = _of_times(x, tx, age, weight, (r, alpha, a, b))
        value, gradient, hessian = value + more[0], gradient + more[1], hessian + more[2]
    return value, gradient, hessian


def _of_counts(at_least: Floats, r: float, a: float, b: float) -> tuple[float, Floats, Floats]:
    """The gamma functions of the likelihood.

    ln G(r+x) - ln G(r) is the sum of ln(r+j) over j < x, and the beta functions are minus the sum of ln(1 + a/(b+j))
    over j <= x: summed over customers by j, so nothing is lost to cancellation however large r or b become.
    """
    j = np.arange(len(at_least), dtype=np.float64)
    more, i = at_least[1:], j[:-1]
    stay, all_ = b + j, a + b + j
    leave_b = a * b / (stay * all_)
    value = float(more @ np.log(r + i) - at_least @ np.log1p(a / stay))
    gradient = np.array([more @ (r / (r + i)), 0.0, -(at_least @ (a / all_)), at_least @ leave_b])
    hessian = np.zeros((4, 4))
    hessian[0, 0] = more @ (r * i / (r + i) ** 2)
    hessian[2, 2] = -(at_least @ (a * stay / all_**2))
    hessian[2, 3] = hessian[3, 2] = at_least @ (a * b / all_**2)
    hessian[3, 3] = at_least @ (leave_b * (1.0 - b * (stay + all_) / (stay * all_)))
    return value, gradient, hessian


def _of_times(x: Floats, tx: Floats, age: Floats, w: Floats, theta: Theta) -> tuple[float, Floats, Floats]:
    """The rest: each row is -(r+x) ln(1 + age/alpha) - x ln alpha + ln(1 + exp q), q the log-odds of having left."""
    r, alpha, a, b = theta
    stay, shape, silence = b + x, r + x, age - tx
    now, last = 1.0 / (alpha + age), 1.0 / (alpha + tx)
    grown, aged = np.log1p(silence * last), np.log1p(age / alpha)
    q = np.log(a / stay) + shape * grown
    small = np.exp(-np.abs(q))
    left = np.where(q >= 0, 1.0, small) / (1.0 + small)
    value = float(w @ (np.maximum(q, 0.0) + np.log1p(small) - shape * aged) - np.log(alpha) * (w @ x))

    slopes = np.empty((4, len(x)))  # of q
    slopes[0] = r * grown
    slopes[1] = -alpha * shape * silence * now * last
    slopes[2] = 1.0
    slopes[3] = -b / stay
    wl, excess, waited = w * left, r * age - alpha * x, r * float(w @ aged)
    gradient = slopes @ wl
    hessian = (slopes * (wl * (1.0 - left))) @ slopes.T
    hessian[0, 0] += gradient[0] - waited
    mixed = r * float((wl * slopes[1]) @ (1.0 / shape) + (w * age) @ now)
    hessian[0, 1] += mixed
    hessian[1, 0] += mixed
    hessian[1, 1] += (wl * slopes[1]) @ (1.0 - alpha * (now + last)) - alpha * ((w * now) @ (x + excess * now))
    hessian[3, 3] += wl @ (slopes[3] * (1.0 + slopes[3]))
    gradient[0] -= waited
    gradient[1] += (w * now) @ excess
    return value, gradient, hessian
