"""The only place that reads a clock. Whoever needs the time is handed it: `now` is a parameter everywhere else."""

from __future__ import annotations

import os
import time
from typing import Final

from tenure.periods import parse_instant

__all__ = ["PINNED_BY", "now", "pinned", "running"]

PINNED_BY: Final = "TENURE_PINNED_CLOCK"
"""A setting that nobody else reads: an instant at which the product's clock stands still, as 2018-01-01T05:00Z."""


def now() -> int:
    """Microseconds UTC; the pinned instant where the clock is pinned. BadTime if that cannot be read."""
    stands = pinned()
    return time.time_ns() // 1000 if stands is None else stands


def pinned() -> int | None:
    """The instant at which the clock stands still, None where it runs."""
    said = os.environ.get(PINNED_BY, "").strip()
    return parse_instant(said, "UTC") if said else None


def running() -> int:
    """Microseconds UTC of a clock that is never pinned.

    For what has to pass in the world and not in the shop's story: whoever is kept from guessing passwords for a quarter
    of an hour would be kept out for ever by a clock that stands still.
    """
    return time.time_ns() // 1000
