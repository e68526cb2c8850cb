"""What a reading of sources gives back: counts, spans and remarks; the rows themselves lie in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from tenure.engine.duckdb import DuckDB

__all__ = ["REASONS", "Timeline"]

REASONS: Final[dict[str, str]] = {
    "bad_line": "the line does not have the fields of the header",
    "missing_customer": "no customer id",
    "bad_customer": "the customer id is not a whole number as the column's others are",
    "bad_time": "the time is missing or cannot be read",
    "time_out_of_range": "the year is before 1900 or after 2200",
    "unknown_kind": "the kind of event is not one of the known kinds",
    "unknown_currency": "the currency is not a three-letter code of ISO 4217",
    "bad_amount": "the amount or discount is not a number",
    "huge_amount": "the amount or discount is beyond 9,000,000,000,000,000 minor units",
    "mixed_currency": "the currency is not that of the order's earliest row",
}
"""Every code a rejected row may carry, with what it says."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events ready in the engine's relation `events`, and what was seen while reading them.

    `events`: c BIGINT, at BIGINT (us UTC), kind, order_id VARCHAR, amount_minor BIGINT, currency VARCHAR,
    discount_minor BIGINT, category, region, reason VARCHAR; null where unknown. With integer customer ids c is the id;
    with text ids the table `customers` (c, customer_id, draw) numbers them from 1 in order, draw being a hash of the
    id, 0 <= draw < 2147483647.
    """

    engine: DuckDB
    customer_type: Literal["BIGINT", "VARCHAR"]
    has: frozenset[str]
    """Which of order, type, amount, currency, category, region, discount, reason the sources carry a value of."""
    negative: bool
    """Whether any amount is below 0."""
    rows: int
    """Rows read; always accepted + the sum of rejected."""
    accepted: int
    rejected: tuple[tuple[str, int], ...]
    """(code, rows), most frequent first."""
    first_at: int | None
    """Earliest instant of an accepted row, us UTC; None without one."""
    last_at: int | None
    notes: tuple[str, ...]
    """Remarks for the user, one line each; that times carry no zone comes last."""
    zoneless: int = 0
    """Accepted rows whose time carries no zone."""

    def rejects(self) -> pa.Table:
        """The rejected rows: file, line (1-based, headers counted), code, reason, row (its text), in file order."""
        return self.engine.table("tenure.read", "rows", "rejects")
