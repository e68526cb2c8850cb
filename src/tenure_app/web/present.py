"""Where somebody stands this moment, and what happened last: read off the ledger, not off the pictures of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext

from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.models import Event
from tenure_app.listen.models import Opportunity, Touched
from tenure_app.live.models import Standing
from tenure_app.web import recent, words
from tenure_app.web.prospecting import place_name, prospects, rules_of_shop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenure_app.ledger.models import Shop
    from tenure_app.web.moment import Moment

__all__ = ["Present", "present"]

SHOWN: Final = 12
"""Events that are shown."""

_DATES: Final = ("last_order_at", "expected_at", "overdue_at", "long_overdue_at", "inactive_at")

Present = dict[str, Any]
"""What the section shows; `mark` is another one as soon as anything in it is."""


def present(at: Moment, group: Sequence[int], shop: Shop) -> Present:
    """Where somebody stands this moment, the way to their next order, and the latest events of them and of whoever is
    taken for them. group: of `knowing.group_of`."""
    today = date_of(day_of(clock.now(), at.zone))
    standing = Standing.objects.filter(person=group[0]).first()
    way = Opportunity.objects.filter(person=group[0], ended_at=None).order_by("-cycle", "-pk").first()
    there = Event.objects.filter(person__in=group).select_related("source", "payload")
    events = list(there.order_by("-occurred_at", "-pk")[:SHOWN])
    heard = there.order_by("-pk").values_list("pk", flat=True).first() or 0
    touched = Touched.objects.filter(person__in=group).exists()
    return {
        "standing": _standing(at, standing) if standing is not None else None,
        "engagement": _engagement(group[0], shop) if standing is not None and standing.code == 0 else "",
        "way": _way(at, way) if way is not None else "",
        "waits": touched,
        "events": recent.lines(at, events, shop.currency, named=False),
        "at": words.time_at(standing.computed_at, at.zone, today) if standing is not None else "",
        "mark": f"{heard}-{standing.computed_at if standing is not None else 0}-{way.pk if way else 0}-{touched:d}",
    }


def _standing(at: Moment, one: Standing) -> dict[str, Any]:
    stage, detail = STAGES[one.code]
    today = date_of(day_of(clock.now(), at.zone))
    return {
        "code": one.code,
        "stage": stage,
        "detail": detail,
        "since_at": one.since_at,
        "since": gettext("since {time}").format(time=words.time_at(one.since_at, at.zone, today)),
        "next": _next(at, one),
        "policy": one.policy,
        "dates": {name: getattr(one, name) for name in _DATES},
    }


def _engagement(person: int, shop: Shop) -> str:
    """How far on a prospect is, and what speaks for it."""
    now, rules = clock.now(), rules_of_shop(shop)
    there = prospects(rules, now=now, only=person)
    if not len(there.found.person):
        return ""
    return f"{place_name(rules, int(there.found.place[0]))}: {there.sentence(0)}."


def _next(at: Moment, one: Standing) -> str:
    """What silence alone will do, and when."""
    if one.next_at is None:
        return gettext("Nothing moves them until something happens.")
    on = words.day_at(one.next_at, at.zone, at.year)
    if one.next_at in (one.overdue_at, one.long_overdue_at, one.inactive_at):
        names = {
            one.overdue_at: gettext("Overdue from {day}, unless they order before."),
            one.long_overdue_at: gettext("Long overdue from {day}, unless they order before."),
            one.inactive_at: gettext("Inactive from {day}, unless they order before."),
        }
        return names[one.next_at].format(day=on)
    return gettext("Looked at again on {day}, unless something happens before.").format(day=on)


def _way(at: Moment, one: Opportunity) -> str:
    """The open way to their next order: "Cycle 3 opened at 14:02:31." """
    today = date_of(day_of(clock.now(), at.zone))
    opened = words.time_at(one.opened_at, at.zone, today)
    said = gettext("Cycle {n} opened {when}.").format(n=words.count(one.cycle), when=opened)
    if one.expected_at is None:
        return said
    on = words.day_at(one.expected_at, at.zone, at.year)
    usual = gettext("The next order is usually there by {day}.").format(day=on)
    return f"{said} {usual}"
