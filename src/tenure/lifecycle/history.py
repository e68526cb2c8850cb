"""A customer's stages as intervals, and pictures read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenure.lifecycle.trace import Trace, trace

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["history"]


def history(timeline: Timeline, policy: Policy, *, zone: str, until: int) -> Trace:
    """Make the table `history` in the timeline's engine, sorted by customer and instant.

    customer_id, stage, detail (null where there is none), `from`, `to`: half-open, no gaps, the last one's `to` null; microseconds
    since 1970-01-01 UTC. Knows what happened before `until` and ends there.
    """
    traced = trace(timeline, policy, zone=zone, until=until)
    first = True
    for _ in traced.each_slice():
        traced.run("history", "intervals")
        traced.run("history", ("first_" if first else "more_") + ("named" if traced.named else "numbered"))
        first = False
    return traced
