"""Reads orders and other events from files and tables of any kind into the engine's relation `events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenure.read.columns import Columns
from tenure.read.timeline import REASONS, Timeline

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB

__all__ = ["REASONS", "Columns", "Timeline", "read"]


def read(engine: DuckDB, sources: Any, columns: Columns | None = None, *, times_in: str = "UTC") -> Timeline:
    """Makes `events` in the engine (see `Timeline`) from one source or a list of them, columns united by role.

    A source is a path (CSV, also .gz and .zst; Parquet; Excel) or a table of pandas, Polars, PyArrow or DuckDB.
    `times_in`: the zone of times that carry none. A row that cannot be used is rejected and counted; a source that
    cannot be used raises BadFile, BadColumns or BadTime. Parquet with integer ids is read anew each time, not copied.
    """
    from tenure.read.intake import take_in

    many = list(sources) if isinstance(sources, list | tuple) else [sources]
    return take_in(engine, many, columns or Columns(), times_in)
