"""Opens a reading of any day; what is not computed yet is begun in a process of its own."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import duckdb
from django.conf import settings

from tenure.lifecycle.policy import dumps
from tenure.periods import format_instant
from tenure_app.insight import days
from tenure_app.insight.reading import NothingYet, NotReady, Reading
from tenure_app.insight.refresh import position_of
from tenure_app.insight.refreshing import begun, why_not
from tenure_app.ledger import mirror
from tenure_app.ledger.alone import under_way
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Event, ImportRun
from tenure_app.ledger.policies import in_force

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["mend", "opened"]

_log = logging.getLogger(__name__)
_OPEN: Final = 2
"""Shelves that a web process keeps open: of the policy in force, and of one that is tried or what was known once."""
_DAYS: Final = 8
"""Days that a shelf holds; then it is opened anew, empty, as nobody can say who still reads which of them."""
_ASKED: Final = 5.0
"""Seconds after which the ledger is asked again whether it has news."""
_MENDED: Final = 3600.0
"""Seconds in which one generation's files are taken for damaged: if the next one's fail as well, it is not them."""
_shelves: OrderedDict[tuple[str, ...], days.Shelf] = OrderedDict()
_lock = Lock()
"""Of the shelves; nobody waits for a day to be made while they hold it."""


@dataclass(slots=True)
class _Last:
    """When the ledger was asked, and which generation was taken for damaged (seconds of the monotonic clock)."""

    asked: float = -_ASKED
    mended: tuple[str, float] = ("", -_MENDED)


_last = _Last()


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which day a picture is asked, and as known when."""

    as_of: int
    zone: str
    known_at: int | None


def opened(as_of: int, *, zone: str, known_at: int | None = None, policy: Policy | None = None) -> Reading:
    """The picture as of the first instant of a local day, as known then (None: now), by the policy in force or by
    another one.

    NothingYet where nobody is known before the day; NotReady while it is computed.
    """
    rule = policy or in_force()
    at = _Asked(as_of, zone, known_at)
    before = read_manifest(_folder())
    try:
        picture = _picture(at, rule)
    except days.NotReady as wait:
        if not Event.objects.exists():
            raise NothingYet from None
        _compute(at, None if policy is None else rule, wait.key)
        raise NotReady(why=why_not(wait.key)) from None
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, RuntimeError):
        if read_manifest(_folder()) != before:
            raise NotReady from None  # another generation came while its files were looked for
        mend()
        raise
    _look_for_news()
    shelf = picture.shelf
    if shelf.first_at is None or shelf.first_at >= at.as_of:
        raise NothingYet
    return Reading(
        connection=picture.cursor(), generation=picture.generation, as_of=at.as_of, zone=at.zone, policy=rule,
        first_at=shelf.first_at, last_at=shelf.last_at or shelf.first_at, picture=picture,
    )  # fmt: skip


def _folder() -> Path:
    return Path(settings.TENURE_DATA) / "mirror"


def _picture(at: _Asked, policy: Policy) -> days.Picture:
    """The picture, its shelf opened once a process as long as its generation is the one in force."""
    folder = _folder()
    manifest = read_manifest(folder)
    key = (str(folder), repr(manifest), days.key_of(policy, at.known_at), at.zone)
    with _lock:
        shelf = _shelves.pop(key, None)
        for other in [one for one in _shelves if one[:2] != key[:2]]:
            del _shelves[other]  # of a generation that is not in force any more
        if shelf is None or (len(shelf) >= _DAYS and at.as_of not in shelf):
            shelf = days.Shelf(folder, policy=policy, zone=at.zone, known_at=at.known_at)
        _shelves[key] = shelf
        while len(_shelves) > _OPEN:
            # not closed here: somebody may be reading it; its files are let go of with the last who does
            _shelves.popitem(last=False)
    return shelf.day(at.as_of)


def mend() -> None:
    """What was computed cannot be read: begin to compute everything anew.

    NotReady while that is under way. Nothing where it was done already and did not help.
    """
    manifest = read_manifest(_folder())
    if manifest is None:
        return
    name, now = f"anew:{manifest.events}", time.monotonic()
    before, when = _last.mended
    if now - when < _MENDED and before != name:
        return
    if before != name:
        _log.error("what was computed cannot be read; it is computed anew", exc_info=True)
        _last.mended = (name, now)
    begun(name, ["--anew"])
    raise NotReady(why=why_not(name)) from None


def _look_for_news() -> None:
    """Begin to bring the pictures up to the ledger where it is ahead of them and nobody is at it; what is shown until
    then is what was known before."""
    now = time.monotonic()
    with _lock:
        if now - _last.asked < _ASKED:
            return
        _last.asked = now
    manifest = read_manifest(_folder())
    position = position_of(manifest) if manifest else None
    if position is not None and mirror.behind(position) > 0 and not _import_under_way():
        begun("news")


def _import_under_way() -> bool:
    """Whether somebody imports, who will bring the pictures up to the ledger at the end."""
    # where it was killed nobody holds the lock
    return ImportRun.objects.filter(state=ImportRun.RUNNING).exists() and under_way()


def _compute(at: _Asked, policy: Policy | None, key: str) -> None:
    """Begin to compute what is missing."""
    asked: list[str] = []
    if at.known_at is not None:
        asked += ["--known-at", format_instant(at.known_at)]
    if policy is not None:
        asked += ["--policy", str(_written(policy))]
    begun(key, asked)


def _written(policy: Policy) -> Path:
    """A policy as a file, for the process that computes a preview."""
    text = dumps(policy)
    path = Path(settings.TENURE_DATA) / "previews" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
