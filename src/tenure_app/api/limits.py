"""How often somebody may ask: a bucket of requests that fills up steadily, one a key and process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.conf import settings

from tenure_app.api.problems import Problem

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["BURST_SECONDS", "forget", "say_left", "taken"]

BURST_SECONDS: Final = 4
"""So many seconds' worth of requests may be asked at once."""
_MOST: Final = 10_000
"""Buckets that are remembered, those used last."""


@dataclass(slots=True)
class _Bucket:
    """What was left at an instant of the monotonic clock, in seconds."""

    left: float
    at: float


_buckets: OrderedDict[str, _Bucket] = OrderedDict()
_lock = Lock()


def taken(request: HttpRequest, bucket: str) -> None:
    """Take one request out of a bucket. Problem 429 where it is empty, with the seconds until it is not."""
    rate = float(settings.TENURE_API_RATE)
    if rate <= 0:
        return
    size, now = max(1.0, rate * BURST_SECONDS), time.monotonic()
    with _lock:
        one = _buckets.setdefault(bucket, _Bucket(size, now))
        _buckets.move_to_end(bucket)
        while len(_buckets) > _MOST:
            _buckets.popitem(last=False)
        one.left, one.at = min(size, one.left + (now - one.at) * rate), now
        enough = one.left >= 1.0
        if enough:
            one.left -= 1.0
        left = one.left
    full = math.ceil((size - left) / rate)
    request.limits = (math.floor(size), math.floor(left), full)  # type: ignore[attr-defined]
    if not enough:
        wait = max(1, math.ceil((1.0 - left) / rate))
        raise Problem(429, "too_many_requests", f"at most {rate:g} requests a second; wait {wait} s", after=wait)


def say_left(request: HttpRequest, answer: HttpResponse) -> None:
    """Say in the answer's headers how many requests there may be at once, how many are left, and in how many seconds
    all are again."""
    if limits := getattr(request, "limits", None):
        for name, n in zip(("Limit", "Remaining", "Reset"), limits, strict=True):
            answer[f"RateLimit-{name}"] = str(n)


def forget() -> None:
    """Every bucket is full again: what tests of one process need."""
    with _lock:
        _buckets.clear()
