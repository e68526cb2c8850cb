"""The boot buyers of a simulated shop, counted from its file without the engine: who bought when, and whose boots they
are."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pyarrow.parquet

from tenure.simulation import Simulated

LEAVING = ("contact.refused", "customer.left", "customer.erased")


class Order(NamedTuple):
    """An order as it was placed; `ended` is when it stopped counting, None for never."""

    at: datetime
    region: str
    category: str
    ended: datetime | None


class Buyers:
    """Orders by customer, and who ever said goodbye or refused contact: their stage is not of the seasons' making."""

    def __init__(self, shop: Simulated) -> None:
        rows = pyarrow.parquet.read_table(shop.events).to_pylist()
        self.leavers = {row["customer_id"] for row in rows if row["type"] in LEAVING}
        lines, back = defaultdict(list), defaultdict(list)
        for row in rows:
            if row["type"] == "order.placed":
                lines[row["customer_id"], row["order_id"]].append(row)
            elif row["type"] in ("order.refunded", "order.cancelled"):
                back[row["customer_id"], row["order_id"]].append(row)
        self.orders: dict[int, list[Order]] = defaultdict(list)
        for key, placed in lines.items():
            self.orders[key[0]].append(_order(placed, back[key]))

    def counting(self, customer: int, as_of: datetime) -> list[Order]:
        """Orders placed before the instant that still count then, in order of time."""
        known = sorted((order for order in self.orders[customer] if order.at < as_of), key=lambda order: order.at)
        return [order for order in known if order.ended is None or as_of <= order.ended]

    def bought_twice_in_half_a_year(self, customer: int, as_of: datetime) -> bool:
        """Whether any two orders in a row, as of the instant, are less than half a year apart."""
        ats = [order.at for order in self.counting(customer, as_of)]
        return any(later - earlier < timedelta(180) for earlier, later in pairwise(ats))

    def of_boots(self, as_of: datetime, region: str) -> dict[int, datetime]:
        """Who is a boot buyer as of the instant, four fifths of the orders being boots, and when they last ordered."""
        found = {}
        for customer in self.orders.keys() - self.leavers:
            orders = self.counting(customer, as_of)
            boots = sum(order.category == "boots" for order in orders)
            if orders and orders[0].region == region and 5 * boots >= 4 * len(orders):
                found[customer] = orders[-1].at
        return found


def _order(placed: list[dict], back: list[dict]) -> Order:
    paid = Counter()
    for line in placed:
        paid[line["category"]] += line["amount"]
    refunded, ended = 0, None
    for row in sorted(back, key=lambda row: row["at"]):
        refunded += -(row["amount"] or 0)
        if ended is None and (row["type"] == "order.cancelled" or refunded >= paid.total()):
            ended = row["at"]
    return Order(placed[0]["at"], placed[0]["region"], paid.most_common(1)[0][0], ended)


class Year(NamedTuple):
    """One season of a climate: `[start, end)`, the first days of its middle month (a December) and of the month half a
    year after (a July), and the first day of the season after it."""

    start: date
    end: date
    peak: date
    off: date
    following: date


def winters(months: tuple[int, ...], region: str) -> list[Year]:
    """The seasons that begin within the shop's three years; `months` as the north means them, one unbroken run."""
    here = [month if region == "north" else (month + 5) % 12 + 1 for month in months]
    first = next(month for month in here if (month + 10) % 12 + 1 not in here)
    found = []
    for year in (2023, 2024, 2025):
        start, end, following = (_month(year, first + later) for later in (0, len(here), 12))
        if start >= date(2023, 3, 1):
            peak = _month(year, first + len(here) // 2)
            found.append(Year(start, end, peak, _month(year, first + len(here) // 2 + 7), following))
    return found


def _month(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def midnight(on: date) -> datetime:
    """The first instant of a day of UTC."""
    return datetime(on.year, on.month, on.day, tzinfo=UTC)
