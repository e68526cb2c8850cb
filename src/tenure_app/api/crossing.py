"""Two APIs at one address: Customer.io's libraries send to /api/v1/customers and /api/v1/events, where Tenure's own API
is asked."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse

from tenure_app.api import intake

__all__ = ["is_customerios", "taken_in"]

_CUSTOMERS: Final = "/api/v1/customers/"
_OTHERS: Final = ("/api/v1/events", "/api/v1/merge_customers")


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
    """What its door answers."""
    behind = request.path_info.removeprefix(_CUSTOMERS)
    return intake.customerio(request, rest="" if behind == request.path_info else behind)
