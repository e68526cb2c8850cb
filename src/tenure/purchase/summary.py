"""Customers as the purchase models see them: repeats, first to last, first to now; equal ones are one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tenure.errors import InvalidInput

if TYPE_CHECKING:
    from typing import Self

__all__ = ["MAX_REPEATS", "Summary"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAX_REPEATS: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Distinct customers, sorted by x, t_x, age and kind; arrays of one length but `row` and `covariates`.

    x: repeat purchases, without the first; t_x: time from the first to the last; age: time from the first to now;
    weight: how many customers are alike; kind: which row of `covariates` is theirs (all 0 without). row: of each
    customer given, in their order, the row that is theirs. covariates: (kinds, columns), or None. log_gaps: the sum
    over all customers of the logarithms of their gaps, None if it is not known: only models of regular buyers ask.
    """

    x: Floats
    t_x: Floats
    age: Floats
    weight: Floats
    kind: Ints
    row: Ints
    covariates: Floats | None = None
    log_gaps: float | None = None

    @classmethod
    def of(
        cls,
        x: npt.ArrayLike,
        t_x: npt.ArrayLike,
        age: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        covariates: npt.ArrayLike | None = None,
        log_gaps: float | None = None,
    ) -> Self:
        """One entry per customer, or `weights` customers an entry; covariates: (customers, columns). InvalidInput."""
        from tenure.purchase.alike import alike

        x, t_x, age = (np.asarray(v, dtype=np.float64).ravel() for v in (x, t_x, age))
        weight = None if weights is None else np.asarray(weights, dtype=np.float64).ravel()
        if not len(x) == len(t_x) == len(age) == (len(x) if weight is None else len(weight)):
            raise InvalidInput("x, t_x, age and weights differ in length.")
        kinds, kind = _kinds(covariates, len(x))
        first, row, total = alike(x, t_x, age, kind, weight)
        x, t_x, age = x[first], t_x[first], age[first]
        # equal customers are right or wrong together, and the distinct ones are fewer
        _check(x, t_x, age, total if weight is None else weight)
        whose = np.zeros(len(x), np.int64) if kind is None else kind[first]
        return cls(x, t_x, age, total, whose, row, kinds, log_gaps)

    @classmethod
    def merged(cls, *parts: Self) -> Self:
        """The whole of which these are parts, to the last bit what `of` makes of all its customers; `row` goes on from
        one part to the next. Parts with covariates are not merged: InvalidInput.
        """
        if any(part.covariates is not None for part in parts):
            raise InvalidInput("Summaries with covariates are not merged: make one of all customers.")
        known = [part.log_gaps for part in parts]
        gaps = None if None in known else float(np.sum([gap for gap in known if gap is not None]))
        columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "t_x", "age", "weight")]
        whole = cls.of(*columns, log_gaps=gaps)
        begins = np.cumsum([0, *(len(part.x) for part in parts)])
        row = np.concatenate([whole.row[begin + part.row] for begin, part in zip(begins[:-1], parts, strict=True)])
        return cls(whole.x, whole.t_x, whole.age, whole.weight, whole.kind, row, None, gaps)

    @property
    def n(self) -> int:
        """How many customers."""
        return round(float(self.weight.sum()))

    @property
    def n_distinct(self) -> int:
        """How many rows."""
        return len(self.x)

    def each(self, values: npt.ArrayLike) -> Floats:
        """What belongs to the rows, given to each customer."""
        return np.asarray(values, dtype=np.float64)[self.row]

    def only(self, rows: npt.NDArray[np.bool_], weight: Floats | None = None) -> Summary:
        """Some of the rows, weighing as they do or as `weight` says; `row` is theirs alone."""
        places = np.flatnonzero(rows)
        return Summary(
            self.x[places], self.t_x[places], self.age[places], (self.weight if weight is None else weight)[places],
            self.kind[places], np.arange(len(places)), self.covariates, None,
        )  # fmt: skip

    def between(self, rows: slice) -> Summary:
        """Some of the rows, one after another."""
        return Summary(
            self.x[rows], self.t_x[rows], self.age[rows], self.weight[rows], self.kind[rows],
            np.arange(len(self.x[rows])), self.covariates, None,
        )  # fmt: skip

    def in_units(self, days: float) -> Summary:
        """The same customers with times in units of `days`."""
        gaps = None if self.log_gaps is None else self.log_gaps - float(np.log(days)) * float(self.weight @ self.x)
        return Summary(
            self.x, self.t_x / days, self.age / days, self.weight, self.kind, self.row, self.covariates, gaps
        )


def _kinds(covariates: npt.ArrayLike | None, n: int) -> tuple[Floats | None, Ints | None]:
    """The distinct rows of the covariates, and which is whose."""
    if covariates is None:
        return None, None
    table = np.asarray(covariates, dtype=np.float64)
    if table.ndim != 2 or len(table) != n or not np.isfinite(table).all():
        raise InvalidInput("Covariates are a table of finite numbers, one row per customer.")
    kinds, kind = np.unique(table, axis=0, return_inverse=True)
    return kinds, np.asarray(kind, np.int64).ravel()


def _check(x: Floats, t_x: Floats, age: Floats, weight: Floats) -> None:
    for name, values in (("x", x), ("t_x", t_x), ("age", age), ("weights", weight)):
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        if not (low >= 0.0 and np.isfinite(high)):
            raise InvalidInput(f"{name} holds numbers that are negative or not finite.")
    if len(x) and (float(x.max()) > MAX_REPEATS or (x != np.floor(x)).any()):
        raise InvalidInput(f"x, the number of repeat purchases, is a whole number up to {MAX_REPEATS:,}.")
    if (t_x > age).any() or ((x == 0) & (t_x > 0)).any():
        raise InvalidInput("t_x lies between 0 and age, and is 0 for who bought once.")
