import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from shop import shop

from tenure.errors import InvalidInput
from tenure.purchase import mbg_nbd
from tenure.purchase.mbg_nbd import CENTRE, SPREAD, fit, log_likelihood, p_buy

TRUTH = (0.6, 40.0, 0.5, 1.5)
# ten customers whose likelihood has two peaks, the lower of them above the prior's centre
TWO_PEAKS = (
    [12, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [25, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [26, 59, 48, 41, 7, 49, 72, 42, 19, 52],
)
ONE_CUSTOMER = {
    "bought once, today": (0, 0, 0),
    "bought once, long ago": (0, 0, 5_000),
    "twice, the second time today": (1, 40, 40),
    "every day for 27 years": (10_000, 10_000, 10_000),
    "every day, then never": (10_000, 10_000, 20_000),
    "all on the first day": (3, 0, 0),
}


@pytest.fixture(scope="module")
def people():
    return shop(2_000, *TRUTH)


def posterior(theta_log, x, tx, age, weights=1.0):
    """What `fit` maximises, put together from the textbook form."""
    away = (theta_log - np.log(CENTRE)) / SPREAD
    return (weights * log_likelihood(x, tx, age, *np.exp(theta_log))).sum() - 0.5 * (away**2).sum()


def slopes(function, at, width=1e-4):
    """Derivatives by central differences of the fourth order."""
    steps = np.eye(len(at)) * width
    return np.array([
        (8 * (function(at + h) - function(at - h)) - (function(at + 2 * h) - function(at - 2 * h))) / (12 * width)
        for h in steps
    ])


def logs(low, high):
    return st.floats(np.log(low), np.log(high))


thetas = st.tuples(logs(0.05, 20), logs(0.5, 500), logs(0.05, 20), logs(0.05, 20)).map(np.array)
lives = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 900), st.integers(0, 900)).map(
        lambda v: (v[0], v[1] if v[0] else 0, (v[1] if v[0] else 0) + v[2])
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: np.array(rows, float).T)


@given(lives, thetas)
def test_the_fits_own_form_of_the_likelihood_is_the_textbook_form(life, theta):
    value, _, _ = mbg_nbd._derivatives(mbg_nbd._sample(*life, None), theta)
    assert value == pytest.approx(log_likelihood(*life, *np.exp(theta)).sum(), rel=1e-9, abs=1e-8)


@given(lives, thetas)
def test_gradient_and_hessian_are_the_slopes_of_the_likelihood(life, theta):
    sample = mbg_nbd._sample(*life, None)
    value, gradient, hessian = mbg_nbd._derivatives(sample, theta)
    scale = max(1.0, abs(value))
    assert gradient == pytest.approx(slopes(lambda at: mbg_nbd._derivatives(sample, at)[0], theta), abs=1e-7 * scale)
    assert hessian == pytest.approx(slopes(lambda at: mbg_nbd._derivatives(sample, at)[1], theta), abs=1e-7 * scale)


def test_the_fit_stands_where_every_slope_is_zero(people):
    found = fit(*people[:3])
    here = np.log(found.theta)
    assert found.converged
    assert slopes(lambda at: posterior(at, *people[:3]), here, 1e-3) == pytest.approx(np.zeros(4), abs=1e-5)
    assert found.log_likelihood == pytest.approx(log_likelihood(*people[:3], *found.theta).sum(), rel=1e-12)


