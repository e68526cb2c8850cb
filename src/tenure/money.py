"""Amounts of money: whole minor units and an ISO 4217 currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

from tenure.errors import CurrencyMismatch, InvalidInput

__all__ = ["EXPONENTS", "Money", "exponent"]

_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
        CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
        HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
        MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
        SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
        VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# withdrawn, but order files reach back to them
_WITHDRAWN: Final = {0: "BYR", 2: "ANG BGN CUC EEK HRK LTL LVL MRO SKK SLL STD VEF ZWL"}

EXPONENTS: Final[dict[str, int]] = {
    code: digits for table in (_DECIMALS, _WITHDRAWN) for digits, codes in table.items() for code in codes.split()
}
"""Decimals of the minor unit by currency: ISO 4217 as of January 2026 without metals, and some withdrawn codes."""

_BIGINT: Final = 2**63
# of our own, so that a caller's decimal context cannot change a sum
_CONTEXT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit (EUR 2, JPY 0); InvalidInput if the code is not known."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise InvalidInput(f"unknown currency {currency!r}: use an ISO 4217 code such as EUR") from None


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` minor units (cents) of `currency`; adds and subtracts only with its own kind."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: Decimal | int | str, currency: str) -> Money:
        """An amount in major units ("12.50"), rounded half to even at the minor unit.

        InvalidInput if the currency is not known, the text is not a number, or 64 bits cannot hold the minor units.
        """
        digits = exponent(currency)
        value = _number(amount)
        # refused before it is scaled: 1e999999 as an integer would take a megabyte
        minor = _scaled(value, digits) if value.adjusted() <= 20 else _BIGINT
        if not -_BIGINT <= minor < _BIGINT:
            raise InvalidInput(f"the amount {amount} {currency} is too large to be money")
        return cls(minor, currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        return _CONTEXT.scaleb(Decimal(self.minor), -exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        """Like "1,234.50 EUR"."""
        return f"{self.amount:,f} {self.currency}"

    def _same(self, other: Money) -> int:
        """The other's minor units; CurrencyMismatch unless it is of this currency."""
        if other.currency != self.currency:
            raise CurrencyMismatch(f"cannot put {self.currency} and {other.currency} together without an exchange rate")
        return other.minor


def _number(amount: Decimal | int | str) -> Decimal:
    """The amount as an exact, finite decimal; InvalidInput if it is none."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise InvalidInput(f"cannot read {str(amount)!r} as an amount; write it like 1234.50")
    return value


def _scaled(value: Decimal, digits: int) -> int:
    """`value` times ten to the `digits`, rounded once."""
    smallest = Decimal((0, (1,), -digits))
    return int(_CONTEXT.scaleb(_CONTEXT.quantize(value, smallest), digits))
