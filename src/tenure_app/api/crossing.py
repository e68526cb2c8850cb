"""Two APIs at one address: Customer.io's libraries send to /api/v1/customers and /api/v1/events, where Tenure's own API
is asked."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse

from tenure_app.api import intake
from tenure_app.api.problems import problem

__all__ = ["is_customerios", "taken_in"]

_CUSTOMERS: Final = "/api/v1/customers/"
_OTHERS: Final = ("/api/v1/events", "/api/v1/merge_customers")
_NO_KEY: Final = (
    "show a key: a program a key of the API, as Authorization: Bearer tk_…; Customer.io's libraries the source's key,"
    " as user of Basic authorization"
)


def is_customerios(request: HttpRequest) -> bool:
    """Whether a request is of Customer.io's Track API: it shows its key as Basic authorization, or none, and comes from
    nobody who is signed in."""
    if not request.path_info.startswith(_CUSTOMERS) and request.path_info not in _OTHERS:
        return False
    kind = request.headers.get("Authorization", "").partition(" ")[0].lower()
    if kind:
        return kind == "basic"
    return request.method not in ("GET", "HEAD") and "sessionid" not in request.COOKIES


def taken_in(request: HttpRequest) -> HttpResponse:
    """What its door answers; who shows no key at all may be of either API, and is told of both."""
    if request.method != "OPTIONS" and not request.headers.get("Authorization", ""):
        answer = problem(401, "no_key", _NO_KEY)
        answer["WWW-Authenticate"] += ', Basic realm="events"'
        return answer
    behind = request.path_info.removeprefix(_CUSTOMERS)
    return intake.customerio(request, rest="" if behind == request.path_info else behind)
