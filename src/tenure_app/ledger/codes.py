"""Traits that segments may use, as codes: the book of what each code means stays in the ledger, the mirror has no text.

What a person says of themselves is in the book as long as the mirror has it of anybody.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tenure_app.ledger.lists import ask as look_up
from tenure_app.ledger.lists import write
from tenure_app.ledger.mirror import asking, listed
from tenure_app.ledger.models import TraitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tenure.engine.duckdb import DuckDB

__all__ = ["keep_only", "read_traits"]

_PACKAGE: Final = "tenure_app.ledger"


def read_traits(engine: DuckDB, names: Sequence[str], *, after: int | None) -> int:
    """Make the table `coded` (c, name, code, guessed) of these traits of everybody who is known, or (`after`, in the
    ledger's own terms) of whoever something was said of since; how far the ledger was read.

    One word for each person and name: what was stated rather than guessed, then the newest. spoke (c): whose traits are
    all in `coded`; nobody without `after`. A value that has no code gets one.
    """
    wanted = json.dumps(list(names))
    with asking() as ask:
        end = int(ask("end").read_all().column(0)[0].as_py())
        spoke: list[int] = []
        if after is None:
            engine.connection.from_arrow(ask("traits", wanted)).create("told")
        else:
            spoke = sorted(set(ask("spoke", after, end).read_all()["c"].to_pylist()) - {0})
            people = sorted({*spoke, *ask("members", listed(spoke)).read_all()["person"].to_pylist()} - {0})
            engine.connection.from_arrow(ask("traits_of", listed(people), wanted)).create("told")
    engine.put("spoke", pa.table({"c": pa.array(spoke, pa.int64())}))
    engine.run(_PACKAGE, "codes", "chosen")
    engine.put("book", _book(engine.run(_PACKAGE, "codes", "values").fetchall(), names))
    engine.run(_PACKAGE, "codes", "coded")
    for name in ("told", "chosen", "book"):
        engine.drop(name)
    return end


def _book(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> pa.Table:
    """name, value and code of these values, new ones made."""
    known = set(TraitCode.objects.filter(name__in=names).values_list("name", "value"))
    write("codes", "book", sorted(set(pairs) - known))
    rows = look_up("codes", "book_of", list(names))
    return pa.table({
        "name": pa.array([name for name, _, _ in rows], pa.string()),
        "value": pa.array([value for _, value, _ in rows], pa.string()),
        "code": pa.array([code for _, _, code in rows], pa.int64()),
    })  # fmt: skip


def keep_only(codes: Collection[int]) -> None:
    """Take every other code out of the book: nobody in the mirror has it any more."""
    unused = set(TraitCode.objects.values_list("pk", flat=True)) - set(codes)
    write("codes", "forget", [(code,) for code in sorted(unused)])
