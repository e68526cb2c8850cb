"""The database itself refuses to change or delete what is append-only: triggers, made anew after every migrate.

Django rebuilds a table of SQLite to change it and drops its triggers with it, so they belong to no migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.transaction import atomic

from tenure.engine.base import statements

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["NAMES", "guard", "missing", "restored_elsewhere"]

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
    if connection.vendor == "postgresql":
        _lay_positions(connection)


def _lay_positions(connection: BaseDatabaseWrapper) -> None:
    """Give every event the number of its transaction, above those that a restored ledger brought along."""
    said = statements("tenure_app.ledger", "positions")
    with atomic(connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('tenure_position') IS NOT NULL")
        there = cursor.fetchone()[0]
        if there:
            cursor.execute(said["ahead"])
            if not cursor.fetchone()[0]:
                return
        cursor.execute("LOCK TABLE tenure_event IN EXCLUSIVE MODE")
        cursor.execute(said["base"])
        base = str(int(cursor.fetchone()[0]))
        for name in ("position", "horizon"):
            cursor.execute(said[name].replace("{base}", base))
        cursor.execute(said["default"])


def restored_elsewhere(connection: BaseDatabaseWrapper) -> bool:
    """Whether events come from another server of PostgreSQL, whose numbers of transactions mean nothing here."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(statements("tenure_app.ledger", "positions")["ahead"])
        return bool(cursor.fetchone()[0])


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The triggers that ought to be there and are not, or are switched off."""
    found = statements("tenure_app.ledger", "append_only_found")[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(found)
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in NAMES[connection.vendor] if name not in there]
