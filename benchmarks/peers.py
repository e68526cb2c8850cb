"""Purchase models beside lifetimes, and beside pymc-marketing if asked for: seconds, memory, and whether they agree.

    make bench-peers                        2,357, 23,570 and 1,000,000 customers
    make bench-peers SIZES="2357 23570"     without the million, where lifetimes' Pareto/NBD takes minutes
    make bench-peers PYMC=1                 pymc-marketing too: its most likely parameters, no sampling

Every measurement is a process of its own on one thread (peers_job.py), in the environment of its side. The sides take
turns and ratios are taken within a turn. Log-likelihoods are those of a third (peers_judge.py).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from bench import DATA, ROOT, machine, marked, say  # noqa: E402

LOCK = ROOT / "requirements" / "peers.txt"
PYMC = "pymc-marketing==0.19.2"
PYTHON = (3, 11)
"""The last that the peers' packages can be installed on."""
PACKAGES = {
    "tenure": ("numpy", "scipy", "numba"),
    "lifetimes": ("lifetimes", "numpy", "scipy", "pandas", "autograd"),
    "pymc": ("pymc-marketing", "pymc", "pytensor", "numpy", "scipy"),
}
THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
PATIENCE = 1800.0  # seconds that a process is waited for
ONCE = 60.0  # seconds beyond which a side does a task in the first turn alone
SAME, ROUNDING = 1e-6, 1e-9  # of a log-likelihood
NEAR = 1e-6  # of a prediction
MB = 1e6

