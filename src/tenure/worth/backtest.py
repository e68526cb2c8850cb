"""How forecasts would have fared on the orders' own past: rolling origins, every model beside plain rules.

Each origin is forecast from what was known before it and judged by what came after. The plain rules: `recency` ranks by
the silence alone; `status_quo` expects what was ordered in the same days a year before, or in the days just gone where
the history is shorter; `within_90` and the like say yes to whoever ordered in the last so many days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import InvalidInput
from tenure.periods import date_of
from tenure.purchase.models import PURCHASE_MODELS
from tenure.purchase.scores import Bin, Scores, scores
from tenure.worth.forecast import ENSEMBLE, Forecast, forecast

if TYPE_CHECKING:
    from tenure.purchase.histories import Histories, Standing

__all__ = ["Backtest", "Judged", "backtest", "origins_of"]

Floats = NDArray[np.float64]

WINDOWS: Final = (30, 60, 90, 180, 365)
LEAST_HISTORY: Final = 60
LEAST_STEP: Final = 7
YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Judged:
    """One method at one origin. total, low, high: of all orders, with its interval; unanchored: the total without the
    anchor (None where there is none); model: what stood behind it; tenths: of those told a chance in each tenth, those
    that anybody was told.
    """

    origin: int
    method: str
    model: str
    scores: Scores
    total: float | None
    low: float | None
    high: float | None
    unanchored: float | None
    tenths: tuple[Bin, ...] = ()


@dataclass(frozen=True, slots=True)
class Backtest:
    """Every method at every origin, in the order of origins. `notes`: what could not be done as asked."""

    horizon: int
    judged: tuple[Judged, ...]
    notes: tuple[str, ...]

    @property
    def methods(self) -> tuple[str, ...]:
        """In the order they were tried."""
        return tuple(dict.fromkeys(one.method for one in self.judged))

    def of(self, method: str) -> tuple[Judged, ...]:
        """That method's rows."""
        return tuple(one for one in self.judged if one.method == method)

    def mean(self, method: str, name: str) -> float | None:
        """The mean over origins of one of the numbers of `Scores`; None where no origin has it."""
        found = [value for one in self.of(method) if (value := getattr(one.scores, name)) is not None]
        return float(np.mean(found)) if found else None

    def calibration(self, method: str) -> tuple[Bin, ...]:
        """By tenths of what tenths of the customers were told, all origins together."""
        return _by_tenths([one for each in self.of(method) for one in each.scores.calibration])

    def tenths(self, method: str) -> tuple[Bin, ...]:
        """By tenths of what each customer was told, all origins together: as far as anybody was told so much."""
        return _by_tenths([one for each in self.of(method) for one in each.tenths])

    def table(self) -> pa.Table:
        """One row per origin and method, absent is null: origin, horizon_days, method, model, n, buyers, orders, auc,
        brier, rmse, mae, bias, coverage, width, total, total_low, total_high, total_unanchored, pit_1 to pit_10.
        """
        rows = [_row(one, self.horizon) for one in self.judged]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)


_WORDS: Final = ("method", "model")
_WHOLE: Final = ("horizon_days", "n", "buyers", "orders")
_SCORES: Final = ("auc", "brier", "rmse", "mae", "bias", "coverage", "width")
_NAMES: Final = (
    "origin", "horizon_days", *_WORDS, "n", "buyers", "orders", *_SCORES, "total", "total_low", "total_high",
    "total_unanchored", *(f"pit_{tenth}" for tenth in range(1, 11)),
)  # fmt: skip


def _by_tenths(bins: Iterable[Bin]) -> tuple[Bin, ...]:
    """Those whose mean told lies in one tenth, together."""
    known = sorted(bins)
    if not known:
        return ()
    told, came, n = (np.array(column, np.float64) for column in zip(*known, strict=True))
    edges = np.minimum((told * 10).astype(int), 9)
    found = []
    for edge in np.unique(edges):
        mine = edges == edge
        weight = n[mine] / n[mine].sum()
        found.append(Bin(float(weight @ told[mine]), float(weight @ came[mine]), int(n[mine].sum())))
    return tuple(found)


