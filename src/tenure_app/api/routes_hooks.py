"""Operations about who is told outside: addresses, their secrets, what each was told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from ninja import Status

from tenure_app import clock
from tenure_app.api import schemas
from tenure_app.api.asked import Cursor, Limit, Number
from tenure_app.api.auth import Guarded, asks, caller_of
from tenure_app.api.paging import USUAL, after, cursor
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import Scope
from tenure_app.live import hooks
from tenure_app.live.models import Hook, HookAttempt, HookMessage

__all__ = [
    "end_webhook", "hooks_router", "list_messages", "list_webhooks", "make_webhook", "redeliver_message",
    "turn_webhook_secret",
]  # fmt: skip

hooks_router = Guarded(tags=["webhooks"])


def _told(found: Sequence[Hook]) -> list[dict[str, Any]]:
    numbers = [one.pk for one in found]
    counted = Hook.objects.filter(pk__in=numbers).annotate(
        waiting=Count("messages", Q(messages__state=HookMessage.DUE, ended_at=None)),
        given_up=Count("messages", Q(messages__state=HookMessage.GIVEN_UP)),
    )
    counts = {one.pk: one for one in counted}
    return [
        {
            "id": one.pk, "url": one.url, "kinds": one.kinds, "note": one.note or None, "made_at": one.made_at,
            "turned_at": one.turned_at, "ended_at": one.ended_at, "by": one.by or None,
            "waiting": counts[one.pk].waiting, "given_up": counts[one.pk].given_up,
        }
        for one in found
    ]  # fmt: skip


def _hook(number: int) -> Hook:
    found = Hook.objects.filter(pk=number).first()
    if found is None:
        raise Problem(404, "no_such_webhook", f"there is no webhook {number}")
    return found


def _following(name: str, items: Sequence[dict[str, Any]], more: bool) -> str | None:
    return cursor(name, [items[-1]["id"]]) if more else None


@hooks_router.get("/webhooks", response=schemas.WebhookPage)
@asks(Scope.SETTINGS)
def list_webhooks(
    request: HttpRequest,  # noqa: ARG001
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Who is told outside, and who was, by number."""
    there, behind = Hook.objects.order_by("pk"), after("webhooks", cursor, 1)
    if behind is not None:
        there = there.filter(pk__gt=behind[0])
    found = list(there[: limit + 1])
    items = _told(found[:limit])
    return {"items": items, "next": _following("webhooks", items, len(found) > limit)}


@hooks_router.post("/webhooks", response={201: schemas.NewWebhook})
@asks(Scope.SETTINGS)
def make_webhook(request: HttpRequest, new: schemas.NewHook) -> Status[dict[str, Any]]:
    """Tell an address of some kinds of events from now on: stage.changed, import.finished. The secret is in this answer
    alone."""
    now = clock.now()
    made = hooks.make_hook(new.url, new.kinds, note=new.note, by=caller_of(request).name, now=now)
    return Status(201, {**_told([made])[0], "secret": hooks.secrets_of(made, now=now)[0]})


@hooks_router.post("/webhooks/{id}/secret", response=schemas.NewWebhook)
@asks(Scope.SETTINGS)
def turn_webhook_secret(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
) -> dict[str, Any]:
    """Give an address another secret; the one before signs along for a day. It is in this answer alone."""
    found = _hook(id)
    secret = hooks.turn_secret(found, now=clock.now())
    return {**_told([found])[0], "secret": secret}


@hooks_router.delete("/webhooks/{id}", response=schemas.Webhook)
@asks(Scope.SETTINGS)
def end_webhook(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
) -> dict[str, Any]:
    """Tell an address nothing any more; what it was still to be told is given up."""
    found = _hook(id)
    hooks.end_hook(found, now=clock.now())
    return _told([found])[0]


@hooks_router.get("/webhooks/{id}/messages", response=schemas.MessagePage)
@asks(Scope.SETTINGS)
def list_messages(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """What an address was told, and is to be told, the newest first."""
    name = f"messages {_hook(id).pk}"
    there, behind = HookMessage.objects.filter(hook=id).order_by("-pk"), after(name, cursor, 1)
    if behind is not None:
        there = there.filter(pk__lt=behind[0])
    found = list(there[: limit + 1])
    items = _messages(found[:limit])
    return {"items": items, "next": _following(name, items, len(found) > limit)}


def _messages(found: Sequence[HookMessage]) -> list[dict[str, Any]]:
    last: dict[int, HookAttempt] = {}
    for attempt in HookAttempt.objects.filter(message__in=[one.pk for one in found]).order_by("pk"):
        last[attempt.message_id] = attempt
    return [
        {
            "id": one.pk, "uid": one.uid, "kind": one.kind, "made_at": one.made_at, "state": one.state,
            "due_at": one.due_at, "attempts": one.attempts, "body": json.loads(one.body),
            "tried_at": last[one.pk].at if one.pk in last else None,
            "status": last[one.pk].status if one.pk in last else None,
            "said": (last[one.pk].said or None) if one.pk in last else None,
        }
        for one in found
    ]  # fmt: skip


@hooks_router.post("/webhooks/{id}/messages/{message}/redeliver", response=schemas.Message)
@asks(Scope.SETTINGS)
def redeliver_message(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
    message: Number,
) -> dict[str, Any]:
    """Tell it once more, under the same id."""
    found = HookMessage.objects.filter(pk=message, hook=id).first()
    if found is None:
        raise Problem(404, "no_such_message", f"webhook {id} has no message {message}")
    hooks.redeliver(found, now=clock.now())
    return _messages([found])[0]
