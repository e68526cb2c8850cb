"""A file of any format on its way to facts, identities and rejects in the engine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from duckdb import ColumnExpression

from tenure.engine.base import statements
from tenure.errors import BadFile, InvalidInput
from tenure.money import exponent
from tenure.periods import zone_named
from tenure.read.columns import Columns
from tenure.read.sources import Source, open_source
from tenure_app.imports import orders
from tenure_app.imports.detect import deciding, missing, recognise
from tenure_app.imports.form import Format, Parsed, Task
from tenure_app.imports.registry import FORMATS, ORDERS, names
from tenure_app.imports.rejects import REJECTED, keep_rejects
from tenure_app.imports.typed import type_cells
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB

__all__ = ["parse"]

_MADE: Final = (
    "tenure_raw", "tenure_import", "tenure_moments", "tenure_timed", "tenure_lines", "tenure_items", "tenure_status",
    "tenure_judged", "tenure_keys", "tenure_who", "tenure_drafts", "tenure_verdicts", "tenure_typed", "tenure_rows",
    "tenure_customers", "tenure_parts", "tenure_labels", "tenure_owners",
)  # fmt: skip
"""What lies in the engine on the way and is gone at the end."""


def parse(
    engine: DuckDB,
    path: str | Path,
    *,
    format: str = "auto",  # noqa: A002, the option of the command
    times_in: str,
    currency: str | None,
    customer_by: str | None = None,
    columns: Columns | None = None,
    name: str | None = None,
) -> Parsed:
    """Reads the file into the engine's tables `facts`, `identities` and `rejects` (docs/how-to/import.md).

    `times_in`: the zone of times that carry none. `currency`: of amounts that name none. `customer_by`: "name" lets a
    name stand for a customer where nothing better is known. `columns`: roles named by the user, for `orders`.
    `name`: what the user calls a file that lies elsewhere under another name. Refused, BadFile, BadColumns or BadTime
    if the file cannot be used; a row that cannot be is rejected.
    """
    zone_named(times_in)
    if currency is not None:
        exponent(currency)
    if customer_by not in (None, "name"):
        raise InvalidInput(f"--customer-by {customer_by}: write name, or leave it out to go by ids and addresses")
    for made in ("facts", "identities", "rejects", *_MADE):
        engine.drop(made)
    for package in ("tenure.read", "tenure_app.imports"):
        for macro in statements(package, "cells"):
            engine.run(package, "cells", macro)
    source = open_source(engine, Path(path), 0, name)
    form, notes = _format(source, format, columns)
    task = Task(engine, form, source, Path(name or path).name, times_in, currency, customer_by == "name", {}, notes)
    if not source.bad_lines and not source.relation.select(ColumnExpression("line")).limit(1).fetchall():
        raise BadFile(f"{source.label}: there are no rows below the column names; export it again")
    try:
        if form is ORDERS:
            rejected, left_out = orders.take_in(task, columns or Columns())
        else:
            rejected, left_out = _take_in(task)
        return _parsed(task, rejected, left_out)
    finally:
        for made in (*_MADE, *source.made):
            engine.drop(made)


def _format(source: Source, wish: str, columns: Columns | None) -> tuple[Format, list[str]]:
    """The format of the file and what there is to say about that."""
    notes = list(source.notes)
    if wish == "auto":
        if columns is not None and columns != Columns():
            return ORDERS, notes
        form = recognise(source.names)
        if told := deciding(source.names, form):
            notes.append(f"recognised as {form.name} by the columns {_listed(told)}")
        return form, notes
    asked = next((each for each in (ORDERS, *FORMATS) if each.name == wish), None)
    if asked is None:
        raise Refused(
            "unknown_format", f"nothing was imported: no format is called {wish!r}; one of {_listed(names())}"
        )
    if lost := missing(source.names, asked):
        raise Refused(
            "missing_columns",
            f"nothing was imported: {asked.name} needs the column {' and '.join(lost)}, and the file has"
            f" {_listed(source.names)}; is it {asked.says}?",
        )
    return asked, notes


def _take_in(task: Task) -> tuple[Counter[str], Counter[str]]:
    """Facts, identities and rejects of an export; the rows that were rejected and left out, by code."""
    form = task.format
    type_cells(task)
    if form.prepare is not None:
        form.prepare(task)
    for name in form.judged:
        task.run(form.topic, name)
    task.run("people", "keys", by_name=task.by_name)
    weak, records = (int(str(n)) for n in task.ask("people", "count_weak")[0])
    if weak and not task.by_name:
        _refuse_names(task, weak, records)
    task.run("people", "who")
    task.run("facts", "drafts")
    for name in form.drafts:
        task.run(form.topic, name)
    task.run("facts", "facts")
    task.run("people", "identities", by_name=task.by_name)
    task.run("facts", "verdicts")
    keep_rejects(task, task.engine.connection.table("tenure_verdicts"))
    for kind, n in task.ask("people", "count_shared"):
        what = "an e-mail address" if kind == "email" else "a telephone number"
        task.notes.append(f"{n} times several customers share {what}: only the first of them is found by it")
    if form.remarks is not None:
        task.notes.extend(form.remarks(task))
    rejected = Counter({str(code): int(str(n)) for code, n in task.ask("facts", "count_codes")})
    left_out = Counter({str(code): int(str(n)) for code, n in task.ask("facts", "count_left_out")})
    return rejected, left_out


def _refuse_names(task: Task, weak: int, records: int) -> None:
    """Names are weak keys: Refused where rows carry nothing else, a remark where some do."""
    if weak == records or not {"email", "id"} & task.mapping.keys():
        raise Refused(
            "weak_key",
            f"nothing was imported: only names tell the customers apart in {task.source.label}, and two people may"
            f" share one: {task.format.only_names}, or go by names all the same with --customer-by name",
        )
    task.notes.append(
        f"{weak} rows carry nothing but a name and were rejected; --customer-by name takes the name for the customer"
    )


def _parsed(task: Task, rejected: Counter[str], left_out: Counter[str]) -> Parsed:
    bad = len(task.source.bad_lines)
    if bad:
        rejected["bad_line"] += bad
    rows = bad + int(task.source.relation.count("*").fetchall()[0][0])
    lost = sum(rejected.values())
    kinds = tuple((str(kind), int(str(n))) for kind, n in task.ask("facts", "kinds"))
    if lost == rows:
        worst = ", ".join(f"{n} {REJECTED[code]}" for code, n in _ranked(rejected)[:3])
        raise Refused("all_rejected", f"nothing was imported: no row of {task.source.label} can be used ({worst})")
    first, last = task.ask("facts", "span")[0]
    return Parsed(
        format=task.format.name,
        family=task.format.family,
        mapping=dict(task.mapping),
        rows=rows,
        used=rows - lost - sum(left_out.values()),
        facts=kinds,
        people=int(str(task.ask("facts", "people")[0][0])),
        rejected=_ranked(rejected),
        left_out=_ranked(left_out),
        notes=tuple(task.notes),
        first_at=None if first is None else int(str(first)),
        last_at=None if last is None else int(str(last)),
    )


def _ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((code, n) for code, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0])))


def _listed(words: tuple[str, ...]) -> str:
    shown = ", ".join(repr(word) for word in words[:12])
    return f"{shown} and {len(words) - 12} more" if len(words) > 12 else shown
