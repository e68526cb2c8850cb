"""Opens the reading that a page asks for; what is not computed yet is begun in a process of its own."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.conf import settings

from tenure.lifecycle.policy import dumps
from tenure.lifecycle.suggest import suggest
from tenure.periods import format_instant
from tenure_app import background
from tenure_app.insight import days
from tenure_app.insight.store import lay_events, timeline_of
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Event
from tenure_app.web.reading import NothingYet, NotReady, Reading, remembered
from tenure_app.web.rules import in_force

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.suggest import Suggestion
    from tenure_app.web.moment import Moment

__all__ = ["opened", "suggested"]

_OPEN: Final = 3
"""Pictures that a web process keeps open: the day one looks at, and the two before."""
_AGAIN: Final = 20.0
"""Seconds before a computation that left nothing is begun anew."""
_pictures: OrderedDict[Hashable, days.Picture] = OrderedDict()
_begun: dict[str, float] = {}
_lock = Lock()


def opened(at: Moment, policy: Policy | None = None) -> Reading:
    """The picture of the page's day, as known then, by the policy in force or by another one.

    NothingYet where nobody is known before the day; NotReady while it is computed.
    """
    rule = policy or in_force()[0]
    try:
        picture = _picture(at, rule)
    except days.NotReady as wait:
        if not Event.objects.exists():
            raise NothingYet from None
        _compute(at, None if policy is None else rule, wait.key)
        raise NotReady from None
    if picture.first_at is None or picture.first_at >= at.as_of:
        raise NothingYet
    return Reading(
        connection=picture.connection.cursor(), generation=picture.generation, as_of=at.as_of, zone=at.zone,
        policy=rule, first_at=picture.first_at, last_at=picture.last_at or picture.first_at,
        picture=picture,
    )  # fmt: skip


def _folder() -> Path:
    return Path(settings.TENURE_DATA) / "mirror"


def _picture(at: Moment, policy: Policy) -> days.Picture:
    """The picture, opened once a process as long as its generation is the one in force."""
    folder = _folder()
    manifest = read_manifest(folder)
    key = (str(folder), repr(manifest), days.key_of(policy, at.known_at), at.as_of, at.zone)
    with _lock:
        if key in _pictures:
            _pictures.move_to_end(key)
            return _pictures[key]
        found = days.open_picture(folder, as_of=at.as_of, policy=policy, zone=at.zone, known_at=at.known_at)
        _pictures[key] = found
        while len(_pictures) > _OPEN:
            _pictures.popitem(last=False)  # who reads it has a cursor of their own
        return found


def _compute(at: Moment, policy: Policy | None, key: str) -> None:
    """Begin to compute what is missing, unless that was begun a moment ago."""
    with _lock:
        if time.monotonic() - _begun.get(key, -_AGAIN) < _AGAIN:
            return
        _begun[key] = time.monotonic()
    asked = ["refresh"]
    if at.known_at is not None:
        asked += ["--known-at", format_instant(at.known_at)]
    if policy is not None:
        asked += ["--policy", str(_written(policy))]
    background.begin(asked, Path(settings.TENURE_DATA) / "refresh.log")


def _written(policy: Policy) -> Path:
    """A policy as a file, for the process that computes a preview."""
    text = dumps(policy)
    path = Path(settings.TENURE_DATA) / "previews" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def suggested(at: Moment) -> Suggestion:
    """Which rule would have suited the shop's past best, as of the page's day; NotReady while nothing is computed."""
    from tenure.engine.duckdb import DuckDB

    reading = opened(at)
    picture = _picture(at, reading.policy)

    def find() -> Suggestion:
        with DuckDB() as engine:
            lay_events(engine, picture.sources, at.known_at)
            engine.connection.execute("CREATE OR REPLACE VIEW customers AS SELECT c, draw FROM base.customers")
            timeline = timeline_of(engine, drawn=False)
            return suggest(timeline, reading.policy, zone=at.zone, until=at.as_of, progress=_silent)

    return remembered((reading.generation, at.as_of, "suggestion"), find)


def _silent(_: str) -> None:
    """The page says that it is tried."""
