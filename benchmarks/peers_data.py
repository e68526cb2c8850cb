"""Customers and orders to compare with: CDNOW as lifetimes ships it, or as many drawn ones as asked for.

2,357 are the published sample of CDNOW, 23,570 the whole cohort, both as they stood on 30 September 1997. Every other
number is drawn: customers of a BG/NBD as old as those of CDNOW and much like them, so that many of them are alike, and
their spends of a Gamma-Gamma; the orders are those of orders.py. The same number gives the same customers.

    python benchmarks/peers_data.py 1000000 --out FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

VERSION = 1
"""Goes into the name of the cached folder; raise it when the people change."""
SEED = 20240101
DAYS = 7.0  # a week, in which lifetimes' own examples count
CDNOW = {2_357: ("CDNOW_sample.txt", 1), 23_570: ("CDNOW_master.txt", 0)}
"""File and column of the customer's number; the day follows it, and the amount is last."""
CALIBRATED = np.datetime64("1997-09-30")

RATE = (0.2426, 4.4136)  # r, alpha in weeks: the published fit to the sample, as the next two
LEAVING = (0.7929, 2.4259)  # a, b
SPENDING = (6.25, 3.74, 15.44)  # p, q, gamma
AGES = (189, 273)  # days: 27 to 39 weeks

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[np.generic]]


def made(customers: int, datasets: Path) -> Columns:
    """x, t_x, age (weeks) of customers; bought, spent of those who came again: on how many days, how much on average;
    customer, day (since 1970), amount of orders.
    """
    if customers in CDNOW:
        file, place = CDNOW[customers]
        customer, day, amount = _read(datasets / file, place)
        summary = _summary(customer, day, amount, int(CALIBRATED.astype("datetime64[D]").astype(int)))
    else:
        rng = np.random.Generator(np.random.PCG64(SEED))
        summary = _drawn(customers, rng)
        customer, day, amount = _orders(customers)
    return {**summary, "customer": customer, "day": day, "amount": amount}


def _read(path: Path, place: int) -> tuple[Ints, Ints, Floats]:
    """Customer, day and amount of each order of a text file of CDNOW."""
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    rows = [row for row in rows if row and row[0].isdigit()]
    dates = [row[place + 1] for row in rows]
    day = np.array([f"{one[:4]}-{one[4:6]}-{one[6:]}" for one in dates], "datetime64[D]").astype(np.int64)
    return np.array([int(row[place]) for row in rows]), day, np.array([float(row[-1]) for row in rows])


def _summary(customer: Ints, day: Ints, amount: Floats, now: int) -> Columns:
    """Orders until day `now`, those of one day as one."""
    known = day <= now
    pairs, which = np.unique(np.column_stack([customer[known], day[known]]), axis=0, return_inverse=True)
    spent = np.bincount(which.ravel(), weights=amount[known])
    begin = np.flatnonzero(np.r_[True, np.diff(pairs[:, 0]) != 0])
    end = np.r_[begin[1:], len(pairs)]
    first, last, x = pairs[begin, 1], pairs[end - 1, 1], end - begin - 1
    again = (np.add.reduceat(spent, begin) - spent[begin]) / np.maximum(x, 1)
    paid = (x > 0) & (again > 0)
    return _columns(x, last - first, now - first, x[paid], again[paid])


def _drawn(n: int, rng: np.random.Generator) -> Columns:
    """Customers who came on these days; a second order of a day is none."""
    age = rng.integers(AGES[0], AGES[1] + 1, n)
    rate = np.maximum(rng.gamma(RATE[0], 1.0 / (RATE[1] * DAYS), n), 1e-300)
    leaves = rng.beta(*LEAVING, n)
    x, last, at = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
    there = np.arange(n)
    while len(there):
        at[there] += rng.standard_exponential(len(there)) / rate[there]
        there = there[at[there] < age[there] + 1]
        day = np.floor(at[there]).astype(np.int64)
        x[there] += day > last[there]
        last[there] = day
        there = there[rng.random(len(there)) >= leaves[there]]
    p, q, gamma = SPENDING
    bought = x[x > 0]
    spent = rng.gamma(p * bought) / (bought * rng.gamma(q, 1.0 / gamma, len(bought)))
    return _columns(x, last, age, bought, spent)


def _columns(x: Ints, t_x: Ints, age: Ints, bought: Ints, spent: Floats) -> Columns:
    floats = {"x": x, "t_x": t_x / DAYS, "age": age / DAYS, "bought": bought, "spent": spent}
    return {name: np.asarray(column, np.float64) for name, column in floats.items()}


def _orders(customers: int) -> tuple[Ints, Ints, Floats]:
    """In order of time, as a shop exports them."""
    from orders import pieces

    tables = list(pieces(customers))
    customer, at, amount = (
        np.concatenate([table[name].to_numpy() for table in tables]) for name in ("customer_id", "at", "amount")
    )
    order = np.lexsort((amount, customer, at))
    return customer[order], at[order].astype("datetime64[D]").astype(np.int64), amount[order]


def main() -> None:
    """Write one file a column into a new folder; it appears whole or not at all."""
    parser = argparse.ArgumentParser(description="make customers and orders to compare with")
    parser.add_argument("customers", type=int)
    parser.add_argument("--datasets", type=Path, default=Path(), help="folder of lifetimes' text files, for CDNOW")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    unfinished = given.out.with_suffix(".unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    for name, column in made(given.customers, given.datasets).items():
        np.save(unfinished / f"{name}.npy", column)
    unfinished.replace(given.out)


if __name__ == "__main__":
    main()
