"""Operations about what happened: events in Tenure's own words, and those that could not be put on the timeline."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from django.conf import settings
from django.http import HttpRequest
from ninja import Query

from tenure_app import clock
from tenure_app.api import schemas
from tenure_app.api.asked import Cursor, Limit, Number
from tenure_app.api.auth import Guarded, asks
from tenure_app.api.paging import USUAL, after, cursor
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import Scope
from tenure_app.dialects import own
from tenure_app.dialects.said import Bad
from tenure_app.ledger.models import Shop, Source
from tenure_app.listen import quarantine
from tenure_app.listen.keys import rules_of
from tenure_app.listen.models import Quarantined
from tenure_app.listen.receiving import backlog, receive
from tenure_app.refused import Refused

__all__ = ["events_router", "list_quarantined", "retry_quarantined", "send_events"]

events_router = Guarded(tags=["events"])
_LATER: Final = 5
"""Seconds after which to come again when too much waits."""
_NUMBERS: Final = ("amount_minor", "discount_minor")
_OBJECTS: Final = ("traits", "properties")


def _type(name: str) -> dict[str, Any]:
    if name in _NUMBERS:
        return {"type": ["integer", "null"], "minimum": 0, "maximum": schemas.MOST}
    if name in _OBJECTS:
        return {"type": ["object", "null"]}
    if name in ("key", "kind"):
        return {"type": "string", "minLength": 1, "maxLength": 200}
    return {"type": ["string", "number", "null"]} if name == "at" else {"type": ["string", "null"], "maxLength": 255}


_BODY: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": {
    "type": "object", "title": "NewEvents", "required": ["source", "events"], "properties": {
        "source": {"type": "string", "maxLength": 60, "description": "a source that speaks tenure"},
        "events": {
            "type": "array", "minItems": 1, "maxItems": own.MOST_EVENTS, "items": {
                "type": "object", "title": "NewEvent", "required": ["key", "kind"], "additionalProperties": False,
                "properties": {
                    name: {**_type(name), "description": says} for name, says in own.FIELDS.items()
                },
            },
        },
    },
}}}}}  # fmt: skip


class _Envelope(msgspec.Struct):
    """What is looked at of a request before its events are."""

    source: str


@events_router.post("/events", response=schemas.Received, openapi_extra=_BODY)
@asks(Scope.EVENTS)
def send_events(request: HttpRequest) -> dict[str, Any]:
    """Say what happened. What is answered 200 is stored; the worker puts it on the timeline, each key once. What
    reading an event tells against it is among `refused`; a key used for something else and an id that is nobody's are
    found later. All of them wait in quarantine."""
    body = request.body
    try:
        events = own.count(own.CALL, body)
        asked = msgspec.json.decode(body, type=_Envelope).source
    except Refused as refusal:
        raise Problem(400 if refusal.code == "invalid_json" else 422, refusal.code, str(refusal)) from None
    except (msgspec.MsgspecError, ValueError):
        raise Problem(422, "invalid_body", "the request does not say of which source the events are") from None
    if not events:
        raise Problem(422, "invalid_body", "the request holds no events")
    source = Source.objects.filter(name=asked, dialect="tenure").first() if "\0" not in asked else None
    if source is None:
        raise Problem(422, "no_such_source", "there is no source of this name that speaks tenure")
    if backlog() >= settings.TENURE_BACKLOG:
        raise Problem(429, "too_much_waits", "too many requests wait to be read; send it again later", after=_LATER)
    now = clock.now()
    said = own.parse(own.CALL, body, now, rules_of(source, Shop.objects.one()))
    refused = [
        {"place": place, "code": one.code, "reason": one.reason}
        for place, one in enumerate(said) if isinstance(one, Bad)
    ]  # fmt: skip
    receive(source=source.pk, call=own.CALL, body=body, events=events, now=now)
    return {"received": events, "refused": refused}


@events_router.get("/quarantine", response=schemas.QuarantinedPage)
@asks(Scope.IMPORT)
def list_quarantined(
    request: HttpRequest,  # noqa: ARG001
    source: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="a source's number")] = None,
    code: Annotated[schemas.Text | None, Query(max_length=40, description="what keeps them off")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Events that could not be put on the timeline and that nobody has decided about, the newest first."""
    name = f"quarantine {source} {code}"
    there, behind = quarantine.waiting(source=source, code=code), after(name, cursor, 1)
    if behind is not None:
        there = there.filter(pk__lt=behind[0])
    found = list(there[: limit + 1])
    items = [
        {
            "id": one.pk, "source": one.source.name, "received_at": one.received_at, "name": one.name or None,
            "code": one.code, "reason": one.reason, "state": one.state, "said": one.said,
        }
        for one in found[:limit]
    ]  # fmt: skip
    return {"items": items, "next": _following(name, items, len(found) > limit)}


def _following(name: str, items: list[dict[str, Any]], more: bool) -> str | None:
    return cursor(name, [items[-1]["id"]]) if more else None


@events_router.post("/quarantine/{id}/retry", response=schemas.Retried)
@asks(Scope.IMPORT)
def retry_quarantined(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
) -> dict[str, Any]:
    """Hand an event to the worker once more; what still cannot be read comes back with its reason."""
    found = Quarantined.objects.filter(pk=id).select_related("source")
    one = found.first()
    if one is None:
        raise Problem(404, "not_quarantined", f"nothing of number {id} is in quarantine")
    if one.state != Quarantined.WAITING:
        raise Problem(409, "already_decided", f"nothing was done: it was {one.state} already")
    if one.code in quarantine.HOPELESS:
        raise Problem(409, "hopeless", f"nothing was done: no other try can help. {one.reason}")
    return {"retried": quarantine.retry(found, now=clock.now())}
