"""Any file of orders: columns found by role, lines of one order made one fact, as the core sees them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from duckdb import CaseExpression, ColumnExpression

from tenure.periods import zone_named
from tenure.read import cells
from tenure.read.cells import call, constant
from tenure.read.columns import Columns, find
from tenure.read.rows import Rows, rows_of
from tenure_app.imports.form import Task, plain
from tenure_app.imports.rejects import keep_rejects
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from duckdb import Expression

__all__ = ["take_in"]

_NOT_IN_LINES: Final = frozenset(
    ("customer", "order", "at", "type", "amount", "currency", "category", "region", "discount", "reason")
)
"""Roles whose cells stand in columns of the fact itself."""
_OTHERS: Final = {
    "email": ("email", "customeremail", "emailaddress", "useremail", "buyeremail", "billingemail"),
    "phone": ("phone", "phonenumber", "customerphone", "telephone", "mobile"),
    "name": ("customername", "fullname", "clientname", "buyername"),
}
"""Columns that tell more of who the customer is."""
_WRITTEN: Final = frozenset(("whole", "wide", "decimal", "float", "text"))


def take_in(task: Task, columns: Columns) -> tuple[Counter[str], Counter[str]]:
    """Makes `facts`, `identities` and `rejects`; the rows that were rejected, by code, and none left out."""
    source = task.source
    found = find(source.label, source.names, columns, headed=source.headed)
    task.mapping.update({role: source.names[place] for role, place in found.items()})
    others = _others(task, found)
    carried = [_item(task, found, others), _hash(task, found), *_told(task, others)]
    rows = rows_of(
        source, 0, found, columns, zone_named(task.times_in), carried=carried, currency=task.currency
    )  # fmt: skip
    task.notes.extend(note for note in rows.notes if note not in task.notes)
    kind = _kind(task, rows)
    _fill(task, rows, kind)
    for name in ("customers", "parts", "labels", "owners", "placed", "refunds", "cancelled", "single", "facts"):
        task.run("orders", name, **({"currency": task.currency} if name == "facts" else {}))
    task.run("orders", "identities", kind=kind)
    keep_rejects(task, task.engine.connection.table("tenure_rows"))
    task.notes.extend(_remarks(task, rows))
    rejected = Counter({str(code): int(str(n)) for code, n in task.ask("orders", "count_codes")})
    return rejected, Counter()


def _fill(task: Task, rows: Rows, kind: str) -> None:
    """The typed rows as the table `tenure_rows`, ids that identify nobody rejected."""
    rows.relation.create_view("tenure_typed")
    task.run("orders", "rows", lower=kind == "email")
    task.engine.drop("tenure_typed")
    if len(rows.currencies) > 1 and "order" in rows.roles:
        task.engine.run("tenure.read", "rows", "reject_several_currencies")


def _kind(task: Task, rows: Rows) -> str:
    """What the customer column holds: ids (customer), addresses (email) or names (name); Refused for names unasked."""
    column = plain(task.mapping["customer"])
    if "mail" in column:
        return "email"
    names = "name" in column and "user" not in column
    if not names and not rows.whole:
        ids, words = (int(str(n)) for n in _shape(task, rows))
        names = words * 5 > ids * 4
    if not names:
        return "customer"
    if task.by_name:
        return "name"
    raise Refused(
        "weak_key",
        f"nothing was imported: the customer column {task.mapping['customer']!r} of {task.source.label} holds names,"
        " and two people may share one: name a column with an id or an e-mail address (--customer-column), or go by"
        " names all the same with --customer-by name",
    )


def _shape(task: Task, rows: Rows) -> tuple[object, ...]:
    """(different customers, those that read like names of people) among the first rows."""
    rows.relation.limit(5000).create_view("tenure_typed")
    try:
        return task.ask("orders", "shape")[0]
    finally:
        task.engine.drop("tenure_typed")


def _others(task: Task, found: dict[str, int]) -> dict[str, int]:
    """Kind of identity to the position of the column that tells it besides the customer column."""
    taken = set(found.values())
    have = {plain(name): i for i, name in reversed(list(enumerate(task.source.names))) if i not in taken}
    return {
        kind: next(have[name] for name in names if name in have)
        for kind, names in _OTHERS.items()
        if have.keys() & set(names)
    }


def _told(task: Task, others: dict[str, int]) -> Iterator[Expression]:
    for kind in _OTHERS:
        value = constant(None)
        if kind in others:
            value = call("import_text", _column(task, others[kind]).cast("VARCHAR"))
        yield value.cast("VARCHAR").alias(kind)


def _item(task: Task, found: dict[str, int], others: dict[str, int]) -> Expression:
    """The cells of a row that play no role, with quantity and price, as a JSON object; null where there are none."""
    source = task.source
    taken = {place for role, place in found.items() if role in _NOT_IN_LINES} | set(others.values())
    members = []
    for place, name in enumerate(source.names):
        family = cells.family(source.relation.types[place])
        if place in taken or not name or family not in _WRITTEN:
            continue
        column = _column(task, place)
        if family == "text":
            column = call("import_short", call("tenure_text", column.cast("VARCHAR")))
        elif family == "float":
            column = call("import_finite", column)
        members.append(call("import_pair", constant(json.dumps(name, ensure_ascii=False) + ":"), column))
    value = call("import_object", call("concat_ws", constant(","), *members)) if members else constant(None)
    return value.cast("VARCHAR").alias("item")


def _hash(task: Task, found: dict[str, int]) -> Expression:
    """What the row says, whatever the order of its columns, where no order id tells it from others."""
    source = task.source
    places = sorted(range(len(source.names)), key=lambda place: (plain(source.names[place]), place))
    parts = [
        call("import_cell", constant(plain(source.names[place]) + "="), _column(task, place).cast("VARCHAR"))
        for place in places
    ]
    value = call("md5", call("concat_ws", constant("\x1f"), *parts))
    if "order" in found and "type" not in found:
        # an order's lines have its key; what does not begin with a blank is one, and cheaper to see than to trim
        first = call("ascii", _column(task, found["order"]).cast("VARCHAR"))
        told = (first > constant(32)) & (first != constant(160)) & (first != constant(65279))
        return CaseExpression(told, constant(None)).otherwise(value).cast("VARCHAR").alias("row_hash")
    return value.alias("row_hash")


def _column(task: Task, place: int) -> Expression:
    return ColumnExpression(task.source.relation.columns[place])


def _remarks(task: Task, rows: Rows) -> Iterator[str]:
    wordless, zoneless, shared, negative, kept = (int(str(n)) for n in task.ask("orders", "count_doubts")[0])
    if wordless and "type" in rows.roles:
        yield f"{wordless} rows do not say what kind of event they are: read as order.placed"
    if len(rows.currencies) > 1:
        several = ", ".join(sorted(rows.currencies))
        yield f"the amounts are in {several}: kept as they are, never added across currencies"
    if shared:
        yield f"{shared} order ids are of several customers: those of all but the first carry the customer in the key"
    if negative:
        yield f"{negative} rows below zero without an order id are refunds of no known order"
    if kept:
        yield f"{kept} orders were kept although lines of theirs were rejected: their amounts lack those lines"
    if zoneless:
        yield f"the times carry no zone: read as times in {task.times_in}; if that is wrong, --times-in ZONE"
