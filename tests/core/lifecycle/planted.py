"""Changes planted in the last month of a shop's file, and what a history told before them would have said."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DAY = 86_400_000_000
NEWCOMERS = 3_000


def instants(column: pa.ChunkedArray) -> np.ndarray:
    """Microseconds UTC of a column of timestamps (naive ones are UTC)."""
    return column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).to_numpy()


def microseconds(on: date) -> int:
    """The first instant of a day of UTC."""
    return (on.toordinal() - date(1970, 1, 1).toordinal()) * DAY


def last_month(at: np.ndarray) -> int:
    """The first instant of the month of the last row."""
    return int(np.datetime64(int(at.max()), "us").astype("datetime64[M]").astype("datetime64[us]").astype(np.int64))


def until(history: pa.Table, at: int) -> pa.Table:
    """What a history known only up to an instant would say: the intervals begun before it, the last one open."""
    begun = history.filter(pa.array(instants(history["from"]) < at))
    to = begun["to"].cast(pa.int64())
    still_open = pc.fill_null(pc.greater_equal(to, at), True)
    ended = pc.if_else(still_open, pa.scalar(None, pa.int64()), to).cast(begun.schema.field("to").type)
    return begun.set_column(begun.schema.get_field_index("to"), begun.schema.field("to"), ended)


def everybody_buys_daily(rows: pa.Table, at: str, month: int) -> pa.Table:
    """Every customer buys on each of 20 days from the month's start on."""
    customers = rows["customer_id"].unique()
    place = np.repeat(np.arange(len(customers)), 20)
    when = month + np.tile(np.arange(20), len(customers)) * DAY + 3_600_000_000
    return _more(rows, at, customers.take(place), when, 990)


def newcomers(rows: pa.Table, at: str, month: int) -> pa.Table:
    """3,000 new customers buy two or three times within a week of the month's start."""
    number = np.repeat(np.arange(NEWCOMERS), 3)
    ids = pa.array([f"new {each}" for each in number] if _named(rows) else number + 10_000_000)
    ids = ids.cast(rows.schema.field("customer_id").type)
    when = month + (number % 5 + np.tile([0, 1, 2], NEWCOMERS) * (number % 3)) * DAY
    return _more(rows, at, ids, when, 4990)


def all_money_back(rows: pa.Table, at: str, month: int) -> pa.Table:
    """All orders so far are refunded in full at the month's start; without order ids all money goes back."""
    placed = rows.filter(pc.greater(rows["amount"], 0))  # nothing goes back of nothing; events have no amount
    if "type" in rows.column_names:
        placed = placed.filter(pc.equal(placed["type"], "order.placed"))
    back = pc.negate(placed["amount"])
    columns = {
        "customer_id": placed["customer_id"], "amount": back,
        at: _times(rows, at, np.full(len(placed), month, np.int64)),
    }  # fmt: skip
    if "order_id" in rows.column_names:
        columns |= {"order_id": placed["order_id"], "type": pa.array(["order.refunded"] * len(placed))}
    return pa.concat_tables([rows, pa.table(columns)], promote_options="default")


CHANGES = (everybody_buys_daily, newcomers, all_money_back)


def _named(rows: pa.Table) -> bool:
    return not pa.types.is_integer(rows.schema.field("customer_id").type)


def _times(rows: pa.Table, at: str, when: np.ndarray) -> pa.Array:
    kind = rows.schema.field(at).type
    return pa.array(when).cast(pa.timestamp("us", kind.tz)).cast(kind)


def _more(rows: pa.Table, at: str, customers: pa.Array, when: np.ndarray, amount: int) -> pa.Table:
    """The rows with as many further orders."""
    columns = {"customer_id": customers, at: _times(rows, at, when)}
    columns["amount"] = pa.array([float(amount)] * len(when)).cast(rows.schema.field("amount").type)
    if "type" in rows.column_names:
        columns["type"] = pa.array(["order.placed"] * len(when))
    return pa.concat_tables([rows, pa.table(columns)], promote_options="default")
