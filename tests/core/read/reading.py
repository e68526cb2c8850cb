"""What the tests of reading share: one call that reads and lays the result out as plain values."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tenure.engine.duckdb import DuckDB
from tenure.read import Columns, read

EVENT = (
    "c",
    "at",
    "kind",
    "order_id",
    "amount_minor",
    "currency",
    "discount_minor",
    "category",
    "region",
    "reason",
)


@dataclass
class Seen:
    """A reading as plain values."""

    timeline: object
    events: list
    customers: dict
    rejects: list
    lazy: bool

    def column(self, name):
        return [event[EVENT.index(name)] for event in self.events]

    def ids(self):
        return [self.customers.get(c, c) for c in self.column("c")]

    def times(self):
        return [datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S") for at in self.column("at")]

    def codes(self):
        return [(reject["line"], reject["code"]) for reject in self.rejects]


def seen(*sources, times_in="UTC", **named):
    with DuckDB(threads=1) as engine:
        timeline = read(engine, list(sources), Columns(**named), times_in=times_in)
        connection = engine.connection
        # in the order of the source's rows as far as tests need one: by time, then customer
        events = connection.sql('SELECT * FROM events ORDER BY "at", c, amount_minor').fetchall()
        assert connection.sql("SELECT * FROM events LIMIT 0").columns == list(EVENT)
        kinds = [str(kind) for kind in connection.sql("SELECT * FROM events LIMIT 0").types]
        texts = {"kind", "order_id", "currency", "category", "region", "reason"}
        assert kinds == ["VARCHAR" if name in texts else "BIGINT" for name in EVENT]
        tables = {name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
        customers = {}
        if "customers" in tables:
            customers = dict(connection.sql("SELECT c, customer_id FROM customers").fetchall())
        rejects = timeline.rejects().to_pylist()
        assert timeline.rows == timeline.accepted + sum(n for _, n in timeline.rejected)
        assert len(events) == timeline.accepted
        assert len(rejects) == timeline.rows - timeline.accepted
        assert ("customers" in tables) == (timeline.customer_type == "VARCHAR")
        return Seen(timeline, events, customers, rejects, lazy="tenure_events" not in tables)


def csv(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path
