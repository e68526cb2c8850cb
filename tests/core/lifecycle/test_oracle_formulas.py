"""The oracle's formulas against the printed numbers of the lapse study, and its fit against its own conditions."""

import os
from datetime import date
from itertools import pairwise
from math import ceil, log
from pathlib import Path

import numpy as np
import pytest
from drawn import at, oracle

from tenure.lifecycle.oracle import Event, Oracle
from tenure.lifecycle.oracle.clocks import CALENDAR, declared_clock, learnt_weights
from tenure.lifecycle.oracle.days import US_PER_DAY, number_of
from tenure.lifecycle.oracle.policy import Rule, Season
from tenure.lifecycle.oracle.rhythm import (
    CENTRE,
    LONGEST,
    Buying,
    Gaps,
    Past,
    Snapshot,
    crossing,
    deviations,
    fit,
    horizon,
    level,
    log_posterior,
    odds,
    p_buy,
    rhythm,
    silences,
    usual,
)

CD = (Buying(0.7, 70, 0.5, 0.9), Gaps(3.83, 1.474, 0.605))
GR = (Buying(1.4, 9.7, 0.05, 14), Gaps(1.78, 0.64, 0.365))
BO = (Buying(1.2, 220, 0.8, 2.5), Gaps(log(150), 0.9, 0.4))
DEF = (Buying(0.8, 45, 0.8, 1.6), Gaps(log(45), 1.0, 0.81))
BOOT_WEIGHTS = (0.9, 0.35, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.25, 1.2, 2, 1.6)
BOOT = Season("boots", None, (), BOOT_WEIGHTS, "north", 14)
NORTH, SOUTH = declared_clock(BOOT, False), declared_clock(BOOT, True)
WEEKLY = tuple(date.fromordinal(date(2025, 1, 4).toordinal() + 7 * i).isoformat() for i in range(12))
VECTORS = [
    (("2025-03-10",), DEF, 90, 0.3, CALENDAR, 45.0, 0.3898, (19.96, 95.00, 244.96), (45.00, 95.00, 244.96),
     "2025-04-24 2025-03-19 2025-11-18", "2025-04-24 2025-06-14 2025-11-10"),
    (("2025-03-10",), CD, 90, 0.15, CALENDAR, 46.1, 0.2824, (74.03, 230.57, 544.06), (74.03, 230.57, 544.06),
     "2025-04-26 2025-03-18 2025-12-28", "2025-05-24 2025-10-27 2026-09-06"),
    (("2025-01-05", "2025-02-04", "2025-03-08"), CD, 90, 0.15, CALENDAR, 38.5, 0.6434, (204.24, 322.44, 482.52),
     (215.64, 351.38, 878.11), "2025-04-16 2025-03-15 2025-10-10", "2025-10-10 2026-02-23 2027-08-04"),
    (("2025-01-05", "2025-02-04", "2025-03-08"), CD, 180, 0.21, CALENDAR, 38.5, 0.7693, (209.45, 331.32, 499.90),
     (215.64, 351.38, 878.11), "2025-04-16 2025-03-15 2025-10-10", "2025-10-10 2026-02-23 2027-08-04"),
    (("2024-03-01", "2025-03-01"), CD, 90, 0.15, CALENDAR, 84.1, 0.2166, (151.26, 560.51, 1172.93),
     (151.26, 560.51, 1172.93), "2025-05-25 2025-03-16 2026-07-07", "2025-07-31 2026-09-13 2028-05-17"),
    (WEEKLY, GR, 14, 0.70, CALENDAR, 6.8, 0.8420, (29.87, 47.83, 61.90), (26.83, 47.26, 61.90),
     "2025-03-29 2025-03-25 2025-04-11", "2025-04-18 2025-05-09 2025-05-23"),
    (("2025-03-10",), GR, 14, 0.70, CALENDAR, 5.9, 0.7112, (0.46, 13.10, 45.86), (5.93, 13.10, 45.86),
     "2025-03-16 2025-03-12 2025-04-01", "2025-03-16 2025-03-24 2025-04-25"),
    (("2023-11-18", "2024-11-09"), BO, 90, 0.25, NORTH, 192.3, 0.2287, (0.00, 327.52, 832.34),
     (192.33, 327.52, 832.34), "2025-01-16 2024-11-23 2026-11-22", "2025-01-16 2025-10-28 2026-12-10"),
    (("2023-11-18", "2024-11-09"), BO, 90, 0.25, CALENDAR, 195.9, 0.2222, (0.00, 323.01, 842.53),
     (195.87, 323.01, 842.53), "2025-05-24 2024-12-28 2027-01-05", "2025-05-24 2025-09-29 2027-03-02"),
    (("2024-05-18", "2025-05-09"), BO, 90, 0.25, SOUTH, 191.8, 0.2297, (0.00, 328.15, 830.75),
     (191.79, 328.15, 830.75), "2025-07-14 2025-05-23 2027-05-21", "2025-07-14 2026-04-27 2027-06-08"),
]


