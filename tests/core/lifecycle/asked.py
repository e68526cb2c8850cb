"""What the tests ask the engine: pictures and histories of events held as the oracle holds them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.history import history
from tenure.lifecycle.oracle import Event
from tenure.lifecycle.picture import picture
from tenure.lifecycle.policy import Policy, load
from tenure.read import Timeline

Interval = tuple[str, str | None, int, int | None]
ROLES = {"order_id": "order", "kind": "type", "amount_minor": "amount", "category": "category", "region": "region"}


class Asked(NamedTuple):
    """Rows of the table `stages` by customer; rows of `history` by customer."""

    pictures: dict[int, dict]
    histories: dict[int, list[Interval]]


def policy_of(text: str, folder: Path) -> Policy:
    """The policy of a TOML text."""
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def timeline(engine: DuckDB, events: Sequence[Event]) -> Timeline:
    """The events as reading would leave them (tests/core/read has the reading)."""
    columns = {
        "c": pa.array([one.customer for one in events], pa.int64()),
        "at": pa.array([one.at for one in events], pa.int64()),
        "kind": pa.array([one.kind for one in events], pa.string()),
        "order_id": pa.array([one.order_id for one in events], pa.string()),
        "amount_minor": pa.array([one.amount_minor for one in events], pa.int64()),
        "category": pa.array([one.category for one in events], pa.string()),
        "region": pa.array([one.region for one in events], pa.string()),
        "reason": pa.array([one.reason for one in events], pa.string()),
    }
    engine.put("events", pa.table(columns))
    instants = [one.at for one in events]
    return Timeline(
        engine=engine, customer_type="BIGINT", rows=len(events), accepted=len(events), rejected=(), notes=(),
        has=frozenset(role for column, role in ROLES.items() if columns[column].null_count < len(events)),
        negative=any(one.amount_minor is not None and one.amount_minor < 0 for one in events),
        first_at=min(instants, default=None), last_at=max(instants, default=None),
    )  # fmt: skip


def pictures(events: Sequence[Event], policy: Policy, zone: str, as_of: int) -> dict[int, dict]:
    """The picture as of an instant, by customer."""
    with DuckDB(threads=1) as engine:
        picture(timeline(engine, events), policy, zone=zone, as_of=as_of)
        rows = engine.connection.table("stages").to_arrow_table().to_pylist()
    return {row["customer_id"]: row for row in rows}


def histories(events: Sequence[Event], policy: Policy, zone: str, until: int) -> dict[int, list[Interval]]:
    """All intervals, by customer, in the order of the table."""
    with DuckDB(threads=1) as engine:
        history(timeline(engine, events), policy, zone=zone, until=until)
        return by_customer(engine.connection.table("history").fetchall())


def by_customer(rows: Iterable[tuple]) -> dict[int, list[Interval]]:
    """Rows of a history grouped by customer."""
    found: dict[int, list[Interval]] = {}
    for customer, *interval in rows:
        found.setdefault(customer, []).append(tuple(interval))
    return found


def standing_at(intervals: Sequence[Interval], instant: int) -> Interval | None:
    """The interval that holds as of an instant: from < T and (to empty or T <= to)."""
    found = [one for one in intervals if one[2] < instant and (one[3] is None or instant <= one[3])]
    assert len(found) <= 1
    return found[0] if found else None
