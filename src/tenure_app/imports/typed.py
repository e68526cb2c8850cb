"""The cells of an export in the engine's table `tenure_import`: text, instants and minor units by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from duckdb import CaseExpression, ColumnExpression

from tenure.periods import zone_named
from tenure.read import amounts, cells, times
from tenure.read.cells import Cell, call, constant
from tenure_app.imports.form import Field, Task, plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation, Expression

__all__ = ["instants", "places", "type_cells"]

_RAW: Final = "tenure_raw"
_TYPED: Final = "tenure_import"
_MOST: Final = 9_000_000_000_000_000


def places(names: Sequence[str], fields: Sequence[Field]) -> dict[str, int]:
    """Field to the position of its column; fields that the file does not tell are left out."""
    have = {plain(name): i for i, name in reversed(list(enumerate(names)))}
    found = {}
    for field in fields:
        spellings = [plain(name) for name in field.columns]
        if (name := next((each for each in spellings if each in have), None)) is not None:
            found[field.name] = have[name]
    return found


def type_cells(task: Task) -> None:
    """Makes `tenure_import`: line, every field of the format, null where the file does not tell it, and its currency.

    A time or amount `x` has `x_code` beside it: why it cannot be read, else null. Times are us UTC, amounts minor
    units of `currency`.
    """
    source, found = task.source, places(task.source.names, task.format.fields)
    task.mapping.update({name: source.names[place] for name, place in found.items()})
    cell = _raw(task, found)
    relation = task.engine.connection.table(_RAW)
    code, known, factor = _currency(task, cell.get("currency"))
    made = [ColumnExpression("line"), code.alias("currency"), known.alias("currency_code")]
    for field in task.format.fields:
        if field.hand == "money":
            made += _money(task, field.name, cell.get(field.name), factor)
        elif field.hand == "text" and field.name != "currency":
            value = cells.text(cell[field.name]) if field.name in cell else constant(None)
            made.append(value.cast("VARCHAR").alias(field.name))
    times_of = [field for field in task.format.fields if field.hand in ("time", "utc")]
    carried = [field.name for field in times_of if field.name in cell]
    relation = relation.select(*made, *(ColumnExpression(name).alias(f"{name}_raw") for name in carried))
    for field in times_of:
        zone = "UTC" if field.hand == "utc" else task.times_in
        each = cell.get(field.name)
        if each is not None:
            each = replace(each, column=ColumnExpression(f"{field.name}_raw"), relation=relation)
        relation = _time(task, relation, field.name, each, zone)
    dropped = {f"{name}_raw" for name in carried}
    relation.select(*(ColumnExpression(name) for name in relation.columns if name not in dropped)).create(_TYPED)
    task.engine.drop(_RAW)


def _raw(task: Task, found: dict[str, int]) -> dict[str, Cell]:
    """The fields' cells in a table of their own: text trimmed, leading apostrophes and currency signs taken off."""
    source = task.source
    hands = {field.name: field.hand for field in task.format.fields}
    kept = [ColumnExpression("line")]
    kinds = {}
    for name, place in found.items():
        column = ColumnExpression(source.relation.columns[place])
        kinds[name] = cells.family(source.relation.types[place])
        if kinds[name] == "text":
            column = call("import_text", column.cast("VARCHAR"))
            column = call("import_bare", column) if hands[name] == "money" else column
        kept.append(column.alias(name))
    task.engine.drop(_RAW)
    task.engine.drop(_TYPED)
    source.relation.select(*kept).create(_RAW)
    relation = task.engine.connection.table(_RAW)
    roles = {"time": "at", "utc": "at", "money": "amount", "text": "reason"}
    return {
        name: Cell(
            source.label, source.names[place], roles[hands[name]], ColumnExpression(name), kinds[name], True, relation
        )
        for name, place in found.items()
    }  # fmt: skip


def _currency(task: Task, cell: Cell | None) -> tuple[Expression, Expression, Expression]:
    """The code of each row, why it is none, and the minor units in one unit."""
    shop = constant(task.currency).cast("VARCHAR")
    shops = frozenset([task.currency] if task.currency else [])
    if cell is None:
        return shop, constant(None).cast("VARCHAR"), cells.factor(shop, shops)
    code, known, codes = cells.currency(cell)
    code = call("tenure_either", code, shop)
    wrong = CaseExpression(known, constant(None)).otherwise(constant("unknown_currency"))
    return code, wrong, cells.factor(code, codes | shops)


def _money(task: Task, name: str, cell: Cell | None, factor: Expression) -> list[Expression]:
    if cell is None:
        return [constant(None).cast("BIGINT").alias(name), constant(None).cast("VARCHAR").alias(f"{name}_code")]
    amount = amounts.amount(cell, factor)
    task.notes.extend(note for note in amount.notes if note not in task.notes)
    huge = call("abs", amount.minor) > constant(_MOST)
    code = CaseExpression(amount.read == constant(False), constant("bad_amount")).when(huge, constant("huge_amount"))
    return [
        amount.minor.try_cast("BIGINT").alias(name),
        code.otherwise(constant(None)).cast("VARCHAR").alias(f"{name}_code"),
    ]


def _time(task: Task, relation: DuckDBPyRelation, name: str, cell: Cell | None, zone: str) -> DuckDBPyRelation:
    kept = [ColumnExpression(each) for each in relation.columns]
    if cell is None:
        none = constant(None)
        return relation.select(*kept, none.cast("BIGINT").alias(name), none.cast("VARCHAR").alias(f"{name}_code"))
    return instants(task, relation, name, cell, ((None, zone),))


def instants(
    task: Task, relation: DuckDBPyRelation, name: str, cell: Cell, zones: Sequence[tuple[str | None, str]]
) -> DuckDBPyRelation:
    """The relation with the cell's instants as `name` and why they cannot be read as `name`_code.

    `zones`: words of the column `zone` with the zones they mean; the one of None holds for all other rows.
    """
    kept = [ColumnExpression(each) for each in relation.columns]
    when = times.when(cell)
    wide = relation.select(*kept, when.utc.alias("x_utc"), when.local.alias("x_local"), cell.column.alias("x_cell"))
    local, utc = ColumnExpression("x_local"), ColumnExpression("x_utc")
    default = next(zone for word, zone in zones if word is None)
    at = times.walls(zone_named(default), wide, local).instant
    for word, zone in zones:
        if word is not None:
            there = times.walls(zone_named(zone), wide, local).instant
            at = CaseExpression(ColumnExpression("zone") == constant(word), there).otherwise(at)
    if len(zones) == 1 and default == task.times_in and default != "UTC":
        _say_zone(task, wide.filter(utc.isnull() & local.isnotnull()), cell.name)
    at = call("tenure_either", utc, at)
    outside = (at < constant(times.EARLIEST)) | (at >= constant(times.LATEST))
    blank = ColumnExpression("x_cell").isnull()
    code = CaseExpression(blank, constant(None)).when(at.isnull(), constant("bad_time"))
    code = code.when(outside, constant("time_out_of_range")).otherwise(constant(None))
    return wide.select(*kept, at.alias(name), code.cast("VARCHAR").alias(f"{name}_code"))


def _say_zone(task: Task, zoneless: DuckDBPyRelation, column: str) -> None:
    if zoneless.limit(1).fetchall():
        task.notes.append(f"the times in {column!r} carry no zone: read as times in {task.times_in}")
