"""Whose the events are that came over the wire (docs/explanation/people.md).

People are found by their ids, made known, and joined where a sender says that two ids are one person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tenure_app.dialects.said import ALIAS, EVENT, LINK, Said
from tenure_app.ledger.bulk import new_ids
from tenure_app.ledger.groups import Groups
from tenure_app.ledger.ids import address, draw_of, identifying, scattered, telephone
from tenure_app.ledger.lists import ask, write
from tenure_app.ledger.told import Told, keep

__all__ = ["VISITS", "Recogniser", "Whose"]

VISITS: Final = ("unless_refused", "if_agreed", "never")
"""When visits from before somebody said who they are become theirs: unless they refused, if they agreed, never."""
_CUSTOMER, _ANONYMOUS, _EMAIL, _PHONE = "customer", "anonymous", "email", "phone"
_OF_SOURCE: Final = (_CUSTOMER, _ANONYMOUS)
_KINDS: Final = (*_OF_SOURCE, _EMAIL, _PHONE)
DEVICE, ADDRESS, SAME = "device", "address", "alias"
"""Why two people were joined: a device whose owner said who they are, one e-mail address, a sender's explicit word."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose the events of a chunk are.

    people: the person each is recorded for, None where its ids are nobody's in particular. new: who became known by
    them, and when (us UTC). merged: everybody who stood for themselves before a merge or does after it.
    """

    people: list[int | None]
    new: list[tuple[int, int]]
    merged: list[int]


class _Ids(NamedTuple):
    """The ids of an event that identify anybody, as they are looked for."""

    user: str | None
    anonymous: str | None
    previous: str | None
    email: str | None
    phone: str | None


class Recogniser:
    """Recognises the people of one source's events; keeps nothing from one chunk to the next."""

    def __init__(self, source: int, *, visits: str) -> None:
        """visits: one of VISITS."""
        self._source, self._visits = source, visits

    def recognise(self, said: Sequence[Said], *, now: int) -> Whose:
        """Find or make known whose the events are, in their order, and write down all that they say of people.

        Within the caller's transaction. IntegrityError or OperationalError where somebody else made the same person
        known or joined them meanwhile (PostgreSQL): the caller does its whole transaction again.
        """
        chunk = _Chunk(self._source, self._visits, now)
        people = chunk.take(said)
        return Whose(people, chunk.new, list(chunk.groups.touched))


