"""A million customers in the ledger, two thousand events a second coming in: how soon an order is seen in its person's
stage, what the two processes hold, and whether ten thousand people stand where everybody computed anew would stand."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from intake import LOAD, asked, drained, free_port, listens, ours, running, say

from tenure_app import clock

TICK = os.sysconf("SC_CLK_TCK")
RATE = 20
"""Batches of 100 a second."""
ORDERS = 20
"""In a thousand events."""
CHECKED = 10_000
PEOPLE = 1_000_000

MAKE = """
from django.core.management import call_command
call_command('migrate', verbosity=0)
from tenure_app.ledger.models import Source
from tenure_app.listen.keys import make_key, make_source
print(json.dumps(make_key(make_source('orders', 'segment', now=1), by='bench', now=1)[1]))
"""
SETTLED = """
import time
from tenure_app.live.models import Standing
from tenure_app.listen.models import Touched
from tenure_app import clock
while Standing.objects.count() < %d or Touched.objects.filter(since_at__lte=clock.now()).exists():
    time.sleep(0.5)
print(Standing.objects.count())
"""


class Watcher(threading.Thread):
    """Looks twenty times a second which of the noted orders their person's standing knows of."""

    def __init__(self, ledger: Path, notes: Path) -> None:
        super().__init__(daemon=True)
        self.ledger, self.notes = ledger, notes
        self.took: list[float] = []
        self.pending: dict[int, list[int]] = {}
        self.done = threading.Event()

    def run(self) -> None:
        """Until told, and until none is pending."""
        one = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)
        place = 0
        while not (self.done.is_set() and not self.pending):
            if self.notes.exists():
                with self.notes.open(encoding="utf-8") as file:
                    file.seek(place)
                    for line in file.read().splitlines(keepends=True):
                        if not line.endswith("\n"):
                            break
                        place += len(line)
                        user, _, at = line.split()
                        self.pending.setdefault(int(user), []).append(int(at))
            people = list(self.pending)
            for start in range(0, len(people), 500):
                part = people[start : start + 500]
                rows = one.execute(
                    "SELECT person_id, last_order_at FROM tenure_standing WHERE person_id IN"
                    f" ({','.join('?' * len(part))})", part,
                )  # fmt: skip
                seen = clock.running()
                for person, last in rows.fetchall():
                    left = []
                    for at in self.pending[person]:
                        if last is not None and last >= at:
                            self.took.append((seen - at) / 1e6)
                        else:
                            left.append(at)
                    self.pending[person] = left
                    if not left:
                        del self.pending[person]
            time.sleep(0.05)


def live(folder: Path, minutes: float) -> None:
    """Measure and print."""
    from app import bed

    source, _ = bed()
    folder.mkdir(parents=True)
    ledger = folder / "ledger.sqlite3"
    shutil.copy(source / "ledger.sqlite3", ledger)
    shutil.copytree(source / "secrets", folder / "secrets")
    env = ours(f"sqlite:///{ledger}", folder)
    began = time.perf_counter()
    key = asked(env, MAKE)
    say(f"migrated {time.perf_counter() - began:.0f} s")
    subprocess.run([sys.executable, "-m", "tenure", "refresh"], env=env, check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    serve = [sys.executable, "-m", "tenure", "serve", "--port", str(port)]
    work = [sys.executable, "-m", "tenure", "work"]
    with running(serve, env, folder / "serve.log") as web, running(work, env, folder / "work.log") as worker:
        listens(port)
        began = time.perf_counter()
        asked(env, SETTLED % PEOPLE)
        say(f"everybody's standing filled {time.perf_counter() - began:.0f} s")
        _load(env, port, key, 3, "warm", folder / "-")
        drained(env)
        asked(env, SETTLED % PEOPLE)
        notes = folder / "notes"
        watcher = Watcher(ledger, notes)
        watcher.start()
        done = _load(env, port, key, minutes * 60, "live", notes)
        watcher.done.set()
        watcher.join(120)
        took = sorted(watcher.took)
        at = [took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.95, 0.99)]
        say(f"{done['events']:,} events in {done['seconds']:.0f} s")
        say(f"{len(took):,} orders seen, {len(watcher.pending)} not")
        say(f"an order is seen in its person's stage: p50 {at[0]:.2f} s, p95 {at[1]:.2f} s, p99 {at[2]:.2f} s")
        say(f"answers: p50 {done['p50'] * 1000:.1f} ms, p99 {done['p99'] * 1000:.1f} ms")
        asked(env, SETTLED % PEOPLE)
        held = [_pss(one.pid) for one in (web, worker)]
        say(f"web {held[0]:.0f} MB, worker {held[1]:.0f} MB, together {sum(held):.0f} MB (PSS)")
        time.sleep(20)
        before, then = [_cpu(one.pid) for one in (web, worker)], time.perf_counter()
        time.sleep(60)
        wall = time.perf_counter() - then
        idle = [(_cpu(one.pid) - was) / wall for one, was in zip((web, worker), before, strict=True)]
        say(f"idle: web {idle[0]:.2%}, worker {idle[1]:.2%} of a core")
    say(f"of {CHECKED:,} people {_differing(ledger):,} stand elsewhere than `tenure stages` says")


