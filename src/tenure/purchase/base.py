"""What every purchase model can do, and how one is fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from tenure.errors import InvalidInput
from tenure.purchase.climbing import Height, Peak, highest

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = [
    "BLOCK", "LONGEST_WAIT", "Fit", "Numbers", "Orders", "PurchaseModel", "best_fit", "fit_any", "median_wait", "named",
    "thinned",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Numbers = float | Floats
Slopes = tuple[float, Floats, Floats]
"""A log-likelihood, its gradient and its Hessian."""

BLOCK: Final = 8_192
"""Rows at a time: arithmetic on them stays in the processor's cache."""

ENOUGH: Final = 1_000  # rows of a kind that tell one peak from another
LONGEST_WAIT: Final = 1e6
"""A wait longer than this, in the model's unit, is none: infinity."""


class Orders(NamedTuple):
    """What may be bought within a horizon; one entry per row.

    p_buy: chance of at least one order; expected: mean number; second: mean of its square; low, high: whole-numbered
    quantiles at the levels asked for.
    """

    p_buy: Floats
    expected: Floats
    second: Floats
    low: Floats
    high: Floats


class PurchaseModel(Protocol):
    """Parameters of a model of who buys how often and until when. Horizons and results are in the summary's unit.

    Rows are those of a `Summary`; arrays have one entry per row; a horizon is one number or one per row.
    """

    name: ClassVar[str]

    @property
    def words(self) -> tuple[str, ...]:
        """The parameters' names, in their order."""
        ...

    @classmethod
    def fit(cls, summary: Summary, near: Self | None = None) -> Fit[Self]:
        """The most likely parameters; `converged` is False where the likelihood has no maximum. `near`: a model without
        covariates that nearly the same customers made likeliest: the peak is looked for from there alone.
        """
        ...

    @property
    def parameters(self) -> tuple[float, ...]:
        """As `words` names them."""
        ...

    def log_likelihood(self, rows: Summary) -> Floats:
        """Of one customer of each row."""
        ...

    def p_alive(self, rows: Summary) -> Floats:
        """Chance that the customer has not left for good."""
        ...

    def p_buy(self, rows: Summary, horizon: Numbers) -> Floats:
        """Chance of at least one order within the horizon: 1 - L(T + H) / L(T)."""
        ...

    def expected_orders(self, rows: Summary, horizon: Numbers) -> Floats:
        """Mean number of orders within the horizon."""
        ...

    def orders(
        self, rows: Summary, horizon: Numbers, levels: tuple[float, float] = (0.05, 0.95),
        others: Sequence[Self] = (),
    ) -> Orders:  # fmt: skip
        """All of that and its quantiles; `others`: the same model with other parameters that are as likely, mixed in
        evenly, so that what is not known of the parameters is in the result.
        """
        ...

    def expected_next_at(self, rows: Summary) -> Floats:
        """Time from now by which half of those who will ever order again have done so; inf beyond LONGEST_WAIT."""
        ...


M = TypeVar("M", bound="Any")


@dataclass(frozen=True, slots=True)
class Fit(Generic[M]):
    """A model with the parameters that the customers make most likely.

    log_likelihood: of all customers; covariance: of the logarithms of the parameters (coefficients of covariates as
    they are), from the curvature at the maximum, None where it is not one; n, n_distinct: customers and distinct rows;
    why_not: what a reader should know if `converged` is False; tells_buying: whether how often people buy is known in
    any case, though perhaps not how they leave (where nobody does, say, the limit of the model is one that predicts).
    """

    model: M
    log_likelihood: float
    covariance: Floats | None
    n: int
    n_distinct: int
    converged: bool
    why_not: str | None = None
    tells_buying: bool = True

    @property
    def parameters(self) -> dict[str, float]:
        """By name."""
        return dict(zip(self.model.words, self.model.parameters, strict=True))

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """By name; None where the likelihood has no maximum. By the delta method from those of the logarithms."""
        values = self.model.parameters
        if self.covariance is None:
            return dict.fromkeys(self.model.words)
        errors = np.sqrt(np.diag(self.covariance))
        scale = [value if positive else 1.0 for value, positive in zip(values, self._positive, strict=True)]
        return {
            name: float(error * factor)
            for name, error, factor in zip(self.model.words, errors, scale, strict=True)
        }  # fmt: skip

    @property
    def _positive(self) -> list[bool]:
        return [":" not in word for word in self.model.words]  # coefficients are not logarithms

    def likely(self) -> list[M]:
        """Models that stand for what is not known of the parameters: two along each axis of their covariance, at the
        distance at which their mean and covariance are those of the fit (the spherical-radial rule of degree three:
        Arasaratnam, Haykin, "Cubature Kalman filters", IEEE Transactions on Automatic Control 54 (2009)).
        """
        if self.covariance is None:
            return [self.model]
        size = len(self.covariance)
        spread, axes = np.linalg.eigh(self.covariance)
        steps = axes * np.sqrt(np.maximum(spread, 0.0) * size)
        positive = np.array(self._positive)
        values = np.array(self.model.parameters)
        centre = np.where(positive, np.log(np.where(positive, values, 1.0)), values)
        # an axis along which nothing is known would lead out of all reason
        steps = np.clip(steps, -2.0, 2.0)
        points = [centre + sign * step for step in steps.T for sign in (1.0, -1.0)]
        return [self.model.at(point) for point in points]


