"""Customers, kinds, currencies; what is rejected, what is only remarked on; several sources as one."""

import hashlib
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import EVENT, csv, seen

from tenure.engine.duckdb import DuckDB
from tenure.errors import BadColumns, BadFile
from tenure.lifecycle.population import draws
from tenure.read import REASONS, read


def ids_in(tmp_path, *texts):
    rows = "".join(f'"{text}",2024-01-{i + 1:02d}\n' for i, text in enumerate(texts))
    return seen(csv(tmp_path / "a.csv", f"customer,at\n{rows}"))


def ids_of(array):
    dates = [f"2024-01-{i + 1:02d}" for i in range(len(array))]
    return seen(pa.table({"customer": array, "at": dates}))


@pytest.mark.parametrize(
    ("texts", "kind", "ids"),
    [
        (("7", " 12 ", "-3", "0"), "BIGINT", [7, 12, -3, 0]),
        (("5.0", "7"), "BIGINT", [5, 7]),
        (("00001", "7"), "VARCHAR", ["00001", "7"]),
        (("5.5", "7"), "VARCHAR", ["5.5", "7"]),
        (("9" * 19, "7"), "VARCHAR", ["9" * 19, "7"]),
        (("anna@example.com ", " Bo"), "VARCHAR", ["anna@example.com", "Bo"]),
    ],
)
def test_ids_written_as_text_are_numbers_if_all_are(tmp_path, texts, kind, ids):
    found = ids_in(tmp_path, *texts)
    assert (found.timeline.customer_type, found.ids()) == (kind, ids)


@pytest.mark.parametrize("text", ["", " ", "null", "None", "NaN", "n/a", "NULL", " N/A "])
@pytest.mark.parametrize("other", ["7", "x"])
def test_ids_that_stand_for_nobody_are_missing(tmp_path, text, other):
    found = ids_in(tmp_path, other, text)
    assert found.codes() == [(3, "missing_customer")]
    assert len(found.events) == 1


@pytest.mark.parametrize(
    ("array", "kind", "ids"),
    [
        (pa.array([3, 2**62, -1]), "BIGINT", [3, 2**62, -1]),
        (pa.array([3, 4], pa.uint8()), "BIGINT", [3, 4]),
        (pa.array([3, 4], pa.uint64()), "BIGINT", [3, 4]),
        (pa.array([3.0, 4.0]), "BIGINT", [3, 4]),
        (pa.array([3, 4]).cast(pa.decimal128(19, 0)), "BIGINT", [3, 4]),
        (pa.array(["3", "4"]), "VARCHAR", ["3", "4"]),
        (pa.array(["b", "a", "b"]).dictionary_encode(), "VARCHAR", ["b", "a", "b"]),
    ],
)
def test_ids_keep_the_type_of_their_column(array, kind, ids):
    found = ids_of(array)
    assert (found.timeline.customer_type, found.ids()) == (kind, ids)


def test_ids_among_numbers_that_are_no_whole_numbers():
    assert ids_of(pa.array([3.0, None, float("nan"), 4.5, float("inf")])).codes() == [
        (2, "missing_customer"),
        (3, "missing_customer"),
        (4, "bad_customer"),
        (5, "bad_customer"),
    ]


def test_whole_ids_beyond_64_bits_are_text_and_those_within_are_numbers(tmp_path):
    beyond = ids_of(pa.array([3, None, 2**64 - 1], pa.uint64()))
    assert (beyond.timeline.customer_type, beyond.ids()) == ("VARCHAR", ["3", str(2**64 - 1)])
    assert beyond.codes() == [(2, "missing_customer")]
    within = ids_of(pa.array([3, None, 2**63 - 1], pa.uint64()))
    assert (within.timeline.customer_type, within.ids()) == ("BIGINT", [3, 2**63 - 1])
    pq.write_table(pa.table({"customer": pa.array([2**63], pa.uint64()), "at": ["2024-01-02"]}), tmp_path / "a.parquet")
    several = seen(tmp_path / "a.parquet", pa.table({"customer": [7], "at": ["2024-01-01"]}))
    assert several.ids() == ["7", str(2**63)]
    with DuckDB(threads=1) as other:
        huge = "SELECT '-9223372036854775809'::HUGEINT AS customer, '2024-01-01' AS \"at\""
        assert seen(other.connection.sql(huge)).ids() == ["-9223372036854775809"]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("customer", [True, False], "holds yes or no and cannot be the customer: ids are whole numbers or text"),
        ("customer", [b"x", b"y"], "holds bytes and cannot be the customer: ids are whole numbers or text"),
        ("customer", [[1], [2]], "holds lists and cannot be the customer: ids are whole numbers or text"),
        ("order", [b"x", b"y"], "holds bytes and cannot be the order: that is text or a number"),
        ("category", [{"a": 1}, {"a": 2}], "holds records and cannot be the category: that is text or a number"),
        ("at", [True, False], "holds yes or no and cannot be the time: that is dates, times or numbers from 1970 on"),
        ("amount", [True, False], "holds yes or no and cannot be the amount: amounts are numbers"),
    ],
)
def test_columns_of_the_wrong_type_are_refused(column, values, message):
    table = {"customer": [1, 2], "at": ["2024-01-31", "2024-02-01"], column: values}
    option = "customer-column" if column == "customer" else column
    with pytest.raises(BadColumns) as caught:
        seen(pa.table(table))
    named = f'--{option} NAME (columns={{"{column}": NAME}} in Python)'
    says = f"table 1: the column {column!r} {message}; choose another with {named}"
    assert str(caught.value) == says


