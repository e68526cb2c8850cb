"""Django's `migrate`, and after it the triggers that keep the ledger append-only."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from tenure_app.ledger import append_only

__all__ = ["Command"]


class Command(migrate.Command):
    """In the place of Django's own, so that no way of migrating forgets the triggers."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then guard the ledger where it is there."""
        super().handle(*args, **options)
        connection = connections[options["database"]]
        if {"tenure_event", "tenure_policyversion"} <= set(connection.introspection.table_names()):
            append_only.guard(connection)
