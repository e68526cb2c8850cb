"""Amounts of money as senders write them, to minor units and nothing but exactly."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from tenure.errors import InvalidInput
from tenure.money import EXPONENTS, Money
from tenure_app.dialects.bodies import Unusable

__all__ = ["MOST_MINOR", "currency_of", "decimal_of", "given", "minor_of"]

MOST_MINOR: Final = 9_000_000_000_000_000
"""More than that is a mistake: a number that JavaScript cannot count to any more."""
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def given(value: Any) -> bool:
    """Whether anything was said: null and blank texts say nothing."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def currency_of(value: Any, otherwise: str | None) -> str | None:
    """The ISO 4217 code, in capitals; None where neither the event nor its source says one. Unusable `bad_currency`."""
    if not given(value):
        value = otherwise
    if value is None:
        return None
    code = value.strip().upper() if isinstance(value, str) else value
    if isinstance(code, str) and code in EXPONENTS:
        return code
    raise Unusable("bad_currency", f"{str(value)[:20]!r} is no currency: use an ISO 4217 code such as EUR")


def decimal_of(value: Any) -> Decimal:
    """The amount in major units, exactly as written; not negative. Unusable `bad_amount`."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unusable("bad_amount", f"{str(value)[:40]!r} is no amount; write it like 1234.50")
    value = Decimal(value)
    # asked before anything is counted with it: 1e999999 in digits would take a megabyte
    if not value.is_finite() or (value and value.adjusted() > 20):
        raise Unusable("bad_amount", "an amount of that size is a mistake")
    if value < 0:
        raise Unusable("bad_amount", f"an amount of {str(value)[:40]} is negative")
    return value


def minor_of(amount: Decimal, currency: str) -> int:
    """Minor units, rounded half to even. Unusable `bad_amount` above MOST_MINOR."""
    try:
        minor = Money.parse(amount, currency).minor
    except InvalidInput:
        minor = MOST_MINOR + 1
    if minor > MOST_MINOR:
        raise Unusable("bad_amount", f"an amount of {str(amount)[:40]} {currency} is a mistake")
    return minor
