"""Statements of this package, carried out for lists on either database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tenure_app.ledger import lists

__all__ = ["PACKAGE", "ask", "write"]

PACKAGE: Final = "tenure_app.listen"


def ask(topic: str, name: str, *params: Iterable[Any] | str | int) -> list[tuple[Any, ...]]:
    """What a statement of this package finds, as `ledger.lists.ask`."""
    return lists.ask(topic, name, *params, package=PACKAGE)


def write(topic: str, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Carry a statement of this package out for each row, as `ledger.lists.write`."""
    lists.write(topic, name, rows, package=PACKAGE)
