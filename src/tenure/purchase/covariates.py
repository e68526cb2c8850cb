"""Covariates: what is known of a customer from the beginning moves the parameters of those they are drawn from.

The logarithm of a parameter is that of the population plus the customer's covariates times coefficients: every kind of
customer has parameters of their own, and the slopes of the likelihood in the coefficients follow by the chain rule.
Fader, Hardie, "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models", note 019 (2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from tenure.purchase.base import Numbers, named
from tenure.purchase.climbing import symmetric
from tenure.purchase.parts import FromParts

if TYPE_CHECKING:
    from typing import Self

    from tenure.purchase.summary import Summary

__all__ = ["Moved", "WithCovariates", "chained", "logs_by_kind", "starts_beside", "with_coefficients"]

Floats = npt.NDArray[np.float64]
Moved = Sequence[tuple[int, float]]
"""Which parameters (by place) covariates move, and with which sign."""

BLOCK = 8_192


def logs_by_kind(point: Floats, size: int, moved: Moved, covariates: Floats | None) -> Floats:
    """(kinds, size): the logarithms of the parameters of each kind; `point`: `size` of the population, then the
    coefficients of each moved parameter.
    """
    if covariates is None:
        return np.asarray(point[:size].reshape(1, size))
    logs = np.tile(point[:size], (len(covariates), 1))
    for (place, sign), row in zip(moved, point[size:].reshape(len(moved), -1), strict=True):
        logs[:, place] += sign * (covariates @ row)
    return logs


def chained(
    gradient: Floats, upper: Floats, moved: Moved, covariates: Floats | None
) -> tuple[Floats, Floats]:
    """Gradient and Hessian in the point of `logs_by_kind`, from those of each kind in its own logarithms.

    gradient: (kinds, size); upper: (kinds, size (size + 1) / 2), the upper triangles of the Hessians.
    """
    size = gradient.shape[1]
    if covariates is None:
        return gradient.sum(axis=0), symmetric(upper.sum(axis=0), size)
    columns = covariates.shape[1]
    total, curve = np.zeros(size + len(moved) * columns), np.zeros((size + len(moved) * columns,) * 2)
    for begin in range(0, len(covariates), BLOCK):
        z, slope = covariates[begin : begin + BLOCK], gradient[begin : begin + BLOCK]
        full = np.zeros((len(z), size, size))
        full[:, *np.triu_indices(size)] = upper[begin : begin + BLOCK]
        full += np.triu(full, 1).transpose(0, 2, 1)
        turn = np.zeros((len(z), size, len(total)))
        turn[:, np.arange(size), np.arange(size)] = 1.0
        for number, (place, sign) in enumerate(moved):
            turn[:, place, size + number * columns : size + (number + 1) * columns] = sign * z
        total += np.einsum("ks,ksp->p", slope, turn)
        curve += np.einsum("ksp,kst,ktq->pq", turn, full, turn, optimize=True)
    return total, curve


def with_coefficients(starts: Floats, moved: Moved, covariates: Floats | None) -> Floats:
    """The starts with coefficients of 0: only the first of them, for the likelihood with covariates is climbed once."""
    if covariates is None:
        return starts
    return np.column_stack([starts[:1], np.zeros((1, len(moved) * covariates.shape[1]))])


def starts_beside(summary: Summary, r: Floats) -> tuple[Floats, float]:
    """Of each log r to start from the log alpha at which r / alpha is about what these customers buy in a unit of time;
    beside it a typical age.
    """
    typical = max(float(summary.weight @ summary.age) / max(summary.n, 1), 1e-9)
    bought, time = float(summary.weight @ summary.x), float(summary.weight @ summary.t_x)
    return r - np.log((bought + 0.5) / (time + 0.5 * typical)), typical


class WithCovariates(FromParts):
    """A model of four positive parameters (`base`), some of which covariates move (`moved`)."""

    __slots__ = ()

    base: ClassVar[tuple[str, ...]]
    moved: ClassVar[Moved]
    coefficients: tuple[float, ...]

    if TYPE_CHECKING:  # the dataclasses' own

        def __init__(self, *values: float | tuple[float, ...]) -> None: ...

    @classmethod
    def at(cls, point: Floats) -> Self:
        """The model whose logarithms (and coefficients) are these."""
        size = len(cls.base)
        return cls(*(float(value) for value in np.exp(point[:size])), tuple(float(value) for value in point[size:]))

    @property
    def words(self) -> tuple[str, ...]:
        """The parameters' names, in their order."""
        return (*self.base, *named([self.base[place] for place, _ in self.moved], len(self.coefficients)))

    @property
    def parameters(self) -> tuple[float, ...]:
        """As `words` names them."""
        return (*(float(getattr(self, word)) for word in self.base), *self.coefficients)

    def by_kind(self, rows: Summary) -> tuple[Floats, npt.NDArray[np.int64]]:
        """The parameters of each kind of customer, (kinds, len(base)), and which kind each row is of."""
        size = len(self.base)
        point = np.array([*np.log(self.parameters[:size]), *self.coefficients])
        if not self.coefficients:
            return np.exp(point).reshape(1, size), np.zeros(rows.n_distinct, np.int64)
        return np.exp(logs_by_kind(point, size, self.moved, rows.covariates)), rows.kind

    def by_row(self, rows: Summary) -> Iterator[Numbers]:
        """Each parameter in turn: one number for all rows, or one per row where covariates move them."""
        theta, kind = self.by_kind(rows)
        return iter(theta[kind].T if self.coefficients else theta[0])
