"""One import from its file to the end: looked at first, run, run again after it was killed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Count, Max

from tenure.engine.duckdb import DuckDB
from tenure.errors import BadFile, TenureError
from tenure_app.imports.form import Parsed
from tenure_app.imports.parse import parse
from tenure_app.ledger import intake, people
from tenure_app.ledger.alone import importing_alone
from tenure_app.ledger.bulk import insert
from tenure_app.ledger.models import CORRECTED, Event, ImportRun, Person, RejectedRow, Shop, Source
from tenure_app.ledger.undo import UNDO
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from tenure.read import Columns

__all__ = ["MEMORY", "Asked", "Look", "Progress", "begin", "look", "run"]

_SQL: Final = "tenure_app.ledger"
MEMORY: Final = "2GB"
"""What the engine may take of a large file before it spills to disk."""
_SAMPLES: Final = 8
"""Rejected rows that a look shows."""

Progress = Callable[[str, int, int], None]
"""Told what is done now, how many facts of how many; of how many is 0 where that is not known yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to import and how; what is None is taken from the shop's settings or found by the file's columns.

    source: the namespace of keys and customers' ids, by default the maker of the export, so that a second shop of the
    same maker needs a name of its own.
    """

    path: Path
    format: str = "auto"
    source: str | None = None
    times_in: str | None = None
    currency: str | None = None
    customer_by: str | None = None
    columns: Columns | None = None
    file_name: str | None = None
    """What the user calls the file, where it lies elsewhere under another name."""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.file_name or self.path.name

    def completed(self) -> Asked:
        """With what the shop's settings say."""
        shop = Shop.objects.one()
        return replace(self, times_in=self.times_in or shop.zone, currency=self.currency or shop.currency or None)


@dataclass(frozen=True, slots=True)
class Look:
    """What an import would do: how many facts are new to the ledger, the same again, or said otherwise by now."""

    parsed: Parsed
    source: str
    new: int
    same: int
    otherwise: int
    known_people: int
    rejected: tuple[tuple[int, str, str | None], ...]
    """The first rows that cannot be used: line, code, the row."""


def look(asked: Asked, progress: Progress) -> Look:
    """The dry run: nothing is written. Refused, BadFile, BadColumns, BadTime as for the import itself."""
    asked = asked.completed()
    with DuckDB(memory_limit=MEMORY) as engine:
        progress("reading", 0, 0)
        parsed = _parse(engine, asked)
        intake.check_key(remember=False)
        source = asked.source or parsed.family
        found = Source.objects.filter(name=source).first()
        progress("comparing", 0, 0)
        people.find(engine, found.pk if found else None)
        intake.make_ready(engine)
        fates = intake.foresee(engine, source=found.pk) if found else Counter()
        facts = sum(n for _, n in parsed.facts)
        otherwise = fates["changed"] + fates["corrected"]
        rejected = tuple(engine.relation(_SQL, "intake", "first_rejects", n=_SAMPLES).fetchall())
        ((known,),) = engine.relation(_SQL, "intake", "known_people").fetchall()
    return Look(parsed, source, facts - fates["same"] - otherwise, fates["same"], otherwise, int(known), rejected)


def begin(asked: Asked, *, format: str, family: str, by: str, now: int) -> ImportRun:  # noqa: A002 - as the command's
    """Write down that a file is about to be imported, for `run` to go on with; what a look found of it is handed in."""
    return _begun(asked.completed(), format, asked.source or family, by, now)


def run(
    asked: Asked, *, by: str, now: Callable[[], int], progress: Progress, begun: ImportRun | None = None
) -> ImportRun:
    """Import the file; the run with its counts. Killed at any moment and asked again, it ends as if never killed.

    `begun`: what `begin` wrote down; it waits for its turn. Others are Refused while an import is under way; the other
    errors are those of `look`.
    """
    asked, found = asked.completed(), begun
    try:
        with importing_alone(wait=begun is not None), DuckDB(memory_limit=MEMORY) as engine:
            # who has begun and does not hold the lock was killed; others wait for their turn
            others = ImportRun.objects.filter(state=ImportRun.RUNNING, counts__started=True).exclude(format=UNDO)
            others.exclude(pk=begun.pk if begun else None).update(state=ImportRun.STOPPED)
            intake.check_key()
            progress("reading", 0, 0)
            parsed = _parse(engine, asked)
            if found is not None and found.file_hash != _file_hash(asked.path):
                raise Refused("another_file", f"nothing was imported: {asked.name} is not the file of run {found.pk}")
            found = found or _begun(asked, parsed.format, asked.source or parsed.family, by, now())
            _start(found)
            _take(engine, found, parsed, now, progress)
    except BaseException as error:
        # not where we were killed: then the next run says so
        if found is not None:
            _stop(found, error)
        raise
    return found


