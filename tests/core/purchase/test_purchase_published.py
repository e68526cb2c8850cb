"""The purchase models against what papers, R packages and Hardie's spreadsheets printed of the same customers.

CDNOW is read from the data folder or, without one, from the text files inside lifetimes.
"""

import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest

from tenure.purchase.bg_nbd import BgNbd
from tenure.purchase.gamma_gamma import GammaGamma, Spends
from tenure.purchase.models import model_named
from tenure.purchase.pareto_nbd import ParetoNbd
from tenure.purchase.summary import Summary

# As printed: log-likelihood, parameters. The sample of CDNOW: Fader, Hardie, Lee (2005) and the tests of CLVTools, its
# MBG/NBD: lifetimes; grocery: the handbook of BTYDplus; its likelihoods' last digits and all of CDNOW: another program.
TRUTH_TABLE = [
    ("cdnow_sample", "bg_nbd", "-9582.429", ".2425945 4.4136019 .7929199 2.4258881"),
    ("cdnow_sample", "pareto_nbd", "-9594.976", ".55315 10.57633 .60625 11.67150"),
    ("cdnow_sample", "mbg_nbd", "-9582.1357", ".5248 6.1831 .8914 1.6140"),
    ("cdnow_sample", "mbg_cnbd_k", "-9582.1357", ".5248 6.1831 .8914 1.6140"),
    ("cdnow_full", "bg_nbd", "-95368.444", ".2516 4.7889 .7234 2.1611"),
    ("cdnow_full", "mbg_nbd", "-95336.958", ".6371 7.3102 .8075 1.2284"),
    ("cdnow_full", "pareto_nbd", "-95415.1186", ".5974 11.5857 .5222 8.8278"),
    ("grocery", "pareto_nbd", "-15782.392", ".786 5.679 .386 5.717"),
    ("grocery", "bg_nbd", "-15836.566", ".349 2.581 .504 3.644"),
    ("grocery", "mbg_nbd", "-15781.939", "1.257 6.038 .368 .716"),
    ("grocery", "mbg_cnbd_k", "-14978.211", "1.329 2.813 .425 .790"),
]
K = {"cdnow_sample": 1, "grocery": 2}
UNTIL = {"cdnow_sample": "1997-10-01", "cdnow_full": "1997-10-01", "grocery": "2007-01-01"}
TEXT = {"cdnow_sample": ("CDNOW_sample.txt", 1), "cdnow_full": ("CDNOW_master.txt", 0)}  # file, column of the customer

BG = BgNbd(0.2425945, 4.4136019, 0.7929199, 2.4258881)
PARETO = ParetoNbd(0.55315, 10.57633, 0.60625, 11.67150)


class Orders(NamedTuple):
    """One entry per customer and day on which they ordered, in this order; what they spent that day."""

    customer: np.ndarray
    day: np.ndarray
    spent: np.ndarray


def by_day(customer, day, spent):
    """Orders of one day are one."""
    pairs, which = np.unique(np.column_stack([customer, day.astype(int)]), axis=0, return_inverse=True)
    return Orders(pairs[:, 0], pairs[:, 1], np.bincount(which.ravel(), weights=spent))


def from_folder(path):
    table = pq.read_table(path)
    customer = np.unique(table["customer_id"].to_numpy(), return_inverse=True)[1]
    day = table["order_date"].to_numpy().astype("datetime64[D]")
    spent = table["amount"].to_numpy() if "amount" in table.column_names else np.zeros(len(day))
    return by_day(customer, day, spent.astype(float))


def from_package(name):
    found = importlib.util.find_spec("lifetimes")
    if found is None or found.origin is None:
        pytest.skip(f"lifetimes is not installed: its {name} not read")
    file, column = TEXT[name]
    text = (Path(found.origin).parent / "datasets" / file).read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines()]
    rows = [row for row in rows if row and row[0].isdigit()]
    customer = np.array([int(row[column]) for row in rows])
    day = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in (row[column + 1] for row in rows)], "datetime64[D]")
    return by_day(customer, day, np.array([float(row[-1]) for row in rows]))


