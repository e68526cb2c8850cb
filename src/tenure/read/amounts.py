"""Amounts of money in a source, as minor units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenure.read.cells import Cell, call, constant
from tenure.read.columns import is_minor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import Expression

__all__ = ["Amount", "amount", "product"]


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units, wider than they may be; null where the cell is blank or cannot be read."""

    minor: Expression
    read: Expression
    """Whether the cell is blank or a number: if not, the row is rejected."""
    notes: tuple[str, ...] = ()


def amount(cell: Cell, factor: Expression) -> Amount:
    """The amounts of a column: in minor units already if its name says so, else times `factor`, halves to even."""
    scale = constant(1) if is_minor(cell.name) else factor
    number, blank, notes = _number(cell)
    return Amount(_minor(cell, number, scale), blank | number.isnotnull() & _finite(cell, number), notes)


def product(quantity: Cell, price: Cell, factor: Expression) -> Amount:
    """Quantity times price, for sources that carry lines without their amounts; blank if either is."""
    many, no_quantity, quantity_notes = _number(quantity)
    each, no_price, price_notes = _number(price)
    scale = constant(1) if is_minor(price.name) else factor
    value = many.cast("DOUBLE") * each.cast("DOUBLE")
    read = no_quantity | no_price | (value.isnotnull() & call("isfinite", value))
    return Amount(call("tenure_minor_of_double", value, scale), read, quantity_notes + price_notes)


def _number(cell: Cell) -> tuple[Expression, Expression, tuple[str, ...]]:
    if cell.family in ("boolean", "date", "timestamp", "zoned", "other"):
        raise cell.wrong("amounts are numbers")
    if cell.family != "text":
        return cell.column, cell.column.isnull(), ()
    comma, point, either = cell.probe("amounts")
    number = call("tenure_number_of_text", cell.column, constant(comma > point))
    return number, cell.column.isnull(), tuple(_doubts(cell, comma, point, either))


def _doubts(cell: Cell, comma: int, point: int, either: int) -> Iterator[str]:
    """What had to be guessed: `comma` amounts show a decimal comma, `point` a point, `either` could mean both."""
    where = f"{cell.label}: in the column {cell.name!r}"
    if either and not comma and not point:
        yield (
            f"{where} 1,234 was read as 1234 and 1.234 as a decimal fraction; nothing in it shows a decimal comma"
        )
    if comma and point:
        guessed = f"; {either} such as 1.234 or 1,234 as most of the others are" if either else ""
        yield (
            f"{where} {comma} amounts have a decimal comma and {point} a decimal point: each was read as it is written"
            f"{guessed}; is it one country's spelling?"
        )


def _minor(cell: Cell, number: Expression, scale: Expression) -> Expression:
    if cell.family in ("whole", "wide"):
        return call("tenure_minor_of_whole", number, scale)
    macro = "tenure_minor_of_double" if cell.family == "float" else "tenure_minor_of_decimal"
    return call(macro, number, scale)


def _finite(cell: Cell, number: Expression) -> Expression:
    return call("isfinite", number) if cell.family == "float" else constant(True)
