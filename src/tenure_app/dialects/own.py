"""Tenure's own events: JSON that names things as the ledger does, and that is read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tenure.events import KINDS, ORDER_PLACED
from tenure_app.dialects.amounts import MOST_MINOR, currency_of
from tenure_app.dialects.bodies import NOT_READ, Unusable, bad, mended, readable, text_of, whole
from tenure_app.dialects.facts import identifier, order_id, word
from tenure_app.dialects.mapping import OTHER
from tenure_app.dialects.said import EVENT, LINK, Bad, Rules, Said
from tenure_app.dialects.times import flag_of, instant
from tenure_app.refused import Refused

__all__ = ["CALL", "FIELDS", "LARGEST_EVENT", "MOST_EVENTS", "count", "parse"]

CALL: Final = "batch"
"""What is asked: there is one call."""
MOST_EVENTS: Final = 1_000
LARGEST_EVENT: Final = 131_072
"""Bytes of an event."""
FIELDS: Final = {
    "key": "the event's own id with its sender: sent again, it is known and not added twice",
    "kind": "what happened: a kind of the glossary, a name that the source's rules know, or event.other",
    "name": "what its sender calls it, where the kind is event.other",
    "customer": "the customer's id with its sender",
    "email": "the customer's e-mail address",
    "anonymous": "the id of a device whose owner is not known yet",
    "account": "the id of the company or household that they act for",
    "at": "when it happened: RFC 3339, or seconds or milliseconds since 1970; when it was received if nothing is said",
    "order": "the order's id",
    "amount_minor": "the amount in minor units (cents), not negative",
    "currency": "its currency, as in EUR; the source's or the shop's if nothing is said",
    "discount_minor": "the discount in minor units",
    "category": "what was bought",
    "region": "where the customer is",
    "channel": "where it happened, as in web or shop",
    "reason": "why somebody left, refused or complained",
    "traits": "what is said of the customer: an object",
    "properties": "what else there is to say of the event: an object",
}
"""What an event may say."""
_WORDS: Final = ("category", "region", "channel", "reason")
_LONGEST_KEY: Final = 200


class _Counted(msgspec.Struct):
    """The body as it is sent, and as an event of it comes out of quarantine."""

    events: list[msgspec.Raw] | None = None
    batch: list[msgspec.Raw] | None = None


_COUNTER: Final = msgspec.json.Decoder(_Counted)


def count(call: str, body: bytes) -> int:
    """How many events a request brings. Refused `unknown_call`, `invalid_json`, `invalid_body`, `too_many`."""
    if call != CALL:
        raise Refused("unknown_call", f"{call[:60]!r} is no call of tenure")
    try:
        body.decode()
        events = _events(mended(body))
    except UnicodeDecodeError:
        raise Refused("invalid_json", "the request is not UTF-8") from None
    except msgspec.ValidationError as error:
        raise Refused("invalid_body", f"the request is JSON of another shape: {error}") from None
    except NOT_READ as error:
        raise Refused("invalid_json", f"the request is no JSON: {error}") from None
    if events is None:
        raise Refused("invalid_body", 'the request holds no events: {"events": [...]}')
    if len(events) > MOST_EVENTS:
        raise Refused("too_many", f"a request brings at most {MOST_EVENTS:,} events, this one {len(events):,}")
    return len(events)


def _events(body: bytes) -> list[msgspec.Raw] | None:
    found = _COUNTER.decode(body)
    return found.batch if found.events is None else found.events


def parse(call: str, body: bytes, received_at: int, rules: Rules) -> Iterator[Said | Bad]:
    """What each event of a request says, in their order. received_at: us UTC. Of a body that `count` refuses it makes
    one Bad."""
    try:
        events = _events(mended(bytes(body)))
    except NOT_READ as error:
        yield Bad("invalid_body", f"the request cannot be read: {error}", call[:200], text_of(body))
        return
    for raw in events or ():
        yield _read(bytes(raw), received_at, rules)


def _read(raw: bytes, received_at: int, rules: Rules) -> Said | Bad:
    name: object = ""
    try:
        if len(raw) > LARGEST_EVENT:
            raise Unusable("event_too_large", f"an event has at most {LARGEST_EVENT:,} bytes, this one {len(raw):,}")
        readable(raw)
        event = whole(raw)
        if not isinstance(event, dict):
            raise Unusable("invalid_body", "an event is an object of JSON")
        name = event.get("kind")
        if unknown := sorted(set(event) - set(FIELDS)):
            raise Unusable("unknown_field", f"{', '.join(unknown[:5])[:200]}: an event says {', '.join(FIELDS)}")
        said = _said(event, received_at, rules)
        said.raw = raw
        return said
    except Unusable as error:
        return bad(error, name, raw)


def _said(event: Mapping[str, Any], received_at: int, rules: Rules) -> Said:
    key, kind = _key(event), _kind(event, rules)
    said = Said(key, kind, None, name=_name(event), order_key=order_id(event.get("order")))
    if kind == ORDER_PLACED and said.order_key is not None:
        said.message, said.key = said.key.removeprefix("m:"), f"order:{said.order_key}"
    if event.get("at") is not None:
        said.at = instant(event["at"], rules.zone)
        said.flag = flag_of(said.at, received_at, 0)
    said.user, said.anonymous = identifier(event.get("customer")), identifier(event.get("anonymous"))
    said.email, said.account = word(event.get("email")), identifier(event.get("account"))
    if said.user is None and said.anonymous is None and said.email is None:
        raise Unusable("nobody", "neither customer nor email nor anonymous says whose event it is")
    # whoever names somebody in two ways says that both are theirs
    said.asks = LINK if sum(one is not None for one in (said.user, said.anonymous, said.email)) > 1 else EVENT
    said.currency = currency_of(event.get("currency"), rules.currency)
    for name in ("amount_minor", "discount_minor"):
        setattr(said, name, _minor(event.get(name), name, said.currency))
    if said.amount_minor is None:
        said.currency = None
    for name in _WORDS:
        setattr(said, name, word(event.get(name)))
    said.traits, said.properties = _object(event, "traits"), _object(event, "properties")
    return said


def _key(event: Mapping[str, Any]) -> str:
    key = event.get("key")
    if not isinstance(key, str) or not key.strip() or len(key) > _LONGEST_KEY:
        raise Unusable("bad_key", f"an event has a key of its own: a text of at most {_LONGEST_KEY} characters")
    return f"m:{key.strip()}"


def _kind(event: Mapping[str, Any], rules: Rules) -> str:
    kind = event.get("kind")
    if isinstance(kind, str):
        if kind in KINDS or kind == OTHER:
            return kind
        named = rules.kinds.get(kind.strip().lower())
        if named is not None:
            return named or OTHER
    raise Unusable("bad_kind", f"{str(kind)[:60]!r} is no kind of event, and the source has no rule for it")


def _name(event: Mapping[str, Any]) -> str:
    return (word(event.get("name")) or word(event["kind"]) or "")[:200]


def _minor(value: Any, name: str, currency: str | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_MINOR:
        raise Unusable("bad_amount", f"{name} is a whole number of minor units (cents), not negative")
    if currency is None:
        raise Unusable("bad_currency", f"{name} needs a currency, as in EUR")
    return value


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unusable("invalid_body", f"{name} is an object of JSON")
    return value
