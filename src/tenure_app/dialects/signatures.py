"""Whether a webhook was sent by who knows the secret, and which message it is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tenure_app.refused import Refused

__all__ = ["TOLERANCE_US", "check"]

TOLERANCE_US: Final = 300_000_000
"""How far a signature's time may lie from ours: older ones may be replays."""
_PLAIN: Final = re.compile(r"[\x21-\x7e]{1,200}")


class _WithId(msgspec.Struct):
    id: str | None = None


def check(dialect: str, headers: Mapping[str, str], body: bytes, secret: str, now: int) -> str:
    """The id of a webhook's message, without blanks in it. now: us UTC; headers in whatever case.

    Refused `bad_signature` where the secret did not make it or the body is another one, `old_signature` where its time
    is more than five minutes from now. Shopify signs no time and no id: its message is known by its content.
    """
    found = {name.lower(): value for name, value in headers.items()}
    if not secret:
        # anybody can sign with nothing
        raise Refused("bad_signature", "no secret is set for this source: webhooks cannot be checked")
    return _CHECKS[dialect](found, body, secret, now)


def _stripe(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> str:
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value.encode("utf-8", "replace") for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not given:
        raise _bad("the header Stripe-Signature needs t and v1")
    expected = hmac.new(secret.encode(), times[0].encode("utf-8", "replace") + b"." + body, hashlib.sha256)
    _equal(expected.hexdigest().encode(), given)
    _in_time(times[0], now)
    try:
        said = msgspec.json.decode(body, type=_WithId).id
    except (msgspec.MsgspecError, ValueError, RecursionError):
        said = None
    return _message(said, body)


def _shopify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> str:  # noqa: ARG001
    given = headers.get("x-shopify-hmac-sha256") or headers.get("shopify-hmac-sha256") or ""
    expected = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    _equal(expected, [given.strip().encode("utf-8", "replace")])
    # headers are not signed: who has one request could send it again under another id
    return hashlib.sha256(body).hexdigest()[:32]


def _standard(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> str:
    message, time, given = (
        headers.get(f"webhook-{name}") or headers.get(f"svix-{name}") or "" for name in ("id", "timestamp", "signature")
    )
    if not (message and time and given):
        raise _bad("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_") + "==")
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise _bad("the secret of this source is none: whsec_ and Base64")
    signed = f"{message}.{time}.".encode("utf-8", "replace") + body
    expected = base64.b64encode(hmac.digest(key, signed, "sha256"))
    versions = [each.partition(",") for each in given.split(" ")]
    _equal(expected, [value.encode("utf-8", "replace") for version, _, value in versions if version == "v1"])
    _in_time(time, now)
    return _message(message, body)


def _equal(expected: bytes, given: list[bytes]) -> None:
    """Refused unless one of those given is it; each is compared in the same time."""
    fits = [hmac.compare_digest(expected, each) for each in given]
    if not any(fits):
        raise _bad("no signature fits the body and the secret")


def _in_time(text: str, now: int) -> None:
    if not (text.isascii() and text.isdigit() and len(text) < 13):
        raise _bad("the time of the signature is no number of seconds")
    if abs(now - int(text) * 1_000_000) > TOLERANCE_US:
        why = "the signature was made more than five minutes from now: it is old, or a clock is wrong"
        raise Refused("old_signature", why)


def _message(said: str | None, body: bytes) -> str:
    """The id that was signed; a hash of the body for one that would not stay one word."""
    return said if said and _PLAIN.fullmatch(said) else hashlib.sha256(body).hexdigest()[:32]


def _bad(why: str) -> Refused:
    return Refused("bad_signature", why)


_CHECKS: Final = {"stripe": _stripe, "shopify": _shopify, "standard": _standard}
