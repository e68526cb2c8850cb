"""Whole order files for tests of what must hold of any of them: read, cut off, shuffled, and asked at many dates."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

DAY = 86_400_000_000
STAGES = ("prospect", "new", "active", "loyal", "lapsed", "inactive")


class OrderFile(NamedTuple):
    """A file, which of its columns tells the customer's instant, and how it is to be judged."""

    path: Path
    at: str
    policy: Path | None = None
    timezone: str = "UTC"

    @property
    def asked(self) -> dict:
        """What every verb is told."""
        return {"policy": self.policy, "timezone": self.timezone}

    def rows(self) -> pa.Table:
        """The rows as they lie in the file."""
        if self.path.suffix == ".parquet":
            return pyarrow.parquet.read_table(self.path)
        text = {"customer_id": pa.string(), "order_id": pa.string(), "amount": pa.string(), "discount": pa.string()}
        options = pyarrow.csv.ConvertOptions(
            column_types={**text, self.at: pa.timestamp("us", "UTC")}, strings_can_be_null=True
        )
        return pyarrow.csv.read_csv(self.path, convert_options=options)

    def instants(self) -> np.ndarray:
        """Microseconds UTC of every row."""
        return instants_of(self.rows()[self.at])

    def written(self, rows: pa.Table, name: str, folder: Path) -> "OrderFile":
        """The same kind of file with other rows."""
        path = folder / f"{name}{self.path.suffix}"
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(rows, path)
        else:
            pyarrow.csv.write_csv(rows, path, pyarrow.csv.WriteOptions(quoting_style="needed"))
        return self._replace(path=path)

    def cut_off(self, at: int, folder: Path) -> "OrderFile":
        """Only what happened before the instant."""
        rows = self.rows()
        return self.written(rows.filter(pa.array(instants_of(rows[self.at]) < at)), "cut_off", folder)

    def shuffled(self, folder: Path) -> "OrderFile":
        """The same rows in an order of chance."""
        rows = self.rows()
        return self.written(rows.take(np.random.default_rng(7).permutation(len(rows))), "shuffled", folder)

    def thinned(self, customers: int, folder: Path) -> "OrderFile":
        """About so many of the customers, every k-th by id, with all their rows."""
        rows = self.rows()
        ids = pc.unique(rows["customer_id"]).sort()
        kept = ids.take(np.arange(0, len(ids), max(1, len(ids) // customers)))
        return self.written(rows.filter(pc.is_in(rows["customer_id"], kept)), self.path.stem, folder)


def instants_of(column: pa.ChunkedArray) -> np.ndarray:
    """Microseconds UTC of a column of timestamps (naive ones are UTC)."""
    kind = pa.timestamp("us", column.type.tz)
    return column.cast(kind).cast(pa.int64()).to_numpy()


def dates(file: OrderFile, history: pa.Table, count: int) -> list[int]:
    """Instants to ask about: 20, or of each sort the first; sorts: before everything, a due midnight, the start of a
    month, in the middle of things, after everything."""
    at = np.sort(file.instants())
    first, last = int(at[0]), int(at[-1])
    lapsed = pc.is_in(history["stage"], pa.array(["lapsed", "inactive"]))
    due = np.unique(instants_of(history.filter(lapsed)["from"]))
    due = due[due < last]
    sorts = [
        [first - 40 * DAY, first, first + 1],
        [*_spread(due, 4), int(due[len(due) // 2]) + 1, int(due[len(due) // 3]) - 1],
        _spread(np.unique(at.astype("datetime64[us]").astype("datetime64[M]")).astype("datetime64[us]").astype(int), 4),
        [_spread(at, 3)[1] + 12_345_678_901, *_spread(at, 3)],  # the last ones: just when an order is placed
        [last + 100 * DAY, last + 1, last + 1200 * DAY],
    ]
    assert sum(map(len, sorts)) == 20
    return [sort[0] for sort in sorts] if count < 20 else [each for sort in sorts for each in sort]


def _spread(values: np.ndarray, count: int) -> list[int]:
    """So many of the sorted values, evenly spread, the edges left out; the one in the middle of them first."""
    found = [int(values[(place + 1) * len(values) // (count + 1)]) for place in range(count)]
    return [found.pop(count // 2), *found]


def read_off(history: pa.Table, at: int) -> pa.Table:
    """The picture as of an instant, read off the intervals: customer_id, stage, detail, since; by customer."""
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + np.timedelta64(at, "us").astype(object)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("intervals", history)
        return connection.sql(
            'SELECT customer_id, stage, detail, "from" AS since FROM intervals '
            'WHERE "from" < $as_of AND ("to" IS NULL OR $as_of <= "to") ORDER BY customer_id',
            params={"as_of": as_of},
        ).to_arrow_table()


def counts(history: pa.Table, edges: np.ndarray) -> dict[str, np.ndarray]:
    """How many stand in each stage as of each edge, counted off the intervals."""
    found = {}
    for stage in STAGES:
        mine = history.filter(pc.equal(history["stage"], stage))
        came, went = instants_of(mine["from"]), instants_of(mine["to"].drop_null())
        found[stage] = np.searchsorted(np.sort(came), edges) - np.searchsorted(np.sort(went), edges)
    return found


def days_of(dates: list[date]) -> np.ndarray:
    """Days since 1970-01-01."""
    return np.array(dates, "datetime64[D]").astype(np.int64)
