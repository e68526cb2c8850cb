"""Whatever is handed in: an error of ours in one line, or every row accepted or rejected."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import seen

from tenure.errors import TenureError

pytestmark = pytest.mark.generated
# each example opens an engine, which costs more than the reading
SOME = settings(max_examples=max(30, settings().max_examples // 4))

CELLS = [
    "", "1", "007", "5.0", "x", "null", "NaN", "2024-01-31", "2024-01-31T10:00Z", "31/01/2024", "01/02/2024", "1e400",
    "1706695507", "12,50", "1.234", "$5", "(3)", "EUR", "XYZ", "refund", "order", "\x00", '"', "'", "é", "9" * 40, "-",
    "infinity", "2024-03-10 02:30", "today", "99999999", "0", "-0", "1;2", "a\nb",
]  # fmt: skip
NAMES = ["customer_id", "at", "amount", "type", "currency", "order_id", "quantity", "price", "category", "discount", ""]
ENDINGS = [".csv", ".tsv", ".csv.gz", ".csv.zst", ".parquet", ".xlsx"]
HEAD = "customer_id,at,amount,type,currency,order_id\n"


def outcome(*sources, **kwargs):
    """The reading, whose counts `seen` has checked, or None if it was refused in one line."""
    try:
        return seen(*sources, **kwargs)
    except TenureError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    return None


@SOME
@given(data=st.binary(max_size=300), ending=st.sampled_from(ENDINGS))
def test_bytes_of_any_kind(tmp_path_factory, data, ending):
    path = tmp_path_factory.mktemp("any") / f"a{ending}"
    path.write_bytes(data)
    outcome(path)


@SOME
@given(
    data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_bytes_below_a_good_header(tmp_path_factory, data, encoding):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(HEAD.encode(encoding) + data)
    outcome(path)


@SOME
@given(
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=7), min_size=1, max_size=8),
    quoted=st.booleans(),
    zone=st.sampled_from(["UTC", "America/New_York"]),
)
def test_lines_of_odd_cells(tmp_path_factory, rows, quoted, zone):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    mark = '"' if quoted else ""
    path.write_text(
        HEAD + "".join(",".join(mark + cell + mark for cell in row) + "\n" for row in rows), encoding="utf-8"
    )
    outcome(path, times_in=zone)


@SOME
@given(rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=6, max_size=6), min_size=1, max_size=8))
def test_whole_rows_are_counted_one_by_one(rows):
    columns = dict(zip(HEAD.strip().split(","), zip(*rows, strict=True), strict=True))
    found = outcome(pa.table({name: list(column) for name, column in columns.items()}))
    assert found is None or found.timeline.rows == len(rows)


VALUES = [
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.none(), st.integers(0, 10)),
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.sampled_from(CELLS)),
    st.one_of(st.none(), st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2260, 1, 1))),
    st.one_of(st.none(), st.dates()),
    st.one_of(st.none(), st.decimals(-(10**9), 10**9, places=4)),
    st.booleans(),
    st.binary(max_size=3),
    st.lists(st.integers(0, 3), max_size=2),
]


@SOME
@given(data=st.data(), rows=st.integers(1, 5), zone=st.sampled_from(["UTC", "Europe/Berlin"]))
def test_tables_of_odd_columns(data, rows, zone):
    names = data.draw(st.lists(st.sampled_from(NAMES), max_size=6))
    kinds = [data.draw(st.sampled_from(VALUES)) for _ in ["customer", "at", *names]]
    columns = [data.draw(st.lists(kind, min_size=rows, max_size=rows)) for kind in kinds]
    table = pa.table([pa.array(column) for column in columns], names=["customer", "at", *names])
    found = outcome(table, times_in=zone)
    assert found is None or found.timeline.rows == rows
