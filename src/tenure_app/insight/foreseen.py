"""What everybody is expected to order after a picture's day, what it may come to, and how such forecasts fared.

The models are loaded by who calls `foreseen`, a process of its own; a page reads what that laid down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

    from tenure.lifecycle.policy import Policy
    from tenure.purchase.scores import Bin
    from tenure.read import Timeline
    from tenure.worth.forecast import Forecast
    from tenure.worth.gather import Gathered
    from tenure_app.insight.days import Shelf

__all__ = ["HORIZONS", "Cohort", "Foreseen", "Stage", "Told", "Total", "Track", "foreseen", "foreseen_of"]

HORIZONS: Final = (90, 180, 365)
"""Days ahead that one may ask for."""
ORIGINS: Final = 3
"""Days of the past on which the same forecast is made, to say how it fared."""
_TOP: Final = (0.01, 0.05, 0.1, 0.2, 0.5)
_MANY: Final = 100_000
"""Of more customers, so many are followed through the past."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Those of one stage: its code, how many, how many of them are expected to order, orders, and what they may come
    to (minor units, None where no amount is known)."""

    code: int
    customers: int
    buyers: float
    orders: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those whose first order was in one quarter: its first day, and as in `Stage`."""

    begins: str
    customers: int
    buyers: float
    orders: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """Of people told a chance in one tenth: the mean told, the share who ordered, how many."""

    told: float
    came: float
    n: int


@dataclass(frozen=True, slots=True)
class Total:
    """A day of the past: the orders expected of everybody, their interval of 90 %, and those that came."""

    on: str
    expected: float
    low: float
    high: float
    came: int
    n: int


