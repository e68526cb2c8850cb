"""One customer: the fire of their life, why they stand where they stand, what comes next, what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext

from tenure.draw import Dot, Ember, Mark, Piece, burned, burning
from tenure.events import ORDER_PLACED
from tenure.periods import DAY_US, date_of, day_of
from tenure_app.insight.reading import NothingYet, col, lit
from tenure_app.ledger.models import Person
from tenure_app.ledger.names import called
from tenure_app.roles import Permission, may
from tenure_app.web import words
from tenure_app.web.ahead import ahead, assumed
from tenure_app.web.because import fact, told
from tenure_app.web.frame import show
from tenure_app.web.knowing import group_of, known
from tenure_app.web.leaning import leaning
from tenure_app.web.moment import moment, shop_of
from tenure_app.web.opening import opened
from tenure_app.web.pages.customers import pieces_of, worth_a_call
from tenure_app.web.present import present
from tenure_app.web.routes import page
from tenure_app.web.seasons import bands

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["customer_page"]

SHOWN: Final = 14
_DUES: Final = ("last_order_at", "expected_at", "overdue_at", "long_overdue_at", "inactive_at")
LOW: Final = 0.45
"""How high the flame of somebody burns who never ordered."""
_REASONS: Final = {"unknown": gettext_lazy("unknown")}


@page(Permission.SEE)
def customer_page(request: HttpRequest, person: int) -> HttpResponse:
    """One customer as of the page's day, and this moment; a number that is taken for another's leads to that one."""
    at = moment(request)
    there = Person.objects.filter(pk=person).first() if person < 2**62 else None
    if there is not None and there.root is not None:
        return HttpResponseRedirect(at.link("customer", there.root, all=request.GET.get("all")))
    group = [] if there is None else group_of(there.pk)
    now = at.day == at.today and at.known_at is None
    context: dict[str, Any] = {"group": 0, "may_merge": may(request.role, Permission.IMPORT)}  # type: ignore[attr-defined]
    if group:
        context |= known(at, group)
        context["live"] = present(at, group, shop_of(request)) if now else None
    try:
        reading = opened(at)
    except NothingYet:
        if there is None:
            raise
        return _not_yet(request, there, context, group)
    found = reading.table("people").filter(col("c") == lit(person)).to_arrow_table().to_pylist()
    if found:
        context |= _life(request, at, reading, found[0])
        _bring_up(at, context, found[0])
        return show(request, "tenure/customer.html", context, here="customers")
    if there is None:
        raise Http404
    return _not_yet(request, there, context, group)


def _bring_up(at: Moment, context: dict[str, Any], row: dict[str, Any]) -> None:
    """Where something happened since the morning of the picture: what falls due follows from where they stand now."""
    standing = (context["live"] or {}).get("standing") if context["group"] else None
    ordered_at = standing["dates"]["last_order_at"] if standing is not None else None
    if standing is not None and (standing["code"] != row["code"] or (ordered_at or 0) >= at.as_of):
        context["moved_since"] = True
        context["dues"] = list(_dues(at, {**row, **standing["dates"], "contact_on": None}, call=False))


def _not_yet(request: HttpRequest, there: Person, context: dict[str, Any], group: Sequence[int]) -> HttpResponse:
    """Somebody whom the ledger knows and the picture of the day does not."""
    at = moment(request)
    name = called([there.pk])[there.pk]
    if there.anonymous:
        name = replace(name, name=gettext("Visitor {n}").format(n=there.pk))
    context |= {
        "name": name,
        "visitor": there.anonymous,
        "past": at.day != at.today or at.known_at is not None,
        "live": context["live"] or present(at, group, shop_of(request)),
    }
    return show(request, "tenure/person.html", context, here="customers")


def _life(request: HttpRequest, at: Moment, reading: Reading, row: dict[str, Any]) -> dict[str, Any]:
    """What the page says of a life as of its day, by the names of its template."""
    person = row["c"]
    name = called([person])[person]
    pieces = pieces_of(reading, [person])[person]
    events, passages = _whole_orders(_events(reading, person)), _passages(reading, person)
    shop = shop_of(request)
    currency = shop.currency
    timeline, earlier = _timeline(at, pieces, events, currency, most=None if request.GET.get("all") == "1" else SHOWN)
    said = row.get("because") or reading.because([person]).get(person)
    because, tongue = told(said) if said else (fact(row, at), get_language() or "en")
    return {
        "name": name,
        "row": row,
        "because": because,
        "because_lang": tongue,
        "since": words.long_day(date_of(day_of(row["since"], at.zone)), at.year),
        "known_since": words.long_day(date_of(day_of(pieces[0].start, at.zone))) if pieces else "",
        "picture": _picture(reading, at, row, pieces, events, passages, name.name),
        "stages": list(words.STAGE_NAMES),
        "timeline": timeline,
        "earlier": earlier,
        "all_link": at.link("customer", person, all=1),
        "orders": row["orders"],
        "moves": max(0, len(pieces) - 1),
        "dues": list(_dues(at, row, call=worth_a_call(pieces, at))),
        "cycle": _cycle(at, row),
        "gap": _usual_gap(row),
        "ahead": ahead(reading, at, row, shop),
        "assumed": assumed(shop),
        "leaning": leaning(reading, person) if row["orders"] else None,
        "discounts_link": at.link("discounts"),
        "precedents_link": at.link("customers", offers="precedent"),
        "worth_link": at.link("worth"),
        "currency": currency,
        "reason": str(_REASONS.get(row["reason"], row["reason"] or "")),
        "policy": reading.policy.hash,
    }


def _events(reading: Reading, person: int) -> list[dict[str, Any]]:
    there = reading.table("events").filter((col("c") == lit(person)) & (col("at") < lit(reading.as_of)))
    return list(there.sort(col("at")).to_arrow_table().to_pylist())


def _whole_orders(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one order as one: the earliest, with the sum and the categories of all."""
    out: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for event in events:
        key = event["order_id"] if event["kind"] == ORDER_PLACED else None
        if key is None or key not in places:
            if key is not None:
                places[key] = len(out)
            out.append(dict(event))
            continue
        whole = out[places[key]]
        amounts = [one["amount_minor"] for one in (whole, event) if one["amount_minor"] is not None]
        whole["amount_minor"] = sum(amounts) if amounts else None
        if event.get("category") and event["category"] not in (whole.get("category") or "").split(", "):
            whole["category"] = ", ".join(part for part in (whole.get("category"), event["category"]) if part)
    return out


