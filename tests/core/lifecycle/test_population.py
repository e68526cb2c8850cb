"""The snapshots of large shops against plain counting, and shops of extreme shapes."""

import hashlib
import os
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tenure
from tenure.lifecycle import population
from tenure.lifecycle.policy import Policy
from tenure.lifecycle.population import SAMPLE, SAMPLE_ABOVE, Month, sampled
from tenure.lifecycle.rhythm import horizon, level, p_buy, rhythm
from tenure.lifecycle.trace import trace
from tenure.purchase.mbg_nbd import fit
from tenure.verbs.shop import opened

FULL = "TENURE_EXAMPLES" in os.environ
DAY = 86_400_000_000
OPENS = 18_262  # 2020-01-01
PRIME = 2_147_483_647
PLAIN = Policy(learn=False)
FIELDS = ("n", "mu", "s2", "t2", "r", "alpha", "a", "b", "horizon", "level")


class Orders(NamedTuple):
    """One row per order: customer number and day since 1970-01-01."""

    customer: np.ndarray
    day: np.ndarray

    def table(self, named=False):
        """As a shop keeps them; with text ids whose order is that of the numbers."""
        ids = [f"c{number:010d}" for number in self.customer] if named else self.customer
        at = pa.array(self.day * DAY + 43_200_000_000).cast(pa.timestamp("us", "UTC"))
        return pa.table({"customer_id": ids, "at": at})


@lru_cache
def twice(customers, seed=1):
    """Customers of two orders each, the first of them spread over 150 days."""
    rng = np.random.default_rng(seed)
    number = rng.choice(10 * customers, customers, replace=False) + 1
    first = OPENS + rng.integers(0, 150, customers)
    again = first + np.ceil(rng.exponential(rng.lognormal(3, 1, customers))).astype(np.int64)
    return Orders(np.r_[number, number], np.r_[first, np.minimum(again, OPENS + 200)])


def known(table):
    """The months and the engine's snapshots of them."""
    with opened(table) as shop:
        traced = trace(shop.timeline, PLAIN, zone="UTC", until=shop.end)
        found = traced.known
        return [traced.terrain.first_month + place for place in range(len(found.n))], found


def snapshot(orders, draws, month):
    """What rules.md section 5 says of a month's start, customer by customer."""
    first_day = int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))
    before = orders.day < first_day
    customer, day = orders.customer[before], orders.day[before]
    numbers = np.unique(customer)
    if len(numbers) > 50_000:
        numbers = numbers[np.lexsort((numbers, draws(numbers)))][:10_000]
    kept = np.isin(customer, numbers)
    pairs = np.unique(np.c_[customer[kept], day[kept]], axis=0)
    lives = [days[:, 1] for days in np.split(pairs, np.flatnonzero(np.diff(pairs[:, 0])) + 1)] if len(pairs) else []
    x = np.array([len(days) - 1 for days in lives])
    first, last = (np.array([days[place] for days in lives]) for place in (0, -1))
    logs = [np.log(np.diff(days)) for days in lives if len(days) > 1]
    mu, s2, t2 = rhythm([len(one) for one in logs], [one.sum() for one in logs], [(one**2).sum() for one in logs])
    theta = fit(x, last - first, first_day - first).theta
    gaps = np.concatenate([np.diff(days) for days in lives]) if lives else np.empty(0)
    ahead = horizon(gaps, first_day - first.min() if lives else 0)
    recent = first_day - last <= 730
    average = level(p_buy((first_day - last)[recent], x[recent], (last - first)[recent], ahead, *theta))
    return (len(lives), mu, s2, t2, *theta, ahead, average)


def draws_of_numbers(numbers):
    """The draws of whole numbers, by integers without a limit."""
    return np.array([(pow(48_271 * int(each) + 11, 2, PRIME) + int(each)) % PRIME for each in numbers])


def draws_of_names(numbers):
    """Of each name the last eight bytes of its MD5, lowest first, modulo 2147483647."""
    names = (f"c{number:010d}" for number in numbers)
    digests = (hashlib.md5(name.encode(), usedforsecurity=False).digest() for name in names)
    return np.array([int.from_bytes(each[8:], "little") % PRIME for each in digests])


@pytest.mark.parametrize("named", [False, True])
def test_snapshots_of_a_large_shop_are_those_of_plain_counting(named):
    orders = twice(60_000)
    months, found = known(orders.table(named))
    expected = [snapshot(orders, draws_of_names if named else draws_of_numbers, month) for month in months]
    sizes = [one[0] for one in expected]
    assert found.n.tolist() == sizes
    assert max(sizes) > 40_000
    assert sizes[-1] == 10_000
    for place, name in enumerate(FIELDS):
        assert getattr(found, name).tolist() == pytest.approx([one[place] for one in expected], rel=1e-7), name


