"""The life ring: where everybody stands, who moved, what matters this week."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, ngettext

from tenure.draw import STAGES, ring, river
from tenure.events import ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from tenure.periods import date_of, day_of
from tenure_app.insight import moving
from tenure_app.insight.moving import NOBODY
from tenure_app.insight.reading import col, lit
from tenure_app.ledger.names import called
from tenure_app.refused import Refused
from tenure_app.roles import Permission
from tenure_app.web import counting, words
from tenure_app.web.counting import ON_TIME, QUIET, Period
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in, shop_of, word_in
from tenure_app.web.opening import opened
from tenure_app.web.routes import page
from tenure_app.web.sayings import sayings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["KINDS_OF_MOVES", "prospects_known", "ring_page"]

SHOWN: Final = 6
_RIVER: Final = 82.0
_MOST_DAYS: Final = 100_000
_ORDERS: Final = (ORDER_PLACED, ORDER_REFUNDED, ORDER_CANCELLED)


def _codes(*stages: str) -> tuple[int, ...]:
    return tuple(code for stage in stages for code in words.CODES_OF[stage])


KINDS_OF_MOVES: Final = {
    "overdue": (_codes(*ON_TIME), _codes("lapsed"), ("on-time", "lapsed")),
    "back": (_codes(*QUIET), _codes(*ON_TIME), ("quiet", "on-time")),
    "first": ((NOBODY, *_codes("prospect")), _codes(*ON_TIME), ("before", "on-time")),
}
"""From which codes, to which, and the words of the address that ask for these people."""


@page(Permission.SEE)
def ring_page(request: HttpRequest) -> HttpResponse:
    """The ring of a day, its sentences, who moved, and the river to choose another day."""
    at = moment(request)
    every = word_in(request.GET, "every", counting.EVERY, "month")
    reading = opened(at)
    first = date_of(day_of(reading.first_at, reading.zone))
    if asked := request.GET.get("day", ""):
        day = number_in(asked, most=_MOST_DAYS)
        if day is None:
            said = gettext("No picture of day “{said}” of the river: it is a whole number of days.")
            raise Refused("bad_day", said.format(said=asked))
        on = min(first + timedelta(days=day), at.today)
        return HttpResponseRedirect(at.link("ring", as_of=on.isoformat(), every=request.GET.get("every")))
    period = counting.period_before(at.day, every, at.zone)
    parts, moved = moving.counts(reading), moving.flows(reading, period.start_at, period.end_at)
    between = counting.staged(moved)
    kind = word_in(request.GET, "moved", KINDS_OF_MOVES, "overdue")
    context = {
        "title": gettext("The circle on {day}").format(day=words.long_day(at.day, at.today.year)),
        "every": every,
        "periods": words.period_names(),
        "period": period,
        "kind": kind,
        "when": words.long_span(period.start, period.end, at.year),
        "people": sum(parts.values()),
        "picture": _drawn(at, period, parts, between),
        "stations": _stations(reading, at, period, parts, between),
        "sayings": sayings(reading, at, period, between, parts, every),
        "kinds": _kinds(between),
        "movers": _movers(reading, period, kind),
        "all_moved": at.link(
            "customers",
            moved_from=KINDS_OF_MOVES[kind][2][0],
            moved_to=KINDS_OF_MOVES[kind][2][1],
            begin=period.start.isoformat(),
        ),
        "river": river(counting.levels(reading, at.today), on=at.day, tall=_RIVER, tongue=words.TONGUE),
        "first": first,
        "days": (at.today - first).days,
        "day": (at.day - first).days,
        "currency": shop_of(request).currency,
        "policy": reading.policy.hash,
    }
    return show(request, "tenure/ring.html", context, here="ring")


def _drawn(
    at: Moment, period: Period, parts: Mapping[tuple[str, str], int], moved: Mapping[tuple[str, str], int]
) -> str:
    def link(flow: tuple[str, str]) -> str:
        return at.link("customers", moved_from=flow[0], moved_to=flow[1], begin=period.start.isoformat())

    rows = [(stage, detail, n) for (stage, detail), n in parts.items()]
    total = counting.totals(parts)
    fire = (words.count(sum(total[stage] for stage in ON_TIME)), gettext("by the fire"))
    return ring(
        rows,
        moved,
        hot={(stage, "lapsed") for stage in ON_TIME},
        core=fire,
        link=link,
        core_link=at.link("customers", stage="on-time"),
        tongue=words.TONGUE,
    )


def prospects_known(reading: Reading) -> bool:
    """Whether the ledger can hold people who never bought: it has facts other than orders."""

    def look() -> bool:
        others = reading.table("events").filter(~col("kind").isin(*(lit(kind) for kind in _ORDERS)))
        return bool(others.limit(1).fetchall())

    return reading.remembered("prospects", look, of_day=False)


def _stations(
    reading: Reading,
    at: Moment,
    period: Period,
    parts: Mapping[tuple[str, str], int],
    moved: Mapping[tuple[str, str], int],
) -> list[dict[str, Any]]:
    """The six labels around the ring."""
    total, whole = counting.totals(parts), words.NBSP not in words.span(period.start, period.end, at.year)
    when = words.long_span(period.start, period.end, at.year)
    if not whole:
        when = gettext("since {day}").format(day=words.day(period.start, at.year))
    out = []
    for stage in STAGES:
        known = stage != "prospect" or bool(total[stage]) or prospects_known(reading)
        came = sum(n for (_, end), n in moved.items() if end == stage)
        left = sum(n for (origin, _), n in moved.items() if origin == stage)
        lines = [f"{words.change(came - left)} {when}", _line(stage, moved, reading)]
        out.append(
            {
                "stage": stage,
                "n": total[stage],
                "known": known,
                "link": at.link("customers", stage=stage),
                "lines": lines if known else [gettext("only orders are known"), gettext("so far")],
                "side": stage not in ON_TIME,
                "parts": [
                    (detail, parts[stage, detail], at.link("customers", detail=detail))
                    for detail in words.PARTS_OF[stage]
                    if parts.get((stage, detail))
                ],
            }
        )
    return out


def _line(stage: str, moved: Mapping[tuple[str, str], int], reading: Reading) -> str:
    """What the stage means, or who arrived in it."""
    policy = reading.policy
    came = moved.get(("", "prospect"), 0)
    at_first = moved.get(("", "new"), 0)
    match stage:
        case "prospect":
            said = ngettext("{n} came to look", "{n} came to look", came).format(n=words.count(came))
            return said if came else gettext("never bought")
        case "new":
            said = ngettext("{n} bought at first sight", "{n} bought at first sight", at_first)
            return said.format(n=words.count(at_first)) if at_first else gettext("began, on time")
        case "active":
            return gettext("{nth} order, on time").format(nth=words.ordinal(policy.active_from))
        case "loyal":
            return gettext("{nth} order or later").format(nth=words.ordinal(policy.loyal_from))
        case "lapsed":
            return gettext("overdue")
        case _:
            return gettext("long gone or left")


def _kinds(moved: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    """The tabs of who moved: word of the address, label, how many."""
    return [
        ("overdue", gettext("Overdue"), counting.between(moved, ON_TIME, ("lapsed",))),
        ("back", gettext("Back"), counting.between(moved, QUIET, ON_TIME)),
        ("first", gettext("First order"), counting.between(moved, ("", "prospect"), ON_TIME)),
    ]


def _movers(reading: Reading, period: Period, kind: str) -> list[dict[str, Any]]:
    """The first few of a kind, those who spent most first, with what they are called."""
    origins, ends, _ = KINDS_OF_MOVES[kind]

    def find() -> list[dict[str, Any]]:
        return counting.movers(reading, period.start_at, origins, ends, SHOWN)

    rows = reading.remembered(("movers", period.start_at, kind), find)
    names = called(row["c"] for row in rows)
    stages = {code: stage for stage, codes in words.CODES_OF.items() for code in codes}
    said = reading.because([row["c"] for row in rows])
    return [
        {
            **row,
            "called": names[row["c"]],
            "from": stages.get(row["stood"], ""),
            "because": row.get("because") or said.get(row["c"]),
        }
        for row in rows
    ]