@dataclass(frozen=True, slots=True)
class Track:
    """How the same forecast fared on days of the past whose outcome is known. auc, coverage: means over them."""

    told: tuple[Told, ...]
    totals: tuple[Total, ...]
    auc: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Of `n` customers, in `horizon` days from a day on: orders with their interval of 90 %, `unanchored` without the
    correction by the past; value: minor units of `currency`, None where no amount is known or there are several
    currencies. shares: (part of the people, part of the value), those of whom most is expected first. model, notes:
    what it comes from. track: None where the past is too short.
    """

    horizon: int
    n: int
    model: str
    notes: tuple[str, ...]
    buyers: float
    orders: float
    orders_low: float
    orders_high: float
    unanchored: float
    currency: str | None
    value: float | None
    value_low: float | None
    value_high: float | None
    stages: tuple[Stage, ...]
    cohorts: tuple[Cohort, ...]
    shares: tuple[tuple[float, float], ...]
    track: Track | None


def foreseen(shelf: Shelf, as_of: int, horizon: int) -> tuple[Foreseen, pa.Table]:
    """What there is to foresee as of an instant, the first of a local day; InvalidInput where nobody ordered before.

    Beside it people, as of `foreseen_of`.
    """
    from tenure.engine.duckdb import DuckDB
    from tenure_app.insight.refresh import MEMORY
    from tenure_app.insight.store import lay_events, timeline_of

    with shelf.day(as_of).cursor() as connection:
        stood = connection.table("people").select("c, code").order("c").to_arrow_table()
    with DuckDB(memory_limit=MEMORY) as engine:
        lay_events(engine, shelf.sources, shelf.known_at)
        engine.connection.execute("CREATE OR REPLACE VIEW customers AS SELECT c, draw FROM base.customers")
        timeline = timeline_of(engine, drawn=False)
        return foreseen_of(timeline, shelf.policy, stood, zone=shelf.zone, as_of=as_of, horizon=horizon)


def foreseen_of(
    timeline: Timeline, policy: Policy, stood: pa.Table, *, zone: str, as_of: int, horizon: int
) -> tuple[Foreseen, pa.Table]:
    """The same of a timeline; stood: c, by rising number, and code of everybody's stage.

    Beside it of everybody who ordered: c, p_buy, p_alive, orders, low, high, value, value_low, value_high (minor units,
    null: unknown), at_risk (`tenure.worth.value.at_risk`), next_day (days since
    1970-01-01, null: nobody can say).
    """
    from tenure.periods import day_of
    from tenure.worth.forecast import forecast
    from tenure.worth.gather import gather_orders

    gathered = gather_orders(timeline, policy, zone=zone, until=as_of)
    told = forecast(gathered.histories, day_of(as_of, zone), horizon)
    return _said(stood, told, gathered, _track(gathered, told)), _people(told)


def _people(told: Forecast) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from tenure.worth.tables import known
    from tenure.worth.value import at_risk

    day = np.ceil(told.next_day)
    finite = np.isfinite(day) & (day < 2**31)
    return pa.table({
        "c": told.standing.customer, "p_buy": told.p_buy, "p_alive": told.p_alive, "orders": told.orders,
        "low": told.low, "high": told.high, "value": known(told.value), "value_low": known(told.value_low),
        "value_high": known(told.value_high), "at_risk": known(at_risk(told)),
        "next_day": pa.array(np.where(finite, day, 0).astype(np.int64), mask=~finite),
    })  # fmt: skip


def _track(gathered: Gathered, told: Forecast) -> Track | None:
    from tenure.errors import InvalidInput
    from tenure.worth.backtest import backtest
    from tenure.worth.forecast import ENSEMBLE

    some = gathered.histories.some(_MANY)
    try:
        found = backtest(some, told.standing.origin, origins=ORIGINS, horizon=told.horizon, models=(ENSEMBLE,))
    except InvalidInput:  # the past is too short to have seen an outcome
        return None
    totals = tuple(
        Total(str(row["origin"]), row["total"], row["total_low"], row["total_high"], row["orders"], row["n"])
        for row in found.table().to_pylist() if row["method"] == ENSEMBLE
    )  # fmt: skip
    bins = tuple(_bin(one) for one in found.calibration(ENSEMBLE))
    return Track(bins, totals, found.mean(ENSEMBLE, "auc"), found.mean(ENSEMBLE, "coverage"))


def _bin(one: Bin) -> Told:
    return Told(one.told, one.came, one.n)


def _said(stood: pa.Table, told: Forecast, gathered: Gathered, track: Track | None) -> Foreseen:
    import numpy as np

    place = np.minimum(np.searchsorted(stood["c"].to_numpy(), told.standing.customer), max(len(stood) - 1, 0))
    code = stood["code"].to_numpy()[place]
    currencies = {str(word or "") for word in gathered.currency}
    priced = len(currencies) == 1 and bool(np.isfinite(told.value).all())
    value = told.value if priced else None
    low, high = told.total_between()
    cents = told.value_between() if priced else (None, None)
    quarter = told.standing.first_on.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // 3 * 3
    return Foreseen(
        told.horizon, told.n, told.model, told.notes, float(told.p_buy.sum()), told.total, low, high,
        told.plain_total, currencies.pop() or None if priced else None, None if value is None else float(value.sum()),
        *cents, tuple(Stage(int(one), *row) for one, row in _by(code, told, value)),
        tuple(Cohort(str(np.datetime64(int(one), "M").astype("datetime64[D]")), *row)
              for one, row in _by(quarter, told, value)),
        _shares(told.orders if value is None else value), track,
    )  # fmt: skip


def _by(key: Any, told: Forecast, value: Any) -> list[tuple[Any, tuple[int, float, float, float | None]]]:
    import numpy as np

    words, which = np.unique(key, return_inverse=True)
    n = np.bincount(which)
    sums = [None if one is None else np.bincount(which, weights=one) for one in (told.p_buy, told.orders, value)]
    return [
        (word, (int(n[i]), float(sums[0][i]), float(sums[1][i]), None if sums[2] is None else float(sums[2][i])))
        for i, word in enumerate(words)
    ]


def _shares(value: Any) -> tuple[tuple[float, float], ...]:
    """Of how much of the whole the first part of the people stand; none where nothing is expected of anybody."""
    import numpy as np

    ranked, total = np.sort(value)[::-1], float(value.sum())
    if total <= 0.0:
        return ()
    upto = [max(1, round(part * len(ranked))) for part in _TOP]
    return tuple((part, float(ranked[:n].sum() / total)) for part, n in zip(_TOP, upto, strict=True))
