"""Equal customers found: four columns, hashed, so that a million rows cost what reading them costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled

__all__ = ["alike"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


def alike(x: Floats, t_x: Floats, age: Floats, kind: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """(first, row, weight): the first customer of each distinct row, everybody's row, and what each row weighs.

    The rows are sorted by x, t_x, age and kind, so they are the same in whatever order the customers come.
    """
    a, b, c = ((column + 0.0).view(np.uint64) for column in (x, t_x, age))  # minus zero is zero
    first, row, weights = _hashed(a, b, c, kind, weight)
    order = np.lexsort((kind[first], age[first], t_x[first], x[first]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return first[order], place[row], weights[order]


@compiled
def _mixed(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> np.uint64:
    """Numbers of few digits are alike in most of their bits: multiplied and folded they are not (splitmix64)."""
    h = a * np.uint64(0x9E3779B97F4A7C15) ^ b * np.uint64(0xBF58476D1CE4E5B9)
    h ^= c * np.uint64(0x94D049BB133111EB) ^ d * np.uint64(0xD6E8FEB86659FD93)
    h ^= h >> np.uint64(32)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(29)
    return h


@compiled
def _longer(numbers: Ints) -> Ints:
    more = np.empty(2 * len(numbers), numbers.dtype)
    more[: len(numbers)] = numbers
    return more


@compiled
def _hashed(x: Bits, t_x: Bits, age: Bits, kind: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    n = len(x)
    size = 1 << 12
    slots = np.full(size, -1, np.int32)
    first = np.empty(1 << 11, np.int64)
    keys = np.empty((1 << 11, 4), np.uint64)
    total = np.empty(1 << 11, np.float64)
    row = np.empty(n, np.int64)
    found = 0
    for i in range(n):
        a, b, c, d = x[i], t_x[i], age[i], np.uint64(kind[i])
        at = _mixed(a, b, c, d) & np.uint64(size - 1)
        while True:
            here = slots[at]
            if here < 0:
                break
            if keys[here, 1] == b and keys[here, 2] == c and keys[here, 0] == a and keys[here, 3] == d:
                break
            at = (at + np.uint64(1)) & np.uint64(size - 1)
        if here >= 0:
            total[here] += weight[i]
            row[i] = here
            continue
        if 2 * (found + 1) > size:
            size *= 2
            slots = np.full(size, -1, np.int32)
            for old in range(found):
                at = _mixed(keys[old, 0], keys[old, 1], keys[old, 2], keys[old, 3]) & np.uint64(size - 1)
                while slots[at] >= 0:
                    at = (at + np.uint64(1)) & np.uint64(size - 1)
                slots[at] = old
            first = _longer(first)
            wider = np.empty((2 * len(keys), 4), np.uint64)
            wider[: len(keys)] = keys
            keys = wider
            heavier = np.empty(2 * len(total), np.float64)
            heavier[: len(total)] = total
            total = heavier
            at = _mixed(a, b, c, d) & np.uint64(size - 1)
            while slots[at] >= 0:
                at = (at + np.uint64(1)) & np.uint64(size - 1)
        slots[at] = found
        keys[found, 0], keys[found, 1], keys[found, 2], keys[found, 3] = a, b, c, d
        first[found], total[found], row[i] = i, weight[i], found
        found += 1
    return first[:found].copy(), row, total[:found].copy()
