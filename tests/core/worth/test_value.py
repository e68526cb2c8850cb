"""Every column of `value`, recomputed from its definition in plain Python, on a small shop and a single model."""

import csv
from fractions import Fraction

import numpy as np
import pytest
from buyers import orders, written

import tenure
from tenure.errors import InvalidInput
from tenure.purchase.models import model_named
from tenure.purchase.summary import Summary
from tenure.worth.value import checked_rates, quintiles

AS_OF, ORIGIN = "2025-06-01", 20_240
HORIZON, MARGIN, RATE = 365, 0.4, 0.1
MODEL = "mbg_nbd"
MADE = orders(150, days=400, first=19_900)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The orders with ids, a partial refund of each seventh order before T, and a full one of each eleventh."""
    path = tmp_path_factory.mktemp("worth") / "shop.csv"
    written(path, MADE, currency="EUR")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["customer_id,at,type,order_id,amount,currency"]
    for number, row in enumerate(rows):
        lines.append(f"{row['customer_id']},{row['order_date']},order.placed,{number},{row['amount']},EUR")
        later = np.datetime64(row["order_date"]) + 20
        if number % 11 == 0:
            lines.append(f"{row['customer_id']},{later},order.refunded,{number},{row['amount']},EUR")
        elif number % 7 == 0:
            lines.append(f"{row['customer_id']},{later},order.refunded,{number},{float(row['amount']) / 4:.2f},EUR")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def valued(shop, **asked):
    found = tenure.value(shop, as_of=AS_OF, **{"horizon": HORIZON, "margin": MARGIN, "model": MODEL, **asked})
    return {row["customer_id"]: row for row in found.to_pylist()}


@pytest.fixture(scope="module")
def told(shop):
    return valued(shop)


@pytest.fixture(scope="module")
def people(shop):
    """customer: (days of orders that stand before T, what each came to, what went back of them)."""
    with shop.open(encoding="utf-8", newline="") as file:
        rows = [(row, np.datetime64(row["at"]).astype(int)) for row in csv.DictReader(file)]
    known = [(row, on, round(float(row["amount"]) * 100)) for row, on in rows if on < ORIGIN]
    placed = {row["order_id"]: minor for row, _, minor in known if row["type"] == "order.placed"}
    back = {row["order_id"]: minor for row, _, minor in known if row["type"] == "order.refunded"}
    found = {}
    for row, on, minor in known:
        number = row["order_id"]
        if row["type"] == "order.placed" and back.get(number, 0) < placed[number]:
            days, returned = found.setdefault(row["customer_id"], ({}, []))
            days[int(on)] = days.get(int(on), 0) + minor
            returned.append(back.get(number, 0))
    return {name: (sorted(days), [days[on] for on in sorted(days)], sum(back)) for name, (days, back) in found.items()}


@pytest.fixture(scope="module")
def model(people):
    """The model fitted to them, and everybody's state."""
    x = np.array([len(days) - 1.0 for days, _, _ in people.values()])
    t_x = np.array([days[-1] - days[0] for days, _, _ in people.values()], float)
    age = np.array([ORIGIN - 1.0 - days[0] for days, _, _ in people.values()])
    summary = Summary.of(x, t_x, age)
    fit = model_named(MODEL).fit(summary)
    assert fit.converged

    def means(x, t_x, age, horizon):
        states = Summary.of(x, t_x, age)
        return dict(zip(people, states.each(fit.model.expected_orders(states, float(horizon))), strict=True))

    return means, (x, t_x, age), fit.model


def share_left(means, state, rate):
    """Of each customer, what discounting day by day leaves of the orders to come."""
    upto = [means(*state, day) if day else dict.fromkeys(means(*state, 1), 0.0) for day in range(0, HORIZON + 1, 5)]
    factor = [(1 + rate) ** (-(day - 2.5) / 365) for day in range(5, HORIZON + 1, 5)]
    return {
        name: sum(f * (after[name] - before[name]) for f, before, after in zip(factor, upto, upto[1:], strict=False))
        / upto[-1][name]
        for name in upto[-1]
    }


