"""Tables of any library as Arrow tables, and loose Python values as Arrow columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from tenure.errors import BadColumns, BadFile

__all__ = ["column_of", "to_arrow"]


def to_arrow(thing: Any, label: str) -> tuple[tuple[str, ...], pa.Table, pa.Array]:
    """Column names, the table, its rows' numbers from 1; BadFile if it is no table, BadColumns if it cannot be read."""
    table = _table(thing, label)
    names = tuple(str(name) for name in table.column_names)
    return names, table, pa.array(np.arange(1, table.num_rows + 1, dtype=np.int64))


def column_of(values: Sequence[Any]) -> pa.Array:
    """An Arrow column of loose values: their own type if they share one, else text; NaN and NaT are null."""
    cells = [None if _missing(value) else value for value in values]
    kinds = {type(value) for value in cells if value is not None}
    if not _alike(kinds, cells):
        cells = [_text(value) for value in cells]
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError):
        return pa.array([_text(value) for value in cells], pa.string())


def _table(thing: Any, label: str) -> pa.Table:
    if isinstance(thing, pa.Table):
        return thing
    if isinstance(thing, pa.RecordBatch):
        return pa.Table.from_batches([thing])
    try:
        if isinstance(thing, pa.RecordBatchReader):
            return thing.read_all()
        frame: Any = nw.from_native(thing)
        if isinstance(frame, nw.LazyFrame):
            collected: pa.Table = frame.collect("pyarrow").to_native()
            return collected
        columns = [_column(frame.get_column(name)) for name in frame.columns]
        return pa.table(columns, names=[str(name) for name in frame.columns])
    except TypeError as error:
        what = "hand in a path, or a table of pandas, Polars, PyArrow or DuckDB"
        raise BadFile(f"{label}: a {type(thing).__name__} is not a table; {what}") from error
    except Exception as error:
        # whatever a library says of its own table: the user gets its first line
        reason = str(error).strip().split("\n")[0]
        raise BadColumns(f"{label}: the {type(thing).__name__} cannot be read as a table: {reason}") from error


def _column(series: Any) -> Any:
    if series.dtype == nw.Object:
        return column_of(series.to_list())
    return series.to_arrow()


def _missing(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NaTType", "NAType")


def _alike(kinds: set[type], cells: Sequence[Any]) -> bool:
    """Whether Arrow would take the values as one type without changing what any of them means."""
    if len(kinds) > 1 and not kinds <= {int, float}:
        return False
    if all(issubclass(kind, datetime) for kind in kinds):
        return len({value.tzinfo is None for value in cells if value is not None}) <= 1
    return all(issubclass(kind, str | bool | int | float | date | Decimal) for kind in kinds)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
