"""Which clocks a shop runs on: declared, learnt, or none but the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from tenure.lifecycle.learning import Clocks, OrderDays, learn
from tenure.lifecycle.season import YEAR_DAYS

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.population import Month

__all__ = ["clocks"]

_SQL: Final = "tenure.lifecycle"


def clocks(engine: DuckDB, policy: Policy, months: Sequence[Month], *, activity: bool) -> Clocks | None:
    """The clocks of the shop, learnt from `sample`; None where the default rule on the plain calendar is all there is."""
    needed = bool(months) and (activity or bool(policy.scopes or policy.seasons))
    two_years = bool(months) and months[-1].first_day - months[0].first_day + 31 >= 2 * YEAR_DAYS
    if not needed and not (policy.learn and two_years):
        return None
    words = engine.run(_SQL, "orders", "words").fetchall()
    names = {role: [word for kind, word in words if kind == role] for role in ("category", "region")}
    found = learn(
        _order_days(engine, months, bool(words)), [month.first_day for month in months], policy, names["category"], names["region"]
    )
    return found if needed or found.own else None


def _order_days(engine: DuckDB, months: Sequence[Month], labelled: bool) -> OrderDays:
    table = engine.table(_SQL, "orders", "order_days" if labelled else "plain_order_days")
    slot, day, category, region, to_at = (
        table[name].to_numpy().astype(np.int64) for name in ("slot", "day", "category", "region", "to_at")
    )
    starts = np.array([month.start_at for month in months], np.int64)
    until = np.searchsorted(starts, to_at, side="right") - 1
    needed = until >= np.searchsorted([month.first_day for month in months], months[0].first_day + 2 * YEAR_DAYS - 31)
    slot, day, category, region, until = (column[needed] for column in (slot, day, category, region, until))
    return OrderDays(slot, day, category, region, until)
