"""Lists of keys and of rows handed to either database at once, past the object mapper: a few statements for hundreds.

A statement of either database has the vendor at the end of its name. What is asked takes a list of keys first, as
`bulk.look_up`; what is written takes a row at a time on SQLite and a list for each column on PostgreSQL.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, IntegrityError, connection

from tenure.engine.base import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ask", "collided", "write"]

_LEDGER: Final = "tenure_app.ledger"
_COLLISIONS: Final = ("40001", "40P01")
"""PostgreSQL's codes of transactions that stood in each other's way."""


def ask(
    topic: str, name: str, *params: Iterable[Any] | str | int, package: str = _LEDGER
) -> list[tuple[Any, ...]]:
    """What a statement finds for lists of numbers or words, and numbers and words; nothing is asked for an empty first
    list. A statement that only writes finds nothing. package: where its file of SQL lies."""
    told: list[Any] = [one if isinstance(one, str | int) else list(one) for one in params]
    if told[0] == []:
        return []
    if connection.vendor == "sqlite":
        told = [json.dumps(one) if isinstance(one, list) else one for one in told]
    with connection.cursor() as cursor:
        cursor.execute(statements(package, topic)[f"{name}_{connection.vendor}"], told)
        return [] if cursor.description is None else cursor.fetchall()


def write(topic: str, name: str, rows: Sequence[tuple[Any, ...]], *, package: str = _LEDGER) -> None:
    """Carry a statement out for each row. IntegrityError where one breaks a rule of the tables. package: where its file
    of SQL lies."""
    if not rows:
        return
    said = statements(package, topic)[f"{name}_{connection.vendor}"]
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "sqlite":
            # Django's own cursor would rewrite the statement for every row
            cursor.connection.executemany(said, rows)
        else:
            cursor.execute(said, [list(column) for column in zip(*rows, strict=True)])


def collided(error: DatabaseError) -> bool:
    """Whether somebody else wrote the same meanwhile, so that the transaction is to be done again."""
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", None) in _COLLISIONS
