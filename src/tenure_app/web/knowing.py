"""What is known of a person and of those who are taken for them: ids, merges, traits, accounts, who may be one more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy

from tenure_app.ledger.models import Identity, Membership, Merge, Person, Trait
from tenure_app.ledger.names import called
from tenure_app.web import words

if TYPE_CHECKING:
    from tenure_app.web.moment import Moment

__all__ = [
    "ID_NAMES", "TOPICS", "accounts_of", "group_of", "ids_of", "known", "merges_of", "suggested_for", "traits_of",
]  # fmt: skip

MOST: Final = 200
"""People of a group, and rows of a list, that are shown."""
_LONGEST: Final = 300
ID_NAMES: Final = {
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Telephone"),
    "customer": gettext_lazy("Number"),
    "anonymous": gettext_lazy("Device"),
    "username": gettext_lazy("User name"),
    "address": gettext_lazy("Address"),
    "tag": gettext_lazy("Tag"),
}
_WHY: Final = {
    "device": gettext_lazy("said on this device who they are"),
    "address": gettext_lazy("one e-mail address"),
    "alias": gettext_lazy("their sender said so"),
    "by_hand": gettext_lazy("somebody said so"),
}
TOPICS: Final = {
    "language": (gettext_lazy("Language"), ("language", "locale", "lang", "preferredlanguage")),
    "zone": (gettext_lazy("Time zone"), ("timezone", "tz", "zone")),
    "channel": (gettext_lazy("Preferred channel"), ("preferredchannel", "channelpreference", "contactchannel")),
    "hours": (gettext_lazy("Contact hours"), ("contacthours", "preferredhours", "besttimetocontact", "callhours")),
}
"""What decides how somebody is spoken to: by topic its name and the names of traits that say it, without case and
marks."""


def group_of(root: int) -> list[int]:
    """Somebody, and the first of those who are taken for them."""
    return [root, *Person.objects.filter(root=root).order_by("pk").values_list("pk", flat=True)[:MOST]]


def known(at: Moment, group: Sequence[int]) -> dict[str, Any]:
    """What a page says of somebody beside their life, by the names of its template. group: of `group_of`."""
    (merges, parted), (topics, traits) = merges_of(at, group), traits_of(at, group)
    return {
        "c": group[0], "group": len(group), "ids": ids_of(at, group), "merges": merges, "parted": parted,
        "suggestions": suggested_for(group), "accounts": accounts_of(at, group), "topics": topics, "traits": traits,
    }  # fmt: skip


def ids_of(at: Moment, group: Sequence[int]) -> list[dict[str, Any]]:
    """By what they are found and called, each once: kind, value, source, since when, and whose it was before a
    merge."""
    rows = Identity.objects.filter(person__in=group).select_related("source").order_by("recorded_at", "pk")[:MOST]
    order = list(ID_NAMES)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in rows:
        found.setdefault((one.kind, one.value), {
            "kind": str(ID_NAMES.get(one.kind, one.kind)),
            "place": order.index(one.kind) if one.kind in order else len(order),
            "value": one.value,
            "source": one.source.name if one.source else "",
            "since": words.day_at(one.recorded_at, at.zone, at.year),
            "of": one.person_id if one.person_id != group[0] else None,
        })  # fmt: skip
    return sorted(found.values(), key=lambda one: one["place"])


def merges_of(at: Moment, group: Sequence[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Merges that hold in the group, and those of its people that ended: who, into whom, when, why, by whom."""
    rows = Merge.objects.filter(Q(person__in=group) | Q(canonical__in=group)).order_by("-began_at", "-pk")[:MOST]
    told = [
        {
            "number": one.pk,
            "person": one.person_id,
            "into": one.canonical_id,
            "on": words.day_at(one.began_at, at.zone, at.year),
            "why": str(_WHY.get(one.why, one.why)),
            "by": one.by,
            "ended": "" if one.ended_at is None else words.day_at(one.ended_at, at.zone, at.year),
        }
        for one in rows
    ]
    return [one for one in told if not one["ended"]], [one for one in told if one["ended"]]


# Who may be one with them


