"""The gamma functions of a likelihood, summed over customers by how often they bought, not customer by customer.

ln G(r + x) - ln G(r) is the sum of ln(r + j) over j < x, and a beta function's ratio the sum of -ln(1 + a / (b + j)):
summed by j over all who came at least so often, nothing is lost to cancellation however large r or b become.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["at_least", "rates", "stays"]

Floats = npt.NDArray[np.float64]


def at_least(x: Floats, weight: Floats) -> Floats:
    """[j]: customers with x >= j, for j from 0 to the largest x."""
    exactly = np.bincount(x.astype(np.intp), weights=weight, minlength=1)
    return np.asarray(exactly[::-1].cumsum()[::-1], dtype=np.float64)


def rates(more: Floats, r: float) -> tuple[float, float, float]:
    """ln G(r + x) - ln G(r) over all customers, its first and second derivative in ln r; more[j]: those with x > j."""
    j = np.arange(len(more), dtype=np.float64)
    share = r / (r + j)
    return float(more @ np.log(r + j)), float(more @ share), float(more @ (share * (1.0 - share)))


def stays(at: Floats, a: float, b: float) -> tuple[float, Floats, Floats]:
    """Minus the sum of ln(1 + a / (b + j)) over all customers, at[j] of whom decided j; gradient (2,) and Hessian
    (2, 2) in ln a and ln b.
    """
    j = np.arange(len(at), dtype=np.float64)
    stay, both = b + j, a + b + j
    leave_b = a * b / (stay * both)
    gradient = np.array([-(at @ (a / both)), at @ leave_b])
    across = float(at @ (a * b / both**2))
    curve = np.array([
        [-(at @ (a * stay / both**2)), across],
        [across, float(at @ (leave_b * (1.0 - b * (stay + both) / (stay * both))))],
    ])
    return -float(at @ np.log1p(a / stay)), gradient, curve
