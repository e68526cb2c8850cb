"""Seconds, rates and memory of the server: import, mirror, restaging, pages. `make bench-app`.

Import and mirror are measured at 100,000 customers (about a million orders) on both databases, beside plain inserts of
the same finished rows; restaging and pages at 1 million customers (about 10 million orders) on SQLite. The ledger of
the million is made once, in var/bench, by the import itself (some ten minutes). Every measurement is a process of its
own (app_job.py); what is compared takes turns.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "tests" / "app"))

from bench import DATA, GB, machine, marked, orders_file, plain, say  # noqa: E402

TURNS = 3
BED = DATA / "app-1m"


def job(name: str, folder: Path, url: str, *words: str) -> dict[str, Any]:
    """One job in a process of its own; what it measured."""
    ours = {"TENURE_DATA": str(folder), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tenure_app.settings"}
    env = {**os.environ, **ours}
    command = [sys.executable, str(HERE / "app_job.py"), name, *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if told.returncode:
        raise SystemExit(f"{name} failed:\n{told.stderr}")
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    say(f"{name:12} {folder.name:12} {found}")
    return found


@contextmanager
def databases() -> Iterator[dict[str, Any]]:
    """A function for each database that gives the address of an empty one."""
    from databases import Cluster, postgres_binaries

    places = DATA / "app"
    shutil.rmtree(places, ignore_errors=True)
    places.mkdir(parents=True)
    number = iter(range(1000))

    def sqlite() -> str:
        return f"sqlite:///{places / f'ledger-{next(number)}.sqlite3'}"

    binaries = postgres_binaries()
    if binaries is None:
        say("PostgreSQL is not installed: its part is left out")
        yield {"sqlite": sqlite}
        return
    cluster = Cluster(binaries)

    def postgresql() -> str:
        name = f"ledger_{next(number)}"
        cluster.do(f"CREATE DATABASE {name}")
        return str(cluster.url(name))

    try:
        yield {"sqlite": sqlite, "postgresql": postgresql}
    finally:
        cluster.stop()
        shutil.rmtree(places, ignore_errors=True)


def imports(turns: int) -> list[tuple[str, ...]]:
    """Import and mirror on both databases."""
    orders = orders_file("100k")
    rows = [("database", "rows", "import, s", "plain insert, s", "of its rate", "mirror, rows/s", "peak memory")]
    with databases() as fresh:
        for vendor, empty in fresh.items():
            found: dict[str, list[dict[str, Any]]] = {"import": [], "insert": [], "mirror": []}
            for turn in range(turns):
                folder = DATA / "app" / f"{vendor}-{turn}"
                url, other = empty(), empty()
                found["import"].append(job("import", folder, url, str(orders)))
                found["insert"].append(job("insert", folder, other, url))
                found["mirror"].append(job("mirror", folder, url))
            share = median(b["seconds"] / a["seconds"] for a, b in zip(found["import"], found["insert"], strict=True))
            rows.append((
                vendor, f"{found['import'][0]['rows']:,}", _seconds(found["import"]), _seconds(found["insert"]),
                f"{share:.0%}", f"{median(one['rows'] / one['seconds'] for one in found['mirror']):,.0f}",
                f"{max(one['peak'] for one in found['import']) / GB:.2f} GB",
            ))  # fmt: skip
    return rows


def _seconds(runs: list[dict[str, Any]]) -> str:
    found = [run["seconds"] for run in runs]
    return f"{median(found):.1f} ({min(found):.1f} .. {max(found):.1f})"


def bed() -> tuple[Path, str]:
    """The ledger of a million customers, made if it is not there; its folder and address."""
    url = f"sqlite:///{BED / 'ledger.sqlite3'}"
    if not (BED / "made").exists():
        shutil.rmtree(BED, ignore_errors=True)
        BED.mkdir(parents=True)
        say("importing ten million orders, once")
        job("import", BED, url, str(orders_file("1m")))
        (BED / "made").touch()
    return BED, url


def server(days: int) -> list[tuple[str, ...]]:
    """Restaging, pages, memory and idleness at a million customers."""
    folder, url = bed()
    anew = job("refresh", folder, url, "anew")
    steps = [job("orders", folder, url, "1000") for _ in range(5)]
    pages = job("pages", folder, url, str(days))
    rows = [
        ("at 1,000,000 customers, SQLite", "measured", "to reach"),
        ("everything read and judged anew", f"{anew['seconds']:.1f} s, {anew['peak'] / GB:.2f} GB", ""),
        ("1,000 new orders read, restaged, published", _seconds(steps), "1 s"),
    ]
    for name, one in pages["pages"].items():
        rows.append((f"{name}, warm, p95 of {one['n']}", f"{one['p95'] * 1000:.0f} ms", "150 ms"))
    first = pages["first"]
    return [
        *rows,
        (f"first view of another day, p95 of {first['n']}", f"{first['p95']:.2f} s", "2 s"),
        ("web process, resident", f"{pages['rss'] / 1e6:.0f} MB", "300 MB"),
        ("web process, idle", f"{pages['idle']:.1%} of a core", "1 %"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="seconds, rates and memory of the server")
    parser.add_argument("--only", choices=("imports", "server"))
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--days", type=int, default=100, help="how many days are looked at for the first time")
    parser.add_argument("--markdown", action="store_true", help="the section of docs/reference/benchmarks.md")
    given = parser.parse_args()
    lay = marked if given.markdown else plain
    tables = []
    if given.only != "server":
        tables.append(lay(imports(given.turns)))
    if given.only != "imports":
        tables.append(lay(server(given.days)))
    print("\n\n".join(["## " * given.markdown + "The server", f"{machine()}.", *tables]))


if __name__ == "__main__":
    main()
