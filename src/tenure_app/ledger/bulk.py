"""Many rows at once into the tables of either database, past the object mapper: it writes a tenth as fast."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

from tenure.engine.base import statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyRelation

__all__ = ["insert", "look_up", "new_ids"]

_PACKAGE: Final = "tenure_app.ledger"


def look_up(name: str, keys: Sequence[Any], *more: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement of lookups.sql finds for a list of keys."""
    said = statements(_PACKAGE, "lookups")[f"{name}_{connection.vendor}"]
    handed = json.dumps(list(keys)) if connection.vendor == "sqlite" else list(keys)
    with connection.cursor() as cursor:
        cursor.execute(said, [handed, *more])
        return cursor.fetchall()


def new_ids(table: str, n: int) -> list[int]:
    """As many numbers for rows of the table, rising, that nobody else will get. Within a transaction."""
    if not n:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # the transaction holds the only writer's lock
            cursor.execute(statements(_PACKAGE, "lookups")["last_number_sqlite"], [table])
            row = cursor.fetchone()
            first = (row[0] if row else 0) + 1
            return list(range(first, first + n))
        cursor.execute(statements(_PACKAGE, "lookups")["numbers_postgresql"], [table, n])
        return sorted(number for (number,) in cursor.fetchall())


def insert(table: str, rows: DuckDBPyRelation) -> None:
    """Append the rows of a relation, whose columns are called as the table's."""
    (_by_rows if connection.vendor == "sqlite" else _by_copy)(table, rows)


def _by_rows(table: str, rows: DuckDBPyRelation) -> None:
    places = ", ".join(["?"] * len(rows.columns))
    with connection.cursor() as cursor, connection.wrap_database_errors:
        # Django's own cursor would rewrite the statement for every row
        cursor.connection.executemany(_statement("rows", table, rows).replace("{places}", places), rows.fetchall())


def _by_copy(table: str, rows: DuckDBPyRelation) -> None:
    """Through a file of text that DuckDB writes and PostgreSQL reads: no row becomes an object of Python."""
    with tempfile.TemporaryDirectory(prefix="tenure-") as folder:
        file = Path(folder) / "rows.csv"
        _as_text(rows).write_csv(str(file), header=False, na_rep="\\N")
        with (
            connection.cursor() as cursor, connection.wrap_database_errors, file.open("rb") as text,
            cursor.copy(_statement("text", table, rows)) as copying,
        ):  # fmt: skip
            while chunk := text.read(1 << 20):
                copying.write(chunk)


def _statement(name: str, table: str, rows: DuckDBPyRelation) -> str:
    quoted = [connection.ops.quote_name(column) for column in rows.columns]
    said = statements(_PACKAGE, "bulk")[name].replace("{table}", connection.ops.quote_name(table))
    return said.replace("{columns}", ", ".join(quoted))


def _as_text(rows: DuckDBPyRelation) -> DuckDBPyRelation:
    """Bytes written as PostgreSQL reads them."""
    return rows.select(*(
        FunctionExpression("concat", ConstantExpression("\\x"), FunctionExpression("hex", ColumnExpression(name)))
        if str(kind) == "BLOB" else ColumnExpression(name)
        for name, kind in zip(rows.columns, rows.types, strict=True)
    ))  # fmt: skip
