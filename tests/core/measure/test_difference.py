"""The difference of two shares over strata: published intervals, a slow search, and shares whose truth is known."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from tenure.measure.difference import difference, weights
from tenure.measure.retention import Z95


@pytest.mark.parametrize(
    ("hits", "n", "other_hits", "others", "low", "high"),
    [
        (56, 70, 48, 80, 0.0528, 0.3382),
        (9, 10, 3, 10, 0.1700, 0.8406),
        (6, 7, 2, 7, 0.0342, 0.8534),
        (5, 56, 0, 29, -0.0326, 0.1933),
    ],
)
def test_one_stratum_has_the_published_interval(hits, n, other_hits, others, low, high):
    """R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
    methods, Statistics in Medicine 17 (1998), 873-890, table II, the method of Miettinen and Nurminen."""
    found = difference([hits], [n], [other_hits], [others])
    assert found == pytest.approx((hits / n - other_hits / others, low, high), abs=6e-5)


KIND = st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
STRATA = st.lists(st.tuples(KIND, KIND).map(lambda kinds: kinds[0] + kinds[1]), min_size=1, max_size=5)


def slow_variance(x1, n1, x0, n0, at):
    """The likeliest pair of shares that differ by `at`, looked for instead of solved for."""

    def unlikely(p0):
        p1 = p0 + at
        pairs = ((x1, p1), (n1 - x1, 1 - p1), (x0, p0), (n0 - x0, 1 - p0))
        return -sum(k * np.log(max(p, 1e-300)) for k, p in pairs if k)

    low, high = max(0.0, -at), min(1.0, 1 - at)
    found = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    p0 = min((low, high, found), key=unlikely)
    p1 = p0 + at
    return (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)


@settings(deadline=None, max_examples=60)
@given(STRATA)
def test_the_ends_of_the_interval_are_where_a_slow_search_says(strata):
    found, low, high = difference(*np.array(strata).T)
    raw = [n * others / (n + others) for _, n, _, others in strata]
    weight = [one / sum(raw) for one in raw]
    truth = sum(w * (x1 / n1 - x0 / n0) for w, (x1, n1, x0, n0) in zip(weight, strata, strict=True))
    assert found == pytest.approx(truth)
    assert -1 <= low <= found <= high <= 1
    for end in (low, high):
        error = sqrt(sum(w * w * slow_variance(*one, end) for w, one in zip(weight, strata, strict=True)))
        if abs(end) < 1:
            assert abs(found - end) == pytest.approx(Z95 * error, abs=2e-5)


@given(STRATA)
def test_the_other_way_round_it_is_the_same_mirrored(strata):
    x1, n1, x0, n0 = np.array(strata).T
    found, low, high = difference(x1, n1, x0, n0)
    assert difference(x0, n0, x1, n1) == pytest.approx((-found, -high, -low), abs=1e-9)


def test_all_against_none_leaves_the_whole_difference_possible():
    found, low, high = difference([10, 3], [10, 3], [0, 0], [10, 4])
    assert (found, high) == (1, 1)
    assert 0.5 < low < 1


def test_nobody_of_either_kind_is_not_certainty():
    found, low, high = difference([0], [10], [0], [10])
    assert (found, low) == (0, pytest.approx(-high))
    assert high > 0.2


def test_weights_are_one_in_sum_and_nothing_where_one_kind_is_nobody():
    assert weights([1, 0, 3, 5], [1, 4, 1, 0]) == pytest.approx([0.4, 0, 0.6, 0])


@pytest.mark.parametrize(("sizes", "seed"), [((1, 4), 1), ((20, 60), 2)])
def test_nineteen_of_twenty_intervals_hold_the_truth_however_small_the_strata(sizes, seed):
    rng = np.random.default_rng(seed)
    base, truth = rng.uniform(0.15, 0.7, 40), -0.12
    inside = 0
    for _ in range(600):
        n1, n0 = rng.integers(*sizes, 40), rng.integers(*sizes, 40)
        _, low, high = difference(rng.binomial(n1, base + truth), n1, rng.binomial(n0, base), n0)
        inside += low <= truth <= high
    assert 0.93 <= inside / 600 <= 0.975
