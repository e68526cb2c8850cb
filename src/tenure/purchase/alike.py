"""Equal customers found: their columns numbered by hashing, so that a million rows cost what reading them costs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled

__all__ = ["alike"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

BITS: Final = 12  # of the size of a table that has seen nothing yet
DENSE: Final = 4  # numbers below so many times their count are looked up, not hashed
MOST: Final = 2**62
_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads numbers alike in most bits


def alike(x: Floats, t_x: Floats, age: Floats, kind: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """(first, row, weight): the first customer of each distinct row, everybody's row, and what each row weighs.

    No column is negative. The rows are sorted by x, t_x, age and kind, so they are the same in whatever order the
    customers come.
    """
    key, span = np.zeros(len(x), np.int64), 1
    for column in (x, t_x, age, kind):
        code, distinct = _coded(_bits(column))
        if span * len(distinct) >= MOST:
            key, span = _ranked(key)
        if len(distinct) > 1:
            _joined(key, code, _places(distinct))
            span *= len(distinct)
    row, rows = _looked_up(key, span) if span <= DENSE * len(key) else _ranked(key)
    return _gathered(row, rows, _plain(weight))


def _bits(column: npt.NDArray[Any]) -> Ints:
    """Whole numbers in the order of these, which are not negative."""
    return _plain(column).view(np.int64)


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As the compiled functions want it: every other layout would be compiled on its own."""
    return np.require(column, requirements=["C", "W"])


def _ranked(number: Ints) -> tuple[Ints, int]:
    """Everybody's place among the distinct numbers, and how many these are."""
    code, distinct = _coded(number)
    return _places(distinct)[code], len(distinct)


def _places(number: Ints) -> Ints:
    """Each one's place in their order."""
    place = np.empty(len(number), np.int64)
    place[np.argsort(number)] = np.arange(len(number))
    return place


@compiled
def _joined(key: Ints, code: Codes, rank: Ints) -> None:
    """`key` with one more column behind: of code `c`, `rank[c]`."""
    for i in range(len(key)):
        key[i] = key[i] * len(rank) + rank[code[i]]


@compiled
def _coded(number: Ints) -> tuple[Codes, Ints]:
    """(code, distinct): the distinct numbers as they come, and which of them is whose."""
    code, seen = np.empty(len(number), np.int32), np.empty(1 << BITS - 2, np.int64)
    bits, begin, found = BITS, 0, 0
    while True:
        slots = np.full(1 << bits, -1, np.int32)
        _filled(seen[:found].copy(), 0, np.empty(found, np.int32), slots, bits, seen, 0)
        begin, found = _filled(number, begin, code, slots, bits, seen, found)
        if begin == len(number):
            return code, seen[:found].copy()
        bits += 2
        more = np.empty(1 << bits - 2, np.int64)
        more[:found] = seen
        seen = more


@compiled
def _filled(
    number: Ints, begin: int, code: Codes, slots: Codes, bits: int, seen: Ints, found: int
) -> tuple[int, int]:
    """Code the numbers from `begin` on until `seen`, a quarter of the slots, is full; gives where it stopped and how
    many are seen. On its own, because a loop in which arrays are replaced is eight times slower.
    """
    last, shift = np.uint64(len(slots) - 1), np.uint64(64 - bits)
    for i in range(begin, len(number)):
        one = max(number[i], 0)  # minus zero is zero
        at = np.uint64(one) * _MIXER >> shift
        here = slots[at]
        while here >= 0 and seen[here] != one:
            at = (at + np.uint64(1)) & last
            here = slots[at]
        if here < 0:
            if found == len(seen):
                return i, found
            here = np.int32(found)
            slots[at], seen[here] = here, one
            found += 1
        code[i] = here
    return len(number), found


@compiled
def _looked_up(key: Ints, span: int) -> tuple[Ints, int]:
    """As `_ranked`, of numbers from 0 to `span` - 1."""
    rank = np.zeros(span, np.int32)
    for i in range(len(key)):
        rank[key[i]] = 1
    found = 0
    for number in range(span):
        if rank[number]:
            rank[number] = found
            found += 1
    row = np.empty(len(key), np.int64)
    for i in range(len(key)):
        row[i] = rank[key[i]]
    return row, found


@compiled
def _gathered(row: Ints, rows: int, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """The first customer of each row, everybody's row, and what each row weighs."""
    first, total = np.full(rows, -1, np.int64), np.zeros(rows)
    for i in range(len(row)):
        if first[row[i]] < 0:
            first[row[i]] = i
        total[row[i]] += weight[i]
    return first, row, total
