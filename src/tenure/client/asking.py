"""One request to a Tenure server and its answer: JSON over HTTP, tried again where that can help."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tenure.errors import TenureError

__all__ = ["ApiError", "Asking", "Conflict", "Invalid", "NotAllowed", "NotThere", "TooMany", "Unavailable"]

_AGAIN: Final = frozenset({429, 502, 503, 504})
"""Answers after which the same request may succeed."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 8.0
_SHORTEST: Final = 0.05
"""Seconds that a try has at least."""


class ApiError(TenureError):
    """The server refused, or did not answer. status: of HTTP, 0 where there was no answer; code: for programs; detail:
    one line for people; after: seconds until it is worth trying again, where the server said so."""

    def __init__(self, status: int, code: str, detail: str, after: float | None = None) -> None:
        super().__init__(f"{detail} ({status} {code})" if status else detail)
        self.status, self.code, self.detail, self.after = status, code, detail, after


class Invalid(ApiError):
    """400, 405, 413, 422: what was asked cannot be."""


class NotAllowed(ApiError):
    """401, 403: nobody's key, or one that may not."""


class NotThere(ApiError):
    """404: nobody or nothing is there."""


class Conflict(ApiError):
    """409: not as things stand."""


class TooMany(ApiError):
    """429: too many requests, also after waiting."""


class Unavailable(ApiError):
    """5xx, or no answer at all, also after waiting."""


_KINDS: Final[Mapping[int, type[ApiError]]] = {
    401: NotAllowed, 403: NotAllowed, 404: NotThere, 409: Conflict, 429: TooMany,
}  # fmt: skip


class _NoRedirects(HTTPRedirectHandler):
    """The key is shown to the server that was named, and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: the redirect is an answer like any other."""


class Asking:
    """Sends requests to one server with one key. timeout: seconds of one try; patience: seconds since the first try
    began for which a request is tried again, pauses and tries together."""

    def __init__(
        self, url: str, key: str, *, timeout: float = 30.0, patience: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        if urlsplit(url).scheme not in ("http", "https"):
            raise Invalid(0, "bad_address", f"{url!r} is no address of a server; write https://…")
        self._root = url.rstrip("/") + "/api/v1"
        self._key, self._timeout, self._patience, self._sleep = key, timeout, patience, sleep
        self._opener = build_opener(_NoRedirects())

    def ask(
        self, method: str, where: str, query: Mapping[str, Any] | None = None, body: Any = None, word: str | None = None
    ) -> Any:
        """What the server answers, its JSON read. A POST carries a word of its own (`word`, or one drawn by chance), so
        that it is carried out once however often it is sent. ApiError where it is refused, at the end."""
        request = self._request(method, where, query or {}, body, word)
        began, timeout = time.monotonic(), self._timeout
        waited, wait = 0.0, _FIRST_WAIT
        while True:
            try:
                return self._sent(request, timeout)
            except ApiError as error:
                pause = max(wait, error.after or 0.0)
                # a `sleep` of tests may take no time: what was waited counts in any case
                spent = max(waited, time.monotonic() - began)
                if (error.status and error.status not in _AGAIN) or spent + pause > self._patience:
                    raise
                self._sleep(pause)
                waited, wait = waited + pause, min(2 * wait, _LONGEST_WAIT)
                left = self._patience - (time.monotonic() - began)
                timeout = max(_SHORTEST, min(self._timeout, left))

    def _request(
        self, method: str, where: str, query: Mapping[str, Any], body: Any, word: str | None
    ) -> Request:  # fmt: skip
        said = {name: _word(value) for name, value in query.items() if value is not None}
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "User-Agent": "tenure-client"}
        if method == "POST":
            headers["Idempotency-Key"] = word or str(uuid.uuid4())
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        address = self._root + where + (f"?{urlencode(said)}" if said else "")
        return Request(address, data=content, headers=headers, method=method)

    def _sent(self, request: Request, timeout: float) -> Any:
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                content = answer.read()
        except HTTPError as refused:
            with refused:
                raise _error(refused) from None
        except (URLError, HTTPException, OSError) as error:
            why = getattr(error, "reason", None) or error
            raise Unavailable(0, "no_answer", f"the server does not answer: {why}") from error
        return json.loads(content) if content else None


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(refused: HTTPError) -> ApiError:
    """The error of an answer, whatever its body is."""
    try:
        said = json.loads(refused.read())
        code, detail = str(said["code"]), str(said["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        code, detail = "no_problem", f"the server answered {refused.code} {refused.reason}"
    usual = Unavailable if refused.code >= 500 else Invalid
    after = refused.headers.get("Retry-After", "")
    return _KINDS.get(refused.code, usual)(refused.code, code, detail, float(after) if after.isdecimal() else None)
