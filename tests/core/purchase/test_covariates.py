"""What is known of customers from the beginning: coefficients planted are found, and move what they should."""

import numpy as np
import pytest
from stories import TRUTHS, people

from tenure.errors import InvalidInput
from tenure.purchase.models import model_named
from tenure.purchase.summary import Summary

# of a 0/1 and a continuous covariate; on which parameter, and with which sign, is in the papers
PLANTED = {
    "bg_nbd": {"alpha": (0.5, -0.3), "a": (0.8, 0.4), "b": (0.2, -0.3)},
    "pareto_nbd": {"alpha": (0.5, -0.3), "beta": (0.6, 0.4)},
}
SIGNS = {"alpha": -1.0, "beta": -1.0, "a": 1.0, "b": 1.0}
SIMULATIONS = 20

pytestmark = pytest.mark.parametrize("name", PLANTED)


def moved(name, known):
    """What the covariates add to the logarithms of the parameters: (parameters, customers)."""
    out = np.zeros((4, len(known)))
    for word, coefficients in PLANTED[name].items():
        out[model_named(name).base.index(word)] = SIGNS[word] * (known @ np.array(coefficients))
    return out


def crowd(name, customers, seed):
    random = np.random.default_rng(1_000 + seed)
    known = np.column_stack([random.random(customers) < 0.5, random.normal(size=customers)]).astype(float)
    lives = people(name, TRUTHS[name], customers, seed, moved(name, known), ages=(26.0, 78.0))
    return lives, known


def planted(name):
    """The model people are made with."""
    coefficients = tuple(value for pair in PLANTED[name].values() for value in pair)
    return model_named(name)(*TRUTHS[name], coefficients)


def test_planted_coefficients_are_found_as_often_as_the_standard_errors_say(name):
    scores, truth = [], np.array(planted(name).parameters)
    for seed in range(SIMULATIONS):
        lives, known = crowd(name, 3_000, seed)
        found = model_named(name).fit(Summary.of(*lives[:3], covariates=known))
        assert found.converged
        assert found.model.words == planted(name).words
        scores.append((np.array(found.model.parameters) - truth) / list(found.standard_errors.values()))
    scores = np.array(scores)[:, 4:]
    assert (np.abs(scores) < 2).mean() >= 0.9
    assert np.abs(scores.mean(axis=0)).max() < 0.7
    assert (scores.std(axis=0) < 1.5).all()


def test_everybody_is_told_what_a_model_with_their_own_parameters_tells(name):
    lives, known = crowd(name, 40, seed=1)
    model, rows = planted(name), Summary.of(*lives[:3], covariates=known)
    own = np.log(TRUTHS[name])[:, None] + moved(name, known)
    told = [model.log_likelihood(rows), model.p_alive(rows), *model.orders(rows, 39.0), model.expected_next_at(rows)]
    for i, theta in enumerate(np.exp(own.T)):
        alone, one = model_named(name)(*theta), Summary.of(*([column[i]] for column in lives[:3]))
        same = [alone.log_likelihood(one), alone.p_alive(one), *alone.orders(one, 39.0), alone.expected_next_at(one)]
        assert [rows.each(values)[i] for values in told] == pytest.approx([float(value[0]) for value in same], rel=1e-9)


def test_a_covariate_that_says_nothing_changes_nothing_but_the_standard_errors(name):
    lives, _ = crowd(name, 2_000, seed=3)
    plain = model_named(name).fit(Summary.of(*lives[:3]))
    noise = np.random.default_rng(8).normal(size=(2_000, 1))
    found = model_named(name).fit(Summary.of(*lives[:3], covariates=noise))
    gained = found.log_likelihood - plain.log_likelihood
    assert 0.0 <= gained < 8.0  # half a chi-squared of two or three
    zero = model_named(name)(*plain.model.parameters, (0.0,) * len(PLANTED[name]))
    rows = Summary.of(*lives[:3], covariates=noise)
    assert zero.log_likelihood(rows) @ rows.weight == pytest.approx(plain.log_likelihood, rel=1e-12)


def test_the_order_of_customers_and_alike_ones_do_not_matter(name):
    lives, known = crowd(name, 600, seed=4)
    known = np.round(known)
    columns = [np.ceil(column) for column in lives[:3]]
    found = model_named(name).fit(Summary.of(*columns, covariates=known))
    order = np.random.default_rng(0).permutation(600)
    shuffled = Summary.of(*(column[order] for column in columns), covariates=known[order])
    other = model_named(name).fit(shuffled)
    assert (other.model, other.log_likelihood) == (found.model, found.log_likelihood)
    assert shuffled.n_distinct < shuffled.n
    assert (shuffled.covariates[shuffled.kind][shuffled.row] == known[order]).all()
    twice = model_named(name).fit(Summary.of(*columns, np.full(600, 2.0), covariates=known))
    assert twice.model.parameters == pytest.approx(found.model.parameters, rel=1e-8)


def test_a_covariate_that_everybody_shares_is_told_not_to_be_known(name):
    lives, _ = crowd(name, 500, seed=5)
    found = model_named(name).fit(Summary.of(*lives[:3], covariates=np.ones((500, 1))))
    assert not found.converged
    assert "do not tell the parameters apart" in found.why_not
    assert set(found.standard_errors.values()) == {None}
    assert np.isfinite(found.model.parameters).all()


@pytest.mark.parametrize("known", [[[1.0], [np.nan]], [[1.0], [np.inf]], [[1.0]], [1.0, 2.0]])
def test_covariates_that_are_no_table_of_numbers_are_refused(name, known):
    with pytest.raises(InvalidInput) as refusal:
        Summary.of([0, 1], [0, 2], [3, 3], covariates=known)
    assert str(refusal.value) == "Covariates are a table of finite numbers, one row per customer."


def test_summaries_with_covariates_are_not_merged(name):
    part = Summary.of([0, 1], [0, 2], [3, 3], covariates=[[1.0], [0.0]])
    with pytest.raises(InvalidInput, match="Summaries with covariates are not merged"):
        Summary.merged(part, part)
