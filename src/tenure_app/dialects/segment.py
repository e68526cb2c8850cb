"""Segment's calls, as its libraries and RudderStack's make them: identify, track, page, screen, group, alias."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from tenure_app.dialects.bodies import NOT_READ, Unusable, bad, legible, mended, readable, text_of, too_deep, whole
from tenure_app.dialects.facts import fill, identifier, word
from tenure_app.dialects.mapping import dialect_of, meaning_of
from tenure_app.dialects.said import ALIAS, LINK, Bad, Rules, Said
from tenure_app.dialects.times import corrected, instant, sent

__all__ = ["CALLS", "LARGEST_CONTEXT", "LARGEST_EVENT", "MOST_EVENTS", "SINGLE", "events_in", "key_of", "read_calls"]

SINGLE: Final = ("identify", "track", "page", "screen", "group", "alias")
"""Calls whose body is one event."""
CALLS: Final = (*SINGLE, "batch", "import")
"""All calls: the others bring a list of events."""
LARGEST_EVENT: Final = 131_072
LARGEST_CONTEXT: Final = 16_384
"""Bytes of what a batch says of all its events: each of them may be kept with it."""
"""Bytes of an event. Segment's own limit is 32 KB, and its libraries keep to it; RudderStack's allow 4 MB."""
MOST_EVENTS: Final = 2_500
"""Events of a batch; what comes after them is kept off the timeline."""
_LONGEST_KEY: Final = 100
_NEVER: Final = frozenset({"sentAt", "writeKey", "_metadata", "receivedAt"})


class _Counted(msgspec.Struct):
    batch: list[msgspec.Raw]


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    context: Any = None
    sentAt: Any = None
    timestamp: Any = None


class _Item(msgspec.Struct, gc=False):
    """What is looked at of an event; everything else is passed over."""

    type: Any = None
    event: Any = None
    messageId: Any = None
    userId: Any = None
    anonymousId: Any = None
    timestamp: Any = None
    properties: Any = None
    context: Any = None
    sentAt: Any = None
    traits: Any = None
    name: Any = None
    category: Any = None
    groupId: Any = None
    previousId: Any = None
    originalTimestamp: Any = None


class _Exact(msgspec.Struct):
    """The part of an event that holds money, its numbers to the last digit."""

    properties: Any = None


_COUNTER: Final = msgspec.json.Decoder(_Counted)
_BATCH: Final = msgspec.json.Decoder(_Batch)
_ITEM: Final = msgspec.json.Decoder(_Item)
_EXACT: Final = msgspec.json.Decoder(_Exact, float_hook=Decimal)


@dataclass(slots=True)
class _Request:
    """What all events of a request share."""

    received_at: int
    sent_at: int | None
    rules: Rules
    context: Mapping[str, Any]
    told: Mapping[str, Any]
    shared: Mapping[str, Any]
    """What an event needs of the rest of the request to be read alone."""


def events_in(body: bytes) -> int:
    """How many events a batch holds. What `bodies.NOT_READ` lists where it is none."""
    return len(_COUNTER.decode(body).batch)


def read_calls(call: str, told: Mapping[str, Any], body: bytes, received_at: int, rules: Rules) -> Iterator[Said | Bad]:
    """Each event of a request. call: one of CALLS. told: what came outside of the body (anonymousId, sentAt)."""
    request = _Request(received_at, None, rules, {}, told, {})
    if call in SINGLE:
        yield _read(mended(body), request, call)
        return
    try:
        batch = _batch(body)
    except NOT_READ as error:
        yield Bad("invalid_body", f"the batch cannot be read: {error}", call, text_of(body))
        return
    if batch.sentAt is None:
        batch.sentAt = told.get("sentAt")
    request.sent_at = sent(batch.sentAt, rules.zone)
    if not _fits(batch.context):
        batch.context = None
    request.context = batch.context or {}
    shared = {**told, "sentAt": batch.sentAt, "context": batch.context}
    request.shared = {name: shared[name] for name in shared if shared[name] is not None}
    for raw in batch.batch[:MOST_EVENTS]:
        yield _read(bytes(raw), request, "")
    if len(batch.batch) > MOST_EVENTS:
        # one piece, which can be tried again: alone, each would have all that the batch says of its events
        surplus = Unusable("too_many", f"a batch holds at most {MOST_EVENTS} events; these are the others")
        rest = msgspec.json.encode({**request.shared, "batch": batch.batch[MOST_EVENTS:]})
        yield bad(surplus, call, rest)


def _fits(context: Any) -> bool:
    """Whether what a batch says of all its events can be kept with each of them."""
    if not isinstance(context, dict) or too_deep(context):
        return False
    text = msgspec.json.encode(context)
    return len(text) <= LARGEST_CONTEXT and legible(text)


def _batch(body: bytes) -> _Batch:
    try:
        return _BATCH.decode(body)
    except msgspec.DecodeError:
        return _BATCH.decode(mended(body))


def key_of(message: Any, raw: bytes) -> str:
    """The key of an event: its message's id, hashed where it is long. Without one a hash of what it says, so that
    the same said again, with the same time, is known to be the same."""
    if isinstance(message, str | int) and not isinstance(message, bool):
        said = str(message).strip()
        if said:
            return f"m:{said}" if len(said) <= _LONGEST_KEY else f"m:#{_hashed(said.encode())}"
    content = whole(raw)
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in _NEVER}
    return f"m:{_hashed(msgspec.json.encode(content, order='sorted'))}"


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _read(raw: bytes, request: _Request, call: str) -> Said | Bad:
    name: object = call
    try:
        if len(raw) > LARGEST_EVENT:
            raise Unusable("event_too_large", f"an event has at most {LARGEST_EVENT:,} bytes, this one {len(raw):,}")
        readable(raw)
        item = _item(raw)
        kind = call or item.type
        name = item.event or kind
        if not isinstance(kind, str) or kind not in _READERS:
            raise Unusable("unknown_type", f"{str(kind)[:40]!r} is none of {', '.join(SINGLE)}")
        said = _common(item, raw, request)
        said.raw = raw
        _READERS[kind](said, item, raw, request)
        return said
    except Unusable as error:
        return bad(error, name, _alone(raw, request))


def _alone(raw: bytes, request: _Request) -> bytes:
    """An event of a batch as a body of its own: read again, it has the same time. What it says itself stands last, and
    so holds."""
    if not request.shared or not raw.startswith(b"{"):
        return raw
    rest = raw[1:].lstrip()
    return msgspec.json.encode(request.shared)[:-1] + (b"" if rest.startswith(b"}") else b",") + rest


def _item(raw: bytes) -> _Item:
    try:
        return _ITEM.decode(raw)
    except RecursionError:
        raise Unusable("too_deep", "lists and objects lie in each other too deep") from None
    except NOT_READ as error:
        if not raw.lstrip().startswith(b"{"):
            raise Unusable("invalid_body", "an event is an object of JSON") from None
        raise Unusable("invalid_json", f"the event cannot be read: {error}") from None


def _common(item: _Item, raw: bytes, request: _Request) -> Said:
    """What every event says: when, who, and the device's surroundings."""
    told, rules = request.told, request.rules
    user, anonymous = identifier(item.userId), identifier(item.anonymousId)
    if anonymous is None and told:
        anonymous = identifier(told.get("anonymousId"))
    if user is None and anonymous is None:
        raise Unusable("nobody", "neither userId nor anonymousId says whose event it is")
    written = item.timestamp if item.timestamp is not None else item.originalTimestamp
    at = flag = None
    if written is not None and written != "":
        sent_at = request.sent_at
        if item.sentAt is not None:
            sent_at = sent(item.sentAt, rules.zone)
        elif sent_at is None and told:
            sent_at = sent(told.get("sentAt"), rules.zone)
        at, flag = corrected(instant(written, rules.zone), request.received_at, sent_at)
    message = item.messageId
    simple = type(message) is str and 0 < len(message) <= _LONGEST_KEY and not message[0].isspace()
    key = f"m:{message}" if simple else key_of(message, raw)
    said = Said(key, "event.other", at, flag=flag, user=user, anonymous=anonymous)
    if user is not None and anonymous is not None:
        # libraries send both once somebody was identified on the device
        said.asks = LINK
    context = item.context
    if request.context:
        context = {**request.context, **context} if isinstance(context, dict) else request.context
        item.context = context
    if isinstance(context, dict):
        _surroundings(said, context)
    return said


