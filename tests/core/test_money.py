"""Money is whole minor units of one currency."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import CurrencyMismatch, InvalidInput
from tenure.money import EXPONENTS, Money, exponent


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("-12.50", "EUR", -1250),
        ("1e3", "EUR", 100_000),
        (7, "EUR", 700),
        (Decimal("0.01"), "EUR", 1),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12_345),
        # halves go to the even neighbour
        ("0.005", "EUR", 0),
        ("0.015", "EUR", 2),
        ("0.025", "EUR", 2),
        ("-0.015", "EUR", -2),
        ("0.5", "JPY", 0),
        ("1.5", "JPY", 2),
        # rounded once, from all digits
        ("0.005" + "0" * 60 + "1", "EUR", 1),
        ("0.00499999999999999999999999999999999999999999999", "EUR", 0),
        ("1e-999999999", "EUR", 0),
        # the last that 64 bits hold
        ("92233720368547758.07", "EUR", 2**63 - 1),
        ("-92233720368547758.08", "EUR", -(2**63)),
    ],
)
def test_an_amount_becomes_minor_units(amount, currency, minor):
    assert Money.parse(amount, currency) == Money(minor, currency)


def test_the_callers_decimal_context_changes_nothing():
    with localcontext(prec=3, rounding="ROUND_UP"):
        assert Money.parse("123456.785", "EUR") == Money(12_345_678, "EUR")
        assert str(Money(12_345_678, "EUR")) == "123,456.78 EUR"


@pytest.mark.parametrize("amount", ["", "twelve", "12,50", "1.2.3", "NaN", "sNaN", "Infinity", "-inf", "$5"])
def test_text_that_is_no_number_is_refused_in_one_line(amount):
    with pytest.raises(InvalidInput) as caught:
        Money.parse(amount, "EUR")
    assert str(caught.value) == f"cannot read {amount!r} as an amount; write it like 1234.50"


@pytest.mark.parametrize("amount", ["92233720368547758.08", "-92233720368547758.09", "1e21", "-1e999999999", "9" * 50])
def test_amounts_beyond_64_bits_are_refused(amount):
    with pytest.raises(InvalidInput, match="is too large to be money"):
        Money.parse(amount, "EUR")


@pytest.mark.parametrize("currency", ["EURO", "eur", "", "€", "XAU", "XXX", "ABC"])
def test_unknown_currencies_are_refused(currency):
    for call in (lambda: exponent(currency), lambda: Money.parse("1", currency), lambda: str(Money(1, currency))):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert str(caught.value) == f"unknown currency {currency!r}: use an ISO 4217 code such as EUR"


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123_450, "EUR"), "1,234.50 EUR"),
        (Money(-5, "USD"), "-0.05 USD"),
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(1500, "JPY"), "1,500 JPY"),
        (Money(1, "KWD"), "0.001 KWD"),
        (Money(2**63 - 1, "EUR"), "92,233,720,368,547,758.07 EUR"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(money, text):
    assert str(money) == text


def test_money_of_one_currency_adds_and_subtracts():
    assert Money(150, "EUR") + Money(275, "EUR") == Money(425, "EUR")
    assert Money(150, "EUR") - Money(275, "EUR") == Money(-125, "EUR")
    assert -Money(150, "EUR") == Money(-150, "EUR")


def test_money_of_different_currencies_is_never_put_together():
    for call in (lambda: Money(1, "EUR") + Money(1, "USD"), lambda: Money(0, "USD") - Money(1, "EUR")):
        with pytest.raises(CurrencyMismatch):
            call()
    assert Money(100, "EUR") != Money(100, "USD")


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(sorted(EXPONENTS)))
def test_money_survives_being_written_and_read(minor, currency):
    money = Money(minor, currency)
    amount, written = str(money).split(" ")
    assert Money.parse(amount.replace(",", ""), written) == money
    assert Money.parse(money.amount, currency) == money
