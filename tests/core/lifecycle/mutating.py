"""One rule changed in the engine, and whether the oracle notices.

A mutant is judged in a process of its own: the engine is imported there for the first time, with one text of its
source replaced, and asked for histories and pictures of generated shops; the oracle, which imports none of it, answers
from the unchanged rule. Run as a program it judges the mutants named on standard input:

    python tests/core/lifecycle/mutating.py < names.json    # {"names": [...], "seeds": 40, "processes": 2}
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from lives import as_ofs, shop
from mutants import MUTANTS, Mutant

import tenure
from tenure.lifecycle.oracle import Oracle, Picture

SRC = Path(tenure.__file__).resolve().parents[1]
DAY = 86_400_000_000
PICTURES = 2
PATIENCE = 120
"""Seconds for one shop: a mutant that never ends is not caught."""
SMALL_SAMPLE = (
    ("SAMPLE: Final = 10_000", "SAMPLE: Final = 4"),
    ("SAMPLE_ABOVE: Final = 50_000", "SAMPLE_ABOVE: Final = 6"),
)
CONTROLS = (
    Mutant("nothing", "lifecycle/population.py", "__all__ =", "__all__ ="),
    Mutant("nothing, sampled", "lifecycle/population.py", "__all__ =", "__all__ =", sampled=True),
)
"""Mutants that change nothing: nothing may tell them from the rule."""
KNOWN = {one.rule: one for one in (*MUTANTS, *CONTROLS)}

Interval = tuple[str, str | None, int, int | None]
Task = tuple[str, Sequence[int]]


class Answers(NamedTuple):
    """What the oracle says of a shop: everybody's history, and pictures by instant."""

    until: int
    histories: dict[int, list[Interval]]
    pictures: dict[int, dict[int, Picture]]


class Verdict(NamedTuple):
    """What became of a mutant: the shop that told it from the rule (None: none did), the difference or the trouble."""

    rule: str
    seed: int | None
    said: str
    seconds: float


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from a text that is not the file's."""

    def __init__(self, name: str, path: str, text: str):
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname):
        return compile(self.text, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module, changed."""

    def __init__(self, path: Path, text: str):
        self.name = ".".join(path.relative_to(SRC).with_suffix("").parts)
        self.path, self.text = str(path), text

    def find_spec(self, fullname, path, target=None):
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, _Changed(fullname, self.path, self.text))


def path_of(mutant: Mutant) -> Path:
    """The file that a mutant changes."""
    return Path(tenure.__file__).parent / mutant.file


def changed(mutant: Mutant) -> str:
    """The file's text with the mutation; ValueError if what it replaces is not there exactly once."""
    text = path_of(mutant).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.rule}: found {text.count(mutant.old)} times in {mutant.file}: {mutant.old}")
    return _sampled(mutant, text.replace(mutant.old, mutant.new))


def _sampled(mutant: Mutant, text: str) -> str:
    """The text with the small samples that the oracle is asked for, if it is."""
    for old, new in SMALL_SAMPLE if mutant.sampled else ():
        if text.count(old) != 1:
            raise ValueError(f"{mutant.rule}: found {text.count(old)} times in {mutant.file}: {old}")
        text = text.replace(old, new)
    return text


def plant(mutant: Mutant) -> None:
    """Change the engine of this process, which must not have been imported before."""
    text, path = changed(mutant), path_of(mutant)
    if path.suffix == ".py":
        sys.meta_path.insert(0, _Finder(path, text))
        return
    base = importlib.import_module("tenure.engine.base")
    parts = base._NAME.split(text)
    known = base.statements("tenure.lifecycle", path.stem)
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        known[name] = body.strip().removesuffix(";")


def draw(customer: int) -> int:
    """The draw of a numbered customer (rules.md, section 5)."""
    prime = 2_147_483_647
    return (pow(48_271 * customer + 11, 2, prime) + customer) % prime


@cache
def answers(seed: int, sampled: bool) -> Answers:
    """The oracle's answers for a shop; with `sampled` every month of more than 6 buyers is judged by 4 of them."""
    events, text, zone = shop(seed)
    customers = sorted({event.customer for event in events})
    oracle = Oracle(events, text, zone)
    if sampled:
        oracle = Oracle(events, text, zone, {one: draw(one) for one in customers}, sample_above=6, sample=4)
    until = max(event.at for event in events) + DAY
    histories = {customer: oracle.history(customer, until) for customer in customers}
    turns = [interval[3] for intervals in histories.values() for interval in intervals if interval[3] is not None]
    missed = [begin for intervals in histories.values() for _, detail, begin, _ in intervals if detail == "seasonal"]
    # besides: when all is said, and on the day on which the first season was missed
    instants = [*as_ofs(seed, shop(seed), turns, PICTURES), until, *(begin + 1 for begin in sorted(missed)[:1])]
    return Answers(until, histories, {instant: oracle.pictures(instant) for instant in instants})


