"""Events handed in as a table and read as any table is, for tests of what is read off pictures and histories."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
from lives import Shop

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.oracle import Event
from tenure.lifecycle.policy import load
from tenure.read import read


def orders(events: Sequence[Event]) -> pa.Table:
    """The events as a table that any verb reads; yen have no decimals, so amounts stay as they are."""
    return pa.table({
        "customer_id": pa.array([one.customer for one in events], pa.int64()),
        "at": pa.array([one.at for one in events], pa.timestamp("us", "UTC")),
        "type": pa.array([one.kind for one in events], pa.string()),
        "order_id": pa.array([one.order_id for one in events], pa.string()),
        "amount": pa.array([one.amount_minor for one in events], pa.int64()),
        "currency": pa.array(["JPY"] * len(events), pa.string()),
        "category": pa.array([one.category for one in events], pa.string()),
        "region": pa.array([one.region for one in events], pa.string()),
        "reason": pa.array([one.reason for one in events], pa.string()),
    })  # fmt: skip


class Opened:
    """A shop read into an engine of its own; a context manager."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        path = folder / "policy.toml"
        path.write_text(shop.policy_text, encoding="utf-8")
        self.shop, self.policy, self.zone = shop, load(path), shop.zone
        self.engine = DuckDB(threads=1)

    def __enter__(self) -> Self:
        self.timeline = read(self.engine, orders(self.shop.events))
        return self

    def __exit__(self, *exc: object) -> None:
        self.engine.close()

    def rows(self, table):
        """The rows of an engine's table as dictionaries."""
        return self.engine.connection.table(table).to_arrow_table().to_pylist()
