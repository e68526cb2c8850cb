"""How results leave the engine: as tables with real times, and as files that are whole or not there at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.errors import BadFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation, Expression

    from tenure.engine.duckdb import DuckDB

__all__ = ["TABLE_ENDINGS", "checked_target", "save_table", "save_text", "typed", "written_whole"]

TABLE_ENDINGS: Final = (".parquet", ".csv", ".json")
"""What a table may be written as."""

_ROWS_AT_ONCE: Final = 100_000
_REPEATING: Final = frozenset(("stage", "detail", "reason", "from_stage", "to_stage", "as_of", "policy"))
"""Columns of few different values, worth a dictionary in Parquet."""


def typed(
    engine: DuckDB, name: str, *, instants: Iterable[str] = (), dates: Iterable[str] = ()
) -> DuckDBPyRelation:
    """The engine's table, instants (us) as timestamps of UTC, days (since 1970) as dates, other numbers of 64 bits."""
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

    table = engine.connection.table(name)
    epoch, instants, dates = ConstantExpression(date(1970, 1, 1)), set(instants), set(dates)

    def column(named: str, kind: str) -> Expression:
        found = ColumnExpression(named)
        if named in instants:
            return FunctionExpression("make_timestamptz", found).alias(named)
        if named in dates:
            return (epoch + found.cast("INTEGER")).alias(named)
        return found.cast("BIGINT").alias(named) if kind == "INTEGER" else found

    return table.select(*(column(named, str(kind)) for named, kind in zip(table.columns, table.types, strict=True)))


def checked_target(
    path: str | os.PathLike[str], endings: Iterable[str] = TABLE_ENDINGS, *, apart_from: Iterable[Any] = ()
) -> Path:
    """The path, if a result can be written there; BadFile for another ending, a folder, or a file of `apart_from`.

    Asked before anything is computed, so that nobody waits for a result that has nowhere to go.
    """
    target, endings = Path(path), tuple(endings)
    try:
        return _checked(target, endings, [source for source in apart_from if isinstance(source, str | os.PathLike)])
    except OSError as error:
        raise _unwritable(target, error) from error


def _checked(target: Path, endings: tuple[str, ...], sources: Sequence[str | os.PathLike[str]]) -> Path:
    if target.suffix.lower() not in endings:
        wanted = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]
        raise BadFile(f"cannot write {target}: the name must end in {wanted}")
    if target.is_dir():
        raise BadFile(f"cannot write {target}: there is a folder of that name; choose another name")
    if target.exists() and not target.is_file():
        raise BadFile(f"cannot write {target}: what is there is no ordinary file; choose another name")
    if not target.parent.is_dir():
        raise BadFile(f"cannot write {target}: there is no folder {target.parent}; make it first")
    if not os.access(target.parent, os.W_OK):
        raise BadFile(f"cannot write {target}: no permission to write in {target.parent.resolve()}")
    if target.exists() and any(os.path.exists(source) and target.samefile(source) for source in sources):
        raise BadFile(f"cannot write {target}: it is one of the files to be read; choose another name")
    return target


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A temporary file beside the target that takes its place when all went well, and vanishes when not.

    BadFile, with the system's reason, if it cannot be written.
    """
    import duckdb

    place = Path(os.path.realpath(target))
    beside = place.with_name(f".{place.name[:100]}.{os.getpid()}.tmp")
    try:
        yield beside
        os.replace(beside, place)
    except OSError as error:
        raise _unwritable(target, error) from error
    except duckdb.IOException as error:
        raise BadFile(f"cannot write {target}: {_reason(error)}") from error
    finally:
        beside.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    """What the system said, without the engine's words and the name of our temporary file around it."""
    said = str(error).strip().split("\n")[0]
    number = re.search(r'"errno":"(\d+)"', said)
    return os.strerror(int(number[1])) if number else said.split(": ")[-1]


def _unwritable(target: Path, error: OSError) -> BadFile:
    # Arrow puts words of its own into the text; the number is the system's
    return BadFile(f"cannot write {target}: {os.strerror(error.errno) if error.errno else error}")


def save_table(rows: DuckDBPyRelation, target: Path) -> None:
    """Write Parquet (zstd), CSV or JSON (one array, a row a line) by the target's ending, whole or not at all.

    In CSV and JSON instants are ISO 8601 with Z, dates YYYY-MM-DD; absent is empty in CSV, null in JSON. BadFile if it
    cannot be written.
    """
    writers: dict[str, Callable[[DuckDBPyRelation, Path], None]] = {
        ".parquet": _parquet, ".csv": _csv, ".json": _json
    }  # fmt: skip
    with written_whole(target) as beside:
        writers[target.suffix.lower()](rows, beside)


def save_text(text: str, target: Path) -> None:
    """Write text as UTF-8, whole or not at all; BadFile if it cannot be written."""
    with written_whole(target) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _parquet(rows: DuckDBPyRelation, path: Path) -> None:
    # the engine's own writer holds the whole result before it writes it
    import pyarrow.parquet as pq

    reader = rows.to_arrow_reader(_ROWS_AT_ONCE)
    repeating = [name for name in reader.schema.names if name in _REPEATING]
    with pq.ParquetWriter(path, reader.schema, compression="zstd", use_dictionary=repeating) as file:
        for batch in reader:
            file.write_batch(batch)


def _csv(rows: DuckDBPyRelation, path: Path) -> None:
    _spelt(rows).write_csv(str(path), header=True)


def _json(rows: DuckDBPyRelation, path: Path) -> None:
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

    pairs = [each for name in rows.columns for each in (ConstantExpression(name), ColumnExpression(name))]
    lines = _spelt(rows).select(FunctionExpression("json_object", *pairs).cast("VARCHAR").alias("line"))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        before = "[\n"
        for batch in lines.to_arrow_reader(_ROWS_AT_ONCE):
            if batch.num_rows:
                file.write(before + ",\n".join(batch.column(0).to_pylist()))
                before = ",\n"
        file.write("[]\n" if before == "[\n" else "\n]\n")


def _spelt(rows: DuckDBPyRelation) -> DuckDBPyRelation:
    """Instants as text: microseconds only where there are any."""
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    def spelt(name: str, kind: str) -> Expression:
        found = ColumnExpression(name)
        if kind != "TIMESTAMP WITH TIME ZONE":
            return found
        whole, parts = (ConstantExpression(form) for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"))
        fraction = FunctionExpression("epoch_us", found) % ConstantExpression(1_000_000)
        exact = CaseExpression(fraction == ConstantExpression(0), FunctionExpression("strftime", found, whole))
        return exact.otherwise(FunctionExpression("strftime", found, parts)).alias(name)

    return rows.select(*(spelt(name, str(kind)) for name, kind in zip(rows.columns, rows.types, strict=True)))
