import numpy as np
import pyarrow as pa
import pytest
from buyers import orders

from tenure.errors import InvalidInput
from tenure.purchase.ensemble import ENOUGH_CUSTOMERS, earlier_days, ensemble
from tenure.purchase.histories import Histories
from tenure.purchase.models import model_named
from tenure.worth.backtest import backtest, origins_of
from tenure.worth.forecast import forecast, model_names

ORIGIN = 20_380


def histories(made, until=None):
    kept = slice(None) if until is None else made.day < until
    return Histories.of(made.customer[kept], made.day[kept], made.amount[kept])


@pytest.fixture(scope="module")
def few():
    return orders(400)


@pytest.fixture(scope="module")
def many():
    return orders(ENOUGH_CUSTOMERS + 500, seed=9)


@pytest.mark.parametrize("model", model_names())
def test_a_forecast_knows_nothing_of_what_comes_after(many, model):
    whole, cut = (forecast(histories(many, until), ORIGIN, 60, model) for until in (None, ORIGIN))
    for name in ("p_buy", "orders", "low", "high", "value", "value_low", "value_high", "next_day", "p_alive"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name
    assert whole.total_between() == cut.total_between()


@pytest.mark.parametrize("model", model_names())
def test_every_number_of_a_forecast_is_one(few, model):
    told = forecast(histories(few), ORIGIN, 60, model)
    for name in ("p_buy", "p_alive", "orders", "low", "high", "value", "value_low", "value_high"):
        assert np.isfinite(getattr(told, name)).all(), name
    assert ((told.p_buy > 0) & (told.p_buy < 1)).all()
    assert (told.orders >= told.p_buy - 1e-9).all()
    assert (told.low <= told.high).all()
    assert (told.value_low <= told.value_high).all()
    assert (told.next_day > ORIGIN - 1).all()
    low, high = told.total_between()
    assert low < told.total < high


def test_who_is_gone_the_longest_is_the_least_likely_to_come(few):
    told = forecast(histories(few), ORIGIN, 60)
    once = told.standing.x == 0
    by_silence = np.argsort(told.standing.silence[once])
    assert (np.diff(told.p_buy[once][by_silence]) <= 1e-12).all()


def test_few_customers_get_the_average_of_the_models_and_are_told(few):
    told = forecast(histories(few), ORIGIN, 60)
    assert told.model == "bg_nbd+mbg_nbd+pareto_nbd+mbg_cnbd_k"
    assert told.notes == ("fewer than 1,000 customers (n = 400): the average of the models alone",)
    standing = histories(few).at(ORIGIN)
    summary = standing.summary()
    chances = [model_named(name).fit(summary).model.p_buy(summary, 60.0) for name in model_names()[1:]]
    assert told.p_buy == pytest.approx(summary.each(np.mean(chances, axis=0)), rel=1e-6)


def test_many_customers_get_the_ensemble_brought_to_the_anchored_total(many):
    made = ensemble(histories(many), ORIGIN, 60)
    told = made.tell(histories(many).at(ORIGIN))
    assert made.learners is not None
    assert made.why_plain is None
    assert told.total == pytest.approx(told.plain_total * made.anchor.factor, rel=0.01)
    assert [past.origin for past in made.past] == [day for day, _ in earlier_days(20_000, ORIGIN, 60)]


def test_an_earlier_day_is_one_whose_outcome_was_known():
    for origin in (20_100, 20_400, 21_500):
        for day, ahead in earlier_days(20_000, origin, 90):
            assert day > 20_000
            assert day + ahead <= origin
    assert earlier_days(20_000, 20_020, 90) == []


def test_origins_end_where_the_outcome_is_known():
    assert origins_of(0, 500, 4, 90) == [60, 177, 293, 410]
    assert origins_of(0, 500, 1, 90) == [410]
    assert origins_of(0, 100, 4, 90) == []
    assert origins_of(0, 160, 4, 90) == [60, 70]


def test_a_back_test_says_of_every_origin_what_a_forecast_from_it_says(few):
    found = backtest(histories(few), 20_500, origins=2, horizon=60)
    assert found.notes == ()
    table = found.table().to_pylist()
    assert {row["method"] for row in table} >= {*model_names(), "recency", "status_quo", "within_90"}
    for judged in found.of("pareto_nbd"):
        told = forecast(histories(few, judged.origin), judged.origin, 60, "pareto_nbd")
        placed = histories(few).outcome(told.standing, 60).orders
        assert judged.scores.rmse == pytest.approx(float(np.sqrt(np.mean((told.orders - placed) ** 2))))
        assert judged.scores.brier == pytest.approx(float(np.mean((told.p_buy - (placed > 0)) ** 2)))
        assert judged.scores.orders == placed.sum()
        assert judged.total == pytest.approx(told.orders.sum())
        assert judged.scores.coverage >= 0.85
    assert sum(one.n for one in found.calibration("ensemble")) == sum(one.scores.n for one in found.of("ensemble"))
    assert found.mean("recency", "brier") is None
    assert found.mean("ensemble", "auc") > 0.6


def test_the_status_quo_is_what_was_ordered_in_the_same_days_a_year_before():
    made = Histories.of([1, 1, 1, 1, 2, 2], [20_000, 20_404, 20_405, 20_464, 20_000, 20_465])
    found = backtest(made, 20_830, origins=1, horizon=60, models=("mbg_nbd",))
    (quo,) = found.of("status_quo")
    assert (quo.origin, quo.total) == (20_770, 2.0)


def test_too_short_a_past_is_refused_in_a_sentence(few):
    with pytest.raises(InvalidInput, match="span 500 days: too few to forecast 480 days"):
        backtest(histories(few), 20_500, origins=2, horizon=480)
    with pytest.raises(InvalidInput, match="at least one origin"):
        backtest(histories(few), 20_500, origins=0, horizon=60)
    assert backtest(histories(few), 20_500, origins=99, horizon=300).notes == (
        "the orders have room for 8 origins, not 99",
    )


def test_what_cannot_be_forecast_is_refused():
    with pytest.raises(InvalidInput, match="nobody ordered before"):
        forecast(Histories.of([1], [20_000]), 20_000, 90)
    with pytest.raises(InvalidInput, match="a horizon is 1 to"):
        forecast(Histories.of([1], [20_000]), 20_001, 0)
    with pytest.raises(InvalidInput, match="no purchase model is called 'clv'"):
        forecast(Histories.of([1], [20_000]), 20_001, 90, "clv")


def test_the_table_of_a_back_test_has_its_types(few):
    table = backtest(histories(few), 20_500, origins=1, horizon=60, models=("mbg_nbd",)).table()
    assert table.schema.field("origin").type == pa.date32()
    assert table.schema.field("n").type == pa.int64()
    assert table.num_rows == table.filter(pa.compute.equal(table["n"], 400)).num_rows
