"""Rows that cannot be used: their codes, and the table that keeps them for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from duckdb import CaseExpression, ColumnExpression

from tenure.read.cells import call, constant
from tenure.read.timeline import REASONS
from tenure_app.imports.form import Task

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

__all__ = ["LEFT_OUT", "REJECTED", "keep_rejects"]

REJECTED: Final[dict[str, str]] = {**REASONS, "missing_order": "no order number"}
"""Every code a rejected row may carry, with what it says."""

LEFT_OUT: Final[dict[str, str]] = {
    "not_paid": "not paid, or not yet: a later export brings it once it is",
    "voided": "the payment was called off before it was made",
    "failed": "the payment failed",
    "not_captured": "the payment was authorized and not taken",
    "test": "a test payment",
    "unknown_status": "a status that is not known here",
    "no_order": "neither a payment nor a refund",
    "repeated_row": "says again what an earlier row of the file says",
}
"""Every code of rows that are fine and no fact."""


def keep_rejects(task: Task, verdicts: DuckDBPyRelation) -> None:
    """Makes the table `rejects` of the rows (line, code) with a code, and of the lines that are no records.

    Each with its text as it lies in the file, in the order of the file.
    """
    task.run("facts", "new_rejects")
    found = verdicts.filter(ColumnExpression("code").isnotnull()).select(
        ColumnExpression("line"), ColumnExpression("code")
    )
    if codes := [row[0] for row in found.select(ColumnExpression("code")).distinct().fetchall()]:
        source = task.source
        cells = [ColumnExpression(name) for name in source.relation.columns[: len(source.names)]]
        shown = [call("tenure_either", cell.cast("VARCHAR"), constant("")) for cell in cells]
        rows = source.relation.select(ColumnExpression("line"), call("concat_ws", constant(","), *shown).alias("row"))
        rows.join(found, "line").select(
            ColumnExpression("line"), ColumnExpression("code"), _reason(codes).alias("reason"), ColumnExpression("row")
        ).insert_into("rejects")
    if bad := task.source.bad_lines:
        lines, texts = [each.line for each in bad], [each.text for each in bad]
        columns = [lines, ["bad_line"] * len(bad), [each.reason for each in bad], texts]
        table = pa.table(columns, names=["line", "code", "reason", "row"])
        task.engine.connection.from_arrow(table).insert_into("rejects")
    task.run("facts", "sort_rejects")


def _reason(codes: list[str]) -> Any:
    """What the code of a row says."""
    says: Any = None
    for code in codes:
        test, words = ColumnExpression("code") == constant(code), constant(REJECTED[code])
        says = CaseExpression(test, words) if says is None else says.when(test, words)
    return says.otherwise(constant(None))
