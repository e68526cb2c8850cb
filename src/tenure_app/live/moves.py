"""That somebody's stage moved, as an event of their timeline, and told to whoever outside wants to know."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from tenure.periods import format_instant
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.bulk import new_ids, put
from tenure_app.ledger.kinds import STAGE_CHANGED
from tenure_app.ledger.models import Source
from tenure_app.live.telling import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure_app.live.judging import Stage, Stand

__all__ = ["SOURCE", "Move", "append_moves", "code_of", "word_of"]

SOURCE: Final = "tenure"
"""The source of what Tenure itself writes."""
_EVENT: Final = (
    "id", "source_id", "source_key", "kind", "person_id", "occurred_at", "recorded_at", "reason", "fact_hash",
)  # fmt: skip
_DATES: Final = (
    "first_order_at", "last_order_at", "expected_at", "overdue_at", "long_overdue_at", "inactive_at",
)  # fmt: skip
_WORDS: Final = tuple(stage if detail is None else f"{stage}/{detail}" for stage, detail in STAGES)


@dataclass(frozen=True, slots=True)
class Move:
    """From one stage to another. came_from: None where they stood nowhere before; to: with since when, and the numbers
    it rests on; cause: `event`, `silence`, `policy` or `import`; policy: its hash."""

    person: int
    came_from: int | None
    to: Stage | Stand
    cause: str
    policy: str


def word_of(code: int) -> str:
    """A stage in one word, as in lapsed/short."""
    return _WORDS[code]


def code_of(word: str | None) -> int | None:
    """The stage of a word, None for another word."""
    return _WORDS.index(word) if word in _WORDS else None


def append_moves(moves: Sequence[Move], *, now: int) -> None:
    """Append a `stage.changed` for each, and write down whom outside it is to be told. Within a transaction."""
    if not moves:
        return
    source, _ = Source.objects.get_or_create(name=SOURCE)
    key = settings.TENURE_HASH_KEY.encode()
    events, bodies, told = [], [], []
    for number, move in zip(new_ids("tenure_event", len(moves)), moves, strict=True):
        said = _said(move)
        body = json.dumps(said, separators=(",", ":"))
        spelt = f"stage:{move.person}:{move.to.since_at}:{move.to.code}:{move.policy}:{number}"
        word = word_of(move.to.code)
        digest = hmac.new(key, f"{spelt}\x1f{word}\x1f{body}".encode(), hashlib.sha256).digest()[:16]
        events.append((number, source.pk, spelt, STAGE_CHANGED, move.person, move.to.since_at, now, word, digest))
        bodies.append((number, body))
        told.append((f"evt_{number}", move.to.since_at, {"person": move.person, **said}))
    put("tenure_event", _EVENT, events)
    put("tenure_eventbody", ("event_id", "body"), bodies)
    tell(STAGE_CHANGED, told, now=now)


def _said(move: Move) -> dict[str, Any]:
    """What a move rests on: the payload of its event."""
    dates = {name: getattr(move.to, name) for name in _DATES}
    return {
        "from": None if move.came_from is None else word_of(move.came_from), "to": word_of(move.to.code),
        "cause": move.cause, "policy": move.policy, "orders": move.to.orders, "occasions": move.to.occasions,
        **{name: None if at is None else format_instant(at) for name, at in dates.items()},
    }  # fmt: skip
