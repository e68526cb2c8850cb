"""The doors for events: what every one of them does about methods, sizes, other sites' pages and what goes wrong."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from tenure.errors import TenureError
from tenure_app.dialects.reading import MOST_BYTES
from tenure_app.refused import Refused
from tenure_app.roles import Permission

__all__ = ["MOST_BYTES", "Answer", "Turned", "body_of", "door", "open_door", "said"]

_PIECE: Final = 65_536
_GZIP: Final = b"\x1f\x8b"
_SOON: Final = 5
"""Seconds after which who was turned away for want of room may come again."""

Answer = Callable[..., HttpResponse]
_log = logging.getLogger("tenure.intake")


class Turned(Exception):
    """Somebody is turned away: the status, a word for programs and a line for people."""

    def __init__(self, status: int, code: str, message: str, after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.after = status, code, after


def door(*methods: str) -> Callable[[Answer], Answer]:
    """Marks a view as a door for events: whoever shows a source's key or signature gets in, from any site's page.

    Every answer is JSON; what is refused has `code` and `message`, which libraries look for. Whatever goes wrong with
    the database is answered 503, so that the library comes again.
    """

    def marked(view: Answer) -> Answer:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            answer = _answered(view, methods, request, *args, **kwargs)
            if "Origin" in request.headers:
                _for_other_sites(answer, methods)
            answer["X-Content-Type-Options"] = "nosniff"
            return answer

        guarded.permission = Permission.SEND  # type: ignore[attr-defined]
        guarded.methods = methods  # type: ignore[attr-defined]
        return guarded

    return marked


def _answered(
    view: Answer, methods: tuple[str, ...], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:  # fmt: skip
    if request.method == "OPTIONS":
        return HttpResponse(status=204)
    if request.method not in methods:
        answer = _no(405, "method_not_allowed", f"{request.method} is not possible here")
        answer["Allow"] = ", ".join((*methods, "OPTIONS"))
        return answer
    try:
        return view(request, *args, **kwargs)
    except Turned as turned:
        answer = _no(turned.status, turned.code, str(turned))
        if turned.after is not None:
            answer["Retry-After"] = str(turned.after)
        if turned.status == 401:
            answer["WWW-Authenticate"] = 'Basic realm="events"'
        return answer
    except Refused as refusal:
        return _no(400, refusal.code, str(refusal))
    except TenureError as wrong:
        return _no(400, "invalid_input", str(wrong))
    except DatabaseError as error:
        # nothing was written: the library keeps what it wanted to say and comes again
        _log.error("a request was not stored: %s", type(error).__name__)
        answer = _no(503, "not_stored", "the events were not stored; send them again")
        answer["Retry-After"] = str(_SOON)
        return answer


def _for_other_sites(answer: HttpResponse, methods: tuple[str, ...]) -> None:
    """What a browser asks before it lets another site's page send events; no cookie is ever looked at."""
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Access-Control-Allow-Methods"] = ", ".join((*methods, "OPTIONS"))
    answer["Access-Control-Allow-Headers"] = (
        "authorization, content-type, content-encoding, x-retry-count, anonymousid, sentat"
    )
    answer["Access-Control-Expose-Headers"] = "retry-after"
    answer["Access-Control-Max-Age"] = "86400"


def _no(status: int, code: str, message: str) -> HttpResponse:
    return said({"success": False, "code": code, "message": message}, status)


def said(answer: Any, status: int = 200) -> HttpResponse:
    """An answer as JSON."""
    return HttpResponse(json.dumps(answer, separators=(",", ":")), content_type="application/json", status=status)


def body_of(request: HttpRequest) -> bytes:
    """The body as it was meant, whatever its type is called; unpacked where it is gzip, by its own first bytes too.

    Turned where it is larger than MOST_BYTES, unpacked or not, or no whole gzip.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > MOST_BYTES:
        raise _too_large()
    raw: bytes = request.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise _too_large()
    if not (raw.startswith(_GZIP) or request.headers.get("Content-Encoding", "").lower() == "gzip"):
        return raw
    return _unpacked(raw)


def _unpacked(raw: bytes) -> bytes:
    unpacking, out, left = zlib.decompressobj(16 + zlib.MAX_WBITS), bytearray(), raw
    try:
        while left and not unpacking.eof:
            out += unpacking.decompress(left, _PIECE)
            if len(out) > MOST_BYTES:
                raise _too_large()
            left = unpacking.unconsumed_tail
    except zlib.error:
        raise Turned(400, "invalid_gzip", "the body says that it is gzip and is not") from None
    if not unpacking.eof:
        raise Turned(400, "invalid_gzip", "the body is gzip that was cut off")
    return bytes(out)


def _too_large() -> Turned:
    return Turned(413, "too_large", f"a request holds at most {MOST_BYTES:,} bytes; send smaller batches")


def open_door(where: str, view: Answer, name: str) -> URLPattern:
    """A route to a door; AttributeError for a view that is none."""
    assert view.permission is Permission.SEND  # type: ignore[attr-defined]
    return path(where, view, name=name)
