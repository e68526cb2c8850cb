"""The picture as of an instant: where everybody stands, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.lifecycle.standing import phrases, standing
from tenure.lifecycle.trace import INACTIVE, SEASONAL, Slice, Trace, staged, trace
from tenure.lifecycle.words import STANCES
from tenure.periods import day_of

if TYPE_CHECKING:
    from tenure.lifecycle.beginnings import Starts
    from tenure.lifecycle.known import KnownPopulation
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["COLUMNS", "picture"]

COLUMNS: Final = (
    "customer_id", "stage", "detail", "reason", "since", "because", "cycle", "orders", "occasions", "first_order_at",
    "last_order_at", "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at", "contact_on", "as_of",
    "policy",
)  # fmt: skip
"""What a picture says of everybody, in this order."""


def picture(
    timeline: Timeline, policy: Policy, *, zone: str, as_of: int, known: KnownPopulation | None = None
) -> Trace:
    """Make `stages` in the timeline's engine, a table or what can be read as one: who was seen before `as_of`, by id.

    Instants are microseconds since 1970-01-01 UTC, `contact_on` is a day of the shop's zone, absent is null. `known`:
    the population to judge by, where the timeline holds some of the customers only.
    """
    traced = trace(timeline, policy, zone=zone, until=as_of, known=known)
    if traced.merged:
        _put_together(traced, as_of)
    else:
        timeline.engine.show("stages", _slice_by_slice(traced, as_of))
    return traced


def _put_together(traced: Trace, as_of: int) -> None:
    """Make the table `stages` where lives have to be put together before anybody's stage is known."""
    known = phrases(traced)

    def taken(lives: Slice) -> tuple[Starts, pa.Table]:
        return traced.starts(lives), standing(traced, lives, as_of, known)

    walked = list(traced.each_slice(taken))
    traced.merge([begun for begun, _ in walked])
    engine = traced.engine
    engine.put("standing", pa.concat_tables([rows for _, rows in walked]))
    engine.put("stance_words", _stance_words())
    contact = _contact_days(traced, as_of)
    engine.put("contacts", pa.table({"version": np.arange(len(contact)), "contact_day": contact}))
    engine.put("this_picture", pa.table({"as_of": [as_of], "policy": [traced.policy.hash]}))
    for name in ("current", "tallied", "stances" if traced.stanced else "no_stances", "picture", "columns"):
        traced.run("picture", name)
    traced.run("picture", "named" if traced.named else "numbered")


def _slice_by_slice(traced: Trace, as_of: int) -> pa.Table:
    """The picture where a life is a customer and nothing but silence decides."""
    ids, known, contact = traced.ids(), phrases(traced), _contact_days(traced, as_of)

    def taken(lives: Slice) -> pa.Table:
        now = traced.current(lives)
        rows = standing(traced, lives, as_of, known)
        stage, detail = staged(now.code)
        inactive, seasonal = now.code == INACTIVE, now.code == SEASONAL
        contact_on = pc.if_else(pa.array(seasonal), contact.take(rows["version"]), None)
        occasions = rows["occasions"].to_numpy()
        same = np.zeros(len(rows), np.int8)
        return pa.table({
            "customer_id": ids(now.life), "stage": stage, "detail": detail,
            "reason": pa.DictionaryArray.from_arrays(pa.array(same, mask=~inactive), pa.array(["unknown"])),
            "since": now.from_at, "because": rows["because"], "cycle": occasions + 1, "orders": rows["orders"],
            "occasions": occasions, "first_order_at": rows["first_order_at"], "last_order_at": rows["last_order_at"],
            "expected_next_at": rows["expected_at"], "overdue_at": rows["at1"], "long_overdue_at": rows["at2"],
            "inactive_at": rows["at3"], "contact_on": contact_on,
            "as_of": pa.array(np.full(len(rows), as_of)),
            "policy": pa.DictionaryArray.from_arrays(pa.array(same), pa.array([traced.policy.hash])),
        }).select(COLUMNS)  # fmt: skip

    return pa.concat_tables(traced.each_slice(taken))


def _stance_words() -> pa.Table:
    words = list(STANCES.values())
    columns = {"said": pa.array(STANCES, pa.string())}
    for place in range(3):
        columns[f"p{place}"] = pa.array([one[place] for one in words], pa.string())
    return pa.table(columns)


def _contact_days(traced: Trace, as_of: int) -> pa.Array:
    """Per version of the clock: the day to write to who missed a season, before the season that ends next."""
    day = day_of(as_of, traced.zone)
    contact: list[int | None] = [None]
    if traced.clocks is not None:
        contact = [
            clock.season_ending_after(day)[0] - lead if clock.seasonal else None
            for clock, lead in zip(traced.clocks.clocks, traced.clocks.lead_days, strict=True)
        ]
    return pa.array(contact, pa.int32())
