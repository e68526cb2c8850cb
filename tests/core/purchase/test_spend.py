"""What an order is worth: Gamma-Gamma and the customer's own mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma as gamma_of

from tenure.errors import InvalidInput
from tenure.purchase import gamma_gamma
from tenure.purchase.gamma_gamma import GammaGamma, Spends
from tenure.purchase.spend import OwnMean

TRUTH = GammaGamma(4.0, 3.5, 20.0)


def buyers(customers, seed, truth=TRUTH):
    """How often each ordered, and what they spent on an order, on average: order by order, by the story."""
    random = np.random.default_rng(seed)
    x = 1 + random.poisson(2.0, customers)
    rate = random.gamma(truth.q, 1.0 / truth.gamma, customers)
    whose = np.repeat(np.arange(customers), x)
    spent = random.gamma(truth.p, 1.0 / rate[whose])
    return x.astype(float), np.bincount(whose, weights=spent) / x


def slopes(function, at, width=1e-4):
    steps = np.eye(len(at)) * width
    return np.array([
        (8 * (function(at + h) - function(at - h)) - (function(at + 2 * h) - function(at - 2 * h))) / (12 * width)
        for h in steps
    ])


points = st.tuples(st.floats(-2, 3), st.floats(-2, 3), st.floats(-1, 6)).map(np.array)
spends = st.lists(st.tuples(st.integers(1, 40), st.floats(0.01, 1e4)), min_size=1, max_size=30).map(
    lambda rows: np.array(rows, float).T
)


@given(spends, points)
def test_gradient_and_hessian_are_the_slopes_of_the_likelihood(told, point):
    sample, logs = Spends.of(*told), float(np.log(told[1]).sum())
    value, gradient, hessian = gamma_gamma._height(sample, logs, point)
    scale = max(1.0, abs(value))
    assert value == pytest.approx(GammaGamma.at(point).log_likelihood(*told).sum(), rel=1e-9, abs=1e-8)
    along = slopes(lambda at: np.r_[gamma_gamma._height(sample, logs, at)[:2]], point)
    assert gradient == pytest.approx(along[:, 0], abs=1e-6 * scale)
    assert hessian == pytest.approx(along[:, 1:], abs=1e-6 * scale)


@pytest.mark.parametrize(("x", "mean"), [(1, 3.0), (1, 40.0), (3, 12.0), (20, 55.0)])
def test_the_likelihood_is_the_mean_spend_of_the_story(x, mean):
    p, q, gamma = TRUTH.parameters

    def joint(rate):
        return gamma_of.pdf(mean, p * x, scale=1.0 / (rate * x)) * gamma_of.pdf(rate, q, scale=1.0 / gamma)

    density = quad(joint, 0.0, 10.0, points=[p / mean], limit=200)[0]
    assert TRUTH.log_likelihood(x, mean) == pytest.approx(np.log(density), rel=1e-7)


@pytest.mark.parametrize(("x", "mean"), [(0, 0.0), (1, 3.0), (2, 90.0), (8, 30.0)])
def test_the_expected_spend_is_that_of_people_who_would_have_spent_so(x, mean):
    rate = np.random.default_rng(4).gamma(TRUTH.q, 1.0 / TRUTH.gamma, 400_000)
    weight = gamma_of.pdf(mean, TRUTH.p * x, scale=1.0 / (rate * x)) if x else np.ones(len(rate))
    share, theirs = weight / weight.sum(), TRUTH.p / rate
    middle = share @ theirs
    error = np.sqrt(share**2 @ (theirs - middle) ** 2)
    assert abs(TRUTH.expected_spend(x, mean) - middle) < 4 * error


def test_the_expected_spend_lies_between_the_customers_and_everybodys_and_nears_theirs():
    x, everybody = np.array([0, 1, 3, 10, 1_000, 1e6]), TRUTH.p * TRUTH.gamma / (TRUTH.q - 1.0)
    expected = TRUTH.expected_spend(x, np.full(6, 100.0))
    assert expected[0] == pytest.approx(everybody)
    assert (np.diff(expected) > 0).all()
    assert expected[-1] == pytest.approx(100.0, rel=1e-5)


def test_where_the_model_knows_no_mean_there_is_none():
    few = GammaGamma(0.05, 0.9, 15.0)
    assert np.isnan(few.expected_spend([0, 1, 3], [0.0, 10.0, 10.0])).tolist() == [True, True, False]
    assert np.isnan(GammaGamma(4.0, 1.0, 15.0).expected_spend(0, 0.0))
    assert "NaN" in GammaGamma.expected_spend.__doc__


def test_the_fit_finds_the_parameters_people_were_made_with():
    scores = []
    for seed in range(30):
        found = GammaGamma.fit(Spends.of(*buyers(2_000, seed)))
        assert found.converged
        errors = np.array(list(found.standard_errors.values()))
        scores.append((np.array(found.model.parameters) - TRUTH.parameters) / errors)
    assert (np.abs(scores) < 2).mean() >= 0.9
    assert np.abs(np.mean(scores, axis=0)).max() < 0.6


def test_the_fit_tells_what_it_found_in_any_order_and_any_currency():
    x, mean = buyers(1_500, seed=2)
    found = GammaGamma.fit(Spends.of(x, mean))
    assert (found.n, found.why_not, found.model.words) == (1_500, None, ("p", "q", "gamma"))
    assert found.log_likelihood == pytest.approx(found.model.log_likelihood(x, mean).sum(), rel=1e-12)
    back = GammaGamma.fit(Spends.of(np.r_[0, x[::-1]], np.r_[0.0, mean[::-1]]))
    assert back.n == 1_500
    assert back.model.parameters == pytest.approx(found.model.parameters, rel=1e-9)
    yen = GammaGamma.fit(Spends.of(x, 150.0 * mean)).model
    assert (yen.p, yen.q, yen.gamma / 150.0) == pytest.approx(found.model.parameters, rel=1e-8)


@pytest.mark.parametrize(("x", "mean"), [([3] * 20, [10.0] * 20), ([3], [10.0])], ids=["all alike", "one customer"])
def test_spends_that_have_no_maximum_say_so(x, mean):
    found = GammaGamma.fit(Spends.of(x, mean))
    assert not found.converged
    assert "too alike" in found.why_not
    assert np.isfinite([*found.model.parameters, found.log_likelihood]).all()
    assert found.model.expected_spend(3, 10.0) == pytest.approx(10.0, rel=1e-3)


def test_customers_stand_by_how_often_they_ordered():
    told = Spends.of([2, 0, 1, 2, 5], [4.0, 0.0, 3.0, 6.0, 7.0])
    assert (told.n, told.orders.tolist(), told.begin.tolist()) == (4, [1, 2, 5], [0, 1, 3, 4])
    assert told.mean.tolist() == [3.0, 4.0, 6.0, 7.0]


@pytest.mark.parametrize(
    ("x", "mean", "said"),
    [
        ([1, 2], [3.0], "x and mean differ in length."),
        ([1, 2], [3.0, 0.0], "The mean spend of an order is a positive number."),
        ([1, 2], [3.0, -1.0], "The mean spend of an order is a positive number."),
        ([1, 2], [3.0, np.nan], "The mean spend of an order is a positive number."),
        ([1, 2], [3.0, np.inf], "The mean spend of an order is a positive number."),
        ([1, -2], [3.0, 4.0], "x holds numbers that are negative or not finite."),
        ([1, np.nan], [3.0, 4.0], "x holds numbers that are negative or not finite."),
        ([1, np.inf], [3.0, 4.0], "x holds numbers that are negative or not finite."),
    ],
)
def test_spends_that_cannot_be_are_refused_in_one_line(x, mean, said):
    with pytest.raises(InvalidInput) as refusal:
        Spends.of(x, mean)
    assert str(refusal.value) == said


@pytest.mark.parametrize("model", [GammaGamma, OwnMean])
def test_without_orders_there_is_no_fit(model):
    with pytest.raises(InvalidInput) as refusal:
        model.fit(Spends.of([0, 0], [0.0, 0.0]))
    assert str(refusal.value) == "There are no customers to fit a model to."


def test_own_mean_is_the_customers_own_or_everybodys():
    model = OwnMean.fit(Spends.of([2, 0, 1], [4.0, 0.0, 10.0]))
    assert model == OwnMean(6.0)
    assert model.expected_spend([2, 0, 1], [4.0, 0.0, 10.0]).tolist() == [4.0, 6.0, 10.0]
