"""The rhythm against the lapse study's vectors, and its solver against plain bisection."""

from datetime import date, timedelta
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.lifecycle.policy import Rule
from tenure.lifecycle.rhythm import (
    LONGEST,
    SMAX,
    cross,
    crossings,
    horizon,
    level,
    odds,
    p_buy,
    rhythm,
    thresholds,
    usual,
    z,
)
from tenure.lifecycle.season import CALENDAR, PARTS, Clock

DEFAULT = ((0.8, 45.0, 0.8, 1.6), (log(45), 1.0, 0.81))
CD = ((0.7, 70.0, 0.5, 0.9), (3.83, 1.474, 0.605))
GR = ((1.4, 9.7, 0.05, 14.0), (1.78, 0.64, 0.365))
BO = ((1.2, 220.0, 0.8, 2.5), (log(150), 0.9, 0.4))
EPOCH = date(1970, 1, 1)


def boot_weights():
    months = np.array([0.9, 0.35, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.25, 1.2, 2, 1.6])
    weights = np.interp((np.arange(PARTS) + 0.5) / PARTS * 12, np.arange(12) + 0.5, months, period=12)
    weights = np.maximum(weights / weights.mean(), 0.05)
    return weights / weights.mean()


BOOTS, SOUTH = Clock(boot_weights()), Clock(np.roll(boot_weights(), 26))
WEEKLY = [(date(2025, 1, 4) + timedelta(weeks=i)).isoformat() for i in range(12)]
# orders; parameters, H, L, clock; t_x, L1, usual gap, P at once; crossings; thresholds; next (10, 50, 90 %); stages
VECTORS = {
    1: (["2025-03-10"], DEFAULT, 90, 0.3, CALENDAR, 0.00, 0.0000, 45.0, 0.3898,
        [19.96, 95.00, 244.96], [45.00, 95.00, 244.96],
        ["2025-03-19", "2025-04-24", "2025-11-18"], ["2025-04-24", "2025-06-14", "2025-11-10"]),
    2: (["2025-03-10"], CD, 90, 0.15, CALENDAR, 0.00, 0.0000, 46.1, 0.2824,
        [74.03, 230.57, 544.06], [74.03, 230.57, 544.06],
        ["2025-03-18", "2025-04-26", "2025-12-28"], ["2025-05-24", "2025-10-27", "2026-09-06"]),
    3: (["2025-01-05", "2025-02-04", "2025-03-08"], CD, 90, 0.15, CALENDAR, 62.00, 6.8669, 38.5, 0.6434,
        [204.24, 322.44, 482.52], [215.64, 351.38, 878.11],
        ["2025-03-15", "2025-04-16", "2025-10-10"], ["2025-10-10", "2026-02-23", "2027-08-04"]),
    4: (["2025-01-05", "2025-02-04", "2025-03-08"], CD, 180, 0.21, CALENDAR, 62.00, 6.8669, 38.5, 0.7693,
        [209.45, 331.32, 499.90], [215.64, 351.38, 878.11],
        ["2025-03-15", "2025-04-16", "2025-10-10"], ["2025-10-10", "2026-02-23", "2027-08-04"]),
    5: (["2024-03-01", "2025-03-01"], CD, 90, 0.15, CALENDAR, 365.00, 5.8999, 84.1, 0.2166,
        [151.26, 560.51, 1172.93], [151.26, 560.51, 1172.93],
        ["2025-03-16", "2025-05-25", "2026-07-07"], ["2025-07-31", "2026-09-13", "2028-05-17"]),
    6: (WEEKLY, GR, 14, 0.70, CALENDAR, 77.00, 21.4050, 6.8, 0.8420,
        [29.87, 47.83, 61.90], [26.83, 47.26, 61.90],
        ["2025-03-25", "2025-03-29", "2025-04-11"], ["2025-04-18", "2025-05-09", "2025-05-23"]),
    7: (["2025-03-10"], GR, 14, 0.70, CALENDAR, 0.00, 0.0000, 5.9, 0.7112,
        [0.46, 13.10, 45.86], [5.93, 13.10, 45.86],
        ["2025-03-12", "2025-03-16", "2025-04-01"], ["2025-03-16", "2025-03-24", "2025-04-25"]),
    8: (["2023-11-18", "2024-11-09"], BO, 90, 0.25, BOOTS, 336.47, 5.8185, 192.3, 0.2287,
        [0.00, 327.52, 832.34], [192.33, 327.52, 832.34],
        ["2024-11-23", "2025-01-16", "2026-11-22"], ["2025-01-16", "2025-10-28", "2026-12-10"]),
    9: (["2023-11-18", "2024-11-09"], BO, 90, 0.25, CALENDAR, 357.00, 5.8777, 195.9, 0.2222,
        [0.00, 323.01, 842.53], [195.87, 323.01, 842.53],
        ["2024-12-28", "2025-05-24", "2027-01-05"], ["2025-05-24", "2025-09-29", "2027-03-02"]),
    10: (["2024-05-18", "2025-05-09"], BO, 90, 0.25, SOUTH, 333.38, 5.8093, 191.8, 0.2297,
         [0.00, 328.15, 830.75], [191.79, 328.15, 830.75],
         ["2025-05-23", "2025-07-14", "2027-05-21"], ["2025-07-14", "2026-04-27", "2027-06-08"]),
}  # fmt: skip


