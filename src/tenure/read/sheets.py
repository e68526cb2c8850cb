"""Excel files: the first sheet that holds anything, its first row naming the columns."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tenure.errors import BadFile
from tenure.read.tables import column_of

__all__ = ["read_sheet"]


def read_sheet(path: Path, label: str) -> tuple[tuple[str, ...], pa.Table, pa.Array, tuple[str, ...]]:
    """Column names, the table, the rows' numbers in the sheet, and remarks; BadFile if damaged or empty.

    Blank rows are left out.
    """
    sheets = _rows(path, label)
    filled = {name: rows for name, rows in sheets.items() if rows}
    if not filled:
        raise BadFile(f"{label}: the workbook is empty; export it again")
    name, rows = next(iter(filled.items()))
    note = f"{label}: the sheet {name!r} was read; {len(filled) - 1} more with cells were not, save them as own files"
    notes = (note,) if len(filled) > 1 else ()
    (_, header), *body = rows
    width = max((i + 1 for i, cell in enumerate(header) if cell is not None), default=0)
    names = tuple("" if cell is None else str(cell).strip() for cell in header[:width])
    columns = [column_of([row[i] if i < len(row) else None for _, row in body]) for i in range(width)]
    numbers = pa.array(np.array([number for number, _ in body], dtype=np.int64))
    return names, pa.table(columns, names=[str(i) for i in range(width)]), numbers, notes


def _rows(path: Path, label: str) -> dict[str, list[tuple[int, tuple[Any, ...]]]]:
    """The rows of each sheet that hold anything, with their numbers."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            # remarks on styles and extensions say nothing about the cells
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                return {sheet.title: _filled(sheet) for sheet in book.worksheets}
            finally:
                book.close()
    except Exception as error:
        # damaged workbooks fail in as many ways as there are parts in them
        raise BadFile(f"{label}: this is not a whole Excel file (.xlsx); open it in Excel and save it again") from error


def _filled(sheet: Any) -> list[tuple[int, tuple[Any, ...]]]:
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    return [(number, row) for number, row in rows if any(cell is not None for cell in row)]
