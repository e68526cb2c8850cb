"""The chance in the rhythm rules by any purchase model: silences found by search, months that tell nothing, stages."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import tenure
from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.chances import Buyers, Chances, Told, tell
from tenure.lifecycle.known import KnownPopulation
from tenure.lifecycle.policy import Policy, Rule, Scope, dumps, load
from tenure.lifecycle.rhythm import SMAX
from tenure.lifecycle.trace import trace
from tenure.purchase.models import PURCHASE_MODELS, model_of, numbers_of
from tenure.purchase.summary import Summary
from tenure.read import read

DAY = 86_400_000_000
OTHERS = sorted({*PURCHASE_MODELS} - {"mbg_nbd"})
NUMBERS = {
    "bg_nbd": (0.7, 60.0, 0.8, 2.5),
    "pareto_nbd": (0.8, 50.0, 0.6, 90.0),
    "mbg_cnbd_k": (3, 1.1, 20.0, 0.5, 3.0),
    "mbg_nbd": (0.8, 45.0, 0.8, 1.6),
}


def people(n=300, days=720, seed=3):
    """Order days of customers who buy at rates of their own and drop out."""
    random = np.random.default_rng(seed)
    rows = []
    for c in range(n):
        day, rate = random.uniform(0, days * 0.7), random.gamma(1.2, 1 / 40)
        while day < days:
            rows.append((c, int(day)))
            if random.random() < 0.15:
                break
            day += random.exponential(1 / rate) + 1
    return rows


@pytest.fixture(scope="module")
def orders():
    customer, day = zip(*people(), strict=True)
    at = np.array(day) * DAY + 1_700_000_000_000_000 + 43_200_000_000
    return pa.table({"customer_id": list(customer), "at": pa.array(at, pa.timestamp("us", tz="UTC"))})


def chance(name, silence, x, t_x, ahead):
    """By the model, of one customer after many silences."""
    n = len(silence)
    rows = Summary.of(np.full(n, x), np.full(n, t_x), t_x + np.asarray(silence))
    return rows.each(model_of(name, NUMBERS[name]).p_buy(rows, ahead))


@pytest.mark.parametrize("name", PURCHASE_MODELS)
def test_a_model_is_made_again_from_its_numbers(name):
    model = model_of(name, NUMBERS[name])
    assert (model.name, numbers_of(model)) == (name, NUMBERS[name])
    assert model_of(name, [float(one) for one in NUMBERS[name]]) == model


@pytest.mark.parametrize("name", OTHERS)
def test_a_chance_falls_where_a_fine_search_says(name):
    asked = [(x, t_x, mark) for x, t_x in ((0, 0.0), (1, 30.0), (4, 160.0), (30, 700.0)) for mark in (0.05, 0.2, 0.45)]
    x, t_x, mark = (np.array(column) for column in zip(*asked, strict=True))
    ahead = np.full(len(asked), 60.0)
    found = Chances(name, np.array([NUMBERS[name]]), np.array([0.3])).falls(
        np.zeros(len(asked), np.int64), x, t_x, ahead, mark[:, None]
    )[:, 0]
    fine = np.r_[np.linspace(0.0, 400.0, 40_001), np.linspace(400.01, SMAX, 20_001)]
    between = 0
    for place, (one_x, one_t, one_mark) in enumerate(asked):
        above = np.flatnonzero(chance(name, fine, one_x, one_t, 60.0) >= one_mark)
        expected = 0.0 if not len(above) else fine[above[-1]]
        between += 0.0 < expected < SMAX
        assert found[place] == pytest.approx(expected, abs=0.2), asked[place]
        if 0.0 < found[place] < SMAX:
            here = chance(name, [found[place] - 1e-4, found[place] + 1e-4], one_x, one_t, 60.0)
            assert here[0] >= one_mark >= here[1]
    assert between >= 6


def test_of_regular_buyers_the_last_fall_counts():
    """After an order of somebody regular the next is not due yet: the chance rises before it falls."""
    numbers = (8, 40.0, 200.0, 0.1, 8.0)
    silence = np.linspace(0.0, 120.0, 1_201)
    n = len(silence)
    rows = Summary.of(np.full(n, 12), np.full(n, 480.0), 480.0 + silence)
    rising = rows.each(model_of("mbg_cnbd_k", numbers).p_buy(rows, 10.0))
    mark = (rising[0] + rising.max()) / 2
    assert rising[0] < mark < rising.max()
    one = Chances("mbg_cnbd_k", np.array([numbers]), np.array([0.5]))
    zero = np.zeros(1, np.int64)
    found = one.falls(zero, np.array([12]), np.array([480.0]), np.array([10.0]), np.array([[mark]]))
    assert found[0, 0] == pytest.approx(silence[np.flatnonzero(rising >= mark)[-1]], abs=0.2)


@pytest.mark.parametrize("name", OTHERS)
def test_who_tells_nothing_gives_no_model(name):
    none, empty = np.empty(0), np.empty(0, np.int64)
    assert tell(name, Buyers(empty, none, none, none, none.astype(bool)), 90.0).numbers is None
    once = Buyers(np.zeros(80, np.int64), np.zeros(80), np.arange(80.0), np.zeros(80), np.ones(80, bool))
    assert tell(name, once, 90.0).numbers is None


def test_months_that_tell_nothing_are_judged_by_the_usual_model():
    months = [Told(None, np.nan), Told(NUMBERS["bg_nbd"], 0.4)]
    found = Chances.of("bg_nbd", months)
    assert found.told.tolist() == [False, True]
    month, x = np.array([0, 1]), np.array([1, 1])
    told = found.p_buy(month, np.array([5.0, 5.0]), x, np.array([30.0, 30.0]), np.array([60.0, 60.0]))
    assert np.isnan(told[0])
    assert told[1] == pytest.approx(chance("bg_nbd", [5.0], 1, 30.0, 60.0)[0])


@pytest.mark.parametrize("name", OTHERS)
def test_stages_by_another_model(name, orders, tmp_path):
    """Intervals as by any rule: nothing that comes later moves them, sentence and explanation agree with them."""
    policy = Policy(learn=False, rule=Rule(model=name, kind="chance"))
    usual = Policy(learn=False, rule=Rule(kind="chance"))
    cut = 1_700_000_000_000_000 + 600 * DAY
    early, late, other = (
        tenure.history(orders, until=until, policy=one)
        for until, one in ((cut, policy), (cut + 90 * DAY, policy), (cut, usual))
    )
    instant = pa.scalar(cut, pa.timestamp("us", tz="UTC"))
    before = late.filter(pa.compute.less(late["from"], instant))
    ends = pa.compute.if_else(pa.compute.less(before["to"], instant), before["to"], None)
    assert before.drop(["to"]).equals(early.drop(["to"]))
    assert ends.to_pylist() == early["to"].to_pylist()
    assert not early.equals(other)
    picture = tenure.stages(orders, as_of=cut, policy=policy)
    path = tmp_path / "policy.toml"
    path.write_text(dumps(policy), encoding="utf-8")
    assert load(path) == policy
    later = [row for row in picture.to_pylist() if row["last_order_at"].timestamp() * 1_000_000 > cut - 300 * DAY]
    for row in later[:: len(later) // 2]:
        told = tenure.explain(orders, customer=row["customer_id"], as_of=cut, policy=str(path))
        assert (told.stage, told.detail, told.because) == (row["stage"], row["detail"], row["because"])
        assert told.judgement.model == name
        assert f"by {name}" in str(told)
        assert told.dues.short * DAY == row["overdue_at"].timestamp() * 1_000_000
        silent = told.judgement.chance < told.judgement.mark_short
        assert silent == (row["stage"] in ("lapsed", "inactive"))


def test_two_scopes_may_ask_two_models(orders):
    half = orders.append_column("region", pa.array(["n" if c.as_py() % 2 else "s" for c in orders["customer_id"]]))
    asked = Policy(learn=False, rule=Rule(model="bg_nbd"), scopes=(Scope(region="s", rule=Rule(model="mbg_cnbd_k")),))
    assert asked.models == ("bg_nbd", "mbg_cnbd_k")
    cut = 1_700_000_000_000_000 + 600 * DAY
    both, one, other = (
        {row["customer_id"]: row for row in tenure.stages(half, as_of=cut, policy=policy).to_pylist()}
        for policy in (asked, replace(asked, scopes=()), replace(asked, rule=asked.scopes[0].rule, scopes=()))
    )
    names = ("stage", "detail", "overdue_at", "inactive_at", "because")
    for customer, row in both.items():
        alone = (one if customer % 2 else other)[customer]
        assert [row[name] for name in names] == [alone[name] for name in names]


def test_what_was_learnt_is_kept_and_read_back(orders):
    policy = Policy(learn=False, rule=Rule(model="bg_nbd"))
    with DuckDB(threads=1) as engine:
        traced = trace(read(engine, orders), policy, zone="UTC", until=1_700_000_000_000_000 + 600 * DAY)
    known = KnownPopulation.of(traced)
    again = KnownPopulation.read(known.text(), policy)
    one, two = known.snapshots.others["bg_nbd"], again.snapshots.others["bg_nbd"]
    assert np.array_equal(one.numbers, two.numbers, equal_nan=True)
    assert np.array_equal(one.level, two.level, equal_nan=True)
    assert not one.told[0]
    assert one.told[-1]
    # what was written before there was a choice of models
    text = json.loads(known.text())
    del text["others"]
    assert KnownPopulation.read(json.dumps(text), policy).snapshots.others == {}


def test_the_usual_policy_is_written_and_hashed_as_before():
    assert Policy().hash == "7064c5c34611"
    assert Policy().models == ()
    assert Policy(rule=Rule(kind="window", model="bg_nbd")).models == ()
    assert "model" not in dumps(Policy())
    assert 'model = "bg_nbd"' in dumps(Policy(rule=Rule(model="bg_nbd")))
