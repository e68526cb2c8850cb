"""Worth: what everybody may order and bring within a horizon, by stage and cohort, and how such forecasts fared."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from tenure.draw import bar, part
from tenure_app.insight.forecasts import foreseen_by
from tenure_app.insight.stages import STAGES
from tenure_app.roles import Permission
from tenure_app.web import words
from tenure_app.web.ahead import FEW, assumed
from tenure_app.web.buying import bought_by
from tenure_app.web.existing import EVERY, existing_section
from tenure_app.web.foreseen import horizon_in, windows
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, shop_of, word_in
from tenure_app.web.opening import opened
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from tenure_app.insight.foreseen import Cohort, Foreseen, Stage, Told, Total, Track
    from tenure_app.ledger.models import Shop
    from tenure_app.web.moment import Moment

__all__ = ["worth_page"]

COHORTS: Final = 12


@page(Permission.SEE)
def worth_page(request: HttpRequest) -> HttpResponse:
    """The forecast as of the page's day, with its interval and its track record; beside it whose money it was."""
    at = moment(request)
    horizon = horizon_in(request)
    every = word_in(request.GET, "every", EVERY, "month")
    reading, shop = opened(at), shop_of(request)
    found = foreseen_by(reading, horizon)
    context = {
        "found": found,
        "horizon": horizon,
        "windows": windows(at, "worth", horizon),
        "buyers": words.count(round(found.buyers)),
        "orders": words.count(round(found.orders)),
        "between": [words.count(round(found.orders_low)), words.count(round(found.orders_high))],
        "unanchored": words.count(round(found.unanchored)) if _anchored(found) else "",
        "money": found.currency or "",
        "value": _whole(found.value),
        "value_between": [_whole(found.value_low), _whole(found.value_high)],
        "stages": [_stage(at, one, found) for one in found.stages],
        "cohorts": [_cohort(one, found) for one in found.cohorts[-COHORTS:]],
        "earlier": max(0, len(found.cohorts) - COHORTS),
        "shares": [
            {"part": words.percent(first), "share": words.percent(share), "bar": part("loyal", share, first)}
            for first, share in found.shares
        ],
        "track": found.track and _track(at, found.track),
        "assumed": assumed(shop),
        "few_newcomers": found.newcomers < FEW,
        "acquire": _acquire(found, shop),
        "left": _left(found, shop),
        "next_link": at.link("next", within=horizon if horizon != 90 else ""),
        "existing": existing_section(bought_by(reading).existing, at, every=every, links=[
            (word, at.link("worth", within=request.GET.get("within"), every=word if word != "month" else "")
             + "#existing") for word in EVERY
        ]),
        "policy": reading.policy.hash,
    }  # fmt: skip
    return show(request, "tenure/worth.html", context, here="worth")


def _whole(minor: float | None) -> int | None:
    return None if minor is None else round(minor)


def _acquire(found: Foreseen, shop: Shop) -> int | None:
    """What a new customer may cost; None where that is not known."""
    if shop.margin is None or found.acquire is None:
        return None
    return words.rounded(shop.margin * found.acquire, found.currency)


def _left(found: Foreseen, shop: Shop) -> list[int] | None:
    """The margin of what everybody may bring, with its interval; None where that is not known."""
    if shop.margin is None or found.value is None:
        return None
    return [round(shop.margin * (each or 0.0)) for each in (found.value, found.value_low, found.value_high)]


def _anchored(found: Foreseen) -> bool:
    return abs(found.unanchored - found.orders) > 0.01 * max(found.orders, 1.0)


def _stage(at: Moment, one: Stage, found: Foreseen) -> dict[str, Any]:
    """A row: how many of the stage are expected to order, and what part of the whole they bring."""
    stage, detail = STAGES[one.code]
    whole = found.orders if found.value is None else found.value
    mine = one.orders if one.value is None else one.value
    return {
        "stage": stage,
        "detail": detail or "",
        "n": one.customers,
        "few": one.customers < FEW,
        "link": at.link("customers", stage=stage if detail is None else f"{stage}/{detail}"),
        "share": words.percent(one.buyers / max(one.customers, 1)),
        "orders": words.count(round(one.orders)),
        "value": _whole(one.value),
        "part": words.percent(mine / whole) if whole else "—",
        "bar": part(stage, mine / whole if whole else 0.0, one.customers / max(found.n, 1)),
    }


def _cohort(one: Cohort, found: Foreseen) -> dict[str, Any]:
    start, n = date.fromisoformat(one.begins), one.customers
    whole = found.orders if found.value is None else found.value
    mine = one.orders if one.value is None else one.value
    return {
        "name": gettext("Q{n} {year}").format(n=(start.month + 2) // 3, year=start.year),
        "n": n,
        "orders": words.count(round(one.orders)),
        "value": _whole(one.value),
        "each": None if one.value is None else round(one.value / max(n, 1)),
        "part": words.percent(mine / whole) if whole else "—",
        "bar": part("active", mine / whole if whole else 0.0, n / max(found.n, 1)),
    }


def _track(at: Moment, track: Track) -> dict[str, Any]:
    """What was told on days of the past, and what came."""
    most = max(track.told, key=lambda one: one.n, default=None)
    return {
        "told": [_told(one) for one in track.told],
        "most": most and _told(most),
        "totals": [_total(at, one) for one in track.totals],
        "coverage": None if track.coverage is None else words.percent(track.coverage),
        "auc": None if track.auc is None else words.decimal(round(track.auc, 2)),
    }


def _told(one: Told) -> dict[str, Any]:
    return {
        "told": words.percent(one.told),
        "came": words.percent(one.came),
        "n": one.n,
        "few": one.n < FEW,
        "bar": bar("active", one.came, one.told, one.told),
    }


def _total(at: Moment, one: Total) -> dict[str, Any]:
    return {
        "on": words.day(date.fromisoformat(one.on), at.year),
        "expected": words.count(round(one.expected)),
        "low": words.count(round(one.low)),
        "high": words.count(round(one.high)),
        "came": words.count(one.came),
        "within": one.low <= one.came <= one.high,
        "n": one.n,
    }