def _tenths(chance: Floats, came: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Of those told a chance in each tenth: the mean told, the share who came, how many."""
    tenth = np.minimum((chance * 10).astype(int), 9)
    return tuple(
        Bin(float(chance[mine].mean()), float(came[mine].mean()), int(mine.sum()))
        for mine in (tenth == one for one in np.unique(tenth))
    )


def _kind(name: str) -> pa.DataType:
    if name == "origin":
        return pa.date32()
    if name in _WORDS:
        return pa.string()
    return pa.int64() if name in _WHOLE else pa.float64()


_SCHEMA: Final = pa.schema([(name, _kind(name)) for name in _NAMES])


def _row(one: Judged, horizon: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "origin": date_of(one.origin), "horizon_days": horizon, "method": one.method, "model": one.model,
        "n": one.scores.n, "buyers": one.scores.buyers, "orders": one.scores.orders, "total": one.total,
        "total_low": one.low, "total_high": one.high, "total_unanchored": one.unanchored,
    }  # fmt: skip
    row |= {name: getattr(one.scores, name) for name in _SCORES}
    return row | {f"pit_{tenth}": share for tenth, share in enumerate(one.scores.pit, start=1)}


def origins_of(first: int, end: int, origins: int, horizon: int) -> list[int]:
    """Days to forecast from, the latest `horizon` days before `end`, the others evenly between it and the first that
    has a history of LEAST_HISTORY days or half the horizon; none closer than LEAST_STEP days.
    """
    latest, earliest = end - horizon, first + max(LEAST_HISTORY, horizon // 2)
    if latest < earliest:
        return []
    many = min(origins, (latest - earliest) // LEAST_STEP + 1)
    return sorted({round(day) for day in np.linspace(latest, earliest, many)} if many > 1 else {latest})


def backtest(
    histories: Histories, end: int, *, origins: int, horizon: int, models: Iterable[str] = (),
    tell: Callable[[str], None] | None = None,
) -> Backtest:  # fmt: skip
    """Forecast `horizon` days from each of `origins` days of the past before `end`; `models`: by default all and the
    ensemble. InvalidInput if the orders do not reach far enough for one origin.
    """
    say = tell or (lambda _: None)
    if origins < 1:
        raise InvalidInput(f"a back-test needs at least one origin, not {origins}")
    first = int(histories.day.min()) if len(histories.day) else end
    days = origins_of(first, end, origins, horizon)
    if not days:
        raise InvalidInput(
            f"the orders span {max(end - first, 0):,} days: too few to forecast {horizon:,} days from the past and see"
            f" what came; ask for a shorter --horizon"
        )
    room = "1 origin" if len(days) == 1 else f"{len(days):,} origins"
    notes = [] if len(days) == origins else [f"the orders have room for {room}, not {origins:,}"]
    asked = tuple(models) or (ENSEMBLE, *PURCHASE_MODELS)
    judged: list[Judged] = []
    for place, day in enumerate(days, start=1):
        say(f"origin {place} of {len(days)}, {date_of(day)}")
        standing = histories.at(day)
        orders = histories.outcome(standing, horizon).orders
        judged += [_of_model(forecast(histories, day, horizon, model), model, orders) for model in asked]
        judged += _plain(histories, standing, horizon, orders)
    return Backtest(horizon, tuple(judged), tuple(notes))


def _of_model(told: Forecast, method: str, orders: Floats) -> Judged:
    found = scores(told.p_buy, told.orders, orders, low=told.low, high=told.high, counts=told.counts)
    low, high = told.total_between()
    unanchored = told.plain_total if method == ENSEMBLE else None
    tenths = _tenths(told.p_buy, orders > 0)
    return Judged(told.standing.origin, method, told.model, found, told.total, low, high, unanchored, tenths)


def _plain(histories: Histories, standing: Standing, horizon: int, orders: Floats) -> Sequence[Judged]:
    """The plain rules."""

    def judged(method: str, found: Scores, total: float | None = None) -> Judged:
        return Judged(standing.origin, method, "rule", found, total, None, None, None)

    before = _a_year_before(histories, standing, horizon)
    silence = (standing.origin - 1 - standing.last_on).astype(np.float64)
    rows = [
        judged("recency", scores(None, None, orders, rank=-silence)),
        judged("status_quo", scores((before > 0).astype(np.float64), before, orders), float(before.sum())),
    ]
    for days in WINDOWS:
        if days <= standing.origin - int(standing.first_on.min()):
            yes = (silence < days).astype(np.float64)
            rows.append(judged(f"within_{days}", scores(yes, None, orders)))
    return rows


def _a_year_before(histories: Histories, standing: Standing, horizon: int) -> Floats:
    """Orders in the same days a year before, where the history reaches back so far; else in the days just gone, as many
    as there are, brought to the horizon's length.
    """
    origin, first = standing.origin, int(standing.first_on.min())
    begin = origin - YEAR if horizon <= YEAR and origin - YEAR >= first else max(first, origin - horizon)
    end = min(begin + horizon, origin)
    rows = histories.before(origin) & (histories.day >= begin) & (histories.day < end)
    days, customers = histories.day[rows], histories.customer[rows]
    pair = np.unique(np.stack([customers, days]), axis=1)[0]
    place = np.searchsorted(standing.customer, pair)
    return np.asarray(np.bincount(place, minlength=standing.n) * (horizon / (end - begin)), np.float64)
