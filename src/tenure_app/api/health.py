"""What whoever runs the server asks: does it live, may it be sent requests, how much of what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.http import HttpRequest, HttpResponse, JsonResponse

from tenure_app import clock
from tenure_app.api import seen
from tenure_app.api.auth import found_by_key
from tenure_app.api.problems import Problem, answer_to
from tenure_app.api.scopes import Scope
from tenure_app.ledger.models import Event
from tenure_app.listen.models import Quarantined, Touched
from tenure_app.listen.receiving import backlog
from tenure_app.listen.spool import oldest_at
from tenure_app.live.alone import at_work
from tenure_app.live.models import HookMessage, Standing
from tenure_app.roles import Permission, may, role_of

__all__ = ["livez", "metrics", "readyz"]

_LOOPBACK: Final = ("127.0.0.1", "::1")
_migrated: set[str] = set()
"""Databases whose tables were found to be of this version: they stay so while the process lives."""


def livez(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200: the process answers."""
    return JsonResponse({"live": True})


def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """200: requests may be sent here; 503: not, and why. Besides for how long the oldest event waits for the worker,
    and whether one is at work."""
    try:
        why = _why_not()
        waits = None if why else _waits()
        working = None if why else at_work()
    except (DatabaseError, InterfaceError):
        why, waits, working = "the database does not answer", None, None
    said: dict[str, Any] = {"ready": not why, "why": why, "oldest_waits_seconds": waits, "worker": working}
    return JsonResponse(said, status=503 if why else 200)


def _why_not() -> str | None:
    name = str(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        if name in _migrated:
            return None
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "the tables are not of this version; run: tenure migrate"
    _migrated.add(name)
    return None


def _waits() -> float:
    oldest = oldest_at()
    return 0.0 if oldest is None else max(0.0, (clock.now() - oldest) / 1e6)


def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers as Prometheus reads them: of this process what it answered, of the database what waits. For this machine
    itself, for a key with the scope `see`, for who is signed in and may see."""
    if not _may_count(request):
        return answer_to(request, Problem(401, "no_key", "show a key with the scope see: Authorization: Bearer tk_…"))
    text = "".join(f"{line}\n" for line in _lines())
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_count(request: HttpRequest) -> bool:
    # whoever comes through a server in front comes from this machine, too
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & set(request.headers)
    if request.META.get("REMOTE_ADDR") in _LOOPBACK and not forwarded and not settings.SECURE_PROXY_SSL_HEADER:
        return True
    try:
        caller = found_by_key(request)
    except Problem:
        return False
    if caller is not None and caller.key is not None:
        return Scope.SEE in caller.key.scopes
    return may(role_of(request.user), Permission.SEE)


def _lines() -> Iterator[str]:
    yield from seen.lines()
    for name, (kind, says, value) in _counted().items():
        yield f"# HELP tenure_{name} {says}"
        yield f"# TYPE tenure_{name} {kind}"
        yield f"tenure_{name} {value:g}"


def _counted() -> dict[str, tuple[str, str, float]]:
    """What the database tells: by name, the metric's type, what it is, and its value."""
    now = clock.now()
    due = HookMessage.objects.filter(state=HookMessage.DUE, hook__ended_at=None)
    first_due, last = due.aggregate(at=Min("made_at"))["at"], Event.objects.aggregate(n=Max("pk"))["n"]
    told_late = 0.0 if first_due is None else max(0.0, (now - first_due) / 1e6)
    return {
        "ledger_events_total": ("counter", "Number of the last event of the ledger.", last or 0),
        "received_waiting": ("gauge", "Requests that wait for the worker, about.", backlog()),
        "received_oldest_seconds": ("gauge", "For how long the oldest of them waits.", _waits()),
        "quarantine_waiting": (
            "gauge", "Events in quarantine.", Quarantined.objects.filter(state=Quarantined.WAITING).count(),
        ),
        "people_touched": ("gauge", "People whose standing is behind their events.", Touched.objects.count()),
        "standings_due": (
            "gauge", "People whom silence moves and who were not moved yet.",
            Standing.objects.filter(next_at__lte=now).count(),
        ),
        "hook_messages_due": ("gauge", "Messages to webhooks that are due.", due.count()),
        "hook_messages_oldest_seconds": ("gauge", "For how long the oldest of them is due.", told_late),
        "worker": ("gauge", "1 where a worker is at work.", float(at_work())),
    }  # fmt: skip


livez.permission = readyz.permission = Permission.NONE  # type: ignore[attr-defined]
metrics.permission = Permission.SEE  # type: ignore[attr-defined]
