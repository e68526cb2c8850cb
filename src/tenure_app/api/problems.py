"""What the API says when something is wrong: problem details as RFC 9457 has them, for every error there is."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import duckdb
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpResponse
from ninja.errors import HttpError, ValidationError

from tenure.errors import TenureError
from tenure_app.insight import opening
from tenure_app.insight.reading import NothingYet, NotReady
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["MEDIA_TYPE", "Problem", "answer_to", "problem"]

MEDIA_TYPE: Final = "application/problem+json"
_LATER: Final = 1
"""Seconds after which to ask again for what is being computed."""
_CONFLICTS: Final = frozenset({
    "same_policy", "source_exists", "import_under_way", "mirror_busy", "name_taken", "already_decided", "many_hooks",
    "hook_ended", "turned_today", "still_due",
})  # fmt: skip
"""Codes of refusals that are about how things stand, not about what was asked."""
_log = logging.getLogger("tenure.api")


class Problem(Exception):
    """The request is answered with this status, a code for programs and a line for people."""

    def __init__(self, status: int, code: str, detail: str, *, after: int | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.after, self.more = status, code, detail, after, more


def problem(status: int, code: str, detail: str, *, after: int | None = None, **more: Any) -> HttpResponse:
    """The answer. after: seconds until it is worth trying again; more: further members."""
    said = {
        "type": f"urn:tenure:problem:{code}", "title": HTTPStatus(status).phrase, "status": status, "detail": detail,
        "code": code, **more,
    }  # fmt: skip
    answer = HttpResponse(json.dumps(said, ensure_ascii=False), content_type=MEDIA_TYPE, status=status)
    if after is not None:
        answer["Retry-After"] = str(after)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Bearer realm="tenure"'
    answer["Cache-Control"] = "no-store"
    return answer


def answer_to(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001 - as django-ninja calls it
    """The answer to whatever was raised; a mistake of ours says nothing of what went wrong, the log does."""
    if isinstance(error, Problem):
        return problem(error.status, error.code, error.detail, after=error.after, **error.more)
    known = _of_request(error) or _of_product(error)
    if known is not None:
        return known
    _log.error("a request failed: %s", type(error).__name__, exc_info=error)
    if isinstance(error, DatabaseError):
        return problem(503, "no_database", "the database does not answer; try again", after=5)
    return problem(500, "internal", "this is a mistake of ours; the server's log says where")


def _of_request(error: Exception) -> HttpResponse | None:
    """What is wrong with the request itself."""
    match error:
        case ValidationError():
            wrong = [{"where": _where(one["loc"]), "why": one["msg"]} for one in error.errors]
            said = "; ".join(f"{one['where']}: {one['why']}" for one in wrong[:5])
            return problem(422, "invalid_input", said, errors=wrong)
        case Http404():
            return problem(404, "not_found", str(error) or "nothing is there")
        case RequestDataTooBig():
            return problem(413, "too_large", "a request has at most 2.5 MB; send less at a time")
        case SuspiciousOperation():
            return problem(400, "bad_request", "the request cannot be read")
        case HttpError():
            codes = {400: "bad_request", 401: "no_key", 403: "forbidden", 429: "too_many_requests"}
            return problem(error.status_code, codes.get(error.status_code, "refused"), str(error))
    return None


def _of_product(error: Exception) -> HttpResponse | None:
    """What the product waits for or refuses."""
    match error:
        case NotReady():
            said = error.why or error.said or "the picture is being computed"
            return problem(503, "not_ready", f"{said}; ask again", after=_LATER)
        case NothingYet():
            return problem(404, "nothing_yet", "nobody was known before that day")
        case Refused():
            return problem(409 if error.code in _CONFLICTS else 422, error.code, str(error))
        case TenureError():
            return problem(422, "invalid_input", str(error))
        case duckdb.OutOfMemoryException():
            return None
        case duckdb.Error():
            # a file of the pictures is damaged: what is in it can be computed again
            try:
                opening.mend()
            except NotReady as wait:
                return _of_product(wait)
    return None


def _where(place: tuple[str | int, ...]) -> str:
    """Where in a request: the place without the name of its model."""
    first, *rest = (str(part) for part in place)
    return ".".join((first, *rest))
