"""A database of every released state of the tables upgrades, keeps what it says, and refuses to be changed."""

import contextlib
import sqlite3
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from databases import use
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from facts import lay_what_holds

import tenure
from tenure.engine.duckdb import DuckDB
from tenure_app.ledger import append_only, mirror

RELEASED = Path(__file__).parent / "released"
STATES = sorted({path.name.split(".")[0] for path in RELEASED.iterdir()})
AS_OF = 1_640_000_000_000_000


@pytest.fixture
def released(request, sqlite_databases, tmp_path, vendor, state):
    """A database as that release made it."""
    script = (RELEASED / f"{state}.{vendor}.sql").read_text(encoding="utf-8")
    if vendor == "sqlite":
        file = tmp_path / "released.sqlite3"
        with contextlib.closing(sqlite3.connect(file)) as one:
            one.executescript(script)
        url = f"sqlite:///{file}"
        use(url)
    else:
        cluster = request.getfixturevalue("cluster")
        cluster.do(f"CREATE DATABASE released_{state}")
        url = cluster.url(f"released_{state}")
        with psycopg.connect(url) as one:
            one.execute(script)
        use(url)
    yield url
    connections["default"].close()
    if vendor == "postgresql":
        cluster.do(f"DROP DATABASE released_{state} WITH (FORCE)")


def pictures(rows):
    names = ("customer", "order", "at", "type", "amount_minor")
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    return tenure.stages(table, as_of=AS_OF, timezone="Europe/Berlin").to_pylist()


def as_written():
    """What the release's tables say, put together here: the last version of each fact."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, first_id, person_id, order_key, occurred_at, kind, amount_minor FROM tenure_event ORDER BY id"
        )
        rows = cursor.fetchall()
    held = {}
    for number, first, person, order, at, kind, amount in rows:
        kind = held[first][3] if first else kind
        held[first or number] = (person, order, at, kind, amount)
    return pictures(list(held.values()))


def as_mirrored():
    with DuckDB() as engine:
        mirror.read_news(engine)
        lay_what_holds(engine)
        asked = 'SELECT c, order_id, "at", kind, amount_minor FROM events'
        return pictures(engine.connection.execute(asked).fetchall())


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.usefixtures("released")
def test_a_released_ledger_upgrades_with_the_same_pictures(vendor):
    before = as_written()
    assert len(before) == 40
    call_command("migrate", verbosity=0)
    assert as_written() == before
    assert as_mirrored() == before
    assert append_only.missing(connection) == []
    changes = ["UPDATE tenure_event SET kind = 'x'", "DELETE FROM tenure_event"]
    changes.append(
        "INSERT OR REPLACE INTO tenure_event SELECT * FROM tenure_event WHERE id = 1" if vendor == "sqlite"
        else "TRUNCATE tenure_event CASCADE"
    )  # fmt: skip
    for change in changes:
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(change)
    assert as_written() == before


def test_every_migration_but_the_last_has_a_released_state():
    names = sorted(name for app, name in MigrationLoader(None).disk_migrations if app == "tenure")
    assert [name.split("_")[0] for name in names][:-1] == STATES
