"""Events over the wire: how many are taken and put on the timeline, beside a bare handler; how soon stages follow.

The floor decodes a batch and writes its events into the same tables, and does nothing else. Ours is `tenure serve` and
`tenure work`: taken means answered 200 (written down durably), on the timeline means that the worker is done with them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "app"), str(ROOT / "tests")]
WORK = ROOT / "var" / "bench" / "intake"
LOAD = Path(__file__).with_name("intake_load.py")
CONNECTIONS = 4
PEOPLE = 20_000


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process, and everything it begins, until the end."""
    with log.open("ab") as said:
        one = subprocess.Popen(command, env=env, stdout=said, stderr=said, start_new_session=True)
        try:
            yield one
        finally:
            os.killpg(one.pid, signal.SIGTERM)
            try:
                one.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(one.pid, signal.SIGKILL)


def listens(port: int) -> None:
    """Wait until somebody answers there."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nobody answers on {port}")


def load(port: int, key: str, *, seconds: float, most: int, rate: float, word: str, orders: int = 20,
         people: int = PEOPLE, notes: str = "-") -> dict[str, Any]:  # fmt: skip
    """What came of sending batches of 100."""
    words = [port, key, seconds, most, rate, CONNECTIONS, people, orders, word, notes]
    told = subprocess.run(
        [sys.executable, str(LOAD), *map(str, words)], capture_output=True, text=True, check=True
    )  # fmt: skip
    return json.loads(told.stdout)  # type: ignore[no-any-return]


def ours(url: str, folder: Path) -> dict[str, str]:
    """The environment of our processes."""
    return {**os.environ, "DATABASE_URL": url, "TENURE_DATA": str(folder), "TENURE_BACKLOG": "1000000"}


def asked(env: dict[str, str], code: str) -> Any:
    """What a few lines with Django ready print as JSON."""
    told = subprocess.run([sys.executable, "-c", READY + code], env=env, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(told.stderr)
    return json.loads(told.stdout.splitlines()[-1])


READY = """
import json, os
os.environ['DJANGO_SETTINGS_MODULE'] = 'tenure_app.settings'
import django
django.setup()
"""
MAKE = """
from django.core.management import call_command
call_command('migrate', verbosity=0)
from tenure_app import clock
from tenure_app.ledger.models import Person, Source
from tenure_app.listen.keys import make_key, make_source
source = make_source('web', 'segment', now=1)
print(json.dumps([make_key(source, by='bench', now=1)[1], source.pk, Person.objects.create(recorded_at=1, draw=1).pk]))
"""
COUNT = """
from tenure_app.ledger.models import Event
from tenure_app.listen.models import Quarantined
from tenure_app.listen.spool import waiting
print(json.dumps([Event.objects.filter(source__name='web').exclude(kind='customer.created').count(),
    Quarantined.objects.count(), len(waiting(10))]))
"""


def floor(url: str, folder: Path, seconds: float) -> float:
    """Events a second of the bare handler."""
    env = ours(url, folder)
    _, source, person = asked(env, MAKE)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--blocking-threads", "4",
               "--backpressure", "64", "--no-ws", "intake_floor:application"]  # fmt: skip
    env |= {"FLOOR_SOURCE": str(source), "FLOOR_PERSON": str(person), "PYTHONPATH": str(LOAD.parent)}
    with running(command, env, folder / "floor.log"):
        listens(port)
        load(port, "-", seconds=2, most=50, rate=0, word="warm")
        done = load(port, "-", seconds=seconds, most=4000, rate=0, word="floor")
    return float(done["rate"])


def intake(url: str, folder: Path, seconds: float) -> dict[str, Any]:
    """Events a second taken, and put on the timeline by the worker beside; the answer's time at half of that load."""
    env = ours(url, folder)
    key, *_ = asked(env, MAKE)
    port = free_port()
    serve = [sys.executable, "-m", "tenure", "serve", "--port", str(port)]
    work = [sys.executable, "-m", "tenure", "work"]
    with running(serve, env, folder / "serve.log"), running(work, env, folder / "work.log"):
        listens(port)
        load(port, key, seconds=3, most=50, rate=0, word="warm")
        drained(env)
        began = time.perf_counter()
        full = load(port, key, seconds=seconds, most=4000, rate=0, word="full")
        drained(env)
        timeline = full["events"] / (time.perf_counter() - began)
        half = load(port, key, seconds=seconds, most=4000, rate=full["rate"] / 2 / 100, word="half")
        drained(env)
    events, quarantined, waiting = asked(env, COUNT)
    sent = 5000 + full["events"] + half["events"]
    assert (events, quarantined, waiting) == (sent, 0, 0), (events, quarantined, waiting, sent)
    return {"taken": full["rate"], "timeline": timeline, "p50": half["p50"], "p99": half["p99"],
            "statuses": full["statuses"], "events": events}  # fmt: skip


def drained(env: dict[str, str]) -> None:
    """Wait until nothing waits for the worker."""
    code = """
import time
from tenure_app.listen.spool import waiting
while waiting(1):
    time.sleep(0.05)
print('true')
"""
    asked(env, code)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--part", choices=("intake", "live", "all"), default="all")
    parser.add_argument("--minutes", type=float, default=2, help="of the live part; 60 for the whole of it")
    said = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    if said.part != "live":
        compare(said.seconds, said.turns)
    if said.part != "intake":
        from intake_live import live

        live(WORK / "live", said.minutes)


def compare(seconds: float, turns: int) -> None:
    """Both databases, in turns with the floor."""
    from databases import Cluster, postgres_binaries

    binaries = postgres_binaries()
    cluster = None if binaries is None else Cluster(binaries, durable=True)
    try:
        for vendor in ("sqlite", "postgresql") if cluster else ("sqlite",):
            floors, runs = [], []
            for turn in range(turns):
                for what in ("floor", "ours"):
                    folder = WORK / f"{vendor}-{what}-{turn}"
                    folder.mkdir()
                    url = f"sqlite:///{folder / 'ledger.sqlite3'}"
                    if vendor == "postgresql":
                        assert cluster is not None
                        cluster.do(f"CREATE DATABASE {what}_{turn}")
                        url = cluster.url(f"{what}_{turn}")
                    if what == "floor":
                        floors.append(floor(url, folder, seconds))
                    else:
                        runs.append(intake(url, folder, seconds))
                    say(f"{vendor} {what} {floors[-1] if what == 'floor' else runs[-1]}")
            _print(vendor, floors, runs)
    finally:
        if cluster is not None:
            cluster.stop()


def _print(vendor: str, floors: list[float], runs: list[dict[str, Any]]) -> None:
    under = median(floors)
    for name in ("taken", "timeline"):
        found = median(run[name] for run in runs)
        say(f"{vendor:12} {name:10} {found:10,.0f} events/s  {found / under:6.0%} of the floor's {under:,.0f}")
    p50, p99 = (median(run[name] for run in runs) * 1000 for name in ("p50", "p99"))
    say(f"{vendor:12} at half of it: p50 {p50:.1f} ms, p99 {p99:.1f} ms\n")


if __name__ == "__main__":
    main()