def best_fit(
    summary: Summary,
    make: Callable[[Floats], M],
    height: Callable[[Summary, Floats], Slopes],
    starts: Floats,
    *,
    rough: Callable[[Summary, Floats], Slopes] | None = None,
    offset: float = 0.0,
) -> Fit[M]:
    """Climb to the highest peak from `starts` (points in logarithms); `make` turns a point into a model.

    `height(rows, point)` returns log-likelihood, gradient and Hessian; `rough`: nearly the same, and quicker: it finds
    the way; `offset` is added to the log-likelihood of everybody. InvalidInput without customers.
    """
    if summary.n == 0:
        raise InvalidInput("There are no customers to fit a model to.")
    few, quick = thinned(summary), rough or height
    top = highest(
        None if few is summary else _told(lambda point: quick(few, point)),
        _told(lambda point: height(summary, point)), starts,
        None if rough is None else _told(lambda point: quick(summary, point)),
    )  # fmt: skip
    nobody_twice = None if (summary.x > 0).any() else "nobody has bought twice, so nothing tells how often people buy"
    return _fit_of(top, make, offset, summary.n, summary.n_distinct, nobody_twice)


def fit_any(
    make: Callable[[Floats], M], height: Callable[[Floats], Slopes], starts: Floats,
    *, n: int, n_distinct: int, few: Callable[[Floats], Slopes] | None = None,
) -> Fit[M]:  # fmt: skip
    """As `best_fit`, for a model of something else than a `Summary`: `height` of a point is that of all of it, `few` of
    some that stand for all.
    """
    top = highest(None if few is None else _told(few), _told(height), starts)
    return _fit_of(top, make, 0.0, n, n_distinct, None)


def _told(asked: Callable[[Floats], Slopes]) -> Callable[[Floats], Height]:
    """As a climb wants it, where there is no prior."""

    def at(point: Floats) -> Height:
        value, gradient, hessian = asked(point)
        return Height(value, value, gradient, hessian)

    return at


def _fit_of(
    top: Peak, make: Callable[[Floats], M], offset: float, n: int, n_distinct: int, lacking: str | None
) -> Fit[M]:
    covariance, sound = _covariance(top)
    converged = top.converged and sound
    why_not = None if converged else lacking or _why_not(top)
    # of all models here the first two parameters say how often people buy: known to a factor of e or so, or not
    buying = -top.hessian[:2, :2]
    known = bool(np.isfinite(buying).all()) and float(np.linalg.eigvalsh(buying)[0]) > 1.0
    return Fit(
        make(top.point), top.value + offset, covariance if converged else None, n, n_distinct, converged, why_not, known
    )


def _covariance(top: Peak) -> tuple[Floats | None, bool]:
    """That of the parameters, and whether the likelihood curves down in all directions by more than rounding."""
    if not np.isfinite(top.hessian).all():
        return None, False
    curvature = np.linalg.eigvalsh(-top.hessian)
    if curvature[0] <= 1e-9 * max(float(curvature[-1]), 1e-300):
        return None, False
    return np.asarray(np.linalg.inv(-top.hessian)), True


def _why_not(top: Peak) -> str:
    if top.pushed.any():
        return "the likelihood grows without end: these customers are too alike, or too few, for this model"
    return "the likelihood is flat around its maximum: these customers do not tell the parameters apart"


def named(moved: Sequence[str], coefficients: int) -> tuple[str, ...]:
    """Names of coefficients: those of each moved parameter, numbered from 1 in the order of the covariates."""
    columns = coefficients // len(moved)
    return tuple(f"{one}:{number}" for one in moved for number in range(1, columns + 1))


def thinned(summary: Summary) -> Summary:
    """A few rows that stand for all, enough to tell which peak is the highest; the same in any order of the customers.

    Those who came once and those who came again are thinned apart, each part keeping its number of customers.
    """
    if summary.n_distinct <= 4 * ENOUGH:
        return summary
    # a customer's place between 0 and 1: three irrational turns, even over whole numbers
    turns = summary.x * np.sqrt(2.0) + summary.t_x * np.sqrt(3.0) + summary.age * np.sqrt(5.0)
    place = np.modf(turns + summary.kind * np.sqrt(7.0))[0]
    weight = np.zeros(len(place))
    for part in (summary.x == 0, summary.x > 0):
        kept = part & (place < ENOUGH / max(int(part.sum()), 1))
        if summary.weight[kept].any():
            weight[kept] = summary.weight[kept] * (summary.weight[part].sum() / summary.weight[kept].sum())
    return summary.only(weight > 0, weight)


def median_wait(p_buy: Callable[[Floats], Floats], ever: Floats) -> Floats:
    """The horizon at which `p_buy` reaches half of `ever`, by halving in logarithms; inf beyond LONGEST_WAIT."""
    low, high = np.full(len(ever), np.log(1e-6)), np.full(len(ever), np.log(LONGEST_WAIT))
    beyond = p_buy(np.exp(high)) < ever / 2.0
    for _ in range(50):
        middle = (low + high) / 2.0
        over = p_buy(np.exp(middle)) >= ever / 2.0
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.where(beyond, np.inf, np.exp(high))


