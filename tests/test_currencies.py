"""The table of currencies against the published list."""

import iso4217

from tenure.money import EXPONENTS

WITHDRAWN = {"ANG", "BGN", "BYR", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SKK", "SLL", "STD", "VEF", "ZWL"}


def test_every_current_currency_has_the_decimals_of_the_published_list():
    published = {each.code: each.exponent for each in iso4217.Currency if each.exponent is not None}
    assert {code: digits for code, digits in EXPONENTS.items() if code not in WITHDRAWN} == published
