"""What happened with one customer, event by event, and what each came to count as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tenure.events import KINDS, ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from tenure.lifecycle.explain.life import Occasion
from tenure.periods import date_of, day_of

__all__ = ["Happening", "Rows", "record"]

_EFFECTS: Final = {
    "contact.refused": "asked not to be contacted: inactive until an order or contact.allowed",
    "contact.allowed": "may be contacted: ends a refusal",
    "customer.left": "left: inactive until the next order",
    "customer.erased": "asked to be forgotten: inactive for good",
    "message.bounced": "cannot be reached: to be left alone once inactive",
    "complaint.opened": "a complaint is open: to be left alone once inactive",
    "complaint.resolved": "the complaint is settled",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """An order (its lines summed) or another event: `at` is us UTC, `gap_days` the days since the occasion before, on
    the clock in force, where this one opens an occasion; `lines` rows went into it."""

    at: int
    kind: str
    order_id: str | None
    amount_minor: int | None
    currency: str | None
    lines: int
    counts_as: str
    gap_days: float | None


@dataclass(frozen=True, slots=True)
class Rows:
    """One customer's rows as the engine has them: events in order, ends of orders, and which order rows are refunds."""

    events: Sequence[Mapping[str, Any]]
    ended_at: Mapping[str, int]
    going_back: frozenset[tuple[str, int]]

    def kind(self, row: Mapping[str, Any]) -> str:
        """The kind as the rule takes it: an order row of negative money is a refund."""
        if row["kind"] != ORDER_PLACED:
            return str(row["kind"])
        if row["order_id"] is None:
            return ORDER_REFUNDED if (row["amount_minor"] or 0) < 0 else ORDER_PLACED
        return ORDER_REFUNDED if (row["order_id"], row["at_us"]) in self.going_back else ORDER_PLACED


def record(rows: Rows, occasions: Sequence[Occasion], activity: frozenset[str], zone: str) -> tuple[Happening, ...]:
    """All events in order of time, lines of one order together at its first instant."""
    return tuple(_Record(rows, occasions, activity, zone).each())


class _Record:
    def __init__(self, rows: Rows, occasions: Sequence[Occasion], activity: frozenset[str], zone: str) -> None:
        self.rows, self.activity, self.zone = rows, activity, zone
        self.nth = {one.day: place for place, one in enumerate(occasions, start=1)}
        self.opened = {one.at: one for one in occasions}
        self.first_at: dict[str, int] = {}
        for row in rows.events:
            if row["order_id"] is not None and rows.kind(row) == ORDER_PLACED:
                self.first_at.setdefault(row["order_id"], row["at_us"])
        self.counted = 0
        self.said: set[int] = set()

    def each(self) -> Iterator[Happening]:
        together: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for place, row in enumerate(self.rows.events):
            kind, order = self.rows.kind(row), row["order_id"]
            # lines of an order stand together, whenever they came; so do rows that take it back at once
            key = (kind, order) if kind == ORDER_PLACED and order is not None else (kind, order, row["at_us"])
            together.setdefault(key if order is not None else (place,), []).append(row)
        for lines in together.values():
            yield self._happening(lines)

    def _happening(self, lines: Sequence[Mapping[str, Any]]) -> Happening:
        first, kind = lines[0], self.rows.kind(lines[0])
        amounts = [row["amount_minor"] for row in lines if row["amount_minor"] is not None]
        counts_as, opens = self._counts_as(first, kind)
        occasion = self.opened.get(first["at_us"]) if opens and first["at_us"] not in self.said else None
        if occasion is not None:
            self.said.add(first["at_us"])
        return Happening(
            first["at_us"], kind, first["order_id"], sum(amounts) if amounts else None, first["currency"], len(lines),
            counts_as, occasion.gap if occasion else None,
        )  # fmt: skip

    def _counts_as(self, row: Mapping[str, Any], kind: str) -> tuple[str, bool]:
        """What it counts as, and whether it can open an occasion."""
        if kind == ORDER_PLACED:
            return self._order(row)
        if kind in (ORDER_REFUNDED, ORDER_CANCELLED):
            return self._taken_back(row, kind)
        if kind in self.activity and self.opened and row["at_us"] >= min(self.opened):
            return f"activity: breaks the silence (day {self._nth(row)} of the rhythm)", True
        return _EFFECTS.get(kind, f"{KINDS[kind]}; stages ignore it"), False

    def _order(self, row: Mapping[str, Any]) -> tuple[str, bool]:
        ended_at = self.rows.ended_at.get(row["order_id"])
        if ended_at is not None:
            return f"does not count: taken back on {date_of(day_of(ended_at, self.zone))}", False
        self.counted += 1
        if row["at_us"] in self.opened:
            return f"order {self.counted}, day {self._nth(row)} of the rhythm", True
        return f"order {self.counted}, on a day that is already day {self._nth(row)} of the rhythm", False

    def _taken_back(self, row: Mapping[str, Any], kind: str) -> tuple[str, bool]:
        word, order = ("cancellation" if kind == ORDER_CANCELLED else "refund"), row["order_id"]
        active = kind in self.activity and self.opened and row["at_us"] >= min(self.opened)
        also = f"; as activity it breaks the silence (day {self._nth(row)} of the rhythm)" if active else ""
        if order is None:
            return f"{word} of no known order: stages ignore it{also}", bool(active)
        if order not in self.first_at or self.first_at[order] > row["at_us"]:
            return f"{word} of an order not placed before: stages ignore it{also}", bool(active)
        if self.rows.ended_at.get(order) == row["at_us"]:
            return f"{word} of order {order}, which stops counting with it{also}", bool(active)
        if (self.rows.ended_at.get(order) or row["at_us"]) < row["at_us"]:
            return f"{word} of order {order}, which had stopped counting before{also}", bool(active)
        return f"{word} of part of order {order}, which still counts{also}", bool(active)

    def _nth(self, row: Mapping[str, Any]) -> int:
        return self.nth[day_of(row["at_us"], self.zone)]
