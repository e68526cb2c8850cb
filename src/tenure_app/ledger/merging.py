"""Two people taken for one, and parted again: events, identities and traits stay whose they were."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from tenure_app.ledger.groups import Groups
from tenure_app.ledger.lists import ask, write
from tenure_app.ledger.models import Merge, Person
from tenure_app.ledger.own import append_own
from tenure_app.refused import Refused

__all__ = [
    "BY_HAND", "UNMERGED", "Parted", "Suggestion", "members", "merge", "root_of", "suggestions", "unmerge",
]  # fmt: skip

BY_HAND: Final = "by_hand"
"""Why two people were merged: somebody said so."""
UNMERGED: Final = "person.unmerged"
"""Appended for whoever stands for themselves again."""


@dataclass(frozen=True, slots=True)
class Parted:
    """What an unmerge did: who stands for themselves again, whom they were taken for, and who went with them."""

    person: int
    root: int
    members: list[int]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two people who may be one: what they share (`email`, `phone`) and how it is written."""

    person: int
    other: int
    kind: str
    value: str


def root_of(person: int) -> int:
    """Whom somebody is taken for by the merges in force: themselves, or another one."""
    root = Person.objects.filter(pk=person).values_list("root", flat=True).first()
    return person if root is None else root


def members(root: int) -> list[int]:
    """Everybody who is taken for somebody who stands for themselves, that one first."""
    return [root, *Person.objects.filter(root=root).order_by("pk").values_list("pk", flat=True)]


@transaction.atomic
def merge(person: int, into: int, *, why: str = BY_HAND, by: str, now: int) -> Merge | None:
    """Take two people, and whoever is taken for them, for one person; None where they are one already.

    Which of them stands for both is not for the caller to say: the known one before the anonymous one, else the one
    with the larger group, else the lower number. Refused for a number nobody has. Whoever calls tells that both
    (`merge.person`, and whom they are taken for now) changed.
    """
    found = ask("merging", "known", sorted({person, into}))
    if len(found) != len({person, into}):
        raise Refused("unknown_person", "nobody was merged: there is no customer of this number")
    groups = Groups()
    for number, root, anonymous, root_anonymous in found:
        groups.add(number, root, anonymous, root_anonymous)
    groups.hold({person, into}, sized={person, into})
    if not groups.join(person, into, why):
        return None
    (number,) = groups.write(by=by[:150], now=now)
    return Merge.objects.get(pk=number)


@transaction.atomic
def unmerge(merge_id: int, *, by: str, now: int) -> Parted:
    """End a merge: whoever was merged by it stands for themselves again, with those who were merged into them.

    Refused where there is no such merge or it was ended before. Whoever calls tells that both changed.
    """
    found = Merge.objects.filter(pk=merge_id).first()
    if found is None:
        raise Refused("unknown_merge", "nobody was parted: there is no merge of this number")
    # nobody may join this group meanwhile, or part it
    groups = Groups()
    groups.add(found.person_id, root_of(found.person_id), anonymous=False, root_anonymous=None)
    groups.hold({found.person_id}, sized=set())
    root = groups.of(found.person_id)
    if not Merge.objects.filter(pk=merge_id, ended_at=None).update(ended_at=now):
        raise Refused("parted_already", "nobody was parted: this merge was ended before")
    below = _below(found.person_id, root)
    write("merging", "roots", [(found.person_id, person) for person in below])
    Person.objects.filter(pk=found.person_id).update(root=None)
    told = {"from": found.canonical_id, **({"by": by} if by else {})}
    append_own([(f"unmerge:{merge_id}", UNMERGED, found.person_id, now, told)], now=now)
    return Parted(found.person_id, root, below)


def _below(person: int, root: int) -> list[int]:
    """Who hangs below somebody by the merges in force, in a group of this root."""
    under: dict[int, list[int]] = defaultdict(list)
    for one, canonical in ask("merging", "in_force", [root]):
        under[canonical].append(one)
    below: list[int] = []
    todo = [person]
    while todo:
        found = under[todo.pop()]
        below += found
        todo += found
    return sorted(below)


def suggestions(limit: int) -> list[Suggestion]:
    """People who say an address or a number by which somebody else is found, and whom nothing has joined or parted;
    the newest first."""
    found = ask("merging", "suggestions", [limit])
    return [Suggestion(person, other, kind, value) for person, other, kind, value in found]