def test_customers_are_numbered_in_order_and_drawn_by_their_name_alone(tmp_path):
    def customers(*texts):
        rows = "".join(f"{text},2024-01-31\n" for text in texts)
        with DuckDB(threads=1) as engine:
            read(engine, csv(tmp_path / "a.csv", "customer,at\n" + rows))
            return engine.connection.sql("SELECT * FROM customers ORDER BY c").fetchall()

    def draw(text):
        return int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "little") % 2147483647

    assert customers("b", "a", "b") == [(1, "a", 619098630), (2, "b", 365640231)]
    assert customers("b", "ä") == [(1, "b", draw("b")), (2, "ä", draw("ä"))]
    assert all(0 <= draw < 2147483647 for _, _, draw in customers(*(f"x{i}" for i in range(500))))


def test_a_whole_number_draws_alike_as_text_and_as_a_number(tmp_path):
    numbers = [0, 1, -1, 7, 2147483647, 999999999999999999, -999999999999999999]
    rows = "".join(f"{number},2024-01-31\n" for number in [*numbers, "007", "x"])
    with DuckDB(threads=1) as engine:
        read(engine, csv(tmp_path / "a.csv", "customer,at\n" + rows))
        drawn = dict(engine.connection.sql("SELECT customer_id, draw FROM customers").fetchall())
    assert [drawn[str(number)] for number in numbers] == draws(np.array(numbers)).tolist()
    assert drawn["007"] == int.from_bytes(hashlib.md5(b"007").digest()[8:], "little") % 2147483647


def test_kinds_and_their_synonyms(tmp_path):
    words = [
        "order.placed",
        " Purchase ",
        "REFUND",
        "cancelled",
        "signup",
        "do not contact",
        "complaint.resolved",
        "",
        "sold",
    ]
    rows = "".join(f"{i},2024-01-{i + 1:02d},{word}\n" for i, word in enumerate(words))
    found = seen(csv(tmp_path / "a.csv", "customer,at,type\n" + rows))
    assert found.column("kind") == [
        "order.placed",
        "order.placed",
        "order.refunded",
        "order.cancelled",
        "customer.created",
        "contact.refused",
        "complaint.resolved",
        "order.placed",
    ]
    assert found.codes() == [(10, "unknown_kind")]
    assert found.timeline.notes[0] == "1 rows do not say what kind of event they are: read as order.placed"
    assert found.timeline.has == {"type"}


def test_currencies(tmp_path):
    words = ["EUR", " usd", "", "JPY", "XYZ", "€", "euro"]
    rows = "".join(f"{i},2024-01-{i + 1:02d},1,{word}\n" for i, word in enumerate(words))
    found = seen(csv(tmp_path / "a.csv", "customer,at,amount,currency\n" + rows))
    assert found.column("currency") == ["EUR", "USD", None, "JPY"]
    assert found.column("amount_minor") == [100, 100, 100, 1]
    assert found.codes() == [(6, "unknown_currency"), (7, "unknown_currency"), (8, "unknown_currency")]
    assert found.timeline.notes[-2] == (
        "the amounts are in EUR, JPY, USD: kept as they are, never added across currencies"
    )


