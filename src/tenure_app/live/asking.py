"""Statements of this package, carried out for a list of people on either database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from tenure.engine.base import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["PACKAGE", "ask", "each", "rows_of"]

PACKAGE: Final = "tenure_app.live"
_TOPIC: Final = "standing_reads"


def rows_of(name: str, *params: Any) -> list[tuple[Any, ...]]:
    """What a statement finds that both databases understand."""
    with connection.cursor() as cursor:
        cursor.execute(statements(PACKAGE, _TOPIC)[name], list(params))
        return cursor.fetchall()  # type: ignore[no-any-return]


def ask(name: str, *params: Iterable[Any] | int) -> list[tuple[Any, ...]]:
    """What a statement finds for lists of numbers or words, and numbers; nothing is asked for an empty first list. A
    statement that only writes finds nothing."""
    told: list[Any] = [one if isinstance(one, int) else list(one) for one in params]
    if told[0] == []:
        return []
    if connection.vendor == "sqlite":
        told = [json.dumps(one) if isinstance(one, list) else one for one in told]
    with connection.cursor() as cursor:
        cursor.execute(statements(PACKAGE, _TOPIC)[f"{name}_{connection.vendor}"], told)
        return [] if cursor.description is None else cursor.fetchall()


def each(name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Carry a statement out for each of the rows."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statements(PACKAGE, _TOPIC)[name], rows)
