"""Webhooks: addresses outside that are told what happened, and how each telling went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy

from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.live import hooks
from tenure_app.live.models import Hook, HookAttempt, HookMessage
from tenure_app.refused import Refused
from tenure_app.roles import Permission
from tenure_app.web import words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure_app.web.moment import Moment

__all__ = ["webhook_page", "webhooks_page"]

SHOWN: Final = 30
_LISTED: Final = 100
_KINDS: Final = {
    "stage.changed": gettext_lazy("somebody’s stage changed"),
    "import.finished": gettext_lazy("an import ended"),
}
_STATES: Final = {
    HookMessage.DUE: gettext_lazy("still to be told"),
    HookMessage.DELIVERED: gettext_lazy("told"),
    HookMessage.GIVEN_UP: gettext_lazy("given up"),
}


@page(Permission.SETTINGS, "GET", "HEAD", "POST")
def webhooks_page(request: HttpRequest) -> HttpResponse:
    """The addresses, and another one."""
    if request.method != "POST":
        return _listed(request)
    said = request.POST
    url, kinds, note = said.get("url", "").strip(), said.getlist("kind"), said.get("note", "").strip()
    try:
        made = hooks.make_hook(url, kinds, by=request.user.get_username(), now=clock.now(), note=note)
    except Refused as refusal:
        return _listed(request, words.begun(str(refusal)), url)
    messages.success(request, gettext("This address is told from now on. Give whoever runs it the secret."))
    return HttpResponseRedirect(moment(request).link("webhook-out", made.pk))


def _listed(request: HttpRequest, refusal: str = "", url: str = "") -> HttpResponse:
    at = moment(request)
    counted = Hook.objects.order_by("ended_at", "-pk").annotate(
        waiting=Count("messages", Q(messages__state=HookMessage.DUE)),
        given_up=Count("messages", Q(messages__state=HookMessage.GIVEN_UP)),
    )
    context = {
        "hooks": [_about(at, one) for one in counted[:_LISTED]],
        "kinds": [(kind, str(_KINDS.get(kind, kind))) for kind in hooks.TOLD],
        "url": url,
        "refusal": refusal,
    }
    return show(request, "tenure/webhooks.html", context, here="settings", status=400 if refusal else 200)


def _about(at: Moment, one: Hook) -> dict[str, Any]:
    return {
        "hook": one,
        "kinds": [str(_KINDS.get(kind, kind)) for kind in one.kinds],
        "since": words.day_at(one.made_at, at.zone, at.year),
        "ended": "" if one.ended_at is None else words.day_at(one.ended_at, at.zone, at.year),
    }


@page(Permission.SETTINGS, "GET", "HEAD", "POST")
def webhook_page(request: HttpRequest, number: int) -> HttpResponse:
    """One address: its secret, what it was told, and how that went."""
    one = Hook.objects.filter(pk=number).first() if number < 2**62 else None
    if one is None:
        raise Http404
    if request.method != "POST":
        return _one(request, one)
    try:
        said = _changed(request, one)
    except Refused as refusal:
        return _one(request, one, words.begun(str(refusal)))
    messages.success(request, said)
    return HttpResponseRedirect(moment(request).link("webhook-out", one.pk))


def _changed(request: HttpRequest, one: Hook) -> str:
    do, now = request.POST.get("do", ""), clock.now()
    if do == "turn":
        hooks.turn_secret(one, now=now)
        return gettext("There is another secret; the one before it signs along for a day.")
    if do == "end":
        if request.POST.get("sure") != "yes":
            raise Refused("not_sure", gettext("Nothing was ended: tick the box first."))
        hooks.end_hook(one, now=now)
        return gettext("This address is told nothing any more.")
    if do == "again":
        wanted = number_in(request.POST.get("message", ""), most=2**62)
        message = HookMessage.objects.filter(pk=wanted, hook=one).first()
        if message is None:
            raise Refused("no_such_message", gettext("Nothing is told again: there is no such message."))
        hooks.redeliver(message, now=now)
        return gettext("It is told once more.")
    raise Refused("nothing_asked", gettext("Nothing was done: the form did not say what."))


def _one(request: HttpRequest, one: Hook, refusal: str = "") -> HttpResponse:
    at, now = moment(request), clock.now()
    there = list(HookMessage.objects.filter(hook=one).order_by("-pk")[:SHOWN])
    tried: dict[int, list[HookAttempt]] = {}
    for attempt in HookAttempt.objects.filter(message__in=there).order_by("-pk"):
        tried.setdefault(attempt.message_id, []).append(attempt)
    context = {
        **_about(at, one),
        "secrets": hooks.secrets_of(one, now=now) if one.ended_at is None else [],
        "messages_told": _told(at, there, tried),
        "shown": SHOWN,
        "refusal": refusal,
    }
    answer = show(request, "tenure/webhook.html", context, here="settings", status=400 if refusal else 200)
    answer["Cache-Control"] = "no-store"
    return answer


def _told(
    at: Moment, there: Sequence[HookMessage], tried: dict[int, list[HookAttempt]]
) -> list[dict[str, Any]]:
    today = date_of(day_of(clock.now(), at.zone))
    return [
        {
            "number": one.pk,
            "uid": one.uid,
            "kind": str(_KINDS.get(one.kind, one.kind)),
            "state": one.state,
            "state_name": str(_STATES.get(one.state, one.state)),
            "at": words.time_at(one.made_at, at.zone, today),
            "due": words.time_at(one.due_at, at.zone, today) if one.state == one.DUE else "",
            "body": one.body,
            "log": [
                {
                    "at": words.time_at(attempt.at, at.zone, today),
                    "ms": words.count(attempt.took_us // 1000),
                    "status": attempt.status,
                    "said": attempt.said,
                }
                for attempt in tried.get(one.pk, ())
            ],
        }
        for one in there
    ]
