"""What a person does over the years: want, buy, and one day stay away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tenure.simulation.climate import DAYS, Season
from tenure.simulation.dice import Dice
from tenure.simulation.people import Person, Visit, first_visit

__all__ = [
    "SECOND_PAIR", "Life", "Purchase", "boots_each_season", "buy_until_leaving", "live", "shoes_at_their_own_pace",
]  # fmt: skip

HALF_AN_HOUR: Final = 1 / 48
DAYS_TO_CHOOSE_BOOTS: Final = 8.0
DAYS_TO_CHOOSE_SHOES: Final = 12.0
OFF_SEASON: Final = 0.03
SECOND_PAIR: Final = 0.04
REASONS: Final = (("forgot", 0.35), ("money", 0.25), ("bad service", 0.20), ("competitor", 0.20))


@dataclass(frozen=True, slots=True)
class Purchase:
    """A pair bought: the day since the shop opened, with the time as its fraction, and what it was."""

    day: float
    category: str


@dataclass(frozen=True, slots=True)
class Life:
    """One person's years with the shop. `left_day` and `left_because` are None while they would still come back."""

    person: Person
    first_look: float
    purchases: tuple[Purchase, ...]
    left_day: float | None
    left_because: str | None


def live(dice: Dice, person: Person, seasons: tuple[Season, ...]) -> Life:
    """What the person does from the first look to the day they leave, or to the end of the shop's time."""
    visit = first_visit(dice, person, seasons)
    wishes = [*boots_each_season(dice, person, visit, seasons), *shoes_at_their_own_pace(dice, person, visit)]
    wishes.sort(key=lambda wish: wish.day)
    purchases, left_day = buy_until_leaving(dice, person, [wish for wish in wishes if wish.day < DAYS])
    because = None if left_day is None else dice.choose_by_share(REASONS)
    return Life(person, visit.day, tuple(purchases), left_day, because)


def boots_each_season(dice: Dice, person: Person, visit: Visit, seasons: tuple[Season, ...]) -> Iterator[Purchase]:
    """About one pair a season; who came for boots while it was on buys when they have chosen."""
    if not person.boot_chance:
        return
    has_chosen = visit.day + HALF_AN_HOUR + dice.exponential(DAYS_TO_CHOOSE_BOOTS)
    for season in seasons:
        if season.end <= has_chosen:
            continue
        if season.start <= has_chosen and visit.came_for == "boots":
            day = has_chosen
        elif dice.chance(person.boot_chance):
            day = dice.mostly_halfway(max(season.start, has_chosen), season.end)
        else:
            continue
        if dice.chance(OFF_SEASON):
            day = dice.between(season.end, season.next_start)
        yield Purchase(day, "boots")
        if dice.chance(SECOND_PAIR) and day < season.end:
            yield Purchase(dice.between(day, season.end), "boots")


def shoes_at_their_own_pace(dice: Dice, person: Person, visit: Visit) -> Iterator[Purchase]:
    """Who came for shoes buys when they have chosen; every other pair comes after a gap of their own kind."""
    if not person.shoe_rate:
        return
    gap_days = 365.25 / person.shoe_rate
    day = visit.day + HALF_AN_HOUR
    day += dice.exponential(DAYS_TO_CHOOSE_SHOES if visit.came_for == "shoes" else gap_days)
    while day < DAYS:
        yield Purchase(day, "shoes")
        day += dice.gamma(person.regularity, gap_days)


def buy_until_leaving(dice: Dice, person: Person, wishes: list[Purchase]) -> tuple[list[Purchase], float | None]:
    """The wishes that came true, and the day they left, after a purchase or when life changed; None if not yet."""
    if not wishes:
        return [], None
    life_changes_on = wishes[0].day + person.stays_days
    bought: list[Purchase] = []
    for wish in wishes:
        if wish.day > life_changes_on:
            break
        bought.append(wish)
        if dice.chance(person.leave_chance):
            return bought, wish.day
    return bought, life_changes_on if life_changes_on < DAYS else None
