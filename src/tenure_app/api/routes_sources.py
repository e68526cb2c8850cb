"""Operations about where facts come from: sources, their keys, imports of files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from ninja import Status

from tenure_app import clock
from tenure_app.api import schemas
from tenure_app.api.asked import Cursor, Limit, Number
from tenure_app.api.auth import Guarded, asks, caller_of
from tenure_app.api.paging import USUAL, after, cursor
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import Scope
from tenure_app.ledger.models import ImportRun, Source
from tenure_app.listen import keys
from tenure_app.listen.models import Quarantined, SourceKey

__all__ = ["list_imports", "list_sources", "make_source", "make_source_key", "revoke_source_key", "sources_router"]

sources_router = Guarded(tags=["sources"])


@sources_router.get("/sources", response=schemas.SourcePage)
@asks(Scope.SEE)
def list_sources(
    request: HttpRequest,  # noqa: ARG001
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Where facts come from, by number."""
    there, behind = Source.objects.order_by("pk"), after("sources", cursor, 1)
    if behind is not None:
        there = there.filter(pk__gt=behind[0])
    found = list(there[: limit + 1])
    items = _told(found[:limit])
    return {"items": items, "next": _following("sources", items, len(found) > limit)}


def _following(name: str, items: Sequence[dict[str, Any]], more: bool) -> str | None:
    return cursor(name, [items[-1]["id"]]) if more else None


def _told(sources: Sequence[Source]) -> list[dict[str, Any]]:
    numbers = [one.pk for one in sources]
    waiting = dict(
        Quarantined.objects.filter(source__in=numbers, state=Quarantined.WAITING)
        .order_by().values_list("source").annotate(Count("pk"))
    )  # fmt: skip
    theirs: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for key in SourceKey.objects.filter(source__in=numbers):
        theirs[key.source_id].append(_key(key))
    return [
        {
            "id": one.pk, "name": one.name, "dialect": one.dialect or None, "made_at": one.made_at,
            "waiting": waiting.get(one.pk, 0), "keys": theirs[one.pk],
        }
        for one in sources
    ]  # fmt: skip


def _key(key: SourceKey) -> dict[str, Any]:
    return {"id": key.pk, "hint": key.hint, "made_at": key.made_at, "revoked_at": key.revoked_at}


@sources_router.post("/sources", response={201: schemas.Source})
@asks(Scope.SETTINGS)
def make_source(
    request: HttpRequest,  # noqa: ARG001
    new: schemas.NewSource,
) -> Status[dict[str, Any]]:
    """Make a source that sends by itself, or let one that had only imports send; it needs a key to do so."""
    return Status(201, _told([keys.make_source(new.name, new.dialect, now=clock.now())])[0])


@sources_router.post("/sources/{id}/keys", response={201: schemas.NewSourceKey})
@asks(Scope.SETTINGS)
def make_source_key(request: HttpRequest, id: Number) -> Status[dict[str, Any]]:  # noqa: A002
    """Make a source another key; those it has stay. The secret is in this answer and nowhere else."""
    source = Source.objects.filter(pk=id).first()
    if source is None:
        raise Problem(404, "no_such_source", f"there is no source {id}")
    made, secret = keys.make_key(source, by=caller_of(request).name, now=clock.now())
    return Status(201, {**_key(made), "secret": secret})


@sources_router.delete("/sources/{id}/keys/{key}", response=schemas.SourceKey)
@asks(Scope.SETTINGS)
def revoke_source_key(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
    key: Number,
) -> dict[str, Any]:
    """Nobody sends with the key from now on, within seconds."""
    found = SourceKey.objects.filter(pk=key, source=id).first()
    if found is None:
        raise Problem(404, "no_such_key", f"source {id} has no key {key}")
    keys.revoke_key(found, now=clock.now())
    return _key(found)


@sources_router.get("/imports", response=schemas.ImportPage)
@asks(Scope.IMPORT)
def list_imports(
    request: HttpRequest,  # noqa: ARG001
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Imports of files, the newest first, with what came of each."""
    there, behind = ImportRun.objects.select_related("source").order_by("-pk"), after("imports", cursor, 1)
    if behind is not None:
        there = there.filter(pk__lt=behind[0])
    found = list(there[: limit + 1])
    items = [
        {
            "id": one.pk, "format": one.format, "file": one.file_name, "source": one.source.name, "state": one.state,
            "began_at": one.began_at, "ended_at": one.ended_at, "by": one.by or None, "counts": one.counts,
        }
        for one in found[:limit]
    ]  # fmt: skip
    return {"items": items, "next": _following("imports", items, len(found) > limit)}
