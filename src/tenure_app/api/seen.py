"""Every request once it is answered: counted, and said in one line of the log without anything of people."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Final

from django.http import HttpRequest, HttpResponse

__all__ = ["Seen", "forget", "lines"]

_log = logging.getLogger("tenure.request")
_PARTS: Final = frozenset({"v1", "api", "beacon", "hooks", "sourceConfig", "static", "livez", "readyz", "metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_counts: dict[tuple[str, str, int], list[float]] = {}
"""By method, part and status: how many, and how many seconds they took."""
_lock = Lock()


class Seen:
    """Counts and says every request. Its part is the first word of its address, as further words may be people's ids;
    of pages that have one, the line names the route."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._others = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The others' answer."""
        began = time.perf_counter()
        answer = self._others(request)
        took = time.perf_counter() - began
        first = request.path_info.lstrip("/").partition("/")[0]
        part = first if first in _PARTS else "console"
        method = str(request.method) if request.method in _METHODS else "other"
        with _lock:
            one = _counts.setdefault((method, part, answer.status_code), [0, 0.0])
            one[0] += 1
            one[1] += took
        if _log.isEnabledFor(logging.INFO):
            found = getattr(request, "resolver_match", None)
            told = {
                "method": method, "part": part, "route": getattr(found, "route", None), "status": answer.status_code,
                "ms": round(took * 1000, 1),
            }  # fmt: skip
            _log.info("%s %s %s", method, part, answer.status_code, extra={"told": told})
        return answer


def lines() -> Iterator[str]:
    """What this process answered, as Prometheus reads it."""
    with _lock:
        rows = sorted((key, tuple(value)) for key, value in _counts.items())
    for name, kind, says, place in (
        ("requests_total", "counter", "Requests that this process answered.", 0),
        ("request_seconds_total", "counter", "Seconds that it took for them.", 1),
    ):
        yield f"# HELP tenure_{name} {says}"
        yield f"# TYPE tenure_{name} {kind}"
        for (method, part, status), numbers in rows:
            yield f'tenure_{name}{{method="{method}",part="{part}",status="{status}"}} {numbers[place]:g}'


def forget() -> None:
    """Count from nothing again: what tests of one process need."""
    with _lock:
        _counts.clear()