FITS = ("bg_nbd", "pareto_nbd", "gamma_gamma")
TASKS = {
    "bg_nbd": "BG/NBD, fit",
    "pareto_nbd": "Pareto/NBD, fit",
    "gamma_gamma": "Gamma-Gamma, fit",
    "predict": "orders expected and P(alive)",
    "summary": "summary of orders",
}
BARS = {
    **{(task, 2_357): (6, 10) for task in FITS},
    ("bg_nbd", 1_000_000): (40, 100),
    ("pareto_nbd", 1_000_000): (130, 300),
    ("gamma_gamma", 1_000_000): (20, 25),
    ("predict", 1_000_000): (12, 15),
    ("summary", 1_000_000): (5, 6),
}
"""How many times as fast as lifetimes: at least, and as a goal."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took and found; above_bytes: what the call that counts added to what was held before it."""

    seconds: float
    cpu_seconds: float
    first_seconds: float
    peak_bytes: int
    above_bytes: int
    n: int
    parameters: list[float] | None = None
    distinct: int | None = None
    converged: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A task at a size: the runs of each side (none of one that did not finish), whether they found the same."""

    task: str
    customers: int
    runs: dict[str, list[Run]]
    likelihoods: dict[str, float] = field(default_factory=dict)
    verdict: str = ""
    agreed: bool = True


def environment(side: str, home: Path, packages: Sequence[str], key: str) -> Path:
    """The Python of an environment with these packages, made if there is none made of the same `key`."""
    place = home / side
    python, made = place / "bin" / "python", place / "made-of"
    if made.exists() and made.read_text(encoding="utf-8") == key:
        return python
    own = shutil.which("python{}.{}".format(*PYTHON)) if sys.version_info[:2] != PYTHON else sys.executable
    if own is None:
        raise SystemExit("The peers need Python {}.{}, which was not found.".format(*PYTHON))
    say(f"making the environment of {side}, once")
    subprocess.run([own, "-m", "venv", "--clear", str(place)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    made.write_text(key, encoding="utf-8")
    return python


def pythons(home: Path, *, pymc: bool, lifetimes: Path | None) -> dict[str, Path]:
    """The Python of each side."""
    if lifetimes is None:
        locked = ("--require-hashes", "--requirement", str(LOCK))
        lifetimes = environment("lifetimes", home, locked, LOCK.read_text(encoding="utf-8"))
    found = {"lifetimes": lifetimes, "tenure": Path(sys.executable)}
    if pymc:
        try:
            found["pymc"] = environment("pymc", home, [PYMC], PYMC)
        except subprocess.CalledProcessError:
            say(f"{PYMC} could not be installed here: it is left out")
    return found


def customers(n: int, home: Path, lifetimes: Path) -> Path:
    """The folder with so many customers, made if it is not there yet."""
    from peers_data import CDNOW, VERSION

    folder = home / f"customers-{n}-v{VERSION}"
    if not folder.exists():
        say(f"making {folder.name}, once")
        make = [sys.executable, str(HERE / "peers_data.py"), str(n), "--out", str(folder)]
        if n in CDNOW:
            where = "import lifetimes.datasets as found; print(found.__path__[0])"
            told = subprocess.run([str(lifetimes), "-c", where], capture_output=True, text=True, check=True)
            make += ["--datasets", told.stdout.splitlines()[-1]]
        subprocess.run(make, check=True)
    return folder


def measured(side: str, python: Path, task: str, folder: Path, parameters: list[float] | None) -> Run | None:
    """One run of one side; None if it did not finish."""
    home = folder.parent
    command = [str(python), str(HERE / "peers_job.py"), side, task, str(folder), "--out", str(home / f"{side}.npz")]
    if parameters is not None:
        command += ["--parameters", json.dumps(parameters)]
    one = {f"{name}_NUM_THREADS": "1" for name in THREADS}
    env = {**os.environ, **one, "PYTENSOR_FLAGS": f"base_compiledir={home / 'pytensor'}"}
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    if told.returncode:
        raise SystemExit(f"{side}, {task}, {folder.name} failed:\n{told.stderr}")
    run = Run(**json.loads(told.stdout.splitlines()[-1]))
    say(f"{task:12} {folder.name:20} {side:10} {run.seconds:9.4f} s {run.peak_bytes / MB:8.0f} MB")
    return run


def take_turns(
    sides: dict[str, Path], task: str, folder: Path, runs: int, parameters: list[float] | None
) -> dict[str, list[Run]]:
    """`runs` runs of each side, one of each after the other; who takes longer than ONCE has one."""
    turns: dict[str, list[Run]] = {side: [] for side in sides}
    for turn in range(runs):
        for side, python in sides.items():
            if turn and (not turns[side] or turns[side][0].seconds > ONCE):
                continue
            run = measured(side, python, task, folder, parameters)
            turns[side] += [] if run is None else [run]
    return turns


def judge(*words: str) -> Any:
    """What peers_judge.py says."""
    told = subprocess.run([sys.executable, str(HERE / "peers_judge.py"), *words], stdout=subprocess.PIPE, check=True)
    return json.loads(told.stdout)


def judged(task: str, n: int, folder: Path, runs: dict[str, list[Run]]) -> Row:
    """The runs, and whether the sides found the same."""
    lacking = [side for side in ("lifetimes", "tenure") if not runs[side]]
    if lacking:
        return Row(task, n, runs, {}, f"not finished: {', '.join(lacking)}", "tenure" not in lacking)
    if task in FITS:
        found = {side: those[-1].parameters for side, those in runs.items() if those}
        likelihoods = judge(task, str(folder), json.dumps(found))
        return Row(task, n, runs, likelihoods, *compared(likelihoods["tenure"], likelihoods["lifetimes"]))
    told = judge(task, *(str(folder.parent / f"{side}.npz") for side in ("tenure", "lifetimes")))
    if task == "predict":
        within = told <= NEAR
        return Row(task, n, runs, {}, f"{'within' if within else 'NOT THE SAME: off by'} {told:.0e}", within)
    return Row(task, n, runs, {}, f"{told} CUSTOMERS DIFFER" if told else "the same", not told)


def compared(ours: float, theirs: float) -> tuple[str, bool]:
    """What to say of two log-likelihoods; ours may not be lower by more than rounding."""
    off = ours - theirs
    if off < -ROUNDING * abs(theirs):
        return f"TENURE IS LOWER by {-off:.3g}", False
    if off <= SAME * abs(theirs):
        return "the same", True
    return f"lifetimes stopped {off:.3g} lower", True


def ratio(row: Row) -> float | None:
    """Median over the turns of lifetimes' seconds over ours in the same turn; of one turn if lifetimes had but one."""
    theirs, ours = row.runs["lifetimes"], row.runs["tenure"]
    return median(a.seconds / b.seconds for a, b in zip(theirs, ours, strict=False)) if theirs and ours else None


