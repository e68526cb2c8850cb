"""Brings mirror and lives up to the ledger and names them: in full, or anew for whoever was touched since.

One process at a time does this; whoever reads goes on with what was named before.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.engine.duckdb import DuckDB
from tenure_app.insight.build import MOST_TOUCHED, build, must_rebuild, restage, write_facts_overlay
from tenure_app.insight.days import key_of
from tenure_app.insight.store import Sources, attach, run, unfinished
from tenure_app.insight.traits import bring_traits
from tenure_app.ledger import mirror
from tenure_app.ledger.kinds import life_kinds
from tenure_app.ledger.manifest import Lives, Manifest, publish, read_manifest, writing
from tenure_app.ledger.mirror import Position

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["MEMORY", "Refreshed", "position_of", "refresh"]

MEMORY: Final = "2GB"
"""What the engine may take before it spills to disk."""
_FEW: Final = 1000
"""People who may be in an overlay however small the shop."""
_KEPT: Final = 4
"""Lives by policies and instants beside the one in force: previews, and what was known on other days."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh found and did: events appended since the last one, people they touch (None: everybody was read),
    people in all, and whether everybody was computed anew."""

    manifest: Manifest
    events: int
    touched: int | None
    people: int
    anew: bool


def refresh(
    folder: Path, policy: Policy, *, zone: str, now: int, progress: Progress, anew: bool = False,
    known_at: int | None = None, keep: Policy | None = None, traits: Sequence[str] = (), wait: bool = False,
) -> Refreshed:  # fmt: skip
    """Publish a generation that knows all that was appended, and everybody's lives by this policy.

    folder: the mirror's. known_at: compute what was known at that instant, too. anew: read and compute everything.
    keep: the policy in force, whose lives stay whatever else is tried; None: this one. traits: names of those that the
    mirror has as codes. Refused while another process writes, unless one will `wait` for it.
    """
    kept = key_of(keep or policy, None)
    with writing(folder, wait=wait):
        found = None if anew else _usable(folder)
        kinds = life_kinds(policy, keep or policy)
        done = _first(folder, policy, zone, now, progress, kinds) if found is None else _next(
            folder, found, policy, zone, now, progress, kept, kinds
        )
        # lists of everybody's may take a while: pictures come first
        made = bring_traits(folder, done.manifest, traits, anew=found is None)
        done = replace(done, manifest=made)
        if known_at is not None and key_of(policy, known_at) not in done.manifest.lives:
            done = replace(done, manifest=_as_known(folder, done.manifest, policy, zone, known_at, progress, kept))
        return done


def _usable(folder: Path) -> Manifest | None:
    """What is in force, None if any file of it is lost."""
    found = read_manifest(folder)
    if found is None or not isinstance(found.position, dict):
        return None
    return found if all((folder / name).exists() for name in found.files()) else None


def _first(
    folder: Path, policy: Policy, zone: str, now: int, progress: Progress, kinds: frozenset[str]
) -> Refreshed:  # fmt: skip
    """Everything, read and computed anew; of these kinds, and those that were read before."""
    before = read_manifest(folder)
    if before is None:  # a generation that is lost may have had the next one's number
        shutil.rmtree(folder / "days", ignore_errors=True)
    number = (before.generation if before else 0) + 1
    while (folder / f"events-{number}.duckdb").exists():
        number += 1
    progress("reading the ledger", 0.0)
    name = f"events-{number}.duckdb"
    with DuckDB(memory_limit=MEMORY) as engine, unfinished(folder / name) as target:
        position = mirror.read_news(engine, kinds=kinds)
        attach(engine.connection, target, "store", write=True)
        # by customer: a page asks for one at a time, and reads a few blocks instead of all
        engine.connection.table("news").order("c, number").to_table("store.facts")
        engine.connection.table("drawn").to_table("store.customers")
        engine.connection.table("canon").order("person").to_table("store.canon")
        ((events,),) = engine.connection.table("news").count("*").fetchall()
        engine.connection.execute("DETACH store")
    base = f"lives-{number}-{policy.hash}.duckdb"
    made = Manifest(number, name, None, {key_of(policy, None): Lives(base)}, _said(position, zone), now)
    built = build(
        Sources.of(folder, made, policy), folder / base, policy, zone=zone, memory_limit=MEMORY,
        progress=_after(progress, 0.3),
    )  # fmt: skip
    publish(folder, made)
    return Refreshed(made, events, None, built.people, anew=True)


def _next(
    folder: Path, found: Manifest, policy: Policy, zone: str, now: int, progress: Progress, kept: str,
    kinds: frozenset[str],
) -> Refreshed:  # fmt: skip
    """What was appended since; everything anew where that is not enough."""
    before = position_of(found)
    known = frozenset(before.kinds if before else ())
    if before is None or mirror.is_another(before) or not kinds <= known:
        return _first(folder, policy, zone, now, progress, kinds | known)
    progress("reading the ledger", 0.0)
    with DuckDB(memory_limit=MEMORY) as engine:
        _lay_what_was_known(engine, folder, found)
        position = mirror.read_news(engine, before, kinds=known)
        touched = _overlay(engine, folder, found)
    if touched is None:
        return _first(folder, policy, zone, now, progress, kinds | known)
    if not touched.lives:
        found = _passed(folder, found, touched, position, zone)
        return _same_facts(folder, found, policy, zone, progress, kept)
    made = Manifest(found.generation + 1, found.events, touched.delta, {}, _said(position, zone), now, found.traits)
    sources = Sources.of(folder, made, policy)
    here = found.lives.get(key_of(policy, None))
    anew = here is None or found.position["zone"] != zone or must_rebuild(
        folder / here.base, policy, earliest_at=touched.earliest_at, latest_at=touched.latest_at, words=touched.words,
        touched=touched.all,
    )  # fmt: skip
    if anew or here is None:
        base = f"lives-{made.generation}-{policy.hash}.duckdb"
        build(sources, folder / base, policy, zone=zone, memory_limit=MEMORY, progress=_after(progress, 0.1))
        lives = Lives(base)
    else:
        progress("tracing who was touched", 0.5)
        delta = f"delta-lives-{made.generation}-{policy.hash}.duckdb"
        restage(
            sources, folder / here.base, folder / delta, policy, touched.lives, zone=zone,
            before=folder / here.delta if here.delta else None,
        )  # fmt: skip
        lives = Lives(here.base, delta)
    made = replace(made, lives={key_of(policy, None): lives})
    publish(folder, made)
    return Refreshed(made, touched.events, len(touched.lives), _people(folder, lives), anew=anew)


def _passed(folder: Path, found: Manifest, touched: _Touched, position: Position, zone: str) -> Manifest:
    """What was read is nobody's fact, and is not read again; at most somebody without facts is another one by now."""
    told = {**_said(position, zone), "zone": found.position["zone"]}
    if touched.delta is None and told == found.position:
        return found
    made = replace(found, position=told)
    if touched.delta is not None:
        made = replace(made, generation=found.generation + 1, delta=touched.delta)
    publish(folder, made)
    return made


