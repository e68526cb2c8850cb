"""What events say of people besides who they are: names, traits, and the accounts they belong to."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tenure_app.ledger.bulk import new_ids
from tenure_app.ledger.ids import folded_name, identifying, turned_name
from tenure_app.ledger.lists import ask, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenure_app.dialects.said import Said

__all__ = ["LARGEST", "LONGEST", "Told", "keep"]

LARGEST: Final = 8192
"""Bytes of a trait's value as JSON; a larger one is left out."""
LONGEST: Final = 100
"""Characters of a trait's name."""
_LONGEST_NAME: Final = 300
_LEFT: Final = "account.left"
"""The kind of what ends a membership; whatever else names an account says that somebody belongs to it."""
_DAY: Final = 86_400_000_000
"""A guess that is said again and again is written down again after a day."""


class Told(NamedTuple):
    """An event, and whom it is recorded for."""

    person: int
    said: Said


class _Trait(NamedTuple):
    said_at: int
    value: str


def keep(told: Sequence[Told], addresses: Sequence[tuple[int, str, str, str]], *, source: int, now: int) -> None:
    """Write down what events say of their people, in their order, and (person, kind, value, as it is looked for) of
    addresses by which somebody else is found already. Within a transaction."""
    speaking = [one for one in told if one.said.traits or one.said.guesses or one.said.account]
    if speaking:
        _keep_traits([one for one in speaking if one.said.traits or one.said.guesses], source, now)
        _keep_accounts([one for one in speaking if one.said.account], source, now)
    _keep_names(speaking, addresses, source, now)


# Traits


def _keep_traits(told: Sequence[Told], source: int, now: int) -> None:
    last: dict[tuple[int, str, bool], _Trait] = {}
    for person, said in told:
        at = now if said.at is None else said.at
        for guessed, traits in ((False, said.traits), (True, said.guesses)):
            for name, value in traits.items():
                text = _as_json(name, value)
                key = (person, name, guessed)
                if text is not None and (key not in last or last[key].said_at <= at):
                    last[key] = _Trait(at, text)
    people = sorted({person for person, _, guessed in last if guessed})
    for person, name, value, said_at in ask("told", "guesses", people, source):
        new = last.get((person, name, True))
        if new is not None and (new.said_at <= said_at or (new.value == value and new.said_at < said_at + _DAY)):
            del last[person, name, True]
    write("told", "traits", [
        (person, source, name, one.value, one.said_at, guessed)
        for (person, name, guessed), one in sorted(last.items())
    ])  # fmt: skip


def _as_json(name: str, value: Any) -> str | None:
    """A trait's value as it is kept; None for one that is not kept."""
    if not name or len(name) > LONGEST or "\x00" in name:
        return None
    try:
        text = msgspec.json.encode(value)
        name.encode()
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    return text.decode() if len(text) <= LARGEST else None


# Names


def _keep_names(
    told: Sequence[Told], addresses: Sequence[tuple[int, str, str, str]], source: int, now: int
) -> None:  # fmt: skip
    """So that they are called by their names, and found by them."""
    rows: dict[tuple[int, str, str], tuple[int | None, str | None, str | None]] = {}
    for person, said in told:
        for kind, value in _names(said.traits):
            folded = folded_name(value)
            rows[person, kind, value] = (source, folded, turned_name(folded) if kind == "name" else None)
    for person, kind, value, match in addresses:
        rows[person, kind, value.strip()] = (None, match, None)
    for known in ask("told", "names", sorted({person for person, _, _ in rows})):
        rows.pop(known, None)
    write("identity", "identities", [
        (person, origin, kind, value, None, now, folded, turned)
        for (person, kind, value), (origin, folded, turned) in rows.items()
    ])  # fmt: skip


def _names(traits: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(kind, value) of what traits say somebody or their company is called."""
    company = traits.get("company")
    if isinstance(company, dict):
        company = company.get("name")
    first, last = (_text(traits.get(snake) or traits.get(camel)) for snake, camel in (
        ("first_name", "firstName"), ("last_name", "lastName"),
    ))  # fmt: skip
    name = _text(traits.get("name")) or " ".join(part for part in (first, last) if part)
    found = (("name", name), ("company", _text(company)), ("username", _text(traits.get("username"))))
    return [(kind, value) for kind, value in found if value]


def _text(said: Any) -> str:
    """A name on one line; nothing for what is none."""
    text = " ".join(said.split()) if isinstance(said, str) else ""
    return text if len(text) <= _LONGEST_NAME and identifying(text) else ""


# Accounts


def _keep_accounts(told: Sequence[Told], source: int, now: int) -> None:
    """Who belongs to which account since when, and what is said of the accounts."""
    keyed = [(key, one) for one in told if (key := identifying(one.said.account)) is not None]
    if not keyed:
        return
    known = {key: (number, json.loads(traits), name) for key, number, traits, name in ask(
        "told", "accounts", sorted({key for key, _ in keyed}), source,
    )}  # fmt: skip
    missing = sorted({key for key, _ in keyed} - known.keys())
    fresh = dict(zip(missing, new_ids("tenure_account", len(missing)), strict=True))
    known |= {key: (number, {}, "") for key, number in fresh.items()}
    changed: set[str] = set()
    told_of: dict[tuple[int, int], list[tuple[int, bool]]] = defaultdict(list)
    for key, (person, said) in keyed:
        at = now if said.at is None else said.at
        number, traits, _ = known[key]
        told_of[person, number].append((at, said.kind == _LEFT))
        for name, value in said.account_traits.items():
            text = _as_json(name, value)
            if text is not None and (name not in traits or traits[name][1] <= at):
                traits[name] = [json.loads(text), at]
                changed.add(key)
    write("told", "new_accounts", [
        (number, source, key, _called(known[key][1]), _said(known[key][1]), now) for key, number in fresh.items()
    ])  # fmt: skip
    write("told", "changed_accounts", [
        (_called(traits) or name, _said(traits), number)
        for key, (number, traits, name) in sorted(known.items()) if key in changed and key not in fresh
    ])  # fmt: skip
    _keep_members(told_of)


def _called(traits: Mapping[str, Any]) -> str:
    return _text(traits["name"][0]) if "name" in traits else ""


def _said(traits: Mapping[str, Any]) -> str:
    return msgspec.json.encode(traits).decode()


class _Member(NamedTuple):
    began_at: int
    ended_at: int | None


def _keep_members(told: Mapping[tuple[int, int], Sequence[tuple[int, bool]]]) -> None:
    """Who belongs to which account by what was said of them: (when, whether they left) of each (person, account)."""
    before = {
        (person, account): _Member(began_at, ended_at)
        for person, account, began_at, ended_at in ask("told", "members", sorted({person for person, _ in told}))
    }
    after = {both: _member(before.get(both), words) for both, words in sorted(told.items())}
    write("told", "memberships", [
        (*both, *one) for both, one in after.items() if one is not None and one != before.get(both)
    ])  # fmt: skip


def _member(one: _Member | None, words: Sequence[tuple[int, bool]]) -> _Member | None:
    """What becomes of a membership, None: there is none. Whoever left and is said to belong to it later on has come
    back."""
    for at, left in sorted(words, key=lambda word: word[0]):
        if one is None:
            one = None if left else _Member(at, None)
        elif left and one.ended_at is None and one.began_at <= at:
            one = one._replace(ended_at=at)
        elif not left and one.ended_at is not None and one.ended_at < at:
            one = one._replace(ended_at=None)
    return one