def test_later_customers_change_no_earlier_snapshot():
    orders = twice(60_000)
    months, found = known(orders.table())
    assert len(months) == 7
    # newcomers of low draws: from the next month on hardly anybody else is in the sample
    many = np.arange(1_000_000, 1_200_000)
    lowest = many[np.argsort(draws_of_numbers(many))[:20_000]]
    day = int(np.datetime64(months[-2], "M").astype("datetime64[D]").astype(np.int64)) + 3
    more = Orders(np.r_[orders.customer, lowest, lowest], np.r_[orders.day, np.full(40_000, day)])
    assert len(np.intersect1d(lowest, orders.customer)) == 0
    later_months, later = known(more.table())
    assert later_months == months
    for name in FIELDS:
        assert getattr(later, name)[:-1].tolist() == getattr(found, name)[:-1].tolist(), name
    assert (found.n[-1], later.n[-1]) == (10_000, 10_000)
    assert later.level[-1] != found.level[-1]


def test_a_crowd_of_newcomers_moves_earlier_snapshots_not_even_in_the_last_digit():
    orders = twice(20_000, seed=3)
    months, found = known(orders.table())
    day = int(np.datetime64(months[-2], "M").astype("datetime64[D]").astype(np.int64)) + 3
    crowd = np.arange(5_000_000, 5_070_000)
    _, later = known(Orders(np.r_[orders.customer, crowd], np.r_[orders.day, np.full(len(crowd), day)]).table())
    for name in FIELDS:
        assert getattr(later, name)[:-1].tolist() == getattr(found, name)[:-1].tolist(), name


def test_text_ids_and_numbers_tell_the_same_histories():
    orders = twice(3_000)
    by_number, by_name = tenure.history(orders.table()), tenure.history(orders.table(named=True))
    assert by_name["customer_id"].to_pylist() == [f"c{number:010d}" for number in by_number["customer_id"].to_pylist()]
    columns = ["stage", "detail", "from", "to"]
    assert by_name.select(columns).equals(by_number.select(columns))


def plain_sample(first_at, draw, number, start_at):
    """Who takes part in the snapshot at an instant."""
    joined = np.flatnonzero(first_at < start_at)
    if len(joined) <= population.SAMPLE_ABOVE:
        return set(joined.tolist())
    return set(joined[np.lexsort((number[joined], draw[joined]))][: population.SAMPLE].tolist())


@settings(max_examples=200 if FULL else 12)  # each draws a shop of 50,000
@given(st.integers(0, 2**32), st.integers(1, 80), st.integers(1, 12), st.integers(0, 30))
def test_the_last_month_of_each_customer_gives_back_every_months_sample(seed, customers, months, spare):
    # the shop is as large as it has to be for the sample to begin, most of it older than the first month
    rng = np.random.default_rng(seed)
    crowd = SAMPLE_ABOVE - spare
    first_at = np.r_[np.zeros(crowd, np.int64), rng.integers(0, months * 10, customers)]
    draw = np.r_[rng.integers(SAMPLE, PRIME, crowd), rng.integers(0, 60, customers)]  # ties, and among the lowest
    draw[rng.choice(crowd, SAMPLE - 20, replace=False)] = np.arange(SAMPLE - 20)
    number = rng.permutation(crowd + customers)
    starts = [Month(place, place, place * 10 + 1) for place in range(months)]
    last = sampled(first_at, draw, number, starts)
    for place, month in enumerate(starts):
        taking_part = np.flatnonzero((first_at < month.start_at) & (last >= place))
        assert set(taking_part.tolist()) == plain_sample(first_at, draw, number, month.start_at)


# shops of extreme shapes


def asked(table, as_of, **more):
    """The picture's rows and, by customer, the stages of the history until then."""
    history = tenure.history(table, until=as_of, **more)
    told = {}
    for customer, stage in zip(history["customer_id"].to_pylist(), history["stage"].to_pylist(), strict=True):
        told.setdefault(customer, []).append(stage)
    return tenure.stages(table, as_of=as_of, **more).to_pylist(), told


