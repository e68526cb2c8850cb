"""Discounts: what followed first orders, by how deep their discount was, like compared with like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy, ngettext

from tenure.draw import Curve, bar, curves
from tenure.measure.discounts import ANY, FEW, FULL, UNKNOWN
from tenure_app.insight.buying import WINDOWS
from tenure_app.roles import Permission
from tenure_app.web import words
from tenure_app.web.buying import bought_by
from tenure_app.web.existing import EVERY, existing_section
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, shop_of, word_in
from tenure_app.web.opening import opened
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from tenure.measure.discounts import Always, Compared, Discounts, Group
    from tenure_app.insight.buying import Bought
    from tenure_app.web.moment import Moment

__all__ = ["discounts_page"]

NAMES: Final = {
    FULL: gettext_lazy("at full price"),
    1: gettext_lazy("up to 10 %"),
    2: gettext_lazy("10 to 20 %"),
    3: gettext_lazy("20 to 30 %"),
    4: gettext_lazy("above 30 %"),
    ANY: gettext_lazy("any discount"),
    UNKNOWN: gettext_lazy("not known"),
}
WORDS: Final = {FULL: "full", 1: "10", 2: "20", 3: "30", 4: "more", ANY: "discount", UNKNOWN: "unknown"}
"""Words of the address of the people's list."""
_FINE: Final = 0.02
"""Half an interval below which its points have a decimal."""


@page(Permission.SEE)
def discounts_page(request: HttpRequest) -> HttpResponse:
    """First orders with and without a discount within a window; beside it whose money it is."""
    at = moment(request)
    asked = word_in(request.GET, "within", {"own", *map(str, WINDOWS)}, "own")
    lines = word_in(request.GET, "lines", {"alike", "raw"}, "alike")
    every = word_in(request.GET, "every", EVERY, "month")
    reading, margin = opened(at), shop_of(request).margin
    found = bought_by(reading)
    window = found.own if asked == "own" else int(asked)
    one = found.discounts[window]
    here = {"within": asked if asked != "own" else "", "lines": lines if lines != "alike" else "",
            "every": every if every != "month" else ""}  # fmt: skip
    context = {
        "window": window,
        "windows": _windows(at, found, window, here),
        "customers": one.customers,
        "known": one.known,
        "told": found.told,
        "said": _said(one),
        "compared": _alike(one.any, found),
        "figure": _figure(one, lines),
        "alike": one.adjusted is not None and lines == "alike",
        "lines": _lines(at, one, lines, here),
        "rows": [_row(at, each, one, found.existing.currency, margin) for each in _shown(one)],
        "margin": None if margin is None or one.groups[FULL].off is None else words.percent(margin),
        "cost": None if margin is None else words.percent(1 - margin),
        "no_margin": margin is None,
        "money": found.existing.currency or "",
        "priced": any(each.each is not None for each in one.groups),
        "few": FEW,
        "any_few": any(each.few and each.customers for each in _shown(one)),
        "offers": _alone(at, found.only_on_offer, "known", "only"),
        "precedent": _alone(at, found.precedent, "deep", "precedent"),
        "existing": existing_section(found.existing, at, every=every, links=[
            (word, at.link("discounts", **{**here, "every": word if word != "month" else ""}) + "#existing")
            for word in EVERY
        ]),
        "policy": reading.policy.hash,
    }  # fmt: skip
    return show(request, "tenure/discounts.html", context, here="discounts")


def _windows(at: Moment, found: Bought, window: int, here: dict[str, str]) -> list[dict[str, Any]]:
    """The windows that one may choose, the shop's own first."""
    own = gettext("own: {n} days").format(n=words.count(found.own))
    said = [("", found.own, own)]
    said += [(str(days), days, gettext("{n} days").format(n=days)) for days in WINDOWS if days != found.own]
    return [
        {"name": name, "link": at.link("discounts", **{**here, "within": word}), "on": days == window}
        for word, days, name in said
    ]


def _said(one: Discounts) -> dict[str, Any] | None:
    """The two shares of the first sentence; None where one of them is of too few."""
    full = one.groups[FULL]
    if one.any.few or full.few:
        return None
    return {"discount": words.percent(one.any.share or 0), "full": words.percent(full.share or 0)}


def _points(value: float, *, fine: bool) -> str:
    """A difference of shares in points: "+15", "−0.6"."""
    rounded = round(100 * value, 1 if fine else 0)
    number = number_format(abs(rounded), decimal_pos=1 if fine else 0)
    return f"+{number}" if rounded > 0 else f"{words.MINUS}{number}" if rounded < 0 else number