def differences(seed: int, sampled: bool, folder: Path) -> Iterator[str]:
    """Where the engine of this process says something else than the oracle, one difference after another."""
    asked = importlib.import_module("asked")
    columns = importlib.import_module("test_engine_equals_oracle").COLUMNS
    events, text, zone = shop(seed)
    policy, expected = asked.policy_of(text, folder), answers(seed, sampled)
    for instant, pictures in expected.pictures.items():  # most mutants move a due date, and a picture shows them all
        yield from _pictured(asked.pictures(events, policy, zone, instant), pictures, instant, columns)
    found = asked.histories(events, policy, zone, expected.until)
    for customer, intervals in expected.histories.items():
        if found.get(customer) != intervals:
            yield f"history of {customer}: {_first_difference(found.get(customer, []), intervals)}"


def _first_difference(found: Sequence[Interval], expected: Sequence[Interval]) -> str:
    pair = next((pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]), None)
    return f"{pair[0]} for {pair[1]}" if pair else f"{len(found)} intervals for {len(expected)}"


def _pictured(found: dict, expected: dict[int, Picture], instant: int, columns: Sequence[str]) -> Iterator[str]:
    for customer in sorted(found.keys() ^ expected.keys()):
        yield f"picture {instant} of {customer}: {'there' if customer in found else 'missing'}"
    for customer in sorted(found.keys() & expected.keys()):
        for column in columns:
            wrong, right = found[customer][column], getattr(expected[customer], column)
            if wrong != right:
                yield f"picture {instant} of {customer}: {column} {wrong} for {right}"


def judge(task: Task) -> Verdict:
    """Plant a mutant (by its rule) in this process and compare, shop by shop, until one differs."""
    rule, seeds = task
    mutant, began, trouble = KNOWN[rule], time.perf_counter(), ""
    plant(mutant)
    signal.signal(signal.SIGALRM, _give_up)
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            signal.alarm(PATIENCE)
            try:
                said = next(differences(seed, mutant.sampled, Path(folder)), None)
            except Exception as error:  # noqa: BLE001 - a mutant that breaks is not one that answers wrongly
                said, trouble = None, f"seed {seed}: {type(error).__name__}: {error}"
            signal.alarm(0)
            if said:
                return Verdict(rule, seed, said, time.perf_counter() - began)
    return Verdict(rule, None, trouble, time.perf_counter() - began)


def _give_up(signum: int, frame: object) -> None:
    raise TimeoutError(f"no answer within {PATIENCE} seconds")


def verdicts(tasks: Sequence[Task], processes: int) -> Iterator[Verdict]:
    """Judge (rule, seeds) each in a process of its own, as they come."""
    for name in ("duckdb", "pyarrow", "scipy.optimize", "pytest"):  # what all of them need is loaded once
        importlib.import_module(name)
    loaded = [name for name in sys.modules if name.startswith("tenure.") and not of_oracle(name)]
    if loaded:
        raise RuntimeError(f"the engine is loaded before it is changed: {', '.join(loaded)}")
    # forked here and not by a pool, whose threads would be forked with it
    fork, waiting, running = multiprocessing.get_context("fork"), deque(tasks), {}
    while waiting or running:
        while waiting and len(running) < processes:
            receiver, sender = fork.Pipe(duplex=False)
            child = fork.Process(target=_tell, args=(sender, waiting[0]))
            child.start()
            sender.close()
            running[receiver] = child, waiting.popleft()
        for receiver in wait(list(running)):
            child, (rule, _) = running.pop(receiver)
            try:
                yield receiver.recv()
            except EOFError:
                yield Verdict(rule, None, "the process died", 0.0)
            child.join()


def _tell(sender: Connection, task: Task) -> None:
    sender.send(judge(task))


def of_oracle(name: str) -> bool:
    """Whether a module may be loaded before the engine is changed: the oracle, and what it shares with the engine."""
    return name in {"tenure.errors", "tenure.events", "tenure.lifecycle"} or name.startswith("tenure.lifecycle.oracle")


def main() -> None:
    """Judge what standard input names; one line of JSON for each verdict."""
    asked = json.load(sys.stdin)
    tasks = [(name, [*asked.get("first", [KNOWN[name].seed]), *range(asked["seeds"])]) for name in asked["names"]]
    for verdict in verdicts(tasks, asked["processes"]):
        sys.stdout.write(json.dumps(verdict) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
