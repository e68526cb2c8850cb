"""Keys of programs: who may ask the API, and what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy

from tenure_app import clock
from tenure_app.models import ApiKey
from tenure_app.refused import Refused
from tenure_app.roles import Permission
from tenure_app.web import words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from tenure_app.web.moment import Moment

__all__ = ["keys_page"]

Make = Callable[..., tuple[ApiKey, str]]
Revoke = Callable[..., None]
SHOWN: Final = 200
_SCOPES: Final = {
    "see": gettext_lazy("see pictures, people and what happened to them"),
    "events": gettext_lazy("say what happened"),
    "import": gettext_lazy("imports and quarantine"),
    "policy": gettext_lazy("try another rule, and put it in force"),
    "settings": gettext_lazy("sources, their keys, webhooks"),
}


def keys_page(scopes: Sequence[str], make: Make, revoke: Revoke) -> Callable[..., HttpResponse]:
    """The page of the keys. make, revoke: the API's own, which stands beside the console and not below it."""

    @page(Permission.SETTINGS, "GET", "HEAD", "POST")
    def shown(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return _listed(request, scopes)
        if request.POST.get("do") == "revoke":
            return _revoked(request, revoke)
        name, asked = request.POST.get("name", "").strip(), request.POST.getlist("scope")
        try:
            _, secret = make(name, asked, by=request.user.get_username(), now=clock.now())
        except Refused:
            said = gettext("No key was made: it needs a name of at most 100 characters, and something it may do.")
            return _listed(request, scopes, refusal=said)
        return _listed(request, scopes, secret=secret, made=name)

    return shown


def _listed(
    request: HttpRequest, scopes: Sequence[str], *, secret: str = "", made: str = "", refusal: str = ""
) -> HttpResponse:
    at = moment(request)
    context = {
        "held": [_row(at, one) for one in ApiKey.objects.order_by("revoked_at", "-pk")[:SHOWN]],
        "scopes": [(str(one), str(_SCOPES.get(str(one), one))) for one in scopes],
        "secret": secret,
        "made": made,
        "refusal": refusal,
        "host": request.build_absolute_uri("/").rstrip("/"),
    }
    answer = show(request, "tenure/keys.html", context, here="settings", status=400 if refusal else 200)
    answer["Cache-Control"] = "no-store"
    return answer


def _row(at: Moment, one: ApiKey) -> dict[str, Any]:
    return {
        "number": one.pk,
        "name": one.name,
        "hint": one.hint,
        "scopes": one.scopes,
        "since": words.day_at(one.made_at, at.zone, at.year),
        "by": one.by,
        "revoked": "" if one.revoked_at is None else words.day_at(one.revoked_at, at.zone, at.year),
    }


def _revoked(request: HttpRequest, revoke: Revoke) -> HttpResponse:
    wanted = number_in(request.POST.get("key", ""), most=2**62)
    found = ApiKey.objects.filter(pk=wanted).first()
    if found is None:
        raise Refused("no_such_key", gettext("Nothing was revoked: there is no such key."))
    revoke(found, now=clock.now())
    messages.success(request, gettext("Nobody asks with the key {name} any more.").format(name=found.name))
    return HttpResponseRedirect(moment(request).link("keys"))
