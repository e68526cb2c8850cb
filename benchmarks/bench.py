"""Seconds and memory of a picture and a history, beside the least that any engine must do and beside pandas.

    make bench              1 million customers, about 10 million orders
    make bench SIZE=5m      5 million customers, about 50 million orders

Every measurement is a process of its own (job.py). The jobs take turns, so that a machine that slows down slows all of
them down; ratios are taken within a turn and their median is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = ROOT / "var" / "bench"
SIZES = {"100k": 100_000, "1m": 1_000_000, "5m": 5_000_000}
JOBS = ("floor", "floor_times", "stages", "history", "pandas")
GB = 1e9


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took and made."""

    seconds: float
    cpu_seconds: float
    import_seconds: float
    peak_bytes: int
    rows: int
    customers: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Something to be reached, and whether it was."""

    what: str
    measured: str
    reached: bool


Turns = dict[str, list[Run]]


def orders_file(size: str) -> Path:
    """The orders of this size, made if they are not there yet."""
    sys.path.insert(0, str(HERE))
    from orders import SEED, VERSION

    path = DATA / f"orders-{size}-{SEED}-v{VERSION}.parquet"
    if not path.exists():
        say(f"making {path.name}, once")
        # in a process of its own: a child's peak memory starts from what its parent holds
        make = [sys.executable, str(HERE / "orders.py"), "--customers", str(SIZES[size]), "--out", str(path)]
        subprocess.run(make, check=True)
    return path


def measured(job: str, orders: Path) -> Run:
    """One run of one job."""
    out = DATA / f"{job}.{'json' if job.startswith('floor') else 'parquet'}"
    command = [sys.executable, str(HERE / "job.py"), job, str(orders), "--out", str(out)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{job} failed:\n{told.stderr}")
    run = Run(**json.loads(told.stdout.splitlines()[-1]))
    out.unlink()
    return run


def take_turns(jobs: Sequence[str], orders: Path, runs: int) -> Turns:
    """`runs` runs of every job, one of each after the other."""
    turns: Turns = {job: [] for job in jobs}
    for turn in range(runs):
        for job in jobs:
            run = measured(job, orders)
            say(f"turn {turn + 1} of {runs}: {job:11} {run.seconds:8.2f} s {run.peak_bytes / GB:6.2f} GB")
            turns[job].append(run)
    return turns


def check(turns: Turns) -> None:
    """Every job must have seen every customer, or its seconds mean nothing."""
    seen = {job: {run.customers for run in runs} for job, runs in turns.items()}
    if len(set().union(*seen.values())) != 1:
        raise SystemExit(f"the jobs disagree about the number of customers: {seen}")


def start_up(runs: int) -> dict[str, float]:
    """Median seconds of `tenure --help`, of `import tenure`, and of the interpreter alone."""
    commands = {
        "tenure --help": [str(Path(sys.executable).with_name("tenure")), "--help"],
        "python -c 'import tenure'": [sys.executable, "-c", "import tenure"],
        "python -c ''": [sys.executable, "-c", ""],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            took[name].append(time.perf_counter() - began)
    return {name: median(seconds) for name, seconds in took.items()}


def ratio(turns: Turns, job: str, to: str) -> float | None:
    """Median over the turns of a job's seconds over another's in the same turn; None if one was not run."""
    if not turns.get(job) or not turns.get(to):
        return None
    return median(a.seconds / b.seconds for a, b in zip(turns[job], turns[to], strict=True))


def bars(size: str, turns: Turns, starts: dict[str, float]) -> list[Bar]:
    """What was to be reached, of what was measured."""
    found = []
    for job, most, goal in (("stages", 12, 8), ("history", 20, 14)):
        if (times := ratio(turns, job, "floor")) is not None:
            found.append(Bar(f"{job}: at most {most} times the floor (goal {goal})", f"{times:.1f}", times <= most))
    if (times := ratio(turns, "pandas", "stages")) is not None:
        found.append(Bar("stages: at least 5 times faster than pandas", f"{times:.1f}", times >= 5))
    limit = {"1m": 1.5, "5m": 8.0}.get(size)
    for job in ("stages", "history"):
        if limit and turns.get(job):
            peak = max(run.peak_bytes for run in turns[job]) / GB
            found.append(Bar(f"{job}: at most {limit:g} GB", f"{peak:.2f}", peak <= limit))
    if starts:
        seconds = starts["tenure --help"]
        found.append(Bar("tenure --help: less than .3 s", f"{seconds:.2f}", seconds < 0.3))
    return found


def rows_of_runs(turns: Turns) -> list[tuple[str, ...]]:
    """The table of runs: a heading, then one row a job."""
    table = [("", "seconds, median (min .. max)", "cpu s", "times the floor", "peak memory", "imports, s", "rows made")]
    for job, runs in turns.items():
        seconds = [run.seconds for run in runs]
        times = ratio(turns, job, "floor")
        table.append((
            job,
            f"{median(seconds):.2f} ({min(seconds):.2f} .. {max(seconds):.2f})",
            f"{median(run.cpu_seconds for run in runs):.1f}",
            "" if times is None else f"{times:.1f}",
            f"{max(run.peak_bytes for run in runs) / GB:.2f} GB",
            f"{median(run.import_seconds for run in runs):.2f}",
            f"{runs[0].rows:,}",
        ))  # fmt: skip
    return table


def machine() -> str:
    """What it ran on: processor, cores, memory, versions and commit, without the machine's name."""
    model = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "numpy", "pandas"))
    python = platform.python_version()
    return f"{model}, {cores()} cores, {memory:.0f} GB, {platform.system()}; Python {python}, {packages}; {commit()}"


