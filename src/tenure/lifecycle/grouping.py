"""Which clocks a shop runs on: declared, learnt, or none but the calendar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.learning import Clocks, OrderDays, learn
from tenure.lifecycle.season import YEAR_DAYS

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.population import Month

__all__ = ["clocks", "counting"]

Ints = NDArray[np.int64]

_SQL: Final = "tenure.lifecycle"


def clocks(
    engine: DuckDB,
    policy: Policy,
    months: Sequence[Month],
    plain: Callable[[], OrderDays],
    *,
    activity: bool,
    busy: frozenset[int] | None,
) -> Clocks | None:
    """The clocks of the shop, learnt from `sample`; None where the default rule on the plain calendar is all there
    is.

    `plain` gives the sample's order days for files that name no category and no region; `busy` as in `learn`.
    """
    needed = bool(months) and (activity or bool(policy.scopes or policy.seasons))
    two_years = bool(months) and months[-1].first_day - months[0].first_day + 31 >= 2 * YEAR_DAYS
    if not needed and not (policy.learn and two_years):
        return None
    words = engine.run(_SQL, "orders", "words").fetchall()
    names = {role: [word for kind, word in words if kind == role] for role in ("category", "region")}
    order_days = _labelled(engine, months) if words else plain()
    found = learn(order_days, [month.first_day for month in months], policy, names["category"], names["region"], busy)
    return found if needed or found.own else None


def _labelled(engine: DuckDB, months: Sequence[Month]) -> OrderDays:
    table = engine.table(_SQL, "orders", "order_days")
    slot, day, category, region, to_at = (
        table[name].to_numpy().astype(np.int64) for name in ("slot", "day", "category", "region", "to_at")
    )
    return counting(months, slot, day, category, region, to_at)


def counting(months: Sequence[Month], slot: Ints, day: Ints, category: Ints, region: Ints, to_at: Ints) -> OrderDays:
    """Order days with the last month at whose start they count; rows no month with two years before it asks for
    are left out."""
    until = np.searchsorted(np.array([month.start_at for month in months], np.int64), to_at, side="right") - 1
    first = np.searchsorted([month.first_day for month in months], months[0].first_day + 2 * YEAR_DAYS - 31)
    needed = until >= first
    return OrderDays(slot[needed], day[needed], category[needed], region[needed], until[needed])
