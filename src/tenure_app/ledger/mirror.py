"""The ledger in columns, for the engine: read in order, never past what an open transaction may still fill in.

ADBC brings a SQLite of its own into the process, and two of them on one file undo each other's locks: so Django's
connection is closed while it reads, and a server that answers requests has this done by another process.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode

import pyarrow as pa
from django.db import connection

from tenure.engine.base import statements
from tenure_app.ledger.append_only import restored_elsewhere
from tenure_app.ledger.models import Event
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenure.engine.duckdb import DuckDB

__all__ = ["Position", "behind", "canonical", "is_another", "read_news", "server_mark"]

_PACKAGE: Final = "tenure_app.ledger"


class _Ask(Protocol):
    def __call__(self, name: str, *params: int) -> pa.RecordBatchReader: ...


@dataclass(frozen=True, slots=True)
class Position:
    """How far the ledger was read: `events` in its own terms (the next time's `after`), the merges that were in force,
    as a mark of theirs, and what the ledger is known again by: the number and hash of the last event that was read,
    and the server's own mark."""

    events: int = 0
    merges: str = ""
    last: int = 0
    hash: str = ""
    server: str = ""


def read_news(engine: DuckDB, after: Position = Position()) -> Position:
    """Make the tables `news`, of what was appended since a position, and `drawn`, of whom it is.

    news: number, first, c, kind, at, recorded_at, order_id, amount_minor, currency, discount_minor, category, region,
    channel, reason, by c, at and number; c is whom the person is taken for by the merges in force. drawn: c, draw. If
    the merges are not those of the position, or the ledger is another one (`is_another`), everything has to be read
    anew. Refused for a ledger that was restored on
    another server and not migrated there yet.
    """
    if restored_elsewhere(connection):
        raise Refused("restored_elsewhere", "the ledger was restored from another server; run once: tenure migrate")
    with _asking() as ask:
        end = ask("end").read_all().column(0)[0].as_py()
        merges = ask("merges").read_all()
        span = (after.events, end)
        whom = ask("people", *span) if after.events else ask("everybody")
        for name, rows in (("raw_people", whom), ("raw", None)):
            engine.drop(name)
            engine.connection.from_arrow(rows or ask("events", *span)).create(name)
    whose = canonical(dict(zip(merges["person"].to_pylist(), merges["canonical"].to_pylist(), strict=True)))
    persons, canon = (pa.array(list(side), pa.int64()) for side in (whose.keys(), whose.values()))
    engine.put("canon", pa.table({"person": persons, "c": canon}))
    for name in ("news", "drawn"):
        engine.run(_PACKAGE, "mirror", name)
    ((last,),) = engine.relation(_PACKAGE, "mirror", "last_event").fetchall()
    for name in ("raw", "raw_people", "canon"):
        engine.drop(name)
    mark = hashlib.sha256(repr(sorted(whose.items())).encode()).hexdigest()[:16] if whose else ""
    number = max(int(last or 0), after.last)
    return Position(int(end), mark, number, _hash_of(number), server_mark())


def is_another(position: Position) -> bool:
    """Whether the ledger is not the one of which a position speaks: restored from an earlier day, or on another
    server."""
    return bool(position.last) and (position.hash, position.server) != (_hash_of(position.last), server_mark())


def server_mark() -> str:
    """What tells one server of PostgreSQL from another; nothing for SQLite."""
    if connection.vendor == "sqlite":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        return str(cursor.fetchone()[0])


def _hash_of(number: int) -> str:
    """The hash of an event, nothing where there is none of this number."""
    found = Event.objects.filter(pk=number).values_list("fact_hash", flat=True).first()
    return "" if found is None else bytes(found).hex()


def canonical(merges: dict[int, int]) -> dict[int, int]:
    """Whom each merged person is taken for in the end, where one merge follows another."""

    def last(person: int) -> int:
        seen = {person}
        while (person := merges.get(person, person)) not in seen:
            seen.add(person)
        return person

    return {person: last(person) for person in merges if person}


def behind(position: Position) -> int:
    """How many events were appended since a position."""
    with connection.cursor() as cursor:
        cursor.execute(statements(_PACKAGE, "mirror_reads")[f"behind_{connection.vendor}"], [position.events])
        return int(cursor.fetchone()[0])


@contextmanager
def _asking() -> Iterator[_Ask]:
    """A connection of ADBC to Django's database, and its statements by name."""
    vendor, settings = connection.vendor, connection.settings_dict
    said = statements(_PACKAGE, "mirror_reads")
    connection.close()
    if vendor == "sqlite":
        import adbc_driver_sqlite.dbapi as driver

        opened = driver.connect(f"file:{quote(str(settings['NAME']))}?mode=ro")
    else:
        import adbc_driver_postgresql.dbapi as driver

        opened = driver.connect(_address(settings))
    with opened, opened.cursor() as cursor:

        def ask(name: str, *params: int) -> pa.RecordBatchReader:
            cursor.execute(said[f"{name}_{vendor}"], params or None)
            return cursor.fetch_record_batch()

        yield ask


def _address(settings: dict[str, Any]) -> str:
    """Where PostgreSQL is, as its own clients write it."""
    user, word = quote(settings["USER"], safe=""), quote(settings["PASSWORD"], safe="")
    more = {name: value for name, value in settings.get("OPTIONS", {}).items() if isinstance(value, str)}
    host, port = quote(settings["HOST"] or "", safe=""), settings["PORT"] or 5432
    who = f"{user}:{word}@" if word else f"{user}@" if user else ""
    return f"postgresql://{who}{host}:{port}/{quote(settings['NAME'], safe='')}?{urlencode(more)}"
