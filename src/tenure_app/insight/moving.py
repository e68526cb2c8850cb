"""Counts over a reading: who stands where, and who moved between two days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenure.periods import day_of
from tenure_app.insight.reading import col, lit
from tenure_app.insight.stages import STAGES

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyRelation, Expression
    from numpy.typing import NDArray

    from tenure_app.insight.reading import Reading

__all__ = ["NOBODY", "Changed", "among", "changed", "counts", "flows", "moved", "moves"]

NOBODY: Final = -1
"""In place of a stage's code: not known yet."""


def counts(reading: Reading) -> dict[tuple[str, str], int]:
    """People by (stage, detail), "" where a stage has none; in the order of the circle, without those of nobody."""

    def count() -> dict[tuple[str, str], int]:
        rows = dict(reading.table("people").aggregate("code, count(*)").fetchall())
        return {(stage, detail or ""): rows[code] for code, (stage, detail) in enumerate(STAGES) if code in rows}

    return reading.remembered("counts", count)


def moved(
    reading: Reading, start_at: int, end_at: int, origins: Collection[int] = (), ends: Collection[int] = ()
) -> DuckDBPyRelation:
    """c, stood and stands: codes at both ends of everybody whose stage began anew in between, few beside all lives; of
    those who stood in one of the origins and stand in one of the ends, where any are named.

    `stood` is null for who was not known at the start. Who went and came back stands where they stood.
    """
    start, end, from_at, to_at = lit(start_at), lit(end_at), col("from_at"), col("to_at")
    history = reading.table("history")
    ended = history.filter((from_at < start) & (start <= to_at) & (to_at < end))
    begun = history.filter((start <= from_at) & (from_at < end) & (to_at.isnull() | (end <= to_at)))
    if ends:
        begun = begun.filter(among("code", ends))
    newcomers = not origins or NOBODY in origins
    if not newcomers:
        ended = ended.filter(among("code", origins))
    before = ended.select(col("c").alias("c"), col("code").alias("stood"))
    after = begun.select(col("c").alias("c"), col("code").alias("stands"))
    found = after.set_alias("e").join(before.set_alias("s"), "c", how="left" if newcomers else "inner")
    if not origins or not newcomers:
        return found
    known = [code for code in origins if code != NOBODY]
    return found.filter(col("stood").isnull() | among("stood", known) if known else col("stood").isnull())


def among(column: str, codes: Collection[int]) -> Expression:
    """That the column holds one of these codes."""
    return col(column).isin(*map(lit, codes))


def moves(reading: Reading, start_at: int, end_at: int) -> dict[tuple[int, int], int]:
    """How many of those who moved, or went and came back, stood in one code and stand in another; from NOBODY who
    arrived."""

    def count() -> dict[tuple[int, int], int]:
        rows = moved(reading, start_at, end_at).aggregate("coalesce(stood, -1) AS a, stands AS b, count(*) AS n")
        return {(a, b): n for a, b, n in rows.fetchall()}

    return reading.remembered(("moves", start_at, end_at), count, of_day=False)


def flows(reading: Reading, start_at: int, end_at: int) -> dict[tuple[int, int], int]:
    """How many stood in one code at the start, of a local day, and in another, or the same, at the end; from NOBODY who
    arrived."""

    def count() -> dict[tuple[int, int], int]:
        found = dict(moves(reading, start_at, end_at))
        left: Counter[int] = Counter()
        for (a, _), n in found.items():
            left[a] += n
        for code, n in _standing(reading, start_at).items():
            if stayed := n - left[code]:
                found[code, code] = found.get((code, code), 0) + stayed
        return found

    return reading.remembered(("flows", start_at, end_at), count, of_day=False)


def _standing(reading: Reading, start_at: int) -> dict[int, int]:
    """How many stood in each code as a local day began."""
    there = reading.table("steps").filter(col("day") < lit(day_of(start_at, reading.zone)))
    return dict(there.aggregate("code, CAST(sum(change) AS BIGINT) AS n").fetchall())


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """Who stands elsewhere in another picture of the same people: how many there are in all, how many stood in one code
    and stand in another (the most first), and by rising number who they are and where they stood."""

    customers: int
    moves: dict[tuple[int, int], int]
    c: NDArray[np.int64]
    stood: NDArray[np.int64]


def changed(here: Reading, there: Reading) -> Changed:
    """Compare two pictures, of two rules."""
    import numpy as np

    (c, before), (_, after) = _codes(here), _codes(there)
    other = before != after
    pairs, n = np.unique(before[other] * 16 + after[other], return_counts=True)
    ranked = sorted(zip(pairs.tolist(), n.tolist(), strict=True), key=lambda row: -row[1])
    return Changed(len(c), {(pair // 16, pair % 16): count for pair, count in ranked}, c[other], before[other])


def _codes(reading: Reading) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Everybody's number, ascending, and code."""
    import numpy as np

    found = reading.table("people").select(col("c"), col("code")).fetchnumpy()
    c, code = np.asarray(found["c"], np.int64), np.asarray(found["code"], np.int64)
    order = np.argsort(c, kind="stable")
    return c[order], code[order]
