"""Tables of pandas and Polars."""

import datetime as dt

import pandas as pd
import polars as pl
import pytest
from reading import seen

from tenure.errors import BadColumns, BadFile

DATES = ["2024-01-01", "2024-01-02", "2024-01-03"]
PLAIN = {"customer_id": [1, 2, 1], "at": DATES, "amount": [1.5, None, 2.0]}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame])
def test_frames_of_every_kind(make):
    found = seen(make(PLAIN))
    assert [(e[0], e[4]) for e in found.events] == [(1, 150), (2, None), (1, 200)]
    assert found.timeline.customer_type == "BIGINT"


def test_pandas_makes_fractions_of_ids_with_gaps():
    found = seen(pd.DataFrame({"customer_id": [5, None, 7], "at": pd.to_datetime(DATES)}))
    assert (found.timeline.customer_type, found.column("c")) == ("BIGINT", [5, 7])
    assert found.codes() == [(2, "missing_customer")]


def test_pandas_times_with_and_without_zone():
    zoned = pd.to_datetime(DATES).tz_localize("Europe/Berlin")
    assert seen(pd.DataFrame({"customer": [1, 2, 3], "at": zoned})).times()[0] == "2023-12-31 23:00:00"
    naive = seen(
        pd.DataFrame({"customer": [1, 2], "at": pd.to_datetime(["2024-01-01", None])}), times_in="Europe/Berlin"
    )
    assert naive.times() == ["2023-12-31 23:00:00"]
    assert naive.codes() == [(2, "bad_time")]


def test_pandas_columns_of_loose_objects():
    frame = pd.DataFrame(
        {
            "customer": pd.Series([1, "x", None], dtype=object),
            "at": pd.Series(
                [
                    dt.datetime(2024, 1, 1),
                    dt.datetime(2024, 1, 1, 3, tzinfo=dt.UTC),
                    dt.date(2024, 1, 3),
                ],
                dtype=object,
            ),
            "amount": pd.Series([1, "2,50", 3.0], dtype=object),
        }
    ).set_axis([7, 8, 9])
    found = seen(frame, times_in="Europe/Berlin")
    assert (found.ids(), found.times()) == (["1", "x"], ["2023-12-31 23:00:00", "2024-01-01 03:00:00"])
    assert found.column("amount_minor") == [100, 250]
    assert found.codes() == [(3, "missing_customer")]


def test_pandas_categories_and_polars_categories():
    texts = ["b", "a", "b"]
    for frame in (
        pd.DataFrame({"customer": pd.Categorical(texts), "at": DATES}),
        pl.DataFrame({"customer": pl.Series(texts, dtype=pl.Categorical), "at": DATES}),
    ):
        assert seen(frame).ids() == texts


def test_not_a_number_is_missing_in_pandas_and_no_amount_in_polars():
    values = {"customer": [1], "at": ["2024-01-01"], "amount": [float("nan")]}
    assert seen(pd.DataFrame(values)).column("amount_minor") == [None]
    assert seen(pl.DataFrame(values)).codes() == [(1, "bad_amount")]


def test_frames_that_cannot_be_used():
    with pytest.raises(BadFile, match="table 1: there are no rows below the column names"):
        seen(pd.DataFrame({"customer": [], "at": []}))
    with pytest.raises(BadFile, match="table 1: a Series is not a table"):
        seen(pd.Series([1]))
    with pytest.raises(BadColumns, match=r"^table 1: 2 columns are called 'x'; rename or drop all but one$"):
        seen(pd.DataFrame([[1, "2024-01-01", 3, 4]], columns=["customer", "at", "x", "x"]))
    with pytest.raises(BadColumns, match="no column tells the customer; it has '0', '1'"):
        seen(pd.DataFrame([[1, 2]]))


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ([b"x", b"y", None], "bytes"),
        ([b"x", "y", 1], "bytes"),
        ([[1], "y", None], "lists"),
        ([(1,), {2}, None], "lists"),
        ([{"a": 1}, "y", None], "records"),
    ],
)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_ids_are_not_made_of_bytes_and_lists(values, held, library):
    columns = {"at": DATES, "customer": pd.Series(values, dtype=object)}
    frame = pd.DataFrame(columns)
    if library == "polars":
        frame = pl.DataFrame({"at": DATES, "customer": pl.Series(values, dtype=pl.Object)})
    with pytest.raises(BadColumns, match=rf"^table 1: the column 'customer' holds {held} and cannot be the customer: "):
        seen(frame)
    frame = frame.assign(buyer=range(3)) if library == "pandas" else frame.with_columns(buyer=pl.Series(range(3)))
    assert seen(frame, customer="buyer").column("c") == [0, 1, 2]


def test_sparse_columns_of_pandas_are_read_as_if_they_were_dense():
    dense = {"customer": [1, 2, 0], "at": DATES, "amount": [0.0, 2.5, float("nan")], "category": ["x", "y", "x"]}
    sparse = {name: pd.arrays.SparseArray(values) if name != "at" else values for name, values in dense.items()}
    assert seen(pd.DataFrame(sparse)).events == seen(pd.DataFrame(dense)).events
    assert seen(pd.DataFrame(sparse)).column("amount_minor") == [0, 250, None]
