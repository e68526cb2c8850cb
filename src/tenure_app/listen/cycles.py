"""The circle closes at a purchase: the way to the next one opens in the same transaction as the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tenure.periods import day_of
from tenure_app.listen.asking import ask, write
from tenure_app.listen.models import Opportunity

__all__ = ["Order", "cycle_of", "turn_cycles"]

_PLACED: Final = "order.placed"


@dataclass(slots=True)
class Order:
    """An order as it stands: its first event, when it was placed, what is left of it, whether it was called off."""

    event: int
    at: int
    left_minor: int | None
    ended: bool = False


def cycle_of(orders: Iterable[Order], zone: str) -> tuple[int, int | None, int | None]:
    """Which purchase somebody is on the way to, since when and by which order's event: after each local day with an
    order that counts it is the next one (GLOSSARY.md, cycle). (1, None, None) for who has none."""
    first_of_day: dict[int, Order] = {}
    for one in sorted((one for one in orders if not one.ended), key=lambda one: (one.at, one.event)):
        first_of_day.setdefault(day_of(one.at, zone), one)
    if not first_of_day:
        return 1, None, None
    last = first_of_day[max(first_of_day)]
    return len(first_of_day) + 1, last.at, last.event


def turn_cycles(changed: Sequence[tuple[int, int, int]], *, zone: str) -> None:
    """Open what the changed orders (person, event, instant) open, and end what they end. Within their transaction."""
    if not changed:
        return
    roots = dict(ask("convert", "roots", sorted({person for person, _, _ in changed})))
    by: dict[int, tuple[int, int]] = {}
    for person, event, at in changed:
        by[roots[person]] = (event, at)
    orders = _orders_of(sorted(by))
    found = {one.person_id: one for one in Opportunity.objects.filter(person__in=by, ended_at=None).order_by("cycle")}
    fresh, ended = [], []
    for person, (event, at) in by.items():
        cycle, opened_at, opened_by = cycle_of(orders.get(person, ()), zone)
        before = found.get(person)
        if before is not None and (before.cycle, before.opened_by_id) == (cycle, opened_by):
            continue
        if before is not None:
            ended.append((max(at, before.opened_at), event, before.pk))
            if cycle < before.cycle and _open_again(person, cycle):
                continue
        elif opened_by is None:
            continue  # an order taken back of somebody whose way was never opened
        fresh.append(Opportunity(
            person_id=person, cycle=cycle, opened_at=at if opened_at is None else opened_at, opened_by_id=opened_by,
        ))  # fmt: skip
    write("cycles", "ended", ended)
    Opportunity.objects.bulk_create(fresh)


def _open_again(person: int, cycle: int) -> bool:
    """The latest of this cycle, where there was one."""
    last = Opportunity.objects.filter(person=person, cycle=cycle, ended_at__isnull=False).order_by("-id").first()
    if last is None:
        return False
    last.ended_at = last.ended_by_id = None
    last.save(update_fields=["ended_at", "ended_by"])
    return True


def _orders_of(people: Sequence[int]) -> dict[int, list[Order]]:
    """The orders of people and of whoever was merged into them, as the last word on each has it."""
    rows = ask("cycles", "orders", people)
    held: dict[int, tuple[int, str, int, str | None, int | None, int]] = {}
    kinds: dict[int, str] = {}
    for number, first, root, kind, at, order, amount in rows:
        kinds.setdefault(number, kind)
        if first is not None:
            kind = "" if kind.endswith(".reversed") else kinds.get(first, _PLACED)
        held[first or number] = (root, kind, at, order, amount, first or number)
    orders: dict[int, dict[str, Order]] = defaultdict(dict)
    for root, kind, at, key, amount, number in sorted(held.values(), key=lambda row: (row[2], row[5])):
        if kind == _PLACED:
            spelt = key or f"#{number}"
            one = orders[root].get(spelt)
            if one is None:
                orders[root][spelt] = Order(number, at, amount)
            elif amount is not None:
                one.left_minor = (one.left_minor or 0) + amount
    for root, kind, _, key, amount, _ in held.values():
        one = orders[root].get(key or "")
        if one is None:
            continue
        if kind == "order.cancelled":
            one.ended = True
        elif kind == "order.refunded" and amount is not None and one.left_minor is not None:
            one.left_minor -= abs(amount)
            one.ended = one.ended or one.left_minor <= 0
    return {root: list(found.values()) for root, found in orders.items()}
