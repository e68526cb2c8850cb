"""A customer's stages as intervals, and pictures read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from tenure.lifecycle.dues import NEVER
from tenure.lifecycle.trace import Slice, Trace, staged, trace

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["history"]


def history(timeline: Timeline, policy: Policy, *, zone: str, until: int) -> Trace:
    """Make `history` in the timeline's engine, a table or what can be read as one, sorted by customer and instant.

    customer_id, stage, detail (null where there is none), `from`, `to`: half-open, no gaps, the last one's `to` null;
    microseconds since 1970-01-01 UTC. Knows what happened before `until` and ends there.
    """
    traced = trace(timeline, policy, zone=zone, until=until)
    if traced.merged:
        traced.merge(list(traced.each_slice(traced.starts)))
        traced.run("history", "intervals")
        traced.run("history", "named" if traced.customer_type == "VARCHAR" else "numbered")
    else:
        timeline.engine.show("history", _intervals(traced))
    return traced


def _intervals(traced: Trace) -> pa.Table:
    ids = traced.ids()

    def taken(lives: Slice) -> pa.Table:
        begun = traced.starts(lives)
        stage, detail = staged(begun.code)
        to_at = pa.array(begun.to_at, mask=begun.to_at == NEVER)
        columns = [ids(begun.life), stage, detail, pa.array(begun.from_at), to_at]
        return pa.table(columns, names=["customer_id", "stage", "detail", "from", "to"])

    return pa.concat_tables(traced.each_slice(taken))
