"""Some lives at a time: which, and their rows as a walk wants them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from tenure.lifecycle.walk import Rows, by_life

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from tenure.engine.duckdb import DuckDB

__all__ = ["Slices", "rows_of"]

ORDERS_AT_ONCE: Final = 500_000
_READ_AT_ONCE: Final = 4
"""Slices: every reading looks at all rows, so few readings; two million rows of two numbers are 32 MB."""
_AHEAD: Final = 4
"""Readings that may be done before they are asked for."""
_SQL: Final = "tenure.lifecycle"

Span = tuple[int, int]
"""First and last life of a slice."""


def _spans(sizes: pa.Table) -> tuple[Span, ...]:
    """Slices of about ORDERS_AT_ONCE rows, rising, no life in two of them; an empty one if there are no lives.

    sizes: life and n, its rows.
    """
    if not len(sizes):
        return ((0, 0),)
    life, n = sizes["life"].to_numpy(), sizes["n"].to_numpy()
    order = np.argsort(life)
    life, before = life[order], np.cumsum(n[order]) - n[order]
    starts = np.flatnonzero(np.diff(before // ORDERS_AT_ONCE, prepend=-1))
    ends = np.r_[starts[1:], len(life)] - 1
    return tuple(zip(life[starts].tolist(), life[ends].tolist(), strict=True))


def rows_of(table: pa.Table) -> Rows:
    """The rows of a table (life, at_us and, where more than orders counts, buy, category, region) by life and
    instant."""
    life, at_us, *others = by_life(*(table[name].to_numpy() for name in table.column_names))
    if not others:
        return Rows(life, at_us)
    buy, category, region = others
    return Rows(life, at_us, buy == 1, category.astype(np.int64), region.astype(np.int64))


class Slices:
    """The rows of all lives, slice by slice, by one of the statements of sql/states.sql.

    Several slices are read at once and sorted by a thread of their own, some of them before they are asked for.
    """

    def __init__(self, engine: DuckDB, statement: str, sizes: pa.Table) -> None:
        """sizes: every life and n, its rows."""
        self._engine = engine
        self._statement = statement
        asked = _spans(sizes)
        self._groups = [asked[i : i + _READ_AT_ONCE] for i in range(0, len(asked), _READ_AT_ONCE)]
        self._begun: deque[Future[list[Rows]]] = deque()

    def begin(self) -> None:
        """Start to read, beside a caller who has something else to do before asking."""
        with _Reader() as reader:
            self._begun.extend(reader.submit(self._read, group) for group in self._groups[:_AHEAD])

    def __iter__(self) -> Iterator[Rows]:
        """The rows of one slice after another, by rising life; one slice without rows if there are no lives."""
        begun, self._begun = self._begun, deque()
        rest = iter(self._groups[len(begun) :])
        with _Reader() as reader:
            while True:
                begun.extend(reader.submit(self._read, group) for group in islice(rest, _AHEAD - len(begun)))
                if not begun:
                    return
                yield from begun.popleft().result()

    def _read(self, group: Sequence[Span]) -> list[Rows]:
        with self._engine.beside() as engine:
            low, high = group[0][0], group[-1][1]
            rows = rows_of(engine.table(_SQL, "states", self._statement, low=low, high=high))
        edges = np.searchsorted(rows.life, [*(first for first, _ in group), high], side="left")
        edges[-1] = len(rows.life)
        return [rows.part(slice(*edge)) for edge in pairwise(edges.tolist())]


class _Reader(ThreadPoolExecutor):
    """One thread that goes on with what it has when nobody waits."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def __exit__(self, *exc: object) -> None:
        self.shutdown(wait=False, cancel_futures=exc[0] is not None)
