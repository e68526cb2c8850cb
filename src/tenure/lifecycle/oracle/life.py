"""The occasions of one life, and what a customer said about being in touch (rules, sections 3, 4 and 8)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum, log

from tenure.events import ORDER_PLACED, ORDER_REFUNDED
from tenure.lifecycle.oracle.clocks import Clock, Group
from tenure.lifecycle.oracle.days import LocalDays, month_of
from tenure.lifecycle.oracle.orders import Event, Order, is_refund, orders_of, share_of_four_fifths

__all__ = ["Life", "Occasion", "group_at", "has_left", "life_of", "why_inactive"]

ENDED_BY_ORDER = ("contact.refused", "customer.left")


@dataclass(frozen=True)
class Occasion:
    """A day on which the customer was there. `gaps` are those up to it, each at least .5 clock days."""

    at: int
    day: int
    first_day: int
    group: Group
    clock: Clock
    gaps: tuple[float, ...]

    @property
    def x(self) -> int:
        """Occasions before this one."""
        return len(self.gaps)

    @property
    def t_x(self) -> float:
        """Clock days since the first occasion."""
        return self.clock.lam(self.day) - self.clock.lam(self.first_day)

    @property
    def log_gaps(self) -> float:
        """The sum of the logarithms of the gaps."""
        return fsum(map(log, self.gaps))


@dataclass(frozen=True)
class Life:
    """What is known of one customer: all events so far, the orders among them that count, and their occasions."""

    events: tuple[Event, ...]
    orders: tuple[Order, ...]
    occasions: tuple[Occasion, ...]

    def last_occasion_before(self, at: int) -> Occasion | None:
        """The last occasion at an earlier instant."""
        return max((one for one in self.occasions if one.at < at), key=lambda one: one.at, default=None)


def life_of(
    events: Iterable[Event], days: LocalDays, activity: frozenset[str], clock_of: Callable[[Group, int], Clock]
) -> Life:
    """The life these events of one customer make; `clock_of(group, month)` is the clock in force in a month."""
    events = tuple(events)
    orders = tuple(order for order in orders_of(events) if order.ended_at is None)
    first_of_day: dict[int, int] = {}
    for at in sorted(_instants(events, orders, activity)):
        first_of_day.setdefault(days.day_of(at), at)
    occasions: list[Occasion] = []
    for day, at in first_of_day.items():
        group = group_at(orders, at)
        clock = clock_of(group, month_of(day))
        gaps: tuple[float, ...] = ()
        if occasions:
            gap = clock.lam(day) - clock.lam(occasions[-1].day)
            gaps = (*occasions[-1].gaps, max(gap, 0.5))
        occasions.append(Occasion(at, day, min(first_of_day), group, clock, gaps))
    return Life(events, orders, tuple(occasions))


def group_at(orders: Sequence[Order], at: int) -> Group:
    """The category and the region of at least 80 % of the orders placed by then."""
    placed = [order for order in orders if order.at <= at]
    return Group(
        share_of_four_fifths([order.category for order in placed]),
        share_of_four_fifths([order.region for order in placed]),
    )


def _instants(events: Sequence[Event], orders: Sequence[Order], activity: frozenset[str]) -> list[int]:
    """The instants that make a day an occasion: orders, and from the first of them on every other activity."""
    if not orders:
        return []
    purchases = [order.at for order in orders]
    other = [
        event.at
        for event in events
        if _kind(event, events) in activity - {ORDER_PLACED} and event.at >= min(purchases)
    ]
    return purchases + other


def _kind(event: Event, events: Sequence[Event]) -> str:
    return ORDER_REFUNDED if is_refund(event, events) else event.kind


def has_left(life: Life, at: int) -> bool:
    """Whether an instant finds the customer gone: left, refused or erased before it, and nothing since ended that."""
    events = [event for event in life.events if event.at < at]
    if any(event.kind == "customer.erased" for event in events):
        return True
    orders = [order.at for order in life.orders if order.at < at]
    allowed = [event.at for event in events if event.kind == "contact.allowed"]
    for event in events:
        enders = orders + allowed if event.kind == "contact.refused" else orders
        if event.kind in ENDED_BY_ORDER and not any(ender >= event.at for ender in enders):
            return True
    return False


def why_inactive(life: Life) -> tuple[str, str]:
    """Group and reason of an inactive customer, the first that holds (rules, section 8, number 4)."""
    events = life.events
    if _last(events, "customer.erased"):
        return "do_not_contact", "erased"
    allowed = _instant(_last(events, "contact.allowed"))
    refusal = _last(events, "contact.refused")
    if _instant(refusal) > allowed:
        return "do_not_contact", _reason(refusal) or "asked"
    if _instant(_last(events, "message.bounced")) > allowed:
        return "do_not_contact", "bounced"
    complaint = _last(events, "complaint.opened")
    if _instant(complaint) > _instant(_last(events, "complaint.resolved")):
        return "do_not_contact", _reason(complaint) or "complaint"
    farewell = _last(events, "customer.left")
    last_order = max((order.at for order in life.orders), default=-(2**63))
    return "win_back", (_reason(farewell) if _instant(farewell) > last_order else None) or "unknown"


def _last(events: Iterable[Event], kind: str) -> list[Event]:
    """The rows of a kind at its last instant; several if they came at once, none if it never happened."""
    rows = [event for event in events if event.kind == kind]
    return [row for row in rows if row.at == max(row.at for row in rows)]


def _instant(rows: Sequence[Event]) -> int:
    """When it was; before all time if it never happened."""
    return rows[0].at if rows else -(2**63)


def _reason(rows: Iterable[Event]) -> str | None:
    """The reason given; of several given at once the alphabetically first."""
    return min((row.reason for row in rows if row.reason), default=None)
