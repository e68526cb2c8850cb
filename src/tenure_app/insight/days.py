"""Pictures of days: any day's, made once and kept in a small file that all web processes share.

A picture is read with DuckDB alone; arrays are loaded only where a sentence is asked for (`sentences`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from tenure.engine.base import statement
from tenure.periods import day_of
from tenure_app.insight.stages import STAGES
from tenure_app.insight.store import PACKAGE, Sources, attach, unfinished
from tenure_app.ledger.manifest import read_manifest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from tenure.lifecycle.policy import Policy
    from tenure_app.ledger.manifest import Lives, Manifest

__all__ = ["DAYS_KEPT", "Filter", "NotReady", "Picture", "key_of", "make_day", "open_picture"]

DAYS_KEPT: Final = 40
"""Days' pictures on the disk; the one that was looked at longest ago goes first."""
MEMORY: Final = "80MB"
"""Of DuckDB in a web process; what does not fit spills into a folder of the mirror's."""
MAKING: Final = "400MB"
"""Of DuckDB in the process of its own that makes a day's file."""


class NotReady(Exception):
    """A file has to be computed first, by the process in the background. `key`: of which lives, as the manifest's."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the lives of {key} are not computed yet")
        self.key = key


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom a list is of; what is None asks nothing. `codes`: of STAGES; `due_before`: overdue before that instant, not
    yet overdue now; instants are us UTC, `since_from` is inclusive and `since_to` exclusive."""

    codes: Sequence[int] | None = None
    since_from: int | None = None
    since_to: int | None = None
    orders_least: int | None = None
    orders_most: int | None = None
    due_before: int | None = None
    people: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A day's picture. Of `connection`: people(c, code, stage, detail, since, orders, occasions, cycle, first_order_at,
    last_order_at, expected_at, overdue_at, long_overdue_at, inactive_at, contact_on, reason, spent_minor), history,
    passages, reasons, money, steps, events. `generation`: the same name, the same answers for ever.
    """

    connection: DuckDBPyConnection
    generation: str
    as_of: int
    known_at: int | None
    zone: str
    policy: Policy
    sources: Sources
    lives: Path
    day_file: Path
    first_at: int | None
    last_at: int | None

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()

    def counts(self) -> dict[int, int]:
        """Customers by code of their stage; stages of nobody are left out."""
        return dict(self._rows("counts"))

    def people(self, asked: Filter | None = None) -> DuckDBPyRelation:
        """Whom a filter lets through, not read yet."""
        found = self.connection.table("people")
        for condition in _conditions(asked or Filter(), self.as_of):
            found = found.filter(condition)
        return found

    def page(
        self, asked: Filter | None = None, *, by: str = "c", descending: bool = False, most: int = 50, after: int = 0
    ) -> list[dict[str, Any]]:
        """Rows of `people`, sorted by a column and then by customer; what is absent comes last."""
        column = duckdb.ColumnExpression(by)
        order = (column.desc() if descending else column.asc()).nulls_last()
        rows = self.people(asked).sort(order, duckdb.ColumnExpression("c").asc()).limit(most, after)
        return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]

    def count(self, asked: Filter | None = None) -> int:
        """How many a filter lets through."""
        found = self.people(asked).aggregate("COUNT(*)").fetchall()
        return int(found[0][0])

    def flows(self, since: int, until: int) -> dict[tuple[int, int], int]:
        """How many went from a stage at one instant to that at another (codes; -1: not known yet at the first)."""
        return {(a, b): n for a, b, n in self._rows("flows", since=since, until=until)}

    def movers(self, since: int, until: int, from_code: int, to_code: int, *, most: int, after: int = 0) -> list[int]:
        """Who is behind one of the flows, by number."""
        asked = {"since": since, "until": until, "from_code": from_code, "to_code": to_code}
        return [c for (c,) in self._rows("movers", **asked, most=most, after=after)]

    def river(self, days: Sequence[int]) -> list[tuple[int, dict[int, int]]]:
        """Customers by code at the start of each of some days of the zone (rising)."""
        standing: dict[int, int] = dict.fromkeys(range(len(STAGES)), 0)
        changes = iter(self._rows("river", end_day=max(days, default=0)))
        change = next(changes, None)
        levels: list[tuple[int, dict[int, int]]] = []
        for day in days:
            while change is not None and change[0] < day:
                standing[change[1]] += change[2]
                change = next(changes, None)
            levels.append((day, dict(standing)))
        return levels

    def life(self, c: int) -> list[tuple[int, int | None, int]]:
        """A customer's stages: from, to (None: still) and code, by instant."""
        return self._rows("life", c=c)

    def passages(self, c: int) -> list[dict[str, Any]]:
        """A customer's passages, by instant."""
        cursor = self.connection.execute(statement(PACKAGE, "days", "passed"), {"c": c})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def events(self, c: int) -> list[dict[str, Any]]:
        """What happened with a customer before the picture's instant."""
        cursor = self.connection.execute(statement(PACKAGE, "days", "happened"), {"c": c, "as_of": self.as_of})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def compared(self, other: Picture) -> dict[tuple[int, int], int]:
        """Customers by code here and code in the other picture, of the same day by another policy."""
        self._see(other)
        return {(a, b): n for a, b, n in self._rows("compared")}

    def moved(self, other: Picture, from_code: int, to_code: int, *, most: int, after: int = 0) -> list[int]:
        """Who is behind one cell of `compared`, by number."""
        self._see(other)
        return [c for (c,) in self._rows("moved", from_code=from_code, to_code=to_code, most=most, after=after)]

    def _see(self, other: Picture) -> None:
        self.connection.execute("DROP VIEW IF EXISTS other")
        self.connection.execute("DETACH DATABASE IF EXISTS other_day")
        attach(self.connection, other.day_file, "other_day")
        self.connection.execute("CREATE VIEW other AS SELECT c, code FROM other_day.people")

    def _rows(self, name: str, **params: Any) -> list[Any]:
        return self.connection.execute(statement(PACKAGE, "days", name), params or None).fetchall()