def day(text):
    return number_of(date.fromisoformat(text))


@pytest.mark.parametrize("vector", VECTORS, ids=range(1, 11))
def test_the_vectors_of_the_study(vector):
    orders, (buying, gaps), ahead, average, clock, gap, at_once, crossed, begins, expected, due = vector
    days = [day(text) for text in orders]
    marks = [clock.lam(number) for number in days]
    x, t_x = len(days) - 1, marks[-1] - marks[0]
    logs = sum(log(after - before) for before, after in pairwise(marks))
    shop = Snapshot(gaps, buying, ahead, average, 1)

    def dates(silences):
        found = [ceil(clock.lam_inv(marks[-1] + silence) - 1e-9) for silence in silences]
        return " ".join(date.fromordinal(number + date(1970, 1, 1).toordinal()).isoformat() for number in found)

    assert usual(x, logs, gaps) == pytest.approx(gap, abs=0.05)
    assert p_buy(0, x, t_x, ahead, buying) == pytest.approx(at_once, abs=5e-5)
    solved = [crossing(odds(average, times), x, t_x, ahead, buying) for times in (1, 0.4, 0.15)]
    assert solved == pytest.approx(crossed, abs=5e-3)
    assert silences(Rule(), x, t_x, logs, shop) == pytest.approx(begins, abs=5e-3)
    assert dates(usual(x, logs, gaps, deviations(0.5) + z * deviations(0.9)) for z in (0, -1, 1)) == expected
    assert dates(silences(Rule(), x, t_x, logs, shop)) == due


@pytest.mark.parametrize(
    ("region", "orders", "due"),
    [
        ("north", ("2023-11-18", "2024-11-09"), ("2026-03-01", "2026-03-01", "2026-12-10")),
        ("south", ("2024-05-18", "2025-05-09"), ("2026-09-01", "2026-09-01", "2027-06-08")),
    ],
)
def test_the_season_floor_of_the_study(region, orders, due):
    months = f'[[season]]\ncategory = "boots"\nmonths = [10, 11, 12, 1, 2]\nweights = {list(BOOT_WEIGHTS)}\n'
    life = "\n".join(f"{order} order category=boots region={region}" for order in orders)
    asked = oracle(life, months + '[regions]\nsouth = "south"\nnorth = "north"\n')
    asked.snapshot = lambda month: Snapshot(BO[1], BO[0], 90, 0.25, 1)
    picture = asked.picture(1, at("2025-06-01"))
    assert (picture.overdue_at, picture.long_overdue_at, picture.inactive_at) == tuple(map(at, due))


def test_more_numbers_of_the_study():
    assert [p_buy(silence, 2, 60, 90, CD[0]) for silence in (0, 30, 90, 365)] == pytest.approx(
        [0.6468663732, 0.5378531988, 0.3523802882, 0.0492374319], abs=5e-11
    )
    assert [odds(0.15, 0.4), odds(0.15, 0.15)] == pytest.approx([0.0659340659, 0.0257879656], abs=5e-11)
    assert level([0.1, 0.2, 0.6]) == pytest.approx(0.3, abs=1e-15)
    assert rhythm([(30, 40), (10,), (7, 7, 7)]) == pytest.approx((3.4721691584, 0.7724138836, 0.7609288476), abs=5e-11)
    assert [NORTH.lam(number) for number in (20103, 20270, 20407)] == pytest.approx(
        [20116.847433, 20173.544114, 20310.006787], abs=5e-7
    )
    assert [NORTH.lam_inv(NORTH.lam(number)) for number in (20103, 20270, 20407)] == pytest.approx(
        [20103, 20270, 20407], abs=1e-9
    )


