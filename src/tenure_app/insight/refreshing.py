"""`tenure refresh` in the background, for the pages that wait for it: one at a time, and what it said if it failed."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.conf import settings

from tenure_app import background
from tenure_app.insight.alive import alive, mark_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["begun", "why_not"]

_AGAIN: Final = 20.0
"""Seconds before one that left nothing is begun anew."""
_TAIL: Final = 4_000
"""Bytes of the log in which its last line is looked for."""


@dataclass(frozen=True, slots=True)
class _Refresh:
    """One that was begun: its process, when (seconds of the monotonic clock), and where its part of the log begins."""

    pid: int
    mark: str
    at: float
    log_from: int


_refreshes: dict[str, _Refresh] = {}
_lock = Lock()


def _log() -> Path:
    return Path(settings.TENURE_DATA) / "refresh.log"


def begun(what: str, options: Sequence[str] = ()) -> bool:
    """Begin a refresh with these options; False where one lives, or the last one for the same (`what`) was begun a
    moment ago."""
    with _lock:
        if any(alive(one.pid, one.mark) for one in _refreshes.values()):
            return False
        now, last = time.monotonic(), _refreshes.get(what)
        if last is not None and now - last.at < _AGAIN:
            return False
        log = _log()
        size = log.stat().st_size if log.exists() else 0
        pid = background.begin(["refresh", *options], log)
        _refreshes.clear()
        _refreshes[what] = _Refresh(pid, mark_of(pid), now, size)
        return True


def why_not(what: str) -> str:
    """The last line of a refresh that ended, while what it was begun for is not there; "" while it lives."""
    with _lock:
        last = _refreshes.get(what)
        if last is None or alive(last.pid, last.mark):
            return ""
        return _last_line(_log(), last.log_from)


def _last_line(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(start, end - _TAIL))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""
