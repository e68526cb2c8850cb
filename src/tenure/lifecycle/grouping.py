"""Which group, scope and clock each state belongs to: the tables that the SQL of `states.sql` joins for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tenure.lifecycle.learning import ANY, Clocks, OrderDays, learn
from tenure.lifecycle.season import YEAR_DAYS, clock_table

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.population import Month
    from tenure.periods import Calendar

__all__ = ["clocks", "lay_states"]

_SQL: Final = "tenure.lifecycle"
FOREVER: Final = 2**62


def clocks(engine: DuckDB, policy: Policy, months: Sequence[Month], *, activity: bool) -> Clocks | None:
    """The clocks of the shop, learnt from `sample`; None where the default rule on the plain calendar is all there is."""
    needed = bool(months) and (activity or bool(policy.scopes or policy.seasons))
    two_years = bool(months) and months[-1].first_day - months[0].first_day + 31 >= 2 * YEAR_DAYS
    if not needed and not (policy.learn and two_years):
        return None
    words = engine.run(_SQL, "orders", "words").fetchall()
    names = {role: [word for kind, word in words if kind == role] for role in ("category", "region")}
    found = learn(
        _order_days(engine, months), [month.first_day for month in months], policy, names["category"], names["region"]
    )
    return found if needed or found.own else None


def _order_days(engine: DuckDB, months: Sequence[Month]) -> OrderDays:
    table = engine.table(_SQL, "orders", "order_days")
    slot, day, category, region, to_at = (
        table[name].to_numpy().astype(np.int64) for name in ("slot", "day", "category", "region", "to_at")
    )
    starts = np.array([month.start_at for month in months], np.int64)
    until = np.searchsorted(starts, to_at, side="right") - 1
    needed = until >= np.searchsorted([month.first_day for month in months], months[0].first_day + 2 * YEAR_DAYS - 31)
    slot, day, category, region, until = (column[needed] for column in (slot, day, category, region, until))
    return OrderDays(slot, day, category, region, until)


def lay_states(
    engine: DuckDB, policy: Policy, months: Sequence[Month], days: Calendar, found: Clocks | None, *, activity: bool
) -> None:
    """Make the view `states`, and the tables it reads for groups and clocks if there are any."""
    if found is None:
        engine.run(_SQL, "states", "plain")
        return
    engine.run(_SQL, "orders", "groups")
    engine.run(_SQL, "states", "activity" if activity else "no_activity")
    _lay_groups(engine, policy, months, found)
    _lay_clocks(engine, months, found)
    engine.run(_SQL, "states", "full")


def _lay_groups(engine: DuckDB, policy: Policy, months: Sequence[Month], found: Clocks) -> None:
    pairs = engine.run(_SQL, "orders", "group_pairs").fetchall()
    rows = []
    for category, region in sorted(pairs):
        name = None if category == ANY else found.categories[category]
        place = None if region == ANY else found.regions[region]
        scope = policy.scope_for(name, place)
        for index, month in enumerate(months):
            rows.append((category, region, month.ordinal, found.clock_for(index, category, region), scope))
    names = ("category", "region", "month", "version", "scope")
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    engine.put("group_clocks", pa.table({n: pa.array(c, pa.int32()) for n, c in zip(names, columns, strict=True)}))


def _lay_clocks(engine: DuckDB, months: Sequence[Month], found: Clocks) -> None:
    first, last = months[0].first_day - 40, months[-1].first_day + 40
    span = np.arange(first, last + 1)
    table = clock_table(found.clocks, first, last)
    engine.put("clock_days", pa.table({
        "version": np.repeat(np.arange(len(found.clocks), dtype=np.int32), len(span)),
        "day": np.tile(span.astype(np.int32), len(found.clocks)),
        "u": np.concatenate([clock.lam(span) for clock in found.clocks]),
    }))  # fmt: skip
    engine.put("clock_buckets", pa.table({
        "version": table.buckets["version"].astype(np.int32), "bucket": table.buckets["bucket"].astype(np.int32),
        "edge_clock": table.buckets["edge_clock"], "edge_day": table.buckets["edge_day"],
        "slope_before": table.buckets["before"], "slope_after": table.buckets["after"],
    }))  # fmt: skip
    engine.put("season_ends", pa.table({
        "version": table.season_ends["version"].astype(np.int32), "day": table.season_ends["day"].astype(np.int32),
        "season_end": table.season_ends["season_end"].astype(np.int32),
    }))  # fmt: skip