def _same_facts(
    folder: Path, found: Manifest, policy: Policy, zone: str, progress: Progress, kept: str
) -> Refreshed:  # fmt: skip
    """Nothing was appended: at most another policy or zone is asked for."""
    here = found.lives.get(key_of(policy, None))
    if here is not None and found.position["zone"] == zone:
        return Refreshed(found, 0, 0, _people(folder, here), anew=False)
    base = f"lives-{found.generation}-{policy.hash}-{_plain(zone)}.duckdb"
    sources = Sources.of(folder, found, policy)
    built = build(sources, folder / base, policy, zone=zone, memory_limit=MEMORY, progress=progress)
    others = _latest(found, kept) if found.position["zone"] == zone else {}
    lives = {**others, key_of(policy, None): Lives(base)}
    made = replace(found, lives=lives, position={**found.position, "zone": zone})
    publish(folder, made)
    return Refreshed(made, 0, 0, built.people, anew=True)


def _as_known(
    folder: Path, found: Manifest, policy: Policy, zone: str, known_at: int, progress: Progress, kept: str
) -> Manifest:  # fmt: skip
    """Beside what is in force: what was known at an instant."""
    base = f"lives-{found.generation}-{policy.hash}-{_plain(zone)}-known-{known_at}.duckdb"
    build(
        Sources.of(folder, found, policy), folder / base, policy, zone=zone, known_at=known_at, memory_limit=MEMORY,
        progress=progress,
    )  # fmt: skip
    made = replace(found, lives={**_latest(found, kept), key_of(policy, known_at): Lives(base)})
    publish(folder, made)
    return made


