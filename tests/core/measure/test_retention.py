"""Retention and the second purchase, against tables counted by hand and a plain loop."""

from datetime import date, timedelta
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from tenure.measure.retention import Cohort, SecondPurchase, Within, cohorts, periods, second_purchases, wilson

EPOCH = date(1970, 1, 1)


def number(on: date) -> int:
    return (on - EPOCH).days


def orders(*rows: tuple[int, date]) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.array([customer for customer, _ in rows], dtype=np.int64),
        np.array([number(on) for _, on in rows], dtype=np.int64),
    )


SHOP = orders(
    (1, date(2026, 1, 5)), (1, date(2026, 1, 5)), (1, date(2026, 2, 3)), (1, date(2026, 2, 20)), (1, date(2026, 4, 1)),
    (2, date(2026, 1, 31)), (2, date(2026, 3, 2)),
    (3, date(2026, 1, 9)),
    (4, date(2026, 3, 30)), (4, date(2026, 4, 4)),
    (5, date(2026, 4, 2)),
)  # fmt: skip
AS_OF = number(date(2026, 4, 10))
STARTS = periods(number(date(2026, 1, 5)), AS_OF)


def test_periods_are_calendar_months_from_the_one_of_the_first_day_to_the_one_after_the_as_of_day():
    assert [EPOCH + timedelta(days=int(day)) for day in STARTS] == [date(2026, month, 1) for month in (1, 2, 3, 4, 5)]


def test_periods_of_three_months_are_calendar_quarters():
    quarters = periods(number(date(2025, 11, 30)), number(date(2026, 7, 1)), months=3)
    found = [EPOCH + timedelta(days=int(day)) for day in quarters]
    assert found == [date(2025, 10, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)]


def test_a_cohort_counts_each_customer_once_a_month_and_leaves_the_unfinished_month_out():
    assert cohorts(*SHOP, starts=STARTS, as_of_day=AS_OF) == (
        Cohort(date(2026, 1, 1), 3, (3, 1, 1)),
        Cohort(date(2026, 2, 1), 0, (0, 0)),
        Cohort(date(2026, 3, 1), 1, (1,)),
        Cohort(date(2026, 4, 1), 1, ()),
    )


def test_a_month_is_finished_on_the_first_day_of_the_next():
    last = cohorts(*SHOP, starts=STARTS, as_of_day=number(date(2026, 5, 1)))
    assert last[0] == Cohort(date(2026, 1, 1), 3, (3, 1, 1, 1))
    assert last[3] == Cohort(date(2026, 4, 1), 1, (1,))


def test_second_purchases_count_only_who_was_seen_long_enough():
    found = second_purchases(*SHOP, starts=STARTS, as_of_day=AS_OF, horizons=(10, 29, 90))
    low, high = wilson(1, 3)
    assert found[0] == SecondPurchase(
        date(2026, 1, 1), 3, 2,
        (
            Within(10, 3, 0, 0.0, 0.0, wilson(0, 3)[1], None),
            Within(29, 3, 1, 1 / 3, low, high, 29.0),
            # seen for 90 days: customers 1 (94 days) and 3 (90 days), not customer 2 (68), though 2 came back after 30
            Within(90, 2, 1, 0.5, *wilson(1, 2), 29.0),
        ),
    )  # fmt: skip


def test_an_early_return_does_not_count_before_its_cohort_had_the_time():
    """Customer 4 came back after 5 days and has been seen for 10: no part of a 29-day share."""
    march = second_purchases(*SHOP, starts=STARTS, as_of_day=AS_OF, horizons=(5, 10, 11, 29))[2]
    assert march.again == 1
    assert [(row.days, row.observed, row.again) for row in march.within] == [
        (5, 1, 1),
        (10, 1, 1),
        (11, 0, 0),
        (29, 0, 0),
    ]
    assert march.within[3] == Within(29, 0, 0, None, None, None, None)


