"""What the verbs that read orders share: the opened shop, where results go, how rows are shown."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenure.cli.arguments import COLUMNS
from tenure.cli.screen import Steps, remarks
from tenure.errors import BadFile
from tenure.periods import zone_named
from tenure.read import Columns
from tenure.verbs.shop import Shop, instant_of, must_hold_rows, opened
from tenure.write import checked_target, save_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

__all__ = [
    "Asked", "counted", "first_rows", "read_from", "rest_of", "save", "shop_of", "table_target", "until_of",
]  # fmt: skip

_HEAD: Final = 20
Asked = argparse.Namespace


@contextlib.contextmanager
def shop_of(asked: Asked, as_of: int | None = None) -> Iterator[tuple[Shop, Steps]]:
    """The shop of the named files, and the steps to tell of; says on stderr what the reading left out."""
    rejects = None if asked.rejects is None else checked_target(asked.rejects, apart_from=read_from(asked))
    outs = getattr(asked, "out", None) or []
    if rejects is not None and rejects in [Path(out) for out in ([outs] if isinstance(outs, str) else outs)]:
        raise BadFile(f"cannot write {rejects}: --out and --rejects name the same file; choose another for one of them")
    columns = Columns(customer=asked.customer_column, **{role: getattr(asked, role) for role in COLUMNS})
    with Steps() as steps, opened(
        asked.files, policy=asked.policy, timezone=asked.timezone, times_in=asked.times_in, columns=columns,
        progress=steps, as_of=as_of,
    ) as shop:  # fmt: skip
        steps.done()
        if rejects is not None:
            save_table(shop.timeline.engine.connection.from_arrow(shop.timeline.rejects()), rejects)
        must_hold_rows(shop.timeline, rejects)
        for line in remarks(shop.timeline, asked.rejects):
            sys.stderr.write(line + "\n")
        yield shop, steps


def read_from(asked: Asked) -> list[str]:
    """The files that nothing may be written over."""
    return [*asked.files, *([asked.policy] if asked.policy else [])]


def table_target(asked: Asked) -> Path | None:
    """The path of --out, None where the result is to be shown; BadFile if it cannot be written there."""
    return None if asked.out is None else checked_target(asked.out, apart_from=read_from(asked))


def until_of(asked: Asked) -> int | None:
    """The instant of --until (us UTC), None where it is not given."""
    return None if asked.until is None else instant_of(asked.until, asked.timezone)


def save(rows: DuckDBPyRelation, target: Path, steps: Steps) -> None:
    """Write a result where it was asked for."""
    steps("writing")
    save_table(rows, target)


def first_rows(rows: DuckDBPyRelation, asked: Asked) -> list[dict[str, Any]]:
    """The first rows, instants on the shop's wall clock."""
    zone = zone_named(asked.timezone)
    found: list[dict[str, Any]] = rows.limit(_HEAD).to_arrow_table().to_pylist()
    return [
        {name: value.astimezone(zone) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in found
    ]


def counted(n: int, what: str) -> str:
    """As in 1 customer, 2 customers."""
    return f"{n:,} {what if n == 1 else what + 's'}"


def rest_of(shown: int, n: int, what: str) -> list[str]:
    """What to say where not all rows are shown."""
    if n <= shown:
        return []
    return ["", f"the first {shown} of {n:,} {what}; all of them with --out NAME.parquet, .csv or .json"]
