"""How far on prospects are this moment: those who became known last, by what the ledger holds of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.db import connection
from django.utils.translation import gettext, gettext_lazy, ngettext

from tenure.engine.base import statements
from tenure.errors import BadPolicy
from tenure.lifecycle.engagement import DEFAULT, PLACES, engaged, loads
from tenure.periods import DAY_US
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.models import Event, Shop
from tenure_app.live.models import Standing
from tenure_app.web import words
from tenure_app.web.recent import told_of

if TYPE_CHECKING:
    from tenure.lifecycle.engagement import Engaged, Rules

__all__ = ["MOST", "PLACE_NAMES", "Prospects", "came_from", "place_name", "prospects", "rules_of_shop"]

MOST: Final = 10_000
"""Prospects that are looked at, those who became known last."""
_PROSPECT: Final = STAGES.index(("prospect", None))
_AT_ONCE: Final = 1_000
_EVENTS: Final = 300_000
"""Events after which no more people are looked at."""
_NAMED: Final = 3
"""Kinds that a sentence names."""
_FIRST: Final = 5
"""Events, their first ones, that may say where somebody came from."""
_BACK: Final = 400
"""Days before now whose events are read, or as many as the rules ask for, twice."""
PLACE_NAMES: Final = {
    "awareness": gettext_lazy("Awareness"),
    "consideration": gettext_lazy("Consideration"),
    "decision": gettext_lazy("Decision"),
}


def rules_of_shop(shop: Shop) -> Rules:
    """The shop's rules of engagement; the usual ones where nobody said any, or an older release's cannot be read."""
    try:
        return loads(shop.engagement) if shop.engagement else DEFAULT
    except BadPolicy:
        return DEFAULT


def place_name(rules: Rules, place: int) -> str:
    """What pages call a stage of engagement: the shop's own label, else its name in the reader's language."""
    return rules.at(place).label or str(PLACE_NAMES[PLACES[place]])


@dataclass(frozen=True, slots=True)
class Prospects:
    """Prospects that were looked at, of `everybody`: columns of `Engaged`, when each was last active (0: never seen),
    and the kinds and instants of the events that were read."""

    everybody: int
    found: Engaged
    last_at: list[int]
    kind: list[str]
    at: list[int]

    def counts(self) -> list[int]:
        """How many stand at each place."""
        held = Counter(self.found.place.tolist())
        return [held[place] for place in range(len(PLACES))]

    def ranked(self, place: int | None) -> list[int]:
        """Rows of a place (None: of all), who was active last first."""
        rows = [i for i, one in enumerate(self.found.place.tolist()) if place is None or one == place]
        return sorted(rows, key=lambda i: (-self.last_at[i], -int(self.found.person[i])))

    def sentence(self, row: int) -> str:
        """What speaks for where somebody stands: "Looked at a product, 4 times · Searched for products, once"."""
        seen = self.found.evidence(row).tolist()
        if not seen:
            return gettext("Known, nothing seen")
        held = Counter(self.kind[i] for i in seen).most_common()
        parts = [
            ngettext("{what}, once", "{what}, {n} times", n).format(what=words.kind_name(kind), n=words.count(n))
            for kind, n in held[:_NAMED]
        ]
        if rest := sum(n for _, n in held[_NAMED:]):
            parts.append(ngettext("{n} other", "{n} others", rest).format(n=words.count(rest)))
        return " · ".join(parts)


def prospects(rules: Rules, *, now: int, only: int | None = None) -> Prospects:
    """Prospects by how far on they are as of now. only: one person's number, for their own page."""
    there = Standing.objects.filter(code=_PROSPECT)
    everybody = there.count() if only is None else 1
    if only is not None:
        there = there.filter(person=only)
    known = list(there.order_by("-person").values_list("person", "since_at")[:MOST])
    back = max(_BACK, *(2 * rules.at(place).within_days for place in range(len(PLACES))))
    people: list[tuple[int, int]] = []
    c: list[int] = []
    kind: list[str] = []
    when: list[int] = []
    for start in range(0, len(known), _AT_ONCE):
        chunk = known[start : start + _AT_ONCE]
        people += chunk
        for whose, what, at in _done([person for person, _ in chunk], rules, now - back * DAY_US, now):
            c.append(whose)
            kind.append(what)
            when.append(at)
        if len(c) > _EVENTS:
            break
    found = engaged(
        [one for one, _ in people], [at for _, at in people], c=c, kind=kind, at=when, as_of=now, rules=rules
    )  # fmt: skip
    last = dict.fromkeys(found.person.tolist(), 0)
    for whose, at in zip(c, when, strict=True):
        if at > last.get(whose, at):
            last[whose] = at
    return Prospects(everybody, found, [last[one] for one in found.person.tolist()], kind, when)


def _done(people: Sequence[int], rules: Rules, start: int, end: int) -> list[tuple[int, str, int]]:
    """(whom they are taken for, kind, instant) of what counts for anything."""
    whose = {person: person for person in people} | dict(_ask("taken_for", list(people)))
    rows = _ask("done", sorted(whose), sorted(rules.counting(0)), start, end)
    return [(whose[person], kind, at) for person, kind, at in rows]


def _ask(name: str, *params: Any) -> list[tuple[Any, ...]]:
    sqlite = connection.vendor == "sqlite"
    told = [json.dumps(one) if sqlite and isinstance(one, list) else one for one in params]
    with connection.cursor() as cursor:
        cursor.execute(statements("tenure_app.web", "engagement")[f"{name}_{connection.vendor}"], told)
        return cursor.fetchall()  # type: ignore[no-any-return]


def came_from(people: Sequence[int]) -> dict[int, str]:
    """What the first events of these people, or of whoever is taken for them, say of where they came from: a campaign,
    another site, else the source that told of them; nothing of who has none."""
    group: dict[int, list[int]] = {person: [person] for person in people}
    for person, root in _ask("taken_for", list(people)):
        group[root].append(person)
    found = {}
    for root, members in group.items():
        there = Event.objects.filter(person__in=members[:_AT_ONCE]).exclude(kind="customer.created")
        first = list(there.select_related("source", "payload").order_by("occurred_at", "pk")[:_FIRST])
        if first:
            found[root] = next(filter(None, (_from(told_of(one)) for one in first)), first[0].source.name)
    return found


def _from(told: dict[str, Any]) -> str:
    """A campaign or the site that somebody came from, where an event says one."""
    around = (told.get("properties") or {}).get("context")
    if not isinstance(around, dict):
        return ""
    campaign, page = around.get("campaign"), around.get("page")
    if isinstance(campaign, dict):
        parts = [campaign.get(name) for name in ("name", "source", "medium")]
        said = ", ".join(str(one)[:60] for one in parts if isinstance(one, str) and one)
        if said:
            return said
    referrer = page.get("referrer") if isinstance(page, dict) else None
    try:
        return (urlsplit(referrer).hostname or "") if isinstance(referrer, str) else ""
    except ValueError:
        return ""
