"""The mirror's file of traits that segments may use: by customer, as codes, without a word of anybody's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tenure.engine.duckdb import DuckDB
from tenure_app.insight.store import attach, run, unfinished
from tenure_app.ledger.codes import keep_only, read_traits
from tenure_app.ledger.manifest import Traits, publish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tenure_app.ledger.manifest import Manifest

__all__ = ["bring_traits"]


def bring_traits(folder: Path, found: Manifest, names: Sequence[str], *, anew: bool) -> Manifest:
    """Publish the file of these traits as the ledger has them: table traits (c, name, code, guessed), one row of each
    customer and name that something is known of. No names: no file. Only who is writing the mirror may call it."""
    names = sorted(set(names))
    if not names:
        if found.traits is not None:
            keep_only(())
            found = replace(found, traits=None)
            publish(folder, found)
        return found
    before = None if anew or found.traits is None or list(found.traits.names) != names else found.traits
    with DuckDB() as engine:
        read = read_traits(engine, names, after=None if before is None else before.events)
        if before is not None:
            ((spoke,),) = engine.connection.table("spoke").count("*").fetchall()
            if not spoke:
                return found if read == before.events else _said(folder, found, replace(before, events=read))
        number = 1 if before is None else before.number + 1
        while (folder / f"traits-{number}.duckdb").exists():
            number += 1
        file = f"traits-{number}.duckdb"
        with unfinished(folder / file) as target:
            attach(engine.connection, target, "store", write=True)
            if before is not None:
                attach(engine.connection, folder / before.file, "before")
            run(engine, "traits", "anew" if before is None else "brought_up")
            codes = [code for (code,) in run(engine, "traits", "codes").fetchall()]
            engine.connection.execute("DETACH store")
    made = _said(folder, found, Traits(file, number, read, tuple(names)))
    # who still reads the generation before finds a code without its meaning, not a person without their right
    keep_only(codes)
    return made


def _said(folder: Path, found: Manifest, traits: Traits) -> Manifest:
    made = replace(found, traits=traits)
    publish(folder, made)
    return made
