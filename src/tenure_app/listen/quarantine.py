"""What could not be put on the timeline: looked at, tried again after a rule was mended, or dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from django.db import transaction
from django.db.models import Count, QuerySet

from tenure_app.listen.models import Quarantined
from tenure_app.listen.spool import append

__all__ = ["HOPELESS", "by_code", "drop", "lines", "retry", "waiting"]

_BATCHED: Final = ("segment", "tenure")
"""Dialects whose events come in batches, so that each can be sent alone."""
HOPELESS: Final = ("generic_id", "same_message_id")
"""Codes of which no other try can come to anything: what is wrong is what was sent."""
_WHOLE: Final = ("unreadable", "no_dialect", "too_many")
"""Codes of what is kept as a request of its own."""
_AT_ONCE: Final = 2_000


def waiting(*, source: int | None = None, code: str | None = None) -> QuerySet[Quarantined]:
    """Those nobody has decided about, the latest first."""
    found = Quarantined.objects.filter(state=Quarantined.WAITING).select_related("source").order_by("-id")
    if source is not None:
        found = found.filter(source=source)
    return found if code is None else found.filter(code=code)


def by_code() -> list[tuple[int, str, str, int]]:
    """How many wait, by source: (source's number, its name, code, n), the most first."""
    told = Quarantined.objects.filter(state=Quarantined.WAITING).values_list("source", "source__name", "code")
    return sorted(told.annotate(n=Count("id")).order_by(), key=lambda row: (-row[3], row[1], row[2]))


def retry(found: QuerySet[Quarantined], *, now: int) -> int:
    """Hand them to the worker once more, with the instant at which they came; how many. What still cannot be read comes
    back with its reason; those of HOPELESS stay where they are."""
    done, found = 0, found.exclude(code__in=HOPELESS)
    while True:
        with transaction.atomic():
            rows = list(found.filter(state=Quarantined.WAITING)[:_AT_ONCE])
            if not rows:
                return done
            done += _end(rows, Quarantined.RETRIED, now)
            for row in rows:
                append(source=row.source_id, call=_call(row), body=_body(row), events=1, now=row.received_at)


def drop(found: QuerySet[Quarantined], *, now: int) -> int:
    """They stay off the timeline and are looked at no more; how many. The rows stay until they are cleared away."""
    done = 0
    while rows := list(found.filter(state=Quarantined.WAITING)[:_AT_ONCE]):
        done += _end(rows, Quarantined.DROPPED, now)
    return done


def _end(rows: Sequence[Quarantined], state: str, now: int) -> int:
    return Quarantined.objects.filter(pk__in=[row.pk for row in rows]).update(state=state, ended_at=now)


def _of_a_batch(row: Quarantined) -> bool:
    if row.code in _WHOLE:
        return False
    return row.source.dialect in _BATCHED and row.call.split(" ")[0] in ("batch", "import")


def _call(row: Quarantined) -> str:
    return "batch" if _of_a_batch(row) else row.call


def _body(row: Quarantined) -> bytes:
    return f'{{"batch":[{row.said}]}}'.encode() if _of_a_batch(row) else row.said.encode()


def lines(found: QuerySet[Quarantined]) -> Iterator[str]:
    """As a file of JSON lines: what was said, with why it is here."""
    for row in found.iterator(chunk_size=_AT_ONCE):
        try:
            event = json.loads(row.said)
        except ValueError:
            event = row.said
        told = {
            "id": row.pk, "source": row.source.name, "received_at": row.received_at, "code": row.code,
            "reason": row.reason, "call": row.call, "event": event,
        }  # fmt: skip
        yield json.dumps(told, ensure_ascii=False) + "\n"
