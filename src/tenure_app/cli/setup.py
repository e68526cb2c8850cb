"""Django made ready for a verb of the command."""

from __future__ import annotations

import errno
import os

from tenure.errors import BadFile
from tenure_app.environment import data_folder
from tenure_app.refused import Refused

__all__ = ["ready"]


def ready(*, tables: bool, writes: bool = True) -> None:
    """Set Django up; with `writes`, BadFile unless the data folder can be written to; with `tables`, Refused unless
    they are there and of this version. An empty SQLite file is given them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure_app.settings")
    import django

    try:
        # names and addresses lie in it: nobody else on the machine is to read them
        data_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(data_folder(), os.R_OK) and not os.access(data_folder(), os.W_OK) and writes:
            raise PermissionError(errno.EACCES, "it cannot be written to", str(data_folder()))
        django.setup()  # makes the secrets of a new folder
    except OSError as error:
        where = error.filename or data_folder()
        raise BadFile(f"{where}: {error.strerror}; TENURE_DATA must be a folder that can be written to") from error
    if tables:
        _check_tables()


def _check_tables() -> None:
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        said = str(error).strip().split("\n")[0]
        raise Refused("no_database", f"the database does not answer: {said}; is DATABASE_URL right?") from error
    if waiting and connection.vendor == "sqlite" and not connection.introspection.table_names():
        from django.core.management import call_command

        # a file of one's own needs nobody's leave
        call_command("migrate", verbosity=0)
    elif waiting:
        raise Refused("not_migrated", "the ledger's tables are not there or not of this version; run: tenure migrate")