def test_orders_on_or_after_the_as_of_day_change_nothing():
    customer, day = SHOP
    later = np.append(customer, [3, 9]), np.append(day, [AS_OF, AS_OF + 3])
    assert cohorts(*later, starts=STARTS, as_of_day=AS_OF) == cohorts(*SHOP, starts=STARTS, as_of_day=AS_OF)
    assert second_purchases(*later, starts=STARTS, as_of_day=AS_OF) == second_purchases(
        *SHOP, starts=STARTS, as_of_day=AS_OF
    )


def test_nobody_gives_nothing():
    none = np.array([], dtype=np.int64)
    assert cohorts(none, none, starts=STARTS, as_of_day=AS_OF) == ()
    assert second_purchases(none, none, starts=STARTS, as_of_day=AS_OF) == ()


def test_a_day_before_the_periods_is_refused():
    with pytest.raises(ValueError, match="lies before the first period"):
        cohorts(*orders((1, date(2025, 12, 31))), starts=STARTS, as_of_day=AS_OF)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="one day per customer number, got 1 and 2"):
        cohorts(np.array([1]), np.array([1, 2]), starts=STARTS, as_of_day=AS_OF)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 37), (37, 37), (5, 11), (812, 2469), (1, 100_000)])
def test_wilson_equals_scipy(hits: int, n: int):
    theirs = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 3), (4, 3)])
def test_wilson_over_nobody_is_refused(hits: int, n: int):
    with pytest.raises(ValueError, match="a share needs"):
        wilson(hits, n)


def naive(rows: list[tuple[int, int]], starts: list[int], as_of: int, horizons: tuple[int, ...]):
    """Both tables, customer by customer and month by month."""
    days: dict[int, list[int]] = {}
    for customer, day in rows:
        if day < as_of:
            days.setdefault(customer, []).append(day)
    lives = [sorted(set(life)) for life in days.values()]
    table, second = [], []
    for i, start in enumerate(starts[:-1]):
        mine = [life for life in lives if start <= life[0] < starts[i + 1]]
        spans = [(a, b) for a, b in zip(starts[i:], starts[i + 1 :], strict=False) if b <= as_of]
        table.append(
            (start, len(mine), tuple(sum(any(a <= day < b for day in life) for life in mine) for a, b in spans))
        )
        within = []
        for horizon in horizons:
            seen = [life for life in mine if life[0] + horizon < as_of]
            gaps = [life[1] - life[0] for life in seen if len(life) > 1 and life[1] - life[0] <= horizon]
            within.append((horizon, len(seen), len(gaps), median(gaps) if gaps else None))
        second.append((start, len(mine), sum(len(life) > 1 for life in mine), tuple(within)))
    begun = [i for i, row in enumerate(table) if row[1]]
    cut = slice(begun[0], begun[-1] + 1) if begun else slice(0)
    return table[cut], second[cut]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 8), st.integers(20_000, 20_400)), max_size=40),
    as_of=st.integers(20_000, 20_450),
    months=st.sampled_from([1, 3]),
)
def test_both_tables_equal_the_plain_loop(rows: list[tuple[int, int]], as_of: int, months: int):
    starts = periods(20_000, max(as_of, 20_450), months=months)
    customer = np.array([c for c, _ in rows], dtype=np.int64)
    day = np.array([d for _, d in rows], dtype=np.int64)
    horizons = (1, 30, 90)
    table, second = naive(rows, [int(s) for s in starts], as_of, horizons)
    assert [
        (number(row.start_on), row.customers, row.ordered)
        for row in cohorts(customer, day, starts=starts, as_of_day=as_of)
    ] == table
    found = second_purchases(customer, day, starts=starts, as_of_day=as_of, horizons=horizons)
    assert [
        (number(row.start_on), row.customers, row.again,
         tuple((at.days, at.observed, at.again, at.median_days) for at in row.within))
        for row in found
    ] == second  # fmt: skip
    for at in (at for row in found for at in row.within):
        assert (at.share is None) == (at.observed == 0)
        assert at.share is None or at.low <= at.share <= at.high
