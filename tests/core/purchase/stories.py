"""The stories the purchase models tell, as people who live them: nothing here asks the engine.

A truth is the parameters of a model in their order, in weeks; of regular buyers k comes first.
"""

from typing import NamedTuple

import numpy as np

TRUTHS = {
    "bg_nbd": (0.5, 6.0, 0.6, 2.2),
    "mbg_nbd": (0.8, 7.0, 0.7, 1.6),
    "pareto_nbd": (0.8, 7.0, 0.6, 9.0),
    "mbg_cnbd_k": (3, 1.4, 2.5, 0.5, 1.2),
}


class Lives(NamedTuple):
    """One entry per customer: repeats, first to last, first to now; log_gaps: of all gaps together."""

    x: np.ndarray
    t_x: np.ndarray
    age: np.ndarray
    log_gaps: float


def people(name, truth, customers, seed, moved=0.0, ages=(10.0, 60.0)):
    """Customers who live as the model says; `moved`: what covariates add to the logarithms of the parameters, a row
    for each parameter.
    """
    random = np.random.default_rng(seed)
    age = random.uniform(*ages, customers)
    k = truth[0] if name == "mbg_cnbd_k" else 1
    theta = np.exp(np.log(truth[-4:])[:, None] + moved) * np.ones(customers)
    rate = np.maximum(random.gamma(theta[0]) / theta[1], 1e-12)
    if name == "pareto_nbd":
        until, leaves = random.exponential(theta[3] / np.maximum(random.gamma(theta[2]), 1e-300)), np.zeros(customers)
    else:
        until, leaves = np.full(customers, np.inf), random.beta(theta[2], theta[3])
    x, t_x, log_gaps = np.zeros(customers), np.zeros(customers), 0.0
    here = np.arange(customers)
    if name in ("mbg_nbd", "mbg_cnbd_k"):  # the first purchase may be the last
        here = here[random.random(customers) >= leaves]
    while len(here):
        gap = random.gamma(k, size=len(here)) / rate[here]
        bought = t_x[here] + gap <= np.minimum(age, until)[here]
        here, gap = here[bought], gap[bought]
        x[here] += 1
        t_x[here] += gap
        log_gaps += np.log(gap).sum()
        here = here[random.random(len(here)) >= leaves[here]]
    return Lives(x, t_x, age, float(log_gaps))


class Guess(NamedTuple):
    """People as they may be, weighed by how well they explain one customer; orders: theirs ahead, 0 if they left."""

    weight: np.ndarray
    alive: np.ndarray
    orders: np.ndarray

    def mean(self, values):
        """Weighted mean, and the standard error of it."""
        share = self.weight / self.weight.sum()
        middle = share @ values
        return middle, np.sqrt(share**2 @ (values - middle) ** 2)


def guesses(name, truth, customer, horizon, draws, seed):
    """Draws of people from the population, each weighed with the chance that they do what the customer did."""
    random, (x, t_x, age) = np.random.default_rng(seed), customer
    k = truth[0] if name == "mbg_cnbd_k" else 1
    r, alpha, c, d = truth[-4:]
    rate = random.gamma(r, 1.0 / alpha, draws)
    bought = k * x * np.log(rate) - rate * t_x
    if name == "pareto_nbd":
        leaving = random.gamma(c, 1.0 / d, draws)
        both = rate + leaving
        here = bought - rate * (age - t_x) - leaving * age
        gone = bought - leaving * t_x + np.log(leaving / both) + np.log(-np.expm1(-both * (age - t_x)))
        stays = np.minimum(horizon, random.exponential(1.0 / leaving))
        orders = random.poisson(rate * stays)
    else:
        leaves = random.beta(c, d, draws)
        stayed = x if name == "bg_nbd" else x + 1
        events = random.poisson(rate * (age - t_x))  # since the last purchase: fewer than make one
        here = bought + stayed * np.log1p(-leaves) + np.where(events < k, 0.0, -np.inf)
        gone = bought + (stayed - 1) * np.log1p(-leaves) + np.log(leaves)
        if stayed == 0:
            gone = np.full(draws, -np.inf)
        purchases = (events + random.poisson(rate * horizon)) // k
        orders = np.minimum(purchases, random.geometric(np.maximum(leaves, 1e-12)))
    logs = np.concatenate([here, gone])
    alive = np.repeat([1.0, 0.0], draws)
    return Guess(np.exp(logs - logs.max()), alive, np.concatenate([orders, np.zeros(draws)]))