def test_a_clock_learnt_from_two_years_of_the_study():
    counts = [9, 4, 1, 1, 1, 1, 1, 1, 3, 12, 20, 16]
    days = [
        number_of(date(year, month, 15))
        for year in (2023, 2024) for month, count in enumerate(counts, 1) for _ in range(count)
    ]
    weights = learnt_weights(days, day("2025-01-01"), 2, np.ones(52))
    assert weights[[0, 12, 26, 40, 46, 51]] == pytest.approx(
        [1.278689, 0.520947, 0.520947, 2.131148, 2.320583, 1.6102], abs=5e-7
    )


@pytest.mark.parametrize(
    ("gaps", "history_days", "expected"),
    [
        (range(1, 101), 400, 90), (range(1, 101), 100, 90), (range(1, 20), 400, 90), ([14.0] * 20, 180, 14),
        ([14.1] * 20, 180, 30), ([14.1] * 20, 179, 90), ([900.0] * 20, 400, 365), ([], 400, 90),
    ],
)
def test_horizon(gaps, history_days, expected):
    assert horizon(list(gaps), history_days) == expected


def test_crossing_at_both_ends_and_between():
    assert crossing(0.9, 0, 0.0, 90, CD[0]) == 0
    assert crossing(1e-9, 0, 0.0, 90, CD[0]) == LONGEST
    silence = crossing(0.1, 3, 80.0, 30, CD[0])
    assert p_buy(silence - 1e-8, 3, 80.0, 30, CD[0]) > 0.1 > p_buy(silence + 1e-8, 3, 80.0, 30, CD[0])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("window", days=(1, 40000, 50000)), (1, 36525, 36525)),
        (Rule("quantile", quantiles=(0.5, 0.5, 0.9)), (46.0625, 46.0625, 292.32)),
        (Rule("chance"), (74.03, 230.57, 544.06)),
        (Rule("chance", odds=(0.15, 0.4, 1)), (544.06, 544.06, 544.06)),
        (Rule("rhythm", first_floors=(2, 2, 2)), (92.125, 230.57, 544.06)),
        (Rule("rhythm", first_floors=(9, 9, 9), caps=(0.5, 0.5, 0.5)), (46.0625, 46.0625, 46.0625)),
    ],
)
def test_the_kinds_of_rules(rule, expected):
    assert silences(rule, 0, 0.0, 0.0, Snapshot(CD[1], CD[0], 90, 0.15, 1)) == pytest.approx(expected, rel=1e-4)


def people(seed, count):
    random = np.random.default_rng(seed)
    ages = random.uniform(10, 900, count)
    x = random.poisson(ages / 150)
    t_x = np.where(x > 0, random.uniform(0.1, 1, count) * ages, 0.0)
    return [Past(int(n), float(t), float(age), ()) for n, t, age in zip(x, t_x, ages, strict=True)]


@pytest.mark.parametrize("count", [1, 2, 30, 500])
def test_the_fit_is_a_maximum_to_ten_digits(count):
    pasts = people(count, count)
    data = tuple(np.array(values, float) for values in zip(*((p.x, p.t_x, p.age) for p in pasts), strict=True))
    theta = np.log(fit(pasts))
    value, slope = log_posterior(theta, *data)
    curvature = min(
        (2 * value - log_posterior(theta + step, *data)[0] - log_posterior(theta - step, *data)[0]) / 1e-4
        for step in np.eye(4) * 1e-2
    )
    assert np.abs(slope).max() < 1e-10 * max(curvature, 1) * max(count, 1)
    assert all(log_posterior(theta + step, *data)[0] < value for step in [*np.eye(4) * 1e-2, *np.eye(4) * -1e-2])


TWO_PEAKS = """
    0/0/59 0/0/427 0/0/520 0/0/555 0/0/590 0/0/774 0/0/871 0/0/880 0/0/942 0/0/981 0/0/1003 0/0/1012 0/0/1033 0/0/1040
    0/0/1072 0/0/1075 0/0/1076 0/0/1077 2/236/499 2/328/1077 2/446/505 3/541/628 4/379/387 4/546/798 4/724/998 5/133/145
    5/513/540 5/600/939 5/665/705 6/196/777 6/319/383 7/688/1076 7/740/758 8/1046/1077 9/783/792 10/699/1067 10/894/1068
    10/1068/1077 12/968/1077 17/360/377 26/822/836 33/1019/1031
"""


