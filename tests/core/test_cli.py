"""The command as a process: what it prints and what it writes."""

import importlib.util
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import AS_OF, ORDERS, STAGES, done, read_csv, refused, tenure

from tenure.cli.arguments import parser
from tenure.cli.screen import cell, folded, prose, table
from tenure.simulation import CUSTOMERS, SHOPS

ROOT = Path(__file__).resolve().parents[2]


# What it prints


def test_stages_without_out_are_counts_and_the_first_rows(desk):
    shown = done(desk, *STAGES).splitlines()
    assert shown[:8] == [
        "2 customers as of 2024-03-01",
        "",
        "stage         customers  share",
        "------------  ---------  -----",
        "loyal                 1  50.0%",
        "lapsed/short          1  50.0%",
        "",
        "customer_id  stage         since       overdue     because",
    ]
    assert [line.split("  Silent")[0].split("  First")[0] for line in shown[9:]] == [
        "1            loyal         2024-02-20  2024-03-21",
        "2            lapsed/short  2024-02-24  2024-02-24",
    ]


@pytest.mark.parametrize("asked", [
    STAGES,
    ("history", "orders.csv"),
    ("flows", "orders.csv", "--every", "week"),
    ("suggest", "orders.csv"),
    ("explain", "orders.csv", "--customer", "1", *AS_OF),
    ("report", "orders.csv", *AS_OF),
], ids=lambda asked: asked[0])  # fmt: skip
def test_a_process_says_the_same_as_the_function(desk, asked):
    told = tenure(desk, *asked)
    assert (told.returncode, told.stderr, told.stdout) == (0, "", done(desk, *asked))


def test_dates_on_the_screen_are_the_shops(desk):
    """2024-02-24 begins in Kiritimati when it is still the 23rd in UTC: what is shown is the shop's date."""
    shown = done(desk, *STAGES, "--timezone", "Pacific/Kiritimati").splitlines()[-1]
    assert shown.split()[:4] == ["2", "lapsed/short", "2024-02-25", "2024-02-25"]


def test_history_without_out_is_the_first_rows(desk):
    shown = done(desk, "history", "orders.csv", "--policy", "policy.toml").splitlines()
    assert [line.split() for line in shown[4:]] == [
        ["1", "new", "2024-01-10", "2024-01-20"],
        ["1", "active", "2024-01-20", "2024-02-19"],
        ["1", "lapsed/short", "2024-02-19", "2024-02-20"],
        ["1", "loyal", "2024-02-20"],
        ["2", "new", "2024-01-25"],
    ]
    assert shown[0] == "5 intervals of 2 customers"


def test_flows_without_out_are_the_last_whole_period(desk):
    shown = done(desk, "flows", "orders.csv", "--until", "2024-03-01", "--detail", "--policy", "policy.toml")
    assert shown.splitlines() == [
        "the month from 2024-02-01, the last of 2",
        "",
        "from_stage  to_stage      customers",
        "----------  ------------  ---------",
        "new         lapsed/short          1",
        "active      loyal                 1",
        "",
        "all periods with --out NAME.parquet, .csv or .json",
    ]
    assert done(desk, "flows", "orders.csv", "--until", "2024-01-30") == "no whole month lies in these orders\n"


def test_more_rows_than_a_screen_holds_are_counted(desk):
    rows = [f"{customer},{customer},2024-01-10,1,EUR,books" for customer in range(1, 26)]
    (desk / "many.csv").write_text("\n".join([ORDERS.splitlines()[0], *rows]), encoding="utf-8")
    shown = tenure(desk, "stages", "many.csv", "--as-of", "2024-02-01").stdout.splitlines()
    assert shown[-1] == "the first 20 of 25 customers; all of them with --out NAME.parquet, .csv or .json"
    assert sum(line.split()[1:2] == ["new"] for line in shown) == 20


def test_no_line_of_a_table_is_wider_than_the_screen(desk):
    for columns in ("60", "100", "140"):
        shown = tenure(desk, *STAGES, COLUMNS=columns).stdout
        assert max(map(len, shown.splitlines())) <= int(columns)


def test_explain_says_it_in_text_and_in_json(desk):
    asked = ("explain", "orders.csv", "--customer", "1", "--as-of", "2024-03-01", "--policy", "policy.toml")
    text = done(desk, *asked)
    assert text.splitlines()[0] == "Customer 1 as of 1 Mar 2024: loyal"
    assert "  An order before 21 Mar 2024 keeps them loyal.\n" in text
    found = json.loads(done(desk, *asked, "--json"))
    assert (found["customer_id"], found["stage"], found["overdue_at"]) == (1, "loyal", "2024-03-21T00:00:00Z")
    assert (found["dues"]["short"], found["record"][0]["at"]) == ("2024-03-21", "2024-01-10T10:00:00Z")