def _difference(compared: Compared) -> dict[str, str]:
    fine = compared.high - compared.low < 2 * _FINE
    value, low, high = (
        _points(each, fine=fine) for each in (compared.difference, compared.low, compared.high)
    )
    return {"value": value, "plain": value.lstrip("+" + words.MINUS), "low": low, "high": high}


def _alike(any_: Group, found: Bought) -> dict[str, Any] | None:
    """The comparison of like with like in words; None where nobody can be compared."""
    compared = any_.compared
    if compared is None:
        return None
    said = _difference(compared)
    many = 1 if said["plain"] == "1" else 2
    if compared.high < 0:
        text = ngettext(
            "Like with like, {n} point fewer came back after a discount.",
            "Like with like, {n} points fewer came back after a discount.",
            many,
        )
    elif compared.low > 0:
        text = ngettext(
            "Like with like, {n} point more came back after a discount.",
            "Like with like, {n} points more came back after a discount.",
            many,
        )
    else:
        text = gettext("Like with like, the difference is too small to tell from chance.")
    what = gettext("the same channel and month") if found.channels else gettext("the same month")
    return {
        "text": text.format(n=said["plain"]),
        **said,
        "what": what,
        "part": words.percent(compared.part),
        "n": compared.customers + compared.full,
        "channels": found.channels,
    }


def _figure(one: Discounts, lines: str) -> str:
    """The two curves, alike or as they are."""
    drawn = one.raw if lines == "raw" or one.adjusted is None else one.adjusted
    if drawn is None:
        return ""
    said = ((gettext("full price"), drawn.full_share, drawn.full), (gettext("discount"), drawn.share, drawn.customers))
    text = gettext("{what}: {share} of {n}")
    labels = [
        Curve(text.format(what=what, share=words.percent(share[-1]), n=words.count(n)), share)
        for what, share, n in said
    ]
    title = gettext("Share who ordered again by days since the first order. {full}. {discount}.").format(
        full=labels[0].label, discount=labels[1].label
    )
    return curves(labels, title=title, tongue=words.TONGUE)


def _lines(at: Moment, one: Discounts, lines: str, here: dict[str, str]) -> list[dict[str, Any]]:
    """Which curves one may choose; none where there is only one pair."""
    if one.adjusted is None:
        return []
    names = (("", gettext("like with like")), ("raw", gettext("as they are")))
    shown = "" if lines == "alike" else lines
    return [
        {"name": name, "link": at.link("discounts", **{**here, "lines": word}), "on": word == shown}
        for word, name in names
    ]


def _shown(one: Discounts) -> list[Group]:
    """The rows of the table: full price, all discounts, each class that has anybody, and who is not known."""
    full, *rest = one.groups
    return [full, one.any, *(each for each in rest if each.customers)]


def _row(at: Moment, each: Group, one: Discounts, currency: str | None, margin: float | None) -> dict[str, Any]:
    word, compared = WORDS[each.depth], each.compared
    left = None if margin is None or each.depth == UNKNOWN else each.margin(margin)
    asked = {"first": word, "within": one.window}
    full = max((group.high or 0 for group in _shown(one)), default=1.0) or 1.0
    out: dict[str, Any] = {
        "name": str(NAMES[each.depth]),
        "part": each.depth in (1, 2, 3, 4),
        "group": each,
        "link": at.link("customers", **asked),
        "again_link": at.link("customers", **asked, again="yes"),
        "left": None if left is None else words.rounded(left, currency),
        "money": None if each.each is None else words.rounded(each.each, currency),
        "later": None if each.later_share is None else words.percent(each.later_share),
        "compared": compared and _difference(compared),
        "alone": each.depth == FULL,
    }
    if each.share is not None:
        low, high = each.low or 0.0, each.high or 0.0
        out |= {
            "bar": bar("active", each.share, low, high, full=full),
            "share": words.percent(each.share),
            "range": f"{100 * low:.0f}–{100 * high:.0f}",
        }
    if compared is not None and compared.money is not None:
        money = compared.money
        more, low, high = (words.rounded(each, currency) for each in (money.difference, money.low, money.high))
        out |= {"more": more, "more_low": low, "more_high": high}
    return out


def _alone(at: Moment, one: Always, known: str, hits: str) -> dict[str, Any] | None:
    """Who buys on offer alone; known, hits: words of the address for those of whom one may ask and those who do."""
    if one.share is None:
        return None
    return {
        "share": words.percent(one.share),
        "n": one.customers,
        "always": one.always,
        "low": round(100 * (one.low or 0)),
        "high": round(100 * (one.high or 0)),
        "few": one.customers < FEW,
        "link": at.link("customers", offers=known),
        "always_link": at.link("customers", offers=hits),
    }
