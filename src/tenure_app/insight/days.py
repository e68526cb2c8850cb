"""Pictures of days: any day's, made once and kept in a small file that all web processes share.

A picture is read with DuckDB alone; arrays are loaded only where a sentence is asked for (`sentences`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import duckdb

from tenure.engine.base import statement
from tenure.periods import day_of
from tenure_app.insight.store import PACKAGE, Sources, attach, unfinished
from tenure_app.ledger.manifest import read_manifest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tenure.lifecycle.policy import Policy
    from tenure_app.ledger.manifest import Lives, Manifest

__all__ = ["DAYS_KEPT", "NotReady", "Picture", "Shelf", "key_of", "make_day"]

DAYS_KEPT: Final = 40
"""Days' pictures on the disk; the one that was looked at longest ago goes first."""
MEMORY: Final = "48MB"
"""Of DuckDB in a web process, for all days of one shelf; what does not fit spills into a folder of the mirror's."""
MAKING: Final = "400MB"
"""Of DuckDB in the process of its own that makes a day's file."""


class NotReady(Exception):
    """A file has to be computed first, by the process in the background. `key`: of which lives, as the manifest's."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the lives of {key} are not computed yet")
        self.key = key


@dataclass(frozen=True, slots=True)
class Picture:
    """A day's picture. A `cursor` sees people(c, code, stage, detail, since, orders, occasions, cycle, first_order_at,
    last_order_at, expected_at, overdue_at, long_overdue_at, inactive_at, contact_on, reason, spent_minor), history,
    passages, reasons, money, steps, events. `generation`: the same name, the same answers for ever.
    """

    shelf: Shelf
    as_of: int
    name: str

    @property
    def generation(self) -> str:
        """Which facts and which rule."""
        return self.shelf.generation

    def cursor(self) -> DuckDBPyConnection:
        """A connection that sees the day's people and everybody's lives; tables that it makes are its own (TEMP)."""
        found = self.shelf.connection.cursor()
        found.execute("SET search_path = '!,memory'".replace("!", self.name))
        return found


class Shelf:
    """Everybody's lives by one policy, as known at one instant, opened once for any number of days' pictures.

    first_at, last_at: the first and the last event's instants (us UTC), None where there is none; sources: the facts
    behind it. Its files are let go of with the last who holds it or a cursor.
    """

    def __init__(self, folder: Path, *, policy: Policy, zone: str, known_at: int | None = None) -> None:
        """folder: the mirror's. NotReady while the lives by this policy, as known then, are not in the manifest."""
        self.policy, self.zone, self.known_at = policy, zone, known_at
        self._folder, self._key = folder, key_of(policy, known_at)
        manifest, self._lives = _in_force(folder, self._key)
        if isinstance(manifest.position, dict) and manifest.position.get("zone", zone) != zone:
            raise NotReady(self._key)  # the shop's days are others by now
        self.generation = _generation(self._lives)
        self.sources = Sources.of(folder, manifest, policy)
        self.connection = _opened(folder, self.sources, self._lives, known_at, MEMORY)
        try:
            meta = dict(self.connection.execute("SELECT name, value FROM lives.meta").fetchall())
        except BaseException:
            self.connection.close()
            raise
        first, last = (meta[name] for name in ("first_at", "last_at"))
        self.first_at = None if first is None else int(first)
        self.last_at = None if last is None else int(last)
        # names and no pictures: a shelf that nobody holds any more is let go of at once, with all its memory
        self._days: dict[int, str] = {}
        self._lock = Lock()
        self._making: dict[int, Lock] = {}

    def __len__(self) -> int:
        """How many days were opened."""
        return len(self._days)

    def __contains__(self, as_of: int) -> bool:
        """Whether the day of an instant was opened."""
        return as_of in self._days

    def day(self, as_of: int) -> Picture:
        """The picture as of an instant, which is made, by a process of its own, if nobody has looked at it yet.

        Who asks for a day that is being made waits for it, and nobody for another's. NotReady where the lives have
        left the manifest.
        """
        with self._lock:
            name = self._days.get(as_of)
            alone = self._making.setdefault(as_of, Lock())
        if name is None:
            with alone:
                name = self._days.get(as_of) or self._laid(as_of)
        with contextlib.suppress(OSError):
            os.utime(_day_path(self._folder, self._lives, as_of))  # it was looked at now
        return Picture(self, as_of, name)

    def _laid(self, as_of: int) -> str:
        """Attach a day's file, which is made if it is not there."""
        path = _day_path(self._folder, self._lives, as_of)
        if not path.exists():
            _made_beside(self._folder, self._key, as_of)
        with self._lock:
            name = f"day_{len(self._days)}"
            attach(self.connection, path, name)
            self._days[as_of] = name
        return name


