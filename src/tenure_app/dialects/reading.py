"""The two doors: `count` looks at a request when it arrives, `parse` says what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tenure_app.dialects import own
from tenure_app.dialects.bodies import NOT_READ, Unusable, bad, legible, mended, whole
from tenure_app.dialects.customerio import knows, read_call
from tenure_app.dialects.hooks import SERVICES, read_hook
from tenure_app.dialects.said import Bad, Rules, Said
from tenure_app.dialects.segment import CALLS, LARGEST_EVENT, SINGLE, events_in, read_calls
from tenure_app.refused import Refused

__all__ = ["DIALECTS", "MOST_BYTES", "count", "parse"]

DIALECTS: Final = ("segment", "customerio", *SERVICES, "tenure")
"""What a source may speak; RudderStack's libraries speak Segment's."""
MOST_BYTES: Final = 4_194_304
"""Bytes of a request: RudderStack's libraries cut their batches there, Segment's at 500 KB."""


class _Anything(msgspec.Struct):
    """An object of JSON, passed over."""


_OBJECT: Final = msgspec.json.Decoder(_Anything)


def count(dialect: str, call: str, body: bytes, *, most_bytes: int = MOST_BYTES) -> int:
    """How many events a request brings, at the price of finding where each ends.

    Refused `too_large`, `too_many` (our own dialect alone), `unknown_call`, `invalid_json` (also for text that is not
    UTF-8 and for JSON nested without end), `invalid_body` (JSON, but of another shape). Whatever is taken here, `parse`
    reads without error.
    """
    name = _known(dialect, call)
    single = dialect != "segment" or name in SINGLE
    most = min(most_bytes, LARGEST_EVENT) if single and dialect in ("segment", "customerio") else most_bytes
    if len(body) > most:
        raise Refused("too_large", f"the request has {len(body):,} bytes; at most {most:,} are taken")
    if dialect == "tenure":
        return own.count(call, body)
    if dialect == "customerio" and not body:
        return 1
    try:
        body.decode()
        if not single:
            return events_in(body)
        _OBJECT.decode(body)
    except RecursionError:
        raise Refused("invalid_json", "lists and objects lie in each other too deep") from None
    except UnicodeDecodeError:
        raise Refused("invalid_json", "the request is not UTF-8") from None
    except msgspec.ValidationError as error:
        raise Refused("invalid_body", f"the request is JSON of another shape: {error}") from None
    except NOT_READ as error:
        repaired = mended(body)
        if repaired != body:
            return count(dialect, call, repaired, most_bytes=most_bytes)
        raise Refused("invalid_json", f"the request is no JSON: {error}") from None
    return 1


def parse(dialect: str, call: str, body: bytes, *, received_at: int, rules: Rules) -> Iterator[Said | Bad]:
    """What the request says, one after the other. received_at: us UTC.

    Never raises for a body that `count` has taken; of any other it makes one Bad.
    """
    try:
        name = _known(dialect, call)
    except Refused as refused:
        yield bad(Unusable(refused.code, str(refused)), call, body)
        return
    if dialect == "segment":
        yield from read_calls(name, _told(call), bytes(body), received_at, rules)
    elif dialect == "customerio":
        yield from _as_sent(read_call(call, bytes(body), received_at, rules), bytes(body))
    elif dialect == "tenure":
        yield from own.parse(call, body, received_at, rules)
    else:
        yield from _as_sent(read_hook(dialect, call, bytes(body), received_at, rules), bytes(body))


def _as_sent(found: Iterator[Said | Bad], body: bytes) -> Iterator[Said | Bad]:
    """Events of a request that is one event's."""
    for one in found:
        if isinstance(one, Said):
            one.raw = body
        yield one


def _known(dialect: str, call: str) -> str:
    """The call's own name. Refused `unknown_call`."""
    name = call.partition(" ")[0]
    if not call.isprintable():
        raise Refused("unknown_call", "the call holds characters that no address and no header has")
    known = {"segment": name in CALLS, "customerio": dialect == "customerio" and knows(call)}.get(dialect, True)
    if dialect not in DIALECTS or not known:
        raise Refused("unknown_call", f"{call[:60]!r} is no call of {dialect}")
    return name


def _told(call: str) -> dict[str, Any]:
    """What came outside of the body, behind the call's name as JSON."""
    text = call.partition(" ")[2].strip()
    if not text:
        return {}
    try:
        told = whole(text.encode())
    except (Unusable, UnicodeEncodeError):
        return {}
    return told if isinstance(told, dict) and legible(text.encode()) else {}