@pytest.mark.parametrize("stored", [True, False])
def test_several_currencies_within_one_order(tmp_path, stored):
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "customer": [1, 1, 2, 1, 1],
            "order": ["a", "a", "a", "b", None],
            "at": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"],
            "currency": ["EUR", "USD", "EUR", "USD", "USD"],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = seen(tmp_path / "a.parquet" if stored else table)
    assert found.codes() == [(2, "mixed_currency")]
    assert [(e[0], e[3]) for e in found.events] == [(1, "a"), (2, "a"), (1, "b"), (1, None)]
    assert [(reject["row"], reject["reason"]) for reject in found.rejects] == [
        ("1,a,2024-01-02,USD", "the currency is not that of the order's earliest row")
    ]


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_later_in_another_currency_changes_nothing_before_it(seed):
    """A file cut off anywhere accepts exactly the rows before the cut that the whole file accepts, in any order."""
    draw = random.Random(seed)
    rows = [
        {
            "customer": draw.choice((1, 2)), "order": draw.choice(("a", "b", None)), "amount": i,
            "at": f"2024-01-0{draw.randint(1, 5)}", "currency": draw.choice(("EUR", "USD", "SEK", None)),
            "type": draw.choice(("order", "refund")),
        }
        for i in range(24)
    ]  # fmt: skip

    def accepted(of):
        return {event[EVENT.index("amount_minor")] for event in seen(pa.Table.from_pylist(of)).events}

    whole = accepted(rows)
    assert accepted(draw.sample(rows, len(rows))) == whole
    for day in ("2024-01-02", "2024-01-03", "2024-01-05"):
        known = [row for row in rows if row["at"] < day]
        if known:
            assert accepted(known) == {row["amount"] * 100 for row in known} & whole
    assert len(whole) < len(rows)


def test_order_ids_read_as_fractions_are_whole_again():
    table = pa.table({"customer": [1, 2], "at": ["2024-01-31", "2024-02-01"], "order": [489434.0, None]})
    assert seen(table).column("order_id") == ["489434", None]


def test_the_first_thing_wrong_with_a_row_is_its_code(tmp_path):
    text = "customer,at,type,currency,amount\n,x,x,x,x\n1,x,x,x,x\n1,1800-01-01,x,x,x\n1,2024-01-31,x,x,x\n"
    text += "1,2024-01-31,order,x,x\n1,2024-01-31,order,EUR,x\n1,2024-01-31,order,EUR,1\n"
    found = seen(csv(tmp_path / "a.csv", text))
    codes = ["missing_customer", "bad_time", "time_out_of_range", "unknown_kind", "unknown_currency", "bad_amount"]
    assert [(r["code"], r["reason"]) for r in found.rejects] == [(code, REASONS[code]) for code in codes]
    assert found.timeline.rejected == tuple(sorted((code, 1) for code in codes))
    assert (found.timeline.rows, found.timeline.accepted) == (7, 1)
    assert found.rejects[0] == {
        "file": str(tmp_path / "a.csv"),
        "line": 2,
        "code": "missing_customer",
        "reason": "no customer id",
        "row": ",x,x,x,x",
    }


def test_a_file_of_nothing_but_bad_rows_is_read(tmp_path):
    found = seen(csv(tmp_path / "a.csv", "customer,at\n,2024-01-31\n"))
    assert (found.timeline.accepted, found.timeline.first_at, found.timeline.last_at) == (0, None, None)
    assert found.timeline.rejected == (("missing_customer", 1),)


def test_repeated_rows_without_order_id_are_kept_and_counted(tmp_path):
    text = "customer,at,amount\n1,2024-01-31T00:00Z,5\n1,2024-01-31T00:00Z,5\n1,2024-01-31T00:00Z,6\n"
    found = seen(csv(tmp_path / "a.csv", text))
    assert len(found.events) == 3
    assert found.timeline.notes == (
        "1 rows repeat another row exactly and have no order id: each was kept as an order of its own",
    )
    with_order = seen(csv(tmp_path / "b.csv", "customer,at,order\n1,2024-01-31T00:00Z,a\n1,2024-01-31T00:00Z,a\n"))
    assert with_order.timeline.notes == ()


