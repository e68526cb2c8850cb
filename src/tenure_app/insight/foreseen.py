"""What everybody is expected to order after a picture's day, what it may come to, and how such forecasts fared.

The models are loaded by who calls `foreseen`, a process of its own; a page reads what that laid down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenure_app.insight.stages import STAGES

if TYPE_CHECKING:
    import pyarrow as pa

    from tenure.lifecycle.policy import Policy
    from tenure.purchase.scores import Bin
    from tenure.read import Timeline
    from tenure.worth.forecast import Forecast
    from tenure.worth.gather import Gathered
    from tenure.worth.value import Value
    from tenure_app.insight.days import Shelf

__all__ = [
    "HORIZONS", "SILENT_DAYS", "Cohort", "Foreseen", "Stage", "Told", "Total", "Track", "foreseen", "foreseen_of",
]  # fmt: skip

HORIZONS: Final = (90, 180, 365)
"""Days ahead that one may ask for."""
ORIGINS: Final = 3
"""Days of the past on which the same forecast is made, to say how it fared."""
SILENT_DAYS: Final = (
    0, 2, 4, 7, 10, 14, 18, 23, 30, 38, 48, 60, 75, 90, 120, 150, 180, 240, 300, 365, 450, 540, 730, 1095,
)  # fmt: skip
"""Days of silence after which everybody's chance of an order is laid down."""
_LIKELY: Final = (0.25, 0.75)
"""The next order's range: half of those who ever order again lie within it."""
_TOP: Final = (0.01, 0.05, 0.1, 0.2, 0.5)
_LAST_DAY: Final = 2_932_896
"""The year 9999: no calendar goes further."""
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
    rate: float
    acquire: float | None
    newcomers: int


def foreseen(shelf: Shelf, as_of: int, horizon: int, rate: float) -> tuple[Foreseen, pa.Table]:
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
        return foreseen_of(timeline, shelf.policy, stood, zone=shelf.zone, as_of=as_of, horizon=horizon, rate=rate)


def foreseen_of(
    timeline: Timeline, policy: Policy, stood: pa.Table, *, zone: str, as_of: int, horizon: int, rate: float
) -> tuple[Foreseen, pa.Table]:
    """The same of a timeline; stood: c, by rising number, and code of everybody's stage; rate: the discount rate.

    Beside it of everybody who ordered: c, p_buy, p_alive, orders, low, high, value, value_low, value_high (minor units
    of `currency`, null: unknown), at_risk (`tenure.worth.value.at_risk`), next_day, next_low, next_high (days since
    1970-01-01, null: nobody can say), and where all of it were margin the margin, margin_low, margin_high, keep and
    winback of `tenure.worth.value.Value`; silence: after each of SILENT_DAYS the chance of an order, in 1 / 10,000.
    """
    import numpy as np

    from tenure.periods import day_of
    from tenure.worth.forecast import forecast
    from tenure.worth.gather import gather_orders
    from tenure.worth.value import value_of

    gathered = gather_orders(timeline, policy, zone=zone, until=as_of)
    told = forecast(gathered.histories, day_of(as_of, zone), horizon)
    code = _codes(stood, told)
    # a margin is a factor of all of it: whose it is multiplies
    worth = value_of(gathered, told, np.array([name for name, _ in STAGES])[code], margin=1.0, discount_rate=rate)
    said = _said(code, told, gathered, worth, _track(gathered, told), rate)
    return said, _people(told, gathered, worth)


def _codes(stood: pa.Table, told: Forecast) -> Any:
    import numpy as np

    place = np.minimum(np.searchsorted(stood["c"].to_numpy(), told.standing.customer), max(len(stood) - 1, 0))
    return stood["code"].to_numpy()[place]


def _people(told: Forecast, gathered: Gathered, worth: Value) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from tenure.worth.silence import next_between
    from tenure.worth.tables import known
    from tenure.worth.value import at_risk

    low, high = next_between(told, *_LIKELY)
    whole = {"low": told.low.astype(np.int32), "high": told.high.astype(np.int32)}
    place = np.searchsorted(gathered.people, told.standing.customer)
    numbers = {
        "p_buy": told.p_buy, "p_alive": told.p_alive, "orders": told.orders, "value": told.value,
        "value_low": told.value_low, "value_high": told.value_high, "at_risk": at_risk(told), "margin": worth.expected,
        "margin_low": worth.low, "margin_high": worth.high, "keep": worth.keep, "winback": worth.winback,
    }  # fmt: skip
    return pa.table({
        "c": told.standing.customer, **whole, "next_day": _days(told.next_day), "next_low": _days(low),
        "currency": pa.array(gathered.currency[place], pa.string()).dictionary_encode(), "next_high": _days(high),
        **{name: known(each.astype(np.float32)) for name, each in numbers.items()},  # seven digits of an estimate
        "silence": _silence(told),
    })  # fmt: skip


def _days(instants: Any) -> pa.Array:
    """Whole days, null beyond what a calendar holds."""
    import numpy as np
    import pyarrow as pa

    with np.errstate(invalid="ignore"):
        day = np.ceil(instants)
        finite = np.isfinite(day) & (day < _LAST_DAY)
    return pa.array(np.where(finite, day, 0).astype(np.int64), mask=~finite)


def _silence(told: Forecast) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    from tenure.worth.silence import Silence

    silence = Silence.of(told)
    chances = np.empty((told.standing.n, len(SILENT_DAYS)), np.uint16)
    for place, days in enumerate(SILENT_DAYS):
        chances[:, place] = np.rint(10_000 * silence.after(float(days)))
    return pa.FixedSizeListArray.from_arrays(pa.array(chances.ravel()), len(SILENT_DAYS))


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
    bins = tuple(_bin(one) for one in found.tenths(ENSEMBLE))
    return Track(bins, totals, found.mean(ENSEMBLE, "auc"), found.mean(ENSEMBLE, "coverage"))


def _bin(one: Bin) -> Told:
    return Told(one.told, one.came, one.n)


def _said(code: Any, told: Forecast, gathered: Gathered, worth: Value, track: Track | None, rate: float) -> Foreseen:
    import numpy as np

    from tenure.worth.value import newcomers

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
        _shares(told.orders if value is None else value), track, rate,
        float(worth.acquire[0]) if priced and np.isfinite(worth.acquire).all() else None,
        int(newcomers(told.standing).sum()),
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
