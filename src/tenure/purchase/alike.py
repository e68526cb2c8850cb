"""Equal customers found: their columns numbered by hashing, so that a million rows cost what reading them costs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled

__all__ = ["alike"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]
Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int32]

BITS: Final = 12  # of the size of a table that has seen nothing yet
DENSE: Final = 4  # numbers below so many times their count are looked up, not hashed
MOST: Final = 2**62
_MIXER: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads numbers alike in most bits
_MINUS_ZERO: Final = np.int64(-(2**63))  # its bits, which no other number has: they stand for an empty slot


def alike(
    x: Floats, t_x: Floats, age: Floats, kind: Ints | None, weight: Floats | None
) -> tuple[Ints, Ints, Floats]:
    """(first, row, weight): the first customer of each distinct row, everybody's row, and what each row weighs.

    Where no column holds a negative number the rows are sorted by x, t_x, age and kind, so they are the same in
    whatever order the customers come. No kind: all are of one; no weight: everybody weighs 1.
    """
    # memory that is new costs more than what is done with it, so all columns share what numpy got
    key, code, span = np.zeros(len(x), np.uint64), np.empty(len(x), np.uint32), 1
    for column in (x, t_x, age) if kind is None else (x, t_x, age, kind):
        distinct = _coded(_bits(column), code)
        if span * len(distinct) >= MOST:
            span = _ranked(key, np.empty_like(code))
        if len(distinct) > 1:
            _joined(key, span, code, _places(distinct))
            span *= len(distinct)
    if span > DENSE * len(key):
        span = _ranked(key, code)
    place = np.full(span, -1, np.int32)
    first = _firsts(key, place)
    total = _gathered(key, place, len(first), None if weight is None else _plain(weight))
    return first, key.view(np.int64), total


def _bits(column: npt.NDArray[Any]) -> Ints:
    """Whole numbers in the order of these, as far as they are not negative."""
    return _plain(column).view(np.int64)


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As the compiled functions want it: every other layout would be compiled on its own."""
    return np.require(column, requirements=["C", "W"])


def _ranked(key: Keys, code: Codes) -> int:
    """Make each key its place among the distinct ones, and say how many these are; `code` is written over."""
    distinct = _coded(key.view(np.int64), code)
    key[:] = _places(distinct)[code]
    return len(distinct)


def _places(number: Ints) -> Keys:
    """Each one's place in their order."""
    place = np.empty(len(number), np.uint64)
    place[np.argsort(number)] = np.arange(len(number), dtype=np.uint64)
    return place


@compiled
def _joined(key: Keys, span: int, code: Codes, rank: Keys) -> None:
    """`key`, numbers below `span`, with one more column behind: of code `c`, `rank[c]`."""
    many = np.uint64(len(rank))
    if span == 1:
        for i in range(len(key)):
            key[i] = rank[code[i]]
    else:
        for i in range(len(key)):
            key[i] = key[i] * many + rank[code[i]]


@compiled
def _coded(number: Ints, code: Codes) -> Ints:
    """The distinct numbers as they come; fills in `code`, which of them is whose."""
    seen, bits, begin, found = np.empty(1 << BITS - 2, np.int64), BITS, 0, 0
    while True:
        slots, codes = np.full(1 << bits, _MINUS_ZERO, np.int64), np.empty(1 << bits, np.uint32)
        _filled(seen[:found].copy(), 0, np.empty(found, np.uint32), slots, codes, bits, seen, 0)
        begin, found = _filled(number, begin, code, slots, codes, bits, seen, found)
        if begin == len(number):
            return seen[:found].copy()
        bits += 2
        more = np.empty(1 << bits - 2, np.int64)
        more[:found] = seen
        seen = more


@compiled
def _filled(
    number: Ints, begin: int, code: Codes, slots: Ints, codes: Codes, bits: int, seen: Ints, found: int
) -> tuple[int, int]:
    """Code the numbers from `begin` on until `seen`, a quarter of the slots, is full; gives where it stopped and how
    many are seen. On its own, because a loop in which arrays are replaced is eight times slower.
    """
    last, shift = np.uint64(len(slots) - 1), np.uint64(64 - bits)
    for i in range(begin, len(number)):
        one = number[i]
        if one == _MINUS_ZERO:
            one = 0
        at = np.uint64(one) * _MIXER >> shift
        while slots[at] != one and slots[at] != _MINUS_ZERO:
            at = (at + np.uint64(1)) & last
        if slots[at] == _MINUS_ZERO:
            if found == len(seen):
                return i, found
            slots[at], codes[at], seen[found] = one, found, one
            found += 1
        code[i] = codes[at]
    return len(number), found


@compiled
def _firsts(key: Keys, place: Places) -> Ints:
    """Whose is the first of each key, in the order of the keys; fills in the place of each key in that order."""
    for i in range(len(key) - 1, -1, -1):
        place[key[i]] = i
    found = 0
    for one in range(len(place)):
        found += place[one] >= 0
    first = np.empty(found, np.int64)
    found = 0
    for one in range(len(place)):
        if place[one] >= 0:
            first[found] = place[one]
            place[one] = found
            found += 1
    return first


@compiled
def _gathered(key: Keys, place: Places, rows: int, weight: Floats | None) -> Floats:
    """What each row weighs; makes each key the place of its row."""
    total = np.zeros(rows)
    for i in range(len(key)):
        row = np.uint64(place[key[i]])
        key[i] = row
        total[row] += 1.0 if weight is None else weight[i]
    return total
