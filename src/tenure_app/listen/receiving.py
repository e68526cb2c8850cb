"""Requests as they come: whose key it is, and written down at once, so that what was answered is never lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import Final

from tenure_app.listen.keys import digest_of
from tenure_app.listen.models import SourceKey
from tenure_app.listen.spool import append, ends

__all__ = ["KNOWN_FOR", "Sender", "backlog", "forget", "receive", "sender"]

KNOWN_FOR: Final = 5.0
"""Seconds for which a key that was looked up is not looked up again: so long may a revoked one still be let in."""
_MOST_KNOWN: Final = 1000
_ASKED: Final = 0.5
"""Seconds between two looks at how much waits."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The source whose key was shown."""

    source: int
    name: str
    dialect: str


@dataclass(slots=True)
class _Waiting:
    """How many requests waited when somebody last looked (seconds of the monotonic clock)."""

    requests: int = 0
    looked: float = -_ASKED


_known: dict[str, tuple[float, Sender | None]] = {}
_lock = Lock()
_waiting = _Waiting()


def sender(key: str) -> Sender | None:
    """Whose key this is, None for nobody's and for one that was revoked."""
    digest, now = digest_of(key), time.monotonic()
    found = _known.get(digest)
    if found is not None and now - found[0] < KNOWN_FOR:
        return found[1]
    row = SourceKey.objects.filter(digest=digest, revoked_at=None).select_related("source").first()
    one = None if row is None else Sender(row.source_id, row.source.name, row.source.dialect)
    with _lock:
        if len(_known) >= _MOST_KNOWN:  # somebody tries keys
            _known.clear()
        _known[digest] = (now, one)
    return one


def forget() -> None:
    """Look every key up anew: what the test of a process with more than one database needs."""
    with _lock:
        _known.clear()
        _waiting.looked = -_ASKED


def receive(*, source: int, call: str, body: bytes, events: int, now: int) -> None:
    """Write a request down for the worker; it is on the disk when this returns."""
    append(source=source, call=call, body=body, events=events, now=now)


def backlog() -> int:
    """How many requests wait for the worker, about: looked at twice a second."""
    now = time.monotonic()
    if now - _waiting.looked >= _ASKED:
        _waiting.looked = now
        found = ends()
        # by the numbers at both ends: to count them would read them all
        _waiting.requests = 0 if found is None else found[1] - found[0] + 1
    return _waiting.requests
