"""Killed at any moment and run again, an import ends as if it had never been killed.

`make test` kills three times on each database, `make torture` ten times (TENURE_KILLS); the seed is printed and can be
given (TENURE_SEED). A kill is SIGKILL to the whole process group: at random instants, in the middle of a bulk copy,
and while the pictures are published.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from databases import use
from django.db import connection

from tenure.lifecycle.policy import DEFAULT
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Event, EventBody, Identity, ImportRun, Person, RejectedRow

KILLS = int(os.environ.get("TENURE_KILLS", "3"))
SEED = int(os.environ.get("TENURE_SEED", "20261122"))
CUSTOMERS, ORDERS = 2_000, 30_000


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Orders with ids, lines with names of things, refunds, and rows that cannot be used."""
    dice = random.Random(SEED)
    file = tmp_path_factory.mktemp("kills") / "orders.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("customer_id,order_id,order_date,amount,currency,item\n")
        for order in range(1, ORDERS + 1):
            who = "" if dice.random() < 0.01 else f"C{dice.randint(1, CUSTOMERS)}"
            day, month, year = dice.randint(1, 28), dice.randint(1, 12), dice.randint(2021, 2024)
            at = f"{year}-{month:02}-{day:02} {dice.randint(0, 23):02}:{dice.randint(0, 59):02}"
            out.write(f'{who},{order},{at},{dice.randint(5, 90)}.50,EUR,"thing {order}, blue"\n')
            if who and dice.random() < 0.03:
                out.write(f"{who},R{order},{at},-3.00,EUR,back\n")
    return file


def command(export):
    return [sys.executable, "-m", "tenure", "import", str(export)]


def imported(export):
    """Run to the end; the seconds it took."""
    began = time.perf_counter()
    told = subprocess.run(command(export), capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return time.perf_counter() - began


def ledger():
    """All that the ledger says, by who and what instead of by number."""
    use(os.environ["DATABASE_URL"])
    who = dict(Identity.objects.filter(kind="customer").values_list("person_id", "match"))
    facts = ("source_key", "kind", "occurred_at", "amount_minor", "currency", "run_id", "first__source_key")
    events = sorted(
        (who[person], *said) for person, *said in Event.objects.values_list("person_id", *facts)
    )  # fmt: skip
    bodies = sorted(EventBody.objects.values_list("event__source_key", "body"))
    rejected = list(RejectedRow.objects.values_list("line", "code", "row"))
    runs = [
        {**run, "counts": {key: n for key, n in run["counts"].items() if key not in ("of", "done", "stopped")}}
        for run in ImportRun.objects.values("id", "state", "counts", "format", "file_name")
    ]
    return events, bodies, lives(who), rejected, runs, Person.objects.count(), sorted(who.values())


def lives(who):
    """Everybody's stages as published."""
    folder = Path(os.environ["TENURE_DATA"]) / "mirror"
    here = read_manifest(folder).lives[DEFAULT.hash]
    with duckdb.connect(str(folder / here.base), read_only=True) as one:
        assert here.delta is None  # all of it was read in one go
        return sorted((who[c], *said) for c, *said in one.sql("FROM history").fetchall())


def copying():
    """Whether a bulk copy is under way in the database (PostgreSQL), or a transaction has written (SQLite)."""
    if connection.vendor == "sqlite":
        log = Path(f"{connection.settings_dict['NAME']}-wal")
        return log.exists() and log.stat().st_size > 2_000_000
    asked = "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%tenure_event%'"
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return cursor.fetchone()[0] > 0


def publishing():
    """Whether a file of the mirror is being written."""
    return any(Path(os.environ["TENURE_DATA"]).glob("mirror/*.unfinished"))


def after(instant):
    """A moment so many seconds after the start."""
    return lambda spent: spent > instant


def killed(export, when):
    """Start, kill when `when` says so; whether it was still running."""
    child = subprocess.Popen(
        command(export), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )  # fmt: skip
    began = time.perf_counter()
    while child.poll() is None and not when(time.perf_counter() - began):
        time.sleep(0.002)
    alive = child.poll() is None
    if alive:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return alive


@pytest.fixture(scope="module")
def unharmed():
    """What an import that nobody kills ends with, by vendor."""
    return {}


@pytest.mark.usefixtures("ledger")
def test_an_import_ends_as_if_it_had_never_been_killed(export, databases, unharmed, monkeypatch, tmp_path):
    dice = random.Random(f"{SEED} {databases.vendor}")
    sys.stdout.write(f"seed {SEED}, {KILLS} kills on {databases.vendor}\n")
    seconds = imported(export)
    whole = ledger()
    hits = 0
    others = [after(dice.uniform(0.2, 1) * seconds) for _ in range(KILLS - 2)]
    moments = [lambda _: copying(), lambda _: publishing(), *others]
    for turn, moment in enumerate(moments):
        url = databases.fresh()
        folder = tmp_path / f"turn-{turn}"
        folder.mkdir()
        # the keyed hashes are to be the same
        (folder / "secrets").symlink_to(Path(os.environ["TENURE_DATA"]) / "secrets")
        with monkeypatch.context() as here:
            here.setenv("DATABASE_URL", url)
            here.setenv("TENURE_DATA", str(folder))
            use(url)
            # killed, killed again while it goes on, then left alone; whichever comes to its end was the last
            for when in (moment, after(dice.uniform(0.3, 1) * seconds), lambda _: False):
                if not killed(export, when):
                    break
                hits += 1
            found = ledger()
            assert found[:3] == whole[:3]
            if ImportRun.objects.count() == 1:  # else the import was done, and only its pictures were not
                assert found == whole
            imported(export)
            assert ledger()[:3] == whole[:3]
            connection.close()
            databases.drop(url)
    assert hits >= KILLS, f"only {hits} kills found a process to kill"