def _conditions(asked: Filter, as_of: int) -> list[duckdb.Expression]:
    """Each thing that a filter asks, as a condition on a row of `people`."""
    column, value = duckdb.ColumnExpression, duckdb.ConstantExpression
    found = []
    if asked.codes is not None:
        found.append(column("code").isin(*(value(code) for code in asked.codes)) if asked.codes else value(False))
    if asked.people is not None:
        found.append(column("c").isin(*(value(c) for c in asked.people)) if asked.people else value(False))
    for name, least, most in (
        ("since", asked.since_from, None if asked.since_to is None else asked.since_to - 1),
        ("orders", asked.orders_least, asked.orders_most),
        ("overdue_at", None if asked.due_before is None else as_of,
         None if asked.due_before is None else asked.due_before - 1),
    ):  # fmt: skip
        if least is not None:
            found.append(column(name) >= value(least))
        if most is not None:
            found.append(column(name) <= value(most))
    return found


def key_of(policy: Policy, known_at: int | None) -> str:
    """Under which name the manifest has the lives by a policy, as known at an instant (None: as known now)."""
    return policy.hash if known_at is None else f"{policy.hash}@{known_at}"


def open_picture(folder: Path, *, as_of: int, policy: Policy, zone: str, known_at: int | None = None) -> Picture:
    """The picture as of an instant, which is made, by a process of its own, if nobody has looked at it yet.

    folder: the mirror's. NotReady while the lives by this policy, as known then, are not in the manifest.
    """
    key = key_of(policy, known_at)
    manifest, lives = _in_force(folder, key)
    if isinstance(manifest.position, dict) and manifest.position.get("zone", zone) != zone:
        raise NotReady(key)  # the shop's days are others by now
    path = _day_path(folder, lives, as_of)
    if path.exists():
        with contextlib.suppress(OSError):
            os.utime(path)
    else:
        _made_beside(folder, key, as_of)
    connection, sources = _opened(folder, manifest, lives, known_at, MEMORY)
    try:
        attach(connection, path, "day")
        connection.execute(statement(PACKAGE, "days", "ahead"), {"day": day_of(as_of, zone)})
        connection.execute(statement(PACKAGE, "days", "shown"))
        meta = dict(connection.execute("SELECT name, value FROM lives.meta").fetchall())
    except BaseException:
        connection.close()
        raise
    first_at, last_at = (None if meta[name] is None else int(meta[name]) for name in ("first_at", "last_at"))
    return Picture(
        connection, _generation(lives), as_of, known_at, zone, policy, sources, folder / lives.base, path, first_at,
        last_at,
    )  # fmt: skip


def make_day(folder: Path, key: str, as_of: int) -> Path:
    """Write the file of a day's people; `key`: of the lives in the manifest. NotReady if they are not in it."""
    manifest, lives = _in_force(folder, key)
    known_at = int(key.partition("@")[2]) if "@" in key else None
    path = _day_path(folder, lives, as_of)
    connection, _ = _opened(folder, manifest, lives, known_at, MAKING)
    try:
        with unfinished(path) as target:
            attach(connection, target, "made", write=True)
            connection.execute(statement(PACKAGE, "days", "people"), {"as_of": as_of})
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
    folder: Path, manifest: Manifest, lives: Lives, known_at: int | None, memory: str
) -> tuple[DuckDBPyConnection, Sources]:
    """A connection in which history, passages, reasons, money, steps, facts and events can be read."""
    sources = Sources(folder / manifest.events, folder / manifest.delta if manifest.delta else None)
    connection = _connected(folder, memory)
    try:
        attach(connection, folder / lives.base, "lives")
        if lives.delta:
            attach(connection, folder / lives.delta, "restaged")
        _lay(connection, sources, overlaid=lives.delta is not None, known_at=known_at)
    except BaseException:
        connection.close()
        raise
    return connection, sources


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
    attach(connection, sources.events, "base")
    if sources.delta is not None:
        attach(connection, sources.delta, "touched")
    connection.execute(statement(PACKAGE, "facts", "alone" if sources.delta is None else "overlaid"))
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
