"""One measured piece of work in a process of its own: its seconds, its peak memory and what it made, as a line of JSON.

Measured is the whole work from opening the orders to the written result; imports are measured apart.

    python benchmarks/job.py stages orders.parquet --out picture.parquet
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

AS_OF = "2026-01-01"
FLOOR = """
SELECT count(*), sum(n)
FROM (SELECT customer_id, count(*) n, min("at"), max("at") FROM read_parquet($orders) GROUP BY 1)
"""
FLOOR_TIMES = """
SELECT count(*), sum(n), min(first_at), max(last_at)
FROM (SELECT customer_id, count(*) n, min("at") first_at, max("at") last_at FROM read_parquet($orders) GROUP BY 1)
"""
COUNT = "SELECT count(*), count(DISTINCT customer_id) FROM read_parquet($made)"


class Job(NamedTuple):
    """What runs, and what is imported before the watch starts."""

    run: Callable[[Path, Path], None]
    imports: tuple[str, ...]


def floor(orders: Path, out: Path) -> None:
    """Group the same file by customer: no judgement can take less. DuckDB skips the times, because nobody uses them."""
    _grouped(FLOOR, orders, out)


def floor_times(orders: Path, out: Path) -> None:
    """The same with the times read."""
    _grouped(FLOOR_TIMES, orders, out)


def _grouped(query: str, orders: Path, out: Path) -> None:
    import duckdb

    with duckdb.connect() as connection:
        customers, rows, *_ = connection.execute(query, {"orders": str(orders)}).fetchall()[0]
    out.write_text(json.dumps([int(customers), int(rows)]), encoding="utf-8")


def stages(orders: Path, out: Path) -> None:
    """`tenure stages`, as the command runs it."""
    _command("stages", str(orders), "--as-of", AS_OF, "--out", str(out))


def history(orders: Path, out: Path) -> None:
    """`tenure history`, as the command runs it."""
    _command("history", str(orders), "--until", AS_OF, "--out", str(out))


def _command(*words: str) -> None:
    from tenure.cli import main

    ended = main(list(words))
    if ended:
        raise SystemExit(f"tenure {words[0]} ended with {ended}")


def pandas(orders: Path, out: Path) -> None:
    """The picture as usually written, without apply: silence against one's own median gap, no sentence, no season."""
    import numpy as np
    import pandas as pd

    as_of = pd.Timestamp(AS_OF)
    frame = pd.read_parquet(orders)
    frame = frame[frame["at"] < as_of].sort_values(["customer_id", "at"])
    frame["gap_days"] = frame.groupby("customer_id")["at"].diff().dt.total_seconds() / 86400
    by_customer = frame.groupby("customer_id")
    seen = by_customer.agg(orders=("at", "size"), first_order_at=("at", "min"), last_order_at=("at", "max"))
    seen["gap_days"] = by_customer["gap_days"].median()
    usual = seen["gap_days"].fillna(seen["gap_days"].median())
    for name, gaps in (("expected_next_at", 1), ("overdue_at", 2), ("long_overdue_at", 4), ("inactive_at", 6)):
        seen[name] = seen["last_order_at"] + pd.to_timedelta(gaps * usual, unit="D")
    tests = [seen["inactive_at"] <= as_of, seen["overdue_at"] <= as_of, seen["orders"] == 1, seen["orders"] == 2]
    seen["stage"] = np.select(tests, ["inactive", "lapsed", "new", "active"], "loyal")
    seen.reset_index().to_parquet(out, compression="zstd")


_TENURE = (
    "tenure.cli", "tenure.verbs", "tenure.read", "tenure.lifecycle.picture", "tenure.lifecycle.history",
    "scipy.special", "pyarrow.parquet", "duckdb",
)  # fmt: skip
JOBS = {
    "floor": Job(floor, ("duckdb",)),
    "floor_times": Job(floor_times, ("duckdb",)),
    "stages": Job(stages, _TENURE),
    "history": Job(history, _TENURE),
    "pandas": Job(pandas, ("numpy", "pandas", "pyarrow.parquet")),
}


def made(name: str, out: Path) -> tuple[int, int]:
    """Rows and customers of what the job wrote."""
    if name.startswith("floor"):
        customers, rows = json.loads(out.read_text(encoding="utf-8"))
        return rows, customers
    import duckdb

    with duckdb.connect() as connection:
        rows, customers = connection.execute(COUNT, {"made": str(out)}).fetchall()[0]
    return rows, customers


def main() -> None:
    """Do one job and print what it took."""
    parser = argparse.ArgumentParser(description="one measured piece of work")
    parser.add_argument("job", choices=sorted(JOBS))
    parser.add_argument("orders", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    job = JOBS[given.job]
    began = time.perf_counter()
    for name in job.imports:
        importlib.import_module(name)
    imported, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    job.run(given.orders, given.out)
    ended, spent = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    # kilobytes, but on macOS bytes
    peak = spent.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    rows, customers = made(given.job, given.out)
    taken = {
        "seconds": ended - imported,
        "cpu_seconds": spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime,
        "import_seconds": imported - began,
        "peak_bytes": peak,
        "rows": rows,
        "customers": customers,
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
