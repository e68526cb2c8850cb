"""Known fits of the CDNOW sample to 1997-09-30, from the data folder and from the text file inside a package."""

import importlib.util
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tenure.purchase.mbg_nbd import fit

UNTIL = date(1997, 9, 30)


def summary(orders):
    """x, tx, age in days of (customer, date) pairs up to UNTIL; orders of one day are one."""
    days = defaultdict(set)
    for customer, day in orders:
        if day <= UNTIL:
            days[customer].add(day)
    rows = [(len(own) - 1, (max(own) - min(own)).days, (UNTIL - min(own)).days) for own in days.values()]
    return np.array(rows, float).T


@pytest.fixture(params=["data folder", "package"])
def cdnow(request, real_data):
    if request.param == "data folder":
        table = pq.read_table(real_data("cdnow_sample.parquet"), columns=["customer_id", "order_date"]).to_pydict()
        return summary((c, at.date()) for c, at in zip(table["customer_id"], table["order_date"], strict=True))
    found = importlib.util.find_spec("lifetimes")
    if found is None or found.origin is None:
        pytest.skip("lifetimes is not installed: its CDNOW_sample.txt not read")
    lines = (Path(found.origin).parent / "datasets" / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines()
    fields = (line.split() for line in lines if line.strip())
    return summary((field[1], date.fromisoformat(f"{field[2][:4]}-{field[2][4:6]}-{field[2][6:]}")) for field in fields)


def test_in_weeks_without_a_prior_it_is_the_known_fit(cdnow):
    x, tx, age = cdnow
    found = fit(x, tx / 7, age / 7, prior=False)
    assert [round(v, 4) for v in found.theta] == [0.5248, 6.1831, 0.8914, 1.6140]
    assert round(found.log_likelihood, 4) == -9582.1357
    assert (found.n, found.converged) == (2357, True)


def test_in_days_with_the_prior_it_is_the_known_fit(cdnow):
    found = fit(*cdnow)
    assert [round(v, 4) for v in found.theta] == [0.5310, 43.5866, 0.8834, 1.5787]
    assert found.converged
