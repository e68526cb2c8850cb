"""The verbs themselves; what they share is told in `tenure.verbs`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenure.lifecycle.explain import Explanation
from tenure.lifecycle.suggest import Suggestion
from tenure.simulation import simulate
from tenure.verbs.given import give_back
from tenure.verbs.shop import ColumnNames, Instant, PolicyLike, Progress, Shop, instant_of, must_hold_rows, opened
from tenure.write import checked_target, save_table

if TYPE_CHECKING:
    from tenure.worth.backtest import Backtest
    from tenure.worth.fitting import Fitted

__all__ = [
    "RowsRejected", "backtest", "explain", "fit", "flows", "history", "predict", "report", "simulate", "stages",
    "suggest", "value",
]  # fmt: skip

Rejects = str | os.PathLike[str] | None


class RowsRejected(UserWarning):
    """Some rows could not be used; says how many of which kind."""


def stages(
    orders: Any, *, as_of: Instant, policy: PolicyLike = None, timezone: str = "UTC", times_in: str = "UTC",
    columns: ColumnNames = None, rejects: Rejects = None, progress: Progress | None = None,
) -> Any:  # fmt: skip
    """Where every customer stands as of an instant (exclusive): one row per customer seen before it, by customer_id.

    customer_id, stage, detail, reason, since, because, cycle, orders, occasions, first_order_at, last_order_at,
    expected_next_at, overdue_at, long_overdue_at, inactive_at, contact_on, as_of, policy. Instants are UTC to the
    microsecond, contact_on is a date of the shop's zone, what is absent is null.
    """
    at = instant_of(as_of, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress, at) as shop:
        return give_back(shop.stages(at), orders)


def history(
    orders: Any, *, until: Instant | None = None, policy: PolicyLike = None, timezone: str = "UTC",
    times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None, progress: Progress | None = None,
) -> Any:  # fmt: skip
    """Every customer's stages as intervals: customer_id, stage, detail, from, to, sorted by customer_id and from.

    Half-open, without gaps; neighbours differ in stage or detail; the last one's `to` is null. The picture as of T is
    the interval with from < T and (to null or T <= to). `until`: what happens from then on is not known; by default the
    first local midnight after the last row.
    """
    end = None if until is None else instant_of(until, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress) as shop:
        return give_back(shop.history(end), orders)


def flows(
    orders: Any, *, every: str = "month", until: Instant | None = None, detail: bool = False, policy: PolicyLike = None,
    timezone: str = "UTC", times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None,
    progress: Progress | None = None,
) -> Any:  # fmt: skip
    """How many went from which stage to which, comparing the pictures at a period's start and end.

    period (the first local day; weeks start on Monday), from_stage (null for arrivals), to_stage, customers; with
    `detail` also from_detail and to_detail. Who stays is listed, an unfinished last period and cells of 0 are not.
    `every`: "day", "week" or "month"; `until` as for `history`.
    """
    end = None if until is None else instant_of(until, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress) as shop:
        return give_back(shop.flows(every, end, detail=detail), orders)


def explain(
    orders: Any, *, customer: int | str, as_of: Instant, policy: PolicyLike = None, timezone: str = "UTC",
    times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None, progress: Progress | None = None,
) -> Explanation:  # fmt: skip
    """Why one customer stands where they stand as of an instant: print it, take its `json()`, or read its fields.

    UnknownCustomer, with the nearest ids, if nobody of that id was seen before it.
    """
    at = instant_of(as_of, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress, at) as shop:
        return shop.explain(customer, at)


def suggest(
    orders: Any, *, until: Instant | None = None, policy: PolicyLike = None, timezone: str = "UTC",
    times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None, progress: Progress | None = None,
) -> Suggestion:  # fmt: skip
    """Rules and levels tried on the orders' own past: `.policy` to use, `.text` why, `.table()` (PyArrow) the numbers.

    `policy`: the rule in force, which the others have to beat. `until` as for `history`.
    """
    end = None if until is None else instant_of(until, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress) as shop:
        return shop.suggest(end)


def fit(
    orders: Any, *, model: str, until: Instant | None = None, unit: str = "week", policy: PolicyLike = None,
    timezone: str = "UTC", times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None,
    progress: Progress | None = None,
) -> Fitted:  # fmt: skip
    """The most likely parameters of a purchase model: `.fit` with standard errors and `converged`, `.record()`.

    model: "bg_nbd", "mbg_nbd", "pareto_nbd", "mbg_cnbd_k" or "gamma_gamma"; unit: "day" or "week", of time; `until` as
    for `history`. InvalidInput where there is nothing to fit to.
    """
    from tenure.verbs.worth import fit_of

    end = None if until is None else instant_of(until, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress) as shop:
        return fit_of(shop, model, end, unit)


def predict(
    orders: Any, *, as_of: Instant, horizon: int = 90, model: str = "ensemble", policy: PolicyLike = None,
    timezone: str = "UTC", times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None,
    progress: Progress | None = None,
) -> Any:  # fmt: skip
    """What everybody who ordered before `as_of` is expected to order within `horizon` days: one row per customer.

    customer_id, p_buy, p_alive, expected_orders, orders_low, orders_high (5 and 95 %), expected_value_minor,
    value_low_minor, value_high_minor, currency, expected_next_at, model, as_of, horizon_days, n. Null is unknown.
    model: "ensemble" or one of `fit`. InvalidInput if nobody ordered before.
    """
    from tenure.verbs.worth import predictions_of

    at = instant_of(as_of, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress, at) as shop:
        rows, _ = predictions_of(shop, at, horizon, model)
        return give_back(shop.timeline.engine.connection.from_arrow(rows), orders)


def value(
    orders: Any, *, as_of: Instant, margin: float, discount_rate: float = 0.1, horizon: int = 90,
    model: str = "ensemble", policy: PolicyLike = None, timezone: str = "UTC", times_in: str = "UTC",
    columns: ColumnNames = None, rejects: Rejects = None, progress: Progress | None = None,
) -> Any:  # fmt: skip
    """The columns of `predict`, and what customers are worth and may cost.

    worth_minor (margin so far, net of refunds), expected_margin_minor, margin_low_minor, margin_high_minor, r_score,
    f_score, m_score (1 to 5, 5 best), ceiling_acquire_minor, ceiling_keep_minor, ceiling_winback_minor (lapsed and
    inactive only), assumptions. margin: share of revenue; discount_rate: a year.
    """
    from tenure.verbs.worth import values_of

    at = instant_of(as_of, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress, at) as shop:
        rows, _ = values_of(shop, at, horizon, model, margin=margin, discount_rate=discount_rate)
        return give_back(shop.timeline.engine.connection.from_arrow(rows), orders)


def backtest(
    orders: Any, *, origins: int = 4, horizon: int = 90, until: Instant | None = None, models: Sequence[str] = (),
    policy: PolicyLike = None, timezone: str = "UTC", times_in: str = "UTC", columns: ColumnNames = None,
    rejects: Rejects = None, progress: Progress | None = None,
) -> Backtest:  # fmt: skip
    """How forecasts would have fared on the orders' own past: `.table()` (PyArrow), `.mean(method, "auc")`,
    `.calibration(method)`.

    `models`: by default the ensemble and all models, beside recency, status quo and fixed windows. `until` as for
    `history`. InvalidInput where the orders do not reach far enough.
    """
    from tenure.verbs.worth import backtest_of

    end = None if until is None else instant_of(until, timezone)
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress) as shop:
        return backtest_of(shop, origins, horizon, end, models)


def report(
    orders: Any, *, as_of: Instant, name: str | None = None, policy: PolicyLike = None, timezone: str = "UTC",
    times_in: str = "UTC", columns: ColumnNames = None, rejects: Rejects = None, progress: Progress | None = None,
) -> str:  # fmt: skip
    """The state of the shop as of an instant: one HTML page that needs no network. `name`: the shop's, as its title."""
    at = instant_of(as_of, timezone)
    files = [Path(each).name for each in _several(orders) if isinstance(each, str | os.PathLike)]
    with _opened(orders, rejects, policy, timezone, times_in, columns, progress, at) as shop:
        return shop.report(at, name or (Path(files[0]).stem if files else "the shop"), files)


def _several(orders: Any) -> Sequence[Any]:
    return orders if isinstance(orders, list | tuple) else (orders,)


@contextmanager
def _opened(
    orders: Any, rejects: Rejects, policy: PolicyLike, timezone: str, times_in: str, columns: ColumnNames,
    progress: Progress | None, as_of: int | None = None,
) -> Iterator[Shop]:  # fmt: skip
    """`opened`, with rejected rows written down and warned of."""
    target = None if rejects is None else checked_target(rejects, apart_from=(*_several(orders), policy))
    with opened(
        orders, policy=policy, timezone=timezone, times_in=times_in, columns=columns, progress=progress,
        as_of=as_of,
    ) as shop:  # fmt: skip
        timeline = shop.timeline
        if target is not None:
            save_table(timeline.engine.connection.from_arrow(timeline.rejects()), target)
        must_hold_rows(timeline, target)
        if timeline.rejected:
            each = ", ".join(f"{n} {code}" for code, n in timeline.rejected)
            said = f"{timeline.rows - timeline.accepted} of {timeline.rows} rows could not be used: {each}"
            warnings.warn(RowsRejected(said), stacklevel=4)
        yield shop