def plain_cross(chance, x, tx, ahead, th):
    """`cross` by halving."""
    low, high = np.zeros(np.shape(chance)), np.full(np.shape(chance), SMAX)
    never, at_once = p_buy(high, x, tx, ahead, *th) >= chance, p_buy(low, x, tx, ahead, *th) < chance
    for _ in range(64):
        middle = (low + high) / 2
        above = p_buy(middle, x, tx, ahead, *th) >= chance
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(never, SMAX, np.where(at_once, 0.0, high))


def rounded(values, digits):
    return [round(float(v), digits) for v in values]


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_the_studys_customers_come_out_to_the_printed_digit(vector):
    orders, (th, an), ahead, share, clock, tx, l1, gap, chance, crossed, begins, following, stages = vector
    days = clock.lam([(date.fromisoformat(order) - EPOCH).days for order in orders])
    x, own_tx, own_l1 = len(days) - 1, days[-1] - days[0], float(np.log(np.maximum(np.diff(days), 0.5)).sum())
    falls = crossings(x, own_tx, ahead, share, Rule().odds, *th)[0]
    silences = thresholds(x, own_l1, an, falls, Rule())

    def on(silence):
        return (EPOCH + timedelta(days=int(np.ceil(clock.lam_inv(days[-1] + silence) - 1e-9)))).isoformat()

    assert [round(float(own_tx), 2), round(own_l1, 4)] == [tx, l1]
    assert rounded([usual(x, own_l1, *an)], 1) == [gap]
    assert rounded([p_buy(0.0, x, own_tx, ahead, *th)], 4) == [chance]
    assert rounded(crossings(x, own_tx, ahead, share, (1, 0.4, 0.15), *th)[0], 2) == crossed
    assert rounded(silences, 2) == begins
    assert [on(silence) for silence in silences] == stages
    assert [on(float(usual(x, own_l1, *an, z=z(p)))) for p in (0.1, 0.5, 0.9)] == following


def test_the_studys_further_numbers():
    assert rounded(p_buy([0, 30, 90, 365], 2, 60, 90, *CD[0]), 10) == [
        0.6468663732, 0.5378531988, 0.3523802882, 0.0492374319,
    ]  # fmt: skip
    assert rounded(odds(0.15, [0.4, 0.15]), 10) == [0.0659340659, 0.0257879656]
    assert level([0.1, 0.2, 0.6]) == pytest.approx(0.3, rel=1e-15)
    gaps = [np.log([30, 40]), np.log([10]), np.log([7, 7, 7])]
    found = rhythm([len(own) for own in gaps], [own.sum() for own in gaps], [(own**2).sum() for own in gaps])
    assert rounded(found, 10) == [3.4721691584, 0.7724138836, 0.7609288476]


def test_where_nothing_is_known_the_stated_defaults_hold():
    assert rhythm([], [], []) == (log(45), 1.0, 0.81)
    assert level([]) == pytest.approx(0.3, rel=1e-15)
    assert float(usual(0, 0.0, *rhythm([], [], []))) == pytest.approx(45.0, rel=1e-15)