def suggested_for(group: Sequence[int]) -> list[dict[str, Any]]:
    """Others who say an address or a number by which these are found, or are found by one that these say, and whom
    nobody parted from them."""
    theirs = Identity.objects.filter(person__in=group, kind__in=("email", "phone"), folded__isnull=False)
    said, found = set(), set()
    for kind, value, match in theirs.values_list("kind", "folded", "match")[:MOST]:
        (said if match is None else found).add((kind, value if match is None else match))
    rows = [
        *_with(found, lambda kind, values: {"kind": kind, "folded__in": values, "match__isnull": True}),
        *_with(said, lambda kind, values: {"kind": kind, "match__in": values, "source__isnull": True}),
    ]
    roots = {one.person_id: one.person.root or one.person_id for one in rows}
    apart = _parted_from(group)
    others = {root for root in roots.values() if root not in group and root not in apart}
    names = called(others)
    shared: dict[int, dict[str, Any]] = {}
    for one in rows:
        root = roots[one.person_id]
        if root in others:
            kind = str(ID_NAMES[one.kind])
            shared.setdefault(root, {"person": root, "name": names[root].name, "kind": kind, "value": one.value})
    return sorted(shared.values(), key=lambda one: one["person"])[:10]


def _with(wanted: set[tuple[str, str]], words_of: Any) -> Iterable[Identity]:
    for kind in ("email", "phone"):
        values = sorted(value for one, value in wanted if one == kind)
        if values:
            yield from Identity.objects.filter(**words_of(kind, values)).select_related("person")[:MOST]


def _parted_from(group: Sequence[int]) -> set[int]:
    """Whom somebody's word keeps apart from these: their numbers, and of whom they are taken for now."""
    rows = Merge.objects.filter(Q(person__in=group) | Q(canonical__in=group), ended_at__isnull=False)
    people = {number for pair in rows.values_list("person", "canonical") for number in pair} - set(group)
    roots = Person.objects.filter(pk__in=people, root__isnull=False).values_list("root", flat=True)
    return (people | set(roots)) - set(group)


# What is said of them


def traits_of(at: Moment, group: Sequence[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """How to speak to them (each of TOPICS, unknown ones too), and what else is said of them: name, value, source,
    when, stated or guessed. Of one name the newest holds; what was stated holds before what was guessed."""
    rows = Trait.objects.filter(person__in=group).select_related("source").order_by("-guessed", "said_at", "pk")
    held = {_plain(one.name): one for one in rows}  # the last of each name is the newest that was stated, if any was
    topics = []
    for title, names in TOPICS.values():
        mine = [held[name] for name in names if name in held]
        best = max(mine, key=lambda one: (not one.guessed, one.said_at), default=None)
        topics.append({"title": str(title), **(_shown(at, best) if best is not None else {"value": ""})})
    spoken = {name for _, names in TOPICS.values() for name in names}
    others = [_shown(at, one) for name, one in sorted(held.items()) if name not in spoken]
    return topics, others[:MOST]


def _plain(name: str) -> str:
    """A trait's name without case and marks: preferredChannel, preferred_channel and Preferred channel are one."""
    return re.sub(r"[\W_]", "", name.lower()) or name


def _shown(at: Moment, one: Trait) -> dict[str, Any]:
    return {
        "name": one.name,
        "value": _text(json.loads(one.value)),
        "source": one.source.name,
        "on": words.day_at(one.said_at, at.zone, at.year),
        "guessed": one.guessed,
    }


def _text(value: Any) -> str:
    """A trait's value as people read it."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        said = ", ".join(map(str, value))
    else:
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def accounts_of(at: Moment, group: Sequence[int]) -> list[dict[str, Any]]:
    """The accounts they belong to, or did: what each is called, of which source, since and until when."""
    rows = Membership.objects.filter(person__in=group).select_related("account__source").order_by("began_at", "pk")
    found: dict[int, dict[str, Any]] = {}
    for one in rows[:MOST]:
        found[one.account_id] = {
            "name": one.account.name or one.account.key,
            "source": one.account.source.name,
            "since": words.day_at(one.began_at, at.zone, at.year),
            "until": "" if one.ended_at is None else words.day_at(one.ended_at, at.zone, at.year),
        }
    return list(found.values())
