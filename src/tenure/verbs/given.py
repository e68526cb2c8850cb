"""Gives a table back as the kind of table that was handed in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

__all__ = ["give_back"]


def give_back(rows: DuckDBPyRelation, orders: Any) -> Any:
    """The rows as the library of `orders` has them, or of the first of several; PyArrow for paths."""
    table = rows.to_arrow_table()
    first = orders[0] if isinstance(orders, list | tuple) and orders else orders
    if isinstance(first, str | os.PathLike | pa.Table | pa.RecordBatch | pa.RecordBatchReader):
        return table
    frame = nw.from_native(first)
    match frame.implementation:
        case nw.Implementation.PYARROW:
            return table
        case nw.Implementation.DUCKDB:
            return _relation(first, table)
    made = nw.from_arrow(table, backend=frame.implementation)
    return (made.lazy() if isinstance(frame, nw.LazyFrame) else made).to_native()


def _relation(beside: DuckDBPyRelation, result: pa.Table) -> Any:  # noqa: ARG001 - found by its name, and held
    """A relation of the connection that the other one belongs to, so that the two can be joined."""
    return beside.query("orders", "SELECT * FROM result")
