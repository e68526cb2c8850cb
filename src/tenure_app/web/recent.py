"""What came lately, read off the end of the ledger: the events of a source, how many and when, what waits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext, gettext_lazy

from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.groups import MERGED
from tenure_app.ledger.kinds import STAGE_CHANGED
from tenure_app.ledger.merging import UNMERGED
from tenure_app.ledger.models import Event, Person
from tenure_app.ledger.names import called
from tenure_app.live.moves import code_of
from tenure_app.web import words

if TYPE_CHECKING:
    from tenure_app.web.moment import Moment

__all__ = ["FLAG_NAMES", "LOOKED", "Lately", "lately", "latest", "lines", "told_of", "whose"]

LOOKED: Final = 200_000
"""Events at the end of the ledger that are looked through at most: it is not sorted by source."""
_FIRST: Final = 4_000
_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR
_LONGEST_BODY: Final = 20_000


FLAG_NAMES: Final = {
    "late": gettext_lazy("told more than a day late"),
    "future": gettext_lazy("lies in the future"),
    "skewed": gettext_lazy("clock set right"),
}
"""What is odd about an event's time, by its flag."""


@dataclass(frozen=True, slots=True)
class Lately:
    """Of a source: events recorded within the last hour and day, when the last was (us UTC; None: none among those
    that were looked through). least: whether there were more of the day than were looked through."""

    hour: int = 0
    day: int = 0
    last_at: int | None = None
    least: bool = False


def lately(now: int) -> dict[int, Lately]:
    """By source's number what came lately."""
    end = _last_number()
    floor = max(0, end - LOOKED)
    hour, day = _first_since(now - _HOUR, floor, end), _first_since(now - _DAY, floor, end)
    there = Event.objects.filter(pk__gt=floor).order_by().values("source").annotate(
        hour=Count("pk", filter=Q(pk__gte=hour)), day=Count("pk", filter=Q(pk__gte=day)), last=Max("pk")
    )  # fmt: skip
    found = list(there)
    when = dict(Event.objects.filter(pk__in=[one["last"] for one in found]).values_list("pk", "recorded_at"))
    least = day <= floor + 1 and floor > 0
    return {one["source"]: Lately(one["hour"], one["day"], when[one["last"]], least) for one in found}


def _last_number() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _first_since(at: int, low: int, high: int) -> int:
    """The number of the first event that was recorded at an instant or later, among (low, high]: numbers and times
    grow together."""
    low, high = low + 1, high + 1
    while low < high:
        middle = (low + high) // 2
        found = Event.objects.filter(pk__gte=middle).order_by("pk").values_list("pk", "recorded_at").first()
        if found is None or found[1] >= at:
            high = middle
        else:
            low = found[0] + 1
    return low


def latest(source: int, most: int, *, kind: str = "") -> list[Event]:
    """The last events of a source, the newest first, with what they say; looked for from the end of the ledger back."""
    end, back = _last_number(), _FIRST
    while True:
        there = Event.objects.filter(source=source, pk__gt=end - back)
        if kind:
            there = there.filter(kind=kind)
        found = list(_whole(there).order_by("-pk")[:most])
        if len(found) == most or back >= min(LOOKED, end):
            return found
        back *= 7


def _whole(there: QuerySet[Event]) -> QuerySet[Event]:
    return there.select_related("source", "payload")


def whose(events: Sequence[Event]) -> dict[int, tuple[int, str]]:
    """By person of these events: whom they are taken for, and what to call those."""
    people = {one.person_id for one in events}
    rows = Person.objects.filter(pk__in=people).values_list("pk", "root")
    roots = {number: root or number for number, root in rows}
    nobodies = set(Person.objects.filter(pk__in=roots.values(), anonymous=True).values_list("pk", flat=True))
    names = called(set(roots.values()) - nobodies)
    visitor = gettext("Visitor {n}")
    return {
        one: (root, visitor.format(n=root) if root in nobodies else names[root].name) for one, root in roots.items()
    }


def lines(at: Moment, events: Sequence[Event], currency: str, *, named: bool = True) -> list[dict[str, Any]]:
    """The events as pages show them: when it was, what, in whose words, whose, what is odd about its time."""
    people = whose(events) if named else {}
    today = date_of(day_of(clock.now(), at.zone))
    return [
        {
            "number": one.pk,
            "at": words.time_at(one.occurred_at, at.zone, today),
            "heard": words.time_at(one.recorded_at, at.zone, today),
            "kind": one.kind,
            "said": _said(one),
            "name": _own_name(one),
            "who": people.get(one.person_id, (one.person_id, "")),
            "flag": str(FLAG_NAMES.get(one.flag or "", "")),
            "flag_code": one.flag or "",
            "order": one.order_key or "",
            "amount": "" if one.amount_minor is None else words.amount(
                one.amount_minor, one.currency or currency, exact=True
            ),
            "source": one.source.name,
            "more": _more(one),
        }
        for one in events
    ]  # fmt: skip


def _said(one: Event) -> str:
    """What happened: "Looked at a page", "Now lapsed, short"."""
    code = code_of(one.reason) if one.kind == STAGE_CHANGED else None
    if one.kind in (MERGED, UNMERGED):
        told = told_of(one)
        said = gettext("{a} is taken for {b}") if one.kind == MERGED else gettext("{a} was parted from {b}")
        return said.format(a=one.person_id, b=told.get("into") or told.get("from") or "?")
    if code is None:
        return words.kind_name(one.kind)
    stage, detail = STAGES[code]
    parts = ", ".join(part for part in (words.stage_word(stage), words.detail_name(detail)) if part)
    return gettext("Now {stage}").format(stage=parts)


def _more(one: Event) -> str:
    told = (one.category, one.channel, None if one.kind == STAGE_CHANGED else one.reason)
    return ", ".join(part for part in told if part)


def _own_name(one: Event) -> str:
    """What the sender called it, where that was kept."""
    said = told_of(one)
    name = said.get("name")
    return name if isinstance(name, str) and name != one.kind else ""


def told_of(one: Event) -> dict[str, Any]:
    """The payload of an event; nothing where it was emptied, or is too long to be looked at for a list."""
    payload = getattr(one, "payload", None)
    if payload is None or not payload.body or len(payload.body) > _LONGEST_BODY:
        return {}
    said = json.loads(payload.body)
    return said if isinstance(said, dict) else {}

