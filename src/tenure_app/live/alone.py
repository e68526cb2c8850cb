"""One worker at a time puts events on the timeline and follows them; others stand by and take over when it ends."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["at_work", "working_alone"]

_NUMBER: Final = 7_365_002
"""Of the lock in PostgreSQL; any number that nobody else uses."""


@contextmanager
def working_alone() -> Iterator[bool]:
    """Whether we are the one who works; then until the block ends, or the process, however that ends.

    On PostgreSQL the lock is the connection's: with it goes the right to work, and whatever was not committed.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_NUMBER])
            ((held,),) = cursor.fetchall()
        try:
            yield bool(held)
        finally:
            if held and connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_NUMBER])
        return
    settings.TENURE_DATA.mkdir(parents=True, exist_ok=True)
    with (settings.TENURE_DATA / "work.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def at_work() -> bool:
    """Whether somebody is the one who works."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                [_NUMBER],
            )
            return cursor.fetchone() is not None
    try:
        with (settings.TENURE_DATA / "work.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # nobody ever worked here
        return False
    return False
