"""Many rows at once into the tables of either database, past the object mapper: it writes a tenth as fast."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

from tenure.engine.base import statements
from tenure_app.ledger.lists import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyRelation

__all__ = ["insert", "look_up", "new_ids", "put"]

_PACKAGE: Final = "tenure_app.ledger"


def look_up(name: str, keys: Sequence[Any], *more: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement of lookups.sql finds for a list of keys."""
    return ask("lookups", name, keys, *more)


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


def put(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Append rows of Python. IntegrityError where one is there already."""
    if not rows:
        return
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "sqlite":
            # Django's own cursor would rewrite the statement for every row
            cursor.connection.executemany(_said("rows", table, columns), rows)
            return
        with cursor.copy(_said("copied", table, columns)) as copying:
            for row in rows:
                copying.write_row(row)


def insert(table: str, rows: DuckDBPyRelation) -> None:
    """Append the rows of a relation, whose columns are called as the table's."""
    if connection.vendor == "sqlite":
        put(table, rows.columns, rows.fetchall())
    else:
        _by_copy(table, rows)


def _by_copy(table: str, rows: DuckDBPyRelation) -> None:
    """Through a file of text that DuckDB writes and PostgreSQL reads: no row becomes an object of Python."""
    with tempfile.TemporaryDirectory(prefix="tenure-") as folder:
        file = Path(folder) / "rows.csv"
        _as_text(rows).write_csv(str(file), header=False, na_rep="\\N")
        with (
            connection.cursor() as cursor, connection.wrap_database_errors, file.open("rb") as text,
            cursor.copy(_said("text", table, rows.columns)) as copying,
        ):  # fmt: skip
            while chunk := text.read(1 << 20):
                copying.write(chunk)


def _said(name: str, table: str, columns: Sequence[str]) -> str:
    """A statement for a table and its columns, each named by the database's own rules."""
    quote = connection.ops.quote_name
    said = statements(_PACKAGE, "bulk")[name].replace("{table}", quote(table))
    said = said.replace("{columns}", ", ".join(quote(column) for column in columns))
    return said.replace("{places}", ", ".join("?" * len(columns)))


def _as_text(rows: DuckDBPyRelation) -> DuckDBPyRelation:
    """Bytes written as PostgreSQL reads them."""
    return rows.select(*(
        FunctionExpression("concat", ConstantExpression("\\x"), FunctionExpression("hex", ColumnExpression(name)))
        if str(kind) == "BLOB" else ColumnExpression(name)
        for name, kind in zip(rows.columns, rows.types, strict=True)
    ))  # fmt: skip
