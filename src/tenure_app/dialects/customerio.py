"""Customer.io's Track API, version 1: one call a request, ids in the path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from tenure_app.dialects.bodies import NOT_READ, Unusable, bad, mended, readable, whole
from tenure_app.dialects.facts import fill, identifier, word
from tenure_app.dialects.mapping import dialect_of, meaning_of
from tenure_app.dialects.said import ALIAS, LINK, Bad, Rules, Said
from tenure_app.dialects.segment import key_of
from tenure_app.dialects.times import flag_of, instant

__all__ = ["knows", "read_call"]

_HOUR_US: Final = 3_600_000_000
_ID: Final = "([^/]+)"
_ROUTES: Final = [
    (method, re.compile(f"{path}/?"), name)
    for method, path, name in (
        ("PUT", f"/customers/{_ID}", "identify"),
        ("DELETE", f"/customers/{_ID}", "delete"),
        ("POST", f"/customers/{_ID}/events", "event"),
        ("POST", "/events", "event"),
        ("PUT", f"/customers/{_ID}/devices", "device"),
        ("DELETE", f"/customers/{_ID}/devices/{_ID}", "no device"),
        ("POST", f"/customers/{_ID}/suppress", "suppress"),
        ("POST", f"/customers/{_ID}/unsuppress", "unsuppress"),
        ("POST", "/merge_customers", "merge"),
    )
]
_EXACT: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_PAGES: Final = {"page": "page.viewed", "screen": "screen.viewed"}


def knows(call: str) -> bool:
    """Whether `METHOD /path` is a call of the Track API that is understood."""
    return _route(call) is not None


def read_call(call: str, body: bytes, received_at: int, rules: Rules) -> Iterator[Said | Bad]:
    """What one request says: one event, and another where it also says whether they want messages."""
    name: object = call
    body = mended(body.strip() or b"{}")
    try:
        route = _route(call)
        if route is None:
            raise Unusable("unknown_call", f"{call[:60]!r} is no call that is understood")
        name, ids = route[0], [_decoded(part) for part in route[1]]
        readable(body)
        content = whole(body)
        if not isinstance(content, dict):
            raise Unusable("invalid_body", "the body is no object of JSON")
        hour = received_at // _HOUR_US
        said = Said(_key(call, body, hour), "event.other", None, name=route[0], before=_key(call, body, hour - 1))
        if ids:
            said.user = ids[0]
            if "@" in ids[0]:
                said.email = ids[0]
        if route[0] == "event":
            name = content.get("name")
            _event(said, content, body, rules)
        else:
            _READERS[route[0]](said, content, ids)
        if said.user is None and said.anonymous is None and said.email is None:
            raise Unusable("nobody", "neither the path nor anonymous_id says whose event it is")
        if said.at is not None:
            said.flag = flag_of(said.at, received_at, 0)
    except Unusable as error:
        yield bad(error, name, body)
        return
    yield said
    if route[0] == "identify" and isinstance(content.get("unsubscribed"), bool):
        yield _wish(said, content["unsubscribed"])


def _route(call: str) -> tuple[str, tuple[str, ...]] | None:
    """The name of the call and the ids of its path, still encoded."""
    method, _, rest = call.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    for wanted, pattern, name in _ROUTES:
        if wanted == method and (found := pattern.fullmatch(path)):
            return name, found.groups()
    return None


def _decoded(part: str) -> str:
    """An id of the path. Unusable `bad_text` where its escapes are no text, `bad_id` where nothing is left."""
    try:
        text = unquote(part, errors="strict")
        text.encode()
    except UnicodeError:
        raise Unusable("bad_text", "the id in the path is not UTF-8") from None
    if "\x00" in text:
        raise Unusable("bad_text", "the id in the path holds a NUL")
    found = identifier(text)
    if found is None:
        raise Unusable("bad_id", "the id in the path is blank")
    return found


def _key(call: str, body: bytes, hour: int) -> str:
    """The same request again within the hour, or the next, is a retry: the library sends the same bytes within
    seconds."""
    content = f"{call}\n{hour}\n".encode("utf-8", "replace") + body
    return f"m:{hashlib.sha256(content).hexdigest()[:32]}"


def _event(said: Said, content: Mapping[str, Any], body: bytes, rules: Rules) -> None:
    name = content.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Unusable("no_event_name", "an event needs its name in `name`")
    said.name = name[:200]
    if content.get("id") not in (None, ""):
        said.key, said.before = key_of(content["id"], body), None
    if content.get("timestamp") not in (None, ""):
        said.at = instant(content["timestamp"], rules.zone)
    said.anonymous = identifier(content.get("anonymous_id"))
    if said.user is not None and said.anonymous is not None:
        said.asks = LINK
    data = content.get("data")
    said.properties = data if isinstance(data, dict) else {}
    kind = content.get("type")
    if isinstance(kind, str) and kind in _PAGES:
        said.kind = _PAGES[kind]
        said.properties = {"name": name, **said.properties}
        return
    if said.user is None and isinstance(said.properties.get("recipient"), str):
        said.email = word(said.properties["recipient"])
    meaning = meaning_of(dialect_of("customerio"), name, rules.kinds)
    said.kind = meaning.kind
    if meaning.reads:
        try:
            root = _EXACT.decode(body).get("data") if meaning.money else data
        except NOT_READ:
            raise Unusable("bad_amount", "a number of the event is too large or too small to be read") from None
        fill(said, root, meaning, rules)


def _identify(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    said.kind, said.asks = "customer.identified", LINK
    said.email = word(content.get("email")) or said.email
    said.phone = word(content.get("phone"))
    said.anonymous = identifier(content.get("anonymous_id"))
    lifted = ("email", "phone", "anonymous_id", "unsubscribed", "_update")
    said.traits = {name: value for name, value in content.items() if name not in lifted}


def _wish(identified: Said, unsubscribed: bool) -> Said:
    kind = "consent.denied" if unsubscribed else "consent.given"
    return Said(
        f"{identified.key}:wish", kind, identified.at, name="unsubscribed", user=identified.user,
        email=identified.email, channel="email", before=identified.before and f"{identified.before}:wish",
    )  # fmt: skip


def _device(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    device = content.get("device")
    if not isinstance(device, dict) or identifier(device.get("id")) is None:
        raise Unusable("bad_device", "a device needs an id")
    said.kind, said.properties, said.channel = "device.added", {"device": device}, "push"


def _no_device(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    said.kind, said.properties, said.channel = "device.removed", {"device": {"id": ids[1]}}, "push"


def _suppress(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    said.kind, said.reason = "contact.refused", "suppressed"


def _unsuppress(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    said.kind = "contact.allowed"


def _delete(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    said.kind, said.reason = "customer.left", "deleted"


def _merge(said: Said, content: Mapping[str, Any], ids: list[str]) -> None:  # noqa: ARG001
    said.kind, said.asks = "customer.merged", ALIAS
    said.user, said.previous = _one_of(content.get("primary")), _one_of(content.get("secondary"))
    if said.user is None or said.previous is None:
        raise Unusable("no_alias", "a merge needs primary and secondary, each with id, email or cio_id")
    if "@" in said.user:
        said.email = said.user


def _one_of(who: Any) -> str | None:
    if not isinstance(who, dict):
        return None
    return identifier(who.get("id")) or identifier(who.get("email")) or identifier(who.get("cio_id"))


_READERS: Final = {
    "identify": _identify, "delete": _delete, "device": _device, "no device": _no_device, "suppress": _suppress,
    "unsuppress": _unsuppress, "merge": _merge,
}  # fmt: skip
