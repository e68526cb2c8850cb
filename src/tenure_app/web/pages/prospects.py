"""Prospects by how far on they are: who is aware, who considers, who is about to decide, and what speaks for it."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from tenure.errors import BadPolicy
from tenure.lifecycle.engagement import PLACES, dumps
from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.ledger import actions
from tenure_app.ledger.names import called
from tenure_app.roles import Permission, may
from tenure_app.web import words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in, shop_of, word_in
from tenure_app.web.prospecting import MOST, came_from, place_name, prospects, rules_of_shop
from tenure_app.web.routes import page

__all__ = ["engagement_page", "prospects_page"]

SHOWN: Final = 25


@page(Permission.SEE)
def prospects_page(request: HttpRequest) -> HttpResponse:
    """Prospects this moment: how many stand where, and who was active last."""
    at, now = moment(request), clock.now()
    rules, today = rules_of_shop(shop_of(request)), date_of(day_of(now, at.zone))
    asked = word_in(request.GET, "at", PLACES)
    there = prospects(rules, now=now)
    ranked = there.ranked(PLACES.index(asked) if asked else None)
    first = number_in(request.GET.get("from", ""), most=len(ranked)) or 0
    rows = ranked[first : first + SHOWN]
    numbers = [int(there.found.person[row]) for row in rows]
    names, origins = called(numbers), came_from(numbers)
    places = [
        {
            "key": key,
            "name": place_name(rules, place),
            "n": n,
            "on": key == asked,
            "link": at.link("prospects", at=None if key == asked else key),
        }
        for place, (key, n) in enumerate(zip(PLACES, there.counts(), strict=True))
    ]
    context = {
        "everybody": there.everybody,
        "looked": len(there.found.person),
        "most": MOST,
        "places": places,
        "asked": asked,
        "chosen": next((one for one in places if one["on"]), None),
        "rows": [
            {
                "c": person,
                "called": names[person],
                "place": places[int(there.found.place[row])],
                "since": words.time_at(int(there.found.since_at[row]), at.zone, today),
                "last": words.time_at(there.last_at[row] or None, at.zone, today),
                "said": there.sentence(row),
                "from": origins.get(person, ""),
            }
            for row, person in zip(rows, numbers, strict=True)
        ],
        "total": len(ranked),
        "first": first + 1,
        "last": first + len(rows),
        "before": at.link("prospects", at=asked or None, **{"from": max(0, first - SHOWN)}) if first else "",
        "following": at.link("prospects", at=asked or None, **{"from": first + SHOWN})
        if first + SHOWN < len(ranked) else "",
        "everyone": at.link("prospects"),
        "time": words.time_at(now, at.zone, today),
        "may_policy": may(request.role, Permission.POLICY),  # type: ignore[attr-defined]
    }  # fmt: skip
    return show(request, "tenure/prospects.html", context, here="prospects")


@page(Permission.POLICY, "GET", "HEAD", "POST")
def engagement_page(request: HttpRequest) -> HttpResponse:
    """The rules of engagement as text; saved, they hold at once, and nothing else changes."""
    at, shop = moment(request), shop_of(request)
    text = dumps(rules_of_shop(shop))
    if request.method != "POST":
        return _form(request, text)
    text = "" if request.POST.get("do") == "usual" else request.POST.get("toml", "").replace("\r\n", "\n")
    try:
        actions.describe_engagement(text)
    except BadPolicy as wrong:
        return _form(request, text, str(wrong))
    messages.success(request, gettext("The rules of engagement are saved."))
    return HttpResponseRedirect(at.link("prospects"))


def _form(request: HttpRequest, text: str, refusal: str = "") -> HttpResponse:
    rules = rules_of_shop(shop_of(request))
    stages = [
        {
            "name": place_name(rules, place),
            "n": rules.at(place).at_least,
            "days": rules.at(place).within_days,
            "kinds": [words.kind_name(kind) for kind in rules.at(place).kinds],
        }
        for place in range(len(PLACES))
    ]
    context = {"toml": text, "refusal": refusal, "stages": stages}
    return show(request, "tenure/engagement.html", context, here="prospects", status=400 if refusal else 200)
