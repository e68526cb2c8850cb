"""Shops that tell little or nothing: a clear word, a number with its n or none, and never a NaN in what is written."""

import json
import re

import numpy as np
import pytest
from buyers import orders
from commands import read_csv

from tenure.cli import main
from tenure.verbs.shop import instant_of, opened
from tenure.verbs.worth import fit_of

AS_OF = "2025-01-01"
ASKED = ("--as-of", AS_OF, "--margin", "0.5")
MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd", "mbg_cnbd_k")
FIRST = np.datetime64("2024-01-01")
NO_NUMBER = re.compile(r"\b(nan|-?inf(inity)?|none|nat)\b", re.IGNORECASE)
ALIKE, ONCE = "too alike, or too few, for this model", "nobody has bought twice, so nothing tells how often people buy"
PRIOR = "mbg_nbd with its prior (docs/reference/worth.md) stands in"


def lines(rows, head="customer_id,order_date,amount"):
    """Days as T00:00Z, so that nothing is remarked of zones."""
    written = [",".join([who, f"{FIRST + on}T00:00Z", *map(str, more)]) for who, on, *more in rows]
    return "\n".join([head, *written]) + "\n"


def one_of_ninety():
    rows = [("big", day, 5 + day % 3) for day in range(360)]
    return lines(rows + [(f"c{n}", n * 7, 9) for n in range(40)])


def silent():
    made = orders(60, days=60, first=0)
    return lines([(f"c{c}", on, a / 100) for c, on, a in zip(made.customer, made.day, made.amount, strict=True)])


