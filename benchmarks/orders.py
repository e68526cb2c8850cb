"""Orders to measure with: customers who come at their own pace, tire, and are replaced by new ones, in 36 months.

The same arguments give the same rows, whatever the number of threads: customers are drawn in pieces of fixed size, each
piece from its own stream, and the rows are sorted by everything they hold.

    python benchmarks/orders.py --customers 1000000 --out orders.parquet
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

VERSION = 1
"""Goes into the name of the cached file; raise it when the people change."""
SEED = 20230101
PIECE = 50_000
DAYS = 1096
START_US = 1_672_531_200_000_000  # 2023-01-01
DAY_US = 86_400_000_000


def pieces(customers: int) -> Iterator[pa.Table]:
    """Tables customer_id (int64), at (timestamp, us, no zone), amount (double), one piece of customers at a time."""
    for number, low in enumerate(range(1, customers + 1, PIECE)):
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([SEED, number])))
        yield _piece(np.arange(low, min(low + PIECE, customers + 1), dtype=np.int64), rng)


def _piece(customer: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """One order at least each: the first within 1,000 days, then gaps without memory until the customer has had enough.

    The chance that an order is the last is .02 and more, .14 on average; mean gaps have a median of 22 days.
    """
    n = len(customer)
    leave = np.minimum(0.02 + 0.12 * _exponential(rng, n), 0.6)
    wanted = np.minimum(1 + np.floor(-_exponential(rng, n) / np.log1p(-leave)), 2000).astype(np.int64)
    normal = np.sqrt(2 * _exponential(rng, n)) * np.cos(2 * np.pi * rng.random(n))
    mean_gap = 22 * np.exp(0.9 * normal)
    first_day = 1000 * rng.random(n) ** 2  # most of the shop's customers came early

    owner = np.repeat(np.arange(n), wanted)
    opening = np.cumsum(wanted) - wanted
    step = mean_gap[owner] * _exponential(rng, len(owner))
    step[opening] = first_day
    run = np.cumsum(step)
    day = run - (run[opening] - first_day)[owner]
    kept = day < DAYS
    at = START_US + (day[kept] * DAY_US).astype(np.int64)
    amount = np.round(5 + 95 * rng.random(len(owner))[kept], 2)
    times = pa.array(at).cast(pa.timestamp("us"))
    return pa.table({"customer_id": customer[owner[kept]], "at": times, "amount": amount})


def _exponential(rng: np.random.Generator, n: int) -> np.ndarray:
    """By inversion, because raw uniforms stay what they are from one NumPy to the next."""
    return -np.log1p(-rng.random(n))


def write(customers: int, path: Path) -> None:
    """All pieces as one zstd Parquet in order of time, as a shop would export it; appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE orders (customer_id BIGINT, "at" TIMESTAMP, amount DOUBLE)')
        for piece in pieces(customers):
            connection.from_arrow(piece).insert_into("orders")
        ordered = connection.sql('SELECT * FROM orders ORDER BY "at", customer_id, amount')
        ordered.write_parquet(str(unfinished), compression="zstd")
    unfinished.replace(path)


def main() -> None:
    """Write the file that the options ask for."""
    parser = argparse.ArgumentParser(description="make orders to measure with")
    parser.add_argument("--customers", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    write(given.customers, given.out)


if __name__ == "__main__":
    main()
