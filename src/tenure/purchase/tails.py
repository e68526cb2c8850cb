"""How many orders within a horizon: the whole distribution, by recursion, without special functions.

Orders come as a gamma mixture of Poisson processes: their number within t is negative binomial, its mass at n + 1 that
at n times q (s + n) / (n + 1), with q = t / (A + t), s the shape and A the rate of the mixture. Whoever may leave at
each order stays beyond n of them with a chance whose mean under a beta distribution is a running product. So
P(N >= n) = P(alive) x P(stayed at n - 1 orders) x P(negative binomial >= n), exactly, and the mean is the sum of these.
Fader, Hardie, Lee, "Counting your customers the easy way", Marketing Science 24 (2005) has the mean in closed form by
2F1, which this equals; so do regular buyers (orders are every k-th event) and those who may leave at any time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenure.purchase.compiling import compiled

__all__ = ["tails"]

Floats = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-13
VANISHED = 1e-17
MOST = 4_000_000  # orders that are followed: a horizon of centuries for who buys every minute


@compiled
def tails(
    share: Floats, alive: Floats, shape: Floats, chance: Floats, need: Floats, k: int, a: Floats, b: Floats,
    low_level: float, high_level: float, out: Floats,
) -> None:  # fmt: skip
    """Fill `out` (rows, 5) with P(N >= 1), E N, E N^2 and the quantiles at the two levels.

    Of each row, parts in columns (rows, parts), a mixture with weights `share`: `alive` chance to be still there; the
    events are negative binomial with `shape` and `chance` q; the n-th order is event `need` + k (n - 1); a, b: of the
    beta distribution of the chance to leave at each order, a = 0 for nobody leaves.
    """
    rows, parts = share.shape
    mass = np.empty(parts)
    above = np.empty(parts)
    stays = np.empty(parts)
    event = np.empty(parts)
    bulk = np.empty(parts)
    for i in range(rows):
        for j in range(parts):
            event[j], mass[j] = _beginning(shape[i, j], chance[i, j])
            above[j], stays[j] = 1.0, 1.0
            bulk[j] = shape[i, j] * chance[i, j] / (1.0 - chance[i, j])
        first = mean_n = square = 0.0
        low = high = -1.0
        n = 0
        while n < MOST:
            n += 1
            at_least = 0.0
            for j in range(parts):
                wanted = need[i, j] + k * (n - 1.0)
                while event[j] < wanted and above[j] > 0.0:
                    above[j] -= mass[j]
                    mass[j] *= chance[i, j] * (shape[i, j] + event[j]) / (event[j] + 1.0)
                    event[j] += 1.0
                    # past the bulk, what rounding has left of `above` is not a tail
                    if above[j] < 0.0 or (event[j] > bulk[j] and mass[j] < VANISHED * (1.0 - chance[i, j])):
                        above[j] = 0.0
                at_least += share[i, j] * alive[i, j] * stays[j] * above[j]
                if a[i, j] > 0.0:
                    stays[j] *= (b[i, j] + n - 1.0) / (a[i, j] + b[i, j] + n - 1.0)
            if n == 1:
                first = at_least
            mean_n += at_least
            square += (2.0 * n - 1.0) * at_least
            # the quantile is the least number whose chance not to be exceeded reaches the level
            if low < 0.0 and 1.0 - at_least >= low_level:
                low = n - 1.0
            if high < 0.0 and 1.0 - at_least >= high_level:
                high = n - 1.0
            if at_least * n < NEGLIGIBLE * (mean_n + 1e-3) and high >= 0.0:
                break
        out[i, 0], out[i, 1], out[i, 2] = first, mean_n, square
        out[i, 3], out[i, 4] = low if low >= 0.0 else n, high if high >= 0.0 else n


@compiled
def _beginning(shape: float, chance: float) -> tuple[float, float]:
    """The number from which a negative binomial is followed, and its mass there."""
    none = shape * np.log1p(-chance)
    if none > -600.0:
        return 0.0, np.exp(none)
    # so many that the first terms would vanish: begin where the distribution does
    mean = shape * chance / (1.0 - chance)
    begin = max(0.0, np.floor(mean - 12.0 * np.sqrt(mean / (1.0 - chance))))
    logs = _log_gamma(shape + begin) - _log_gamma(shape) - _log_gamma(begin + 1.0)
    return begin, np.exp(logs + none + begin * np.log(chance))


@compiled
def _log_gamma(z: float) -> float:
    """ln Gamma(z) for z > 0: the asymptotic series after a shift (Abramowitz, Stegun 6.1.41), good to 1e-14."""
    shift = 0.0
    while z < 12.0:
        shift += np.log(z)
        z += 1.0
    w = 1.0 / (z * z)
    series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * 691 / 360360))))) / z
    found: float = (z - 0.5) * np.log(z) - z + 0.9189385332046727 + series - shift
    return found
