"""A column of a source in a role, and the expressions that read ids, words, kinds and currencies from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from duckdb import CaseExpression, ConstantExpression, Expression, FunctionExpression

from tenure.engine.base import statement
from tenure.errors import BadColumns
from tenure.events import KINDS, ORDER_PLACED, SYNONYMS
from tenure.money import EXPONENTS
from tenure.read.columns import option

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from duckdb.sqltypes import DuckDBPyType

__all__ = ["Cell", "Family", "ask", "call", "constant", "currency", "customer", "factor", "family", "kind", "text"]

Family = Literal["whole", "wide", "decimal", "float", "text", "date", "timestamp", "zoned", "boolean", "other"]

_FAMILIES: Final[dict[Family, str]] = {
    "whole": "tinyint smallint integer bigint utinyint usmallint uinteger",
    "wide": "ubigint hugeint uhugeint",
    "decimal": "decimal",
    "float": "float double",
    "text": 'varchar enum uuid "null" null',
    "date": "date",
    "timestamp": "timestamp timestamp_s timestamp_ms timestamp_ns",
    "zoned": "timestamptz timestamptz_ns",
    "boolean": "boolean",
}
_FAMILY: Final[dict[str, Family]] = {name: key for key, names in _FAMILIES.items() for name in names.split()}
_SPOKEN: Final = {"at": "time"}
_HELD: Final = {
    "blob": "bytes", "list": "lists", "array": "lists", "struct": "records", "map": "records", "boolean": "yes or no",
    "date": "dates", "time": "times of day", "interval": "spans of time",
    **dict.fromkeys(_FAMILIES["timestamp"].split(), "times"), **dict.fromkeys(_FAMILIES["zoned"].split(), "times"),
    "timestamp with time zone": "times",
}  # fmt: skip
"""What users call what a column of these types holds."""
_NO_ID: Final = frozenset(("boolean", "date", "timestamp", "zoned", "other"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a source in one role."""

    label: str
    name: str
    role: str
    column: Expression
    """What it holds; of a text column the trimmed text, null where blank."""
    family: Family
    named: bool
    """The user chose it for the role."""
    relation: DuckDBPyRelation

    def probe(self, what: str, column: Expression | None = None) -> tuple[Any, ...]:
        """The one row that a statement of probes.sql finds out about the column."""
        return self.probes(what, column)[0]

    def probes(self, what: str, column: Expression | None = None) -> list[tuple[Any, ...]]:
        """All rows of it."""
        return ask(self.relation.select((self.column if column is None else column).alias("x")), "probes", what)

    def wrong(self, what: str) -> BadColumns:
        """The error of a column whose type cannot play the role: `what` it should hold."""
        kind = self.relation.select(self.column).types[0].id
        held, role = _HELD.get(kind, f"the type {kind}"), _SPOKEN.get(self.role, self.role)
        return BadColumns(
            f"{self.label}: the column {self.name!r} holds {held} and cannot be the {role}: {what};"
            f" choose another with {option(self.role)}"
        )


def ask(relation: DuckDBPyRelation, topic: str, name: str) -> list[tuple[Any, ...]]:
    """All rows of a statement of this package that reads the relation under the name `tenure_cells`."""
    answer = relation.query("tenure_cells", statement("tenure.read", topic, name))
    return [] if answer is None else answer.fetchall()


def family(kind: DuckDBPyType) -> Family:
    """What a column type can hold, as far as reading it goes."""
    return _FAMILY.get(kind.id.replace("timestamp with time zone", "timestamptz"), "other")


def call(macro: str, *cells: Expression) -> Expression:
    """A macro of cells.sql, or a function of the engine, on these cells."""
    return FunctionExpression(macro, *cells)


def constant(value: bool | int | str | None) -> Expression:
    """A value that is the same in every row."""
    return ConstantExpression(value)


def text(cell: Cell) -> Expression:
    """The cell as text, trimmed, null where blank; BadColumns for lists and structs."""
    if cell.family == "other":
        raise cell.wrong("that is text or a number")
    if cell.family in ("float", "decimal"):
        whole = call("tenure_id_of_number", cell.column)
        return FunctionExpression("tenure_either", whole.cast("VARCHAR"), cell.column.cast("VARCHAR"))
    return cell.column if cell.family == "text" else cell.column.cast("VARCHAR")


def customer(cell: Cell, *, written: bool) -> tuple[Expression, Expression, bool]:
    """The customer id, whether it is missing, and whether it is a whole number (else text).

    Types of the source are kept. `written`: it has none (CSV), so ids are whole numbers if every one looks like one.
    A column with whole numbers beyond 64 bits is one of text, as in CSV.
    """
    if cell.family in _NO_ID:
        raise cell.wrong("ids are whole numbers or text")
    if cell.family == "text":
        name = call("tenure_id", cell.column)
        if written:
            ids, whole = cell.probe("ids")
            if 0 < ids == whole:
                return call("tenure_id_whole", cell.column), name.isnull(), True
        return name, name.isnull(), False
    if cell.family == "whole":
        return cell.column.cast("BIGINT"), cell.column.isnull(), True
    if cell.family in ("wide", "decimal") and not cell.probe("bigint")[0]:
        name = call("tenure_id_of_decimal", cell.column) if cell.family == "decimal" else cell.column.cast("VARCHAR")
        return name, cell.column.isnull(), False
    blank = cell.column.isnull()
    if cell.family == "float":
        blank = blank | call("isnan", cell.column)
    return call("tenure_id_of_number", cell.column), blank, True


def kind(cell: Cell) -> tuple[Expression, Expression]:
    """The kind of event, null where it is not a known one, and whether the cell is blank: that row is an order."""
    word = text(cell)
    known = {found: name for (found,) in cell.probes("words", word) if (name := _kind_of(found)) is not None}
    return _mapped(word, {None: ORDER_PLACED, **known}).cast("VARCHAR"), word.isnull()


def currency(cell: Cell) -> tuple[Expression, Expression, frozenset[str]]:
    """The currency code, null where blank or unknown, whether it is blank or known, and the known codes that occur."""
    word = text(cell)
    known = {found: code for (found,) in cell.probes("words", word) if (code := found.upper()) in EXPONENTS}
    code = _mapped(word, dict(known)).cast("VARCHAR")
    return code, word.isnull() | code.isnotnull(), frozenset(known.values())


def factor(code: Expression | None, codes: frozenset[str]) -> Expression:
    """Minor units in one unit of the row's currency; 100 where the currency is unknown."""
    odd = {name: 10 ** EXPONENTS[name] for name in sorted(codes) if EXPONENTS[name] != 2}
    if code is None or not odd:
        return constant(100)
    return FunctionExpression("tenure_either", _mapped(code, dict(odd)), constant(100))


def _kind_of(word: str) -> str | None:
    name = word.strip().lower()
    if name in KINDS:
        return name
    return SYNONYMS.get(name)


def _mapped(word: Expression, values: Mapping[Any, str | int]) -> Expression:
    cases: Any = None
    for key, value in values.items():
        test = word.isnull() if key is None else word == constant(key)
        cases = CaseExpression(test, constant(value)) if cases is None else cases.when(test, constant(value))
    result: Expression = constant(None) if cases is None else cases.otherwise(constant(None))
    return result
