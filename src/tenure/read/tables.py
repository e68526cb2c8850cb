"""Tables of any library as Arrow tables, and loose Python values as Arrow columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import narwhals as nw
import numpy as np
import pyarrow as pa

from tenure.errors import BadColumns, BadFile

__all__ = ["column_of", "numbered", "to_arrow", "within_reach"]

_REACH_US: Final = 9_000_000_000_000_000_000
"""Microseconds from 1970 that 64 bits hold with room for a zone's offset."""
_BYTES: Final = (bytes, bytearray, memoryview)
_SEVERAL: Final = (list, tuple, set, frozenset, np.ndarray)
"""Types of cells that hold several values."""


def to_arrow(thing: Any, label: str) -> tuple[tuple[str, ...], pa.Table, pa.Array]:
    """Column names, the table, its rows' numbers from 1; BadFile if it is no table, BadColumns if it cannot be read."""
    table = _table(thing, label)
    names = tuple(str(name) for name in table.column_names)
    return names, table, numbered(table)


def numbered(table: pa.Table) -> pa.Array:
    """The numbers of the table's rows, from 1."""
    return pa.array(np.arange(1, table.num_rows + 1, dtype=np.int64))


def within_reach(table: pa.Table) -> pa.Table:
    """The table with times that microseconds of 64 bits do not reach drawn to the edge, where they are rejected too."""
    for i, field in enumerate(table.schema):
        if (reach := _reach(field.type)) is not None:
            table = table.set_column(i, field.name, _drawn(table.column(i), reach))
    return table


def _reach(kind: pa.DataType) -> int | None:
    """How far from 1970, in the type's own unit, the engine can read; None where it reads everything."""
    if pa.types.is_date64(kind):
        return _REACH_US // 1_000
    if not pa.types.is_timestamp(kind):
        return None
    return {"s": _REACH_US // 1_000_000, "ms": _REACH_US // 1_000}.get(kind.unit)


def _drawn(column: pa.ChunkedArray, reach: int) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    numbers = column.cast(pa.int64())
    least, most = pc.min_max(numbers).as_py().values()
    if least is None or (least >= -reach and most <= reach):
        return column
    clipped = pc.min_element_wise(pc.max_element_wise(numbers, -reach, skip_nulls=False), reach, skip_nulls=False)
    return clipped.cast(column.type)


def column_of(values: Sequence[Any]) -> pa.Array:
    """An Arrow column of loose values: their own type if they share one, else text; NaN and NaT are null.

    Bytes, lists or records among them make it a column of these, which no role takes.
    """
    cells = [None if _missing(value) else value for value in values]
    kinds = {type(value) for value in cells if value is not None}
    if any(issubclass(kind, dict) for kind in kinds):
        return pa.array([None if value is None else {"of": _text(value)} for value in cells])
    if any(issubclass(kind, _SEVERAL) for kind in kinds):
        return pa.array([None if value is None else [_text(value)] for value in cells])
    if any(issubclass(kind, _BYTES) for kind in kinds):
        return pa.array([_bytes(value) for value in cells], pa.binary())
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
        raise BadColumns(f"{label}: {_unreadable(thing, error)}") from error


def _unreadable(thing: Any, error: Exception) -> str:
    """What is wrong with a table that even its own library, or the one that reads it, cannot make columns of."""
    names = [str(name) for name in getattr(thing, "columns", ())]
    if twice := next((name for name in names if names.count(name) > 1), None):
        return f"{names.count(twice)} columns are called {twice!r}; rename or drop all but one"
    # whatever a library says of its own table: the user gets its first line
    reason = str(error).strip().split("\n")[0]
    return f"the {type(thing).__name__} cannot be read as a table: {reason}"


def _column(series: Any) -> Any:
    native = series.to_native()
    if hasattr(native, "sparse"):  # pandas keeps these its own way, which Arrow does not know
        return pa.array(native.sparse.to_dense(), from_pandas=True)
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


def _bytes(value: Any) -> bytes | None:
    return bytes(value) if isinstance(value, _BYTES) else None if value is None else str(value).encode()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
