"""The Python verbs: any kind of table in, the same kind out, and the same answer whatever the kind."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from commands import ORDERS, WINDOW

import tenure
from tenure.errors import BadColumns, BadFile, BadTime, InvalidInput
from tenure.lifecycle.picture import COLUMNS
from tenure.lifecycle.policy import Policy, Rule
from tenure.verbs import RowsRejected
from tenure.verbs.shop import instant_of

RULES = Policy(rule=Rule(kind="window", days=(30, 60, 90)))
AS_OF = "2024-03-01"

TABLE = pa.table({
    "customer": [1, 1, 2, 1],
    "date": pa.array([datetime(2024, 1, 10, 10, tzinfo=UTC), datetime(2024, 1, 20, 10, tzinfo=UTC),
                      datetime(2024, 1, 25, 23, 30, tzinfo=UTC), datetime(2024, 2, 20, 10, tzinfo=UTC)],
                     pa.timestamp("us", "UTC")),
    "order_id": ["a", "b", "c", "d"],
    "amount": [10.0, 5.0, 7.5, 5.0],
    "currency": ["EUR"] * 4,
    "category": ["books", "books", "boots", "books"],
})  # fmt: skip


def arrow_of(table):
    """Any table as Arrow."""
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return table.to_arrow()
    if isinstance(table, pd.DataFrame):
        return pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
    return table.to_arrow_table() if hasattr(table, "to_arrow_table") else table


def rows(table):
    return arrow_of(table).to_pylist()


KINDS = {
    "pandas": (TABLE.to_pandas, pd.DataFrame),
    "polars": (lambda: pl.from_arrow(TABLE), pl.DataFrame),
    "lazy polars": (lambda: pl.from_arrow(TABLE).lazy(), pl.LazyFrame),
    "pyarrow": (lambda: TABLE, pa.Table),
    "batch": (lambda: TABLE.to_batches()[0], pa.Table),
    "reader": (TABLE.to_reader, pa.Table),
    "duckdb": (lambda: duckdb.connect().from_arrow(TABLE), duckdb.DuckDBPyRelation),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_kind_comes_back_with_the_same_rows(kind):
    make, expected = KINDS[kind]
    asked = {"policy": RULES}
    for verb, more in ((tenure.stages, {"as_of": AS_OF}), (tenure.history, {}), (tenure.flows, {"every": "week"})):
        found = verb(make(), **asked, **more)
        assert isinstance(found, expected)
        assert rows(found) == rows(verb(TABLE, **asked, **more))


def test_a_path_and_several_paths_give_arrow(desk):
    path = desk / "orders.csv"
    whole = tenure.stages(str(path), as_of=AS_OF, policy=desk / "policy.toml")
    assert whole.equals(tenure.stages(path, as_of=AS_OF, policy=RULES))
    head, *lines = ORDERS.splitlines()
    for place, part in enumerate((lines[:1], lines[1:])):
        (desk / f"{place}.csv").write_text("\n".join([head, *part, ""]), encoding="utf-8")
    parts = [desk / "0.csv", desk / "1.csv"]
    assert tenure.stages(parts, as_of=AS_OF, policy=RULES).equals(whole)
    assert rows(tenure.stages([parts[0], TABLE.slice(1)], as_of=AS_OF, policy=RULES)) == rows(whole)


def test_pandas_has_real_times_and_counts():
    found = tenure.stages(TABLE.to_pandas(), as_of=AS_OF, policy=RULES)
    assert list(found.columns) == list(COLUMNS)
    kinds = found.dtypes.astype(str).to_dict()
    instants = {name for name, kind in kinds.items() if kind == "datetime64[us, UTC]"}
    assert instants == {name for name in COLUMNS if name.endswith("_at")} | {"since", "as_of"}
    assert [kinds[name] for name in ("customer_id", "cycle", "orders", "occasions")] == ["int64"] * 4
    assert found["stage"].tolist() == ["loyal", "lapsed"]
    assert found["detail"].isna().tolist() == [True, False]


def test_customers_keep_the_type_of_their_ids():
    text = TABLE.set_column(0, "customer", pa.array(["u1", "u1", "u2", "u1"]))
    assert tenure.stages(text, as_of=AS_OF)["customer_id"].to_pylist() == ["u1", "u2"]
    assert tenure.stages(TABLE, as_of=AS_OF)["customer_id"].type == pa.int64()


def test_a_duckdb_result_joins_the_tables_it_came_beside():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE names (customer_id BIGINT, name VARCHAR)")
    connection.execute("INSERT INTO names VALUES (1, 'Anna'), (2, 'Ben')")
    found = tenure.stages(connection.from_arrow(TABLE), as_of=AS_OF, policy=RULES)
    joined = found.select("customer_id", "stage").join(connection.table("names"), "customer_id").order("name")
    assert joined.select("name", "stage").fetchall() == [("Anna", "loyal"), ("Ben", "lapsed")]


@pytest.mark.parametrize(("given", "expected"), [
    ("2024-03-01", "2024-02-29T23:00"),
    ("2024-03-01T00:30", "2024-02-29T23:30"),
    ("2024-03-01T00:30Z", "2024-03-01T00:30"),
    (date(2024, 3, 1), "2024-02-29T23:00"),
    (datetime(2024, 3, 1, 0, 30), "2024-02-29T23:30"),  # noqa: DTZ001 - a time without a zone is the case
    (datetime(2024, 3, 1, 0, 30, tzinfo=ZoneInfo("America/New_York")), "2024-03-01T05:30"),
    (pd.Timestamp("2024-03-01 00:30"), "2024-02-29T23:30"),
    (pd.Timestamp("2024-03-01 00:30", tz="UTC"), "2024-03-01T00:30"),
    (1_709_253_000_000_000, "2024-03-01T00:30"),
    (np.int64(1_709_253_000_000_000), "2024-03-01T00:30"),
    (np.datetime64("2024-03-01T00:30"), "2024-02-29T23:30"),
])  # fmt: skip
def test_a_time_is_of_the_shops_zone_unless_it_says_another(given, expected):
    instant = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert instant_of(given, "Europe/Berlin") == int(instant.timestamp()) * 1_000_000


@pytest.mark.parametrize("given", [None, True, 1.5, "soon", 10**18, pd.NaT, np.datetime64("NaT"), []])
def test_what_is_no_time_is_refused(given):
    with pytest.raises(BadTime):
        tenure.stages(TABLE, as_of=given)


def test_columns_are_named_by_their_roles():
    odd = TABLE.rename_columns({"customer": "buyer no", "date": "when"})
    named = {"customer": "Buyer No", "at": "when"}
    assert rows(tenure.stages(odd, as_of=AS_OF, columns=named)) == rows(tenure.stages(TABLE, as_of=AS_OF))
    with pytest.raises(BadColumns, match=r"no column plays the role 'client': choose among customer, order, at"):
        tenure.stages(TABLE, as_of=AS_OF, columns={"client": "customer"})


def test_rows_that_cannot_be_used_are_warned_of_and_kept(tmp_path):
    bad = pa.table({"customer": ["1", None], "at": ["2024-01-01T00:00Z", "2024-01-02T00:00Z"]})
    with pytest.warns(RowsRejected, match="1 of 2 rows could not be used: 1 missing_customer") as seen:
        found = tenure.history(bad, rejects=tmp_path / "rejects.json")
    assert seen[0].filename == __file__
    assert found.num_rows == 1
    kept = json.loads((tmp_path / "rejects.json").read_text())
    assert [(row["line"], row["code"]) for row in kept] == [(2, "missing_customer")]
    with pytest.raises(BadFile, match=r"must end in \.parquet, \.csv or \.json"):
        tenure.history(bad, rejects=tmp_path / "rejects.txt")


def test_without_until_histories_stop_at_the_midnight_after_the_last_row():
    """The last order is of the 20th; a rule of one day would have more to say on the 21st."""
    daily = Policy(rule=Rule(kind="window", days=(1, 2, 3)))
    starts = tenure.history(TABLE, policy=daily)["from"].to_pylist()
    assert max(starts) == datetime(2024, 2, 20, 10, tzinfo=UTC)
    later = tenure.history(TABLE, policy=daily, until="2024-02-21T00:00:00.000001")["from"].to_pylist()
    assert max(later) == datetime(2024, 2, 21, tzinfo=UTC)
    assert tenure.flows(TABLE, every="day", policy=RULES)["period"].to_pylist()[-1] == date(2024, 2, 20)


def test_the_other_verbs_answer_in_their_own_kind(tmp_path):
    why = tenure.explain(TABLE, customer=1, as_of=AS_OF, policy=RULES)
    assert (why.stage, why.orders, str(why).splitlines()[0]) == ("loyal", 3, "Customer 1 as of 1 Mar 2024: loyal")
    found = tenure.suggest(TABLE, policy=RULES)
    assert found.policy == RULES
    assert isinstance(found.table(), pa.Table)
    page = tenure.report(TABLE, as_of=AS_OF, name="Anna & Co")
    assert page.startswith("<!doctype html>")
    assert "Anna &amp; Co" in page
    made = tenure.simulate(tmp_path / "s.parquet", customers=20)
    assert (made.customers, made.events.is_file()) == (20, True)


def test_progress_is_told_as_steps_begin(desk):
    steps = []
    tenure.stages(desk / "orders.csv", as_of=AS_OF, progress=steps.append)
    assert steps == ["reading", "placing every customer"]


def test_what_cannot_be_a_shop_is_refused():
    with pytest.raises(BadFile, match="a dict is not a table"):
        tenure.stages({"customer": [1]}, as_of=AS_OF)
    with pytest.raises(BadFile, match="no file was named"):
        tenure.stages([], as_of=AS_OF)
    with pytest.raises(InvalidInput, match="no period is called"):
        tenure.flows(TABLE, every="year")


def test_the_policy_file_of_the_tests_is_the_policy_of_the_tests(desk):
    assert (desk / "policy.toml").read_text() == WINDOW
    assert tenure.stages(TABLE, as_of=AS_OF, policy=str(desk / "policy.toml"))["policy"][0].as_py() == RULES.hash
