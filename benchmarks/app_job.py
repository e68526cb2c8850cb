"""One measurement of the server, in a process of its own: what was measured as JSON on the last line.

    python benchmarks/app_job.py import ORDERS | insert URL | mirror | refresh [anew] | orders N | pages DAYS
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLES = ("tenure_source", "tenure_person", "tenure_identity", "tenure_importrun", "tenure_event", "tenure_eventbody")
AT_ONCE = 20_000
WARM = 40
IDLE_S = 20


def ready() -> None:
    """Django, and the tables."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.TENURE_DATA.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def import_orders(orders: str) -> dict[str, Any]:
    """A file into the ledger."""
    from tenure_app import clock
    from tenure_app.imports.runs import Asked, run

    asked = Asked(Path(orders), currency="EUR")
    seconds, done = timed(lambda: run(asked, by="bench", now=clock.now, progress=lambda *_: None))
    return {"seconds": seconds, "rows": done.counts["added"]}


def insert_rows(source: str) -> dict[str, Any]:
    """The finished rows of another ledger, inserted as plainly as this database can; reading them is not counted."""
    from django.db import connection

    seconds, rows = 0.0, 0
    for table in TABLES:
        for columns, some in rows_of(source, table):
            rows += len(some) if table == "tenure_event" else 0
            seconds += timed(lambda c=columns, t=table, s=some: put(connection, t, c, s))[0]
    return {"seconds": seconds, "rows": rows}


def rows_of(url: str, table: str) -> Any:
    """Columns and some rows at a time."""
    if url.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(url.removeprefix("sqlite:///")) as one:
            cursor = one.execute(f"SELECT * FROM {table}")
            columns = [each[0] for each in cursor.description]
            while some := cursor.fetchmany(AT_ONCE):
                yield columns, some
    else:
        import psycopg

        with psycopg.connect(url) as one, one.cursor("rows") as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            first = cursor.fetchmany(AT_ONCE)
            columns = [each.name for each in cursor.description or ()]
            while first:
                yield columns, first
                first = cursor.fetchmany(AT_ONCE)


def put(connection: Any, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    """Rows in one transaction: executemany on SQLite, COPY on PostgreSQL."""
    from django.db import transaction

    names = ", ".join(columns)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            places = ", ".join("?" * len(columns))
            cursor.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
            return
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copying:
            for row in rows:
                copying.write_row([json.dumps(cell) if isinstance(cell, dict) else cell for cell in row])


def mirror() -> dict[str, Any]:
    """The ledger read in columns."""
    from tenure.engine.duckdb import DuckDB
    from tenure_app.ledger.mirror import read_news

    with DuckDB() as engine:
        seconds, _ = timed(lambda: read_news(engine))
        ((rows,),) = engine.connection.table("news").count("*").fetchall()
    return {"seconds": seconds, "rows": rows}


def refresh(anew: str = "") -> dict[str, Any]:
    """Pictures brought up to the ledger."""
    from django.conf import settings

    from tenure.lifecycle.policy import DEFAULT
    from tenure_app import clock
    from tenure_app.insight.refresh import refresh as refreshed

    seconds, done = timed(lambda: refreshed(
        settings.TENURE_DATA / "mirror", DEFAULT, zone="UTC", now=clock.now(), progress=lambda *_: None,
        anew=bool(anew),
    ))  # fmt: skip
    return {"seconds": seconds, "events": done.events, "people": done.people, "anew": done.anew}


def more_orders(n: str) -> dict[str, Any]:
    """New orders in the last month of the ledger, by as many people; only what follows the import is timed."""
    from django.db.models import Max

    from tenure_app.ledger.models import Event, Identity

    last_at = Event.objects.aggregate(last=Max("occurred_at"))["last"]
    dice = random.Random(last_at)
    people = Identity.objects.filter(kind="customer").aggregate(last=Max("id"))["last"]
    picked = Identity.objects.filter(id__in=dice.sample(range(1, people), int(n) * 2), kind="customer")[: int(n)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"more-{last_at}.csv"
        lines = [f"{one.match},{last_at + place},5.00" for place, one in enumerate(picked, 1)]
        file.write_text("customer_id,at,amount\n" + "\n".join(lines) + "\n", encoding="utf-8")
        import_orders(str(file))
    return refresh()


def pages(days: str) -> dict[str, Any]:
    """A console in a process of its own: pages, days seen for the first time, memory, idleness."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from console import Console

    with Console() as console:
        return {
            "first": spread([console.seconds(f"/?as_of={day}") for day in console.days(int(days))]),
            "pages": {
                name: spread([console.seconds(path) for _ in range(WARM)]) for name, path in console.paths().items()
            },
            "rss": console.rss(), "idle": console.idle(IDLE_S),
        }  # fmt: skip


def spread(found: list[float]) -> dict[str, float]:
    """Median, 95th percentile, greatest, how many."""
    ordered = sorted(found)
    high = ordered[int(len(ordered) * 0.95)]
    return {"p50": ordered[len(ordered) // 2], "p95": high, "max": ordered[-1], "n": len(found)}


JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    "import": import_orders, "insert": insert_rows, "mirror": mirror, "refresh": refresh, "orders": more_orders,
    "pages": pages,
}  # fmt: skip


if __name__ == "__main__":
    ready()
    measured = JOBS[sys.argv[1]](*sys.argv[2:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**measured, "peak": peak}))