@dataclass(slots=True)
class _Chunk:
    """Some events, and what is known of their people by now."""

    source: int
    visits: str
    now: int
    groups: Groups = field(default_factory=Groups)
    found: dict[str, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})
    new: list[tuple[int, int]] = field(default_factory=list)
    made: dict[int, int] = field(default_factory=dict)
    """Who is not in the ledger yet, with their draw."""
    shown: dict[int, None] = field(default_factory=dict)
    """Who is in the ledger as anonymous and is known now."""
    above: dict[int, int] | None = None
    """Of whoever is anonymous in the ledger and of those whom they hang below, the anonymous one right above; None: not
    asked yet."""
    names: list[tuple[int, int | None, str, str, str | None, int, str | None, str | None]] = field(default_factory=list)
    """New rows of identities."""
    others: list[tuple[int, str, str, str]] = field(default_factory=list)
    """(person, kind, value, match) of addresses by which somebody else is found."""
    numbers: Iterator[int] = field(default_factory=lambda: iter(()))
    holders: set[int] = field(default_factory=set)
    """Roots of groups that have a customer's id of this source."""

    def take(self, said: Sequence[Said]) -> list[int | None]:
        """Whose the events are; everything is written."""
        ids = [_ids(one) for one in said]
        self._look_up(said, ids)
        self._get_ready_to_join(said, ids)
        people = [self._whose(one, each) for one, each in zip(said, ids, strict=True)]
        self._write()
        keep(
            [Told(person, one) for person, one in zip(people, said, strict=True) if person is not None],
            self.others, source=self.source, now=self.now,
        )  # fmt: skip
        return people

    # What the ledger knows

    def _look_up(self, said: Sequence[Said], ids: Sequence[_Ids]) -> None:
        asked: dict[str, dict[str, None]] = {kind: {} for kind in self.found}
        for one, each in zip(said, ids, strict=True):
            for kind, match in _asked(one.asks, each):
                asked[kind][match] = None
        missing = 0
        for kind, keys in asked.items():
            found = self.found[kind]
            for match, person, root, anonymous, root_anonymous in (
                ask("identity", "known", list(keys), kind, self.source) if kind in _OF_SOURCE
                else ask("identity", "known_everywhere", list(keys), kind)
            ):  # fmt: skip
                found[match] = person
                self.groups.add(person, root, anonymous, root_anonymous)
            missing += len(keys) - len(found)
        self.numbers = iter(new_ids("tenure_person", missing))

    def _get_ready_to_join(self, said: Sequence[Said], ids: Sequence[_Ids]) -> None:
        """Hold those whom some of these events may join with somebody."""
        held: set[int] = set()
        sized: set[int] = set()
        for one, each in zip(said, ids, strict=True):
            if one.asks == EVENT:
                continue
            meant = self._may_be_joined(one, each)
            met = {person for person in meant if person is not None}
            if None not in meant and len({self.groups.of(person) for person in met}) < 2:
                continue  # they are one already
            held |= met
            if one.asks == ALIAS or each.email is not None:
                sized |= met
        if not held:
            return
        self.groups.hold(held, sized=sized)
        self.holders.update(map(self.groups.of, self.found[_CUSTOMER].values()))
        # whoever may own an address may have a customer's id of which no event here speaks
        others = {self.groups.of(person) for person in sized} - self.holders
        self.holders.update(root for (root,) in ask("identity", "holders", sorted(others), self.source))

    def _may_be_joined(self, one: Said, ids: _Ids) -> list[int | None]:
        """Who may become one by an event that asks for it; None: somebody whom the ledger does not know by that id."""
        user, anonymous, previous, email, phone = ids
        if one.asks == ALIAS:
            told = ((_ANONYMOUS, anonymous), (_EMAIL, email), (_PHONE, phone))
            own = ((_CUSTOMER, user), (_EMAIL, address(user))) if user is not None else _said_first(told)
            return [*self._first(own), *self._first(_any_of(previous))]
        own = _said_first(((_CUSTOMER, user), (_EMAIL, email), (_PHONE, phone)))
        if not own:
            return []
        meant = self._first(own)
        if anonymous is not None and self._may_join(one):
            meant.append(self._found(_ANONYMOUS, anonymous))
        if user is not None and email is not None:
            meant.append(self._found(_EMAIL, email))
        return meant

    def _first(self, told: Iterable[tuple[str, str | None]]) -> list[int | None]:
        """Who is found by the first of some ids by which anybody is, after None for each before it: by that one another
        event of the chunk may make somebody known, who is meant then."""
        people: list[int | None] = []
        for kind, match in told:
            if match is not None:
                people.append(self._found(kind, match))
                if people[-1] is not None:
                    break
        return people

    def _found(self, kind: str, match: str | None) -> int | None:
        return None if match is None else self.found[kind].get(match)

    # One event after the other

    def _whose(self, one: Said, ids: _Ids) -> int | None:
        person = self._linked(one, ids) if one.asks == LINK else self._by_ids(one, ids)
        if one.asks == ALIAS and person is not None and ids.previous is not None:
            self._join(self._previous(ids.previous, one), person, SAME)
        return person

    def _by_ids(self, one: Said, ids: _Ids) -> int | None:
        user, anonymous, _, email, phone = ids
        if user is not None:
            if one.asks == ALIAS and user not in self.found[_CUSTOMER]:
                owner = self._found(_EMAIL, address(user))
                if owner is not None:  # who says that two are one may name either by an address
                    return owner
            return self._person(_CUSTOMER, user, one.user, one)
        if anonymous is not None:
            return self._person(_ANONYMOUS, anonymous, one.anonymous, one)
        if email is not None:
            return self._person(_EMAIL, email, one.email, one)
        return None if phone is None else self._person(_PHONE, phone, one.phone, one)

    def _person(self, kind: str, match: str, value: str | None, one: Said) -> int:
        """Who is found by an id; whoever is not is made known."""
        person = self.found[kind].get(match)
        if person is None:
            person = self._make(one, anonymous=kind == _ANONYMOUS, customer=match if kind == _CUSTOMER else None)
            self._name(person, kind, match, value or match)
        elif kind != _ANONYMOUS and person in self.groups.hidden:
            self._show(person, one)
        return person

    def _make(self, one: Said, *, anonymous: bool, customer: str | None = None) -> int:
        person = next(self.numbers)
        draw = draw_of(customer)
        self.made[person] = scattered(person) if draw is None else draw
        self.groups.fresh.add(person)
        if anonymous:
            self.groups.hidden.add(person)
        else:
            self.new.append((person, self._at(one)))
        return person

    def _at(self, one: Said) -> int:
        return self.now if one.at is None else one.at

    def _name(self, person: int, kind: str, match: str, value: str) -> None:
        """By what somebody is found from now on."""
        self.found[kind][match] = person
        source = self.source if kind in _OF_SOURCE else None
        folded = None if kind == _ANONYMOUS else match.lower()
        self.names.append((person, source, kind, value.strip(), match, self.now, folded, None))
        if kind == _CUSTOMER:
            self.holders.add(self.groups.of(person))

    def _show(self, person: int, one: Said) -> None:
        """Somebody anonymous is known from now on, and so is whoever they hang below."""
        if self.above is None:
            self.above = dict(ask("identity", "lines", sorted(self.groups.hidden - self.groups.fresh)))
        line: dict[int, None] = {}
        todo = [person]
        while todo:
            each = todo.pop()
            line[each] = None
            over, joined = self.above.get(each), self.groups.below.get(each)
            if over is not None and over not in line and over not in self.shown:
                todo.append(over)
            if joined is not None and joined not in line and joined in self.groups.hidden:
                todo.append(joined)
        shown = [each for each in line if each not in self.shown]
        self.new += [(each, self._at(one)) for each in shown]
        self.shown.update(dict.fromkeys(each for each in shown if each not in self.groups.fresh))
        self.groups.hidden.difference_update(line)

    def _linked(self, one: Said, ids: _Ids) -> int | None:
        """An event that says that its ids are one person's."""
        user, anonymous, _, email, phone = ids
        if user is not None:
            person = self._person(_CUSTOMER, user, one.user, one)
        elif email is not None:
            person = self._person(_EMAIL, email, one.email, one)
        elif phone is not None:
            person = self._person(_PHONE, phone, one.phone, one)
        else:
            return self._by_ids(one, ids)
        if anonymous is not None and self._may_join(one):
            device = self.found[_ANONYMOUS].get(anonymous)
            if device is None:
                device = self._person(_ANONYMOUS, anonymous, one.anonymous, one)
                self._join(device, person, DEVICE)
            elif device in self.groups.hidden and self.groups.of(device) == device:
                self._join_unless_parted(device, person, DEVICE)
        if user is not None and email is not None:
            self._address(person, email, one.email or email)
        if phone is not None:
            self._telephone(person, phone, one.phone or phone)
        return person

    def _may_join(self, one: Said) -> bool:
        """Whether their choice lets visits from before become theirs."""
        if self.visits == "unless_refused":
            return one.choice is not False
        return self.visits == "if_agreed" and one.choice is True

    def _address(self, person: int, email: str, value: str) -> None:
        owner = self.found[_EMAIL].get(email)
        if owner is None:
            self._name(person, _EMAIL, email, value)
        elif self.groups.of(owner) != self.groups.of(person) and (
            # the source tells two customers with one address apart: whether they are one is for somebody to say
            self.groups.of(owner) in self.holders or not self._join_unless_parted(owner, person, ADDRESS)
        ):
            self.others.append((person, _EMAIL, value, email))

    def _telephone(self, person: int, phone: str, value: str) -> None:
        """A number is shared by a household or a firm, so it joins nobody by itself."""
        owner = self.found[_PHONE].get(phone)
        if owner is None:
            self._name(person, _PHONE, phone, value)
        elif self.groups.of(owner) != self.groups.of(person):
            self.others.append((person, _PHONE, value, phone))

    def _previous(self, previous: str, one: Said) -> int:
        """Whose the other id of an alias is; one that nobody knows may turn out to be a customer's or a device's."""
        for kind, match in _any_of(previous):
            person = self._found(kind, match)
            if person is not None:
                return person
        person = self._make(one, anonymous=True)
        for kind in _OF_SOURCE:
            self._name(person, kind, previous, one.previous or previous)
        return person

    def _join_unless_parted(self, one: int, other: int, why: str) -> bool:
        return not self.groups.were_parted(one, other) and self._join(one, other, why)

    def _join(self, one: int, other: int, why: str) -> bool:
        held = {self.groups.of(one), self.groups.of(other)} & self.holders
        joined = self.groups.join(one, other, why)
        if held:
            self.holders.add(self.groups.of(one))
        return joined

    # What is written

    def _write(self) -> None:
        groups = self.groups
        roots = {person: groups.of(person) for person in self.made}
        write("identity", "people", [
            (person, self.now, draw, None if roots[person] == person else roots[person], person in groups.hidden)
            for person, draw in self.made.items()
        ])  # fmt: skip
        write("identity", "identities", self.names)
        write("identity", "shown", [(person,) for person in self.shown])
        groups.write(by="", now=self.now)


