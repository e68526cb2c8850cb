"""Slows down who guesses passwords: after a few failures nobody is let in by that name, or from there, for a while.

Kept in the database, so that it holds in every process; names and addresses as keyed hashes, a quarter of an hour long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from tenure_app.ledger.models import FailedSignIn

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["MOST_BY_ADDRESS", "MOST_BY_NAME", "PAUSE_US", "failed", "succeeded", "to_wait"]

PAUSE_US: Final = 15 * 60 * 1_000_000
MOST_BY_NAME: Final = 5
MOST_BY_ADDRESS: Final = 20
"""More than by a name: a shop's people often share one."""


def to_wait(request: HttpRequest, name: str, *, now: int) -> int:
    """Seconds for which no password of this name is looked at, or none from where the request comes; 0: go on.

    The same for a name that nobody has, so that it tells nothing.
    """
    waits = [0]
    for who, most in zip(_who(request, name), (MOST_BY_NAME, MOST_BY_ADDRESS), strict=True):
        lately = FailedSignIn.objects.filter(who=who, at__gt=now - PAUSE_US, at__lte=now)
        times = list(lately.order_by("-at").values_list("at", flat=True)[:most])
        if len(times) == most:
            waits.append(-(-(times[-1] + PAUSE_US - now) // 1_000_000))
    return max(waits)


def failed(request: HttpRequest, name: str, *, now: int) -> None:
    """Remember a failure, and forget those that count no more."""
    with transaction.atomic():
        FailedSignIn.objects.filter(at__lte=now - PAUSE_US).delete()
        FailedSignIn.objects.bulk_create([FailedSignIn(who=who, at=now) for who in _who(request, name)])


def succeeded(request: HttpRequest, name: str) -> None:
    """The name's failures are forgotten; those of the address stay, or a guesser with a name of their own went on."""
    FailedSignIn.objects.filter(who=_who(request, name)[0]).delete()


def _who(request: HttpRequest, name: str) -> tuple[str, str]:
    said = f"name:{name.strip().casefold()[:200]}", f"address:{_address(request)}"
    name_key, address_key = (salted_hmac("tenure.guessing", one, algorithm="sha256").hexdigest() for one in said)
    return name_key, address_key


def _address(request: HttpRequest) -> str:
    """Where the request comes from; behind a server that speaks TLS, what that server says, the last it added."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")
