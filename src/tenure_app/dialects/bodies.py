"""JSON that came from outside, taken apart without trust: what no store can keep never gets past here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tenure_app.dialects.said import Bad

__all__ = ["DEEPEST", "NOT_READ", "Unusable", "bad", "legible", "mended", "readable", "text_of", "too_deep", "whole"]

DEEPEST: Final = 100
"""Levels of an event's JSON; deeper ones are nobody's event."""
NOT_READ: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)
"""What reading JSON may raise."""
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_DECODER: Final = msgspec.json.Decoder()


class Unusable(Exception):
    """An event cannot be put on the timeline: a code for programs and one line for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def mended(body: bytes) -> bytes:
    """The body with NUL in the place of halves of characters.

    Browsers write an emoji that was cut in two as half a pair. No reader of JSON takes that, and one such event must
    not keep a hundred others out; `legible` then finds the NUL in the event that had it.
    """
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPES.sub(lambda found: b"\\u0000" if found[1] else found[0], body)


def legible(raw: bytes) -> bool:
    """Whether the JSON holds no NUL, which PostgreSQL keeps in no text."""
    return b"\\u0000" not in raw or _NUL.search(raw) is None


def too_deep(value: Any) -> bool:
    """Whether lists and objects lie in each other more than DEEPEST levels deep."""
    ahead = [(value, 1)]
    while ahead:
        each, depth = ahead.pop()
        if isinstance(each, dict | list):
            if depth > DEEPEST:
                return True
            ahead += [(inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each)]
    return False


def readable(raw: bytes) -> None:
    """Unusable `bad_text` or `too_deep` for an event that is JSON and cannot be kept all the same."""
    if not legible(raw):
        raise Unusable("bad_text", "a text holds a NUL or half a character, which no database keeps")
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and too_deep(whole(raw)):
        raise Unusable("too_deep", f"lists and objects lie in each other more than {DEEPEST} levels deep")


def whole(raw: bytes) -> Any:
    """What the JSON says; Unusable `invalid_json` where it says nothing."""
    try:
        return _DECODER.decode(raw)
    except RecursionError:
        raise Unusable("too_deep", f"lists and objects lie in each other more than {DEEPEST} levels deep") from None
    except NOT_READ as error:
        raise Unusable("invalid_json", f"the JSON cannot be read: {error}") from None


def text_of(raw: bytes) -> str:
    """The bytes as text that any database keeps."""
    return bytes(raw).decode("utf-8", "replace").replace("\x00", "\ufffd")


def bad(error: Unusable, name: object, raw: bytes) -> Bad:
    """The event for quarantine. name: what it calls itself, whatever that is."""
    known = name if isinstance(name, str) else ""
    return Bad(error.code, error.reason, "".join(_plain(known[:200])), text_of(raw))


def _plain(text: str) -> Iterator[str]:
    """The characters, with a mark for those that no database keeps."""
    for character in text:
        yield "\ufffd" if character == "\x00" or "\ud800" <= character <= "\udfff" else character
