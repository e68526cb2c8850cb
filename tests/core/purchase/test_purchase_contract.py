"""What holds of every purchase model, asked of all of them in the same words."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from stories import TRUTHS, guesses, people

from tenure.errors import InvalidInput
from tenure.purchase.base import PurchaseModel
from tenure.purchase.models import PURCHASE_MODELS, model_named
from tenure.purchase.summary import Summary

pytestmark = pytest.mark.parametrize("name", PURCHASE_MODELS)

HORIZONS = (0.1, 4.0, 39.0, 400.0)
CUSTOMERS = [(0, 0, 10.0), (0, 0, 40.0), (1, 5.0, 30.0), (3, 20.0, 22.0), (6, 30.0, 39.0), (12, 38.0, 39.0)]
FAR = [
    (x, 0.0 if x == 0 else share * age, age)
    for age in (1e-3, 1.0, 39.0, 1e5)
    for x in (0, 1, 10_000)
    for share in (1e-9, 0.5, 1.0)
]
PUBLISHED = [word for word in (*PurchaseModel.__annotations__, *vars(PurchaseModel)) if not word.startswith("_")]


def model_of(name):
    """The model with the parameters of its story."""
    return model_named(name)(*TRUTHS[name])


def summary_of(lives):
    return Summary.of(*lives[:3], log_gaps=lives.log_gaps)


def rows_of(customers):
    return Summary.of(*np.array(customers, float).T)


@pytest.fixture(scope="module")
def lives():
    """2,000 customers of each story."""
    return {name: people(name, truth, 2_000, seed=7) for name, truth in TRUTHS.items()}


@pytest.fixture(scope="module")
def fits(lives):
    return {name: model_named(name).fit(summary_of(lives[name])) for name in PURCHASE_MODELS}


def test_the_published_questions_are_answered_by_these_names(name):
    model = model_of(name)
    assert model.name == name
    assert [word for word in PUBLISHED if not hasattr(model, word)] == []
    for word in PUBLISHED:
        asked = getattr(PurchaseModel, word, None)
        if inspect.isfunction(asked):
            assert list(inspect.signature(getattr(type(model), word)).parameters) == list(
                inspect.signature(asked).parameters
            )
    assert len(model.words) == len(model.parameters)
    assert model.at(np.log(model.parameters)).parameters == pytest.approx(model.parameters, rel=1e-14)


def test_the_farthest_lives_have_likelihoods_and_chances(name):
    model, rows = model_of(name), rows_of(FAR)
    assert np.isfinite(model.log_likelihood(rows)).all()
    next_at = model.expected_next_at(rows)
    assert (next_at > 0).all()
    chances = [model.p_alive(rows), *(model.p_buy(rows, horizon) for horizon in (1e-3, 1.0, 90.0, 1e5))]
    for chance in chances:
        assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chances[1:], axis=0) >= -1e-14).all()
    orders = model.orders(rows, 90.0)
    assert np.isfinite(np.array(orders)).all()
    assert orders.expected == pytest.approx(model.expected_orders(rows, 90.0), rel=1e-6, abs=1e-12)


def test_the_chance_to_buy_is_one_less_the_likelihood_of_having_seen_nothing_for_so_long(name):
    model, rows = model_of(name), rows_of([*CUSTOMERS, (2, 2.0, 39.0), (50, 38.0, 39.0), (26, 30.0, 40.0)])
    for horizon in HORIZONS:
        silent = model.log_likelihood(replace(rows, age=rows.age + horizon))
        chance = model.p_buy(rows, horizon)
        assert chance == pytest.approx(-np.expm1(silent - model.log_likelihood(rows)), rel=1e-7, abs=1e-12)
        assert model.orders(rows, horizon).p_buy == pytest.approx(chance, rel=1e-12)


def test_more_is_bought_in_longer_time_and_the_numbers_fit_each_other(name):
    model, rows = model_of(name), rows_of(CUSTOMERS)
    before = model.orders(rows, 1e-6)
    assert before.expected == pytest.approx(0.0, abs=1e-4)
    for horizon in HORIZONS:
        orders = model.orders(rows, horizon)
        assert orders.expected == pytest.approx(model.expected_orders(rows, horizon), rel=1e-6)
        assert (orders.p_buy > before.p_buy).all()
        assert (orders.expected > before.expected).all()
        assert (orders.expected >= orders.p_buy).all()
        assert (orders.second >= np.maximum(orders.expected, orders.expected**2)).all()
        assert (orders.low <= orders.high).all()
        assert (orders.high >= before.high).all()
        assert (np.r_[orders.low, orders.high] % 1 == 0).all()
        before = orders


def test_in_no_time_nothing_is_bought(name):
    orders = model_of(name).orders(rows_of(CUSTOMERS), 0.0)
    assert np.abs(np.array(orders)).max() == 0.0


def test_each_row_may_have_a_horizon_of_its_own(name):
    model, rows = model_of(name), rows_of(CUSTOMERS)
    horizons = np.geomspace(1.0, 100.0, rows.n_distinct)
    together = model.orders(rows, horizons)
    alone = [model.orders(rows.between(slice(i, i + 1)), float(horizons[i])) for i in range(rows.n_distinct)]
    assert np.array(together) == pytest.approx(np.concatenate([np.array(one) for one in alone], axis=1), rel=1e-12)
    assert model.p_buy(rows, horizons) == pytest.approx(together.p_buy, rel=1e-12)
    assert model.expected_orders(rows, horizons) == pytest.approx(together.expected, rel=1e-9)


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("horizon", [4.0, 39.0])
def test_the_future_is_that_of_people_who_live_by_the_story(name, customer, horizon):
    model, rows = model_of(name), rows_of([customer])
    found = guesses(name, TRUTHS[name], customer, horizon, draws=60_000, seed=3)
    orders = model.orders(rows, horizon)
    for said, values in [
        (orders.p_buy, found.orders > 0), (orders.expected, found.orders), (orders.second, found.orders**2),
        (model.p_alive(rows), found.alive),
    ]:  # fmt: skip
        middle, error = found.mean(values)
        assert abs(said[0] - middle) < 4.5 * error + 1e-9
    for quantile, level in [(orders.low[0], 0.05), (orders.high[0], 0.95)]:
        reached, error = found.mean(found.orders <= quantile)
        below, _ = found.mean(found.orders < quantile)
        assert below - 4.5 * error <= level <= reached + 4.5 * error


def test_half_of_those_who_will_ever_order_again_have_by_the_time_that_is_told(name):
    model, rows = model_of(name), rows_of(CUSTOMERS)
    told = model.expected_next_at(rows)
    assert model.p_buy(rows, told) == pytest.approx(model.p_buy(rows, 1e12) / 2.0, rel=1e-7)


def test_models_that_are_as_likely_are_mixed_evenly(name, fits):
    model, rows = model_of(name), rows_of(CUSTOMERS)
    other = model.at(np.log(model.parameters) + 0.5)
    mixed, each = model.orders(rows, 39.0, others=[model, other]), [m.orders(rows, 39.0) for m in (model, other)]
    for word in ("p_buy", "expected", "second"):
        mean = (getattr(each[0], word) + getattr(each[1], word)) / 2.0
        assert getattr(mixed, word) == pytest.approx(mean, rel=1e-9)
    assert (mixed.low >= np.minimum(each[0].low, each[1].low)).all()
    assert (mixed.high <= np.maximum(each[0].high, each[1].high)).all()
    found = fits[name]
    logs = np.log([one.parameters for one in found.likely()])
    assert logs.mean(axis=0) == pytest.approx(np.log(found.model.parameters), abs=1e-12)
    assert np.cov(logs.T, bias=True) == pytest.approx(found.covariance, rel=1e-9, abs=1e-12)


def test_a_fit_tells_what_it_found(name, lives, fits):
    found, life = fits[name], lives[name]
    rows = summary_of(life)
    assert (found.converged, found.why_not) == (True, None)
    assert (found.n, found.n_distinct) == (len(life.x), rows.n_distinct)
    assert tuple(found.parameters) == tuple(found.standard_errors) == found.model.words
    assert found.covariance == pytest.approx(found.covariance.T, rel=1e-9)
    assert np.linalg.eigvalsh(found.covariance)[0] > 0
    of_gaps = (getattr(found.model, "k", 1) - 1) * life.log_gaps
    told = found.model.log_likelihood(rows) @ rows.weight + of_gaps
    assert found.log_likelihood == pytest.approx(told, rel=1e-10)


def test_the_fit_stands_where_no_step_leads_higher(name, lives, fits):
    rows, model = summary_of(lives[name]), fits[name].model
    top, here = model.log_likelihood(rows) @ rows.weight, np.log(model.parameters)
    for step in (*np.eye(4) * 1e-3, *np.eye(4) * -1e-3):
        assert model.at(here + step).log_likelihood(rows) @ rows.weight < top


def test_the_fit_finds_the_parameters_people_were_made_with(name):
    found = model_named(name).fit(summary_of(people(name, TRUTHS[name], 20_000, seed=1)))
    assert getattr(found.model, "k", 1) == (TRUTHS[name][0] if name == "mbg_cnbd_k" else 1)
    for word, truth in zip(found.model.words, TRUTHS[name][-4:], strict=True):
        assert abs(found.parameters[word] - truth) < 4 * found.standard_errors[word]


def test_standard_errors_are_those_of_a_numerical_hessian_in_the_parameters_themselves(name, lives, fits):
    rows, found = summary_of(lives[name]), fits[name]
    here = np.array(found.model.parameters)
    steps = np.diag(here * 2e-3)

    def height(at):
        return float(found.model.at(np.log(at)).log_likelihood(rows) @ rows.weight)

    curve = np.array([
        [height(here + p + q) - height(here + p - q) - height(here - p + q) + height(here - p - q) for q in steps]
        for p in steps
    ])
    covariance = np.linalg.inv(-curve / (4.0 * np.outer(steps.sum(axis=0), steps.sum(axis=0))))
    assert list(found.standard_errors.values()) == pytest.approx(np.sqrt(np.diag(covariance)), rel=0.01)


def test_the_order_of_customers_does_not_matter(name, lives, fits):
    life = lives[name]
    order = np.random.default_rng(0).permutation(len(life.x))
    rows = Summary.of(life.x[order], life.t_x[order], life.age[order], log_gaps=life.log_gaps)
    found = model_named(name).fit(rows)
    assert (found.model, found.log_likelihood) == (fits[name].model, fits[name].log_likelihood)
    whole = summary_of(life)
    assert (rows.each(rows.x) == life.x[order]).all()
    assert (whole.each(whole.age) == life.age).all()


def test_parts_merged_are_the_whole(name):
    shards = [people(name, TRUTHS[name], customers, seed) for seed, customers in enumerate((900, 1, 300))]
    shards = [shard._replace(age=np.ceil(shard.age), t_x=np.ceil(shard.t_x)) for shard in shards]  # many are alike
    columns = [np.concatenate(column) for column in list(zip(*shards, strict=True))[:3]]
    whole = Summary.of(*columns, log_gaps=sum(shard.log_gaps for shard in shards))
    merged = Summary.merged(*map(summary_of, shards))
    for word in ("x", "t_x", "age", "weight", "kind", "row"):
        assert np.array_equal(getattr(merged, word), getattr(whole, word))
    assert merged.log_gaps == pytest.approx(whole.log_gaps, rel=1e-14)
    assert whole.n_distinct < whole.n == 1_201
    assert model_named(name).fit(merged).model == model_named(name).fit(whole).model


def test_a_row_that_weighs_three_is_three_rows(name, lives):
    life = lives[name]
    few = [column[:500] for column in life[:3]]
    thrice = Summary.of(*(np.repeat(column, 3) for column in few), log_gaps=3.0 * life.log_gaps)
    weighted = Summary.of(*few, np.full(500, 3.0), log_gaps=3.0 * life.log_gaps)
    found, other = model_named(name).fit(weighted), model_named(name).fit(thrice)
    assert (found.model, found.log_likelihood, found.n) == (other.model, other.log_likelihood, 1_500)
    once = model_named(name).fit(Summary.of(*few, log_gaps=life.log_gaps))
    assert found.model.parameters == pytest.approx(once.model.parameters, rel=1e-9)
    errors = np.array(list(once.standard_errors.values())) / np.sqrt(3.0)
    assert list(found.standard_errors.values()) == pytest.approx(errors, rel=1e-6)


def test_the_unit_of_time_changes_the_times_among_the_parameters_alone(name, lives, fits):
    rows, found = summary_of(lives[name]), fits[name]
    other = model_named(name).fit(rows.in_units(7.0))
    for word, value in found.parameters.items():
        assert other.parameters[word] * (7.0 if word in ("alpha", "beta") else 1.0) == pytest.approx(value, rel=1e-8)
    # a density of as many times as there are repeats
    assert other.log_likelihood - found.log_likelihood == pytest.approx(np.log(7.0) * (rows.weight @ rows.x), rel=1e-9)
    assert other.model.p_buy(rows.in_units(7.0), 39.0 / 7.0) == pytest.approx(found.model.p_buy(rows, 39.0), rel=1e-7)


NO_MAXIMUM = {
    "everybody bought once": (np.zeros(50), np.zeros(50), np.arange(1.0, 51.0)),
    "ten alike": (np.full(10, 3), np.full(10, 20.0), np.full(10, 30.0)),
    "nobody leaves, all at one rate": (np.arange(1, 41), 30.0 * np.arange(1, 41), 30.0 * np.arange(1, 41)),
}
WHY_NOT = {
    "nobody has bought twice, so nothing tells how often people buy",
    "the likelihood grows without end: these customers are too alike, or too few, for this model",
    "the likelihood is flat around its maximum: these customers do not tell the parameters apart",
}


@pytest.mark.parametrize("case", NO_MAXIMUM)
def test_where_there_is_no_maximum_the_fit_says_so_and_why_and_all_is_still_a_number(name, case):
    x, t_x, age = NO_MAXIMUM[case]
    gaps = np.repeat(np.divide(t_x, np.maximum(x, 1)), np.asarray(x, int))
    rows = Summary.of(x, t_x, age, log_gaps=float(np.log(gaps).sum()))
    found = model_named(name).fit(rows)
    assert not found.converged
    assert found.why_not in WHY_NOT
    assert ("nobody has bought twice" in found.why_not) == (case == "everybody bought once")
    assert np.isfinite([*found.model.parameters, found.log_likelihood]).all()
    assert (found.covariance, found.likely()) == (None, [found.model])
    assert set(found.standard_errors.values()) == {None}
    said = (found.model.log_likelihood(rows), found.model.p_alive(rows), found.model.expected_next_at(rows))
    assert not np.isnan(np.array([*said, *found.model.orders(rows, 30.0)])).any()


def test_without_customers_there_is_no_fit(name):
    with pytest.raises(InvalidInput) as refusal:
        model_named(name).fit(Summary.of([], [], [], log_gaps=0.0))
    assert str(refusal.value) == "There are no customers to fit a model to."
