"""What is only done for many customers, or few numbers among many, gives what is done for the others."""

from dataclasses import fields

import numpy as np
import pytest

from tenure.purchase import alike, histories
from tenure.purchase.histories import Histories


def customers(n, seed, *, ages):
    """Columns of customers many of whom are equal; some of their zeros are minus zeros."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 5, n).astype(float)
    t_x = np.where(x > 0, rng.integers(1, 9, n) / 7.0, -0.0)
    return x, t_x, rng.choice(ages, n), rng.integers(0, 3, n), rng.random(n)


@pytest.mark.parametrize("ages", [np.array([2.0, 3.5, 1e5]), np.random.default_rng(2).random(90_000) + 2.0])
@pytest.mark.parametrize("n", [0, 1, 40, 60_000])
@pytest.mark.parametrize(("most", "dense"), [(alike.MOST, alike.DENSE), (50, 0), (alike.MOST, 10**6)])
def test_equal_customers_are_found_however_their_columns_are_numbered(monkeypatch, n, ages, most, dense):
    monkeypatch.setattr(alike, "MOST", most)
    monkeypatch.setattr(alike, "DENSE", dense)
    *columns, weight = customers(n, 1, ages=ages)
    first, row, weights = alike.alike(*columns, weight)
    table = np.column_stack([column + 0.0 for column in columns])
    distinct, places, rows = np.unique(table, axis=0, return_index=True, return_inverse=True)
    assert (table[first] == distinct).all()
    assert (first == places).all()
    assert (row == rows.ravel()).all()
    assert weights == pytest.approx(np.bincount(rows.ravel(), weights=weight, minlength=len(distinct)))


def test_columns_that_may_not_be_written_to_are_read():
    *columns, weight = customers(50, 3, ages=np.array([2.0, 3.0]))
    for column in (*columns, weight):
        column.flags.writeable = False
    first, _, weights = alike.alike(*columns, weight)
    assert len(first) == len(weights) > 1


def same(one, other):
    """Whether two results agree to the last bit."""
    return all(
        np.array_equal(a, b, equal_nan=True)
        for name in (field.name for field in fields(one))
        for a, b in zip(np.atleast_1d(getattr(one, name)), np.atleast_1d(getattr(other, name)), strict=True)
        if name != "keeper"
    )


def orders(n, seed):
    rng = np.random.default_rng(seed)
    customer, day = rng.integers(-4, 60, n), rng.integers(20_000, 20_090, n)
    return customer, day, np.where(rng.random(n) < 0.1, np.nan, rng.normal(30.0, 20.0, n))


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_pieces_of_the_orders_give_what_all_of_them_give(monkeypatch, piece):
    made = Histories.of(*orders(2_000, 4))
    whole = made.at(20_080)
    monkeypatch.setattr(histories, "PIECE", piece)
    assert same(made.at(20_080), whole)


@pytest.mark.parametrize("spread", [1, 10**9])
@pytest.mark.parametrize("by_day", [True, False])
def test_orders_are_sorted_and_those_of_a_day_stay_as_they_came(spread, by_day):
    customer, day, amount = orders(3_000, 5)
    if by_day:
        customer, day, amount = (column[np.argsort(day, kind="stable")] for column in (customer, day, amount))
    made = Histories.of(customer * spread, day, amount)
    order = np.lexsort((day, customer))
    assert (made.customer == customer[order] * spread).all()
    assert (made.day == day[order]).all()
    assert np.array_equal(made.amount, amount[order], equal_nan=True)
