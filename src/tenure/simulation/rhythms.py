"""The shop of plain rhythms: weekly, monthly, quarterly and yearly buyers, any purchase perhaps their last.

It has no seasons and no looks: it is there to measure how often a rule calls somebody lapsed who then comes back.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from tenure.events import ORDER_PLACED
from tenure.simulation.dice import Dice
from tenure.simulation.traces import Trace, moment

__all__ = ["CLASSES", "CLOSES_ON", "OPENS_ON", "RhythmLife", "come_in_rhythm", "rhythm_traces"]

CLASSES: Final = (("weekly", 7.0), ("monthly", 30.4375), ("quarterly", 91.3125), ("yearly", 365.25))
"""Name and mean gap in days."""
LEAVE_CHANCE: Final = 0.01
OPENS_ON: Final = date(2020, 1, 1)
CLOSES_ON: Final = date(2026, 1, 1)
DAYS: Final = (CLOSES_ON - OPENS_ON).days
FIRST_ORDERS_DAYS: Final = 4 * 365.25
"""First orders are spread over this time, so that the last to come still show a rhythm."""


@dataclass(frozen=True, slots=True)
class RhythmLife:
    """One buyer's days of purchase, the shape of the gaps, and whether the last purchase was meant to be the last."""

    customer_id: int
    name: str
    mean_gap_days: float
    shape: int
    days: tuple[float, ...]
    left: bool


def come_in_rhythm(dice: Dice, customer_id: int, shape: int) -> RhythmLife:
    """The buyer of that number; the classes take turns, so they are equally large."""
    name, mean_gap_days = CLASSES[customer_id % len(CLASSES)]
    day = dice.between(0, FIRST_ORDERS_DAYS)
    days: list[float] = []
    left = False
    while day < DAYS and not left:
        days.append(day)
        left = dice.chance(LEAVE_CHANCE)
        day += dice.gamma(shape, mean_gap_days)
    return RhythmLife(customer_id, name, mean_gap_days, shape, tuple(days), left)


def rhythm_traces(dice: Dice, life: RhythmLife) -> list[Trace]:
    """One order of one line for each purchase."""
    return [
        Trace(
            life.customer_id, f"{life.customer_id}-{number}", moment(day, OPENS_ON), ORDER_PLACED,
            1000 + int(dice.random() * 4000), 0, "goods",
        )
        for number, day in enumerate(life.days, start=1)
    ]