def table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A heading, then one line a row."""
    sides = [side for side in PACKAGES if any(side in row.runs for row in rows)]
    sides.sort(key=("lifetimes", "tenure", "pymc").index)
    lines: list[tuple[str, ...]] = [(
        "task", "of", *(f"{side}, s" for side in sides), "times", "goal", "bar", "reached",
        *(f"{side}, peak" for side in sides), *(f"{side}, ln L" for side in sides), "found",
    )]  # fmt: skip
    for row in rows:
        times, (bar, goal) = ratio(row), BARS.get((row.task, row.customers), (None, None))
        reached = "" if bar is None or times is None else "reached" if times >= bar else "NOT REACHED"
        runs = [row.runs.get(side, []) for side in sides]
        lines.append((
            TASKS[row.task], _of(row), *map(_seconds, runs), "" if times is None else f"{times:.1f}",
            str(goal or ""), str(bar or ""), reached, *map(_memory, runs),
            *(f"{row.likelihoods[side]:.4f}" if side in row.likelihoods else "" for side in sides), row.verdict,
        ))  # fmt: skip
    return lines


def _of(row: Row) -> str:
    """How many entries, and how many of them differ."""
    run = (row.runs["tenure"] or row.runs["lifetimes"])[0]
    if row.task == "summary":
        return f"{run.n:,} orders"
    return f"{run.n:,}" + (f" ({run.distinct:,} distinct)" if run.distinct not in (None, run.n) else "")


def _seconds(runs: Sequence[Run]) -> str:
    if not runs:
        return ""
    seconds = [run.seconds for run in runs]
    return f"{median(seconds):.3g}" + (f" ({min(seconds):.3g} .. {max(seconds):.3g})" if len(runs) > 1 else "")


def _memory(runs: Sequence[Run]) -> str:
    """The most of a process, and the most that the call added."""
    if not runs:
        return ""
    return f"{max(run.peak_bytes for run in runs) / MB:.0f} MB (+{max(run.above_bytes for run in runs) / MB:.0f})"


def versions(sides: dict[str, Path]) -> str:
    """Of Python and of the packages that count."""
    ask = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps([platform.python_version(), *map(version, sys.argv[1:])]))
"""
    told = []
    for side, python in sides.items():
        command = [str(python), "-c", ask, *PACKAGES[side]]
        own, *others = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        named = ", ".join(f"{name} {number}" for name, number in zip(PACKAGES[side], others, strict=True))
        told.append(f"{side}: Python {own}, {named}")
    return "; ".join(told)


def main() -> None:
    """Measure, keep everything as JSON, print the table; ends with 1 where the sides do not agree."""
    parser = argparse.ArgumentParser(description="purchase models beside lifetimes")
    parser.add_argument("--sizes", default="2357 23570 1000000", help="2357 and 23570 are CDNOW's, others are drawn")
    parser.add_argument("--runs", type=int, default=3, help="of each side (default 3)")
    parser.add_argument("--only", help=f"some of {','.join(TASKS)}")
    parser.add_argument("--pymc", action="store_true", help=f"{PYMC} too")
    parser.add_argument("--lifetimes", type=Path, help="a Python that has lifetimes: no environment is made for it")
    parser.add_argument("--home", type=Path, default=DATA / "peers", help="where environments and customers are kept")
    given = parser.parse_args()
    tasks = given.only.split(",") if given.only else list(TASKS)
    if unknown := sorted(set(tasks) - set(TASKS)):
        parser.error(f"there is no task {', '.join(unknown)}; there are {', '.join(TASKS)}")
    if given.runs < 1:
        parser.error("--runs must be at least 1")
    given.home.mkdir(parents=True, exist_ok=True)
    sides = pythons(given.home, pymc=given.pymc, lifetimes=given.lifetimes)
    rows: list[Row] = []
    for n in map(int, given.sizes.split()):
        folder = customers(n, given.home, sides["lifetimes"])
        rows += compare(sides, tasks, n, folder, given.runs)
    on = f"{machine()}. {versions(sides)}"
    kept = given.home / "results.json"
    kept.write_text(json.dumps({"on": on, "rows": [asdict(row) for row in rows]}, indent=1), encoding="utf-8")
    print("\n\n".join(["## Beside lifetimes", f"{on}. {given.runs} runs of each, taking turns.", marked(table(rows))]))
    say(f"every run: {kept}")
    wrong = [row for row in rows if not row.agreed]
    for row in wrong:
        say(f"!!! {TASKS[row.task]}, {row.customers:,} customers: {row.verdict}")
    raise SystemExit(1 if wrong else 0)


def compare(sides: dict[str, Path], tasks: Sequence[str], n: int, folder: Path, runs: int) -> list[Row]:
    """All tasks at one size; what predicts has the parameters of the fit."""
    rows: list[Row] = []
    for task in tasks:
        taking = {side: python for side, python in sides.items() if side != "pymc" or task in FITS}
        parameters = _fitted(rows, sides["tenure"], folder) if task == "predict" else None
        rows.append(judged(task, n, folder, take_turns(taking, task, folder, runs, parameters)))
    return rows


def _fitted(rows: Sequence[Row], python: Path, folder: Path) -> list[float]:
    """The parameters of BG/NBD: those of its row, or fitted for it."""
    runs = next((row.runs["tenure"] for row in rows if row.task == "bg_nbd"), None)
    run = runs[0] if runs else measured("tenure", python, "bg_nbd", folder, None)
    if run is None or run.parameters is None:
        raise SystemExit("tenure did not fit BG/NBD")
    return run.parameters


if __name__ == "__main__":
    main()
