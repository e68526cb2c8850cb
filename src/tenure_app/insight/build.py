"""Computes everybody's life into a file, and anew the lives of whoever was touched into a small file beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tenure.engine.base import statement
from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.known import KnownPopulation
from tenure.lifecycle.passages import passages
from tenure.periods import DAY_US, SHIFT_US, calendar, day_of
from tenure_app.insight.store import PACKAGE, TABLES, Sources, attach, lay_events, run, timeline_of, unfinished

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from tenure.lifecycle.policy import Policy

__all__ = ["MOST_TOUCHED", "Built", "Progress", "build", "must_rebuild", "restage", "write_facts_overlay"]

Progress = Callable[[str, float], None]
"""Told what begins and how far the whole is, 0 to 1."""

MOST_TOUCHED: Final = 0.05
"""With a greater share of the people in the overlay everything is computed anew."""


@dataclass(frozen=True, slots=True)
class Built:
    """A file that was written: where, and of how many people."""

    path: Path
    people: int


def build(
    sources: Sources,
    path: Path,
    policy: Policy,
    *,
    zone: str,
    known_at: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> Built:
    """Write the lives of everybody, as known at an instant (None: all that is in the sources).

    Tables: history, passages, reasons, contacts (tenure.lifecycle.passages), money(c, at, minor: what was spent, change
    by change), steps(day, code, change: how many more stand in a stage after a local day than before it),
    population(text), meta(name, value: zone, policy, people, first_at, last_at). BadTime for an unknown zone.
    """
    tell = progress or _tell_nobody
    with unfinished(path) as target, DuckDB(threads=threads, memory_limit=memory_limit) as engine:
        tell("reading", 0.0)
        lay_events(engine, sources, known_at)
        engine.connection.execute("CREATE OR REPLACE VIEW customers AS SELECT c, draw FROM base.customers")
        if sources.delta is not None:
            engine.connection.execute(statement(PACKAGE, "lives", "customers_overlaid"))
        attach(engine.connection, target, "store", write=True)
        people = _write(engine, policy, zone, tell)
        engine.connection.execute("DETACH store")
        tell("done", 1.0)
    return Built(path, people)


def _write(engine: DuckDB, policy: Policy, zone: str, tell: Progress) -> int:
    tell("tracing every life", 0.1)
    timeline = timeline_of(engine, drawn=True)
    traced = passages(timeline, policy, zone=zone, take=_into_store(engine))
    tell("counting", 0.8)
    _write_money(engine)
    run(engine, "lives", "turning_all")
    _lay_days(engine, zone)
    run(engine, "lives", "steps")
    engine.connection.table("stepped").to_table("store.steps")
    people = _one(engine, "SELECT COUNT(DISTINCT c) FROM store.history")
    put = engine.connection.from_arrow
    put(pa.table({"text": [KnownPopulation.of(traced).text()]})).to_table("store.population")
    meta = {"zone": zone, "policy": policy.hash, "people": people, "first_at": timeline.first_at,
            "last_at": timeline.last_at}  # fmt: skip
    values = pa.array([None if value is None else str(value) for value in meta.values()], pa.string())
    put(pa.table({"name": list(meta), "value": values})).to_table("store.meta")
    return people


def _into_store(engine: DuckDB) -> Callable[[str, DuckDBPyRelation], None]:
    """Takes pieces of tables into the file `store`."""
    for name in ("history", "passages", "reasons", "money", "contacts"):
        run(engine, "lives", f"no_{name}")

    def take(name: str, rows: DuckDBPyRelation) -> None:
        rows.insert_into(f"store.{name}")

    return take


def _write_money(engine: DuckDB) -> None:
    ended = engine.connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'endings'").fetchall()
    run(engine, "lives", "money_of_endings" if ended else "money")
    engine.connection.table("money").insert_into("store.money")


def _lay_days(engine: DuckDB, zone: str) -> None:
    """Local days from the first turn of anybody's life to the last, which may lie far ahead."""
    ((first_at, last_at),) = run(engine, "lives", "turns").fetchall()
    first, last = (0 if at is None else day_of(at, zone) for at in (first_at, last_at))
    days = calendar(first - 2, last + 3, zone)
    engine.put("local_days", pa.table({
        "utc_day": days.day[:-1] + SHIFT_US // DAY_US, "day": days.day[:-1],
        "start_at": days.start_at[:-1], "end_at": days.start_at[1:],
    }))  # fmt: skip


