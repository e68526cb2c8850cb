"""The comparison of rules judges what it says: pictures on the cut beside what came after it, counted from the file."""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

import tenure
from tenure.lifecycle.policy import Rule

HERE = Path(__file__).resolve().parent.parent / "benchmarks"
CUT, BEGINS = "2024-07-19", 200


@pytest.fixture(scope="module")
def rules():
    sys.path.insert(0, str(HERE))
    try:
        import rules

        yield rules
    finally:
        sys.path.remove(str(HERE))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    random = np.random.default_rng(5)
    rows = []
    for c in range(120):
        gap, until = 3 + c % 40, 300 if c % 3 else 150
        rows += [(c, int(day)) for day in np.cumsum(random.exponential(gap, 60) + 1) if day < until] or [(c, 0)]
    path = tmp_path_factory.mktemp("rules") / "made.parquet"
    duckdb.sql(
        "SELECT c AS customer_id, DATE '2024-01-01' + d AS order_date FROM (VALUES "
        + ", ".join(f"({c}, {day})" for c, day in rows) + ") AS v(c, d)"
    ).write_parquet(str(path))  # fmt: skip
    return path, rows


def test_rules_are_judged_by_the_stage_on_the_cut_and_by_the_next_order(rules, made):
    path, rows = made
    cut = rules.Cut("made", "made.parquet", CUT, 60)
    who = rules.people(path, cut)
    days = {c: sorted({day for one, day in rows if one == c}) for c in range(120)}
    known = {str(c): found for c, found in days.items() if found[0] < BEGINS}
    assert sorted(who.ids) == sorted(known)
    for place, name in enumerate(who.ids):
        later = [day - BEGINS for day in known[name] if day >= BEGINS]
        assert who.next_in[place] == (later[0] if later else np.inf)
        assert who.orders[place] == sum(day < BEGINS for day in known[name])
    found = rules.columns(path, cut, {"the default": Rule(), "20 days": Rule(kind="window", days=(20, 40, 80))})
    assert [one.name for one in found] == ["made 2024, 60 d"]
    picture = tenure.stages(str(path), as_of=CUT)
    flagged = {str(row["customer_id"]): row["stage"] in ("lapsed", "inactive") for row in picture.to_pylist()}
    gone = np.array([not one < 60 for one in who.next_in])
    said = np.array([flagged[name] for name in who.ids])
    expected = (said[gone].mean() + (~said)[~gone].mean()) / 2
    assert found[0].accuracy["the default"] == pytest.approx(expected)
    assert found[0].accuracy[rules.HINDSIGHT] >= 0.5
    # by fixed days: who waited longer than twenty of them was late
    waits = {
        name: BEGINS + who.next_in[place] - max(day for day in known[name] if day < BEGINS)
        for place, name in enumerate(who.ids)
        if who.next_in[place] < 60 and who.orders[place] >= rules.REGULAR
    }
    assert found[0].regular == len(waits) > 20
    assert found[0].false["20 days"] == pytest.approx(np.mean([wait > 20 for wait in waits.values()]))
    text = rules.table(found)
    assert text.splitlines()[0] == "| rule | made 2024, 60 d | mean | false lapses |"
    assert f"Regular customers who came back: {len(waits)}." in text


def test_the_best_threshold_is_the_best_of_all(rules):
    chance = np.array([0.1, 0.1, 0.4, 0.5, 0.5, 0.9])
    gone = np.array([True, False, True, True, False, False])
    tried = [((chance <= at)[gone].mean() + (chance > at)[~gone].mean()) / 2 for at in (0.1, 0.4, 0.5, 0.9)]
    assert rules.in_hindsight(chance, gone) == pytest.approx(max(tried))
