"""The worker's first task: requests that were written down become events on the timeline, each exactly once.

One transaction holds what a few requests say, whom they make known, and that they were read: killed at any moment, they
are read again from the beginning, and nothing is there twice.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    connection,
    transaction,
)  # fmt: skip

from tenure_app.dialects.bodies import text_of
from tenure_app.dialects.reading import parse
from tenure_app.dialects.said import Bad, Said
from tenure_app.ledger.identity import Recogniser
from tenure_app.ledger.kinds import life_kinds
from tenure_app.ledger.lists import collided
from tenure_app.ledger.models import PolicyVersion, Shop, Source
from tenure_app.ledger.own import OWN_SOURCE
from tenure_app.ledger.policies import in_force
from tenure_app.listen.asking import ask, write
from tenure_app.listen.cycles import turn_cycles
from tenure_app.listen.fates import Facts, Kept, find_by_order, number, sort
from tenure_app.listen.keys import rules_of
from tenure_app.listen.spool import Request, clear_away, note, waiting
from tenure_app.listen.writing import write_events, write_quarantine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenure.lifecycle.policy import Policy

__all__ = ["AT_ONCE", "Converted", "convert", "touch"]

AT_ONCE: Final = {"sqlite": 500, "postgresql": 2_000}
"""Events in a transaction. On SQLite everybody else who writes to the ledger waits for it, some 30 ms."""
_REQUESTS: Final = 200
_TRIES: Final = 5
_log = logging.getLogger("tenure.worker")


@dataclass(slots=True)
class Converted:
    """What came of some requests: how many, events of theirs, how many were added, known already or quarantined."""

    requests: int = 0
    events: int = 0
    added: int = 0
    known: int = 0
    quarantined: int = 0

    def add(self, other: Converted) -> None:
        """Count the other in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class _Read:
    """A request that waits, and what was found in it."""

    request: Request
    found: list[Said | Bad] = field(default_factory=list)

    @property
    def received_at(self) -> int:
        """When it came."""
        return self.request.received_at

    @property
    def call(self) -> str:
        """What was asked."""
        return self.request.call


@dataclass(frozen=True, slots=True)
class _Ground:
    """What does not change while a few requests are read: the sources, the shop, which kinds lives are made of."""

    sources: dict[int, Source]
    shop: Shop
    life: frozenset[str]


def convert(*, now: Callable[[], int], most: int = 20_000) -> Converted:
    """Put requests on the timeline, oldest first, until none waits or about `most` events were read.

    Only who holds the worker's lock may call it: two at once would do everything twice and undo one of it.
    """
    done = Converted()
    while done.events < most:
        requests = waiting(_REQUESTS, events=most - done.events)
        if not requests:
            break
        ground = _ground()
        for chunk in _chunks(requests):
            done.add(_convert(chunk, ground, now))
            clear_away([one.request for one in chunk])
    return done


_last: dict[str, tuple[int, frozenset[str]]] = {}


def _ground() -> _Ground:
    version = PolicyVersion.objects.values_list("id", flat=True).first() or 0
    kept = _last.get(connection.settings_dict["NAME"])
    if kept is None or kept[0] != version:
        policy: Policy = in_force()
        kept = _last[connection.settings_dict["NAME"]] = (version, life_kinds(policy))
    return _Ground({one.pk: one for one in Source.objects.exclude(dialect="")}, Shop.objects.one(), kept[1])


