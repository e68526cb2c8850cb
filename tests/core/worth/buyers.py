"""Shops of people whose story is known, as orders: MBG/NBD on whole days, spends around a mean of their own."""

from typing import NamedTuple

import numpy as np


class Orders(NamedTuple):
    """One entry an order: customer (from 0), day (since 1970-01-01), amount in minor units; customers: how many."""

    customer: np.ndarray
    day: np.ndarray
    amount: np.ndarray
    customers: int


def orders(customers=300, days=500, r=0.8, alpha=30.0, a=0.6, b=2.0, seed=3, first=20_000):
    """First orders spread over three fifths of the days; nothing after the last day."""
    random = np.random.default_rng(seed)
    rate, leaves = random.gamma(r, 1.0 / alpha, customers), random.beta(a, b, customers)
    typical = np.exp(random.normal(8.0, 0.7, customers))
    at = np.floor(random.uniform(0.0, 0.6 * days, customers))
    who, when = [np.arange(customers)], [at]
    alive = np.ones(customers, bool)
    while alive.any():
        alive &= random.random(customers) >= leaves
        at = at + np.maximum(1.0, np.ceil(random.exponential(1.0, customers) / np.maximum(rate, 1e-12)))
        alive &= at < days
        who.append(np.flatnonzero(alive))
        when.append(at[alive])
    customer = np.concatenate(who)
    amount = np.round(typical[customer] * np.exp(random.normal(0.0, 0.4, len(customer))))
    return Orders(customer, first + np.concatenate(when).astype(np.int64), amount, customers)


def written(path, made, *, currency=None):
    """The orders as a CSV file that `tenure` reads."""
    named = np.datetime64("1970-01-01") + made.day
    head = "customer_id,order_date,amount" + (",currency" if currency else "")
    more = f",{currency}" if currency else ""
    rows = [
        f"c{customer:05d},{day},{amount / 100:.2f}{more}"
        for customer, day, amount in zip(made.customer, named, made.amount, strict=True)
    ]
    path.write_text("\n".join([head, *rows]) + "\n")
    return path
