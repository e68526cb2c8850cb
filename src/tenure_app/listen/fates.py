"""What becomes of each event that was said: new, known already, another word on a known order, or refused."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import msgspec
from django.conf import settings

from tenure_app.dialects.bodies import text_of
from tenure_app.dialects.said import Bad, Said
from tenure_app.ledger.bulk import look_up
from tenure_app.ledger.intake import MARK
from tenure_app.ledger.models import REVERSED, Event
from tenure_app.listen.asking import ask

__all__ = ["CORRECTED_ORDER", "Facts", "Kept", "find_by_order", "number", "sort"]

CORRECTED_ORDER: Final = "order.corrected"
UPDATED_ORDER: Final = "order.updated"
_ORDER: Final = "order.placed"
_PLAIN: Final = "m:"
"""Before a message's id where the event has no other key."""
_BYTES: Final = 16

Of = TypeVar("Of")
"""The request that said it."""


@dataclass(slots=True)
class Kept(Generic[Of]):
    """An event that is to be written: under which key and kind, and whose it is (0: nobody's). order: what is known of
    the order it speaks of. By `number`: the first of the order's versions where it corrects one (`first` is its number,
    or None and `after` is kept now too), and the instant that holds for it."""

    said: Said
    request: Of
    key: str
    kind: str
    hash: bytes
    message_hash: bytes | None = None
    order: _Version | None = None
    first: int | None = None
    after: Kept[Of] | None = None
    at: int | None = None
    person: int = 0


@dataclass(slots=True)
class Facts(Generic[Of]):
    """What is to be written, what is refused, how many were known, which messages speak of known orders (message, hash,
    number of the event, or the event that is kept now), and who had the orders before that are corrected now."""

    kept: list[Kept[Of]] = field(default_factory=list)
    refused: list[tuple[Of, Bad]] = field(default_factory=list)
    known: int = 0
    messages: list[tuple[str, bytes, int | Kept[Of]]] = field(default_factory=list)
    before: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Version:
    """What is known under a key: its first event on the timeline, what was said of it last among what is kept now, how
    many versions there are, the hash of the last that was said, whether it holds, when it happened and who has it.
    begun: the first that is kept now and found somebody (`number`)."""

    first: int | None
    latest: Kept[Any] | None
    versions: int
    hash: bytes
    holds: bool
    at: int | None = None
    person: int | None = None
    begun: Kept[Any] | None = None


def sort(source: int, said: Sequence[tuple[Said, Of]]) -> Facts[Of]:
    """The fates of what one source said, in its order. Within the transaction that writes them.

    A message's id is known for ever: said again it adds nothing, with other content it is refused. An order is known by
    its own number: another message about it adds nothing where it says the same, and corrects it where it does not.
    """
    facts: Facts[Of] = Facts()
    key = settings.TENURE_HASH_KEY.encode()
    known = _known(source, [one for one, _ in said])
    messages = _messages(source, [one.message or one.key.removeprefix(_PLAIN) for one, _ in said])
    for one, request in said:
        whole = _hash(key, _content(one))
        heard = messages.get(one.message or one.key.removeprefix(_PLAIN))
        if heard is not None:
            _again(facts, one, request, same=heard == whole)
        elif one.before is not None and (known_as := known.get(one.before)) is not None and known_as.hash == whole:
            facts.known += 1
        elif one.message is None:
            _simple(facts, known, one, request, one.key, one.kind, whole)
        elif (plain := f"{_PLAIN}{one.message}") in known:
            _again(facts, one, request, same=known[plain].hash == whole)
        else:
            messages[one.message] = whole
            _of_order(facts, known, one, request, whole, _hash(key, _order(one)))
    return facts


def _of_order(
    facts: Facts[Of], known: dict[str, _Version], one: Said, request: Of, whole: bytes, order: bytes
) -> None:  # fmt: skip
    """A message about an order that has a number of its own."""
    assert one.message is not None
    before = known.get(one.key)
    if one.updates and (before is None or one.amount_minor is None):
        # what it would change is not known, or it says nothing of what it is worth
        _simple(facts, known, one, request, f"{_PLAIN}{one.message}", UPDATED_ORDER, whole)
    elif before is None:
        kept = Kept(one, request, one.key, one.kind, order, whole)
        kept.order = known[one.key] = _Version(None, kept, 0, order, True)
        facts.kept.append(kept)
    elif before.holds and before.hash == order:
        facts.known += 1
        told = before.first if before.latest is None else before.latest
        if told is not None:
            facts.messages.append((one.message, whole, told))
    else:
        before.hash, before.holds = order, True
        if before.person is not None:
            facts.before.append(before.person)
        facts.kept.append(Kept(one, request, one.key, CORRECTED_ORDER, order, whole, before))
        before.latest = facts.kept[-1]