@pytest.mark.parametrize("name", ["a.csv", "./a.csv", "sub/../a.csv", "link.csv"])
def test_a_file_named_twice_is_refused(tmp_path, monkeypatch, name):
    csv(tmp_path / "a.csv", "customer,at\n1,2024-01-31\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadFile) as caught:
        seen("a.csv", name)
    assert str(caught.value) == f"{name}: this file is handed in twice; name each once"


def test_a_table_handed_in_twice_is_refused():
    table = pa.table({"customer": [1], "at": ["2024-01-31"]})
    with pytest.raises(BadFile, match=r"^table 2: this table is handed in twice; name each once$"):
        seen(table, table)


@pytest.mark.parametrize("order", ["", "a"])
@pytest.mark.parametrize("limit", [0, 2_000_000])
def test_the_copy_of_a_file_is_remarked_on_with_and_without_order_ids(tmp_path, monkeypatch, order, limit):
    """Beyond the limit only files that are the same byte for byte are found."""
    monkeypatch.setattr("tenure.read.intake._REPEATS_UP_TO", limit)
    monkeypatch.chdir(tmp_path)
    text = f"customer,at,order\n1,2024-01-31T00:00Z,{order}\n1,2024-01-31T00:00Z,{order}\n2,2024-02-01T00:00Z,{order}\n"
    csv(tmp_path / "a.csv", text)
    csv(tmp_path / "b.csv", text)
    csv(tmp_path / "c.csv", text.replace("02-01", "02-02"))
    csv(tmp_path / "d.csv", text.replace("2024", "2023"))
    notes = ["3 rows of b.csv also stand in a.csv: they were counted twice; name each file once"]
    if limit:
        notes.append("2 rows of c.csv also stand in a.csv: they were counted twice; name each file once")
        if not order:
            notes.append(
                "2 rows repeat another row exactly and have no order id: each was kept as an order of its own"
            )
    assert list(seen("a.csv", "b.csv", "c.csv", "d.csv").timeline.notes) == notes
    assert all("stand in" not in note for note in seen("a.csv", "d.csv").timeline.notes)


def test_several_sources_are_united_by_role(tmp_path):
    first = csv(tmp_path / "a.csv", "customer_id,order_date,total\n1,2024-01-01,5\n,2024-01-02,5\n")
    second = csv(tmp_path / "b.csv", "country;amount;client;date\nDE;6,50;2;31.12.2023\nDE;1,00;2;x\n")
    third = pa.table({"customer": [3], "at": ["2024-01-03"], "category": ["boots"]})
    found = seen(first, second, third)
    assert found.timeline.customer_type == "BIGINT"
    assert [(e[0], e[4], e[7], e[8]) for e in found.events] == [
        (2, 650, None, "DE"),
        (1, 500, None, None),
        (3, None, "boots", None),
    ]
    assert [(r["file"], r["line"], r["code"]) for r in found.rejects] == [
        (str(first), 3, "missing_customer"),
        (str(second), 3, "bad_time"),
    ]
    assert found.timeline.has == {"amount", "category", "region"}
    assert (found.timeline.rows, found.timeline.accepted) == (5, 3)


def test_ids_of_sources_that_differ_are_text(tmp_path):
    numbers = csv(tmp_path / "a.csv", "customer,at\n1,2024-01-01\n")
    texts = csv(tmp_path / "b.csv", "customer,at\nx,2024-01-02\n1,2024-01-03\n")
    found = seen(numbers, texts)
    assert (found.timeline.customer_type, found.ids()) == ("VARCHAR", ["1", "x", "1"])


def test_an_engine_reads_again_and_forgets_what_it_read(tmp_path):
    with DuckDB(threads=1) as engine:
        read(engine, csv(tmp_path / "a.csv", "customer,at\nx,2024-01-01\n,2024-01-01\n"))
        timeline = read(engine, csv(tmp_path / "b.csv", "customer,at\n7,2024-01-02\n"))
        assert engine.connection.sql("SELECT c FROM events").fetchall() == [(7,)]
        assert timeline.rejects().num_rows == 0
        tables = engine.connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        assert tables == [("tenure_events",), ("tenure_rejects",)]


def test_one_customer_with_ten_thousand_orders_and_many_with_one(tmp_path):
    numbers = pa.array(range(10_000))
    dates = pa.array([1_700_000_000_000_000 + i for i in range(10_000)])
    one = seen(pa.table({"customer": pa.array(["x"] * 10_000), "at": dates}))
    assert (len(one.events), one.customers) == (10_000, {1: "x"})
    many = seen(pa.table({"customer": numbers.cast(pa.string()), "at": dates}))
    assert (len(many.events), len(many.customers)) == (10_000, 10_000)