@pytest.mark.parametrize("hours", [1, 5])
def test_ten_thousand_orders_by_one_customer(hours):
    at = OPENS * DAY + np.arange(10_000) * hours * 3_600_000_000
    table = pa.table({"customer_id": np.full(10_000, 7), "at": pa.array(at).cast(pa.timestamp("us", "UTC"))})
    rows, told = asked(table, int(at[-1]) + 1)
    days = len(np.unique(at // DAY))
    assert [(row["stage"], row["orders"], row["occasions"], row["cycle"]) for row in rows] == [
        ("loyal", 10_000, days, days + 1)
    ]
    assert told == {7: ["new", "active", "loyal"]}


def test_ten_thousand_orders_by_one_customer_who_sends_every_one_back(tmp_path):
    patient = tmp_path / "patient.toml"  # nobody lapses between the last order and the last refund
    patient.write_text('[rhythm]\nkind = "window"\ndays = [400, 500, 600]\n', encoding="utf-8")
    at = OPENS * DAY + np.arange(10_000) * 3_600_000_000
    kinds = ["order.placed"] * 10_000 + ["order.refunded"] * 10_000
    table = pa.table({
        "customer_id": np.full(20_000, 7), "order_id": [str(each) for each in range(10_000)] * 2, "type": kinds,
        "at": pa.array(np.r_[at, at + 40 * DAY]).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    end = int(at[-1])
    rows = tenure.stages(table, as_of=end + 1).to_pylist()
    assert [(row["stage"], row["orders"]) for row in rows] == [("loyal", 40 * 24)]  # those of the last 40 days
    rows, told = asked(table, end + 40 * DAY + 1, policy=patient)
    assert [(row["stage"], row["orders"], row["last_order_at"]) for row in rows] == [("prospect", 0, None)]
    assert told == {7: ["new", "active", "loyal", "active", "new", "prospect"]}


def test_one_order_each_by_200_000_customers():
    number = np.arange(200_000)
    orders = Orders(number, OPENS + number % 365)
    as_of = (OPENS + 365) * DAY
    rows = tenure.stages(orders.table(), as_of=as_of)
    assert rows["customer_id"].to_numpy().tolist() == number.tolist()
    assert set(rows["occasions"].to_pylist()) == {1}
    assert set(rows["stage"].to_pylist()) <= {"new", "lapsed", "inactive"}
    _, found = known(orders.table())
    assert found.n.tolist()[:4] == [int(np.sum(number % 365 < days)) for days in (0, 31, 60, 91)]
    assert found.n.tolist()[4:] == [10_000] * 8


def test_all_orders_on_one_day():
    number = np.arange(3_000)
    orders = Orders(np.r_[number, number], np.full(6_000, OPENS))
    rows, told = asked(orders.table(), (OPENS + 1) * DAY)
    assert {(row["stage"], row["orders"], row["occasions"]) for row in rows} == {("new", 2, 1)}
    assert told == {customer: ["new"] for customer in number.tolist()}
    rows, told = asked(orders.table(), (OPENS + 4_000) * DAY)
    assert {row["stage"] for row in rows} == {"inactive"}
    assert set(map(tuple, told.values())) == {("new", "lapsed", "lapsed", "inactive")}


SPANS = [
    ("1901-01-01", "1901-02-01", "1908-12-30"),
    ("2192-01-01", "2192-02-01", "2199-12-30"),
    ("1901-01-01", "1901-02-01", "2199-12-30"),
]


@pytest.mark.parametrize("span", SPANS)
def test_orders_at_the_edges_of_what_a_file_may_hold(span):
    days = [int(np.datetime64(on, "D").astype(np.int64)) for on in span]
    orders = Orders(np.array([1, 1, 2]), np.array(days))
    rows, told = asked(orders.table(), (days[-1] + 1) * DAY, timezone="Europe/Berlin")
    assert [(row["customer_id"], row["stage"], row["occasions"]) for row in rows] == [(1, "inactive", 2), (2, "new", 1)]
    assert told == {1: ["new", "active", "lapsed", "lapsed", "inactive"], 2: ["new"]}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("before", [0, 400])
def test_before_the_first_order_there_are_empty_tables_with_all_columns(named, before):
    table = Orders(np.array([1, 2]), np.array([OPENS, OPENS + 40])).table(named)
    first = OPENS * DAY + 43_200_000_000
    early, late = first - before * DAY, first + 1
    for verb, key, more in (
        (tenure.stages, "as_of", {}), (tenure.history, "until", {}), (tenure.flows, "until", {"every": "day"})
    ):  # fmt: skip
        empty = verb(table, **{key: early}, **more)
        assert len(empty) == 0
        assert empty.schema == verb(table, **{key: late}, **more).schema
    assert len(tenure.stages(table, as_of=late)) == 1
