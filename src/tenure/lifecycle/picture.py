"""The picture as of an instant: where everybody stands, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tenure.lifecycle.standing import phrases, standing
from tenure.lifecycle.trace import Trace, trace
from tenure.lifecycle.words import STANCES
from tenure.periods import day_of

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["COLUMNS", "picture"]

COLUMNS: Final = (
    "customer_id", "stage", "detail", "reason", "since", "because", "cycle", "orders", "occasions", "first_order_at",
    "last_order_at",
    "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at", "contact_on", "as_of", "policy",
)  # fmt: skip



def picture(timeline: Timeline, policy: Policy, *, zone: str, as_of: int) -> Trace:
    """Make the table `stages` in the timeline's engine: COLUMNS, one row per customer seen before `as_of`, by
    customer.

    Instants are microseconds since 1970-01-01 UTC, `contact_on` is a day of the shop's zone, absent is null.
    """
    traced = trace(timeline, policy, zone=zone, until=as_of)
    engine = timeline.engine
    engine.put("phrases", phrases(traced))
    engine.put("stance_words", _stance_words())
    engine.put("contacts", _contacts(traced, as_of))
    engine.put("this_picture", pa.table({"as_of": [as_of], "policy": [policy.hash]}))
    traced.run("picture", "stances" if traced.stanced else "no_stances")
    if traced.merged:
        _all_at_once(traced, as_of)
    else:
        _slice_by_slice(traced, as_of)
    return traced


def _all_at_once(traced: Trace, as_of: int) -> None:
    begun, rows = [], []
    for lives in traced.each_slice():
        begun.append(lives.begun)
        rows.append(standing(traced, lives, as_of))
    traced.merge(begun)
    traced.engine.put("standing", pa.concat_tables(rows))
    traced.run("picture", "current")
    _tell(traced, first=True)


def _slice_by_slice(traced: Trace, as_of: int) -> None:
    for place, lives in enumerate(traced.each_slice()):
        begun = lives.begun
        now = np.flatnonzero(np.r_[begun.life[1:] != begun.life[:-1], True][: len(begun.life)])
        traced.engine.put("current", pa.table({
            "c": begun.life[now], "since": begun.from_at[now], "code": begun.code[now].astype(np.int32)
        }))  # fmt: skip
        traced.engine.put("standing", standing(traced, lives, as_of))
        _tell(traced, first=place == 0)


def _tell(traced: Trace, *, first: bool) -> None:
    traced.run("picture", "picture")
    traced.run("picture", "columns")
    traced.run("picture", ("first_" if first else "more_") + ("named" if traced.named else "numbered"))


def _stance_words() -> pa.Table:
    words = list(STANCES.values())
    columns = {"said": pa.array(STANCES, pa.string())}
    for place in range(3):
        columns[f"p{place}"] = pa.array([one[place] for one in words], pa.string())
    return pa.table(columns)


def _contacts(traced: Trace, as_of: int) -> pa.Table:
    """Per version of the clock: the day to write to who missed a season, before the season that ends next."""
    day = day_of(as_of, traced.zone)
    contact: list[int | None] = [None]
    if traced.clocks is not None:
        contact = [
            clock.season_ending_after(day)[0] - lead if clock.seasonal else None
            for clock, lead in zip(traced.clocks.clocks, traced.clocks.lead_days, strict=True)
        ]
    return pa.table({
        "version": pa.array(range(len(contact)), pa.int32()), "contact_day": pa.array(contact, pa.int32())
    })  # fmt: skip
