"""Files of the mirror and of what is computed from it, as an engine reads and writes them.

A file is written under another name and gets its own when it is whole; from then on nobody changes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.engine.base import statement

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline
    from tenure_app.ledger.manifest import Manifest

__all__ = [
    "PACKAGE", "TABLES", "Sources", "attach", "facts_of", "lay_events", "lay_events_of", "run", "timeline_of",
    "unfinished",
]  # fmt: skip

PACKAGE: Final = "tenure_app.insight"
TABLES: Final = ("history", "passages", "reasons", "money")
"""What is kept of every life, by customer."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The mirror's facts: the file of all of them and the overlay of whoever was touched since (`facts`, `touched`)."""

    events: Path
    delta: Path | None = None
    kinds: tuple[str, ...] | None = None
    """Of what came over the wire only facts of these kinds are looked at; None: of all that are there."""

    @classmethod
    def of(cls, folder: Path, manifest: Manifest, policy: Policy) -> Sources:
        """The facts of a generation by which a policy judges: those that another one asked for are left out."""
        # a day's picture is made by a process that has no need of Django
        from tenure_app.ledger.kinds import life_kinds

        kinds = life_kinds(policy)
        read = manifest.position.get("kinds", ()) if isinstance(manifest.position, dict) else ()
        delta = folder / manifest.delta if manifest.delta else None
        return cls(folder / manifest.events, delta, None if kinds.issuperset(read) else tuple(sorted(kinds)))

    def lay_facts(self, connection: DuckDBPyConnection) -> None:
        """Attach the files and make the view `facts`."""
        attach(connection, self.events, "base")
        if self.delta is not None:
            attach(connection, self.delta, "touched")
        name = "alone" if self.delta is None else "overlaid"
        if self.kinds is not None:
            name = f"{name}_of_kinds"
            connection.execute(statement(PACKAGE, "facts", "kinds_asked"), {"kinds": list(self.kinds)})
        connection.execute(statement(PACKAGE, "facts", name))


def attach(connection: DuckDBPyConnection, path: Path, name: str, *, write: bool = False) -> None:
    """Let the connection see a file's tables under a name; a file that is only read may be read by many."""
    quoted = "'" + str(path).replace("'", "''") + "'"
    how = "ATTACH ? AS !" if write else "ATTACH ? AS ! (READ_ONLY)"
    connection.execute(how.replace("!", name).replace("?", quoted))


@contextlib.contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A name to write a file under, which gets its own name at the end; nothing is left where that is not reached."""
    path.parent.mkdir(parents=True, exist_ok=True)
    other = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    other.unlink(missing_ok=True)
    try:
        yield other
        other.replace(path)
    finally:
        for left in (other, other.with_name(other.name + ".wal")):
            left.unlink(missing_ok=True)


def lay_events(engine: DuckDB, sources: Sources, known_at: int | None, some: Sequence[int] | None = None) -> None:
    """Make the view `events` of what holds as known at an instant (None: of everything), of `some` people or of all."""
    sources.lay_facts(engine.connection)
    if some is None:
        _lay_what_holds(engine, known_at)
    else:
        lay_events_of(engine, facts_of(engine.connection, some), known_at, some)


def facts_of(connection: DuckDBPyConnection, some: Sequence[int]) -> pa.Table:
    """Every word on the facts of some people, off a connection that sees everybody's `facts`."""
    import pyarrow as pa

    connection.register("asked_for", pa.table({"c": pa.array(some, pa.int64())}))
    for name in ("chosen", "theirs", "later_of_theirs", "first_of_theirs"):
        connection.execute(statement(PACKAGE, "facts", name))
    connection.unregister("asked_for")
    return connection.table("chosen_facts").to_arrow_table()


def lay_events_of(engine: DuckDB, facts: pa.Table, known_at: int | None, some: Sequence[int]) -> None:
    """As `lay_events`, of `facts_of` some people: the engine sees no file."""
    import pyarrow as pa

    engine.put("chosen", pa.table({"c": pa.array(some, pa.int64())}))
    engine.put("facts", facts)
    _lay_what_holds(engine, known_at)
    # of whatever is said of their facts, what makes somebody else's of them is not theirs
    engine.connection.execute("ALTER VIEW events RENAME TO their_events")
    run(engine, "facts", "chosen_events")


def _lay_what_holds(engine: DuckDB, known_at: int | None) -> None:
    import pyarrow as pa

    instant = 2**62 if known_at is None else known_at
    engine.put("known", pa.table({"known_at": [instant]}))
    if run(engine, "facts", "any_later").fetchall():
        run(engine, "facts", "later", known_at=instant)
        run(engine, "facts", "events_of_versions")
    else:
        run(engine, "facts", "events_of_now" if known_at is None else "events")


def run(engine: DuckDB, topic: str, name: str, **params: Any) -> DuckDBPyConnection:
    """Execute one named statement of this package."""
    return engine.connection.execute(statement(PACKAGE, topic, name), params or None)


def timeline_of(engine: DuckDB, *, drawn: bool) -> Timeline:
    """The events in the engine as the core reads them; `drawn`: with the people's own draws, from `customers`."""
    from tenure.read import Timeline

    first, last, rows, orders, categories, regions, amounts, least = run(engine, "facts", "span").fetchall()[0]
    said = {"order": orders, "category": categories, "region": regions, "amount": amounts}
    return Timeline(
        engine=engine, customer_type="VARCHAR" if drawn else "BIGINT", rows=rows, accepted=rows, rejected=(), notes=(),
        has=frozenset({"type", "reason", *(role for role, n in said.items() if n)}), negative=(least or 0) < 0,
        first_at=first, last_at=last,
    )  # fmt: skip
