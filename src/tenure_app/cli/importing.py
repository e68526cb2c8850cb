"""`tenure import`: a file into the ledger, what it would do, and taking it back."""

from __future__ import annotations

import getpass
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.cli.arguments import COLUMNS
from tenure.cli.screen import say, show, table, visible
from tenure.errors import InvalidInput
from tenure.periods import date_of, day_of
from tenure.read import Columns
from tenure.write import checked_target, save_table
from tenure_app import clock
from tenure_app.cli.keeping import refreshed
from tenure_app.imports import LEFT_OUT, REJECTED
from tenure_app.imports.runs import Asked, Look, look, run
from tenure_app.ledger.models import ImportRun, RejectedRow, Shop
from tenure_app.ledger.undo import undo
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

__all__ = ["Meter", "import_file"]

_EVERY: Final = 0.2
"""Seconds between two lines of progress."""


class Meter:
    """One line on the terminal: what is done now, how far, how fast, how long still. Silent where nobody watches."""

    def __init__(self) -> None:
        self.watched = sys.stderr.isatty()
        self.what, self.began, self.said = "", 0.0, 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        """The step, how many of how many; 0 where nobody knows."""
        if not self.watched:
            return
        now = time.perf_counter()
        if what != self.what:
            self.end()
            self.what, self.began, self.said = what, now, 0.0
        if of and now - self.said < _EVERY and done < of:
            return
        self.said = now
        sys.stderr.write(f"\r\x1b[K{what} {self._how_far(done, of, now)}".rstrip())
        sys.stderr.flush()

    def _how_far(self, done: int, of: int, now: float) -> str:
        if not of:
            return "..."
        rate = done / max(now - self.began, 1e-6)
        left = f", {(of - done) / rate:,.0f} s left" if 0 < done < of else ""
        return f"{done:,} of {of:,} ({rate:,.0f} a second{left})"

    def end(self) -> None:
        """The line stays as it is and a new one begins."""
        if self.watched and self.what:
            sys.stderr.write("\n")
        self.what = ""


def import_file(asked: argparse.Namespace) -> None:
    """Import, look or undo, as the arguments say."""
    if asked.undo is not None:
        _undo(asked)
        return
    if asked.file is None:
        raise InvalidInput("no file was named: tenure import FILE, or tenure import --undo RUN")
    target = None if asked.rejects is None else checked_target(asked.rejects, apart_from=(asked.file,))
    wish = Asked(
        Path(asked.file), format=asked.format, source=asked.source, times_in=asked.times_in, currency=asked.currency,
        customer_by=asked.customer_by, columns=_columns(asked),
    )  # fmt: skip
    meter = Meter()
    if asked.dry_run:
        found = look(wish, meter)
        meter.end()
        _show_look(found)
        return
    began = time.perf_counter()
    begun = None if asked.run is None else _begun(asked.run)
    wish = wish if begun is None else replace(wish, file_name=begun.file_name)
    done = run(wish, by=getpass.getuser(), now=clock.now, progress=meter, begun=begun)
    meter.end()
    _show_run(done, time.perf_counter() - began)
    if target is not None:
        _save_rejects(done, target)
    say(f"{refreshed()}\n")


def _columns(asked: argparse.Namespace) -> Columns | None:
    """The columns that were named; None where none was."""
    named = {role: getattr(asked, role) for role in COLUMNS if role != "currency"}
    columns = Columns(customer=asked.customer_column, **named)
    return None if columns == Columns() else columns


def _begun(number: int) -> ImportRun:
    """What the console wrote down before it began."""
    found = ImportRun.objects.filter(pk=number, state__in=(ImportRun.RUNNING, ImportRun.STOPPED)).first()
    if found is None:
        raise Refused("unknown_run", f"nothing was imported: there is no run {number} to go on with")
    return found


def _show_look(found: Look) -> None:
    parsed = found.parsed
    say(f"{parsed.format}, {_many(parsed.rows, 'row')}; nothing was written\n\n")
    show(table(("what", "column"), [(role, visible(name)) for role, name in parsed.mapping.items()]))
    say("\n")
    show(table(("facts", "n"), list(parsed.facts)))
    say(f"\nof {_many(parsed.people, 'customer')}{_span(parsed.first_at, parsed.last_at)}")
    say(f" ({found.known_people:,} known)\n")
    say(f"{_many(found.new, 'fact')} new to the ledger (source {found.source}), ")
    say(f"{found.same:,} it has already, {found.otherwise:,} it has otherwise\n")
    _show_not_used(dict(parsed.rejected), dict(parsed.left_out), parsed.notes)


def _show_run(done: ImportRun, seconds: float) -> None:
    counts = done.counts
    say(f"run {done.pk}: {done.format}, {_many(counts['rows'], 'row')} in {seconds:.1f} s\n\n")
    if counts["written"]:
        show(table(("added", "n"), list(counts["written"].items())))
        say("\n")
    say(f"{_many(counts['facts'], 'fact')} of {_many(counts['people'], 'customer')} ({counts['new_people']:,} new): ")
    corrected = f" ({counts['corrected']:,} of them corrections)" if counts["corrected"] else ""
    say(f"{counts['added']:,} added{corrected}, {counts['duplicates']:,} known already\n")
    if counts["conflicts"]:
        say(f"{counts['conflicts']:,} customers have ids of several people in the ledger: the strongest id decided\n")
    _show_not_used(counts["rejected"], counts["left_out"], counts["notes"])


def _show_not_used(rejected: Mapping[str, int], left_out: Mapping[str, int], notes: Any) -> None:
    for code, n in rejected.items():
        say(f"  rejected  {n:>9,}  {code}: {REJECTED.get(code, code)}\n")
    for code, n in left_out.items():
        say(f"  left out  {n:>9,}  {code}: {LEFT_OUT.get(code, code)}\n")
    for note in notes:
        say(f"  note: {visible(note)}\n")


def _undo(asked: argparse.Namespace) -> None:
    found = ImportRun.objects.filter(pk=asked.undo).first()
    if found is None:
        last = ImportRun.objects.first()
        has = f"the last is run {last.pk}" if last else "there is none"
        raise Refused("unknown_run", f"nothing was undone: there is no run {asked.undo}; {has}")
    done = undo(found, by=getpass.getuser(), now=clock.now, wait=asked.run is not None)
    say(f"run {found.pk} ({visible(found.file_name)}) is undone: {_many(done.reversed, 'fact')} taken back")
    say(f", {done.restored:,} as before the run" if done.restored else "")
    say(f", {done.left:,} left as a later run says them" if done.left else "")
    say("\n")
    say(f"{refreshed()}\n")


def _save_rejects(done: ImportRun, target: Path) -> None:
    import pyarrow as pa

    from tenure.engine.duckdb import DuckDB

    names = ("line", "code", "reason", "row")
    rows = list(RejectedRow.objects.filter(run=done).values_list(*names))
    kinds = (pa.int64(), pa.string(), pa.string(), pa.string())
    fields = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds)]
    with DuckDB() as engine:
        save_table(engine.connection.from_arrow(pa.table(fields, names=list(names))), target)


def _span(first_at: int | None, last_at: int | None) -> str:
    if first_at is None or last_at is None:
        return ""
    zone = Shop.objects.one().zone
    first, last = (date_of(day_of(instant, zone)) for instant in (first_at, last_at))
    return f", from {first} to {last}"


def _many(n: int, what: str) -> str:
    return f"{n:,} {what if n == 1 else what + 's'}"
