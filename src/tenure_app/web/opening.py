"""What a page asks of a day: its picture, and which rule would have suited the shop best until then."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import gettext

from tenure.lifecycle.policy import dumps
from tenure_app.insight import beside, days, opening
from tenure_app.ledger.models import Shop
from tenure_app.ledger.policies import in_force

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["Suggested", "lay_suggestion", "opened", "suggested"]

_SUGGESTIONS: Final = 20
"""Suggestions that are kept, the latest."""


def opened(at: Moment, policy: Policy | None = None) -> Reading:
    """The picture of the page's day, as known then, by the policy in force or by another one.

    NothingYet where nobody is known before the day; NotReady while it is computed.
    """
    return opening.opened(at.as_of, zone=at.zone, known_at=at.known_at, policy=policy)


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
    policy, zone = in_force(), Shop.objects.one().zone
    shelf = days.Shelf(Path(settings.TENURE_DATA) / "mirror", policy=policy, zone=zone, known_at=known_at)
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
