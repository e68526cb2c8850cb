"""From the rows one customer has left so far to the orders that count (rules, section 2)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tenure.events import ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED

__all__ = ["Event", "Order", "is_refund", "orders_of", "share_of_four_fifths"]


class Event(NamedTuple):
    """One row of a timeline; `at` in microseconds UTC, what is unknown is None."""

    customer: int
    at: int
    kind: str
    order_id: str | None = None
    amount_minor: int | None = None
    category: str | None = None
    region: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as known so far; `ended_at` is the instant it stopped counting, None while it counts."""

    at: int
    category: str | None
    region: str | None
    ended_at: int | None


def orders_of(events: Iterable[Event]) -> list[Order]:
    """All orders among one customer's events, also those that stopped counting, by instant."""
    orders: list[Order] = []
    by_id: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.order_id:
            by_id[event.order_id].append(event)
        elif event.kind == ORDER_PLACED and _is_sale([event]):
            orders.append(_order([event], ended_at=None))
    for rows in by_id.values():
        orders += _order_of_one_id(rows)
    return sorted(orders, key=lambda order: order.at)


def is_refund(event: Event, rows: Iterable[Event]) -> bool:
    """Whether an `order.placed` row is really money going back, given all rows of its customer."""
    return event.kind == ORDER_PLACED and not _is_sale(_basket(event, rows))


def _order_of_one_id(rows: Sequence[Event]) -> list[Order]:
    """The one order of an order id, or none if nothing was sold under it."""
    lines = [row for row in rows if row.kind == ORDER_PLACED and _is_sale(_basket(row, rows))]
    if not lines:
        return []
    return [_order(lines, ended_at=_ended_at(lines, rows))]


def _order(lines: Sequence[Event], ended_at: int | None) -> Order:
    """The order of these rows; what came with the first of them says which category and region it is of."""
    at = min(line.at for line in lines)
    first = [line for line in lines if line.at == at]
    return Order(
        at=at,
        category=_largest([(line.category, line.amount_minor or 0) for line in first]),
        region=_largest([(line.region, line.amount_minor or 0) for line in first]),
        ended_at=ended_at,
    )


def _basket(row: Event, rows: Iterable[Event]) -> list[Event]:
    """The `order.placed` rows with the order id and the instant of `row`: what was put on one bill at once."""
    if not row.order_id:
        return [row]
    return [r for r in rows if r.kind == ORDER_PLACED and r.order_id == row.order_id and r.at == row.at]


def _is_sale(basket: Sequence[Event]) -> bool:
    """A basket whose negative rows leave nothing is a refund; with an unknown amount that cannot be known."""
    amounts = [row.amount_minor for row in basket]
    known = [amount for amount in amounts if amount is not None]
    return None in amounts or min(known) >= 0 or sum(known) > 0


def _ended_at(lines: Sequence[Event], rows: Sequence[Event]) -> int | None:
    """The first instant at which what was taken back reaches what was sold until then."""
    placed_at = min(line.at for line in lines)
    later = [row for row in rows if row.at >= placed_at]
    for at in sorted({row.at for row in later}):
        known = [row for row in later if row.at <= at]
        if any(row.kind == ORDER_CANCELLED for row in known):
            return at
        refunds = [row for row in known if row.kind == ORDER_REFUNDED]
        negative = [row for row in known if row.kind == ORDER_PLACED and row not in lines]
        sold = _total([line for line in lines if line.at <= at])
        if not refunds and not negative:
            continue
        if sold is None or any(row.amount_minor is None for row in refunds):
            return at
        back = sum(abs(row.amount_minor or 0) for row in refunds) - sum(row.amount_minor or 0 for row in negative)
        if back >= sold:
            return at
    return None


def _total(rows: Iterable[Event]) -> int | None:
    """The sum of the known amounts; None if none is known."""
    amounts = [row.amount_minor for row in rows if row.amount_minor is not None]
    return sum(amounts) if amounts else None


def _largest(rows: Iterable[tuple[str | None, int]]) -> str | None:
    """The name with the largest summed amount; ties: more rows, then the alphabet; rows without a name are left out."""
    amounts: defaultdict[str, list[int]] = defaultdict(list)
    for name, amount in rows:
        if name:
            amounts[name].append(amount)
    return min(amounts, key=lambda name: (-sum(amounts[name]), -len(amounts[name]), name), default=None)


def share_of_four_fifths(names: Sequence[str | None]) -> str | None:
    """The name that at least 80 % of the entries carry, if there is one."""
    return next((name for name in set(names) if name and 5 * names.count(name) >= 4 * len(names)), None)