def _surroundings(said: Said, context: Mapping[str, Any]) -> None:
    """Guesses about the person, their choice, the account they act for. Never the address of their device."""
    guesses = {}
    locale, zone = context.get("locale"), context.get("timezone")
    if locale and isinstance(locale, str):
        guesses["language"] = locale[:35].replace("_", "-")
    if zone and isinstance(zone, str):
        guesses["timezone"] = zone[:64]
    if guesses:
        said.guesses = guesses
    if "consent" in context:
        said.choice = _choice(context["consent"])
    if "groupId" in context:
        said.account = identifier(context["groupId"])
    traits = context.get("traits")
    if traits and isinstance(traits, dict):
        _traits(said, traits)


def _choice(consent: Any) -> bool | None:
    """What was chosen about visits: yes if every category was allowed."""
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if not isinstance(preferences, dict):
        return None
    chosen = [value for value in preferences.values() if isinstance(value, bool)]
    return all(chosen) if chosen else None


def _traits(said: Said, traits: Mapping[str, Any]) -> None:
    """Traits of the person; e-mail address and telephone are lifted out, what was set before stays."""
    email, phone = traits.get("email"), traits.get("phone")
    if isinstance(email, str):
        said.email = email.strip()[:320] or said.email
    if phone is not None:
        said.phone = word(phone) or said.phone
    rest = {name: value for name, value in traits.items() if name not in ("email", "phone")}
    said.traits = {**said.traits, **rest} if said.traits else rest