def _passages(reading: Reading, person: int) -> list[dict[str, Any]]:
    there = reading.table("passages").filter((col("c") == lit(person)) & (col("from_at") < lit(reading.as_of)))
    return list(there.sort(col("from_at")).to_arrow_table().to_pylist())


# The picture


def _picture(
    reading: Reading,
    at: Moment,
    row: dict[str, Any],
    pieces: Sequence[Piece],
    events: Sequence[dict[str, Any]],
    passages: Sequence[dict[str, Any]],
    name: str,
) -> str:
    if not pieces:
        return ""
    start, now = pieces[0].start / DAY_US, reading.as_of / DAY_US
    ahead = [
        _days(row[key]) for key in ("expected_at", "overdue_at") if row[key] is not None and row[key] > reading.as_of
    ]
    end = now + max((now - start) * 0.06, 45.0, *(min(day - now + 30, (now - start) * 0.35 + 60) for day in ahead))
    orders = [event for event in events if event["kind"] == ORDER_PLACED]
    most = max((abs(event["amount_minor"] or 0) for event in orders), default=0) or 1
    first, last = (date_of(min(max(int(day), -719_162), 2_932_896)) for day in (start, end))
    title = gettext("The life of {name} since {day}: {n} orders; the flame burns down as the silence grows").format(
        name=name, day=words.long_day(first), n=words.count(len(orders))
    )
    return burning(
        [Piece(one.stage, one.detail, one.start / DAY_US, one.end / DAY_US) for one in pieces],
        list(_embers(pieces, passages, end * DAY_US)),
        [Dot(_days(event["at"]), abs(event["amount_minor"] or 0) / most) for event in orders],
        list(_marks(at, row, now)),
        start=start,
        end=end,
        now=now,
        bands=bands(reading.policy, first, last),
        title=title,
        tongue=words.TONGUE,
    )


def _days(instant: int) -> float:
    return instant / DAY_US


def _embers(pieces: Sequence[Piece], passages: Sequence[dict[str, Any]], end: float) -> Iterator[Ember]:
    """The flame's curve: low before the first order, full at each, down to nothing on the day that ends it."""
    first = min((passage["last_order_at"] for passage in passages if passage["last_order_at"] is not None), default=end)
    begun = pieces[0].start
    if begun < first:
        yield Ember(_days(int(begun)), LOW)
        yield Ember(_days(int(min(first, end))), LOW)
    for passage in passages:
        times = [passage[key] for key in _DUES]
        if None in times:
            continue
        until = end if passage["to_at"] is None else min(passage["to_at"], end)
        clear = [_days(int(when)) for when in accumulate(times, max)]
        yield from burned(clear, _days(max(passage["from_at"], times[0])), _days(int(until)))


def _marks(at: Moment, row: dict[str, Any], now: float) -> Iterator[Mark]:
    if row["overdue_at"] is not None and row["stage"] == "lapsed":
        label = gettext("overdue since {day}").format(day=words.day_at(row["overdue_at"], at.zone, at.year))
        yield Mark(_days(row["overdue_at"]), label, "em")
    yield Mark(now, words.day(at.day, at.year))
    if row["expected_at"] is not None and row["overdue_at"] is not None and row["overdue_at"] > at.as_of:
        start = max(row["expected_at"], at.as_of)
        days = [words.day_at(one, at.zone, at.year) for one in (row["expected_at"], row["overdue_at"])]
        label = gettext("next order, {expected} to {overdue}").format(expected=days[0], overdue=days[1])
        yield Mark(_days(start), label, until=_days(row["overdue_at"]))