@pytest.fixture(scope="module")
def shops(real_data):
    """A function from the name of a shop to its orders: of the data folder, or else of a package."""
    read = {}

    def shop(name):
        if name not in read:
            packed = name in TEXT and not os.environ.get("TENURE_TEST_DATA")
            read[name] = from_package(name) if packed else from_folder(real_data(f"{name}.parquet"))
        return read[name]

    return shop


def summary(orders, until):
    """In weeks; now is the end of the last day before `until`."""
    last = int(np.datetime64(until, "D").astype(int)) - 1
    customer, day = orders.customer[orders.day <= last], orders.day[orders.day <= last]
    begins = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
    ends = np.r_[begins[1:], len(customer)] - 1
    gaps = np.diff(day)[np.diff(customer) == 0]
    t_x = day[ends] - day[begins]
    return Summary.of(ends - begins, t_x, last - day[begins], log_gaps=float(np.log(gaps).sum())).in_units(7.0)


def half_a_digit(printed):
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


@pytest.mark.parametrize("source", ["data folder", "package"])
def test_the_sample_is_the_same_wherever_it_is_read(source, real_data):
    orders = from_package("cdnow_sample") if source == "package" else from_folder(real_data("cdnow_sample.parquet"))
    rows = summary(orders, "1997-10-01")
    assert (rows.n, rows.weight @ rows.x, round(7 * rows.weight @ rows.t_x)) == (2357, 2457, 112_949)
    assert len(orders.day) == 6696
    assert round(orders.spent.sum(), 2) == 244_091.94


@pytest.mark.parametrize(("shop", "model", "printed", "parameters"), TRUTH_TABLE)
def test_the_fit_is_the_published_one_and_no_lower(shops, shop, model, printed, parameters):
    found = model_named(model).fit(summary(shops(shop), UNTIL[shop]))
    assert found.converged
    assert found.log_likelihood == pytest.approx(float(printed), rel=1e-6)
    assert found.log_likelihood >= float(printed) - half_a_digit(printed)
    for value, digits in zip(found.model.parameters, parameters.split(), strict=True):
        assert value == pytest.approx(float(digits), rel=1e-3, abs=half_a_digit(digits))
    if model == "mbg_cnbd_k":
        assert found.model.k == K[shop]


def test_bg_nbd_of_the_sample_is_the_published_one_to_four_digits(shops):
    found = BgNbd.fit(summary(shops("cdnow_sample"), "1997-10-01"))
    assert found.model.parameters == pytest.approx(BG.parameters, rel=2e-5)


def test_standard_errors_of_pareto_nbd_are_the_published_ones(shops):
    found = ParetoNbd.fit(summary(shops("cdnow_sample"), "1997-10-01"))
    assert list(found.standard_errors.values()) == pytest.approx([0.0476, 0.8427, 0.1873, 6.2105], rel=1e-3)


def test_gamma_gamma_of_the_repeat_buyers_is_the_published_one_to_four_digits(shops):
    orders = shops("cdnow_sample")
    known = orders.day < np.datetime64("1997-10-01", "D").astype(int)
    customer, spent = orders.customer[known], orders.spent[known]
    again = np.r_[False, customer[1:] == customer[:-1]]  # all but the first order
    many, total = (np.bincount(customer[again], weights=what) for what in (np.ones(again.sum()), spent[again]))
    mean = total / np.maximum(many, 1)
    found = GammaGamma.fit(Spends.of(many[mean > 0], mean[mean > 0]))
    assert (found.n, found.converged) == (946, True)
    assert [round(value, 4) for value in found.model.parameters] == [6.2496, 3.7442, 15.4435]
    assert round(found.log_likelihood, 4) == -4055.9177


def one(x, t_x, age):
    return Summary.of([x], [t_x], [age])