def write_facts_overlay(
    path: Path, before: Path | None, touched: Sequence[int], facts: pa.Table, people: pa.Table,
    canon: pa.Table | None = None,
) -> Path:  # fmt: skip
    """Write the overlay of the mirror's facts: those of the one `before` and of whoever was `touched` now.

    facts: everything known of the touched, as rows of the mirror's table; people: their c and draw; canon: person and
    c of who is taken for another one by now than before, themselves included. Tables of the file: facts, touched(c),
    customers(c, draw), canon(person, c). Returns its path.
    """
    with unfinished(path) as target, DuckDB() as engine:
        attach(engine.connection, target, "store", write=True)
        engine.put("chosen", pa.table({"c": pa.array(touched, pa.int64())}))
        put = engine.connection.from_arrow
        put(facts).to_table("store.facts")
        put(pa.table({"c": pa.array(touched, pa.int64())})).to_table("store.touched")
        put(people.select(["c", "draw"])).to_table("store.customers")
        none = pa.table({"person": pa.array([], pa.int64()), "c": pa.array([], pa.int64())})
        engine.put("turned", none if canon is None else canon.select(["person", "c"]))
        engine.connection.table("turned").to_table("store.canon")
        if before is not None:
            attach(engine.connection, before, "before")
            for name in ("facts", "touched", "customers", "canon"):
                _selected(engine, f"rest_{name}").insert_into(f"store.{name}")
        engine.connection.execute("DETACH store")
    return path


def must_rebuild(
    lives: Path, policy: Policy, *, earliest_at: int, latest_at: int, words: Sequence[tuple[str, str]], touched: int
) -> bool:
    """Whether new facts ask for all lives to be computed anew: older than the last month, or of a new one, of a
    category or region not known yet, or of too many people.

    earliest_at, latest_at: of the facts added, taken back or changed, their instants before included; touched: people
    in the overlay.
    """
    with DuckDB(threads=1) as engine:
        attach(engine.connection, lives, "lives")
        known = _known(engine, policy)
        people = _one(engine, "SELECT CAST(value AS BIGINT) FROM lives.meta WHERE name = 'people'")
    return touched > MOST_TOUCHED * people or not known.still_holds(earliest_at, latest_at, words)


def restage(
    sources: Sources,
    lives: Path,
    path: Path,
    policy: Policy,
    touched: Sequence[int],
    *,
    zone: str,
    before: Path | None = None,
    known_at: int | None = None,
) -> Built:
    """Write the overlay of lives: of whoever was `touched` now, traced by the population of the file `lives`, and the
    others of the overlay `before`.

    The rows are those that `build` would write, as long as `must_rebuild` says no. InvalidInput where the population
    knows nothing of what the events speak of. Tables as in `build` without contacts and population; touched(c); steps
    are the differences to those of `lives`.
    """
    with unfinished(path) as target, DuckDB() as engine:
        lay_events(engine, sources, known_at, touched)
        attach(engine.connection, lives, "lives")
        attach(engine.connection, target, "store", write=True)
        known = _known(engine, policy)
        take = _into_store(engine)
        timeline = timeline_of(engine, drawn=False)
        if timeline.rows:
            passages(timeline, policy, zone=zone, known=known, take=take)
            _write_money(engine)
        engine.connection.table("chosen").to_table("store.touched")
        if before is not None:
            attach(engine.connection, before, "before")
            for name in (*TABLES, "touched"):
                _selected(engine, f"rest_{name}").insert_into(f"store.{name}")
        _write_steps(engine, zone)
        people = _one(engine, "SELECT COUNT(*) FROM store.touched")
        engine.connection.execute("DETACH store")
    return Built(path, people)


def _write_steps(engine: DuckDB, zone: str) -> None:
    """The steps of the touched as they are now, less those of theirs in the file of all lives."""
    run(engine, "lives", "turning_all")
    _lay_days(engine, zone)
    run(engine, "lives", "steps")
    engine.connection.table("stepped").to_table("store.steps")
    run(engine, "lives", "turning_touched")
    _lay_days(engine, zone)
    _selected(engine, "unstepped").insert_into("store.steps")


def _known(engine: DuckDB, policy: Policy) -> KnownPopulation:
    text: str = engine.connection.execute("SELECT text FROM lives.population").fetchall()[0][0]
    return KnownPopulation.read(text, policy)


def _selected(engine: DuckDB, name: str) -> DuckDBPyRelation:
    return engine.connection.sql(statement(PACKAGE, "lives", name))


def _one(engine: DuckDB, sql: str) -> int:
    return engine.connection.execute(sql).fetchall()[0][0]  # type: ignore[no-any-return]


def _tell_nobody(_: str, __: float) -> None:
    """Progress that nobody asked for."""