def _load(env: dict[str, str], port: int, key: str, seconds: float, word: str, notes: Path) -> dict[str, Any]:
    most = int(seconds * RATE)
    words = [port, key, seconds + 60, most, RATE, 4, PEOPLE, ORDERS, word, "-" if notes.name == "-" else notes]
    told = subprocess.run(
        [sys.executable, str(LOAD), *map(str, words)], env=env, capture_output=True, text=True, check=True
    )
    return json.loads(told.stdout)  # type: ignore[no-any-return]


def _tree(pid: int) -> list[int]:
    """A process and all it began."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += _tree(int(child))
    return found


def _pss(pid: int) -> float:
    """MB that a process and its children hold, what they share counted once."""
    total = 0
    for one in _tree(pid):
        text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="utf-8")
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def _cpu(pid: int) -> float:
    """Seconds of a core that a process and its children took."""
    total = 0
    for one in _tree(pid):
        parts = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1].split()
        total += int(parts[11]) + int(parts[12])
    return total / TICK


def _differing(ledger: Path) -> int:
    """Of people drawn by chance, half of them touched by the load, how many stand elsewhere than the file verb says of
    the same events, read straight from the table."""
    import duckdb
    import pyarrow as pa

    import tenure
    from tenure.lifecycle.trace import STAGES

    one = sqlite3.connect(ledger)
    rows = one.execute(
        "SELECT person_id, source_id || ':' || order_key, occurred_at, kind, amount_minor FROM tenure_event"
        " WHERE kind IN ('order.placed', 'order.refunded', 'order.cancelled', 'customer.created')"
    )
    number, text = pa.int64(), pa.string()
    types = {"customer": number, "order": text, "at": number, "type": text, "amount_minor": number}
    pieces = []
    while part := rows.fetchmany(500_000):
        columns = list(zip(*part, strict=True))
        pieces.append(pa.table({
            name: pa.array(column, kind) for (name, kind), column in zip(types.items(), columns, strict=True)
        }))  # fmt: skip
    as_of = max(at for (at,) in one.execute("SELECT MAX(computed_at) FROM tenure_standing").fetchall()) + 1
    table = pa.concat_tables(pieces)
    told = tenure.stages(table, as_of=as_of, timezone="UTC")
    loaded = [person for (person,) in one.execute(
        "SELECT DISTINCT person_id FROM tenure_event WHERE recorded_at > ? AND kind = 'order.placed'",
        [as_of - 86_400_000_000],
    )]  # fmt: skip
    draw = random.Random(5)
    chosen = set(draw.sample(loaded, min(len(loaded), CHECKED // 2)))
    while len(chosen) < CHECKED:
        chosen.add(draw.randrange(PEOPLE) + 1)
    held = dict(one.execute("SELECT person_id, code FROM tenure_standing").fetchall())
    stages = duckdb.connect().from_arrow(told).select("customer_id, stage, detail").fetchall()
    expected = {int(customer): (stage, detail) for customer, stage, detail in stages}
    return sum(1 for person in chosen if STAGES[held[person]] != expected[person])
