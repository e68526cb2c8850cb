"""Statements of this package, carried out for a list of people on either database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from tenure.engine.base import statements
from tenure_app.ledger import lists

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
    return lists.ask(_TOPIC, name, *params, package=PACKAGE)


def each(name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Carry a statement out for each of the rows."""
    lists.write(_TOPIC, name, rows, package=PACKAGE)
