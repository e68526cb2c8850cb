"""Who stands elsewhere than by the generation in force: everybody's picture compared with where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
from django.conf import settings

from tenure.engine.duckdb import DuckDB
from tenure_app.insight.store import attach, run, unfinished
from tenure_app.listen.models import Opportunity
from tenure_app.live.asking import PACKAGE, ask
from tenure_app.live.models import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from django.db.models import QuerySet

    from tenure_app.live.grounds import Grounds

__all__ = ["compare", "file_of"]

_MEMORY: Final = "1GB"
_AT_ONCE: Final = 50_000
_STOOD: Final = (
    "person", "code", "since_at", "next_at", "orders", "occasions", "first_order_at", "last_order_at", "expected_at",
    "overdue_at", "long_overdue_at", "inactive_at", "reason", "policy", "computed_at",
)  # fmt: skip


def file_of(folder: Path) -> Path:
    """The file of who differs. folder: the data folder."""
    return folder / "mirror" / "standings-todo.duckdb"


def compare(grounds: Grounds, path: Path, *, now: int) -> int:
    """Write whoever stands elsewhere by the generation in force, or has another way open; how many.

    Table of the file: differing(place 1.., c, anew: to be judged from their facts, was_code, was_policy,
    was_computed_at: as they stand, null where they do not; and the columns of a `Stand` but c).
    """
    folder = settings.TENURE_DATA / "mirror"
    with unfinished(path) as target, DuckDB(memory_limit=_MEMORY) as engine:
        for name in ("no_stood", "no_ways", "no_newer"):
            engine.run(PACKAGE, "comparing", name)
        _into(engine, "stood", Standing.objects.values_list(*_STOOD))
        _into(engine, "ways", Opportunity.objects.filter(ended_at=None).values_list("person", "cycle", "expected_at"))
        read_at = grounds.known_at
        newer = ask("newer", grounds.position["events"], sorted(grounds.kinds), read_at, read_at, read_at, read_at)
        _put(engine, "newer", newer)
        attach(engine.connection, folder / grounds.lives.base, "lives")
        if grounds.lives.delta:
            attach(engine.connection, folder / grounds.lives.delta, "restaged")
        how = "overlaid" if grounds.lives.delta else "alone"
        for name in ("history", "passages", "reasons"):
            run(engine, "days", f"{name}_{how}")
        engine.relation(PACKAGE, "judging", "standing", as_of=now + 1).to_table("target")
        engine.run(PACKAGE, "comparing", "right_ways")
        attach(engine.connection, target, "made", write=True)
        engine.run(PACKAGE, "comparing", "differing", policy=grounds.policy.hash, now=now)
        ((n,),) = engine.run(PACKAGE, "comparing", "how_many").fetchall()
        engine.connection.execute("DETACH made")
    return int(n)


def _into(engine: DuckDB, name: str, rows: QuerySet[Standing] | QuerySet[Opportunity]) -> None:
    some = []
    for row in rows.iterator(chunk_size=_AT_ONCE):
        some.append(row)
        if len(some) == _AT_ONCE:
            _put(engine, name, some)
            some = []
    _put(engine, name, some)


def _put(engine: DuckDB, name: str, rows: Iterable[tuple[object, ...]]) -> None:
    told = list(rows)
    if told:
        schema = engine.connection.table(name).to_arrow_table().schema
        columns = zip(*told, strict=True)
        table = pa.table([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema)
        engine.connection.from_arrow(table).insert_into(name)
