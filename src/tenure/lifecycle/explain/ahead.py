"""What would change a customer's stage, and when: the sentences that look ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tenure.events import ORDER_PLACED
from tenure.lifecycle.explain.life import Dues, Life, Occasion
from tenure.lifecycle.words import day_labels
from tenure.periods import day_of, start_of_day

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["Standing", "ahead", "label"]

_NAMES: Final = {
    "short": "short-lapsed", "long": "long-lapsed", "seasonal": "seasonally lapsed", "inactive": "inactive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a customer stands as of an instant (us UTC), and what their rows say about being in touch."""

    as_of: int
    stage: str
    detail: str | None
    reason: str | None
    contact_on: int | None
    events: Sequence[Any]


def ahead(standing: Standing, life: Life, occasions: Sequence[Occasion], dues: Dues | None) -> tuple[str, ...]:
    """What an order would do, what silence will do and on which days, and what else would change the stage."""
    return tuple(_sentences(standing, life, occasions, dues))


def label(day: int) -> str:
    """A day as people write it: 3 Mar 2025."""
    return day_labels(np.array([day]))[0]


def _sentences(standing: Standing, life: Life, occasions: Sequence[Occasion], dues: Dues | None) -> Iterator[str]:
    if any(row["kind"] == "customer.erased" for row in standing.events):
        yield "Nothing brings them back: they asked to be forgotten."
        return
    after = _after_order(standing, life, occasions)
    if standing.stage == "prospect":
        yield f"An order makes them {after}."
    elif standing.stage in ("lapsed", "inactive"):
        yield f"An order brings them back as {after}."
    elif dues is not None:
        does = f"keeps them {after}" if after == standing.stage else f"makes them {after}"
        same_day = occasions[-1].day == day_of(standing.as_of, life.zone)
        yield f"An order {'on a later day, ' if same_day else ''}before {label(dues.short)} {does}."
    if standing.stage == "inactive" and _refusal_stands(standing.events):
        yield "contact.allowed ends their refusal to be contacted; an order does not."
    if dues is not None and standing.stage not in ("prospect", "inactive"):
        today = day_of(standing.as_of - 1, life.zone)
        for day, becomes in _lapses(dues):
            if day > today and start_of_day(day, life.zone) >= standing.as_of:
                yield f"On {label(day)} they become {_NAMES[becomes]} unless they order before."
    others = sorted(set(life.policy.activity) - {ORDER_PLACED})
    if dues is not None and others and standing.stage != "inactive":
        yield f"These break the silence too: {', '.join(others)}."
    if standing.contact_on is not None:
        yield f"The day to write to them is {label(standing.contact_on)}."


def _lapses(dues: Dues) -> list[tuple[int, str]]:
    """The moves that silence will make, in order: of those due on one day only the furthest, none that goes back."""
    rank = {"short": 1, "long": 2, "seasonal": 3, "inactive": 4}
    due = [(dues.short, "short"), (dues.long, "long"), (dues.inactive, "inactive")]
    if dues.seasonal is not None:
        due.append((dues.seasonal, "seasonal"))
    moves: list[tuple[int, str]] = []
    for day, becomes in sorted(due, key=lambda pair: (pair[0], -rank[pair[1]])):
        if not moves or rank[becomes] > rank[moves[-1][1]]:
            moves.append((day, becomes))
    return moves


def _after_order(standing: Standing, life: Life, occasions: Sequence[Occasion]) -> str:
    """The stage that an order on a day of its own would lead to, placed as of now."""
    policy = life.policy
    if policy.restart_after == "inactive" and standing.stage == "inactive":
        return _stage_of(1, policy)
    purchases = occasions[-1].purchases if occasions else 0
    return _stage_of(purchases - _before_restart(standing, life, occasions) + 1, policy)


def _before_restart(standing: Standing, life: Life, occasions: Sequence[Occasion]) -> int:
    """Purchases before the last one that was made by somebody inactive, if the policy starts to count anew there."""
    if life.policy.restart_after != "inactive":
        return 0
    before = 0
    for place, (one, following) in enumerate(pairwise(occasions), start=1):
        bought_at = next((o.at for o in life.orders if day_of(o.at, life.zone) == following.day), None)
        if bought_at is None:
            continue
        silent_from = start_of_day(life.dues(occasions[:place]).inactive, life.zone)
        if silent_from < following.at or _had_left(standing.events, life, bought_at):
            before = one.purchases
    return before


def _had_left(events: Sequence[Any], life: Life, at: int) -> bool:
    """Whether an instant finds the customer gone: left or refused before it, without an order since."""
    orders = [order.at for order in life.orders]
    allowed = [row["at_us"] for row in events if row["kind"] == "contact.allowed"]
    for row in events:
        if row["kind"] not in ("customer.left", "contact.refused") or row["at_us"] >= at:
            continue
        enders = orders + allowed if row["kind"] == "contact.refused" else orders
        if not any(row["at_us"] <= ender < at for ender in enders):
            return True
    return False


def _stage_of(purchases: int, policy: Policy) -> str:
    if purchases < policy.active_from:
        return "new"
    return "active" if purchases < policy.loyal_from else "loyal"


def _refusal_stands(events: Sequence[Any]) -> bool:
    """Whether the last refusal came after the last permission."""
    last = {
        kind: max((row["at_us"] for row in events if row["kind"] == kind), default=None)
        for kind in ("contact.refused", "contact.allowed")
    }
    refused, allowed = last["contact.refused"], last["contact.allowed"]
    return refused is not None and (allowed is None or refused > allowed)
