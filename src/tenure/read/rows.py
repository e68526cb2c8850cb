"""One source's columns, typed by role: rows as the timeline wants them, or why they cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from duckdb import ColumnExpression, Expression

from tenure.events import ORDER_PLACED
from tenure.read import amounts, cells, times
from tenure.read.cells import Cell, call, constant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from duckdb import DuckDBPyRelation

    from tenure.read.columns import Columns
    from tenure.read.sources import Source

__all__ = ["Rows", "rows_of"]

_WORDS = ("category", "region", "reason")
_NUMBERS = frozenset(("amount", "discount", "quantity", "price"))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one source.

    `relation`: source, line, row (its text), repeat_hash, customer (BIGINT or VARCHAR), at, kind, order_id,
    amount_minor, currency, discount_minor, category, region, reason, code (null: accepted), and the flags wordless
    (no kind given), zoneless (no zone given), twice and never (how often the wall clock showed the time).
    """

    source: Source
    relation: DuckDBPyRelation
    whole: bool
    """Customer ids are whole numbers."""
    roles: frozenset[str]
    currencies: frozenset[str]
    notes: tuple[str, ...]

    def as_text(self) -> Rows:
        """The same with customer ids as text, for sources that differ."""
        if not self.whole:
            return self
        names = [name for name in self.relation.columns if name != "customer"]
        customer = ColumnExpression("customer").cast("VARCHAR").alias("customer")
        relation = self.relation.select(customer, *(ColumnExpression(name) for name in names))
        return replace(self, relation=relation, whole=False)


def rows_of(
    source: Source,
    index: int,
    found: dict[str, int],
    named: Columns,
    zone: ZoneInfo,
    *,
    carried: Sequence[Expression] = (),
    currency: str | None = None,
) -> Rows:
    """Types the columns found for each role; BadColumns or BadTime where a whole column cannot be read.

    `carried`: expressions over the source's columns that become columns of the relation as they are. `currency`: in
    whose minor units the amounts of rows are that name none; it does not become theirs.
    """
    cell = _cells_of(source, found, named)
    customer, blank, whole = cells.customer(cell["customer"], written=source.written)
    when = times.when(cell["at"])
    code, known, codes = _none(), constant(True), frozenset[str]()
    if "currency" in cell:
        code, known, codes = cells.currency(cell["currency"])
    factor = cells.factor(code, codes)
    if currency is not None:
        factor = cells.factor(call("tenure_either", code, constant(currency)), codes | {currency})
    nothing = amounts.Amount(constant(None).cast("BIGINT"), constant(True))
    amount, discount = _amount(cell, factor) or nothing, nothing
    if "discount" in cell:
        discount = amounts.amount(cell["discount"], factor)
    kind, wordless = cells.kind(cell["type"]) if "type" in cell else (constant(ORDER_PLACED), constant(False))
    typed = cell["customer"].relation.select(
        constant(index).cast("BIGINT").alias("source"), ColumnExpression("line"), _row_text(source).alias("row"),
        _row_hash(source).alias("repeat_hash"), customer.alias("customer"), blank.alias("blank"),
        when.utc.alias("utc"), when.local.alias("local"), kind.alias("kind"), wordless.alias("wordless"),
        (cells.text(cell["order"]) if "order" in cell else _none()).alias("order_id"),
        code.alias("currency"), known.alias("money_known"),
        amount.minor.alias("amount"), amount.read.alias("amount_read"),
        discount.minor.alias("discount"), discount.read.alias("discount_read"),
        *((cells.text(cell[role]) if role in cell else _none()).alias(role) for role in _WORDS),
        *carried,
    )  # fmt: skip
    relation = _coded(_placed(typed, when, zone))
    return Rows(source, relation, whole, frozenset(cell), codes, (*source.notes, *amount.notes, *discount.notes))


def _cells_of(source: Source, found: dict[str, int], named: Columns) -> dict[str, Cell]:
    """The cells of each role, text trimmed beforehand: a macro writes its argument out wherever it uses it."""
    prepared, columns = [], {}
    for role, place in found.items():
        column = columns[role] = ColumnExpression(source.relation.columns[place])
        if cells.family(source.relation.types[place]) == "text":
            trimmed = call("tenure_text", column.cast("VARCHAR"))
            prepared.append((call("tenure_bare", trimmed) if role in _NUMBERS else trimmed).alias(role))
            columns[role] = ColumnExpression(role)
    relation = source.relation.select(*(ColumnExpression(name) for name in source.relation.columns), *prepared)
    return {
        role: Cell(
            source.label, source.names[place], role, columns[role],
            cells.family(source.relation.types[place]), getattr(named, role) is not None, relation,
        )
        for role, place in found.items()
    }  # fmt: skip


def _amount(cell: dict[str, Cell], factor: Expression) -> amounts.Amount | None:
    if "amount" in cell:
        return amounts.amount(cell["amount"], factor)
    if "quantity" in cell and "price" in cell:
        return amounts.product(cell["quantity"], cell["price"], factor)
    return None


def _placed(typed: DuckDBPyRelation, when: times.When, zone: ZoneInfo) -> DuckDBPyRelation:
    """The rows with their instant, whatever they said of the zone."""
    names = [ColumnExpression(name) for name in typed.columns if name not in ("utc", "local")]
    if not when.naive:
        flags = [constant(False).alias(name) for name in ("zoneless", "twice", "never")]
        return typed.select(*names, ColumnExpression("utc").alias("at"), *flags)
    local, utc = ColumnExpression("local"), ColumnExpression("utc")
    walls = times.walls(zone, typed, local)
    zoneless = utc.isnull() & local.isnotnull()
    return typed.select(
        *names,
        call("tenure_either", utc, walls.instant).alias("at"),
        zoneless.alias("zoneless"),
        (zoneless & walls.twice).alias("twice"),
        (zoneless & walls.never).alias("never"),
    )


def _coded(placed: DuckDBPyRelation) -> DuckDBPyRelation:
    judged = ("blank", "customer", "at", "kind", "money_known", "amount_read", "amount", "discount_read", "discount")
    code = call("tenure_row_code", *(ColumnExpression(name) for name in judged))
    used = ("blank", "money_known", "amount_read", "amount", "discount_read", "discount")
    return placed.select(
        *(ColumnExpression(name) for name in placed.columns if name not in used),
        ColumnExpression("amount").try_cast("BIGINT").alias("amount_minor"),
        ColumnExpression("discount").try_cast("BIGINT").alias("discount_minor"),
        code.alias("code"),
    )


def _row_text(source: Source) -> Expression:
    texts = [call("tenure_either", cell.cast("VARCHAR"), constant("")) for cell in _cells(source)]
    return call("concat_ws", constant(","), *texts) if texts else _none()


def _row_hash(source: Source) -> Expression:
    return call("hash", *_cells(source)) if source.names else constant(0)


def _cells(source: Source) -> list[Expression]:
    return [ColumnExpression(name) for name in source.relation.columns[: len(source.names)]]


def _none() -> Expression:
    return constant(None).cast("VARCHAR")
