"""How far somebody's buying leans on discounts, and whether their first order set a precedent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenure_app.insight.buying import DEEP, LEAST
from tenure_app.web import words
from tenure_app.web.buying import beginner_at_hand

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading

__all__ = ["FEWEST", "leaning"]

FEWEST: Final = 3
"""Of fewer orders a share of them says nothing."""


def leaning(reading: Reading, person: int) -> dict[str, Any] | None:
    """Of their orders those with a discount, of those of which it is known; None where nothing is counted yet, or they
    never ordered."""
    one = beginner_at_hand(reading, person)
    if one is None:
        return None
    known, discounted, orders = (int(one[name]) for name in ("known", "discounted", "orders"))
    return {
        "known": known,
        "discounted": words.count(discounted),
        "unknown": orders - known,
        "share": None if known < FEWEST else words.percent(discounted / known),
        "fewest": FEWEST,
        "precedent": one["depth"] in DEEP and orders >= LEAST and discounted == known == orders,
        "later": orders - 1,
    }
