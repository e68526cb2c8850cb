"""Forecasts as tables, one row per customer by rising id; absent is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.periods import start_of_day

if TYPE_CHECKING:
    from tenure.worth.forecast import Forecast
    from tenure.worth.gather import Gathered
    from tenure.worth.value import Value

__all__ = ["known", "predictions", "values"]

Floats = NDArray[np.float64]

LAST_YEAR: Final = 9_998
_EPOCH_YEAR: Final = 1970


def predictions(gathered: Gathered, told: Forecast, *, as_of: int, zone: str) -> pa.Table:
    """customer_id, p_buy, p_alive, expected_orders, orders_low, orders_high, expected_value_minor, value_low_minor,
    value_high_minor, currency, expected_next_at, model, as_of, horizon_days, n.

    orders_low, orders_high: quantiles at 5 and 95 % of the number of orders in the horizon, whole; values: minor units
    of `currency`, null where no amount is known; instants: UTC; n: customers the models were fitted to.
    """
    place = np.searchsorted(gathered.people, told.standing.customer)
    instant = pa.timestamp("us", tz="UTC")
    same = np.zeros(told.n, np.int8)
    return pa.table({
        "customer_id": gathered.ids.take(pa.array(place)),
        "p_buy": told.p_buy, "p_alive": told.p_alive, "expected_orders": told.orders,
        "orders_low": told.low.astype(np.int64), "orders_high": told.high.astype(np.int64),
        "expected_value_minor": known(told.value), "value_low_minor": known(told.value_low),
        "value_high_minor": known(told.value_high),
        "currency": pa.array(gathered.currency[place], pa.string()),
        "expected_next_at": _instants(told.next_day, zone).cast(instant),
        "model": pa.DictionaryArray.from_arrays(pa.array(same), pa.array([told.model])).cast(pa.string()),
        "as_of": pa.array(np.full(told.n, as_of)).cast(instant),
        "horizon_days": np.full(told.n, told.horizon, np.int64), "n": np.full(told.n, told.n, np.int64),
    })  # fmt: skip


def values(gathered: Gathered, told: Forecast, found: Value, *, as_of: int, zone: str) -> pa.Table:
    """The columns of `predictions` and: worth_minor, expected_margin_minor, margin_low_minor, margin_high_minor,
    r_score, f_score, m_score, ceiling_acquire_minor, ceiling_keep_minor, ceiling_winback_minor, assumptions.
    """
    table = predictions(gathered, told, as_of=as_of, zone=zone)
    worth = pa.array(np.nan_to_num(np.rint(found.worth)).astype(np.int64), mask=~np.isfinite(found.worth))
    more: dict[str, Any] = {
        "worth_minor": worth, "expected_margin_minor": known(found.expected),
        "margin_low_minor": known(found.low), "margin_high_minor": known(found.high),
        "r_score": found.recency, "f_score": found.frequency,
        "m_score": pa.array(found.monetary, mask=found.monetary == 0),
        "ceiling_acquire_minor": known(found.acquire), "ceiling_keep_minor": known(found.keep),
        "ceiling_winback_minor": known(found.winback),
        "assumptions": pa.array([found.assumptions] * told.n, pa.string()),
    }  # fmt: skip
    for name, column in more.items():
        table = table.append_column(name, pa.array(column) if isinstance(column, np.ndarray) else column)
    return table


def known(numbers: Floats) -> pa.Array:
    """Null for what is not a number."""
    return pa.array(numbers, mask=~np.isfinite(numbers))


def _instants(day: Floats, zone: str) -> pa.Array:
    """The first instants of local days (floats since 1970-01-01), null beyond the years that can be written."""
    last = (LAST_YEAR - _EPOCH_YEAR) * 365.2425
    finite = np.isfinite(day) & (day < last)
    whole = np.where(finite, np.ceil(np.where(finite, day, 0.0)), 0.0).astype(np.int64)
    days, place = np.unique(whole, return_inverse=True)
    starts = np.array([start_of_day(int(one), zone) for one in days], np.int64)
    return pa.array(starts[place] if len(days) else np.empty(0, np.int64), mask=~finite)
