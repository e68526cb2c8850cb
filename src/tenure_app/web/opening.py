"""Opens the reading that a page asks for; what is not computed yet is begun in a process of its own."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import duckdb
from django.conf import settings
from django.utils.translation import gettext

from tenure.lifecycle.policy import dumps
from tenure.periods import format_instant
from tenure_app.insight import days
from tenure_app.insight.refresh import position_of
from tenure_app.ledger import mirror
from tenure_app.ledger.alone import under_way
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Event, ImportRun, Shop
from tenure_app.web import beside
from tenure_app.web.reading import NothingYet, NotReady, Reading
from tenure_app.web.refreshing import begun, why_not
from tenure_app.web.rules import in_force

if TYPE_CHECKING:

    from tenure.lifecycle.policy import Policy
    from tenure_app.web.moment import Moment

__all__ = ["Suggested", "lay_suggestion", "mend", "opened", "suggested"]

_log = logging.getLogger(__name__)
_OPEN: Final = 2
"""Shelves that a web process keeps open: of the policy in force, and of one that is tried or what was known once."""
_DAYS: Final = 8
"""Days that a shelf holds; then it is opened anew, empty, as nobody can say who still reads which of them."""
_ASKED: Final = 5.0
"""Seconds after which the ledger is asked again whether it has news."""
_SUGGESTIONS: Final = 20
"""Suggestions that are kept, the latest."""
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


def opened(at: Moment, policy: Policy | None = None) -> Reading:
    """The picture of the page's day, as known then, by the policy in force or by another one.

    NothingYet where nobody is known before the day; NotReady while it is computed.
    """
    rule = policy or in_force()[0]
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


def _picture(at: Moment, policy: Policy) -> days.Picture:
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


def _compute(at: Moment, policy: Policy | None, key: str) -> None:
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


@dataclass(frozen=True, slots=True)
class Suggested:
    """Which rule would have suited the shop's past best: its policy as text, whether it is another one than the one in
    force, and what speaks for it."""

    toml: str
    changed: bool
    text: str


def suggested(at: Moment) -> Suggested:
    """Which rule would have suited the shop's past best, as of the page's day.

    NotReady while it is tried, and while nothing is computed; Refused where the trying ended without an answer.
    """
    reading = opened(at)
    result = Path(settings.TENURE_DATA) / "suggestions" / "found" / f"{reading.generation}-{at.as_of}.json"
    words = [str(result), reading.generation, str(at.as_of), *([] if at.known_at is None else [str(at.known_at)])]
    waiting = gettext("Trying rules on the shop’s own past")
    stopped = gettext("Nothing was found out: the trying was stopped. Ask again; it begins anew.")
    return Suggested(**beside.answer(result, "tenure_app.web.suggesting", words, waiting=waiting, stopped=stopped))


def lay_suggestion(result: Path, generation: str, as_of: int, known_at: int | None = None) -> None:
    """Try rules on the shop's past as a generation has it, and lay down what was found out; nothing where another one
    is in force by now, which nobody asked for under this name."""
    policy, zone = in_force()[0], Shop.objects.one().zone
    shelf = days.Shelf(_folder(), policy=policy, zone=zone, known_at=known_at)
    if shelf.generation != generation:
        return
    result.parent.mkdir(parents=True, exist_ok=True)
    beside.lay(result, lambda: asdict(_tried(shelf, as_of)))
    with contextlib.suppress(FileNotFoundError):  # somebody else clears, too
        for old in sorted(result.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-_SUGGESTIONS]:
            old.unlink()


def _tried(shelf: days.Shelf, as_of: int) -> Suggested:
    # a web process has no need of these
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.suggest import suggest
    from tenure_app.insight.refresh import MEMORY
    from tenure_app.insight.store import lay_events, timeline_of

    with DuckDB(memory_limit=MEMORY) as engine:
        lay_events(engine, shelf.sources, shelf.known_at)
        engine.connection.execute("CREATE OR REPLACE VIEW customers AS SELECT c, draw FROM base.customers")
        found = suggest(timeline_of(engine, drawn=False), shelf.policy, zone=shelf.zone, until=as_of)
    return Suggested(dumps(found.policy), found.changed, found.text)