def _simple(
    facts: Facts[Of], known: dict[str, _Version], one: Said, request: Of, key: str, kind: str, whole: bytes
) -> None:  # fmt: skip
    before = known.get(key)
    if before is not None:
        _again(facts, one, request, same=before.hash == whole)
        return
    facts.kept.append(Kept(one, request, key, kind, whole))
    known[key] = _Version(None, facts.kept[-1], 1, whole, True)


def _again(facts: Facts[Of], one: Said, request: Of, *, same: bool) -> None:
    if same:
        facts.known += 1
        return
    why = "its message id was used before for something else; the first is on the timeline"
    facts.refused.append((request, Bad("same_message_id", why, one.name or one.kind, text_of(one.raw))))


def _known(source: int, said: Sequence[Said]) -> dict[str, _Version]:
    keys = {one.key for one in said} | {f"{_PLAIN}{one.message}" for one in said if one.message is not None}
    keys |= {one.before for one in said if one.before is not None}
    rows = look_up("versions", sorted(keys), source)
    found = {
        key: _Version(first, None, 1, bytes.fromhex(text), kind not in REVERSED)
        for key, first, text, kind in rows
    }
    orders = {one.key for one in said if one.message is not None} & found.keys()
    if orders:
        _with_later_versions({found[key].first: found[key] for key in orders})
    return found


def _with_later_versions(by_first: dict[int | None, _Version]) -> None:
    firsts = [first for first in by_first if first is not None]
    told = Event.objects.filter(pk__in=firsts).values_list("id", "occurred_at", "person_id")
    for first, at, person in told:
        by_first[first].at, by_first[first].person = at, person
    for first, _, text, kind, person in look_up("later", firsts):
        one = by_first[first]
        one.versions, one.hash, one.holds = one.versions + 1, bytes.fromhex(text), kind not in REVERSED
        one.person = person


def _messages(source: int, messages: Sequence[str]) -> dict[str, bytes]:
    if not messages:
        return {}
    return {key: bytes.fromhex(text) for key, text in ask("convert", "messages", sorted(set(messages)), source)}


def number(kept: Sequence[Kept[Of]]) -> None:
    """Count the versions of orders among those that found somebody: the first of an order is the order itself, whoever
    follows corrects it. Numbered as they are kept, they never leave out one that found nobody."""
    for one in kept:
        order = one.order
        if order is None or not one.person:
            continue
        order.versions += 1
        if order.versions == 1:
            if one.kind == CORRECTED_ORDER:
                one.kind = _ORDER
            order.begun, order.at = one, one.said.at
        else:
            one.key = f"{one.said.key}{MARK}{order.versions}"
            one.first, one.after, one.at = order.first, order.begun, order.at


def find_by_order(source: int, kept: Sequence[Kept[Of]]) -> dict[int, int]:
    """Who is meant by events that name nobody but an order, by their places: whose the order is, on the timeline or
    among those kept now."""
    asked = {
        place: f"order:{one.said.order_key}"
        for place, one in enumerate(kept)
        if one.said.order_key is not None
        and not (one.person or one.said.user or one.said.anonymous or one.said.email or one.said.phone)
    }
    if not asked:
        return {}
    here = {one.said.key: one.person for one in kept if one.order is not None and one.person}
    firsts = {key: first for key, first, _, _ in look_up("versions", sorted(set(asked.values())), source)}
    people = dict(Event.objects.filter(pk__in=firsts.values()).values_list("id", "person_id"))
    people |= {first: person for first, *_, person in look_up("later", sorted(firsts.values()))}
    there = {key: people[first] for key, first in firsts.items()}
    found = {place: there.get(key) or here.get(key) for place, key in asked.items()}
    return {place: person for place, person in found.items() if person}


def _content(one: Said) -> list[object]:
    """What makes a message what it is: not its time, which is set right anew each time it is sent."""
    return [
        one.kind, one.name, one.user, one.anonymous, one.previous, one.email, one.phone, one.account, one.order_key,
        one.amount_minor, one.currency, one.discount_minor, one.category, one.region, one.channel, one.reason,
        one.traits, one.account_traits, one.properties,
    ]  # fmt: skip


def _order(one: Said) -> list[object]:
    """What makes an order what it is, whoever tells of it: a shop's server and its pages may both."""
    return [
        _ORDER, one.user or one.email or one.anonymous, one.order_key, one.amount_minor, one.currency,
        one.discount_minor, one.category, one.region, one.channel,
    ]  # fmt: skip


def _hash(key: bytes, content: list[object]) -> bytes:
    return hmac.digest(key, msgspec.json.encode(content, order="deterministic"), "sha256")[:_BYTES]
