"""A customer's stages as intervals, and pictures read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tenure.lifecycle.dues import NEVER
from tenure.lifecycle.trace import Trace, trace

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["history"]


def history(timeline: Timeline, policy: Policy, *, zone: str, until: int) -> Trace:
    """Make the table `history` in the timeline's engine, sorted by customer and instant.

    customer_id, stage, detail (null where there is none), `from`, `to`: half-open, no gaps, the last one's `to` null;
    microseconds since 1970-01-01 UTC. Knows what happened before `until` and ends there.
    """
    traced = trace(timeline, policy, zone=zone, until=until)
    if traced.merged:
        traced.merge([lives.begun for lives in traced.each_slice()])
        traced.run("history", "intervals")
        _write(traced, first=True)
    else:
        for place, lives in enumerate(traced.each_slice()):
            begun = lives.begun
            to_at = pa.array(begun.to_at, mask=begun.to_at == NEVER)
            traced.engine.put("intervals", pa.table({
                "c": begun.life, "from_at": begun.from_at, "to_at": to_at, "code": begun.code.astype(np.int32)
            }))  # fmt: skip
            _write(traced, first=place == 0)
    return traced


def _write(traced: Trace, *, first: bool) -> None:
    traced.run("history", ("first_" if first else "more_") + ("named" if traced.named else "numbered"))