def _ids(one: Said) -> _Ids:
    return _Ids(
        identifying(one.user), identifying(one.anonymous), identifying(one.previous), address(one.email),
        telephone(one.phone),
    )  # fmt: skip


def _any_of(previous: str | None) -> tuple[tuple[str, str | None], ...]:
    """What the other id of an alias may be: a customer's, a device's, or an address."""
    return (_CUSTOMER, previous), (_ANONYMOUS, previous), (_EMAIL, address(previous))


def _said_first(told: Iterable[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
    """The first of some ids that is said, or none."""
    return tuple(one for one in told if one[1] is not None)[:1]


def _asked(asks: str, ids: _Ids) -> Iterator[tuple[str, str]]:
    """By which ids people have to be looked for."""
    user, anonymous, previous, email, phone = ids
    if asks == LINK:
        told = ((_CUSTOMER, user), (_ANONYMOUS, anonymous), (_EMAIL, email), (_PHONE, phone))
    elif user is not None:
        told = ((_CUSTOMER, user),)
    elif anonymous is not None:
        told = ((_ANONYMOUS, anonymous),)
    else:
        told = ((_EMAIL, email),) if email is not None else ((_PHONE, phone),)
    if asks == ALIAS:
        told = (*told, *_any_of(previous), (_EMAIL, address(user)))
    for kind, match in told:
        if match is not None:
            yield kind, match
