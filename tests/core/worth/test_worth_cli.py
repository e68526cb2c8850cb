"""fit, predict, value and backtest as commands: columns, types, notes, exit codes, what is shown."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from buyers import orders, written
from commands import done, read_csv, refused

from tenure.cli import main

AS_OF = ("--as-of", "2025-10-20")
QUICK = ("--model", "mbg_nbd", "--horizon", "60")
PREDICT = (
    "customer_id", "p_buy", "p_alive", "expected_orders", "orders_low", "orders_high", "expected_value_minor",
    "value_low_minor", "value_high_minor", "currency", "expected_next_at", "model", "as_of", "horizon_days", "n",
)  # fmt: skip
VALUE = (
    *PREDICT, "worth_minor", "expected_margin_minor", "margin_low_minor", "margin_high_minor", "r_score", "f_score",
    "m_score", "ceiling_acquire_minor", "ceiling_keep_minor", "ceiling_winback_minor", "assumptions",
)  # fmt: skip
WHOLE = {"orders_low", "orders_high", "horizon_days", "n", "worth_minor", "r_score", "f_score", "m_score"}
WORDS = {"customer_id", "currency", "model", "assumptions"}
BACKTEST = (
    "origin", "horizon_days", "method", "model", "n", "buyers", "orders", "auc", "brier", "rmse", "mae", "bias",
    "coverage", "width", "total", "total_low", "total_high", "total_unanchored",
    *(f"pit_{tenth}" for tenth in range(1, 11)),
)  # fmt: skip
FIT = ("model", "parameters", "standard_errors", "log_likelihood", "n_customers", "n_distinct", "converged", "seconds")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with a shop in euros, whose times carry their zone."""
    folder = tmp_path_factory.mktemp("worth")
    path = written(folder / "orders.csv", orders(200), currency="EUR")
    lines = path.read_text(encoding="utf-8").splitlines()
    timed = [line.replace(",", "|", 1).replace(",", "T12:00:00Z,", 1).replace("|", ",") for line in lines[1:]]
    path.write_text("\n".join([lines[0], *timed]) + "\n", encoding="utf-8")
    return folder


def strict(text):
    def no(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=no)


def kind_of(name):
    if name in WHOLE:
        return pa.int64()
    if name in WORDS:
        return pa.string()
    return pa.timestamp("us", tz="UTC") if name in ("as_of", "expected_next_at") else pa.float64()


@pytest.mark.parametrize(("verb", "names"), [("predict", PREDICT), ("value", VALUE)])
def test_a_forecast_is_written_with_its_columns_and_types(shop, verb, names):
    asked = (verb, "orders.csv", *AS_OF, *QUICK, *(("--margin", "0.4") if verb == "value" else ()))
    for ending in ("parquet", "csv", "json"):
        assert done(shop, *asked, "--out", f"{verb}.{ending}") == ""
    table = pq.read_table(shop / f"{verb}.parquet")
    assert table.schema.names == list(names)
    assert {name: table.schema.field(name).type for name in names} == {name: kind_of(name) for name in names}
    ids = table["customer_id"].to_pylist()
    assert ids == sorted(ids)
    assert set(table["n"].to_pylist()) == {len(ids)} == {200}
    rows, in_csv = strict((shop / f"{verb}.json").read_text(encoding="utf-8")), read_csv(shop / f"{verb}.csv")
    assert [list(row) for row in (rows[0], in_csv[0])] == [list(names)] * 2
    for row, told, cells in zip(table.to_pylist(), rows, in_csv, strict=True):
        assert told["p_buy"] == row["p_buy"] == float(cells["p_buy"])
        assert cells["as_of"] == told["as_of"] == "2025-10-20T00:00:00Z"
        for name in names:
            assert (cells[name] == "") == (told[name] is None) == (row[name] is None), name
        assert isinstance(told["orders_low"], int)
        assert row["orders_low"] <= row["orders_high"]