def test_the_customers_of_hardies_spreadsheet_are_expected_to_buy_what_it_says():
    assert BG.expected_orders(one(2, 30.43, 38.86), 39.0) == pytest.approx(1.226, abs=5e-4)
    weeks = [0.1429, 1, 3, 31.8571, 32, 78]
    expected = [float(BG.expected_orders(one(0, 0, 0), week)[0]) for week in weeks]
    assert expected == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], abs=5e-4)


def test_the_customers_of_the_btyd_walkthrough_are_expected_to_buy_what_it_says():
    assert PARETO.expected_orders(one(0, 0, 0), 52.0) == pytest.approx(1.473434, rel=1e-4)
    assert BG.expected_orders(one(0, 0, 0), 52.0) == pytest.approx(1.444004, rel=1e-5)
    regular = one(26, 30.857, 31)
    assert BG.expected_orders(regular, 52.0) == pytest.approx(25.757, rel=1e-4)
    assert PARETO.expected_orders(regular, 52.0) == pytest.approx(25.4565, rel=1e-4)
    assert BG.p_alive(regular) == pytest.approx(0.96885, abs=5e-6)
    assert PARETO.p_alive(regular) == pytest.approx(0.99787, abs=5e-6)
    silent = Summary.of([10, 15, 20, 25], [20] * 4, [39] * 4)
    printed = [0.3474606, 0.04283391, 0.004158973, 0.0003583685]
    assert BG.expected_orders(silent, 52.0) == pytest.approx(printed, rel=5e-4)
    printed = [0.7062289, 0.1442396, 0.02250658, 0.00309267]
    assert PARETO.expected_orders(silent, 52.0) == pytest.approx(printed, rel=2e-3)


def test_lives_that_overflow_elsewhere_are_numbers_here():
    heavy = ParetoNbd(10.465, 0.00798565181, 3.0516, 2.820)
    assert np.isfinite(heavy.log_likelihood(Summary.of([400, 500, 500], [5, 1, 4], [6, 37, 37]))).all()
    model = ParetoNbd(0.55, 10.58, 0.61, 11.67)
    expected = model.expected_orders(Summary.of([132, 133], [200, 200], [200, 200]), 10.0)
    assert expected == pytest.approx([6.2060517889632418, 6.2528722475748113], rel=1e-9)


def test_what_the_sample_bought_in_39_more_weeks_and_was_expected_to_is_the_published_table(shops):
    orders = shops("cdnow_sample")
    first, end = (int(np.datetime64(day, "D").astype(int)) for day in ("1997-10-01", "1998-07-01"))
    ahead = np.unique(orders.customer[(orders.day >= first) & (orders.day < end)], return_counts=True)
    rows = summary(orders, "1997-10-01")
    bought = np.zeros(rows.n)
    bought[np.searchsorted(np.unique(orders.customer), ahead[0])] = ahead[1]
    often = np.minimum(rows.each(rows.x), 7).astype(int)
    many = np.bincount(often)
    assert list(many) == [1411, 439, 214, 100, 62, 38, 29, 64]
    told = {
        "0.237 0.697 1.393 1.560 2.532 2.947 3.862 6.359": bought,
        "0.138 0.600 1.196 1.714 2.399 2.907 3.819 6.403": rows.each(PARETO.expected_orders(rows, 39.0)),
        "0.225 0.523 1.044 1.520 2.164 2.654 3.504 6.157": rows.each(BG.expected_orders(rows, 39.0)),
    }
    for printed, values in told.items():
        assert np.bincount(often, weights=values) / many == pytest.approx([float(v) for v in printed.split()], abs=2e-3)


def test_the_grocery_is_expected_to_sell_in_52_weeks_what_was_published(shops):
    rows = summary(shops("grocery"), "2007-01-01")
    model = ParetoNbd.fit(rows).model
    assert round(float(model.expected_orders(rows, 52.0) @ rows.weight)) == 3991
