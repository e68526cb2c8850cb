"""Parquet and Excel files, PyArrow tables, and what is served from the file itself."""

import datetime as dt

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import seen

from tenure.engine.duckdb import DuckDB
from tenure.errors import BadColumns, BadFile

TABLE = pa.table(
    {
        "customer_id": pa.array([1, 2, None, 1]),
        "at": pa.array([dt.datetime(2024, 1, day) for day in (1, 2, 3, 4)], pa.timestamp("us")),
        "amount": pa.array([5.0, 0.125, 1.0, float("nan")]),
    }
)


def parquet(path, table):
    pq.write_table(table, path)
    return path


def test_parquet_with_whole_ids_is_served_from_the_file(tmp_path):
    found = seen(parquet(tmp_path / "a.parquet", TABLE))
    assert found.lazy
    assert [(e[0], e[4]) for e in found.events] == [(1, 500), (2, 12)]
    assert found.codes() == [(3, "missing_customer"), (4, "bad_amount")]
    assert found.rejects[0]["row"] == ",2024-01-03 00:00:00,1.0"
    assert (found.timeline.first_at, found.timeline.last_at) == (1704067200000000, 1704153600000000)


def test_served_and_copied_events_are_the_same(tmp_path):
    path = parquet(tmp_path / "a.parquet", TABLE)
    served, copied = seen(path, times_in="Europe/Berlin"), seen(TABLE, times_in="Europe/Berlin")
    assert (served.lazy, copied.lazy) == (True, False)
    assert served.events == copied.events
    assert served.codes() == copied.codes()
    assert served.timeline.notes == copied.timeline.notes


def test_several_parquet_files_are_served_together(tmp_path):
    paths = [parquet(tmp_path / f"{name}.parquet", TABLE) for name in ("a", "b")]
    found = seen(*paths)
    assert found.lazy
    assert [(e[0], e[4]) for e in found.events] == [(1, 500), (1, 500), (2, 12), (2, 12)]
    assert found.timeline.notes[-2] == (
        f"2 rows of {paths[1]} also stand in {paths[0]}: they were counted twice; name each file once"
    )


def test_parquet_with_text_ids_is_copied(tmp_path):
    table = TABLE.set_column(0, "customer_id", pa.array(["b", "a", "", "b"]))
    found = seen(parquet(tmp_path / "a.pq", table))
    assert not found.lazy
    assert (found.ids(), found.customers) == (["b", "a"], {1: "a", 2: "b"})


def test_parquet_of_times_in_microseconds(tmp_path):
    at = pa.array([1704067200000000, 1704153600000000])
    table = pa.table({"customer_id": [1, 2], "at": at, "amount_minor": [5, 6]})
    found = seen(parquet(tmp_path / "a [x].parquet", table))
    assert found.lazy
    assert found.timeline.notes == ()
    assert [event[:2] for event in found.events] == [(1, 1704067200000000), (2, 1704153600000000)]


def test_text_that_parquet_calls_bytes_is_text(tmp_path):
    table = pa.table({"customer": pa.array([b"x"], pa.binary()), "at": ["2024-01-01"]})
    assert seen(parquet(tmp_path / "a.parquet", table)).ids() == ["x"]


def test_a_column_called_like_the_row_number_of_the_engine(tmp_path):
    table = pa.table({"file_row_number": [7], "customer": [1], "at": ["x"]})
    with pytest.raises(BadColumns, match=r"the column 'file_row_number' must have another name; rename it$"):
        seen(parquet(tmp_path / "a.parquet", table))


