"""Who the numbers are: names, addresses and ids of people, and people found by them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext

from tenure_app.ledger.models import Identity, Person

__all__ = ["MOST_FOUND", "Called", "called", "found"]

MOST_FOUND: Final = 500
"""People a search finds at most; who looks for more gives more letters."""
_NAMING: Final = ("name", "company", "username", "email", "phone", "customer")
"""What somebody is called by, the best first."""
_CHUNK: Final = 900


@dataclass(frozen=True, slots=True)
class Called:
    """How somebody is called on pages; `email` and `key` (the customer's id in its source) where known."""

    name: str
    email: str = ""
    key: str = ""


def called(people: Iterable[int]) -> dict[int, Called]:
    """What to call these people: their name, else company, address or id, else "Customer 10482"."""
    asked = list(dict.fromkeys(people))
    values: dict[int, dict[str, str]] = {}
    for start in range(0, len(asked), _CHUNK):
        chunk = asked[start : start + _CHUNK]
        names = Identity.objects.filter(kind__in=_NAMING)
        # whoever is taken for them may be very many: they are never listed
        rows = [
            *names.filter(person_id__in=chunk).values_list("recorded_at", "id", "person_id", "kind", "value"),
            *names.filter(person__root__in=chunk).values_list("recorded_at", "id", "person__root", "kind", "value"),
        ]
        for _, _, person, kind, value in sorted(rows, reverse=True):
            values.setdefault(person, {}).setdefault(kind, value)
    return {one: _called(one, values.get(one, {})) for one in asked}


def _called(person: int, found: dict[str, str]) -> Called:
    name = next((found[kind] for kind in _NAMING if found.get(kind)), "")
    name = name if set(found) - {"customer"} else ""
    shown = name or gettext("Customer {key}").format(key=found.get("customer", person))
    return Called(shown, found.get("email", ""), found.get("customer", ""))


def found(words: str) -> list[int]:
    """The people of whom an id, an address, a number, a name or the last word of one begins so; at most MOST_FOUND."""
    text = " ".join(words.lower().split())
    if not text:
        return []
    digits = re.sub(r"[^\d+]", "", text)
    begins = _begins("folded", text) | _begins("turned", text)
    if len(digits) >= 5 and digits != text:
        begins |= _begins("folded", digits)
    rows = Identity.objects.filter(begins).values_list("person_id", flat=True)
    persons = list(dict.fromkeys(rows[:MOST_FOUND]))
    roots = dict(Person.objects.filter(pk__in=persons, root__isnull=False).values_list("pk", "root"))
    people = [roots.get(person, person) for person in persons]
    number = re.fullmatch(r"(?:\D*\s)?#?(\d{1,18})", text)
    if number and not people:
        people.append(int(number[1]))
    return list(dict.fromkeys(people))


def _begins(column: str, text: str) -> Q:
    """That a column begins so, in the words that the database's index understands."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + chr(0x10FFFF)})
