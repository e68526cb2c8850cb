"""The circle closes at a purchase: the way to the next one opens in the same transaction as the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from tenure.periods import day_of
from tenure_app.ledger.models import REVERSED
from tenure_app.listen.asking import ask, write
from tenure_app.listen.models import Opportunity

__all__ = ["Order", "cycle_of", "turn_cycles"]

_PLACED: Final = "order.placed"
_REFUNDED: Final = "order.refunded"
_CANCELLED: Final = "order.cancelled"


class Order(NamedTuple):
    """An order that counts: when it was placed, and its first event."""

    at: int
    event: int


class _Word(NamedTuple):
    """A word on an order: `c` is whom it is of, less than 0 where that is somebody anonymous."""

    number: int
    first: int | None
    c: int
    kind: str
    at: int
    key: str | None
    amount_minor: int | None


class _Back(NamedTuple):
    """What was given back of an order; whole: all of it, whatever was paid."""

    at: int
    amount_minor: int
    whole: bool


def cycle_of(orders: Iterable[Order], zone: str) -> tuple[int, int | None, int | None]:
    """Which purchase somebody is on the way to, since when and by which order's event: after each local day with an
    order that counts it is the next one (GLOSSARY.md, cycle). (1, None, None) for who has none."""
    first_of_day: dict[int, Order] = {}
    for one in sorted(orders):
        first_of_day.setdefault(day_of(one.at, zone), one)
    if not first_of_day:
        return 1, None, None
    last = first_of_day[max(first_of_day)]
    return len(first_of_day) + 1, last.at, last.event


def turn_cycles(changed: Sequence[tuple[int, int, int]], *, zone: str) -> None:
    """Open what the changed orders (person, event, instant) open, and end what they end, of whoever has them now or had
    them before. Within their transaction."""
    if not changed:
        return
    instants = {event: at for _, event, at in changed}
    had = [(person, event, instants[event]) for event, person in ask("cycles", "had", list(instants))]
    roots = dict(ask("convert", "roots", sorted({person for person, _, _ in (*had, *changed)})))
    by = {roots[person]: (event, at) for person, event, at in (*had, *changed)}
    orders = _orders_of(sorted(by))
    found = {one.person_id: one for one in Opportunity.objects.filter(person__in=by, ended_at=None).order_by("cycle")}
    fresh: dict[int, Opportunity] = {}
    ended, back = [], {}
    for person, (event, at) in by.items():
        cycle, opened_at, opened_by = cycle_of(orders.get(person, ()), zone)
        before = found.get(person)
        if before is not None and (before.cycle, before.opened_by_id) == (cycle, opened_by):
            continue
        if before is not None:
            ended.append((max(at, before.opened_at), event, before.pk))
            if cycle < before.cycle:
                back[person] = cycle
        elif opened_by is None:
            continue  # an order taken back of somebody whose way was never opened
        fresh[person] = Opportunity(
            person_id=person, cycle=cycle, opened_at=at if opened_at is None else opened_at, opened_by_id=opened_by,
        )  # fmt: skip
    for person in _open_again(back):
        del fresh[person]
    write("cycles", "ended", ended)
    Opportunity.objects.bulk_create(fresh.values())


def _open_again(cycles: Mapping[int, int]) -> list[int]:
    """Open the latest way of each to their cycle, where there was one; whose was opened."""
    if not cycles:
        return []
    ways = Opportunity.objects.filter(person__in=cycles, ended_at__isnull=False).order_by("id")
    last = {
        person: number
        for number, person, cycle in ways.values_list("id", "person_id", "cycle") if cycle == cycles[person]
    }  # fmt: skip
    write("cycles", "opened_again", [(number,) for number in last.values()])
    return list(last)


def _orders_of(people: Sequence[int]) -> dict[int, list[Order]]:
    """The orders of people, and of whoever was merged into them, that count by the last word on each."""
    words: dict[int, list[_Word]] = defaultdict(list)
    for one in _last_words(people):
        words[one.c].append(one)
    return {person: _counting(words[person]) for person in people if person in words}


def _last_words(people: Sequence[int]) -> list[_Word]:
    """The last word on every order of which these people have any, under the kind of the first; a device's word takes
    nothing from whoever is known, as in the mirror."""
    found = {row[0]: _Word(*row) for row in ask("cycles", "orders", people)}
    firsts = sorted({one.first or one.number for one in found.values()})
    found |= {row[0]: _Word(*row) for row in ask("cycles", "later", firsts)}
    found |= {row[0]: _Word(*row) for row in ask("cycles", "first", [each for each in firsts if each not in found])}
    last: dict[int, _Word] = {}
    for number in sorted(found):
        one = found[number]
        if one.first is None or one.c > 0:
            last[one.first or number] = one
    return [
        one._replace(kind=found[first].kind, number=first)
        for first, one in last.items() if one.kind not in REVERSED
    ]  # fmt: skip


def _counting(words: Iterable[_Word]) -> list[Order]:
    """Somebody's orders that were not taken back (docs/reference/rules.md section 2, tenure/lifecycle/sql/orders.sql).
    Without an id each row is an order."""
    orders: list[Order] = []
    rows: dict[str, list[_Word]] = defaultdict(list)
    returns: dict[str, list[_Back]] = defaultdict(list)
    for one in words:
        amount = one.amount_minor
        if one.key is None:
            if one.kind == _PLACED and (amount or 0) >= 0:
                orders.append(Order(one.at, one.number))
        elif one.kind == _PLACED:
            rows[one.key].append(one)
        elif one.kind in (_REFUNDED, _CANCELLED):
            returns[one.key].append(_Back(one.at, abs(amount or 0), one.kind == _CANCELLED or amount is None))
    for key, placed in rows.items():
        order = _standing(placed, returns[key])
        if order is not None:
            orders.append(order)
    return orders


def _standing(rows: Iterable[_Word], returns: Iterable[_Back]) -> Order | None:
    """The order of these rows, None where nothing of it is left."""
    backs = list(returns)
    parts: list[tuple[Order, int | None]] = []
    for at, some in groupby(sorted(rows, key=lambda row: (row.at, row.number)), key=lambda row: row.at):
        same = list(some)
        amounts = [one.amount_minor for one in same if one.amount_minor is not None]
        amount = sum(amounts)
        if len(amounts) < len(same) or min(amounts) >= 0 or amount > 0:
            parts.append((Order(at, same[0].number), amount if amounts else None))
        else:
            backs.append(_Back(at, -amount, whole=False))
    return None if not parts or _taken_back(parts, backs) else parts[0][0]


def _taken_back(parts: Sequence[tuple[Order, int | None]], backs: Iterable[_Back]) -> bool:
    """Whether what was given back ever reached what was paid by then; all was, where an amount is not known."""
    paid: int | None = None
    place = given = 0
    for at, some in groupby(sorted(backs), key=lambda back: back.at):
        if at < parts[0][0].at:
            continue
        while place < len(parts) and parts[place][0].at <= at:
            amount = parts[place][1]
            paid = paid if amount is None else (paid or 0) + amount
            place += 1
        same = list(some)
        given += sum(one.amount_minor for one in same)
        if paid is None or given >= paid or any(one.whole for one in same):
            return True
    return False