def test_nelder_mead_finds_nothing_higher(people):
    found = fit(*people[:3])
    best = posterior(np.log(found.theta), *people[:3])
    options = {"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4_000, "maxfev": 4_000}
    for begin in (np.log(found.theta) + 0.3, np.log(CENTRE)):
        other = minimize(lambda at: -posterior(at, *people[:3]), begin, method="Nelder-Mead", options=options)
        assert -other.fun <= best + 1e-7
        assert np.exp(other.x) == pytest.approx(found.theta, rel=1e-4)


def test_the_fit_finds_the_parameters_the_shop_was_made_with():
    people = shop(40_000, *TRUTH, seed=5)
    assert fit(*people[:3]).theta == pytest.approx(TRUTH, rel=0.1)


def test_twenty_starts_lead_to_the_same_maximum(people):
    random = np.random.default_rng(3)
    sample, found = mbg_nbd._sample(*people[:3], None), fit(*people[:3])
    for _ in range(20):
        start = random.normal(np.log(CENTRE), 2 * np.array(SPREAD))
        peak = mbg_nbd._climb(sample, start, True)
        assert peak.converged
        assert np.exp(peak.point) == pytest.approx(found.theta, rel=1e-9)
        assert fit(*people[:3], start=np.exp(start)).theta == pytest.approx(found.theta, rel=1e-12)


def test_of_two_peaks_the_higher_is_the_fit_wherever_it_starts():
    lower = mbg_nbd._climb(mbg_nbd._sample(*TWO_PEAKS, None), np.log(CENTRE), True)
    found = fit(*TWO_PEAKS)
    assert lower.converged
    assert np.exp(lower.point) == pytest.approx((0.318974, 5.537169, 0.648183, 0.771228), rel=1e-5)
    assert found.theta == pytest.approx((1.980245, 7.127155, 0.850750, 0.347923), rel=1e-5)
    assert posterior(np.log(found.theta), *np.array(TWO_PEAKS, float)) > lower.total + 0.1
    assert fit(*TWO_PEAKS, start=np.exp(lower.point)).theta == pytest.approx(found.theta, rel=1e-12)


@given(lives, thetas)
def test_no_start_leads_higher_than_the_fit(life, theta):
    sample, found = mbg_nbd._sample(*life, None), fit(*life)
    best = posterior(np.log(found.theta), *life)
    assert found.converged
    assert mbg_nbd._climb(sample, theta, True).total <= best + 1e-9 * (1 + abs(best))


def test_order_of_rows_and_repeated_rows_do_not_matter(people):
    found = fit(*people[:3])
    order = np.random.default_rng(0).permutation(len(people.x))
    assert fit(*(v[order] for v in people[:3])).theta == pytest.approx(found.theta, rel=1e-11)
    few = [v[:300] for v in people[:3]]
    times = np.arange(300) % 4
    repeated, weighted = fit(*(np.repeat(v, times) for v in few)), fit(*few, weights=times)
    assert weighted.theta == pytest.approx(repeated.theta, rel=1e-11)
    assert (weighted.n, repeated.n) == (times.sum(), times.sum())
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)


def test_a_large_shop_is_fitted_to_all_its_rows_not_to_those_that_point_the_way():
    people = shop(30_000, *TRUTH, seed=8)
    sample = mbg_nbd._sample(*people[:3], None)
    assert len(mbg_nbd._thinned(sample).x) < len(sample.x) / 2
    peak = mbg_nbd._climb(sample, np.log(CENTRE), True)
    found = fit(*people[:3])
    assert found.theta == pytest.approx(np.exp(peak.point), rel=1e-9)
    order = np.random.default_rng(0).permutation(len(people.x))
    assert fit(*(v[order] for v in people[:3])).theta == pytest.approx(found.theta, rel=1e-11)


def test_nobody_gives_the_centre_of_the_prior_itself():
    found = fit([], [], [])
    assert found.theta == CENTRE
    assert (found.log_likelihood, found.n, found.converged) == (0.0, 0, True)
    assert fit([2], [30], [60], weights=[0]).theta == CENTRE


@pytest.mark.parametrize("life", ONE_CUSTOMER.values(), ids=ONE_CUSTOMER.keys())
def test_one_customer_moves_the_fit_and_leaves_it_finite(life):
    x, tx, age = np.array([life], float).T
    found = fit(x, tx, age)
    best = posterior(np.log(found.theta), x, tx, age)
    assert found.converged
    assert found.n == 1
    assert np.isfinite([*found.theta, found.log_likelihood]).all()
    assert all(posterior(np.log(found.theta) + h, x, tx, age) < best for h in (*np.eye(4) * 0.01, *np.eye(4) * -0.01))


@pytest.mark.parametrize("customers", [1, 50, 50_000])
def test_a_shop_of_one_time_buyers_is_held_by_the_prior(customers):
    found = fit(np.zeros(customers), np.zeros(customers), 1 + np.arange(customers) % 700)
    assert found.converged
    assert np.isfinite(found.theta).all()
    assert found.a / (found.a + found.b) > CENTRE[2] / (CENTRE[2] + CENTRE[3])


