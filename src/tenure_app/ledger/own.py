"""Events that Tenure appends itself: what came of what others said."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.conf import settings

from tenure_app.ledger.bulk import new_ids
from tenure_app.ledger.lists import write
from tenure_app.ledger.models import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OWN_SOURCE", "append_own"]

OWN_SOURCE: Final = "tenure"
"""The source of what nobody but ourselves says."""
_BYTES: Final = 16


def append_own(events: Sequence[tuple[str, str, int, int, Mapping[str, Any]]], *, now: int) -> list[int]:
    """Append (key, kind, person, instant, payload) and return their numbers. Within a transaction; IntegrityError for a
    key that is there already."""
    if not events:
        return []
    source, _ = Source.objects.get_or_create(name=OWN_SOURCE)
    secret = settings.TENURE_HASH_KEY.encode()
    ids = new_ids("tenure_event", len(events))
    rows, bodies = [], []
    for number, (key, kind, person, at, told) in zip(ids, events, strict=True):
        content = msgspec.json.encode([kind, person, at, told], order="deterministic")
        rows.append((number, source.pk, key, kind, person, at, now, hmac.digest(secret, content, "sha256")[:_BYTES]))
        if told:
            bodies.append((number, msgspec.json.encode(told).decode()))
    write("own", "events", rows)
    write("own", "bodies", bodies)
    return ids
