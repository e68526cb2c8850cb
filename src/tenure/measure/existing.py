"""The share of revenue that comes from existing customers: from orders of people who had ordered on an earlier day.

*Revenue* is net: what orders placed in a period came to, less what went back of them, whenever it did; an order that
was cancelled, or of which all went back, is gone. It belongs to the day of its order. Everything ordered on the day of
somebody's first order is *first*; everything they order on later days is from an *existing* customer, also where they
had been silent for years: who returns is existing, not new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = ["SAYING", "Existing", "Revenue"]

SAYING: Final = 0.65
"""The saying to compare with: 65 % of business comes from existing customers."""


@dataclass(frozen=True, slots=True)
class Revenue:
    """What was ordered in [start_on, end_on), money in minor units.

    minor, orders, customers: of all; existing_minor, existing_orders, existing_customers: of orders by people who had
    ordered on an earlier day. Somebody may be in both kinds of one period. priced: orders of which an amount is known.
    """

    start_on: date
    end_on: date
    minor: int
    existing_minor: int
    orders: int
    existing_orders: int
    customers: int
    existing_customers: int
    priced: int

    @property
    def share(self) -> float | None:
        """The share of revenue from existing customers; None where there is no revenue, or its amount is not known."""
        return self.existing_minor / self.minor if self.priced and self.minor > 0 else None


@dataclass(frozen=True, slots=True)
class Existing:
    """Revenue from existing customers: of the last twelve months up to the as-of day, and of whole months, quarters and
    years that are over, oldest first.

    currency: of the money, None where the records name none. began_on: the day of the first record; who had bought
    before it is taken for new. elsewhere: orders in other currencies, whose money is in no figure; loose_minor: money
    that went back in the last twelve months without a known order, which is in no figure either.
    """

    currency: str | None
    began_on: date
    year: Revenue
    months: tuple[Revenue, ...]
    quarters: tuple[Revenue, ...]
    years: tuple[Revenue, ...]
    elsewhere: int
    loose_minor: int

    def of(self, every: str) -> tuple[Revenue, ...]:
        """The periods of one length: "month", "quarter" or "year"."""
        return {"month": self.months, "quarter": self.quarters, "year": self.years}[every]

    def early(self, one: Revenue) -> bool:
        """Whether a period begins so soon after the first record that many of its first orders may be none."""
        return (one.start_on - self.began_on).days < 365
