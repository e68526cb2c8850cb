"""One import at a time, on all machines that share a ledger."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection

from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["importing_alone", "under_way"]

_NUMBER: Final = 7_365_001
"""Of the lock in PostgreSQL; any number that nobody else uses."""


@contextmanager
def importing_alone(*, wait: bool = False) -> Iterator[None]:
    """Hold the lock of imports, which ends with the process however that ends; Refused while somebody else holds it,
    unless one will `wait`."""
    refused = Refused(
        "import_under_way", "nothing was done: another import or undoing is under way; try again after it"
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            if wait:
                cursor.execute("SELECT pg_advisory_lock(%s)", [_NUMBER])
            else:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [_NUMBER])
                if not cursor.fetchone()[0]:
                    raise refused
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_NUMBER])
        return
    settings.TENURE_DATA.mkdir(parents=True, exist_ok=True)
    with (settings.TENURE_DATA / "import.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refused from None
        yield


def under_way() -> bool:
    """Whether somebody holds the lock of imports."""
    try:
        with importing_alone():
            return False
    except Refused:
        return True
