"""Sources: who may send, with which keys, where their libraries are pointed at, and what came lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from tenure.errors import TenureError
from tenure.events import KINDS
from tenure.money import EXPONENTS
from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.dialects.reading import DIALECTS
from tenure_app.ledger.models import Source
from tenure_app.ledger.own import OWN_SOURCE
from tenure_app.listen import keys
from tenure_app.listen.models import Quarantined, SourceKey
from tenure_app.refused import Refused
from tenure_app.roles import Permission, may
from tenure_app.web import recent, words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in, shop_of, word_in
from tenure_app.web.pointing import DIALECT_NAMES, pointers
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure_app.web.moment import Moment

__all__ = ["change_page", "new_page", "source_page", "sources_page"]

SHOWN: Final = 50
"""Events of a stream."""
_OF_FILES: Final = 200


@page(Permission.SEE)
def sources_page(request: HttpRequest) -> HttpResponse:
    """Every source: what it speaks, its keys, what came lately, what waits in quarantine."""
    return _listed(request)


def _listed(request: HttpRequest, refusal: str = "") -> HttpResponse:
    at, now = moment(request), clock.now()
    there = list(Source.objects.exclude(name=OWN_SOURCE).order_by("name")[:_OF_FILES])
    still = Quarantined.objects.filter(state=Quarantined.WAITING).order_by().values_list("source")
    waiting = dict(still.annotate(n=Count("pk")))
    came, held = recent.lately(now), _keys(there)
    today = date_of(day_of(now, at.zone))
    rows = [
        {
            "source": one,
            "speaks": str(DIALECT_NAMES.get(one.dialect, one.dialect)),
            "keys": [key for key in held.get(one.pk, ()) if key.revoked_at is None],
            "revoked": sum(key.revoked_at is not None for key in held.get(one.pk, ())),
            "signed": one.dialect in keys.SIGNED,
            "by_api": one.dialect == "tenure",
            "lately": (lately := came.get(one.pk, recent.Lately())),
            "last": words.time_at(lately.last_at, at.zone, today),
            "waiting": waiting.get(one.pk, 0),
        }
        for one in there
    ]
    context = {
        "sending": [row for row in rows if row["source"].dialect],
        "of_files": [row for row in rows if not row["source"].dialect],
        "hour": sum(row["lately"].hour for row in rows if row["source"].dialect),
        "waiting": sum(waiting.values()),
        "looked": recent.LOOKED,
        "least": any(row["lately"].least for row in rows),
        "dialects": [(one, str(DIALECT_NAMES[one])) for one in DIALECTS],
        "may_settings": may(request.role, Permission.SETTINGS),  # type: ignore[attr-defined]
        "refusal": refusal,
    }
    return show(request, "tenure/sources.html", context, here="sources", status=400 if refusal else 200)


def _keys(sources: Sequence[Source]) -> dict[int, list[SourceKey]]:
    held: dict[int, list[SourceKey]] = {}
    for key in SourceKey.objects.filter(source__in=[one.pk for one in sources]):
        held.setdefault(key.source_id, []).append(key)
    return held


@page(Permission.SETTINGS, "POST")
def new_page(request: HttpRequest) -> HttpResponse:
    """Make a source."""
    name, dialect = request.POST.get("name", "").strip().lower(), request.POST.get("dialect", "")
    try:
        made = keys.make_source(name, dialect, now=clock.now())
    except Refused as refusal:
        return _listed(request, _plain(refusal, name))
    messages.success(request, gettext("The source {name} is there.").format(name=made.name))
    return HttpResponseRedirect(moment(request).link("source", made.pk))


def _plain(refusal: Refused, name: str) -> str:
    """Why a source was not made, in the reader's language."""
    said = {
        "bad_name": gettext("No source was made: a name has small letters, digits, dots and dashes, at most 60."),
        "source_exists": gettext("No source was made: there is a source {name} already.").format(name=name),
        "bad_dialect": gettext("No source was made: choose what it speaks."),
    }
    return said.get(refusal.code, str(refusal))


# One source


@page(Permission.SEE)
def source_page(request: HttpRequest, number: int) -> HttpResponse:
    """One source and the stream of its events; the stream alone where the page asks for it again."""
    return _one(request, _found(number))


def _found(number: int) -> Source:
    found = Source.objects.filter(pk=number).exclude(name=OWN_SOURCE).first() if number < 2**31 else None
    if found is None:
        raise Http404
    return found


