"""The rows of what was said: events, their payload, the other names they are known by, and what is kept aside."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from django.conf import settings

from tenure_app.dialects.said import Bad
from tenure_app.ledger.bulk import new_ids, put
from tenure_app.listen.asking import ask
from tenure_app.listen.fates import Facts, Kept
from tenure_app.listen.models import Quarantined

__all__ = ["KNOWN", "Written", "write_events", "write_quarantine"]

KNOWN: Final = "customer.created"
_EVENT: Final = (
    "id", "source_id", "source_key", "kind", "person_id", "occurred_at", "recorded_at", "run_id", "first_id",
    "order_key", "amount_minor", "currency", "discount_minor", "category", "region", "channel", "reason", "fact_hash",
    "flag",
)  # fmt: skip
_ORDERS: Final = ("order.placed", "order.corrected", "order.refunded", "order.cancelled")
_NAME: Final = 200
_BYTES: Final = 16
_HOUR_US: Final = 3_600_000_000
_TRANSPORT: Final = frozenset({"sentAt", "writeKey", "_metadata", "receivedAt", "at", "flag"})


@dataclass(slots=True)
class Written:
    """Of what was written: (person, kind, instant) of every event, and whose orders changed by which event."""

    lives: list[tuple[int, str, int]] = field(default_factory=list)
    orders: list[tuple[int, int, int]] = field(default_factory=list)
    """(person, event, instant)."""


def write_events(
    source: int, kept: Sequence[Kept[Any]], facts: Facts[Any], new: Sequence[tuple[int, int]], *, now: int
) -> Written:
    """Append the events, for each who became known now one that says so, and what belongs to them. Within a
    transaction."""
    ids = new_ids("tenure_event", len(kept) + len(new))
    written, rows, bodies, messages = Written(), [], [], []
    # the first of a corrected order may be among those that are written now
    numbers = {id(one): number for one, number in zip(kept, ids, strict=False)}
    for person, at in new:
        number = ids[len(kept) + len(rows)]
        rows.append((number, source, f"known:p{person}", KNOWN, person, at, now, *(None,) * 10, _nothing(person), None))
        written.lives.append((person, KNOWN, at))
    for one, number in zip(kept, ids, strict=False):
        said = one.said
        first = one.first if one.first is not None or one.after is None else numbers[id(one.after)]
        at = one.at if one.at is not None else said.at if said.at is not None else one.request.received_at
        rows.append((
            number, source, one.key, one.kind, one.person, at, now, None, first, said.order_key, said.amount_minor,
            said.currency, said.discount_minor, said.category, said.region, said.channel, said.reason, one.hash,
            said.flag,
        ))  # fmt: skip
        body = _body(one)
        if body:
            bodies.append((number, body))
        if one.message_hash is not None and said.message is not None and not one.key.startswith("m:"):
            messages.append((source, said.message, number, one.message_hash))
        written.lives.append((one.person, one.kind, at))
        if one.kind in _ORDERS:
            written.orders.append((one.person, number, at))
    put("tenure_event", _EVENT, rows)
    put("tenure_eventbody", ("event_id", "body"), bodies)
    for message, whole, told in facts.messages:
        known = told if isinstance(told, int) else numbers.get(id(told))
        if known is not None:  # else what it repeats found nobody
            messages.append((source, message, known, whole))
    put("tenure_otherkey", ("source_id", "key", "event_id", "fact_hash"), messages)
    return written


def _nothing(person: int) -> bytes:
    return person.to_bytes(16, "big")


def _body(one: Kept[Any]) -> str:
    """The payload: what the sender called it, and what it says that has no column."""
    said, told = one.said, {}
    if said.name:
        told["name"] = said.name
    for name in ("properties", "traits", "guesses", "account_traits"):
        if value := getattr(said, name):
            told[name] = value
    if said.account:
        told["account"] = said.account
    return msgspec.json.encode(told).decode() if told else ""


def write_quarantine(source: int, bad: Sequence[tuple[Any, Bad]]) -> int:
    """Keep what could not be put on the timeline, each with why; how many. The same sent again is kept once, but what
    was tried again and is still wrong comes back."""
    if not bad:
        return 0
    rows: dict[str, tuple[Any, Bad]] = {}
    for request, one in bad:
        rows.setdefault(_digest(request, one), (request, one))
    for (digest,) in ask("convert", "kept_aside", list(rows), source, Quarantined.RETRIED):
        rows.pop(digest, None)
    put(
        "tenure_quarantined", ("source_id", "received_at", "call", "code", "reason", "name", "said", "digest"),
        [
            (source, request.received_at, request.call, one.code[:40], one.reason, one.name[:_NAME], one.said, digest)
            for digest, (request, one) in rows.items()
        ],
    )  # fmt: skip
    return len(rows)


def _digest(request: Any, one: Bad) -> str:
    """Of what is wrong and what was said, without what differs from one try of the sender to the next. What carries no
    id of its own is taken for the same again within the hour only."""
    content: Any = one.said
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        content = msgspec.json.decode(one.said)
    own = None
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in _TRANSPORT}
        own = content.get("messageId") or content.get("message") or content.get("id") or content.get("key")
    hour = None if own else request.received_at // _HOUR_US
    told = [one.code, request.call.partition(" {")[0], hour]
    try:
        text = msgspec.json.encode([*told, content], order="sorted")
    except (RecursionError, ValueError):
        text = f"{told}{one.said}".encode("utf-8", "surrogatepass")
    return hmac.digest(settings.TENURE_HASH_KEY.encode(), text, "sha256")[:_BYTES].hex()