def key_of(policy: Policy, known_at: int | None) -> str:
    """Under which name the manifest has the lives by a policy, as known at an instant (None: as known now)."""
    return policy.hash if known_at is None else f"{policy.hash}@{known_at}"


def make_day(folder: Path, key: str, as_of: int) -> Path:
    """Write the file of a day's people; `key`: of the lives in the manifest. NotReady if they are not in it."""
    manifest, lives = _in_force(folder, key)
    known_at = int(key.partition("@")[2]) if "@" in key else None
    path = _day_path(folder, lives, as_of)
    sources = Sources(folder / manifest.events, folder / manifest.delta if manifest.delta else None)
    connection = _opened(folder, sources, lives, known_at, MAKING)
    try:
        with unfinished(path) as target:
            attach(connection, target, "made", write=True)
            ((zone,),) = connection.execute("SELECT value FROM lives.meta WHERE name = 'zone'").fetchall()
            for name, asked in (("kept", {"as_of": as_of}), ("ahead", {"day": day_of(as_of, zone)}), ("people", None)):
                connection.execute(statement(PACKAGE, "days", name), asked)
            connection.execute("DETACH made")
    finally:
        connection.close()
    _forget(path.parent)
    return path


def _made_beside(folder: Path, key: str, as_of: int) -> None:
    """Have a day's file made by a process of its own: what it takes is given back, whatever a picture takes."""
    command = [sys.executable, "-m", "tenure_app.insight.making", str(folder), key, str(as_of)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the picture as of {as_of} was not made:\n{done.stderr}")


def _in_force(folder: Path, key: str) -> tuple[Manifest, Lives]:
    manifest = read_manifest(folder)
    if manifest is None or key not in manifest.lives:
        raise NotReady(key)
    return manifest, manifest.lives[key]


def _generation(lives: Lives) -> str:
    return Path(lives.delta or lives.base).stem


def _day_path(folder: Path, lives: Lives, as_of: int) -> Path:
    return folder / "days" / f"{_generation(lives)}-{as_of}.duckdb"


def _opened(
    folder: Path, sources: Sources, lives: Lives, known_at: int | None, memory: str
) -> DuckDBPyConnection:  # fmt: skip
    """A connection in which history, passages, reasons, money, steps, facts and events can be read."""
    connection = _connected(folder, memory)
    try:
        attach(connection, folder / lives.base, "lives")
        if lives.delta:
            attach(connection, folder / lives.delta, "restaged")
        _lay(connection, sources, overlaid=lives.delta is not None, known_at=known_at)
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(folder: Path, memory: str) -> DuckDBPyConnection:
    spill = folder / "spill"
    connection = duckdb.connect(":memory:", config={
        "memory_limit": memory, "temp_directory": str(spill), "autoinstall_known_extensions": False,
        "preserve_insertion_order": False,
    })  # fmt: skip
    connection.execute("SET TimeZone = 'UTC'")
    # customers' numbers lie close together: sums by customer go by place instead of by hash, a third of the work
    connection.execute("SET perfect_ht_threshold = 23")
    return connection


def _lay(connection: DuckDBPyConnection, sources: Sources, *, overlaid: bool, known_at: int | None) -> None:
    """The views that everything else is read from."""
    how = "overlaid" if overlaid else "alone"
    for name in ("history", "passages", "reasons", "money", "steps"):
        connection.execute(statement(PACKAGE, "days", f"{name}_{how}"))
    sources.lay_facts(connection)
    connection.execute("CREATE TABLE known AS SELECT CAST($at AS BIGINT) AS known_at", {"at": known_at or 2**62})
    connection.execute(statement(PACKAGE, "facts", "later_view"))
    connection.execute(statement(PACKAGE, "facts", "events_of_versions"))


def _forget(days: Path) -> None:
    """Remove the pictures that were looked at longest ago; who has one open reads on."""

    def looked_at(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:
            return 0.0

    for path in sorted(days.glob("*.duckdb"), key=looked_at)[:-DAYS_KEPT]:
        path.unlink(missing_ok=True)