def test_a_fit_is_strict_json_and_says_what_it_was_fitted_to(shop):
    asked = ("fit", "orders.csv", "--model", "bg_nbd", "--json")
    weeks, days = strict(done(shop, *asked)), strict(done(shop, *asked, "--unit", "day"))
    assert [name for name in weeks if name in FIT] == list(FIT)
    assert (weeks["unit"], days["unit"], weeks["n_customers"], weeks["converged"]) == ("week", "day", 200, True)
    assert list(weeks["parameters"]) == list(weeks["standard_errors"]) == ["r", "alpha", "a", "b"]
    assert days["parameters"]["alpha"] == pytest.approx(7 * weeks["parameters"]["alpha"], rel=1e-4)
    # an order is a density in time: seven times less likely a day than a week
    assert days["log_likelihood"] < weeks["log_likelihood"] < 0
    shown = done(shop, "fit", "orders.csv", "--model", "bg_nbd")
    assert shown.startswith("bg_nbd of 200 customers (")
    assert f"log-likelihood {weeks['log_likelihood']:,.4f}; a maximum was found" in shown


def test_a_fit_knows_nothing_from_t_on(shop):
    early = strict(done(shop, "fit", "orders.csv", "--model", "mbg_nbd", "--json", "--until", "2025-01-01"))
    with (shop / "orders.csv").open(encoding="utf-8", newline="") as file:
        kept = [row for row in csv.reader(file) if row[1] == "order_date" or row[1] < "2025-01-01"]
    (shop / "early.csv").write_text("\n".join(",".join(row) for row in kept) + "\n", encoding="utf-8")
    cut = strict(done(shop, "fit", "early.csv", "--model", "mbg_nbd", "--json", "--until", "2025-01-01"))
    assert {**early, "seconds": 0} == {**cut, "seconds": 0}


def test_gamma_gamma_is_of_orders_and_of_who_ordered_again(shop):
    found = strict(done(shop, "fit", "orders.csv", "--model", "gamma_gamma", "--json"))
    assert (found["unit"], list(found["parameters"])) == ("order", ["p", "q", "gamma"])
    assert 0 < found["n_customers"] < 200
    shown = done(shop, "fit", "orders.csv", "--model", "gamma_gamma")
    assert shown.startswith(f"gamma_gamma of {found['n_customers']} customers who ordered again\n")


def test_a_forecast_is_shown_as_totals_and_first_rows(shop):
    shown = done(shop, "predict", "orders.csv", *AS_OF, *QUICK).splitlines()
    assert shown[0].startswith("200 customers; in the 60 days from 2025-10-20 some ")
    assert shown[0].endswith("; mbg_nbd, n = 200)")
    assert shown[1].startswith("they may come to ")
    assert " EUR (90 % between " in shown[1]
    assert shown[3].split() == [
        "customer_id", "p_buy", "expected_orders", "orders_low", "orders_high", "expected_next_at",
    ]  # fmt: skip
    assert sum(line.startswith("c0") for line in shown) == 20
    assert shown[-1] == "the first 20 of 200 customers; all of them with --out NAME.parquet, .csv or .json"


def test_values_are_shown_as_money(shop):
    shown = done(shop, "value", "orders.csv", *AS_OF, *QUICK, "--margin", "0.4", "--discount-rate", "0").splitlines()
    assert shown[3].split("  ")[0] == "customer_id"
    assert "r f m" in shown[3]
    assert "win back" in shown[3]
    assert sum(line.startswith("c0") and line.count(" EUR") >= 3 for line in shown) == 20


