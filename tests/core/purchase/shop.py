"""A generated shop that behaves as MBG/NBD says, for tests that need people whose parameters are known."""

from typing import NamedTuple

import numpy as np


class Shop(NamedTuple):
    """One entry per customer: repeats, first to last, first to now, and whether they buy within `ahead` from now."""

    x: np.ndarray
    tx: np.ndarray
    age: np.ndarray
    buys: np.ndarray


def shop(customers, r, alpha, a, b, ahead=90.0, span=600.0, seed=11):
    """Customers who first bought up to `span` days ago; rates are gamma(r, alpha), chances to leave beta(a, b)."""
    random = np.random.default_rng(seed)
    rate, leaves = random.gamma(r, 1.0 / alpha, customers), random.beta(a, b, customers)
    age = np.ceil(random.uniform(0.0, span, customers))
    x, tx, at = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    buys, alive = np.zeros(customers, bool), np.ones(customers, bool)
    while alive.any():
        alive &= random.random(customers) >= leaves
        at = at + random.exponential(1.0, customers) / np.maximum(rate, 1e-12)
        before = alive & (at <= age)
        x[before] += 1
        tx[before] = at[before]
        buys |= alive & (at > age) & (at <= age + ahead)
        alive = before
    return Shop(x, tx, age, buys)