def cores() -> int:
    """How many this process may use: what DuckDB takes as its number of threads too."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commit() -> str:
    """The commit that was measured, and whether files differed from it."""
    head = git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "no commit known"
    return f"commit {head}" + (" with changes in src" if git("status", "--porcelain", "--", "src") else "")


def git(*words: str) -> str:
    """What git says, or nothing where there is no repository."""
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def plain(table: Sequence[tuple[str, ...]]) -> str:
    """A table for the terminal."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in table]
    return "\n".join("  ".join(row).rstrip() for row in padded)


def marked(table: Sequence[tuple[str, ...]]) -> str:
    """A table as Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([lines[0], "|---" * len(table[0]) + "|", *lines[1:]])


def page(size: str, turns: Turns, starts: dict[str, float], *, markdown: bool) -> str:
    """Everything measured, as text or as the section of docs/reference/benchmarks.md."""
    lay = marked if markdown else plain
    runs = len(next(iter(turns.values())))
    floor = next(iter(turns.get("floor", [])), None)
    what = f"{SIZES[size]:,} customers" + (f", {floor.rows:,} orders" if floor else "")
    parts = ["## " * markdown + what, f"{machine()}. {runs} runs of each, taking turns.", lay(rows_of_runs(turns))]
    if starts:
        parts.append(lay([("start", "seconds, median"), *((name, f"{took:.2f}") for name, took in starts.items())]))
    told = [(bar.what, bar.measured, "reached" if bar.reached else "NOT REACHED") for bar in bars(size, turns, starts)]
    if told:
        parts.append(lay([("to reach", "measured", ""), *told]))
    return "\n\n".join(parts)


def say(line: str) -> None:
    """Progress goes to stderr, so that results can be kept."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="seconds and memory of a picture and a history")
    parser.add_argument("--size", choices=SIZES, default="1m")
    parser.add_argument("--runs", type=int, default=5, help="runs of each job (default 5)")
    parser.add_argument("--only", help=f"some of {','.join(JOBS)}; pandas is not run at 5m unless named here")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="every run, for machines")
    shape.add_argument("--markdown", action="store_true", help="the section of docs/reference/benchmarks.md")
    given = parser.parse_args()
    jobs = given.only.split(",") if given.only else [job for job in JOBS if given.size != "5m" or job != "pandas"]
    if unknown := sorted(set(jobs) - set(JOBS)):
        parser.error(f"there is no job {', '.join(unknown)}; there are {', '.join(JOBS)}")
    if given.runs < 1:
        parser.error("--runs must be at least 1")
    turns = take_turns(jobs, orders_file(given.size), given.runs)
    check(turns)
    starts = {} if given.only else start_up(max(given.runs, 3))
    if given.json:
        told = {job: [asdict(run) for run in runs] for job, runs in turns.items()}
        print(json.dumps({"size": given.size, "machine": machine(), "starts": starts, "runs": told}, indent=1))
    else:
        print(page(given.size, turns, starts, markdown=given.markdown))


if __name__ == "__main__":
    main()