@pytest.mark.parametrize(
    ("gaps", "history_days", "days"),
    [
        (range(1, 101), 400, 90.0),
        (range(1, 101), 100, 90.0),
        ([10] * 20, 180, 14.0),
        ([10] * 20, 179.9, 90.0),
        ([10] * 19, 180, 90.0),
        ([14] * 20, 180, 14.0),
        ([14.001] * 20, 180, 30.0),
        ([1] * 80 + [900] * 20, 400, 365.0),
        ([1] * 81 + [900] * 20, 400, 14.0),
        ([366] * 20, 400, 365.0),
        ([], 400, 90.0),
    ],
)
def test_the_horizon_is_the_first_rung_that_covers_four_of_five_gaps(gaps, history_days, days):
    assert horizon(list(gaps), history_days) == days


def test_quantiles_of_the_normal_are_the_studys():
    assert [z(p) for p in (0.5, 0.9, 0.95, 0.99, 0.999)] == pytest.approx(
        [0.0, 1.2815515655446004, 1.6448536269514722, 2.3263478740408408, 3.090232306167813], rel=1e-14, abs=1e-16
    )


@given(st.lists(st.lists(st.floats(0.5, 4_000), min_size=1, max_size=8), min_size=2, max_size=12))
def test_the_spread_of_gaps_lies_between_what_they_show_and_the_defaults(gaps_of):
    logs = [np.log(gaps) for gaps in gaps_of]
    mu, within, between = rhythm(*([f(own) for own in logs] for f in (len, np.sum, lambda own: (own**2).sum())))
    means = [log(45), *(own.mean() for own in logs)]
    assert min(means) <= mu <= max(means)
    assert within > 0.0
    assert between > 0.0


@given(st.integers(0, 50), st.floats(-30, 200), st.floats(0.05, 3), st.floats(0.02, 3))
def test_quantiles_of_the_next_gap_rise_and_mirror_around_the_usual_one(x, l1, within, between):
    deviations = [-z(0.9), 0.0, z(0.9)]
    low, usual_gap, high = usual(x, l1 * min(x, 1), 3.8, within, between, deviations)
    assert 0.0 < low < usual_gap < high
    assert low * high == pytest.approx(usual_gap**2, rel=1e-10)


def generated(rows, seed):
    random = np.random.default_rng(seed)
    theta = np.exp(random.normal(np.log([0.8, 45, 0.8, 1.6]), [1.0, 1.5, 1.0, 1.0], (rows, 4))).T
    x = np.floor(random.exponential(random.choice([0.5, 5, 100, 2_000], rows)))
    tx = np.where(x > 0, np.ceil(x * random.exponential(random.choice([1, 20], rows))) + 1, 0.0)
    ahead, share = random.choice([14.0, 30.0, 60.0, 90.0, 180.0, 365.0], rows), random.uniform(0.01, 0.9, rows)
    return x, tx, ahead, share, theta


def test_crossings_are_those_of_plain_bisection():
    x, tx, ahead, share, theta = generated(20_000, seed=4)
    found = crossings(x, tx, ahead, share, (1, 0.4, 0.15), *theta)
    plain = np.column_stack([plain_cross(odds(share, c), x, tx, ahead, theta) for c in (1, 0.4, 0.15)])
    assert np.abs(found - plain).max() <= 1e-9
    assert (np.abs(found - plain) <= np.maximum(1e-10, 1e-13 * plain)).mean() > 0.999
    assert ((plain == 0).sum(), (plain == SMAX).sum()) == ((found == 0).sum(), (found == SMAX).sum())
    assert min((plain == 0).sum(), (plain == SMAX).sum(), ((plain > 0) & (plain < SMAX)).sum()) > 50


def test_a_crossing_is_where_the_chance_equals_the_level():
    x, tx, ahead, share, theta = generated(60_000, seed=9)
    times = (2.0, 1.0, 0.4, 0.15, 1e-6)
    found = crossings(x, tx, ahead, share, times, *theta)
    assert found.shape == (60_000, 5)
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
    for column, c in enumerate(times):
        silence, target = found[:, column], odds(share, c)
        chance = p_buy(silence, x, tx, ahead, *theta)
        inside = (silence > 0) & (silence < SMAX)
        assert (np.abs(chance / target - 1)[inside] < 1e-9).all()
        assert (chance[silence == 0] <= target[silence == 0] * (1 + 1e-12)).all()
        assert (chance[silence == SMAX] >= target[silence == SMAX] * (1 - 1e-12)).all()