def test_everybody_who_ordered_before_t_and_nobody_else_has_a_row(told, people):
    assert list(told) == sorted(people)
    assert {row["n"] for row in told.values()} == {len(people)}
    assert {(row["model"], row["horizon_days"], row["currency"]) for row in told.values()} == {(MODEL, HORIZON, "EUR")}


def test_worth_so_far_is_the_margin_of_what_was_kept(told, people):
    for name, (_, came, back) in people.items():
        assert told[name]["worth_minor"] == round(MARGIN * (sum(came) - back)), name
    assert sum(back for _, _, back in people.values()) > 0


def test_expected_value_is_orders_times_the_own_mean_of_an_occasion(told, people):
    for name, (_, came, _) in people.items():
        row = told[name]
        assert row["expected_value_minor"] == pytest.approx(row["expected_orders"] * np.mean(came)), name


def test_expected_margin_discounts_each_order_at_its_time(told, people, model):
    means, state, _ = model
    left = share_left(means, state, RATE)
    for name in people:
        row = told[name]
        for margin, value in (
            ("expected_margin_minor", "expected_value_minor"),
            ("margin_low_minor", "value_low_minor"),
            ("margin_high_minor", "value_high_minor"),
        ):
            assert row[margin] == pytest.approx(MARGIN * left[name] * row[value], rel=1e-3), (name, margin)


def test_scores_are_fifths_and_who_is_alike_shares_one(told, people):
    def fifth(score):
        ranked = {}
        for name, one in score.items():
            below = sum(other < one for other in score.values())
            alike = sum(other == one for other in score.values())
            ranked[name] = int(5 * (below + Fraction(alike, 2)) / len(score)) + 1
        return ranked

    assert {n: r["r_score"] for n, r in told.items()} == fifth({n: days[-1] for n, (days, _, _) in people.items()})
    assert {n: r["f_score"] for n, r in told.items()} == fifth({n: len(days) for n, (days, _, _) in people.items()})
    assert {n: r["m_score"] for n, r in told.items()} == fifth({n: sum(came) for n, (_, came, _) in people.items()})