def test_parquet_without_rows_or_with_a_broken_page(tmp_path):
    with pytest.raises(BadFile, match=r"empty\.parquet: there are no rows below the column names; export it again$"):
        seen(parquet(tmp_path / "empty.parquet", TABLE.slice(0, 0)))
    path = tmp_path / "broken.parquet"
    # the footer stays whole: it is the first page's own header that is gone
    rows = pa.table({"customer_id": range(50_000), "at": [1704067200000000 + i * i for i in range(50_000)]})
    pq.write_table(rows, path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[4:64] = bytes(60)
    path.write_bytes(bytes(data))
    with pytest.raises(
        BadFile, match=r"broken\.parquet: cannot be read to its end, it may be damaged; export it again$"
    ):
        seen(path)


def workbook(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_excel_with_numbers_dates_and_blank_rows(tmp_path):
    rows = [
        ["Customer", "Date", "Amount"],
        [1, dt.datetime(2024, 1, 1, 10), 12.5],
        [],
        [2, dt.datetime(2024, 1, 2), 3],
        [None, dt.datetime(2024, 1, 3), 3],
    ]
    found = seen(workbook(tmp_path / "a.xlsx", ("empty", []), ("orders", rows)))
    assert (found.times(), found.column("c")) == (["2024-01-01 10:00:00", "2024-01-02 00:00:00"], [1, 2])
    assert found.column("amount_minor") == [1250, 300]
    assert found.codes() == [(5, "missing_customer")]
    assert found.timeline.customer_type == "BIGINT"


def test_excel_cells_of_mixed_types_are_read_as_text(tmp_path):
    rows = [
        ["Customer", "Date", "Amount"],
        [1, dt.datetime(2024, 1, 1), 1],
        ["x", "2024-01-02", "1,50"],
        [2.0, 5, "many"],
    ]
    found = seen(workbook(tmp_path / "a.xlsx", ("orders", rows)))
    assert (found.ids(), found.column("amount_minor")) == (["1", "x"], [100, 150])
    assert found.codes() == [(4, "bad_time")]


def test_rows_above_the_column_names_are_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    title, names = ["Sales of 2024", None, "draft"], ["Customer", "Date", "Amount"]
    workbook(tmp_path / "a.xlsx", ("orders", [title, [], names, [1, dt.datetime(2024, 1, 1), 5]]))
    (tmp_path / "a.csv").write_text("Sales of 2024,,draft\n\nCustomer,Date,Amount\n1,2024-01-01,5\n", encoding="utf-8")
    for name in ("a.xlsx", "a.csv"):
        with pytest.raises(BadColumns) as caught:
            seen(name)
        assert str(caught.value) == (
            f"{name}: the first row does not name the columns, it holds 'Sales of 2024', 'draft'; if the names stand"
            " further down, delete the rows above them; if not, name them with --customer-column NAME"
            ' (columns={"customer": NAME} in Python), --at NAME (columns={"at": NAME} in Python)'
        )


def test_excel_says_which_sheet_was_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [["customer", "at"], [1, "2024-01-01T00:00Z"]]
    workbook(tmp_path / "a.xlsx", ("one", rows), ("two", rows))
    assert seen("a.xlsx").timeline.notes == (
        "a.xlsx: the sheet 'one' was read; 1 more with cells were not, save them as own files",
    )


def test_an_empty_workbook_is_refused(tmp_path):
    with pytest.raises(BadFile, match=r"a\.xlsx: the workbook is empty; export it again$"):
        seen(workbook(tmp_path / "a.xlsx", ("one", [])))
    with pytest.raises(BadFile, match=r"b\.xlsx: there are no rows below the column names; export it again$"):
        seen(workbook(tmp_path / "b.xlsx", ("one", [["customer", "at"]])))


def test_arrow_batches_and_streams():
    batches = TABLE.to_batches()
    reader = pa.RecordBatchReader.from_batches(TABLE.schema, batches)
    assert seen(batches[0]).events == seen(reader).events == seen(TABLE).events


def test_a_relation_of_another_engine():
    with DuckDB(threads=1) as other:
        other.put("orders", TABLE)
        assert seen(other.connection.table("orders")).events == seen(TABLE).events


def test_two_columns_of_one_name(tmp_path):
    table = pa.table([pa.array([1]), pa.array([2]), pa.array(["2024-01-01"])], names=["customer", "customer", "at"])
    for source in (table, parquet(tmp_path / "a.parquet", table)):
        with pytest.raises(BadColumns, match=r": 2 columns are called 'customer'; rename or drop all but one$"):
            seen(source)


@pytest.mark.parametrize("thing", [7, None, {"customer": [1]}, object()])
def test_what_is_no_table_is_refused(thing):
    what = "hand in a path, or a table of pandas, Polars, PyArrow or DuckDB"
    with pytest.raises(BadFile) as caught:
        seen(thing)
    assert str(caught.value) == f"table 1: a {type(thing).__name__} is not a table; {what}"