def _start(found: ImportRun) -> None:
    """Its turn has come: what it finds is what those before it left. Of a run that goes on nothing changes."""
    if not found.counts.get("started"):
        found.counts = {**found.counts, **_so_far(), "started": True}
    found.state = ImportRun.RUNNING
    found.save(update_fields=["state", "counts"])


def _so_far() -> dict[str, int]:
    return {
        "people_before": Person.objects.aggregate(last=Max("id"))["last"] or 0,
        "events_before": Event.objects.aggregate(last=Max("id"))["last"] or 0,
    }


def _stop(found: ImportRun, error: BaseException) -> None:
    why = str(error) if isinstance(error, TenureError) else type(error).__name__
    found.refresh_from_db()
    found.state, found.counts = ImportRun.STOPPED, {**found.counts, "stopped": why}
    found.save(update_fields=["state", "counts"])


def _parse(engine: DuckDB, asked: Asked) -> Parsed:
    assert asked.times_in is not None
    return parse(
        engine, asked.path, format=asked.format, times_in=asked.times_in, currency=asked.currency,
        customer_by=asked.customer_by, columns=asked.columns, name=asked.name,
    )  # fmt: skip


def _begun(asked: Asked, format: str, family: str, by: str, now: int) -> ImportRun:  # noqa: A002 - as the command's
    """The run of this very file that was stopped, else a new one."""
    source, _ = Source.objects.get_or_create(name=family)
    options = {"times_in": asked.times_in, "currency": asked.currency, "customer_by": asked.customer_by}
    said = _file_hash(asked.path)
    stopped = ImportRun.objects.filter(
        state=ImportRun.STOPPED, file_hash=said, format=format, source=source, options=options
    ).first()
    if stopped is not None:
        stopped.state = ImportRun.RUNNING
        stopped.save(update_fields=["state"])
        return stopped
    return ImportRun.objects.create(
        format=format, file_name=asked.name[-255:], file_hash=said, source=source, began_at=now, by=by,
        options=options, counts=_so_far(),
    )  # fmt: skip


def _take(engine: DuckDB, found: ImportRun, parsed: Parsed, now: Callable[[], int], progress: Progress) -> None:
    progress("recognising people", 0, 0)
    recognised = people.recognise(engine, found.source_id, now=now)
    progress("checking", 0, 0)
    intake.make_ready(engine)
    for taken in intake.append(engine, source=found.source_id, run=found.pk, now=now):
        progress("writing", taken.done, taken.facts)
        found.counts = {**found.counts, "done": taken.done, "of": taken.facts}
        found.save(update_fields=["counts"])
    with transaction.atomic():
        RejectedRow.objects.filter(run=found).delete()
        insert("tenure_rejectedrow", engine.relation(_SQL, "intake", "rejects", run=found.pk))
        found.state, found.ended_at = ImportRun.DONE, now()
        found.counts = _counts(found, parsed, recognised.conflicts)
        ((ahead,),) = engine.relation(_SQL, "intake", "ahead", now=found.ended_at).fetchall()
        if ahead:
            lie = "fact lies" if ahead == 1 else "facts lie"
            found.counts["notes"].append(
                f"{ahead:,} {lie} after today: mistyped years? they count from their day on"
            )
        found.save(update_fields=["state", "ended_at", "counts"])


def _counts(found: ImportRun, parsed: Parsed, conflicts: int) -> dict[str, Any]:
    """What came of the run, counted in the ledger itself, so that it is the same however often it was killed."""
    before, after = found.counts.get("people_before", 0), found.counts.get("events_before", 0)
    mine = Event.objects.filter(run=found, id__gt=after)  # by number: a run has no index of its own
    written = dict(mine.values_list("kind").annotate(n=Count("id")).order_by("-n", "kind"))
    facts = sum(n for _, n in parsed.facts)
    corrected = sum(n for kind, n in written.items() if kind in CORRECTED)
    return {
        "rows": parsed.rows, "used": parsed.used, "facts": facts, "by_kind": dict(parsed.facts), "written": written,
        "added": sum(written.values()), "corrected": corrected,
        "duplicates": facts - sum(written.values()), "people": parsed.people,
        "new_people": Person.objects.filter(id__gt=before).count(), "people_before": before,
        "events_before": after, "conflicts": conflicts,
        "rejected": dict(parsed.rejected), "left_out": dict(parsed.left_out), "mapping": parsed.mapping,
        "notes": list(parsed.notes), "first_at": parsed.first_at, "last_at": parsed.last_at,
    }  # fmt: skip


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}; check the name and the permissions") from error