def test_in_explain_the_column_is_named_apart_from_the_customer(desk):
    (desk / "odd.csv").write_text(ORDERS.replace("customer", "who", 1), encoding="utf-8")
    assert "no column tells the customer" in refused(desk, "stages", "odd.csv", "--as-of", "2024-03-01")
    for option in ("--customer", "--customer-column"):
        assert done(desk, "history", "odd.csv", option, "who").startswith("4 intervals of 2 customers\n")
    asked = ("explain", "odd.csv", "--customer-column", "who", "--customer", "2", "--as-of", "2024-03-01")
    assert done(desk, *asked).startswith("Customer 2 as of 1 Mar 2024")


@pytest.mark.parametrize("spelt", ["2", " 2 ", "2.0", "2.00\u00a0"])
def test_explain_finds_a_number_however_it_is_spelt(desk, spelt):
    asked = ("explain", "orders.csv", "--customer", spelt, "--as-of", "2024-03-01")
    assert done(desk, *asked).startswith("Customer 2 as of 1 Mar 2024")


def test_explain_takes_the_blanks_off_a_name_and_nothing_else(desk):
    (desk / "names.csv").write_text("customer,at\n Bo 2.0 ,2024-01-10T10:00Z\n", encoding="utf-8")
    asked = ("explain", "names.csv", "--as-of", "2024-03-01", "--customer")
    assert done(desk, *asked, "\tBo 2.0 ").startswith("Customer Bo 2.0 as of 1 Mar 2024")
    assert refused(desk, *asked, "Bo 2") == "no customer Bo 2 in the orders: the nearest are Bo 2.0"


# What it writes


def as_text(row):
    """A row of Parquet as CSV spells it."""
    def spelt(value):
        if hasattr(value, "isoformat"):
            return value.isoformat().replace("+00:00", "Z")
        return "" if value is None else str(value)

    return {name: spelt(value) for name, value in row.items()}


@pytest.mark.parametrize("asked", [
    STAGES,
    ("history", "orders.csv", "--policy", "policy.toml"),
    ("flows", "orders.csv", "--every", "day", "--detail", "--policy", "policy.toml"),
], ids=lambda asked: asked[0])  # fmt: skip
def test_parquet_csv_and_json_hold_the_same(desk, asked):
    for ending in ("parquet", "csv", "json"):
        assert done(desk, *asked, "--out", f"out.{ending}") == ""
    rows = pq.read_table(desk / "out.parquet").to_pylist()
    assert len(rows) > 1
    assert read_csv(desk / "out.csv") == [as_text(row) for row in rows]
    absent = [{name: value for name, value in as_text(row).items() if value} for row in rows]
    found = json.loads((desk / "out.json").read_text(encoding="utf-8"))
    assert [list(row) for row in found] == [list(row) for row in rows]
    assert [{name: str(value) for name, value in row.items() if value is not None} for row in found] == absent


def test_the_types_of_stages_are_those_of_the_contract(desk):
    done(desk, *STAGES, "--out", "out.parquet")
    instant = "timestamp[us, tz=UTC]"
    assert {field.name: str(field.type) for field in pq.read_schema(desk / "out.parquet")} == {
        "customer_id": "int64", "stage": "string", "detail": "string", "reason": "string", "since": instant,
        "because": "string", "cycle": "int64", "orders": "int64", "occasions": "int64", "first_order_at": instant,
        "last_order_at": instant, "expected_next_at": instant, "overdue_at": instant, "long_overdue_at": instant,
        "inactive_at": instant, "contact_on": "date32[day]", "as_of": instant, "policy": "string",
    }  # fmt: skip


def test_several_files_are_one_shop(desk):
    first, *rows = ORDERS.splitlines()
    for place, part in enumerate((rows[:2], rows[2:])):
        (desk / f"part{place}.csv").write_text("\n".join([first, *part, ""]), encoding="utf-8")
    done(desk, *STAGES, "--out", "whole.csv")
    done(desk, "stages", "part1.csv", "part0.csv", *STAGES[2:], "--out", "parts.csv")
    assert (desk / "parts.csv").read_text() == (desk / "whole.csv").read_text()