def test_fifths_of_ties_and_of_few():
    assert quintiles(np.arange(10)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert quintiles(np.zeros(7)).tolist() == [3] * 7
    assert quintiles(np.array([1, 1, 1, 1, 9])).tolist() == [3, 3, 3, 3, 5]
    assert quintiles(np.array([4.0])).tolist() == [3]
    assert quintiles(np.empty(0)).tolist() == []


def test_what_a_new_customer_may_cost(told, people, model):
    _, _, fitted = model
    fresh = [(came[0], np.mean(came)) for days, came, _ in people.values() if days[0] >= ORIGIN - 365]
    new = Summary.of([0.0], [0.0], [0.0])
    later = float(fitted.expected_orders(new, float(HORIZON))[0]) * (1 + RATE) ** (-HORIZON / 2 / 365)
    first, spend = (np.mean(column) for column in zip(*fresh, strict=True))
    expected = MARGIN * (first + later * spend)
    (ceiling,) = {row["ceiling_acquire_minor"] for row in told.values()}
    assert ceiling == pytest.approx(expected, rel=1e-6)


def test_what_keeping_may_cost_is_what_silence_over_the_horizon_would_lose(told, people, model):
    means, (x, t_x, age), _ = model
    now, silent = means(x, t_x, age, HORIZON), means(x, t_x, age + HORIZON, HORIZON)
    for name in people:
        lost = 1 - silent[name] / now[name]
        assert told[name]["ceiling_keep_minor"] == pytest.approx(lost * told[name]["expected_margin_minor"]), name
        assert 0 <= told[name]["ceiling_keep_minor"] <= told[name]["expected_margin_minor"]


def test_what_winning_back_may_cost_is_what_an_order_tomorrow_would_add_and_only_for_who_is_gone(
    told, people, model, shop
):
    means, (x, _, age), _ = model
    back = means(x + 1, age + 1, age + 1, HORIZON)
    stages = {row["customer_id"]: row["stage"] for row in tenure.stages(shop, as_of=AS_OF).to_pylist()}
    assert len({"lapsed", "inactive", "loyal"} & set(stages.values())) == 3
    for name, (_, came, _) in people.items():
        row = told[name]
        if stages[name] not in ("lapsed", "inactive"):
            assert row["ceiling_winback_minor"] is None, name
            continue
        now = row["expected_margin_minor"]
        left = now / (MARGIN * row["expected_value_minor"])
        expected = max(MARGIN * left * np.mean(came) * back[name] - now, 0.0)
        assert row["ceiling_winback_minor"] == pytest.approx(expected, rel=1e-3, abs=0.5), name


MONEY = (
    "worth_minor", "expected_margin_minor", "margin_low_minor", "margin_high_minor", "ceiling_acquire_minor",
    "ceiling_keep_minor", "ceiling_winback_minor",
)  # fmt: skip


def test_twice_the_margin_is_twice_the_money_and_moves_nothing_else(told, shop):
    twice = valued(shop, margin=0.8)
    for name, row in told.items():
        for column in row:
            if column in MONEY and row[column] is not None:
                assert twice[name][column] == pytest.approx(2 * row[column], abs=1), (name, column)
            elif column != "assumptions":
                assert twice[name][column] == row[column], (name, column)


def test_a_rate_of_nothing_discounts_nothing(shop):
    for row in valued(shop, discount_rate=0.0, margin=1.0).values():
        assert row["expected_margin_minor"] == pytest.approx(row["expected_value_minor"])
        assert row["margin_high_minor"] == pytest.approx(row["value_high_minor"])
        assert "discount rate 0 a year" in row["assumptions"]


@pytest.mark.parametrize(
    ("margin", "rate", "why"),
    [
        (0.0, 0.1, "a margin is a share of revenue above 0 and up to 1, as in 0.4, not 0"),
        (40.0, 0.1, "not 40"),
        (float("nan"), 0.1, "not nan"),
        (0.4, -0.1, "a discount rate is from 0 to 10 a year, as in 0.1 for 10 %, not -0.1"),
        (0.4, float("inf"), "not inf"),
    ],
)
def test_rates_that_make_no_sense_are_refused(margin, rate, why):
    with pytest.raises(InvalidInput, match=why):
        checked_rates(margin, rate)


def test_several_currencies_are_never_mixed(tmp_path):
    path, rows = tmp_path / "two.csv", ["customer_id,order_date,amount,currency"]
    for currency, amounts in (("EUR", (10, 20, 30)), ("JPY", (5_000, 6_000, 7_000))):
        for number, amount in enumerate(amounts):
            rows += [f"{currency}{number},2025-0{month}-11,{amount},{currency}" for month in (1, 2 + number, 5)]
    rows += ["EUR9,2025-04-01,,EUR", "JPY0,2025-03-01,99.00,EUR"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    told = valued(path)
    assert [told[f"{word}{n}"]["m_score"] for word in ("EUR", "JPY") for n in range(3)] == [1, 3, 5, 1, 3, 5]
    ceilings = {row["currency"]: row["ceiling_acquire_minor"] for row in told.values()}
    assert MARGIN * 2_000 < ceilings["EUR"] < 20_000
    assert ceilings["JPY"] == pytest.approx(3 * ceilings["EUR"])
    assert told["JPY0"]["worth_minor"] == MARGIN * 15_000
    # nobody's amounts stand for those of another currency
    unknown = [column for column in told["EUR9"] if told["EUR9"][column] is None and column.endswith("minor")]
    assert {"expected_value_minor", "value_low_minor", "expected_margin_minor", "worth_minor"} <= set(unknown)
    assert told["EUR9"]["m_score"] is None
    assert told["EUR9"]["expected_orders"] > 0


def test_the_ensembles_ceilings_lie_within_what_is_expected(shop):
    for row in valued(shop, model="ensemble").values():
        assert 0 <= row["ceiling_keep_minor"] <= row["expected_margin_minor"]
        assert row["ceiling_winback_minor"] is None or row["ceiling_winback_minor"] >= 0
