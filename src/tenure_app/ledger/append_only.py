"""The database itself refuses to change or delete what is append-only: triggers, made anew after every migrate.

Django rebuilds a table of SQLite to change it and drops its triggers with it, so they belong to no migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenure.engine.base import statements

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["NAMES", "guard", "missing"]

NAMES: Final = {
    "sqlite": (
        "event_is_never_changed", "event_is_never_deleted", "event_is_never_replaced",
        "policy_is_never_changed", "policy_is_never_deleted", "policy_is_never_replaced",
    ),
    "postgresql": (
        "event_is_never_changed", "event_is_never_emptied", "policy_is_never_changed", "policy_is_never_emptied",
    ),
}  # fmt: skip
"""The triggers by the database's vendor."""


def guard(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers of the ledger, in place of those that are there."""
    made = statements("tenure_app.ledger", f"append_only_{connection.vendor}")
    with connection.cursor() as cursor:
        for statement in made.values():
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The triggers that ought to be there and are not, or are switched off."""
    found = statements("tenure_app.ledger", "append_only_found")[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(found)
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in NAMES[connection.vendor] if name not in there]
