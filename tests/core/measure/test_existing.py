"""The share of revenue from existing customers: what is not known is no share."""

from dataclasses import replace
from datetime import date

import pytest

from tenure.measure.existing import SAYING, Existing, Revenue

YEAR = Revenue(date(2025, 3, 1), date(2026, 3, 1), 10_000, 7_100, 20, 15, 9, 7, 20)
FOUND = Existing("EUR", date(2024, 3, 1), YEAR, (YEAR,), (), (YEAR, YEAR), 0, 0)


def test_the_share_is_of_money():
    assert YEAR.share == 0.71
    assert SAYING == 0.65


@pytest.mark.parametrize("other", [{"minor": 0, "existing_minor": 0}, {"priced": 0}, {"minor": -5}])
def test_without_revenue_or_amounts_there_is_no_share(other):
    assert replace(YEAR, **other).share is None


def test_periods_are_asked_for_by_their_length():
    assert [len(FOUND.of(every)) for every in ("month", "quarter", "year")] == [1, 0, 2]


def test_a_period_within_a_year_of_the_first_record_is_early():
    assert not FOUND.early(YEAR)
    assert FOUND.early(replace(YEAR, start_on=date(2025, 2, 28)))
