"""Quarantine: events that could not be put on the timeline, why, and what may be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils.translation import gettext, gettext_lazy, ngettext

from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.ledger.models import Source
from tenure_app.listen import quarantine
from tenure_app.listen.models import Quarantined
from tenure_app.refused import Refused
from tenure_app.roles import Permission, may
from tenure_app.web import words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

    from tenure_app.web.moment import Moment

__all__ = ["HOPELESS", "REASONS", "decide_page", "quarantine_file", "quarantine_page"]

SHOWN: Final = 25
_LONGEST: Final = 20_000
"""Characters of an event that are shown."""
_HELPS: Final = {
    "same_message_id": gettext_lazy(
        "Trying again cannot help: the id is taken, and the fact that had it first stays. Its sender has to give each"
        " message an id of its own."
    ),
    "generic_id": gettext_lazy(
        "Trying again cannot help: such an id would make one person of many. Its sender has to leave it out, or send"
        " the customer’s own."
    ),
}
HOPELESS: Final = {code: _HELPS[code] for code in quarantine.HOPELESS}
"""What keeps events off for good, by code, and what would help."""
REASONS: Final = {
    "bad_amount": gettext_lazy("An amount is no number, negative or too large."),
    "bad_currency": gettext_lazy("An amount has no currency that is known; one may be set among the source’s rules."),
    "bad_device": gettext_lazy("A device has no token."),
    "bad_id": gettext_lazy("An id is neither text nor a number, or longer than 255 characters."),
    "bad_key": gettext_lazy("The event has no key of its own, or one that is too long."),
    "bad_kind": gettext_lazy("No rule of the source knows this kind of event; one may be added."),
    "bad_text": gettext_lazy("A text holds characters that no database keeps."),
    "bad_time": gettext_lazy("Its time cannot be read."),
    "event_too_large": gettext_lazy("The event is larger than events may be."),
    "generic_id": gettext_lazy("Its only id is one that libraries send for nobody in particular, as “null” or “0”."),
    "invalid_body": gettext_lazy("It is no event as the source’s dialect has them."),
    "invalid_json": gettext_lazy("It is no JSON that can be read."),
    "no_alias": gettext_lazy("It says that two ids are one person’s, and one of them is missing."),
    "no_dialect": gettext_lazy("Its source speaks no dialect any more."),
    "no_event_name": gettext_lazy("It does not say what happened."),
    "no_group": gettext_lazy("It says that somebody belongs to a group, and not to which."),
    "no_order_id": gettext_lazy("It speaks of an order, and not of which."),
    "nobody": gettext_lazy("It does not say whose it is."),
    "same_message_id": gettext_lazy("The id of its message was used before for something else."),
    "time_out_of_range": gettext_lazy("Its time lies outside the years 1900 to 2200."),
    "too_deep": gettext_lazy("Lists and objects lie in each other too deep."),
    "too_many": gettext_lazy("Its batch held more events than are taken at once."),
    "unknown_call": gettext_lazy("The call is none of the source’s dialect."),
    "unknown_field": gettext_lazy("It says something under a name that events do not have."),
    "unknown_order": gettext_lazy("It names nobody, only an order that is not known; once it is, try it again."),
    "unknown_type": gettext_lazy("Its type is none of the source’s dialect."),
    "unreadable": gettext_lazy("Tenure could not read it, which is a mistake of ours; after an update, try it again."),
}
"""What keeps an event off the timeline, by code."""


@page(Permission.SEE)
def quarantine_page(request: HttpRequest) -> HttpResponse:
    """How many wait, by source and reason; the latest of those asked for."""
    at = moment(request)
    source, code = _asked(request.GET)
    groups = [
        {
            "source": number, "name": name, "code": one, "n": n, "why": str(REASONS.get(one, one)),
            "on": (number, one) == (source, code), "link": at.link("quarantine", source=number, code=one),
        }
        for number, name, one, n in quarantine.by_code()
    ]  # fmt: skip
    there = quarantine.waiting(source=source, code=code)
    before = number_in(request.GET.get("before", ""), most=2**62)
    found = list((there.filter(pk__lt=before) if before else there)[: SHOWN + 1])
    context = {
        "groups": groups,
        "total": sum(one["n"] for one in groups),
        "chosen": sum(
            one["n"] for one in groups if source in (None, one["source"]) and code in (None, one["code"])
        ),
        "rows": [_row(at, one) for one in found[:SHOWN]],
        "source": source,
        "code": code,
        "sources": sorted({(one["source"], one["name"]) for one in groups}, key=lambda pair: str(pair[1])),
        "codes": sorted({str(one["code"]) for one in groups}),
        "hopeless": str(HOPELESS.get(code or "", "")),
        "everything": at.link("quarantine"),
        "file": at.link("quarantine-file", source=source, code=code),
        "following": at.link("quarantine", source=source, code=code, before=found[SHOWN - 1].pk)
        if len(found) > SHOWN else "",
        "may_decide": may(request.role, Permission.IMPORT),  # type: ignore[attr-defined]
    }  # fmt: skip
    return show(request, "tenure/quarantine.html", context, here="sources")


def _asked(said: QueryDict) -> tuple[int | None, str | None]:
    """Source and code of an address or a form."""
    return number_in(said.get("source", ""), most=2**31 - 1), said.get("code", "").replace("\0", "")[:40] or None


def _row(at: Moment, one: Quarantined) -> dict[str, Any]:
    return {
        "number": one.pk,
        "source": one.source,
        "at": words.time_at(one.received_at, at.zone, date_of(day_of(clock.now(), at.zone))),
        "name": one.name or one.call.split(" ")[0],
        "code": one.code,
        "why": str(REASONS.get(one.code, one.code)),
        "reason": one.reason,
        "said": one.said[:_LONGEST],
        "cut": max(0, len(one.said) - _LONGEST),
        "hopeless": one.code in HOPELESS,
    }


@page(Permission.SEE)
def quarantine_file(request: HttpRequest) -> StreamingHttpResponse:
    """Those asked for as JSON lines."""
    source, code = _asked(request.GET)
    there = quarantine.waiting(source=source, code=code)
    answer = StreamingHttpResponse(quarantine.lines(there), content_type="application/x-ndjson; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="quarantine.jsonl"'
    answer["Cache-Control"] = "no-store"
    return answer


@page(Permission.IMPORT, "POST")
def decide_page(request: HttpRequest) -> HttpResponse:
    """Try some again, or drop them: one by its number, or all of a source and a reason."""
    source, code = _asked(request.POST)
    number, do = number_in(request.POST.get("number", ""), most=2**62), request.POST.get("do", "")
    if number is not None:
        there: QuerySet[Quarantined] = quarantine.waiting().filter(pk=number)
    elif source is not None and code is not None and Source.objects.filter(pk=source).exists():
        there = quarantine.waiting(source=source, code=code)
    else:
        raise Refused("nothing_asked", gettext("Nothing was done: the form did not say of which events."))
    if do == "retry":
        said = _tried_again(there)
    elif do == "drop":
        if number is None and request.POST.get("sure") != "yes":
            raise Refused("not_sure", gettext("Nothing was dropped: tick the box first."))
        n = quarantine.drop(there, now=clock.now())
        said = ngettext("{n} event was dropped.", "{n} events were dropped.", n).format(n=words.count(n))
    else:
        raise Refused("nothing_asked", gettext("Nothing was done: the form did not say what."))
    messages.success(request, said)
    return HttpResponseRedirect(moment(request).link("quarantine", source=source, code=code))


def _tried_again(there: QuerySet[Quarantined]) -> str:
    """Hand on those that another try may help."""
    n = quarantine.retry(there.exclude(code__in=HOPELESS), now=clock.now())
    if not n and there.exists():
        raise Refused("hopeless", gettext("Nothing was tried again: it cannot help with what keeps these off."))
    said = ngettext(
        "{n} event was handed to the worker; if it still cannot be read, it comes back.",
        "{n} events were handed to the worker; what still cannot be read comes back.",
        n,
    )
    return said.format(n=words.count(n))
