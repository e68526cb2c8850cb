"""The mean number of orders alone, where the living are one negative binomial: quicker than the whole distribution.

The mean of `tails` is the sum over n >= 1 of stays(n - 1) P(NB >= n); by parts it is the sum of P(NB = n) times all
stays before n. Rows are taken side by side, so that the processor does several at a time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled

__all__ = ["FOLLOWED", "means"]

Floats = npt.NDArray[np.float64]

FOLLOWED = 1e4
"""Means of the negative binomial up to which the sum is followed."""
SIDE = 64
VANISHED = 1e-17


@compiled
def means(alive: Floats, shape: Floats, chance: Floats, a: Floats, b: Floats, out: Floats) -> None:
    """Fill `out` with `alive` times the mean; the arguments are those of `tails`, of rows whose chance of no event does
    not vanish and whose mean is at most FOLLOWED.
    """
    mass, stays, often, total = np.empty(SIDE), np.empty(SIDE), np.empty(SIDE), np.empty(SIDE)
    s, q, stay, all_ = np.empty(SIDE), np.empty(SIDE), np.empty(SIDE), np.empty(SIDE)
    for begin in range(0, len(out), SIDE):
        many = min(SIDE, len(out) - begin)
        bulk, n = 0.0, 0.0
        for j in range(SIDE):
            i = begin + min(j, many - 1)
            s[j], q[j], stay[j], all_[j] = shape[i], chance[i], b[i], a[i] + b[i]
            mass[j], stays[j], often[j], total[j] = np.exp(s[j] * np.log1p(-q[j])), 1.0, 0.0, 0.0
            bulk = max(bulk, s[j] * q[j] / (1.0 - q[j]))
        ended = False
        while not ended:
            for _ in range(4):
                for j in range(SIDE):
                    both = 1.0 / ((all_[j] + n) * (n + 1.0))  # one division for two ratios
                    often[j] += stays[j]
                    stays[j] *= (stay[j] + n) * (n + 1.0) * both
                    mass[j] *= q[j] * (s[j] + n) * (all_[j] + n) * both
                    total[j] += mass[j] * often[j]
                n += 1.0
            if n > bulk:
                more = 0.0
                for j in range(SIDE):
                    more = max(more, mass[j] * often[j] - VANISHED * total[j] * (1.0 - q[j]))
                ended = more <= 0.0
        for j in range(many):
            out[begin + j] = alive[begin + j] * total[j]
