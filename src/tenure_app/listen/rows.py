"""Many rows of Python at once into a table of either database, past the object mapper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from tenure.engine.base import statements

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PACKAGE", "execute", "look_up", "put"]

PACKAGE: Final = "tenure_app.listen"


def put(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Append the rows. IntegrityError where one is there already."""
    if not rows:
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor, connection.wrap_database_errors:
        named = {"{table}": quote(table), "{columns}": ", ".join(quote(column) for column in columns)}
        if connection.vendor == "sqlite":
            # Django's own cursor would rewrite the statement for every row
            named["{places}"] = ", ".join("?" * len(columns))
            cursor.connection.executemany(_said("rows", named), rows)
            return
        with cursor.copy(_said("copied", named)) as copying:
            for row in rows:
                copying.write_row(row)


def _said(name: str, named: dict[str, str]) -> str:
    text = statements("tenure_app.ledger", "bulk")[name]
    for place, value in named.items():
        text = text.replace(place, value)
    return text


def look_up(topic: str, name: str, keys: Sequence[Any], *more: Any) -> list[tuple[Any, ...]]:
    """What a statement of this package finds for a list of keys."""
    with connection.cursor() as cursor:
        execute(cursor, topic, name, keys, *more)
        return cursor.fetchall()  # type: ignore[no-any-return]


def execute(cursor: Any, topic: str, name: str, keys: Sequence[Any], *more: Any) -> None:
    """Carry a statement out for a list of keys, as either database is handed one."""
    handed = json.dumps(list(keys)) if connection.vendor == "sqlite" else list(keys)
    cursor.execute(statements(PACKAGE, topic)[f"{name}_{connection.vendor}"], [handed, *more])
