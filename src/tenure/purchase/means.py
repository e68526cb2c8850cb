"""The mean number of orders alone, where the living are one negative binomial: quicker than the whole distribution.

The mean of `tails` is the sum over n >= 1 of stays(n - 1) P(NB >= n); by parts it is the sum of P(NB = n) times all
stays before n. But for the chance of no event it is a power series in q, whose coefficients are the same for all rows
with the same shape, a and b: those that lie together share them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled

__all__ = ["FOLLOWED", "means"]

Floats = npt.NDArray[np.float64]

FOLLOWED = 1e4
"""Means of the negative binomial up to which the sum is followed."""
SIDE = 256
VANISHED = 1e-17


@compiled
def means(share: Floats, shape: Floats, chance: Floats, a: Floats, b: Floats, out: Floats) -> None:
    """Fill `out` with `share`, the chance to be alive and have no event, times the series; the other arguments are
    those of `tails`, of rows whose chance of no event does not vanish and whose mean is at most FOLLOWED.
    """
    part, power, total = np.empty(SIDE), np.empty(SIDE), np.empty(SIDE)
    begin = 0
    while begin < len(out):
        s, stay, leave, top, end = shape[begin], b[begin], a[begin], 0.0, begin
        while end < len(out) and end < begin + SIDE and shape[end] == s and b[end] == stay and a[end] == leave:
            top = max(top, chance[end])
            end += 1
        many = end - begin
        for j in range(many):
            # nothing is ahead of who has no chance
            part[j], power[j], total[j] = chance[begin + j] / top if top > 0.0 else 0.0, 1.0, 0.0
        _summed(s, top, stay, leave + stay, part[:many], power[:many], total[:many])
        for j in range(many):
            out[begin + j] = share[begin + j] * total[j]
        begin = end


@compiled
def _summed(s: float, top: float, stay: float, both: float, part: Floats, power: Floats, total: Floats) -> None:
    """Add to `total` the sum over n >= 1 of term[n] part^n `power`, until it ends where `part` is 1: term[n] is G(s +
    n) / (G(s) n!) top^n times the sum of all stays before n. Four terms at a time, for which a row is read once.
    """
    bulk, vanished, none = s * top / (1.0 - top), VANISHED * (1.0 - top), 1.0
    n, mass, stays, often, so_far = 0.0, 1.0, 1.0, 0.0, 0.0
    term = np.empty(4)
    while none > vanished * so_far or n <= bulk:
        for k in range(4):
            over = 1.0 / ((both + n) * (n + 1.0))  # one division for two ratios
            often += stays
            stays *= (stay + n) * (n + 1.0) * over
            mass *= top * (s + n) * (both + n) * over
            term[k] = mass * often
            so_far += term[k]
            n += 1.0
        none = term[3]
        c1, c2, c3, c4 = term[0], term[1], term[2], term[3]
        for j in range(len(total)):
            t = part[j]
            total[j] += power[j] * t * (c1 + t * (c2 + t * (c3 + t * c4)))
            power[j] *= (t * t) * (t * t)
