"""Learnt clocks: the study's numbers, what is found, what is not, and nothing from the future."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.lifecycle.learning import ANY, Clocks, OrderDays, learn, weights_of
from tenure.lifecycle.policy import DEFAULT, Policy, Season
from tenure.lifecycle.season import PARTS, YEAR_DAYS, Clock, declared

CATEGORIES, REGIONS = ("boots", "shoes", "socks"), ("north", "south")
BOOTS, SHOES, NORTH, SOUTH = 0, 1, 0, 1
FLAT = np.ones(PARTS)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def months(first: str, end: str) -> list[int]:
    return np.arange(first, end, dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64).tolist()


MONTHS = months("2020-01", "2025-01")


def learnt(orders: OrderDays, policy: Policy = DEFAULT, months: list[int] = MONTHS) -> Clocks:
    return learn(orders, months, policy, CATEGORIES, REGIONS)


def together(*several: OrderDays) -> OrderDays:
    columns = [[getattr(one, name) for one in several] for name in ("customer", "day", "category", "region")]
    return OrderDays(*(np.concatenate(column) for column in columns))


def shop(
    seed: int, customers: int = 120, orders: int = 8, category: int = SHOES, region: int = NORTH,
    peak: int | None = None, years: int = 5,
) -> OrderDays:
    """Orders from January 2020: on any day, or with a `peak` within some weeks of that day of the year."""
    rng = np.random.default_rng(seed)
    size = customers * orders
    found = rng.integers(0, int(years * 365.25), size)
    if peak is not None:
        found = rng.integers(0, years, size) * 365 + peak + rng.normal(0, 20, size).round().astype(int)
        found = np.clip(found, 0, years * 365)
    number = np.repeat(np.arange(customers), orders) + 1000 * seed
    return OrderDays(number, found + MONTHS[0], np.full(size, category), np.full(size, region))


def test_the_study_clock_of_two_years_of_orders():
    counts = [9, 4, 1, 1, 1, 1, 1, 1, 3, 12, 20, 16]
    fifteenths = [day(f"{year}-{month:02d}-15") for year in (2023, 2024) for month in range(1, 13)]
    days = np.repeat(fifteenths, counts * 2)
    weights = weights_of(days, day("2025-01-01"), 2, FLAT)
    found = weights[[0, 12, 26, 40, 46, 51]].round(6).tolist()
    assert found == [1.278689, 0.520947, 0.520947, 2.131148, 2.320583, 1.6102]
    clock = Clock(weights)
    assert round(float(np.diff(clock.lam([day("2025-04-01"), day("2025-07-01")]))[0]), 6) == 47.738843
    assert round(float(clock.lam_inv(clock.lam(day("2024-12-10")) + 45)), 4) == 20088.6096


def test_growth_is_no_season():
    rng = np.random.default_rng(3)
    days = np.array([one for one in range(1461) for _ in range(rng.poisson(20 * math.exp(one / 700)))])
    weights = weights_of(days, 1461, 4, FLAT)
    assert weights.min() > 0.9
    assert weights.max() < 1.1


def test_a_planted_boot_category_is_found_and_shoes_are_not():
    found = learnt(together(shop(1, category=BOOTS, region=ANY, peak=330), shop(2, category=SHOES, region=ANY)))
    january_2024 = MONTHS.index(day("2024-01-01"))
    boots = found.clocks[found.clock_for(january_2024, BOOTS, ANY)]
    assert boots.seasonal
    assert boots.run[0] >= 40
    assert boots.weights[46:48].min() > 3
    assert found.own.keys() >= {(january_2024, BOOTS, ANY)}
    assert not found.clocks[found.clock_for(january_2024, SHOES, ANY)].seasonal
    assert found.clock_for(january_2024, BOOTS, NORTH) == found.own[january_2024, BOOTS, ANY]


def test_a_proven_but_tiny_gain_is_not_worth_a_clock():
    rng = np.random.default_rng(2)
    found = np.arange(60_000) % 1826
    mild = rng.random(found.size) < 1 + 0.16 * (np.sin(2 * np.pi * found / YEAR_DAYS) - 1)
    customer = np.arange(found.size)[mild]
    nobody = np.full(customer.size, ANY)
    assert learnt(OrderDays(customer, found[mild] + MONTHS[0], nobody, nobody)).own == {}
    strong = rng.random(found.size) < 0.5 + 0.5 * np.sin(2 * np.pi * found / YEAR_DAYS)
    customer, nobody = np.arange(found.size)[strong], np.full(int(strong.sum()), ANY)
    own = learnt(OrderDays(customer, found[strong] + MONTHS[0], nobody, nobody)).own
    assert [group for month, *group in own if month == 48] == [[ANY, ANY]]


def test_two_hemispheres_are_found_by_category_with_region():
    north, south = shop(1, category=BOOTS, region=NORTH, peak=330), shop(2, category=BOOTS, region=SOUTH, peak=148)
    found = learnt(together(north, south, shop(3, category=SHOES)))
    january_2024 = MONTHS.index(day("2024-01-01"))
    in_north, in_south = (found.clocks[found.clock_for(january_2024, BOOTS, region)] for region in (NORTH, SOUTH))
    assert (january_2024, BOOTS, SOUTH) in found.own
    assert (january_2024, BOOTS, NORTH) in found.own
    assert 15 <= in_south.weights.argmax() <= 26
    assert 42 <= in_north.weights.argmax() <= 51
    assert in_north.seasonal
    assert in_south.seasonal


def test_random_groups_raise_few_false_alarms():
    alarms = asked = 0
    january_2024 = MONTHS.index(day("2024-01-01"))
    for seed in range(40):
        parts = [shop(3 * seed + code, customers=60, orders=6, category=code) for code in range(3)]
        found = learnt(together(*parts), months=MONTHS[: january_2024 + 1])
        asked += 4
        alarms += sum(month == january_2024 and region == ANY for month, _, region in found.own)
    assert asked == 160
    assert alarms / asked <= 0.05


def test_nothing_is_learnt_under_two_full_years():
    boots = shop(1, customers=400, category=BOOTS, peak=330, years=5)
    boots = replace(boots, day=np.maximum(boots.day, boots.day.min()))
    found = learnt(boots)
    two_years_on = int(boots.day.min()) + 2 * YEAR_DAYS
    first = min(MONTHS[month] for month, _, _ in found.own)
    assert min(one for one in MONTHS if one >= two_years_on) == first
    early = [found.clock_for(month, BOOTS, NORTH) for month, one in enumerate(MONTHS) if one < two_years_on]
    assert early == [0] * len(early)


def test_a_future_year_changes_no_earlier_clock():
    whole = together(
        shop(1, category=BOOTS, peak=330), shop(2, category=SHOES), shop(3, category=BOOTS, region=SOUTH, peak=148),
        shop(4, category=2, region=ANY), shop(5, category=ANY, region=SOUTH, peak=100),
    )
    cut = MONTHS.index(day("2024-01-01"))
    kept = whole.day < MONTHS[cut]
    seen = OrderDays(whole.customer[kept], whole.day[kept], whole.category[kept], whole.region[kept])
    later, earlier = learnt(whole), learnt(seen)
    expected = {group: later.clocks[version] for group, version in later.own.items() if group[0] <= cut}
    found = {group: earlier.clocks[version] for group, version in earlier.own.items() if group[0] <= cut}
    assert len(expected) > 40
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[group].weights, expected[group].weights) for group in found)


def test_repeated_rows_and_their_order_change_nothing():
    orders = together(shop(1, category=BOOTS, peak=330), shop(2))
    order = np.random.default_rng(1).permutation(np.r_[np.arange(orders.day.size), np.arange(500)])
    mixed = OrderDays(*(getattr(orders, name)[order] for name in ("customer", "day", "category", "region")))
    ids = replace(mixed, customer=mixed.customer * 10**12 + 7)
    plain = learnt(orders)
    assert plain.own
    for other in (learnt(mixed), learnt(ids)):
        assert other.own == plain.own
        assert all(np.array_equal(a.weights, b.weights) for a, b in zip(other.clocks, plain.clocks, strict=True))


def test_an_order_counts_only_until_it_was_refunded():
    boots = shop(1, category=BOOTS, peak=330)
    noise = shop(7, category=BOOTS, customers=60)
    refunded = MONTHS.index(day("2023-06-01"))
    both = together(boots, noise)
    until = np.r_[np.full(boots.day.size, len(MONTHS)), np.full(noise.day.size, refunded)]
    found, with_all, without = learnt(replace(both, until=until)), learnt(both), learnt(boots)
    versions = []
    for month in range(len(MONTHS)):
        same = with_all if month <= refunded else without
        versions.append(found.clock_for(month, BOOTS, NORTH))
        weights = found.clocks[versions[-1]].weights
        assert np.abs(weights - same.clocks[same.clock_for(month, BOOTS, NORTH)].weights).max() < 1e-12
    assert 0 not in versions[refunded - 3 : refunded + 4]


def test_a_row_counts_as_long_as_any_like_it():
    boots = shop(1, category=BOOTS, peak=330)
    twice = together(boots, boots)
    until = np.r_[np.full(boots.day.size, -1), np.full(boots.day.size, 10**6)]
    assert learnt(replace(twice, until=until)).own == learnt(boots).own
    assert learnt(replace(boots, until=np.full(boots.day.size, -1))).own == {}


def test_what_is_declared_is_not_learnt():
    orders = together(shop(1, category=BOOTS, peak=330), shop(2, category=BOOTS, region=SOUTH, peak=148))
    season = Season(category="boots", months=(11, 12), lead_days=5)
    policy = Policy(seasons=(season,), regions=(("south", "south"),), lead_days=30)
    found = learnt(orders, policy)
    last = len(MONTHS) - 1
    north, south = found.clock_for(0, BOOTS, NORTH), found.clock_for(last, BOOTS, SOUTH)
    assert (found.clocks[north].months, found.clocks[south].months) == ((11, 12), (5, 6))
    assert np.array_equal(found.clocks[south].weights, declared(season, shifted=True).weights)
    assert (found.lead_days[0], found.lead_days[north], found.lead_days[south]) == (30, 5, 5)
    assert {category for _, category, _ in found.own} <= {ANY}
    assert found.clock_for(0, SHOES, SOUTH) == 0
    assert learnt(orders, Policy(seasons=(Season(months=(1,)),))).own == {}


def test_learning_can_be_turned_off():
    orders = shop(1, category=BOOTS, peak=330)
    assert learnt(orders).own != {}
    assert learnt(orders, replace(DEFAULT, learn=False)).own == {}


def test_a_customers_clock_is_the_most_specific_that_is_proven():
    found = learnt(together(shop(1, category=BOOTS, peak=330), shop(2, category=SHOES, region=SOUTH)))
    found = replace(found, own={(5, BOOTS, NORTH): 4, (5, BOOTS, ANY): 3, (5, ANY, NORTH): 2, (5, ANY, ANY): 1})
    asked = [(BOOTS, NORTH), (BOOTS, SOUTH), (SHOES, NORTH), (SHOES, SOUTH), (ANY, ANY), (ANY, NORTH), (BOOTS, ANY)]
    expected = [4, 3, 2, 1, 1, 2, 3]
    assert [found.clock_for(5, *one) for one in asked] == expected
    category, region = np.array(asked).T
    assert found.versions(np.full(7, 5), category, region).tolist() == expected
    assert found.versions(np.full(7, 4), category, region).tolist() == [0] * 7


@pytest.mark.parametrize("months", [[], MONTHS])
def test_no_orders_teach_nothing(months):
    nothing = np.empty(0, np.int64)
    found = learnt(OrderDays(nothing, nothing, nothing, nothing), months=months)
    assert (len(found.clocks), found.own) == (1, {})


def plain_clock(days: list[int], month: float, years: int, parent: list[float]) -> list[float]:
    """The study's formula, one order after the other."""
    seen = [one for one in days if month - years * YEAR_DAYS <= one < month]
    growth = 0.0
    if years >= 2:
        last = sum(one >= month - YEAR_DAYS for one in seen) + 20
        first = sum(one < month - (years - 1) * YEAR_DAYS for one in seen) + 20
        growth = min(max(math.log(last / first) / (YEAR_DAYS * (years - 1)), -0.003), 0.003)
    counts = [0.0] * PARTS
    for one in seen:
        counts[part_of(one)] += math.exp(-growth * (one - month))
    counts = [one * len(seen) / max(sum(counts), 1e-9) for one in counts]
    smooth = [sum(counts[(i + j) % PARTS] * (3 - abs(j)) for j in range(-2, 3)) / 9 for i in range(PARTS)]
    weights = [max((one * PARTS + 104 * p) / (sum(counts) + 104), 0.05) for one, p in zip(smooth, parent, strict=True)]
    return [one * PARTS / sum(weights) for one in weights]