SHOPS = {
    "once": lines([(f"c{n}", n * 3, 10 + n % 7) for n in range(100)]),
    "silent": silent(),
    "ten": lines([(f"c{n}", n * 9 + gap, 10) for n in range(10) for gap in (0, 40 + n) if n % 2 or not gap]),
    "one90": one_of_ninety(),
    "zero": lines([(f"c{n}", n * 3 + gap, 0) for n in range(60) for gap in (0, 20, 50)]),
    "negative": lines([(f"c{n}", n * 3 + gap, -5 if gap == 20 else 1) for n in range(60) for gap in (0, 20, 50)]),
    "same": lines([(f"c{n}", 0, 10) for n in range(80)] * 2),
    "regular": lines([(f"c{n}", day, 10) for n in range(40) for day in range(n % 7, 360, 7)]),
    "bare": lines([(f"c{n}", n * 2 + gap) for n in range(60) for gap in (0, 30)], head="customer_id,order_date"),
    "single": lines([("a", 0, 5)]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("bad")
    for name, text in SHOPS.items():
        (made / f"{name}.csv").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """A verb that must succeed, run in that folder: (output, notes)."""
    monkeypatch.chdir(folder)

    def ran(*asked, code=0):
        gave = main([str(one) for one in asked])
        said = capsys.readouterr()
        assert gave == code, said.err
        return said.out, said.err

    return ran


def checked(folder, stem):
    """The rows of a written table, after looking for words in the place of numbers."""
    text = (folder / f"{stem}.csv").read_text(encoding="utf-8")
    assert NO_NUMBER.findall(text) == []
    rows = read_csv(folder / f"{stem}.csv")
    n = str(len(rows))
    for row in rows:
        assert (row["n"], row["horizon_days"]) == (n, "90")
        assert 0 < float(row["p_buy"]) < 1
        assert 0 < float(row["p_alive"]) <= 1
        assert float(row["expected_orders"]) >= 0.999 * float(row["p_buy"])
        assert 0 <= int(row["orders_low"]) <= int(row["orders_high"])
        for low, high in (("value_low_minor", "value_high_minor"), ("margin_low_minor", "margin_high_minor")):
            assert (row[low] == "") == (row[high] == "")
            assert not row[low] or 0 <= float(row[low]) <= float(row[high])
        assert row["model"]
    return rows


SAID = [
    ("once", "ensemble", [ONCE, PRIOR, "nobody has two orders with an amount: how orders differ is a stated guess"]),
    ("silent", "ensemble", ["fewer than 1,000 customers (n = 60)"]),
    ("ten", "ensemble", [PRIOR, ALIKE]),
    ("one90", "pareto_nbd", [PRIOR, ALIKE]),
    ("one90", "mbg_nbd", []),
    ("zero", "bg_nbd", [PRIOR, ALIKE]),
    ("negative", "mbg_nbd", []),
    ("same", "ensemble", [ONCE, PRIOR]),
    ("regular", "mbg_cnbd_k", [ALIKE]),
    ("bare", "pareto_nbd", []),
    ("single", "ensemble", [ONCE, PRIOR]),
]


@pytest.mark.parametrize(("shop", "model", "words"), SAID, ids=[f"{shop}-{model}" for shop, model, _ in SAID])
def test_every_shop_gets_numbers_and_is_told_what_they_come_from(folder, run, shop, model, words):
    _, said = run("value", f"{shop}.csv", *ASKED, "--model", model, "--out", f"{shop}-{model}.csv")
    rows = checked(folder, f"{shop}-{model}")
    assert [word for word in words if word not in said] == []
    if PRIOR in said:
        assert {row["model"] for row in rows} == {"mbg_nbd"}
    assert all(line.startswith("tenure: note: ") for line in said.splitlines())


@pytest.mark.parametrize("shop", ["once", "bare"])
def test_what_is_shown_has_its_n_and_no_word_in_the_place_of_a_number(run, shop):
    for verb in ("predict", "value"):
        shown, _ = run(verb, f"{shop}.csv", *(ASKED if verb == "value" else ASKED[:2]), "--model", "mbg_nbd")
        assert re.search(r"; mbg_nbd, n = \d+\)", shown)
        assert NO_NUMBER.findall(shown) == []


@pytest.mark.parametrize("shop", SHOPS)
def test_every_fit_says_whether_there_is_one_and_why_not(folder, shop):
    def no(word):
        raise AssertionError(f"{word} is no JSON")

    with opened(folder / f"{shop}.csv") as one:
        fits = [fit_of(one, model, instant_of(AS_OF, "UTC"), "week") for model in MODELS]
    for fit in fits:
        found = json.loads(fit.json(), parse_constant=no)
        assert found["n_customers"] >= 1
        assert found["n_distinct"] >= 1
        assert found["converged"] == ("why_not" not in found)
        if not found["converged"]:
            assert found["why_not"]
            assert set(found["standard_errors"].values()) == {None}


def test_a_fit_without_a_maximum_is_shown_as_one(run):
    shown, _ = run("fit", "once.csv", "--model", "bg_nbd", "--until", AS_OF)
    assert f"there is no maximum: {ONCE}; " in shown
    assert NO_NUMBER.findall(shown) == []


@pytest.mark.parametrize("shop", ["once", "zero", "bare"])
def test_gamma_gamma_without_spends_is_refused_in_a_sentence(run, shop):
    _, said = run("fit", f"{shop}.csv", "--model", "gamma_gamma", code=2)
    assert said.splitlines()[-1] == (
        "tenure: nobody bought again for a known amount above 0: there is nothing to fit Gamma-Gamma to"
    )


def test_amounts_that_are_nothing_less_or_unknown(folder, run):
    for shop in ("zero", "negative", "bare"):
        run("value", f"{shop}.csv", *ASKED, "--model", "mbg_nbd", "--out", f"{shop}-2.csv")
    zero, negative, bare = (read_csv(folder / f"{shop}-2.csv") for shop in ("zero", "negative", "bare"))
    money = [name for name in zero[0] if name.endswith("_minor") and name != "ceiling_winback_minor"]
    assert {row[name] for row in zero for name in money} <= {"0", "0.0"}
    # a euro, five back, a euro: what went back is more than what came, and the orders that stand are worth a euro each
    assert {row["worth_minor"] for row in negative} == {"-150"}
    for row in negative:
        assert float(row["expected_value_minor"]) == pytest.approx(100 * float(row["expected_orders"]))
    assert {row[name] for row in bare for name in [*money, "m_score"]} == {""}


def test_a_back_test_of_little_keeps_to_numbers(folder, run):
    for shop in ("once",):
        run("backtest", f"{shop}.csv", "--origins", "1", "--horizon", "60", "--out", f"back-{shop}.json")
        text = (folder / f"back-{shop}.json").read_text(encoding="utf-8")
        assert re.findall(r"NaN|Infinity", text) == []
        rows = json.loads(text)
        assert all(row["n"] > 0 for row in rows)
        assert {row["brier"] is None for row in rows if row["method"] == "recency"} == {True}
    _, said = run("backtest", "same.csv", "--horizon", "60", code=2)
    assert said.splitlines()[-1].startswith("tenure: the orders span 1 days: too few to forecast 60 days")


def test_a_unit_of_time_there_is_not_is_refused(folder, run):
    import tenure
    from tenure.errors import InvalidInput

    with pytest.raises(SystemExit) as end:
        run("fit", "ten.csv", "--model", "bg_nbd", "--unit", "fortnight")
    assert end.value.code == 2
    with pytest.raises(InvalidInput, match="a unit of time is day or week, not 'month'"):
        tenure.fit(folder / "ten.csv", model="bg_nbd", unit="month")
    with pytest.raises(InvalidInput, match="no model is called 'clv'; there are bg_nbd, "):
        tenure.fit(folder / "ten.csv", model="clv")
