"""One person's luck: numbers that are the same on every machine and with every release of NumPy.

Only the raw output of PCG64 is used, which NumPy promises never to change; it promises nothing of the kind for the
distributions of its Generator, so the few that people need are made here, by inversion.
"""

import math
from collections.abc import Sequence
from typing import Final

from numpy.random import PCG64, SeedSequence

__all__ = ["Dice"]

_BLOCK: Final = 64


class Dice:
    """The luck of person `number` in the shop of this `seed`; nobody else's draws change it."""

    __slots__ = ("_bits", "_ready")

    def __init__(self, seed: int, number: int) -> None:
        self._bits = PCG64(SeedSequence((seed, number)))
        self._ready: list[float] = []

    def random(self) -> float:
        """A number of [0, 1), evenly spread."""
        if not self._ready:
            # the upper 53 bits fill a float exactly
            self._ready = ((self._bits.random_raw(_BLOCK) >> 11) * 2.0**-53).tolist()
        return self._ready.pop()

    def chance(self, probability: float) -> bool:
        """True in that share of draws."""
        return self.random() < probability

    def between(self, low: float, high: float) -> float:
        """A number of [low, high), evenly spread."""
        return low + (high - low) * self.random()

    def mostly_halfway(self, low: float, high: float) -> float:
        """A number of [low, high) that falls in the middle most often, in a triangle."""
        return low + (high - low) * (self.random() + self.random()) / 2

    def exponential(self, mean: float) -> float:
        """A waiting time without memory."""
        return -mean * math.log1p(-self.random())

    def gamma(self, shape: int, mean: float) -> float:
        """A waiting time of `shape` equal steps without memory: the higher the shape, the more regular."""
        return sum(self.exponential(mean / shape) for _ in range(shape))

    def choose(self, things: Sequence[int]) -> int:
        """Any of them, all as likely."""
        return things[int(self.random() * len(things))]

    def choose_by_share(self, shares: Sequence[tuple[str, float]]) -> str:
        """A name, by its share; the shares add up to 1."""
        mark = self.random()
        for name, share in shares:
            if mark < share:
                return name
            mark -= share
        return shares[-1][0]