def _one(request: HttpRequest, one: Source, *, secret: str = "", refusal: str = "") -> HttpResponse:
    at = moment(request)
    kind = word_in(request.GET, "kind", {*KINDS, "order.corrected", "order.reversed", "fact.corrected"})
    events = recent.latest(one.pk, SHOWN, kind=kind)
    last = str(events[0].pk if events else 0)
    asks_again = request.headers.get("HX-Target") == "stream"
    if asks_again and request.GET.get("last") == last:
        return HttpResponse(status=204)
    stands = request.GET.get("stands") == "1"
    context = {
        "source": one,
        "events": recent.lines(at, events, shop_of(request).currency),
        "kind": kind,
        "stands": stands,
        "again": at.link("source", one.pk, kind=kind, last=last),
        "stop": at.link("source", one.pk, kind=kind, stands=None if stands else 1),
        "shown": SHOWN,
        "looked": recent.LOOKED,
    }
    if asks_again:
        return show(request, "tenure/stream.html", context, here="sources")
    context |= _about(request, at, one, secret)
    context["refusal"] = refusal
    answer = show(request, "tenure/source.html", context, here="sources", status=400 if refusal else 200)
    answer["Cache-Control"] = "no-store"
    return answer


def _about(request: HttpRequest, at: Moment, one: Source, secret: str) -> dict[str, Any]:
    """What there is to say of a source beside its stream. secret: of a key that was made just now."""
    host = request.build_absolute_uri("/").rstrip("/")
    held = SourceKey.objects.filter(source=one).order_by("revoked_at", "-pk")
    rules = one.rules or {}
    shown = secret or gettext("THE-KEY")
    return {
        "speaks": str(DIALECT_NAMES.get(one.dialect, one.dialect)),
        "signed": one.dialect in keys.SIGNED,
        "by_api": one.dialect == "tenure",
        "held": [
            {
                "number": key.pk,
                "hint": key.hint,
                "since": words.day_at(key.made_at, at.zone, at.year),
                "by": key.by,
                "revoked": "" if key.revoked_at is None else words.day_at(key.revoked_at, at.zone, at.year),
            }
            for key in held[:SHOWN]
        ],
        "secret": secret,
        "pointers": pointers(one.dialect, one.name, host, shown) if one.dialect else [],
        "kinds": sorted(((one, words.kind_name(one)) for one in KINDS), key=lambda pair: pair[1].lower()),
        "rules": sorted((rules.get("kinds") or {}).items()),
        "currency": rules.get("currency") or "",
        "shop_currency": shop_of(request).currency,
        "currencies": sorted(EXPONENTS),
        "waiting": Quarantined.objects.filter(source=one, state=Quarantined.WAITING).count(),
        "may_settings": may(request.role, Permission.SETTINGS),  # type: ignore[attr-defined]
    }


@page(Permission.SETTINGS, "POST")
def change_page(request: HttpRequest, number: int) -> HttpResponse:
    """Change a source: make a key or revoke one, keep its signing secret, say what its events mean."""
    one, do = _found(number), request.POST.get("do", "")
    try:
        if do == "key":
            _, secret = keys.make_key(one, by=request.user.get_username(), now=clock.now())
            return _one(request, one, secret=secret)
        said = _changed(request, one, do)
    except (Refused, TenureError) as refusal:
        return _one(request, one, refusal=words.begun(str(refusal)))
    messages.success(request, said)
    return HttpResponseRedirect(moment(request).link("source", one.pk))


def _changed(request: HttpRequest, one: Source, do: str) -> str:
    if do == "revoke":
        wanted = number_in(request.POST.get("key", ""), most=2**62)
        key = SourceKey.objects.filter(pk=wanted, source=one).first()
        if key is None:
            raise Refused("no_such_key", gettext("Nothing was revoked: the source has no such key."))
        keys.revoke_key(key, now=clock.now())
        return gettext("Nobody gets in with the key …{hint} any more.").format(hint=key.hint)
    if do == "secret":
        keys.keep_secret(one, request.POST.get("secret", ""))
        return gettext("The signing secret is kept, encrypted.")
    if do == "rules":
        keys.set_rules(one, kinds=_rules(request), currency=request.POST.get("currency") or None)
        return gettext("What its events mean is saved; it holds for what comes from now on.")
    raise Refused("nothing_asked", gettext("Nothing was done: the form did not say what."))


def _rules(request: HttpRequest) -> dict[str, str]:
    """The rows of the form: their name of an event, our kind; a row without a name is left out."""
    names, kinds = request.POST.getlist("theirs"), request.POST.getlist("ours")
    rows = dict(zip((name.strip()[:200] for name in names), kinds, strict=False))
    return {name: kind for name, kind in rows.items() if name}
