"""Whoever something happened to is judged anew: from their own facts, by the population of the generation in force."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction

from tenure_app.live import progress
from tenure_app.live.asking import ask, each, rows_of
from tenure_app.live.facts import Found, facts_of_people
from tenure_app.live.grounds import Grounds, grounds_of
from tenure_app.live.judging import Judged, Stage, judge
from tenure_app.live.moves import Move, append_moves, code_of
from tenure_app.live.ways import settle_ways

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AT_ONCE", "Followed", "bring_up", "follow", "look_again"]

AT_ONCE: Final = 500
"""People in a batch."""


@dataclass(slots=True)
class Followed:
    """people: judged; moved: whose stage is another; waiting: who can only be judged by another generation.

    rebuild: why one is asked for (`nothing` there yet, `month`, `words`, `kinds`, `late`), with how many ask.
    """

    people: int = 0
    moved: int = 0
    waiting: int = 0
    rebuild: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Before:
    """What was known of where somebody stands: code, since when, by which policy."""

    code: int
    since_at: int
    policy: str


_seen: dict[Path, tuple[str, dict[int, int]]] = {}
"""Which touches were looked at on which grounds while somebody among them has to wait for others: those that are left
wait. By data folder."""


def follow(*, now: int, most: int = AT_ONCE) -> Followed:
    """Judge up to `most` of those who were touched, oldest first, and write where they stand, in one transaction.

    Only who holds the worker's lock may call it. Who cannot be judged yet stays touched; nobody among them is looked at
    twice on the same grounds.
    """
    folder = settings.TENURE_DATA
    grounds = grounds_of(folder / "mirror")
    if grounds is None:
        waiting = len(rows_of("waiting", now, 1))
        return Followed(waiting=waiting, rebuild=Counter(nothing=waiting))
    name, seen = _seen.get(folder, ("", {}))
    if name != grounds.name:
        seen = {}
    # whoever touches them takes the instant from a clock of theirs, so that the latest touch need not be the last
    rows = rows_of("waiting", now, most + len(seen))
    touched = dict([(person, at) for person, at in rows if seen.get(person) != at][:most])
    if not touched:
        return Followed()
    done = bring_up(touched, grounds, now=now)
    if done.waiting:
        _seen[folder] = (grounds.name, seen | touched)
    return done


def look_again() -> None:
    """Look at everybody who waits once more, also on the same grounds."""
    _seen.pop(settings.TENURE_DATA, None)


def bring_up(
    people: Mapping[int, int | None], grounds: Grounds, *, now: int, cause: str = "event"
) -> Followed:
    """Judge people and write where they stand. people: with the instant they were touched at, as it was seen, None for
    who was not; cause: of moves that are not their own history's next ones."""
    found = facts_of_people(people, grounds.kinds, since=grounds.known_at)
    everybody = [*found.roots, *found.nobodies]
    before = {
        person: _Before(code, since_at, policy) for person, code, since_at, policy, _ in ask("before", everybody)
    }
    roots = set(found.roots)
    judged = judge(
        found.roots, found.facts, grounds, now=now,
        before=[(person, one.since_at) for person, one in before.items() if person in roots],
    )  # fmt: skip
    settled = [c for c in found.roots if c not in judged.waiting]
    nobodies = [*found.nobodies, *(c for c in settled if c not in judged.stands)]
    moves = _moves(judged, before, found, grounds, cause)
    with transaction.atomic():
        _write(judged, nobodies, moves, grounds, now)
        _untouch(people, judged, found)
    late = sum(
        1 for c, at in found.earliest.items() if c in judged.stands and at < grounds.known.began_at
    )
    rebuild = Counter(judged.waiting.values()) + Counter(late=late)
    return Followed(len(settled), len({move.person for move in moves}), len(judged.waiting), rebuild)


def _write(
    judged: Judged, nobodies: Sequence[int], moves: Sequence[Move], grounds: Grounds, now: int
) -> None:
    stands = list(judged.stands.values())
    policy = grounds.policy.hash
    each("stand", [(*one, policy, now) for one in stands])
    ask("fall", nobodies)
    append_moves(moves, now=now)
    settle_ways(stands, nobodies, now=now)


def _untouch(people: Mapping[int, int | None], judged: Judged, found: Found) -> None:
    """Take away the touches that were seen, of whoever was judged; put off those of who will be there only later."""
    gone, later = [], []
    for person, at in people.items():
        if at is None or found.whom.get(person) in judged.waiting:
            continue
        if person in judged.ahead:
            later.append((judged.ahead[person], person, at))
        else:
            gone.append((person, at))
    each("followed", gone)
    each("put_off", later)


def _moves(
    judged: Judged, before: Mapping[int, _Before], found: Found, grounds: Grounds, cause: str
) -> list[Move]:
    policy, moves = grounds.policy.hash, []
    told = {person: code_of(word) for person, word in ask("last_move", judged.stands.keys() - before.keys())}
    filling = progress.read(settings.TENURE_DATA).filling
    for person, stand in judged.stands.items():
        was = before.get(person)
        if was is None:
            code = told.get(person)
            # who was here before anybody had a standing has moved nowhere
            if code != stand.code and not (filling and person in found.imported):
                moves.append(Move(person, code, stand, _cause(judged, person, cause), policy))
            continue
        since = judged.since.get(person, [])
        if was.policy == policy and since and (since[0].code, since[0].since_at) == (was.code, was.since_at):
            moves += _steps(since, policy)
        elif was.code != stand.code:
            why = "policy" if was.policy != policy else _cause(judged, person, cause)
            moves.append(Move(person, was.code, stand, why, policy))
    return moves


def _steps(since: Sequence[Stage], policy: str) -> list[Move]:
    """One move after another since they were last seen."""
    return [
        Move(to.person, one.code, to, "event" if to.by_event else "silence", policy)
        for one, to in pairwise(since)
    ]


def _cause(judged: Judged, person: int, cause: str) -> str:
    return "silence" if cause == "event" and person not in judged.by_event else cause

