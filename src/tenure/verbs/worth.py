"""What the verbs of worth ask of an opened shop: fits, forecasts, values, track records. Loads numba."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.money import exponent
from tenure.periods import day_of
from tenure.worth.backtest import Backtest, backtest
from tenure.worth.fitting import Fitted, fitted
from tenure.worth.forecast import Forecast, forecast
from tenure.worth.gather import Gathered, gather_orders
from tenure.worth.tables import predictions, values
from tenure.worth.value import checked_rates, value_of

if TYPE_CHECKING:
    from tenure.verbs.shop import Shop

__all__ = ["backtest_of", "fit_of", "predictions_of", "values_of"]


def fit_of(shop: Shop, model: str, until: int | None, unit: str) -> Fitted:
    """The most likely parameters of one model, times in `unit` (day, week). InvalidInput."""
    end = shop.end if until is None else until
    gathered = _gathered(shop, end)
    shop.progress(f"fitting {model}")
    histories, currency = gathered.of_main_currency()
    minor = 10.0 ** (2 if currency is None else exponent(currency))
    return fitted(histories, day_of(end, shop.zone), model, unit, minor=minor)


def predictions_of(shop: Shop, as_of: int, horizon: int, model: str) -> tuple[pa.Table, Forecast]:
    """What everybody is expected to order within `horizon` days: `tables.predictions`. InvalidInput."""
    gathered, told = _forecast(shop, as_of, horizon, model)
    return predictions(gathered, told, as_of=as_of, zone=shop.zone), told


def values_of(
    shop: Shop, as_of: int, horizon: int, model: str, *, margin: float, discount_rate: float
) -> tuple[pa.Table, Forecast]:
    """The same with margins, scores and what may be spent on whom: `tables.values`. InvalidInput."""
    checked_rates(margin, discount_rate)
    gathered, told = _forecast(shop, as_of, horizon, model)
    ids = gathered.ids.take(pa.array(np.searchsorted(gathered.people, told.standing.customer)))
    stages = shop.stages(as_of).select("customer_id", "stage").to_arrow_table()
    place = pc.index_in(ids, stages["customer_id"].combine_chunks())
    stage = np.array(stages["stage"].combine_chunks().cast(pa.string()).take(place).to_pylist(), object)
    found = value_of(gathered, told, stage, margin=margin, discount_rate=discount_rate)
    rows = values(gathered, told, found, as_of=as_of, zone=shop.zone)
    return rows, replace(told, notes=(*told.notes, *_doubts(told, discount_rate)))


def _doubts(told: Forecast, discount_rate: float) -> Iterator[str]:
    """What a reader of money should know."""
    if np.isnan(told.spend).all():
        yield "no amount is known, so nothing is said of worth, margins and ceilings; --amount names their column"
    if discount_rate > 1.0:
        yield f"a discount rate of {discount_rate:g} is {100.0 * discount_rate:g} % a year; 10 % is 0.1"


def backtest_of(shop: Shop, origins: int, horizon: int, until: int | None, models: Sequence[str] = ()) -> Backtest:
    """How forecasts would have fared on the shop's own past. InvalidInput."""
    end = shop.end if until is None else until
    gathered = _gathered(shop, end)
    return backtest(
        gathered.histories, day_of(end, shop.zone), origins=origins, horizon=horizon, models=models,
        tell=shop.progress,
    )  # fmt: skip


def _gathered(shop: Shop, until: int) -> Gathered:
    shop.progress("reading who ordered when")
    return gather_orders(shop.timeline, shop.policy, zone=shop.zone, until=until)


def _forecast(shop: Shop, as_of: int, horizon: int, model: str) -> tuple[Gathered, Forecast]:
    gathered = _gathered(shop, as_of)
    told = forecast(gathered.histories, day_of(as_of, shop.zone), horizon, model, shop.progress)
    return gathered, _by_currency(gathered, told)


def _by_currency(gathered: Gathered, told: Forecast) -> Forecast:
    """Where there are several currencies, nobody's unknown amounts are taken from customers of another one."""
    if gathered.strange:
        orders = "1 order is" if gathered.strange == 1 else f"{gathered.strange:,} orders are"
        note = f"{orders} in another currency than most of their customer's: of these no amount is counted"
        told = replace(told, notes=(*told.notes, note))
    if len(set(gathered.currency)) <= 1:
        return told
    unknown = told.standing.paid == 0
    spend, low, high = (np.where(unknown, np.nan, money) for money in (told.spend, told.value_low, told.value_high))
    return replace(told, spend=spend, value_low=low, value_high=high)