def _latest(found: Manifest, kept: str) -> dict[str, Lives]:
    """Those of the policy in force, and of the others the latest."""
    others = [key for key in found.lives if key != kept]
    return {key: one for key, one in found.lives.items() if key == kept or key in others[-_KEPT:]}


@dataclass(frozen=True, slots=True)
class _Touched:
    """Whose lives were touched by the news, with the overlay of facts that was written (None: there was nothing to
    write); `all`: people in that overlay; `events`: facts that are new or another one's."""

    delta: str | None
    lives: list[int]
    all: int
    events: int
    earliest_at: int
    latest_at: int
    words: tuple[tuple[str, str], ...]


def _lay_what_was_known(engine: DuckDB, folder: Path, found: Manifest) -> None:
    """The views of what the mirror has: facts, drawn_before, canon_before, overlaid_before."""
    attach(engine.connection, folder / found.events, "base")
    if found.delta:
        attach(engine.connection, folder / found.delta, "touched")
    how = "overlaid" if found.delta else "alone"
    run(engine, "facts", how)
    for name in (f"drawn_{how}", f"canon_{how}", "somebody_before" if found.delta else "nobody_before"):
        run(engine, "refresh", name)


def _overlay(engine: DuckDB, folder: Path, found: Manifest) -> _Touched | None:
    """Write the overlay of facts with the news in it; None where so many are touched that all is better read anew."""
    before = folder / found.delta if found.delta else None
    for name in ("touched", "their_facts", "their_draws"):
        run(engine, "refresh", name)
    ((everybody, with_devices, all_touched),) = run(engine, "refresh", "shares").fetchall()
    if with_devices > max(MOST_TOUCHED * everybody, _FEW):
        return None
    people = [c for (c,) in engine.connection.table("now_touched").fetchall()]
    canon = engine.connection.table("canon").to_arrow_table()
    if not people and not len(canon):
        return _Touched(None, [], int(all_touched), 0, 0, 0, ())
    ((earliest, latest),) = run(engine, "refresh", "span").fetchall()
    ((events,),) = engine.connection.table("changed").count("*").fetchall()
    words = tuple((role, word) for role, word in run(engine, "refresh", "words").fetchall())
    delta = f"delta-{found.generation + 1}.duckdb"
    facts, draws = (engine.connection.table(name).to_arrow_table() for name in ("their_facts", "their_draws"))
    # another engine is about to open these files
    for view in ("facts", "drawn_before", "canon_before", "overlaid_before"):
        engine.connection.execute("DROP VIEW !".replace("!", view))
    engine.connection.execute("DETACH base")
    if before is not None:
        engine.connection.execute("DETACH touched")
    write_facts_overlay(folder / delta, before, people, facts, draws, canon)
    known = [c for c in people if c > 0]
    return _Touched(delta, known, int(all_touched), int(events), int(earliest or 0), int(latest or 0), words)


def _people(folder: Path, lives: Lives) -> int:
    with DuckDB(threads=1) as engine:
        attach(engine.connection, folder / lives.base, "lives")
        return int(engine.connection.execute("SELECT value FROM lives.meta WHERE name = 'people'").fetchall()[0][0])


def position_of(found: Manifest) -> Position | None:
    """How far the ledger was read for a generation; None where another release wrote it."""
    try:
        return Position(**{key: value for key, value in found.position.items() if key != "zone"})
    except TypeError:
        return None


def _said(position: Position, zone: str) -> dict[str, Any]:
    return {**asdict(position), "zone": zone}


def _plain(zone: str) -> str:
    return zone.replace("/", "-")


def _after(progress: Progress, share: float) -> Progress:
    """Progress of what comes after a share of the whole."""
    return lambda what, done: progress(what, share + (1 - share) * done)
