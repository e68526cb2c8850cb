"""Finds the people of a file in the ledger, or makes them known."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from django.db import DatabaseError, transaction

from tenure_app.ledger.bulk import insert, look_up, new_ids
from tenure_app.ledger.lists import ask, collided, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenure.engine.duckdb import DuckDB

__all__ = ["EVERYWHERE", "Recognised", "find", "recognise"]

_SQL: Final = "tenure_app.ledger"
EVERYWHERE: Final = ("email", "phone")
"""Kinds of identity that mean the same person whatever the source."""
_AT_ONCE: Final = 20_000
_TRIES: Final = 5
_TEXT: Final = pa.string()


@dataclass(frozen=True, slots=True)
class Recognised:
    """How many people the file speaks of: known before, new, and those whose ids point at different people."""

    known: int
    new: int
    conflicts: int


def recognise(engine: DuckDB, source: int, *, now: Callable[[], int]) -> Recognised:
    """Make the table `resolved` (customer, person) in the engine from the table `identities` of a file.

    Whoever is found by an id of the source, an e-mail address or a telephone number (the strongest decides) is that
    person; the others are written down as new people, with what identifies them in one transaction, so that a run that
    was killed finds them again.
    """
    find(engine, source)
    for macro in ("folded", "turned"):
        engine.run(_SQL, "intake", macro)
    ((conflicts,),) = engine.run(_SQL, "intake", "conflicts").fetchall()
    engine.run(_SQL, "intake", "claims")
    _make_strangers_known(engine, source, now)
    engine.run(_SQL, "intake", "resolved")
    _hear_news(engine, source, now)
    ((new,),) = engine.connection.table("newcomers").count("*").fetchall()
    ((everybody,),) = engine.connection.table("resolved").count("*").fetchall()
    return Recognised(everybody - new, new, conflicts)


def _make_strangers_known(engine: DuckDB, source: int, now: Callable[[], int]) -> None:
    strangers, start, tried = engine.table(_SQL, "intake", "strangers"), 0, 0
    while start < len(strangers):
        tried += 1
        with _looking_again(engine, source, last=tried == _TRIES):
            _make_known(engine, strangers.slice(start, _AT_ONCE), source, now())
            start, tried = start + _AT_ONCE, 0
        if tried:
            strangers, start = engine.table(_SQL, "intake", "strangers"), 0


@contextmanager
def _looking_again(engine: DuckDB, source: int, *, last: bool) -> Iterator[None]:
    """Where events over the wire made the same people known meanwhile, nothing is written, and they are looked for
    again: whoever does it once more finds them. last: it is not done once more."""
    try:
        yield
    except DatabaseError as error:
        if last or not collided(error):
            raise
        _look_for_people(engine, source)
        for name in ("matched", "claims"):
            engine.run(_SQL, "intake", name)


def find(engine: DuckDB, source: int | None) -> None:
    """Make `matched` and `resolved` of whom the ledger knows already; of a new source (None) by addresses alone."""
    engine.run(_SQL, "intake", "wishes")
    _look_for_people(engine, source)
    engine.run(_SQL, "intake", "matched")
    engine.put("newcomers", pa.table({"customer": pa.array([], pa.int64()), "person": pa.array([], pa.int64())}))
    engine.run(_SQL, "intake", "resolved")


def _look_for_people(engine: DuckDB, source: int | None) -> None:
    """The table `known`: kind and match of whom the ledger has already."""
    engine.put("known", _table(("kind", _TEXT), ("match", _TEXT), ("person", pa.int64()), rows=[]))
    kinds = [kind for (kind,) in engine.run(_SQL, "intake", "kinds_wished").fetchall()]
    for kind in kinds:
        wished = engine.table(_SQL, "intake", "wished", kind=kind)["match"].to_pylist()
        for start in range(0, len(wished), _AT_ONCE):
            part = wished[start : start + _AT_ONCE]
            if kind in EVERYWHERE:
                found = look_up("people", part, kind)
            elif source is not None:
                found = look_up("people_of_source", part, kind, source)
            else:
                found = []
            rows = [(kind, match, person) for match, person in found]
            _append(engine, "known", _table(("kind", _TEXT), ("match", _TEXT), ("person", pa.int64()), rows=rows))


def _make_known(engine: DuckDB, strangers: pa.Table, source: int, now: int) -> None:
    """Write down some new people and what identifies them."""
    with transaction.atomic():
        ids = pa.array(new_ids("tenure_person", len(strangers)), pa.int64())
        customers = strangers["customer"].combine_chunks()
        engine.put("newest", pa.table({"customer": customers, "person": ids, "draw": strangers["draw"]}))
        insert("tenure_person", engine.relation(_SQL, "intake", "newest_people", now=now))
        insert("tenure_identity", engine.relation(_SQL, "intake", "newest_identities", now=now, source=source))
    engine.run(_SQL, "intake", "keep_newest")


def _hear_news(engine: DuckDB, source: int, now: Callable[[], int]) -> None:
    """Write down what the file says of people known before: another address, another name."""
    people = engine.connection.sql("SELECT DISTINCT person FROM matched ORDER BY person").fetchall()
    for start in range(0, len(people), _AT_ONCE):
        part = [person for (person,) in people[start : start + _AT_ONCE]]
        engine.put("asked", pa.table({"person": pa.array(part, pa.int64())}))
        tried = 0
        while tried >= 0:
            tried += 1
            said = look_up("said", part)
            engine.put("said", _table(("person", pa.int64()), ("kind", _TEXT), ("value", _TEXT), rows=said))
            with _looking_again(engine, source, last=tried == _TRIES):
                with transaction.atomic():
                    insert("tenure_identity", engine.relation(_SQL, "intake", "news", now=now(), source=source))
                    _show(part)
                tried = -1


def _show(people: list[int]) -> None:
    """Whoever is in a file is known, and so is whoever they hang below."""
    hidden = [person for (person,) in ask("identity", "hidden", people)]
    above = [person for (person,) in ask("identity", "above", hidden)]
    write("identity", "shown", [(person,) for person in sorted({*hidden, *above})])


def _table(*columns: tuple[str, pa.DataType], rows: list[tuple[Any, ...]]) -> pa.Table:
    fields = [pa.array([row[i] for row in rows], kind) for i, (_, kind) in enumerate(columns)]
    return pa.table(fields, names=[name for name, _ in columns])


def _append(engine: DuckDB, name: str, table: pa.Table) -> None:
    if len(table):
        engine.connection.from_arrow(table).insert_into(name)
