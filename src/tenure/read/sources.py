"""Files and tables of any kind, opened as relations of the engine with columns r0, r1, ... and a line number."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression

from tenure.errors import BadColumns, BadFile
from tenure.read import lines, parquet, sheets, tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from tenure.engine.duckdb import DuckDB

__all__ = ["Source", "open_source"]

_TEXT: Final = (".csv", ".tsv", ".txt", ".tab")
_PARQUET: Final = (".parquet", ".pq")
_EXCEL: Final = (".xlsx", ".xlsm")
_ROW_NUMBER: Final = "file_row_number"
"""The engine's own column, by which rejected rows are found again."""
_PACKED: Final = (".gz", ".zst")
_BATCH: Final = 50_000
_SPOKEN: Final = {"utf-8": None, "utf-8-sig": None, "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Source:
    """One file or table, open."""

    label: str
    names: tuple[str, ...]
    relation: DuckDBPyRelation
    """Columns r0, r1, ... in the order of `names`, then `line`."""
    written: bool
    """Its cells are text without types (CSV)."""
    stored: bool
    """It lies in columns on disk, cheap to scan again (Parquet)."""
    bad_lines: tuple[lines.BadLine, ...] = ()
    notes: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    """Names of what was put into the engine for it."""
    path: Path | None = None
    """Where it was read from, if it is a file."""

    @property
    def headed(self) -> bool:
        """Its names are the cells of its first row, whatever that holds."""
        return self.path is not None and not self.stored


def open_source(engine: DuckDB, thing: Any, index: int, label: str | None = None) -> Source:
    """A path, or a table of any library, as a source; BadFile says what else to hand in.

    `label`: what messages call a file that does not lie where the user has it.
    """
    if not isinstance(thing, str | Path):
        names, table, numbers = tables.to_arrow(thing, f"table {index + 1}")
        return _from_arrow(engine, f"table {index + 1}", names, table, index, numbers=numbers)
    path, label = Path(thing), label or str(thing)
    try:
        return replace(_file(engine, path, label, index), path=path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be opened"
        raise BadFile(f"{label}: {_line(reason)}; check the name and the permissions") from error


def _file(engine: DuckDB, path: Path, label: str, index: int) -> Source:
    ending = _ending(path)
    if path.is_dir():
        raise BadFile(f"{label}: this is a folder; name the files in it")
    if not path.exists():
        raise BadFile(f"{label}: there is no such file; check the name and the folder")
    if ending in _PARQUET:
        return _parquet(engine, path, label, index)
    if ending in _EXCEL:
        names, table, numbers, notes = sheets.read_sheet(path, label)
        return _from_arrow(engine, label, names, table, index, numbers=numbers, notes=notes)
    if ending in _TEXT:
        return _text(engine, path, label, index)
    raise BadFile(f"{label}: files must end in .csv, .tsv, .txt (or these with .gz, .zst), .parquet or .xlsx")


def _ending(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        return suffixes[-2] if len(suffixes) > 1 and suffixes[-2] in _TEXT else ""
    return suffixes[-1] if suffixes else ""


def _parquet(engine: DuckDB, path: Path, label: str, index: int) -> Source:
    pattern = glob.escape(str(path))
    try:
        names = tuple(engine.connection.read_parquet(pattern, binary_as_string=True).columns)
        if _ROW_NUMBER in names:
            raise BadColumns(f"{label}: the column {_ROW_NUMBER!r} must have another name; rename it")
        relation = engine.connection.read_parquet(pattern, binary_as_string=True, file_row_number=True)
    except duckdb.Error as error:
        raise BadFile(f"{label}: this is not a whole Parquet file; copy or export it again") from error
    cells = [ColumnExpression(name).alias(_position(i)) for i, name in enumerate(names)]
    if (footer := parquet.footer(path)) is not None:
        written = parquet.column_names(footer)
        names = written if len(written) == len(names) else names
        if parquet.beyond_microseconds(footer):
            table = parquet.whole_table(path)
            return _from_arrow(engine, label, names, table, index, numbers=tables.numbered(table))
    line = (ColumnExpression(_ROW_NUMBER) + 1).alias("line")
    return Source(label, names, relation.select(*cells, line), written=False, stored=True)


def _from_arrow(
    engine: DuckDB,
    label: str,
    names: tuple[str, ...],
    table: pa.Table,
    index: int,
    *,
    numbers: pa.Array,
    written: bool = False,
    bad_lines: tuple[lines.BadLine, ...] = (),
    notes: tuple[str, ...] = (),
) -> Source:
    place = f"tenure_source_{index}"
    table = tables.within_reach(table.rename_columns([_position(i) for i in range(len(names))]))
    table = table.append_column("line", numbers)
    try:
        engine.connection.register(place, table)
        relation = engine.connection.view(place)
    except duckdb.Error as error:
        raise BadColumns(f"{label}: a column has a type that cannot be read: {_line(error)}") from error
    return Source(label, names, relation, written, False, bad_lines, notes, (place,))


def _text(engine: DuckDB, path: Path, label: str, index: int) -> Source:
    shape = lines.shape(path, label)
    notes: tuple[str, ...] = ()
    if (encoding := _SPOKEN.get(shape.encoding, shape.encoding)) is not None:
        notes = (f"{label}: the text is not UTF-8; it was read as {encoding}",)
    quick = _quick(engine, path, label, index, shape) if shape.regular else None
    return quick or _careful(engine, path, label, index, shape, notes)


def _quick(engine: DuckDB, path: Path, label: str, index: int, shape: lines.Shape) -> Source | None:
    """The engine's own reader, for files whose every line is one record; None if the file turns out not to be one."""
    place = f"tenure_lines_{index}"
    columns = {_position(i): "VARCHAR" for i in range(len(shape.header))}
    engine.drop(place)
    try:
        engine.connection.read_csv(
            glob.escape(str(path)), header=False, skiprows=1, sep=shape.delimiter, quotechar='"', escapechar='"',
            columns=columns, auto_detect=False, compression=shape.compression or "none", na_values="", comment="",
            strict_mode=True, null_padding=False, ignore_errors=False,
        ).create(place)  # fmt: skip
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, ValueError):
        return None
    relation = engine.connection.table(place)
    # a line break inside quotes or a blank line: the careful reading knows the line numbers
    if relation.count("*").fetchall()[0][0] != shape.regular:
        engine.drop(place)
        return None
    cells = [ColumnExpression(name) for name in columns]
    line = (ColumnExpression("rowid") + 2).alias("line")
    return Source(label, shape.header, relation.select(*cells, line), written=True, stored=False, made=(place,))


def _careful(engine: DuckDB, path: Path, label: str, index: int, shape: lines.Shape, notes: tuple[str, ...]) -> Source:
    """Record by record, any encoding, each bad line by itself."""
    width = len(shape.header)
    bad: list[lines.BadLine] = []
    with lines.opened(path, shape.encoding) as text:
        records = iter(lines.Lines(text, shape.delimiter))
        next(records)
        batches = list(_batches(_whole(records, width, bad, shape.delimiter), width))
    table = pa.concat_tables(batches) if batches else _batch([], [], width)
    numbers = table.column("line").combine_chunks()
    return _from_arrow(
        engine, label, shape.header, table.drop_columns("line"), index,
        numbers=numbers, written=True, bad_lines=tuple(bad), notes=notes,
    )  # fmt: skip


def _whole(
    records: Iterable[tuple[int, list[str]] | lines.BadLine], width: int, bad: list[lines.BadLine], delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """The records that have the header's fields, empty ones beyond it cut off; the others go to `bad`."""
    for record in records:
        if isinstance(record, lines.BadLine):
            bad.append(record)
            continue
        line, fields = record
        if len(fields) > width and not any(fields[width:]):
            fields = fields[:width]
        if len(fields) == width:
            yield line, fields
        else:
            reason = f"{len(fields)} fields where the header has {width}"
            bad.append(lines.BadLine(line, reason, delimiter.join(fields)))


def _batches(records: Iterator[tuple[int, list[str]]], width: int) -> Iterator[pa.Table]:
    while rows := list(islice(records, _BATCH)):
        yield _batch([line for line, _ in rows], [fields for _, fields in rows], width)


def _batch(numbers: list[int], rows: list[list[str]], width: int) -> pa.Table:
    columns: list[Iterable[str]] = list(zip(*rows, strict=True)) if rows else [[]] * width
    names = [_position(i) for i in range(width)]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table([*arrays, pa.array(numbers, pa.int64())], names=[*names, "line"])


def _position(index: int) -> str:
    return f"r{index}"


def _line(message: object) -> str:
    return str(message).strip().split("\n")[0]