def test_without_a_prior_data_that_have_no_maximum_say_so():
    found = fit(np.zeros(50), np.zeros(50), np.arange(50), prior=False)
    assert not found.converged
    assert np.isfinite([*found.theta, found.log_likelihood]).all()


def test_without_a_prior_the_unit_of_time_changes_alpha_alone(people):
    days, weeks = fit(*people[:3], prior=False), fit(people.x, people.tx / 7, people.age / 7, prior=False)
    assert weeks.converged
    assert (weeks.r, weeks.alpha * 7, weeks.a, weeks.b) == pytest.approx(days.theta, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([1, 2], [3], [4]), "x, tx, age and weights differ in length."),
        (([1], [3], [4], [1, 1]), "x, tx, age and weights differ in length."),
        (([1], [3], [np.nan]), "x, tx, age and weights are finite and not negative."),
        (([-1], [3], [4]), "x, tx, age and weights are finite and not negative."),
        (([1.5], [3], [4]), "x, the number of repeat purchases, is a whole number up to 1,000,000."),
        (([10**9], [3], [4]), "x, the number of repeat purchases, is a whole number up to 1,000,000."),
        (([1], [5], [4]), "tx lies between 0 and age, and is 0 for who bought once."),
        (([0], [3], [4]), "tx lies between 0 and age, and is 0 for who bought once."),
        (([1], [3], [4], None, True, (1, 2, 3)), "The start of a fit is four positive numbers: r, alpha, a, b."),
        (([1], [3], [4], None, True, (1, 2, 3, 0)), "The start of a fit is four positive numbers: r, alpha, a, b."),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(arguments, said):
    with pytest.raises(InvalidInput) as refusal:
        fit(*arguments)
    assert str(refusal.value) == said


@given(thetas, st.integers(0, 5_000), st.integers(0, 4_000), st.sampled_from([7.0, 90.0, 365.0]))
def test_the_chance_to_buy_falls_with_silence_and_stays_a_chance(theta, x, tx, ahead):
    silence = np.r_[0.0, np.geomspace(0.01, 1e6, 200)]
    chance = p_buy(silence, x, tx if x else 0, ahead, *np.exp(theta))
    assert ((chance >= 0.0) & (chance <= 1.0)).all()
    assert (np.diff(chance) <= 1e-15).all()
    assert chance[0] > 0.0


@given(thetas, st.integers(0, 40), st.floats(0, 900), st.floats(0, 900), st.floats(1, 400))
def test_the_chance_to_buy_is_the_formula_as_written(theta, x, tx, silence, ahead):
    r, alpha, a, b = np.exp(theta)
    reached, n = alpha + tx, r + x
    buys = 1 - ((reached + silence) / (reached + silence + ahead)) ** n
    alive = 1 / (1 + a / (b + x) * ((reached + silence) / reached) ** n)
    assert p_buy(silence, x, tx, ahead, r, alpha, a, b) == pytest.approx(buys * alive, rel=1e-9, abs=1e-14)


def test_the_chance_to_buy_is_finite_at_the_far_ends():
    assert 0.0 < p_buy(1e6, 5_000, 5_000, 90, *CENTRE) < 1e-200
    assert 0.0 < p_buy(0.0, 5_000, 5_000, 90, *CENTRE) < 1.0
    assert 0.0 < p_buy(1e6, 0, 0, 90, *CENTRE) < 1e-5
    assert p_buy([[0.0], [10.0]], [0, 1, 2], [0, 5, 9], 90, *CENTRE).shape == (2, 3)


def test_of_those_given_a_chance_so_many_buy():
    people = shop(40_000, *TRUTH, seed=21)
    chance = p_buy(people.age - people.tx, people.x, people.tx, 90.0, *TRUTH)
    for low, high in [(0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)]:
        these = (low <= chance) & (chance < high)
        spread = np.sqrt((chance[these] * (1 - chance[these])).sum())
        assert these.sum() > 500
        assert abs(people.buys[these].sum() - chance[these].sum()) < 4 * spread
