"""What an event says beyond its name, looked up where its dialect's data file says it stands."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from tenure.events import ORDER_REFUNDED
from tenure.money import exponent
from tenure_app.dialects.amounts import currency_of, decimal_of, given, minor_of
from tenure_app.dialects.bodies import Unusable
from tenure_app.dialects.mapping import OTHER, Lines, Meaning, Sum, found_at
from tenure_app.dialects.said import Rules, Said

__all__ = ["LONGEST_ID", "fill", "identifier", "order_id", "word"]

LONGEST_ID: Final = 255
"""Characters of an id; databases index them."""
_LONGEST_WORD: Final = 200
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_IDS: Final = ("user", "anonymous", "previous", "account")
_WORDS: Final = ("region", "channel", "reason", "phone", "email")


def identifier(value: Any) -> str | None:
    """An id as text without blanks around it; None where there is none. Unusable `bad_id`."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if abs(value) >= 10**30:
            raise Unusable("bad_id", "an id is a number with more than 30 digits")
        # 5.0 is how some languages write the whole number 5
        text = str(int(value)) if value == int(value) else str(value)
    else:
        raise Unusable("bad_id", "an id is neither a text nor a number")
    if len(text) > LONGEST_ID:
        raise Unusable("bad_id", f"an id is longer than {LONGEST_ID} characters")
    return text or None


def order_id(value: Any) -> str | None:
    """The id of an order, as `identifier`; keys of its versions are made of it, so it holds no control character.
    Unusable `bad_id`."""
    found = identifier(value)
    if found is not None and _CONTROL.search(found):
        raise Unusable("bad_id", "the id of an order holds a control character")
    return found


def word(value: Any) -> str | None:
    """A text of at most 200 characters, or None for what is none."""
    if isinstance(value, str):
        return value.strip()[:_LONGEST_WORD] or None
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    return None


def fill(said: Said, root: Any, meaning: Meaning, rules: Rules) -> None:
    """Add to `said` what the event's body says (root: the object that the file's spots start from).

    Numbers of `root` must be exact where `meaning.money`. Unusable with the reason where it cannot be kept.
    """
    # what a sender leaves out is not so
    holds = all((found_at(root, (spot,)) or False) == wanted for spot, wanted in meaning.when)
    if meaning.switch:
        case = found_at(root, (meaning.switch,))
        said.kind = meaning.cases.get(case, OTHER) if isinstance(case, str) else OTHER
    for name, value in meaning.fixed.items():
        setattr(said, name, value)
    spots = meaning.spots
    for name in _IDS:
        if name in spots and getattr(said, name) is None:
            setattr(said, name, identifier(found_at(root, spots[name])))
    for name in _WORDS:
        if name in spots and getattr(said, name) is None:
            setattr(said, name, word(found_at(root, spots[name])))
    if meaning.traits:
        found = {name: found_at(root, (spot,)) for name, spot in meaning.traits.items()}
        said.traits = {**said.traits, **{name: value for name, value in found.items() if value is not None}}
    if holds:
        _order(said, root, meaning)
        if meaning.money:
            _money(said, root, meaning, rules)
    else:
        said.kind = OTHER
    if said.category is None and "category" in spots:
        said.category = word(found_at(root, spots["category"]))


def _order(said: Said, root: Any, meaning: Meaning) -> None:
    if "order_key" not in meaning.spots:
        return
    order = said.order_key = order_id(found_at(root, meaning.spots["order_key"]))
    if order is None:
        if meaning.updates:
            raise Unusable("no_order_id", "it changes an order and does not say which")
        return
    said.updates = meaning.updates
    if meaning.keyed:
        said.message, said.key = said.key.removeprefix("m:"), f"order:{order}"


def _money(said: Said, root: Any, meaning: Meaning, rules: Rules) -> None:
    if meaning.lines:
        said.category = _dearest(root, meaning.lines)
    currency = currency_of(found_at(root, meaning.spots.get("currency", ())), rules.currency)
    amount = _first(root, meaning.amounts, meaning.lines)
    discount = _first(root, meaning.discounts, None)
    if amount == 0 and said.kind == ORDER_REFUNDED:
        # goods came back, or fees were waived: a refund without an amount would be one of everything
        said.kind = "order.updated"
        return
    if currency is None:
        return
    if amount is not None:
        said.amount_minor, said.currency = _minor(amount, currency, meaning), currency
    if discount is not None:
        said.discount_minor = _minor(discount, currency, meaning)


def _minor(amount: Decimal, currency: str, meaning: Meaning) -> int:
    if not meaning.minor:
        return minor_of(amount, currency)
    # a service's own minor unit may have other decimals than ISO's
    return minor_of(amount.scaleb(-meaning.exponents.get(currency, exponent(currency))), currency)


def _first(root: Any, sums: tuple[Sum, ...], lines: Lines | None) -> Decimal | None:
    """The first sum whose first term is there. Unusable `bad_amount` where it cannot be read."""
    for terms in sums:
        if not terms:
            found = _of_lines(root, lines) if lines else None
            if found is not None:
                return found
            continue
        first = found_at(root, (terms[0][1],))
        if first is None:
            continue
        total = decimal_of(first)
        for sign, spot in terms[1:]:
            value = found_at(root, (spot,))
            if given(value):
                total += sign * decimal_of(value)
        if total < 0:
            raise Unusable("bad_amount", "more is taken off than there is")
        return total
    return None


def _rows(root: Any, lines: Lines) -> list[dict[str, Any]]:
    rows = found_at(root, (lines.at,))
    if not isinstance(rows, list):
        return []
    return [
        row for row in rows
        if isinstance(row, dict) and all(row.get(key) == wanted for key, wanted in lines.where)
    ]  # fmt: skip


def _line(row: dict[str, Any], lines: Lines) -> Decimal | None:
    price = found_at(row, (lines.price,))
    if price is None:
        return None
    times = found_at(row, (lines.quantity,)) if lines.quantity else None
    return decimal_of(price) * (decimal_of(times) if times is not None else 1)


def _of_lines(root: Any, lines: Lines) -> Decimal | None:
    """Their sum. Where only some lines count it is 0 if none of those there does: nothing moved."""
    found = [amount for row in _rows(root, lines) if (amount := _line(row, lines)) is not None]
    if found or (lines.where and isinstance(found_at(root, (lines.at,)), list)):
        return sum(found, Decimal(0))
    return None


def _dearest(root: Any, lines: Lines) -> str | None:
    """The category with the most money, by the rule for orders (rules.md, 2): then more lines, then the alphabet."""
    if lines.category is None:
        return None
    sums: dict[str, tuple[Decimal, int]] = {}
    for row in _rows(root, lines):
        category = word(found_at(row, (lines.category,)))
        if category is None:
            continue
        try:
            amount = _line(row, lines) or Decimal(0)
        except Unusable:
            amount = Decimal(0)
        total, n = sums.get(category, (Decimal(0), 0))
        sums[category] = total + amount, n + 1
    return min(sums, key=lambda name: (-sums[name][0], -sums[name][1], name), default=None)
