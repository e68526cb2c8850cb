"""The ledger in columns, for the engine: read in order, never past what an open transaction may still fill in.

ADBC brings a SQLite of its own into the process, and two of them on one file undo each other's locks: so Django's
connection is closed while it reads, and a server that answers requests has this done by another process.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode

import pyarrow as pa
from django.db import connection

from tenure.engine.base import statements
from tenure_app.ledger.append_only import restored_elsewhere
from tenure_app.ledger.groups import MERGED
from tenure_app.ledger.kinds import LIFE
from tenure_app.ledger.merging import UNMERGED
from tenure_app.ledger.models import Event
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tenure.engine.duckdb import DuckDB

__all__ = ["Position", "asking", "behind", "is_another", "listed", "read_news", "server_mark"]

_PACKAGE: Final = "tenure_app.ledger"
_TURNS: Final = (MERGED, UNMERGED)
"""What says that somebody is taken for somebody else than before."""


class _Ask(Protocol):
    def __call__(self, name: str, *params: int | str) -> pa.RecordBatchReader: ...


@dataclass(frozen=True, slots=True)
class Position:
    """How far the ledger was read: `events` in its own terms (the next time's `after`), of which kinds, and what the
    ledger is known again by: the number and hash of the last event there was, and the server's own mark."""

    events: int = 0
    kinds: Sequence[str] = ()
    last: int = 0
    hash: str = ""
    server: str = ""


def read_news(engine: DuckDB, after: Position = Position(), *, kinds: Collection[str] = LIFE) -> Position:
    """Make the table `news`, of what was appended since a position, and `drawn`, of whom it is.

    news: number, first, c, kind, at, recorded_at, order_id, amount_minor, currency, discount_minor, category, region,
    channel, reason, filed (whether a file said it), by c, at and number; c is whom the person is taken for, less than 0
    (-c) where that is somebody anonymous, of whom no life is made. drawn: c, draw, of those who are known. canon:
    person and c of who is taken for another one.

    After a position the engine must see what the mirror has: `canon_before` (person, c) and `drawn_before` (c, draw).
    Then canon is what turned since (c: themselves again), and two tables more are made. anew: whose facts are all in
    the news, for they gained or lost some by a merge, or were not known. changed: numbers of the facts that are new,
    or another one's than before. Everything has to be read anew for a kind that the position does not know, or if the
    ledger is another one (`is_another`). Refused for a ledger that was restored on another server and not migrated
    there yet.
    """
    if restored_elsewhere(connection):
        raise Refused("restored_elsewhere", "the ledger was restored from another server; run once: tenure migrate")
    with asking() as ask:
        end = ask("end").read_all().column(0)[0].as_py()
        last = ask("last", end).read_all().column(0)[0].as_py()
        reading = _Reading(engine, ask, int(end), sorted(kinds))
        if after.events:
            reading.since(after.events)
        else:
            reading.everything()
    number = max(int(last or 0), after.last)
    return Position(int(end), sorted(kinds), number, _hash_of(number), server_mark())


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read at one time, up to `end`."""

    engine: DuckDB
    ask: _Ask
    end: int
    kinds: list[str]

    def everything(self) -> None:
        """Every fact of everybody."""
        self._hand("no_raw", self.ask("events", 0, self.end, listed(self.kinds)))
        self._hand("no_people", self.ask("everybody"))
        for name in ("canon", "news", "drawn"):
            self._run(name)
        self._drop("raw", "raw_people")

    def since(self, after: int) -> None:
        """What was appended, and everything of whoever is another one by now."""
        self._hand("no_raw", self.ask("events", after, self.end, listed([*self.kinds, *_TURNS])))
        self._run("no_turned")
        if self._numbers("any_turned") != [0]:
            self._hand("canon_now", self.ask("canon"))
            self._run("turned")
            self._drop("canon_now")
        self._hand("moved", self._of("events_of", self._numbers("moving"), self.end, listed(self.kinds)))
        self._people("no_people", self._numbers("whose"))
        for name in ("anew", "changed"):
            self._run(name)
        anew = self._numbers("of_anew")
        # who is taken for one of them by now may have stood for themselves before
        self._run("anew_hidden")
        members = sorted({*anew, *self._of("members", anew).read_all()["person"].to_pylist()})
        self._hand("more_raw", self._of("events_of", members, self.end, listed(self.kinds)))
        self._people("more_people", members)
        for name in ("news", "changed_anew", "drawn"):
            self._run(name)
        self.engine.connection.table("turned").select("person, c").create("canon")
        self._drop("raw", "raw_people", "moved", "turned")

    def _people(self, name: str, people: list[int]) -> None:
        """Who these are, and those for whom they are taken."""
        self._hand(name, self._of("people", people))
        self._hand("more_people", self._of("people", self._numbers("roots")))

    def _of(self, name: str, people: list[int], *more: int | str) -> pa.RecordBatchReader:
        return self.ask(name, listed(people), *more)

    def _hand(self, name: str, rows: pa.RecordBatchReader) -> None:
        """Carry out a statement that sees the rows as `handed`."""
        self.engine.connection.register("handed", rows)
        self._run(name)
        self.engine.connection.unregister("handed")

    def _numbers(self, name: str) -> list[int]:
        return [number for (number,) in self.engine.run(_PACKAGE, "mirror", name).fetchall()]

    def _run(self, name: str) -> None:
        self.engine.run(_PACKAGE, "mirror", name)

    def _drop(self, *names: str) -> None:
        for name in names:
            self.engine.drop(name)


def listed(items: Sequence[int | str]) -> str:
    """A list as either database is handed one."""
    return json.dumps(items) if connection.vendor == "sqlite" else ",".join(map(str, items))


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


def behind(position: Position) -> int:
    """How many events of the kinds that were read were appended since a position."""
    kinds = json.dumps(list(position.kinds)) if connection.vendor == "sqlite" else list(position.kinds)
    with connection.cursor() as cursor:
        cursor.execute(statements(_PACKAGE, "mirror_reads")[f"behind_{connection.vendor}"], [position.events, kinds])
        return int(cursor.fetchone()[0])


@contextmanager
def asking() -> Iterator[_Ask]:
    """A connection of ADBC to Django's database, and its statements by name (mirror_reads.sql). Django's own connection
    is closed and must not be used meanwhile."""
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

        def ask(name: str, *params: int | str) -> pa.RecordBatchReader:
            cursor.execute(said[f"{name}_{vendor}"], params or None)
            return cursor.fetch_record_batch()

        yield ask


def _address(settings: dict[str, Any]) -> str:
    """Where PostgreSQL is, as its own clients write it."""
    user, word = quote(settings["USER"], safe=""), quote(settings["PASSWORD"], safe="")
    more = {name: value for name, value in settings.get("OPTIONS", {}).items() if isinstance(value, str)}
    host, port = quote(settings["HOST"] or "", safe=""), settings["PORT"] or 5432
    who = f"{user}:{word}@" if word else f"{user}@" if user else ""
    return f"postgresql://{who}{host}:{port}/{quote(settings['NAME'], safe='')}?{urlencode(more, quote_via=quote)}"
