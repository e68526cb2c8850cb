"""Webhooks of services: one event a request, whose data file says where everything stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from tenure_app.dialects.bodies import NOT_READ, Unusable, bad, mended, readable, whole
from tenure_app.dialects.facts import fill
from tenure_app.dialects.mapping import Dialect, Meaning, dialect_of, found_at, meaning_of
from tenure_app.dialects.said import Bad, Rules, Said
from tenure_app.dialects.segment import key_of
from tenure_app.dialects.times import flag_of, instant

__all__ = ["SERVICES", "read_hook"]

SERVICES: Final = ("stripe", "shopify", "standard")
"""Dialects whose requests are signed webhooks."""
_EXACT: Final = msgspec.json.Decoder(float_hook=Decimal)


def read_hook(service: str, call: str, body: bytes, received_at: int, rules: Rules) -> Iterator[Said | Bad]:
    """The event of one webhook. call: `event <message id>`, of Shopify `<topic> <message id> <triggered at or ->`."""
    words = [*call.split(" "), "", ""]
    body, name = mended(body), words[0]
    try:
        readable(body)
        content = whole(body)
        if not isinstance(content, dict):
            raise Unusable("invalid_body", "the body is no object of JSON")
        dialect = dialect_of(service)
        if service == "shopify":
            # one doing of the shop is told under several topics
            key = _key(f"{name}:{words[1]}" if words[1] else "", body)
        else:
            name = found_at(content, dialect.body["name"])
            key = _key(words[1] or found_at(content, dialect.body.get("id", ())), body)
        if not isinstance(name, str):
            raise Unusable("no_event_name", "the body does not say what happened")
        said = _said(dialect, content, body, Said(key, "event.other", None, name=name[:200]), rules)
        if said.at is None and words[2] not in ("", "-"):
            said.at = instant(words[2], rules.zone)
        if said.at is not None:
            said.flag = flag_of(said.at, received_at, 0)
    except Unusable as error:
        yield bad(error, name, body)
        return
    yield said


def _said(dialect: Dialect, content: dict[str, Any], body: bytes, said: Said, rules: Rules) -> Said:
    meaning = meaning_of(dialect, said.name, rules.kinds)
    said.kind = meaning.kind
    kept = found_at(content, dialect.body["properties"]) if "properties" in dialect.body else content
    said.properties = kept if isinstance(kept, dict) else {}
    fill(said, _exact(body) if meaning.money else content, meaning, rules)
    said.at = _time(content, meaning, rules)
    if said.user is None and said.anonymous is None and said.email is None and said.order_key is None:
        raise Unusable("nobody", "nothing in the body says whose event it is")
    return said


def _time(content: dict[str, Any], meaning: Meaning, rules: Rules) -> int | None:
    found = found_at(content, meaning.spots.get("at", ()))
    return None if found is None else instant(found, rules.zone)


def _key(message: Any, body: bytes) -> str:
    """The message's own id, else a hash of its bytes: a retry sends the same ones."""
    return key_of(message, body) if message else f"m:{hashlib.sha256(body).hexdigest()[:32]}"


def _exact(body: bytes) -> Any:
    try:
        return _EXACT.decode(body)
    except NOT_READ:
        raise Unusable("bad_amount", "a number of the event is too large or too small to be read") from None
