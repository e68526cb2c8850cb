"""Where requests wait for the worker: in a table of PostgreSQL, and beside a ledger of SQLite in a file of their own.

A file of SQLite has one writer at a time, and who waits for it sleeps for longer and longer. In one file the doors and
the worker would hold each other up; in two they never meet. What was read is taken away after the ledger's transaction,
which notes how far it came (`SpoolMark`): killed in between, the worker knows what it has done already.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from django.db import DatabaseError, connection

from tenure.engine.base import statements
from tenure_app.listen.asking import PACKAGE, ask
from tenure_app.listen.models import SpoolMark

__all__ = ["Request", "append", "clear_away", "ends", "forget_file", "note", "oldest_at", "spool_of", "waiting"]

_TOPIC: Final = "spool"
_TIMEOUT: Final = 30.0
"""Seconds for which a door waits for another's write."""
_BYTES: Final = 16_000_000
"""Of requests that are read at once; another one is read where those before have fewer."""


class Request(NamedTuple):
    """A request that waits."""

    id: int
    source: int
    call: str
    received_at: int
    events: int
    body: bytes


class _Connections(threading.local):
    """Of each thread its own, for as long as it asks for the same file."""

    path: str = ""
    one: sqlite3.Connection | None = None


_open = _Connections()


def spool_of(ledger: str) -> Path:
    """The file in which requests wait beside a ledger of SQLite."""
    return Path(ledger).with_suffix(".received.sqlite3")


def _file() -> sqlite3.Connection:
    path = str(spool_of(str(connection.settings_dict["NAME"])))
    if _open.one is None or _open.path != path:
        forget_file()
        _open.one = sqlite3.connect(path, timeout=_TIMEOUT, isolation_level=None)
        for said in ("journal", "durable", "made"):
            _open.one.execute(_said(said))
        # a file that was lost, or comes from an older backup than the ledger, must not give numbers that were done with
        for said in ("first_number", "next_number"):
            _open.one.execute(_said(said), [_mark(), _mark()])
        _open.path = path
    return _open.one


def forget_file() -> None:
    """Close this thread's file; the next to ask opens it anew."""
    if _open.one is not None:
        _open.one.close()
    _open.one, _open.path = None, ""


def _mark() -> int:
    return SpoolMark.objects.filter(pk=1).values_list("upto", flat=True).first() or 0


def _said(name: str) -> str:
    return statements(PACKAGE, _TOPIC)[name]


def _ours() -> bool:
    return bool(connection.vendor == "sqlite")


def append(*, source: int, call: str, body: bytes, events: int, now: int) -> None:
    """Write a request down; it is on the disk when this returns. DatabaseError where it cannot be."""
    values = (source, call, now, events, body)
    if not _ours():
        with connection.cursor() as cursor:
            cursor.execute(_said("append_postgresql"), values)
        return
    try:
        _file().execute(_said("append_sqlite"), values)
    except sqlite3.Error as error:
        raise DatabaseError(str(error)) from error


def waiting(most: int, *, events: int = 10**9) -> list[Request]:
    """The oldest requests that wait: one at least, and no more once they have so many events or fill the memory."""
    if not _ours():
        with connection.cursor() as cursor:
            cursor.execute(_said("waiting_postgresql"), [most, events, _BYTES])
            return [Request(*row[:5], bytes(row[5])) for row in cursor.fetchall()]
    return [Request(*row) for row in _file().execute(_said("waiting_sqlite"), [_mark(), most, events, _BYTES])]


def note(requests: Sequence[Request]) -> None:
    """What was done with, within the transaction that did it."""
    if _ours():
        upto = max(one.id for one in requests)
        SpoolMark.objects.update_or_create(pk=1, defaults={"upto": upto})
        return
    ask(_TOPIC, "taken", [one.id for one in requests])


def clear_away(requests: Sequence[Request]) -> None:
    """Take away what was done with, after its transaction."""
    if _ours() and requests:
        _file().execute(_said("taken_sqlite"), [max(one.id for one in requests)])


def ends() -> tuple[int, int] | None:
    """The numbers of the first and the last request that waits, None where none does."""
    if _ours():
        first, last = _file().execute(_said("ends_sqlite")).fetchone()
    else:
        with connection.cursor() as cursor:
            cursor.execute(_said("ends_postgresql"))
            first, last = cursor.fetchone()
    return None if first is None else (first, last)


def oldest_at() -> int | None:
    """When the request that waits longest came (us UTC), None where none waits."""
    found = waiting(1)
    return found[0].received_at if found else None
