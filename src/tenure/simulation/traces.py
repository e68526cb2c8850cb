"""What the shop sees of a life: looks, orders and their lines, money back, complaints, goodbyes."""

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from tenure.events import ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from tenure.simulation.climate import OPENS_ON
from tenure.simulation.dice import Dice
from tenure.simulation.life import Life, Purchase

__all__ = ["Trace", "moment", "traces"]

PRICES: Final = {
    "shoes": (4990, 6990, 7990, 9990, 11990),
    "boots": (5990, 13990, 16990, 19990),
    "care": (490, 990, 1490),
}
COMPLAINTS: Final = (("quality", 0.5), ("delivery", 0.35), ("advice", 0.15))
SAYS_GOODBYE: Final = {"forgot": 0.05, "money": 0.25, "bad service": 0.40, "competitor": 0.25}
REFUSES_CONTACT: Final = {"forgot": 0.01, "money": 0.05, "bad service": 0.25, "competitor": 0.05}


class Trace(NamedTuple):
    """One row of the shop's file. `at`: seconds since 1970 UTC; money in cents, None where there is none."""

    customer_id: int
    order_id: str | None
    at: int
    type: str
    amount_minor: int | None = None
    discount_minor: int | None = None
    category: str | None = None
    region: str | None = None
    reason: str | None = None


def moment(day: float, opens_on: date = OPENS_ON) -> int:
    """The second, since 1970 UTC, of a day of the shop: its fraction runs from seven in the morning to ten at night.

    Later days give later or equal moments, so nothing changes places.
    """
    whole = int(day // 1)
    return (opens_on.toordinal() - date(1970, 1, 1).toordinal() + whole) * 86400 + int((7 + 15 * (day - whole)) * 3600)


def traces(dice: Dice, life: Life) -> Iterator[Trace]:
    """Every row this life leaves, in no particular order; some lie after the end of the shop's time."""
    yield from _first_looks(dice, life)
    for number, purchase in enumerate(life.purchases, start=1):
        if number > 1:
            yield from _looks_again(dice, life, life.purchases[number - 2].day, purchase)
        lines = list(_order(dice, life, number, purchase))
        yield from lines
        yield from _second_thoughts(dice, purchase.day, lines)
        yield from _complaint(dice, life, purchase.day, chance=0.02, settled=0.9)
    yield from _changes_of_mind(dice, life)
    yield from _goodbye(dice, life)


def _trace(
    life: Life, day: float, kind: str, *, order_id: str | None = None, category: str | None = None,
    reason: str | None = None, amount_minor: int | None = None, discount_minor: int | None = None,
) -> Trace:
    person = life.person
    return Trace(
        person.customer_id, order_id, moment(day), kind, amount_minor, discount_minor, category, person.region, reason
    )


def _first_looks(dice: Dice, life: Life) -> Iterator[Trace]:
    """Pages first, then products, some with an account: always before the first purchase."""
    start = life.first_look
    end = life.purchases[0].day if life.purchases else start + dice.exponential(20.0)
    wants = life.purchases[0].category if life.purchases else "boots" if life.person.boot_chance else "shoes"
    yield _trace(life, start, "page.viewed")
    if dice.chance(0.5):
        yield _trace(life, dice.between(start, end), "customer.created")
    for _ in range(1 + int(dice.random() * 3)):
        yield _trace(life, dice.between(start, end), "product.viewed", category=wants)


def _looks_again(dice: Dice, life: Life, bought_before: float, purchase: Purchase) -> Iterator[Trace]:
    if dice.chance(0.6):
        day = max(bought_before, purchase.day - dice.exponential(2.0))
        yield _trace(life, day, "product.viewed", category=purchase.category)


def _order(dice: Dice, life: Life, number: int, purchase: Purchase) -> Iterator[Trace]:
    """The lines of one order: the pair, now and then a second one, and something to care for them."""
    welcome = number == 1 and dice.chance(0.15)
    basket = [purchase.category]
    if dice.chance(0.08):
        basket.append(purchase.category)
    if dice.chance(0.15):
        basket.append("care")
    for category in basket:
        price = dice.choose(PRICES[category])
        discount = price // 10 if welcome else 0
        yield _trace(
            life, purchase.day, ORDER_PLACED, order_id=f"{life.person.customer_id}-{number}", category=category,
            amount_minor=price - discount, discount_minor=discount,
        )


def _second_thoughts(dice: Dice, bought_on: float, lines: list[Trace]) -> Iterator[Trace]:
    """Called off the same day, sent back whole, or in part: the last line, or a fifth of the only one."""
    fate = dice.choose_by_share((("keeps", 0.935), ("cancels", 0.015), ("returns", 0.025), ("returns a part", 0.025)))
    if fate == "keeps":
        return
    line = lines[0]
    if fate == "cancels":
        at = moment(bought_on + dice.between(0.02, 0.3))
        yield Trace(line.customer_id, line.order_id, at, ORDER_CANCELLED, region=line.region)
        return
    paid = [each.amount_minor or 0 for each in lines]
    if fate == "returns":
        back = sum(paid)
    else:
        back = paid[-1] if len(paid) > 1 else paid[0] // 5
    at = moment(bought_on + dice.between(3, 20))
    yield Trace(line.customer_id, line.order_id, at, ORDER_REFUNDED, -back, None, None, line.region)


def _complaint(dice: Dice, life: Life, bought_on: float, *, chance: float, settled: float) -> Iterator[Trace]:
    if not dice.chance(chance):
        return
    day = bought_on + dice.between(1, 14)
    yield _trace(life, day, "complaint.opened", reason=dice.choose_by_share(COMPLAINTS))
    if dice.chance(settled):
        yield _trace(life, day + dice.between(0.1, 10), "complaint.resolved")


def _changes_of_mind(dice: Dice, life: Life) -> Iterator[Trace]:
    """A few want no letters though they may well buy again, and some of them change their mind."""
    if not dice.chance(0.015):
        return
    day = life.first_look + dice.exponential(200.0)
    yield _trace(life, day, "contact.refused")
    if dice.chance(0.3):
        yield _trace(life, day + dice.between(10, 200), "contact.allowed")


def _goodbye(dice: Dice, life: Life) -> Iterator[Trace]:
    """Most leave without a word. Some say why, some complain first, some never want to hear from the shop again."""
    if life.left_day is None or life.left_because is None:
        return
    if life.left_because == "bad service":
        yield from _complaint(dice, life, life.left_day, chance=0.7, settled=0.3)
    if dice.chance(SAYS_GOODBYE[life.left_because]):
        yield _trace(life, life.left_day + dice.between(15, 60), "customer.left", reason=life.left_because)
    if dice.chance(REFUSES_CONTACT[life.left_because]):
        yield _trace(life, life.left_day + dice.between(15, 60), "contact.refused")
