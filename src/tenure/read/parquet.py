"""What the footer of a Parquet file tells before it is read, and the reading of files that the engine cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

__all__ = ["beyond_microseconds", "column_names", "footer", "whole_table"]

_REACH_MS: Final = 9_000_000_000_000_000
"""Milliseconds from 1970 that are still microseconds of 64 bits."""


def footer(path: Path) -> FileMetaData | None:
    """What stands at the end of the file; None where only the engine can say what is wrong with it."""
    from pyarrow.parquet import read_metadata

    try:
        return read_metadata(path)
    except (pa.ArrowException, OSError, ValueError):
        return None


def column_names(found: FileMetaData) -> tuple[str, ...]:
    """The names as they are written: the engine gives columns of one name other names, and nobody would know.

    Empty where a type in the file says nothing to Arrow.
    """
    try:
        return tuple(found.schema.to_arrow_schema().names)
    except pa.ArrowException:
        return ()


def beyond_microseconds(found: FileMetaData) -> bool:
    """Whether a column of milliseconds holds times that no engine reads, by the extremes that the footer tells."""
    columns = [i for i in range(len(found.schema)) if '"milliseconds"' in found.schema.column(i).logical_type.to_json()]
    pages = [found.row_group(group).column(i).statistics for group in range(found.num_row_groups) for i in columns]
    known = [page for page in pages if page is not None and page.has_min_max]
    return any(page.min_raw < -_REACH_MS or page.max_raw > _REACH_MS for page in known)


def whole_table(path: Path) -> pa.Table:
    """The whole file in memory, bytes that are text as text; for the rare file that the engine cannot read itself."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        table = file.read()
    for i, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table