def test_of_two_peaks_the_fit_finds_the_higher():
    # the lower one, at .427, 52.1, .220, 3.44, is nearer to the prior's centre
    pasts = [Past(x, float(t_x), float(age), ()) for x, t_x, age in (map(int, p.split("/")) for p in TWO_PEAKS.split())]
    assert fit(pasts) == pytest.approx((1.6216662, 130.242000, 0.1739350, 0.3562495), rel=1e-6)


def test_the_gradient_is_that_of_the_value():
    data = tuple(np.array(values, float) for values in zip(*((p.x, p.t_x, p.age) for p in people(7, 40)), strict=True))
    theta = CENTRE + np.array([0.3, -0.4, 0.2, 0.5])
    slope = log_posterior(theta, *data)[1]
    steps = np.eye(4) * 1e-5
    measured = [(log_posterior(theta + s, *data)[0] - log_posterior(theta - s, *data)[0]) / 2e-5 for s in steps]
    assert slope == pytest.approx(measured, rel=1e-7)


def test_nobody_gives_the_centres_of_the_priors():
    assert fit([]) == pytest.approx((0.8, 45, 0.8, 1.6), rel=1e-12)


@pytest.mark.skipif("TENURE_TEST_DATA" not in os.environ, reason="TENURE_TEST_DATA names no folder of order files")
@pytest.mark.parametrize(
    ("unit", "prior", "expected"),
    [(7, False, (0.5248, 6.1831, 0.8914, 1.6140)), (1, True, (0.5310, 43.5866, 0.8834, 1.5787))],
)
def test_the_fit_of_cdnow(unit, prior, expected):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(Path(os.environ["TENURE_TEST_DATA"]) / "cdnow_sample.parquet")
    end = day("1997-10-01")
    days_of: dict[int, set[int]] = {}
    for row in table.to_pylist():
        number = number_of(row["order_date"].date())
        if number < end:
            days_of.setdefault(row["customer_id"], set()).add(number)
    pasts = [
        Past(len(days) - 1, (max(days) - min(days)) / unit, (end - 1 - min(days)) / unit, ())
        for days in days_of.values()
    ]
    assert fit(pasts, prior=prior) == pytest.approx(expected, abs=6e-5)


def test_a_snapshot_takes_the_customers_with_the_lowest_draw():
    events = [
        Event(customer, (day("2024-01-05") + step * gap) * US_PER_DAY, "order.placed")
        for customer, gap in enumerate((5, 20, 33, 47), 1) for step in range(4)
    ]
    draw, month = {1: 7, 2: 9, 3: 8, 4: 8}, day("2025-01-01")
    drawn = Oracle(events, draw=draw, sample_above=3, sample=2).snapshot(month)
    assert drawn == Oracle([event for event in events if event.customer in (1, 3)]).snapshot(month)
    assert Oracle(events, draw=draw, sample_above=4, sample=2).snapshot(month).customers == 4


def test_a_snapshot_knows_what_happened_before_its_month_only():
    first = "1: 2025-01-03 order\n1: 2025-01-23 order\n1: 2025-02-01 order\n"
    shop = oracle(first + "2: 2025-01-10 order id=A\n2: 2025-02-02 cancel id=A", "")
    january, february, march = (shop.snapshot(day(f"2025-0{month}-01")) for month in (1, 2, 3))
    assert (january.customers, february.customers, march.customers) == (0, 2, 1)
    assert january == Snapshot(Gaps(log(45), 1.0, 0.81), fit([]), 90, level([]), 0)
    assert february.gaps == rhythm([(20.0,)])
    assert february.buying == fit([Past(1, 20.0, 29.0, ()), Past(0, 0.0, 22.0, ())])
    chances = [p_buy(9.0, 1, 20.0, 90, february.buying), p_buy(22.0, 0, 0.0, 90, february.buying)]
    assert february.level == pytest.approx(level(chances), rel=1e-12)