def test_a_back_test_is_written_and_shown(shop, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    asked = ["backtest", "orders.csv", "--origins", "99", "--horizon", "325", "--out", "track.parquet"]
    assert main(asked) in (0, None)
    assert capsys.readouterr() == ("", "tenure: note: the orders have room for 2 origins, not 99\n")
    done(shop, "backtest", "orders.csv", "--origins", "1", "--horizon", "90", "--out", "track.json")
    table = pq.read_table(shop / "track.parquet")
    assert table.schema.names == list(BACKTEST)
    assert table.schema.field("origin").type == pa.date32()
    rows = strict((shop / "track.json").read_text(encoding="utf-8"))
    assert [list(row) for row in rows] == [list(BACKTEST)] * len(rows)
    assert {"ensemble", "pareto_nbd", "recency", "status_quo", "within_90"} <= {row["method"] for row in rows}
    assert all(row["n"] > 0 and row["buyers"] <= row["n"] for row in rows)
    shown = done(shop, "backtest", "orders.csv", "--origins", "1", "--horizon", "90")
    origin, ensemble = rows[0]["origin"], rows[0]
    assert shown.startswith(f"1 origin, 90 days ahead: {origin} (n = {ensemble['n']})\n")
    means = next(line for line in shown.splitlines() if line.startswith("ensemble "))
    assert means.split()[1:3] == [f"{ensemble['auc']:.3f}", f"{ensemble['brier']:.4f}"]
    assert f"  {origin}: {ensemble['total']:,.0f} (90 % {ensemble['total_low']:,.0f} to" in shown


def test_what_a_forecast_falls_back_on_is_noted(shop, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    assert main(["value", "orders.csv", *AS_OF, "--margin", "0.4", "--out", "note.csv"]) in (0, None)
    note = "tenure: note: fewer than 1,000 customers (n = 200): the average of the models alone\n"
    assert capsys.readouterr() == ("", note)
    assert {row["model"] for row in read_csv(shop / "note.csv")} == {"bg_nbd+mbg_nbd+pareto_nbd+mbg_cnbd_k"}


REFUSALS = [
    (("predict", "orders.csv", *AS_OF, "--horizon", "0"), "--horizon 0: a forecast looks at least one day ahead"),
    (("predict", "orders.csv", *AS_OF, "--horizon", "9999"), "a horizon is 1 to 3,650 days, not 9,999"),
    (("predict", "orders.csv", "--as-of", "2020-01-01"), None),
    (("predict", "orders.csv", *AS_OF, "--model", "clv"), None),
    (("predict", "orders.csv", *AS_OF, "--out", "p.xlsx"),
     "cannot write p.xlsx: the name must end in .parquet, .csv or .json"),
    (("value", "orders.csv", *AS_OF), "the following arguments are required: --margin; see tenure value --help"),
    (("value", "orders.csv", *AS_OF, "--margin", "40"),
     "a margin is a share of revenue above 0 and up to 1, as in 0.4, not 40"),
    (("fit", "orders.csv", "--model", "bg_nbd", "--unit", "month"), None),
    (("fit", "orders.csv", "--model", "bg_nbd", "--until", "2020-01-01"),
     "nobody ordered before that day: there is nothing to fit a model to"),
    (("backtest", "orders.csv", "--origins", "0"), "a back-test needs at least one origin, not 0"),
    (("backtest", "orders.csv", "--horizon", "499"), None),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "why"), REFUSALS, ids=[" ".join(asked) for asked, _ in REFUSALS])
def test_what_cannot_be_done_is_one_line_and_exit_code_two(shop, asked, why, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    try:
        code = main(list(asked))
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    lines = [line for line in said.err.splitlines() if not line.startswith("tenure: note: ")]
    assert len(lines) == 1
    assert why is None or lines == [f"tenure: {why}"]
    assert not (shop / "p.xlsx").exists()


@pytest.mark.parametrize("verb", ["fit", "predict", "value", "backtest"])
def test_help_tells_every_option(shop, verb, capsys):
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code in (0, None)
    told = capsys.readouterr().out
    more = {
        "fit": ("--model", "--until", "--unit", "--json"), "predict": ("--as-of", "--horizon", "--model", "--out"),
        "value": ("--margin", "--discount-rate", "--out"), "backtest": ("--origins", "--horizon", "--out"),
    }  # fmt: skip
    assert [option for option in (*more[verb], "--policy", "--timezone", "--rejects") if option not in told] == []


def test_a_file_is_not_written_over_what_is_read(shop):
    assert refused(shop, "predict", "orders.csv", *AS_OF, "--out", "orders.csv") == (
        "cannot write orders.csv: it is one of the files to be read; choose another name"
    )
