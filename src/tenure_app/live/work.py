"""The worker: puts on the timeline what was received, follows whom it touches, keeps everybody's standing up to date,
and tells those outside. One leads; others stand by, and tell."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, InterfaceError, connection

from tenure_app.listen.spool import ends
from tenure_app.live.alone import working_alone
from tenure_app.live.asking import rows_of
from tenure_app.live.clearing import clear
from tenure_app.live.delivery import Delivery
from tenure_app.live.follow import AT_ONCE, follow
from tenure_app.live.rebuilding import Rebuilding
from tenure_app.live.silence import wake
from tenure_app.live.sync import Syncing
from tenure_app.live.telling import tell_of_imports
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

__all__ = ["Worker", "work"]

_IDLE: Final = 0.2
"""Seconds between two looks where nothing is to be done."""
_STAND_BY: Final = 0.5
"""Seconds between two tries to take over."""
_LOOK: Final = 2.0
"""Seconds between two looks at imports that ended."""
_CLEAR: Final = 3_600.0
"""Seconds between two looks for what is to be cleared away."""
_CONVERT: Final = 1_000
"""Events put on the timeline at once."""
_CONVERTING: Final = 0.5
"""Seconds after which those whom the events touch are followed, however many events wait."""
_LONGEST: Final = 30.0
"""Seconds at most between two tries of a step that fails."""
_OURS: Final = str(Path(__file__).parents[1])
_log = logging.getLogger("tenure.worker")


def work(*, now: Callable[[], int], running: Callable[[], int], stop: Event, once: bool = False) -> None:
    """Work until `stop` is set; `once`: until nothing is due. Refused where `once` is asked for beside a worker.

    A database that is gone is waited for. now: the product's clock; running: one that is never pinned.
    """
    again, worker = 0.0, Worker(now, running)
    try:
        while not stop.is_set():
            began = time.monotonic()
            try:
                with working_alone() as leads:
                    if once and not leads:
                        raise Refused("at_work", "nothing was done: another worker is at work; it does this by itself")
                    worker.work(stop, leads=leads, once=once)
                again = 0.0
                if once:
                    return
            except (DatabaseError, InterfaceError) as error:
                if once:
                    raise
                _log.error("the database does not answer: %s; trying again", type(error).__name__)
                connection.close()
                again = 0.5 if time.monotonic() - began > _LONGEST else min(2 * again + 0.5, _LONGEST / 3)
                stop.wait(again)
    finally:
        worker.end()


class Worker:
    """What one process does, step by step. A step that fails is left alone for a while, and the others go on."""

    def __init__(self, now: Callable[[], int], running: Callable[[], int]) -> None:
        """now: the product's clock; running: one that is never pinned."""
        self._now, self._running = now, running
        self._rebuilding = Rebuilding(now)
        self._syncing = Syncing(now)
        self._delivery = Delivery(running)
        self._failed: dict[str, tuple[float, float]] = {}
        self._looked = self._cleared = float("-inf")
        self._leads: bool | None = None

    def work(self, stop: Event, *, leads: bool, once: bool) -> None:
        """Turn after turn; who does not lead comes back after a moment to try to."""
        if leads is not self._leads:
            _log.info("this worker leads" if leads else "this worker stands by: another one leads")
            self._leads = leads
        while not stop.is_set():
            busy = self.turn(leads=leads, once=once)
            if once and not busy:
                return
            if not leads:
                self._pause(stop, 0.0 if busy else _STAND_BY)
                return
            if not busy:
                self._rest(stop)

    def turn(self, *, leads: bool = True, once: bool = False) -> bool:
        """Each step once, a batch of each; whether any did something. `once`: what takes long is waited for."""
        steps: list[tuple[str, Callable[[], bool]]] = [("hooks", lambda: self._tell(once=once))]
        if leads:
            steps = [
                ("convert", self._convert), ("follow", self._follow), ("silence", self._wake),
                ("rebuild", lambda: self._rebuilding.turn(wait=once)), ("sync", lambda: self._syncing.turn(wait=once)),
                ("imports", lambda: self._imports(once=once)), ("clear", self._clear), *steps,
            ]  # fmt: skip
        busy = False
        for name, step in steps:
            busy = self._tried(name, step) or busy
        return busy

    def end(self) -> None:
        """End what was begun beside this; whoever works next goes on with it."""
        self._rebuilding.stop()
        self._syncing.stop()
        self._delivery.end()

    def _rest(self, stop: Event) -> None:
        """Until something is due, asked in one question, for whoever idles is not to be noticed; for two seconds at
        most, after which every step looks again."""
        until = time.monotonic() + _LOOK
        while True:
            self._pause(stop, _IDLE)
            beside = self._rebuilding.under_way or self._syncing.under_way or self._delivery.under_way
            if stop.is_set() or beside or time.monotonic() >= until or self._due():
                return

    def _due(self) -> bool:
        now = self._now()
        ((due,),) = rows_of("due", now, now, self._running())
        try:
            return bool(due) or ends() is not None
        except sqlite3.Error:  # who reads it says so
            return True

    def _pause(self, stop: Event, seconds: float) -> None:
        """Until something may be due, or an address outside has answered."""
        if self._delivery.under_way:
            self._tried("hooks", lambda: self._delivery.turn(wait_for=seconds))
        else:
            stop.wait(seconds)

    def _tried(self, name: str, step: Callable[[], bool]) -> bool:
        until, pause = self._failed.get(name, (0.0, 0.0))
        if time.monotonic() < until:
            return False
        try:
            done = step()
        except (DatabaseError, InterfaceError):
            if not connection.is_usable():
                raise
            self._fail(name, pause)
            return False
        except Exception:  # noqa: BLE001 - whatever it is, the other steps go on
            self._fail(name, pause)
            return False
        self._failed.pop(name, None)
        return done

    def _fail(self, name: str, pause: float) -> None:
        """Said in one line: of the error its kind and place, for its words may hold what is of people."""
        import sys
        import traceback

        kind, error, trace = sys.exc_info()
        frames = traceback.extract_tb(trace)
        ours = [one for one in frames if one.filename.startswith(_OURS)]
        place = (ours or frames)[-1]
        said = error.code if isinstance(error, Refused) else getattr(kind, "__name__", "error")
        pause = min(2 * pause + 1.0, _LONGEST)
        self._failed[name] = (time.monotonic() + pause, pause)
        _log.error("%s failed: %s at %s:%s; again in %.0f s", name, said, place.filename, place.lineno, pause)

    def _convert(self) -> bool:
        from tenure_app.listen.convert import convert

        began, done = time.monotonic(), False
        while time.monotonic() - began < _CONVERTING and convert(now=self._now, most=_CONVERT).requests:
            done = True
        return done

    def _follow(self) -> bool:
        done = follow(now=self._now(), most=AT_ONCE)
        self._rebuilding.ask(done.rebuild)
        return bool(done.people)

    def _wake(self) -> bool:
        return bool(wake(now=self._now()))

    def _imports(self, *, once: bool) -> bool:
        if not once and time.monotonic() - self._looked < _LOOK:
            return False
        self._looked = time.monotonic()
        return tell_of_imports(now=self._now()) > 0

    def _clear(self) -> bool:
        if time.monotonic() - self._cleared < _CLEAR:
            return False
        # kept answers are stamped by the clock that runs, all else by the product's, which may stand still
        done = clear(now=min(self._now(), self._running()))
        if not done:
            self._cleared = time.monotonic()
        return done > 0

    def _tell(self, *, once: bool) -> bool:
        told = self._delivery.turn(wait_for=_LONGEST if once else 0.0)
        return told or (once and self._delivery.under_way > 0)