# What comes next, what happened


def _cycle(at: Moment, row: dict[str, Any]) -> str:
    """Everybody is a prospect again the minute they buy."""
    if row["last_order_at"] is None:
        return gettext("On the way to their first order.")
    on = date_of(day_of(row["last_order_at"], at.zone))
    days = (on - at.day).days
    if days >= -1:
        when = gettext("today") if days == 0 else gettext("yesterday")
    else:
        when = gettext("on {day}").format(day=words.day(on, at.year))
    said = gettext("Cycle {n} opened {when}: on the way to order {n}.")
    if row["orders"] != row["occasions"]:
        said = gettext("Cycle {n} opened {when}; orders of one day open one cycle.")
    return said.format(n=words.count(row["cycle"]), when=when)


def _usual_gap(row: dict[str, Any]) -> int | None:
    """Days in which they usually come back, as known after the last order."""
    if row["expected_at"] is None or row["last_order_at"] is None:
        return None
    return max(1, round((row["expected_at"] - row["last_order_at"]) / DAY_US))


def _dues(at: Moment, row: dict[str, Any], *, call: bool) -> Iterator[dict[str, Any]]:
    """What falls due, in order: what, the day, how far off, and whether somebody should look."""
    names = {
        "expected_at": gettext("Next order, usually by"),
        "overdue_at": gettext("Overdue from"),
        "long_overdue_at": gettext("Long overdue from"),
        "inactive_at": gettext("Inactive from"),
    }
    for key, what in names.items():
        if row[key] is not None:
            days = at.days_to(row[key])
            yield {
                "what": what,
                "on": words.day_at(row[key], at.zone, at.year),
                "far": words.in_days(days),
                "past": days < 0,
                "hot": call and key == "overdue_at",
            }
    if row["contact_on"] is not None:
        days = (row["contact_on"] - at.day).days
        yield {
            "what": gettext("Write to them from"),
            "on": words.day(row["contact_on"], at.year),
            "far": words.in_days(days),
            "past": days < 0,
            "hot": False,
        }


def _timeline(
    at: Moment, pieces: Sequence[Piece], events: Sequence[dict[str, Any]], currency: str, most: int | None
) -> tuple[list[dict[str, Any]], int]:
    """The latest orders, other events and changes of stage, the latest first, and how many are left out; only those
    that are shown are put into words."""
    lines: list[tuple[int, int, Callable[[], dict[str, Any]]]] = []
    orders = 0
    for event in events:
        orders += event["kind"] == ORDER_PLACED
        lines.append((event["at"], 1, partial(_line_of_event, event, orders, currency)))
    for before, one in zip([None, *pieces], pieces, strict=False):
        if before is None and one.stage == "prospect":  # an event says how they became known
            continue
        lines.append((int(one.start), 0, partial(_line_of_move, one, before)))
    lines.sort(key=lambda line: (line[0], -line[1]), reverse=True)
    shown = []
    for when, _, line in lines[:most]:
        on = date_of(day_of(when, at.zone))
        shown.append({**line(), "on": words.day(on, at.year), "iso": on.isoformat()})
    return shown, len(lines) - len(shown)


def _line_of_event(event: dict[str, Any], orders: int, currency: str) -> dict[str, Any]:
    amount, more = event["amount_minor"], (event.get("category"), event.get("reason"), event.get("channel"))
    return {
        "mark": "",
        "order": event["kind"] == ORDER_PLACED,
        "said": _happened(event, orders),
        "more": ", ".join(part for part in more if part),
        "amount": "" if amount is None else words.amount(amount, event["currency"] or currency, exact=True),
    }


def _line_of_move(one: Piece, before: Piece | None) -> dict[str, Any]:
    return {"mark": one.stage, "order": False, "said": _moved(one, before), "more": _stayed(before), "amount": ""}


def _happened(event: dict[str, Any], orders: int) -> str:
    if event["kind"] == ORDER_PLACED:
        return words.begun(gettext("{nth} order").format(nth=words.ordinal(orders)))
    return words.kind_name(event["kind"])


def _moved(one: Piece, before: Piece | None) -> str:
    """A change of stage in words."""
    if one.stage == "lapsed" and (before is None or before.stage != "lapsed"):
        return gettext("Became overdue")
    detail = words.detail_name(one.detail)
    if one.stage in ("lapsed", "inactive") and detail:
        return gettext("Now {stage}, {detail}").format(stage=words.stage_word(one.stage), detail=detail)
    if before is not None and before.stage in ("lapsed", "inactive"):
        return gettext("Came back: {stage}").format(stage=words.stage_word(one.stage))
    return gettext("Now {stage}").format(stage=words.stage_word(one.stage))


def _stayed(before: Piece | None) -> str:
    if before is None:
        return ""
    days = max(1, round((before.end - before.start) / DAY_US))
    said = ngettext("{stage} until then, {days} day", "{stage} until then, {days} days", days)
    return said.format(stage=words.stage_name(before.stage), days=words.count(days))
