"""The picture as of an instant: where everybody stands, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tenure.lifecycle.trace import Trace, trace
from tenure.lifecycle.words import MONTHS, STANCES, sentence_table
from tenure.periods import day_of

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["COLUMNS", "picture"]

COLUMNS: Final = (
    "customer_id", "stage", "detail", "reason", "since", "because", "cycle", "orders", "occasions", "first_order_at", "last_order_at",
    "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at", "contact_on", "as_of", "policy",
)  # fmt: skip


def picture(timeline: Timeline, policy: Policy, *, zone: str, as_of: int) -> Trace:
    """Make the table `stages` in the timeline's engine: COLUMNS, one row per customer seen before `as_of`, by customer.

    Instants are microseconds since 1970-01-01 UTC, `contact_on` is a day of the shop's zone, absent is null.
    """
    traced = trace(timeline, policy, zone=zone, until=as_of)
    engine = timeline.engine
    engine.put("sentences", sentence_table())
    engine.put("stance_words", _stance_words())
    engine.put("today", _today(traced, as_of))
    engine.put("month_words", _month_words(engine))
    engine.put("this_picture", pa.table({"as_of": [as_of], "policy": [policy.hash]}))
    traced.run("picture", "stances" if traced.stanced else "no_stances")
    first = True
    for _ in traced.each_slice():
        for name in ("current", "totals", "last_states", "picture", "columns"):
            traced.run("picture", name)
        traced.run("picture", ("first_" if first else "more_") + ("named" if traced.named else "numbered"))
        first = False
    return traced


def _stance_words() -> pa.Table:
    rows = [(said, *words) for said, words in STANCES.items()]
    return pa.table({
        name: pa.array(column, pa.string()) for name, column in zip(("said", "p0", "p1", "p2"), zip(*rows, strict=True), strict=True)
    })  # fmt: skip


def _today(traced: Trace, as_of: int) -> pa.Table:
    """Per version of the clock: the last day known, on it, and when to write before the season that ends next."""
    last_day, day = day_of(as_of - 1, traced.zone), day_of(as_of, traced.zone)
    clocks = traced.clocks.clocks if traced.clocks else ()
    versions = list(range(max(len(clocks), 1)))
    on_clock, contact = [float(last_day)], [None]
    for version, clock in list(enumerate(clocks))[1:]:
        on_clock.append(float(clock.lam(last_day)))
        lead = traced.clocks.lead_days[version] if traced.clocks else 0
        contact.append(clock.season_ending_after(day)[0] - lead if clock.seasonal else None)
    return pa.table({
        "version": pa.array(versions, pa.int32()), "day": pa.array([last_day] * len(versions), pa.int32()),
        "u": pa.array(on_clock, pa.float64()), "contact_day": pa.array(contact, pa.int32()),
    })  # fmt: skip


def _month_words(engine: DuckDB) -> pa.Table:
    """The first day of each month of a snapshot as people write it."""
    months = engine.table("tenure.lifecycle", "dues", "all_snapshots")["month"].to_numpy().astype(np.int64)
    labels = [f"1 {MONTHS[month % 12]} {1970 + month // 12}" for month in months.tolist()]
    return pa.table({"month": months.astype(np.int32), "label": labels})
