"""Who comes to the shoe-and-boot shop: what they want, how often, and how easily they stay away."""

from dataclasses import dataclass
from typing import Final

from tenure.simulation.climate import DAYS, Season
from tenure.simulation.dice import Dice

__all__ = ["Person", "Visit", "first_visit", "who_comes"]

KINDS: Final = (("boots", 0.30), ("shoes", 0.35), ("both", 0.15), ("looker", 0.20))
SOUTHERN_SHARE: Final = 0.3
YEARS_UNTIL_LIFE_CHANGES: Final = 15.0
COME_FOR_THE_SEASON: Final = 0.7


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with fixed habits. Nobody in the shop ever sees them; the truth file holds them.

    `boot_chance`: chance of a pair in any one season; 0 for those who buy no boots. `shoe_rate`: pairs a year; 0 for
    those who buy no shoes. `regularity`: shape of the gaps between shoes, 1 = without memory, 4 = regular.
    `leave_chance`: chance that a purchase is the last. `stays_days`: days after the first purchase until life changes
    and ends the relationship whatever happened in the shop.
    """

    customer_id: int
    kind: str
    region: str
    boot_chance: float
    shoe_rate: float
    regularity: int
    leave_chance: float
    stays_days: float


@dataclass(frozen=True, slots=True)
class Visit:
    """The first look: its day, and what the person came for ("boots" or "shoes")."""

    day: float
    came_for: str


def who_comes(dice: Dice, customer_id: int, hemisphere: str) -> Person:
    """A person as they are before they have ever seen the shop."""
    region = _where_they_live(dice, hemisphere)
    kind = dice.choose_by_share(KINDS)
    return Person(
        customer_id=customer_id,
        kind=kind,
        region=region,
        boot_chance=dice.between(0.7, 1.0) if kind in ("boots", "both") else 0.0,
        # nobody plans to buy shoes less than once in two years
        shoe_rate=0.5 + dice.gamma(2, 1.2) if kind in ("shoes", "both") else 0.0,
        regularity=4 if dice.chance(0.5) else 1,
        leave_chance=dice.between(0.05, 0.25),
        stays_days=dice.exponential(YEARS_UNTIL_LIFE_CHANGES) * 365.25,
    )


def first_visit(dice: Dice, person: Person, seasons: tuple[Season, ...]) -> Visit:
    """When the person first looks, and for what: any day, but boots come to mind when it gets cold."""
    if person.boot_chance and dice.chance(COME_FOR_THE_SEASON):
        season = seasons[int(dice.random() * len(seasons))]
        day = dice.between(season.start - 21, season.end - 21)
        if 0 <= day < DAYS:
            return Visit(day, "boots")
    return Visit(dice.between(0, DAYS), "boots" if person.kind == "boots" else "shoes")


def _where_they_live(dice: Dice, hemisphere: str) -> str:
    southern = dice.chance(SOUTHERN_SHARE)
    if hemisphere == "both":
        return "south" if southern else "north"
    return hemisphere