def test_a_file_that_was_there_is_replaced_whole_and_nothing_is_left_beside_it(desk):
    (desk / "out.csv").write_text("old", encoding="utf-8")
    done(desk, *STAGES, "--out", "out.csv")
    assert len(read_csv(desk / "out.csv")) == 2
    assert {path.name for path in desk.iterdir()} == {"orders.csv", "policy.toml", "out.csv"}


def test_a_failure_leaves_the_old_file_and_no_temporary_one(desk):
    (desk / "out.csv").write_text("old", encoding="utf-8")
    (desk / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    refused(desk, "stages", "broken.parquet", "--as-of", "2024-03-01", "--out", "out.csv")
    assert (desk / "out.csv").read_text() == "old"
    assert {path.name for path in desk.iterdir()} == {"orders.csv", "policy.toml", "out.csv", "broken.parquet"}


def test_a_report_goes_to_its_file_or_to_the_output(desk):
    asked = ("report", "orders.csv", "--as-of", "2024-03-01", "--name", "Anna & Co")
    page = done(desk, *asked)
    assert page.startswith("<!doctype html>")
    assert "Anna &amp; Co" in page
    done(desk, *asked, "--out", "page.html")
    assert (desk / "page.html").read_text(encoding="utf-8") == page


def test_suggest_writes_the_policy_and_the_numbers(desk):
    told = tenure(desk, "suggest", "orders.csv", "--out", "p.toml", "--out", "p.csv")
    assert (told.returncode, told.stderr) == (0, "")
    # too little to choose on is said, and what is used instead: that is an answer
    assert told.stdout.startswith("Too little history to compare rules: ")
    assert done(desk, *STAGES[:-1], "p.toml").startswith("2 customers")
    assert (desk / "p.csv").read_text().startswith("scope,category,region,rule,")


def test_simulate_writes_events_truth_and_policy_that_other_verbs_read(desk):
    done(desk, "simulate", "--out", "s.parquet", "--customers", "30")
    assert {path.name for path in desk.glob("s.*")} == {"s.parquet", "s.truth.parquet", "s.policy.toml"}
    told = tenure(desk, "stages", "s.parquet", "--as-of", "2100-01-01", "--policy", "s.policy.toml")
    assert (told.returncode, told.stdout.splitlines()[0]) == (0, "30 customers as of 2100-01-01")


def test_rejected_rows_are_counted_line_by_line_and_kept(desk):
    (desk / "bad.csv").write_text(ORDERS + "1,e,soon,1,EUR,books\n,f,2024-01-01T00:00Z,1,EUR,books\n", encoding="utf-8")
    told = tenure(desk, "stages", "bad.csv", "--as-of", "2024-03-01", "--rejects", "rejects.csv", "--out", "out.csv")
    assert (told.returncode, told.stdout) == (0, "")
    first, second, last = told.stderr.splitlines()
    assert first.startswith("tenure: 1 of 6 rows left out (bad_time): the time is missing or cannot be read; write ")
    assert second.startswith("tenure: 1 of 6 rows left out (missing_customer): no customer id; ")
    assert last == "tenure: the rows left out are in rejects.csv"
    rows = [(row["file"], row["line"], row["code"]) for row in read_csv(desk / "rejects.csv")]
    assert rows == [("bad.csv", "6", "bad_time"), ("bad.csv", "7", "missing_customer")]
    again = tenure(desk, "stages", "bad.csv", "--as-of", "2024-03-01", "--out", "out.csv").stderr
    assert again.splitlines()[-1] == "tenure: the rows left out can be seen with --rejects FILE"


def test_remarks_of_the_reading_are_notes(desk):
    (desk / "bare.csv").write_text("customer,date\n1,2024-01-10 10:00\n", encoding="utf-8")
    told = tenure(desk, "history", "bare.csv", "--out", "out.csv")
    assert told.stderr.startswith("tenure: note: the times carry no zone: read as times in UTC")
    assert (told.returncode, told.stderr.count("\n")) == (0, 1)


# What it is made of


def test_its_page_is_made_from_the_parser():
    spec = importlib.util.spec_from_file_location("make_command", ROOT / "docs" / "reference" / "make_command.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert (ROOT / "docs" / "reference" / "command.md").read_text(encoding="utf-8") == made.page()


def test_the_simulated_shops_and_their_sizes_are_as_the_help_says():
    simulate = parser()._subparsers._group_actions[0].choices["simulate"]
    (shops,) = (each for each in simulate._actions if each.dest == "shop")
    (customers,) = (each for each in simulate._actions if each.dest == "customers")
    assert shops.choices == SHOPS
    assert re.findall(r"([\d,]+) \((\w+)\)", customers.help) == [(f"{n:,}", name) for name, n in CUSTOMERS.items()]


def test_words_are_wrapped_and_a_wide_table_is_folded(monkeypatch):
    text = "One two three four.\nFive and\nsix.\n\nrule      gain   n\na b   .1 +- .2   1\nc            -  20\n\nEnd.\n"
    monkeypatch.setenv("COLUMNS", "20")
    assert list(prose(text)) == [
        "One two three four.", "Five and six.", "", "rule      gain   n", "a b   .1 +- .2   1", "c            -  20",
        "", "End.",
    ]  # fmt: skip
    assert list(folded(text.split("\n")[4:7], 16)) == [
        "rule      gain", "a b   .1 +- .2", "c            -", "", "rule   n", "a b    1", "c     20",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", ["100", "60"])
def test_suggest_fits_the_screen(desk, columns):
    done(desk, "simulate", "--shop", "rhythms", "--customers", "60", "--out", "s.parquet")
    shown = tenure(desk, "suggest", "s.parquet", COLUMNS=columns).stdout.splitlines()
    assert max(map(len, shown)) <= int(columns)
    assert sum(line.startswith("rhythm (in force) ") for line in shown) == {"100": 2, "60": 4}[columns]
    wide = tenure(desk, "suggest", "s.parquet", COLUMNS="200").stdout.splitlines()
    assert sum(line.startswith("rhythm (in force) ") for line in wide) == 1


STEERING = "\x1b[31mred\u202eder"
SPELT_OUT = "\\u001b[31mred\\u202eder"


def test_what_steers_a_terminal_is_written_out_on_it_and_kept_in_files(desk):
    long = "x" * 300
    text = f'customer,at\n{STEERING},2024-01-10T10:00Z\n{long},2024-01-10T10:00Z\n"a\nb",2024-01-10T10:00Z\n'
    (desk / "odd.csv").write_text(text, encoding="utf-8")
    shown = done(desk, "stages", "odd.csv", "--as-of", "2024-02-01").splitlines()
    assert [line.split("  ")[0] for line in shown[-3:]] == [SPELT_OUT, "a\\u000ab", "x" * 39 + "…"]
    assert {line.split()[1] for line in shown[-3:]} == {"new"}
    assert done(desk, "history", "odd.csv").count(SPELT_OUT) == 1
    for ending, asked in (("csv", ("stages", "--as-of", "2024-02-01")), ("json", ("history",))):
        done(desk, asked[0], "odd.csv", *asked[1:], "--out", f"out.{ending}")
    assert {row["customer_id"] for row in read_csv(desk / "out.csv")} == {STEERING, long, "a\nb"}
    assert {row["customer_id"] for row in json.loads((desk / "out.json").read_text())} == {STEERING, long, "a\nb"}


def test_errors_and_notes_steer_no_terminal_either(desk):
    (desk / "odd.csv").write_text(f"customer,{STEERING},{STEERING}x\n1,2,3\n", encoding="utf-8")
    assert "\x1b" not in refused(desk, "stages", "odd.csv", "--as-of", "2024-02-01")
    (desk / "policy.toml").write_text('[[scope]]\ncategory = "\\u202e"\n', encoding="utf-8")
    told = tenure(desk, *STAGES).stderr
    assert told.startswith("tenure: note: the policy names the category '\\u202e', but no row has it")
    (desk / "odd.csv").write_text(f"customer,at\n{STEERING},2024-01-10T10:00Z\n", encoding="utf-8")
    asked = ("explain", "odd.csv", "--customer", STEERING, "--as-of", "2024-02-01")
    assert done(desk, *asked).startswith(f"Customer {SPELT_OUT} as of 1 Feb 2024")
    assert json.loads(done(desk, *asked, "--json"))["customer_id"] == STEERING
    assert refused(desk, *asked[:3], "x", *asked[4:]).endswith(f"the nearest are {SPELT_OUT}")


def test_numbers_stand_to_the_right_and_names_to_the_left(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    rows = [(1, "a", 1234, None), (22, "b", 5, 0.25)]
    assert list(table(("id", "name", "n", "share"), rows, plain=("id",))) == [
        "id  name      n  share",
        "--  ----  -----  -----",
        "1   a     1,234",
        "22  b         5  0.250",
    ]
    assert (cell(True), cell("a\nb")) == ("yes", "a b")
