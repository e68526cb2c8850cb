"""Pages of long lists: a cursor says behind what to go on, so that what is added meanwhile shifts nothing."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings

from tenure_app.api.problems import Problem

__all__ = ["MOST", "USUAL", "after", "cursor"]

USUAL, MOST = 100, 500
"""Items of a page, and how many one may ask for."""
_SIGNED: Final = 9
"""Bytes of the signature: it keeps people from writing cursors, and guards nothing."""


def cursor(list_of: str, key: Sequence[int]) -> str:
    """What leads on behind a key; list_of: the list with its filters, of which alone it is good."""
    raw = json.dumps(list(key), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_signature(list_of, raw) + raw).decode().rstrip("=")


def after(list_of: str, said: str | None, length: int) -> tuple[int, ...] | None:
    """The key behind which to go on, None for the beginning. Problem for a cursor of another list, or none."""
    if not said:
        return None
    try:
        whole = base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
        signature, raw = whole[:_SIGNED], whole[_SIGNED:]
        if not hmac.compare_digest(signature, _signature(list_of, raw)):
            raise ValueError
        found: list[Any] = json.loads(raw)
    except (ValueError, binascii.Error):
        raise Problem(422, "bad_cursor", "the cursor is none of this list and these filters; begin anew") from None
    return tuple(int(part) for part in found[:length])


def _signature(list_of: str, raw: bytes) -> bytes:
    key = f"tenure.cursor {settings.SECRET_KEY}".encode()
    return hmac.digest(key, list_of.encode() + b"\0" + raw, "sha256")[:_SIGNED]
