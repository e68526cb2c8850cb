"""The files of a simulated shop: events, truth and policy, beside each other."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from tenure.simulation.traces import Trace
from tenure.write import written_whole

__all__ = ["BOOT_TRUTH", "RHYTHM_TRUTH", "event_table", "policy_text", "truth_table", "write_shop"]

INSTANT: Final = pa.timestamp("us", tz="UTC")
MONEY: Final = pa.decimal128(10, 2)
CURRENCY: Final = "EUR"

EVENTS: Final = pa.schema(
    [
        ("customer_id", pa.int64()), ("order_id", pa.string()), ("at", INSTANT), ("type", pa.string()),
        ("amount", MONEY), ("currency", pa.string()), ("category", pa.string()), ("region", pa.string()),
        ("discount", MONEY), ("reason", pa.string()),
    ]
)
BOOT_TRUTH: Final = pa.schema(
    [
        ("customer_id", pa.int64()), ("kind", pa.string()), ("region", pa.string()),
        ("rate_per_year", pa.float64()), ("boots_per_season", pa.float64()), ("shoes_per_year", pa.float64()),
        ("regularity", pa.int64()), ("leave_chance", pa.float64()), ("first_look_at", INSTANT),
        ("first_order_at", INSTANT), ("last_order_at", INSTANT), ("orders", pa.int64()),
        ("left_at", INSTANT), ("left_because", pa.string()),
    ]
)
RHYTHM_TRUTH: Final = pa.schema(
    [
        ("customer_id", pa.int64()), ("class", pa.string()), ("k", pa.int64()), ("mean_gap_days", pa.float64()),
        ("rate_per_year", pa.float64()), ("leave_chance", pa.float64()), ("first_order_at", INSTANT),
        ("last_order_at", INSTANT), ("orders", pa.int64()), ("left_at", INSTANT),
    ]
)


def event_table(rows: Sequence[Trace]) -> pa.Table:
    """The traces as a table of events, in order of time; each customer's own order is kept on equal instants."""
    ordered = sorted(rows, key=lambda row: (row.at, row.customer_id))
    columns: dict[str, list[Any]] = {
        "customer_id": [row.customer_id for row in ordered],
        "order_id": [row.order_id for row in ordered],
        "at": [row.at * 1_000_000 for row in ordered],
        "type": [row.type for row in ordered],
        "amount": [_money(row.amount_minor) for row in ordered],
        "currency": [None if row.amount_minor is None else CURRENCY for row in ordered],
        "category": [row.category for row in ordered],
        "region": [row.region for row in ordered],
        "discount": [_money(row.discount_minor) for row in ordered],
        "reason": [row.reason for row in ordered],
    }
    return pa.table(columns, schema=EVENTS)


def truth_table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """The truth, one row per customer, in the order of the schema; instants come as seconds since 1970."""
    instants = [pa.types.is_timestamp(field.type) for field in schema]
    columns = [
        pa.array([_microseconds(value) if instant else value for value in column], field.type)
        for column, instant, field in zip(zip(*rows, strict=True), instants, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def write_shop(events: tuple[pa.Table, Path], truth: tuple[pa.Table, Path], policy: tuple[str, Path]) -> None:
    """The three files of a shop, Parquet or CSV by the names' endings; BadFile if one of them cannot be written.

    None takes its place before all are written: a disk that is full leaves what was there, files of one shop.
    """
    with written_whole(events[1]) as beside:
        _write_table(events[0], beside, events[1].suffix)
        with written_whole(truth[1]) as beside_truth:
            _write_table(truth[0], beside_truth, truth[1].suffix)
            with written_whole(policy[1]) as beside_policy:
                beside_policy.write_text(policy[0], encoding="utf-8", newline="\n")


def _write_table(table: pa.Table, path: Path, ending: str) -> None:
    """Parquet or CSV; in CSV instants are ISO 8601 with Z and what is absent is empty."""
    if ending == ".parquet":
        pyarrow.parquet.write_table(table, path, compression="zstd")
    else:
        pyarrow.csv.write_csv(_instants_as_text(table), path, pyarrow.csv.WriteOptions(quoting_style="needed"))


def policy_text(months: Sequence[int], hemisphere: str, regions: Sequence[str]) -> str:
    """The policy that declares the boot season with its months as meant in `hemisphere`; without months: no season."""
    if not months:
        return "# No goods of this shop have a season, and none is looked for.\n[seasons]\nlearn = false\n"
    lines = [
        "# Boots have a season from the first day; nothing else has one.",
        "[seasons]", "learn = false", "lead_days = 14", "",
        "[[season]]", 'category = "boots"', f"months = {list(months)}", f'hemisphere = "{hemisphere}"',
    ]
    if "south" in regions:
        lines += ["", "# Where it is cold six months later.", "[regions]", 'south = "south"']
    return "\n".join(lines) + "\n"


def _money(minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-2)


def _microseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


def _instants_as_text(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            # whole seconds without a zone, so that no zone database is asked
            text = pc.strftime(table.column(index).cast(pa.int64()).cast(pa.timestamp("us")).cast(pa.timestamp("s")),
                               format="%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(index, field.name, text)
    return table
