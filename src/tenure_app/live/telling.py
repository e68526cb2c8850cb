"""What is to be told outside, written down with what happened: one message for each address that asked for its kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tenure.periods import format_instant
from tenure_app.ledger.bulk import put
from tenure_app.ledger.models import ImportRun
from tenure_app.live.clearing import CLEARED_US
from tenure_app.live.models import Hook, HookMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["IMPORT_FINISHED", "tell", "tell_of_imports"]

IMPORT_FINISHED: Final = "import.finished"
_COLUMNS: Final = ("hook_id", "uid", "kind", "body", "made_at", "state", "due_at", "attempts")
_RUNS: Final = 50
"""Finished imports that are looked at: of those before them everybody was told long ago."""


def tell(kind: str, told: Sequence[tuple[str, int, dict[str, Any]]], *, now: int) -> None:
    """Write down what happened, (uid, instant, data) each, for every address that is told of this kind."""
    hooks = [one.pk for one in Hook.objects.filter(ended_at=None) if kind in one.kinds] if told else []
    rows = []
    for uid, at, data in told if hooks else ():
        body = json.dumps({"type": kind, "timestamp": format_instant(at), "data": data}, separators=(",", ":"))
        rows += [(hook, uid, kind, body, now, HookMessage.DUE, now, 0) for hook in hooks]
    put("tenure_hookmessage", _COLUMNS, rows)


def tell_of_imports(*, now: int) -> int:
    """Write down the imports that ended since an address asked for them and of which it was not told; how many. None
    that is so old that what was told of it is cleared away."""
    hooks = [one for one in Hook.objects.filter(ended_at=None) if IMPORT_FINISHED in one.kinds]
    if not hooks:
        return 0
    runs = list(ImportRun.objects.filter(state=ImportRun.DONE, ended_at__gte=now - CLEARED_US)[:_RUNS])
    uids = [_uid(run) for run in runs]
    known = set(HookMessage.objects.filter(hook__in=hooks, uid__in=uids).values_list("hook_id", "uid"))
    rows = []
    for run in reversed(runs):
        assert run.ended_at is not None
        body = json.dumps(
            {"type": IMPORT_FINISHED, "timestamp": format_instant(run.ended_at), "data": _said(run)},
            separators=(",", ":"),
        )
        rows += [
            (hook.pk, _uid(run), IMPORT_FINISHED, body, now, HookMessage.DUE, now, 0)
            for hook in hooks if hook.made_at <= run.ended_at and (hook.pk, _uid(run)) not in known
        ]  # fmt: skip
    put("tenure_hookmessage", _COLUMNS, rows)
    return len(rows)


def _uid(run: ImportRun) -> str:
    return f"run_{run.pk}"


def _said(run: ImportRun) -> dict[str, Any]:
    """Of an import: which and how much; its file's name stays here, for people put names of people into those."""
    counts = {name: run.counts.get(name, 0) for name in ("facts", "added", "corrected", "duplicates", "people")}
    return {"run": run.pk, "format": run.format, **counts}
