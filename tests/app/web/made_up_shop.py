"""A simulated shop as the console reads it: the core's own history and pictures in the tables of a `Reading`."""

import json
from collections import Counter
from pathlib import Path
from threading import Lock

import pyarrow as pa

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.history import history
from tenure.lifecycle.picture import picture
from tenure.lifecycle.policy import load
from tenure.lifecycle.trace import STAGES
from tenure.periods import day_of, parse_instant
from tenure.read import read
from tenure.simulation import simulate
from tenure_app.insight.forecasts import _written
from tenure_app.insight.foreseen import foreseen_of
from tenure_app.insight.reading import NothingYet, Reading

ZONE = "Europe/Oslo"
END = "2025-12-10"


class MadeUpShop:
    """Opens readings of one simulated shop, on whatever day; a stand-in for what the insight computes."""

    def __init__(self, folder: Path, customers: int = 2_000):
        shop = simulate(folder / "boots.parquet", customers=customers)
        self.policy, self.zone = load(shop.policy), ZONE
        self.engine = DuckDB()
        self.engine.__enter__()
        self.timeline = read(self.engine, shop.events)
        self.until = parse_instant(END, ZONE)
        history(self.timeline, self.policy, zone=ZONE, until=self.until)
        self.engine.keep("history")
        self.lock = Lock()
        self.told = {}
        self.connection = self.engine.connection
        self._lay_history()

    def _lay_history(self):
        cases = " ".join(
            f"WHEN stage = '{stage}' AND coalesce(detail, '') = '{detail or ''}' THEN {code}"
            for code, (stage, detail) in enumerate(STAGES)
        )
        run = self.connection.execute
        run(
            'CREATE OR REPLACE TABLE kept_history AS SELECT customer_id AS c, "from" AS from_at, "to" AS to_at,'
            f" CAST(CASE {cases} END AS TINYINT) AS code FROM history"
        )
        run(
            "CREATE OR REPLACE TABLE kept_events AS SELECT *, row_number() over () AS number,"
            " CASE WHEN c % 2 = 0 THEN 'web' ELSE 'shop' END AS channel FROM events"
        )
        run("DROP TABLE IF EXISTS history")
        steps = Counter()
        for name, sign in (("from_at", 1), ("to_at", -1)):
            for at, code in run(f"SELECT {name}, code FROM kept_history WHERE {name} IS NOT NULL").fetchall():
                steps[day_of(at, ZONE), code] += sign
        rows = [{"day": day, "code": code, "change": n} for (day, code), n in steps.items()]
        self.connection.from_arrow(pa.Table.from_pylist(rows)).create("kept_steps")

    def opened(self, at, policy=None):
        with self.lock:
            if at.as_of <= self.timeline.first_at:
                raise NothingYet
            return self._reading(at, policy or self.policy)

    def foreseen(self, reading, horizon, result):
        """What a process of its own would lay down, worked out once for all tests."""
        key = reading.policy.hash, reading.as_of, horizon
        with self.lock:
            if key not in self.told:
                stood = reading.table("people").select("c, code").order("c").to_arrow_table()
                self.connection.execute("SET schema = 'main'")
                self.told[key] = foreseen_of(
                    self.timeline, reading.policy, stood, zone=ZONE, as_of=reading.as_of, horizon=horizon,
                    rate=0.1,
                )
            result.parent.mkdir(parents=True, exist_ok=True)
            said = _written(result, *self.told[key])
            result.write_text(json.dumps(said), encoding="utf-8")
            return said

    def _reading(self, at, policy):
        name = f"d{at.as_of}_{policy.hash}"
        run = self.connection.execute
        if not run("SELECT 1 FROM duckdb_schemas() WHERE schema_name = ?", [name]).fetchall():
            run("SET schema = 'main'")
            picture(self.timeline, policy, zone=self.zone, as_of=at.as_of)
            cases = " ".join(
                f"WHEN s.stage = '{stage}' AND coalesce(s.detail, '') = '{detail or ''}' THEN {code}"
                for code, (stage, detail) in enumerate(STAGES)
            )
            run(f"CREATE SCHEMA {name}")
            run(
                f"CREATE TABLE {name}.people AS SELECT s.customer_id AS c, CAST(CASE {cases} END AS TINYINT) AS code,"
                " s.stage, s.detail, s.since, s.orders, s.occasions, s.cycle, s.first_order_at, s.last_order_at,"
                " s.expected_next_at AS expected_at, s.overdue_at, s.long_overdue_at, s.inactive_at,"
                " DATE '1970-01-01' + CAST(s.contact_on AS INTEGER) AS contact_on, s.reason, s.because,"
                " (SELECT sum(amount_minor) FROM kept_events e WHERE e.c = s.customer_id AND e.kind = 'order.placed'"
                f' AND e."at" < {at.as_of}) AS spent_minor FROM stages s'
            )
            run(f"CREATE VIEW {name}.history AS SELECT * FROM main.kept_history")
            run(f"CREATE VIEW {name}.steps AS SELECT * FROM main.kept_steps")
            run(f"CREATE VIEW {name}.events AS SELECT * FROM main.kept_events")
            run(
                f'CREATE TABLE {name}.passages AS WITH o AS (SELECT DISTINCT c, "at" AS bought_at FROM main.kept_events'
                " WHERE kind = 'order.placed'), n AS (SELECT c, bought_at AS from_at, lead(bought_at) OVER w AS to_at,"
                " row_number() OVER w AS occasions, first_value(bought_at) OVER w AS first_order_at FROM o"
                " WINDOW w AS (PARTITION BY c ORDER BY bought_at)) SELECT n.c, n.from_at, n.to_at, n.occasions"
                " AS orders,"
                " n.occasions, n.first_order_at, n.from_at AS last_order_at,"
                " n.from_at + p.expected_at - p.last_order_at AS expected_at,"
                " n.from_at + p.overdue_at - p.last_order_at AS overdue_at,"
                " n.from_at + p.long_overdue_at - p.last_order_at AS long_overdue_at,"
                f" n.from_at + p.inactive_at - p.last_order_at AS inactive_at FROM n JOIN {name}.people p ON p.c = n.c"
            )
        cursor = self.connection.cursor()
        cursor.execute(f"SET schema = '{name}'")
        return Reading(
            connection=cursor,
            generation=policy.hash,
            as_of=at.as_of,
            zone=self.zone,
            policy=policy,
            first_at=self.timeline.first_at,
            last_at=self.timeline.last_at,
        )
