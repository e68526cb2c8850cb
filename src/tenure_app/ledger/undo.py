"""Takes back what an import brought: reversals are appended, nothing is removed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction
from django.db.models import Max, Min

from tenure.engine.base import statements
from tenure.errors import TenureError
from tenure_app.ledger.alone import importing_alone
from tenure_app.ledger.intake import MARK
from tenure_app.ledger.models import REVERSED, Event, ImportRun
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UNDO", "Undone", "announce", "announced", "undo"]

UNDO: Final = "undo"
"""The format of a run that undoes another one; its options name which."""
_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a run's keys: taken back, put back to what another run said, left because a later run says
    otherwise by now."""

    reversed: int
    restored: int
    left: int


def announce(run: ImportRun, *, by: str, now: int) -> ImportRun:
    """The run that is going to undo another one, which whoever undoes it then goes on with. Refused as `undo`."""
    with importing_alone():
        run.refresh_from_db()
        _must_be_done(run)
        return _undoing(run, by, now)


def announced(run: ImportRun) -> ImportRun | None:
    """The run that is to undo another one and has not ended, or None."""
    begun = (ImportRun.RUNNING, ImportRun.STOPPED)
    return ImportRun.objects.filter(format=UNDO, options={"undoes": run.pk}, state__in=begun).first()


def undo(run: ImportRun, *, by: str, now: Callable[[], int], wait: bool = False) -> Undone:
    """Append what takes back the facts of a run, as a run of its own; who stops in between may begin anew.

    Of each key that it spoke of, what the other runs said last holds afterwards, in whatever order runs are undone.

    Refused for a run that is not finished, undone already, or itself an undoing, and while an import is under way,
    unless one will `wait` for it.
    """
    with importing_alone(wait=wait):
        run.refresh_from_db()
        _must_be_done(run)
        mine = _undoing(run, by, now())
        try:
            return _undo(run, mine, now)
        except BaseException as error:
            why = str(error) if isinstance(error, TenureError) else type(error).__name__
            mine.state, mine.counts = ImportRun.STOPPED, {**mine.counts, "stopped": why}
            mine.save(update_fields=["state", "counts"])
            raise


def _undoing(run: ImportRun, by: str, now: int) -> ImportRun:
    found = announced(run)
    if found is not None:
        found.state, found.counts = ImportRun.RUNNING, {k: v for k, v in found.counts.items() if k != "stopped"}
        found.save(update_fields=["state", "counts"])
        return found
    return ImportRun.objects.create(
        format=UNDO, options={"undoes": run.pk}, state=ImportRun.RUNNING, file_name=run.file_name,
        file_hash=run.file_hash, source=run.source, began_at=now, by=by,
        counts={"events_before": Event.objects.aggregate(last=Max("id"))["last"] or 0},
    )  # fmt: skip


def _undo(run: ImportRun, mine: ImportRun, now: Callable[[], int]) -> Undone:
    said = statements("tenure_app.ledger", "undo")
    brought = Event.objects.filter(run=run, id__gt=_before(run))
    span = brought.aggregate(low=Min("id"), high=Max("id"))
    low, high = span["low"] or 1, span["high"] or 0
    for first in range(low, high + 1, _AT_ONCE):
        last = min(first + _AT_ONCE - 1, high)
        asked = {"run": run.pk, "by": mine.pk, "low": first, "high": last, "now": now(), "mark": MARK}
        with transaction.atomic(), connection.cursor() as cursor:
            for name in ("reverse", "restore", "bodies"):
                cursor.execute(said[name], asked)
            mine.counts |= {"done": last - low + 1, "of": high - low + 1}
            mine.save(update_fields=["counts"])
    return _finish(run, mine, now())


def _before(run: ImportRun) -> int:
    """The last event before the run, to look for its own by number: a run has no index of its own."""
    return int(run.counts.get("events_before", 0))


def _must_be_done(run: ImportRun) -> None:
    if run.format == UNDO:
        raise Refused("an_undoing", f"run {run.pk} was not undone: it undid another one; import that one's file again")
    if run.state == ImportRun.RUNNING:
        raise Refused("run_under_way", f"run {run.pk} was not undone: it is not finished; import its file again first")
    if run.state == ImportRun.UNDONE:
        raise Refused("undone_already", f"run {run.pk} was undone already; import its file again to have it back")


def _finish(run: ImportRun, mine: ImportRun, now: int) -> Undone:
    done = Event.objects.filter(run=mine, id__gt=_before(mine))
    reversals = done.filter(kind__in=REVERSED).count()
    restored = done.count() - reversals
    with connection.cursor() as cursor:
        cursor.execute(statements("tenure_app.ledger", "undo")["spoken_of"], {"run": run.pk, "before": _before(run)})
        ((keys,),) = cursor.fetchall()
    undone = Undone(reversals, restored, int(keys) - reversals - restored)
    with transaction.atomic():
        mine.state, mine.ended_at, mine.counts = ImportRun.DONE, now, asdict(undone)
        mine.save(update_fields=["state", "ended_at", "counts"])
        run.state = ImportRun.UNDONE
        run.save(update_fields=["state"])
    return undone
