"""Whether two sides found the same, judged by neither: log-likelihoods as the papers print them, in scipy alone.

    python benchmarks/peers_judge.py bg_nbd FOLDER '{"tenure": [0.24, 4.41, 0.79, 2.43]}'
    python benchmarks/peers_judge.py predict one.npz other.npz
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, hyp2f1

Floats = npt.NDArray[np.float64]


def bg_nbd(parameters: list[float], x: Floats, t_x: Floats, age: Floats) -> float:
    """Fader, Hardie, Lee, "Counting your customers the easy way", Marketing Science 24 (2005), equation (6)."""
    r, alpha, a, b = parameters
    buys = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(x > 0, betaln(a + 1.0, b + x - 1.0) - betaln(a, b) - (r + x) * np.log(alpha + t_x), -np.inf)
    return float((buys + np.logaddexp(stays, left)).sum())


def pareto_nbd(parameters: list[float], x: Floats, t_x: Floats, age: Floats) -> float:
    """Fader, Hardie, "A note on deriving the Pareto/NBD model and related expressions" (2005), with its 2F1."""
    r, alpha, s, beta = parameters
    low, high, other = (beta, alpha, s + 1.0) if alpha >= beta else (alpha, beta, r + x)
    n = r + s + x

    def tail(t: Floats) -> Floats:
        return np.asarray(np.log(hyp2f1(n, other, n + 1.0, (high - low) / (high + t))) - n * np.log(high + t))

    with np.errstate(divide="ignore"):
        left = np.log(s / n) + tail(t_x) + np.log(-np.expm1(np.minimum(tail(age) - tail(t_x), 0.0)))
    stays = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    buys = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float((buys + np.logaddexp(stays, left)).sum())


def gamma_gamma(parameters: list[float], bought: Floats, spent: Floats) -> float:
    """Fader, Hardie, "The Gamma-Gamma model of monetary value", note 025 (2013), equation (1a)."""
    p, q, gamma = parameters
    px = p * bought
    return float((
        gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(gamma)
        + (px - 1.0) * np.log(spent) + px * np.log(bought) - (px + q) * np.log(gamma + bought * spent)
    ).sum())  # fmt: skip


FITS = {
    "bg_nbd": (bg_nbd, ("x", "t_x", "age")),
    "pareto_nbd": (pareto_nbd, ("x", "t_x", "age")),
    "gamma_gamma": (gamma_gamma, ("bought", "spent")),
}


def predict(one: dict[str, Floats], other: dict[str, Floats]) -> float:
    """The largest difference between two predictions, as a share of the larger; of a number that is 0 in both, 0."""
    largest = 0.0
    for name in ("expected", "alive"):
        a, b = one[name], other[name]
        if a.shape != b.shape or not (np.isfinite(a) & np.isfinite(b)).all():
            return float("inf")
        scale = np.maximum(np.abs(a), np.abs(b))
        largest = max(largest, float((np.abs(a - b) / np.where(scale > 0, scale, 1.0)).max(initial=0.0)))
    return largest


def summary(one: dict[str, Floats], other: dict[str, Floats]) -> int:
    """How many customers differ; all of them, if these are not the same ones. Means may differ by rounding."""
    if not np.array_equal(one["customer"], other["customer"]):
        return max(len(one["customer"]), len(other["customer"]))
    same = np.ones(len(one["customer"]), bool)
    for name in ("x", "t_x", "age"):
        same &= one[name] == other[name]
    same &= (one["x"] == 0) | np.isclose(one["spent"], other["spent"], rtol=1e-9, atol=0.0)
    return int((~same).sum())


def main() -> None:
    """Print the verdict as a line of JSON."""
    parser = argparse.ArgumentParser(description="judge what two sides found")
    parser.add_argument("task", choices=[*FITS, "predict", "summary"])
    parser.add_argument("first", type=Path, help="the customers of a fit, or what one side found")
    parser.add_argument("second", help="parameters by side as JSON, or what the other side found")
    given = parser.parse_args()
    if given.task in FITS:
        likelihood, names = FITS[given.task]
        columns = [np.load(given.first / f"{name}.npy") for name in names]
        sides = json.loads(given.second)
        print(json.dumps({side: likelihood(parameters, *columns) for side, parameters in sides.items()}))
    else:
        one, other = (dict(np.load(path)) for path in (given.first, given.second))
        print(json.dumps(predict(one, other) if given.task == "predict" else summary(one, other)))


if __name__ == "__main__":
    main()