_PLACES: Final = (
    ("campaign", ("name", "source", "medium", "term", "content")),
    ("page", ("path", "referrer", "title", "url")),
    ("library", ("name",)),
    ("os", ("name",)),
    ("device", ("type",)),
)


def _kept(properties: Any, context: Any) -> Mapping[str, Any]:
    """Properties, and of the context what later questions need: campaign, page, library, system, device."""
    known: dict[str, Any] = properties if isinstance(properties, dict) else {}
    if not isinstance(context, dict):
        return known
    around: dict[str, Any] = {}
    for name, keys in _PLACES:
        part = context.get(name)
        if part and isinstance(part, dict):
            found = {key: part[key] for key in keys if key in part}
            if found:
                around[name] = found
    if around and "context" not in known:
        known["context"] = around
    return known


def _track(said: Said, item: _Item, raw: bytes, request: _Request) -> None:
    name = item.event
    if not isinstance(name, str) or not name.strip():
        raise Unusable("no_event_name", "a track call needs the event's name in `event`")
    dialect, rules = dialect_of("segment"), request.rules
    said.name = name if len(name) <= 200 else name[:200]
    meaning = meaning_of(dialect, name, rules.kinds)
    said.kind = meaning.kind
    said.properties = _kept(item.properties, item.context)
    if meaning.reads:
        fill(said, _exact(raw) if meaning.money else item.properties, meaning, rules)


def _exact(raw: bytes) -> Any:
    try:
        return _EXACT.decode(raw).properties
    except NOT_READ:
        raise Unusable("bad_amount", "a number of the event is too large or too small to be read") from None


def _page(said: Said, item: _Item, raw: bytes, request: _Request, kind: str = "page.viewed") -> None:  # noqa: ARG001
    name = item.name if isinstance(item.name, str) else None
    said.kind, said.name = kind, (name or kind)[:200]
    kept = _kept(item.properties, item.context)
    said.properties = {"name": name, **kept} if name else kept
    said.category = word(item.category)


def _screen(said: Said, item: _Item, raw: bytes, request: _Request) -> None:
    _page(said, item, raw, request, "screen.viewed")


def _identify(said: Said, item: _Item, raw: bytes, request: _Request) -> None:  # noqa: ARG001
    said.kind, said.name, said.asks = "customer.identified", "identify", LINK
    said.properties = _kept(None, item.context)
    if isinstance(item.traits, dict):
        _traits(said, item.traits)


def _group(said: Said, item: _Item, raw: bytes, request: _Request) -> None:  # noqa: ARG001
    said.kind, said.name = "account.joined", "group"
    said.account = identifier(item.groupId)
    if said.account is None:
        raise Unusable("no_group", "a group call needs groupId")
    said.properties = _kept(None, item.context)
    if isinstance(item.traits, dict):
        said.account_traits = item.traits


def _alias(said: Said, item: _Item, raw: bytes, request: _Request) -> None:  # noqa: ARG001
    said.kind, said.name, said.asks = "customer.merged", "alias", ALIAS
    said.previous = identifier(item.previousId)
    if said.previous is None:
        # the browser's library leaves it to the visitor's own id
        said.previous = said.anonymous
    if said.user is None or said.previous is None:
        raise Unusable("no_alias", "an alias call needs userId and previousId")
    said.properties = _kept(None, item.context)


_READERS: Final = {
    "track": _track, "page": _page, "screen": _screen, "identify": _identify, "group": _group, "alias": _alias,
}  # fmt: skip
