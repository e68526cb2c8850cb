"""Counts, money, anchors and scores: each against the same by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.purchase.anchor import CAP, Past, anchor, same_season
from tenure.purchase.counts import Counts
from tenure.purchase.money import value_between
from tenure.purchase.scores import auc, calibration, pit, scores

chances = st.floats(0.01, 0.99)


@given(chances, st.floats(1.0, 20.0), st.floats(0.1, 50.0))
def test_counts_have_the_chance_mean_and_square_they_are_made_of(p, ratio, size):
    one = np.ones(1)
    counts = Counts.of(p * one, p * ratio * one, size * one)
    n = np.arange(3_000.0)
    mass = np.exp(counts.log_chance(n[:, None]))[:, 0]
    assert mass.sum() == pytest.approx(1.0, abs=1e-6)
    assert 1.0 - mass[0] == pytest.approx(p)
    assert n @ mass == pytest.approx(p * ratio, rel=1e-5)
    assert n**2 @ mass - (n @ mass) ** 2 == pytest.approx(counts.variance[0], rel=1e-3)
    assert counts.at_most(n[:, None])[:50, 0] == pytest.approx(np.cumsum(mass)[:50], abs=1e-9)
    for level in (0.05, 0.5, 0.95):
        assert counts.quantile(level)[0] == np.searchsorted(np.cumsum(mass), level - 1e-12)


@given(chances, st.floats(1.05, 20.0), st.floats(0.1, 50.0))
def test_the_size_is_found_again_from_the_mean_square(p, ratio, size):
    one = np.ones(1)
    counts = Counts.of(p * one, p * ratio * one, size * one)
    second = counts.variance + counts.mean**2
    assert Counts.size_of(p * one, p * ratio * one, second)[0] == pytest.approx(size, rel=1e-6)


def test_money_between_holds_as_many_drawn_totals_as_it_says():
    random, many = np.random.default_rng(4), 200_000
    for p, mean, size, paid in ((0.9, 3.0, 1.5, 4.0), (0.4, 0.8, 0.7, 1.0), (0.99, 12.0, 5.0, 20.0)):
        one = np.ones(1)
        counts = Counts.of(p * one, mean * one, size * one)
        low, high = value_between(counts, 1_000.0 * one, paid * one, 0.5, (0.05, 0.95))
        buys = random.random(many) < p
        n = buys * (1 + random.negative_binomial(size, size / (size + counts.more[0]), many))
        spread = np.sqrt(np.log1p(np.expm1(0.25) / paid))
        own = 1_000.0 * np.exp(random.normal(-(spread**2) / 2, spread, many))
        drawn = own * np.array([np.exp(random.normal(-0.125, 0.5, one_n)).sum() for one_n in n])
        assert np.mean(drawn < low[0]) <= 0.05 + 0.025
        assert np.mean(drawn > high[0]) == pytest.approx(0.05, abs=0.025)


def test_nobody_who_pays_nothing_is_told_to_pay_something():
    one = np.ones(1)
    counts = Counts.of(0.5 * one, one, one)
    assert [float(v[0]) for v in value_between(counts, 0.0 * one, one, None, (0.05, 0.95))] == [0.0, 0.0]


def test_seasons_are_the_same_where_days_of_the_year_are():
    assert same_season(20_000, 90, 20_000 - 365, 90) == pytest.approx(1.0, abs=0.02)
    assert same_season(20_000, 90, 20_000 - 182, 90) == 0.0
    assert same_season(20_000, 365, 20_000 - 182, 182) == pytest.approx(0.5, abs=0.01)


def test_a_total_is_corrected_as_far_as_the_same_season_tells_and_no_further():
    year_ago = Past(20_000 - 365, 90, 1_000.0, 800.0)
    assert anchor([year_ago], 20_000, 90).factor == pytest.approx(0.8 ** (1 / 2), rel=0.01)
    assert anchor([year_ago] * 9, 20_000, 90).factor == pytest.approx(0.8**0.9, rel=0.01)
    assert anchor([Past(20_000 - 182, 90, 1_000.0, 300.0)] * 9, 20_000, 90).factor == 1.0
    assert anchor([Past(20_000 - 365, 90, 1_000.0, 100.0)] * 9, 20_000, 90).factor == pytest.approx(1.0 / CAP)
    assert anchor([Past(20_000 - 365, 90, 10.0, 2.0)] * 9, 20_000, 90).weight == 0.0
    assert anchor([], 20_000, 90) == anchor([Past(1, 1, 0.0, 0.0)], 20_000, 90)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_auc_counts_pairs(given_pairs):
    score, bought = np.array([s for s, _ in given_pairs], float), np.array([b for _, b in given_pairs])
    pairs = [(s > o) + 0.5 * (s == o) for s in score[bought] for o in score[~bought]]
    assert auc(score, bought) == (pytest.approx(np.mean(pairs)) if pairs else None)


def test_scores_of_a_true_forecast_are_those_of_a_true_forecast():
    random = np.random.default_rng(8)
    p = random.uniform(0.05, 0.95, 40_000)
    size = np.full(len(p), 1.3)
    counts = Counts.of(p, p * random.uniform(1.1, 6.0, len(p)), size)
    n = (random.random(len(p)) < p) * (1.0 + random.negative_binomial(1.3, 1.3 / (1.3 + counts.more)))
    found = scores(p, counts.mean, n, low=counts.quantile(0.05), high=counts.quantile(0.95), counts=counts)
    assert abs(found.bias) < 0.02
    assert found.coverage >= 0.9
    assert found.pit == pytest.approx([0.1] * 10, abs=0.01)
    assert sum(one.n for one in found.calibration) == len(p)
    assert all(abs(one.told - one.came) < 0.03 for one in found.calibration)
    assert found.brier == pytest.approx(np.mean(p * (1 - p)), abs=0.005)


def test_a_forecast_that_is_too_sure_shows_it():
    random = np.random.default_rng(8)
    counts = Counts.of(np.full(5_000, 0.9), np.full(5_000, 9.0), np.full(5_000, 1e4))
    n = (random.random(5_000) < 0.9) * (1.0 + random.negative_binomial(0.5, 0.5 / 9.5, 5_000))
    assert max(pit(counts, n)) > 0.2


def test_no_number_without_anybody_to_number():
    none = np.empty(0)
    found = scores(none, none, none)
    assert (found.n, found.auc, found.brier, found.rmse, found.bias, found.pit) == (0, None, None, None, None, ())
    assert calibration(none, none > 0) == ()