def test_crossings_of_many_rows_are_those_of_each_row():
    x, tx, ahead, share, theta = generated(20_000, seed=2)
    found = crossings(x, tx, ahead, share, (1, 0.4), *theta)
    for i in range(0, 20_000, 1_999):
        alone = crossings(x[i], tx[i], ahead[i], share[i], (1, 0.4), *theta[:, i])
        assert alone.tolist() == found[i : i + 1].tolist()
        assert cross(share[i], x[i], tx[i], ahead[i], theta[:, i]) == pytest.approx(found[i, :1], rel=1e-12, abs=1e-10)


def test_one_snapshot_serves_many_rows():
    x, tx = np.arange(6), np.arange(6) * 9.0
    shared = crossings(x, tx, 90.0, 0.2, (1, 0.4, 0.15), *CD[0])
    each = crossings(x, tx, *(np.full(6, v) for v in (90.0, 0.2)), (1, 0.4, 0.15), *(np.full(6, v) for v in CD[0]))
    assert shared.tolist() == each.tolist()
    assert crossings([], [], 90.0, 0.2, (1, 0.4, 0.15), *CD[0]).shape == (0, 3)


def test_cross_ends_at_once_and_at_ten_years():
    assert cross(0.9, 0, 0, 14, CD[0]).tolist() == [0.0]
    assert cross(1e-9, 0, 0, 365, CD[0]).tolist() == [SMAX]
    assert cross([[0.05], [0.1]], [0, 2, 4], [0, 60, 90], 90, CD[0]).shape == (2, 3)
    assert 0.0 < cross(0.05, 5_000, 5_000, 90, CD[0])[0] < 20.0


def test_thresholds_of_each_kind_of_rule():
    ahead, share, (th, an) = 90, 0.15, CD
    crossed = plain_cross(odds(share, [1, 0.4, 0.15]), 2, 62.0, ahead, th)
    quantile = [float(usual(2, 6.8669, *an, z=z(p))) for p in (0.9, 0.95, 0.99)]

    def of(rule, x=2, tx=62.0, l1=6.8669):
        return thresholds(x, l1, an, crossings(x, tx, ahead, share, rule.odds, *th)[0], rule)

    assert of(Rule(kind="chance")) == pytest.approx(crossed, rel=1e-12)
    assert of(Rule(kind="quantile")) == pytest.approx(quantile, rel=1e-12)
    assert of(Rule(kind="quantile", quantiles=(0.9, 0.95, 0.99999999))) == (*of(Rule(kind="quantile"))[:2], LONGEST)
    assert of(Rule(kind="window", days=(30.0, 60.0, 400.0))) == (30.0, 60.0, 400.0)
    first = float(usual(0, 0.0, *an, z=z(0.7)))
    assert of(Rule(first_floor=0.7, odds=(1.0, 0.9, 0.8), first_floors=(1.0, 1.0, 1.5)), 0, 0.0, 0.0) == pytest.approx(
        [max(74.03, first), max(float(plain_cross(odds(0.15, 0.9), 0, 0, 90, th)), first), 1.5 * first], abs=0.005
    )


@given(
    st.integers(0, 200), st.floats(0, 2_000), st.floats(-0.6, 7), st.sampled_from([DEFAULT, CD, GR, BO]),
    st.sampled_from([14, 90, 365]), st.floats(0.01, 0.9), st.sampled_from(["rhythm", "chance", "quantile", "window"]),
)  # fmt: skip
def test_thresholds_are_finite_and_never_decrease(x, tx, log_gap, population, ahead, share, kind):
    th, an = population
    falls = crossings(x, tx * (x > 0), ahead, share, Rule().odds, *th)[0]
    short, long, inactive = thresholds(x, x * log_gap, an, falls, Rule(kind=kind))
    assert 0.0 <= short <= long <= inactive <= LONGEST