def _chunks(requests: Sequence[Request]) -> list[list[_Read]]:
    """A few requests each; a large one alone."""
    chunks: list[list[_Read]] = []
    size, most = 0, AT_ONCE[connection.vendor]
    for one in requests:
        weight = max(1, len(one.body) // 600)
        if not chunks or size + weight > most:
            chunks.append([])
            size = 0
        chunks[-1].append(_Read(one))
        size += weight
    return chunks


def _convert(chunk: list[_Read], ground: _Ground, now: Callable[[], int]) -> Converted:
    """Put requests on the timeline together. Where one of them cannot be, each alone; and one that cannot be even alone
    is kept aside whole, for nothing that was sent may hold up all that was sent after it."""
    try:
        for one in chunk:
            one.found = _parsed(one.request, ground)
        return _carried_out(chunk, ground, now)
    except Exception as error:
        if not _lies_in_what_was_sent(error):
            raise
        done = Converted()
        if len(chunk) > 1:
            for one in chunk:
                done.add(_convert([one], ground, now))
            return done
        chunk[0].found = [_unreadable(chunk[0].request, error)]
        return _carried_out(chunk, ground, now)


def _lies_in_what_was_sent(error: Exception) -> bool:
    """Whether another request may well succeed: not where the database is gone, locked or full."""
    return not isinstance(error, DatabaseError | InterfaceError) or isinstance(
        error, DataError | IntegrityError | ProgrammingError
    )


def _carried_out(chunk: list[_Read], ground: _Ground, now: Callable[[], int]) -> Converted:
    for tried in range(_TRIES):
        try:
            with transaction.atomic():
                return _written(chunk, ground, now())
        except DatabaseError as error:
            # somebody else made the same person known just now: look again
            if tried == _TRIES - 1 or not collided(error):
                raise
    raise AssertionError  # pragma: no cover


def _parsed(one: Request, ground: _Ground) -> list[Said | Bad]:
    """What a request says."""
    source = ground.sources.get(one.source)
    if source is None:
        return [Bad("no_dialect", "its source speaks no dialect any more", one.call, text_of(one.body))]
    rules = rules_of(source, ground.shop)
    return list(parse(source.dialect, one.call, one.body, received_at=one.received_at, rules=rules))


def _unreadable(one: Request, error: Exception) -> Bad:
    _log.error("request %s could not be put on the timeline: %s", one.id, type(error).__name__, exc_info=True)
    why = "Tenure could not put it on the timeline, which is a mistake of ours; it is kept as it came"
    return Bad("unreadable", why, one.call, text_of(one.body))


def _written(chunk: list[_Read], ground: _Ground, now: int) -> Converted:
    done = Converted(requests=len(chunk), events=sum(len(one.found) for one in chunk))
    by_source: dict[int, list[_Read]] = defaultdict(list)
    for one in chunk:
        by_source[one.request.source].append(one)
    for source, requests in by_source.items():
        _of_source(source if source in ground.sources else _there(source), requests, ground, now, done)
    note([one.request for one in chunk])
    return done


def _there(source: int) -> int:
    """A source that speaks no dialect any more; Tenure's own in the place of one that the ledger does not have, as one
    that was restored from before it was made."""
    if Source.objects.filter(pk=source).exists():
        return source
    return Source.objects.get_or_create(name=OWN_SOURCE)[0].pk


def _of_source(source: int, requests: Sequence[_Read], ground: _Ground, now: int, done: Converted) -> None:
    said: list[tuple[Said, _Read]] = []
    bad: list[tuple[_Read, Bad]] = []
    for request in requests:
        for one in request.found:
            if isinstance(one, Bad):
                bad.append((request, one))
            else:
                said.append((one, request))
    facts: Facts[_Read] = sort(source, said)
    bad += facts.refused
    whose = Recogniser(source, visits=ground.shop.visits).recognise([one.said for one in facts.kept], now=now)
    for fact, found in zip(facts.kept, whose.people, strict=True):
        fact.person = found or 0
    by_order = find_by_order(source, facts.kept)
    kept: list[Kept[_Read]] = []
    for place, fact in enumerate(facts.kept):
        fact.person = fact.person or by_order.get(place, 0)
        if fact.person:
            kept.append(fact)
        else:
            bad.append((fact.request, _nobodys(fact)))
    number(kept)
    written = write_events(source, kept, facts, whose.new, now=now)
    aside = write_quarantine(source, bad)
    touched = {person: at for person, kind, at in written.lives if kind in ground.life}
    touch([*touched, *whose.merged, *facts.before], now=now)
    turn_cycles(written.orders, zone=ground.shop.zone)
    done.added += len(kept)
    done.known += facts.known + len(bad) - aside
    done.quarantined += aside


def _nobodys(fact: Kept[_Read]) -> Bad:
    """Why nobody can be found for an event."""
    said, text = fact.said, text_of(fact.said.raw)
    if said.user or said.anonymous or said.email or said.phone:
        why = "the ids it carries are those that libraries send for nobody in particular: they would make one of many"
        return Bad("generic_id", why, said.name or said.kind, text)
    why = "it names nobody but by an order that is not on the timeline; try it again when the order is there"
    return Bad("unknown_order", why, said.name or said.kind, text)


def touch(people: Sequence[int], *, now: int) -> None:
    """Have these people looked at again, whoever they are taken for."""
    if not people:
        return
    roots = {root for _, root in ask("convert", "roots", sorted(set(people)))}
    write("convert", "touched", [(one, now) for one in sorted(roots)])