def part_of(number: int) -> int:
    return int(number % YEAR_DAYS / YEAR_DAYS * PARTS) % PARTS


def plain_learning(rows: set[tuple[int, int, int, int]], month: int) -> dict[tuple[int, int], list[float]]:
    """Section 6 of the rules for one month, group by group; rows are customer, day, category, region."""
    rows = {row for row in rows if row[1] < month}
    years = min(4, math.floor((month - min((row[1] for row in rows), default=month)) / YEAR_DAYS))
    own, force = {}, {None: ([1.0] * PARTS, [1.0] * PARTS)}
    groups = {(ANY, ANY)} | {(r[2], ANY) for r in rows} | {(ANY, r[3]) for r in rows} | {(r[2], r[3]) for r in rows}
    for group in sorted(groups, key=lambda one: (sum(code != ANY for code in one), one)) if years >= 2 else []:
        category, region = group
        parent = None if group == (ANY, ANY) else (ANY, ANY) if ANY in group else (category, ANY)
        seen = {r[:2] for r in rows if (category in (ANY, r[2])) and (region in (ANY, r[3]))}
        days = [one for _, one in sorted(seen)]
        now, before = force[parent]
        mine = plain_clock(days, month, years, now), plain_clock(days, month - YEAR_DAYS, years - 1, before)
        gains: dict[int, float] = {}
        last = [(customer, one) for customer, one in seen if one >= month - YEAR_DAYS]
        for customer, one in last:
            gain = math.log(mine[1][part_of(one)] / before[part_of(one)])
            gains[customer] = gains.get(customer, 0.0) + gain
        total, spread = sum(gains.values()), math.sqrt(sum(one**2 for one in gains.values()))
        proven = total > 0.02 * len(last) and total > 2 * spread
        force[group] = mine if proven else force[parent]
        if proven:
            own[group] = mine[0]
    return own


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.4, 1.0]), st.booleans())
def test_learning_is_the_plain_rule(seed, share, with_nobody):
    rng = np.random.default_rng(seed)
    size = 600
    customer, category = rng.integers(0, 60, size), rng.integers(-1 if with_nobody else 0, 3, size)
    region, found = rng.integers(-1 if with_nobody else 0, 2, size), rng.integers(0, 2200, size)
    peak = rng.integers(0, 6, size) * 365 + 330 - 180 * (region == SOUTH) + rng.normal(0, 25, size).astype(int)
    found = np.where((category == BOOTS) & (rng.random(size) < share), peak, found) + MONTHS[0]
    starts = months("2020-01", "2026-02")
    until = np.where(rng.random(size) < 0.2, rng.integers(0, 72, size), 99)
    rows = list(zip(customer.tolist(), found.tolist(), category.tolist(), region.tolist(), until.tolist(), strict=True))
    fast = learnt(OrderDays(customer, found, category, region, until), months=starts)
    for month in (22, 24, 25, 33, 49, 59, 72):
        plain = plain_learning({row[:4] for row in rows if row[4] >= month}, starts[month])
        own = {group[1:]: fast.clocks[version].weights for group, version in fast.own.items() if group[0] == month}
        assert own.keys() == plain.keys()
        assert all(np.abs(own[group] - plain[group]).max() < 1e-9 for group in own)
