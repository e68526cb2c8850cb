"""After a generation: everybody who stands elsewhere by it is brought there, a few thousand at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import duckdb
from django.conf import settings
from django.db import transaction

from tenure.engine.base import statement
from tenure_app.insight.store import attach
from tenure_app.ledger.models import ImportRun
from tenure_app.live import progress
from tenure_app.live.asking import PACKAGE, ask, each
from tenure_app.live.child import Child
from tenure_app.live.differences import file_of
from tenure_app.live.follow import bring_up
from tenure_app.live.grounds import Grounds, grounds_of
from tenure_app.live.judging import Stand
from tenure_app.live.moves import Move, append_moves
from tenure_app.live.ways import settle_ways

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Syncing"]

_MOST: Final = 2_000
"""People whose rows are written in one transaction: a third of a second at most."""
_ANEW: Final = 500
"""People who are judged in one turn."""
_LOOK: Final = 2.0
"""Seconds between two looks whether there is another generation."""
_C, _ANEW_COLUMN, _WAS_CODE, _WAS_POLICY, _WAS_AT, _FIRST = range(1, 7)
"""Columns of `differing`; from the last one on they are those of a `Stand`."""

Row = tuple[Any, ...]


class Syncing:
    """Brings standings up to the generation in force, turn by turn; killed at any moment, the next one goes on."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._child: Child | None = None
        self._todo: DuckDBPyConnection | None = None
        self._looked = float("-inf")

    @property
    def under_way(self) -> bool:
        """Whether anybody is still to be brought up."""
        return self._child is not None or self._todo is not None

    def turn(self, *, wait: bool = False) -> bool:
        """Look for a generation, after the comparison, or write some who differ; whether anything was done."""
        if self._child is not None:
            return self._compared(wait=wait)
        grounds = grounds_of(settings.TENURE_DATA / "mirror")
        if grounds is None:
            return False
        if self._todo is not None:
            return self._write(grounds)
        if not wait and time.monotonic() - self._looked < _LOOK:
            return False
        self._looked = time.monotonic()
        return self._look(grounds)

    def stop(self) -> None:
        """End what is under way; whoever comes next goes on with it."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        if self._todo is not None:
            self._todo.close()
            self._todo = None

    def _look(self, grounds: Grounds) -> bool:
        said, key = progress.read(settings.TENURE_DATA), _key(grounds)
        if said.generation == key and said.state == progress.DONE:
            return False
        if said.generation == key and said.state == progress.WRITING and file_of(settings.TENURE_DATA).exists():
            self._open()
            return True
        self._say(replace(said, state=progress.COMPARING, generation=key, policy=grounds.policy.hash, done=0, of=0))
        words = [str(self._now())]
        self._child = Child(words, settings.TENURE_DATA / "refresh.log", module="tenure_app.live.comparing")
        return True

    def _compared(self, *, wait: bool) -> bool:
        assert self._child is not None
        code = self._child.ended(wait=wait)
        if code is None:
            return False
        self._child = None
        if code != 0:
            raise RuntimeError("the comparison ended with an error; the end of refresh.log says which")
        todo = self._open()
        ((n,),) = todo.execute("SELECT COUNT(*) FROM todo.differing").fetchall()
        self._say(replace(progress.read(settings.TENURE_DATA), state=progress.WRITING, done=0, of=int(n)))
        return True

    def _open(self) -> DuckDBPyConnection:
        self._todo = duckdb.connect(":memory:", config={"memory_limit": "48MB", "threads": 1})
        attach(self._todo, file_of(settings.TENURE_DATA), "todo")
        return self._todo

    def _write(self, grounds: Grounds) -> bool:
        assert self._todo is not None
        said = progress.read(settings.TENURE_DATA)
        if said.generation != _key(grounds):  # there is another one by now
            self.stop()
            return True
        asked = {"after": said.done, "most": _MOST}
        rows = _bounded(self._todo.execute(statement(PACKAGE, "comparing", "some"), asked).fetchall())
        if not rows:
            self.stop()
            file_of(settings.TENURE_DATA).unlink(missing_ok=True)
            self._say(replace(said, state=progress.DONE, baseline=False, rebuilding=""))
            return True
        anew = _as_found(rows, grounds, filling=said.filling, now=self._now())
        if anew:
            bring_up(dict.fromkeys(anew), grounds, now=self._now(), cause="import")
        self._say(replace(said, done=said.done + len(rows)))
        return True

    def _say(self, said: progress.Progress) -> None:
        progress.write(settings.TENURE_DATA, replace(said, at=self._now()))


def _key(grounds: Grounds) -> str:
    """What everybody's standing follows from, but for whoever was followed: the lives, and which imports they know."""
    runs = ImportRun.objects.filter(ended_at__lte=grounds.known_at).count()
    return f"{grounds.policy.hash}:{grounds.lives.base}:{runs}"


def _bounded(rows: Sequence[Row]) -> Sequence[Row]:
    """As many as one turn has time for, where many are to be judged from their facts."""
    places = [place for place, row in enumerate(rows) if row[_ANEW_COLUMN]]
    return rows if len(places) <= _ANEW else rows[: places[_ANEW]]


def _as_found(rows: Sequence[Row], grounds: Grounds, *, filling: bool, now: int) -> list[int]:
    """Write where these stand by the picture, unless something happened to them since the comparison; who is to be
    judged from their facts instead. Who is touched is left to whoever follows them."""
    everybody, policy = [row[_C] for row in rows], grounds.policy.hash
    with transaction.atomic():
        touched = {person for (person,) in ask("touched", everybody)}
        seen = {row[0]: row[4] for row in ask("before", everybody)}
        left = [row for row in rows if row[_C] not in touched]
        anew = {row[_C]: None for row in left if row[_ANEW_COLUMN] or seen.get(row[_C]) != row[_WAS_AT]}
        kept = [(row, Stand(row[_C], *row[_FIRST:])) for row in left if row[_C] not in anew]
        each("stand", [(*stand, policy, now) for _, stand in kept])
        append_moves([_move(row, stand, policy) for row, stand in kept if _moved(row, stand, filling)], now=now)
        settle_ways([stand for _, stand in kept], (), now=now)
    return list(anew)


def _moved(row: Row, stand: Stand, filling: bool) -> bool:
    return not filling if row[_WAS_CODE] is None else bool(row[_WAS_CODE] != stand.code)


def _move(row: Row, stand: Stand, policy: str) -> Move:
    cause = "import" if row[_WAS_POLICY] in (None, policy) else "policy"
    return Move(stand.person, row[_WAS_CODE], stand, cause, policy)
