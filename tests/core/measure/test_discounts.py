"""What followed first orders: a planted gap is found, a channel mix that turns the sign round is seen through."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pytest

from tenure.measure.discounts import (
    ANY,
    FEW,
    FULL,
    UNKNOWN,
    Cells,
    Discounts,
    Squares,
    Sums,
    always,
    depth_of,
    discounts,
)  # fmt: skip


class Person(NamedTuple):
    depth: int
    stratum: int
    gap: int = 0
    minor: int = 0
    later: int = 0
    known: int = 0
    discounted: int = 0


def counted(people: Iterable[Person], window: int = 90) -> Discounts:
    """One cell a person, so that nothing is added up before."""
    rows = list(people)
    column = {name: np.array([getattr(one, name) for one in rows], np.int64) for name in Person._fields}
    ones = np.ones(len(rows), np.int64)
    depth, stratum = column["depth"], column["stratum"]
    cells = Cells(depth, stratum, column["gap"], ones)
    minor = column["minor"].astype(np.float64)
    sums = Sums(depth, stratum, minor, ones, column["later"], column["known"], column["discounted"])
    return discounts(cells, sums, Squares(depth, stratum, minor**2), window=window)


def some(n: int, hits: int, depth: int, stratum: int, gap: int = 20) -> list[Person]:
    return [Person(depth, stratum, gap if i < hits else 0) for i in range(n)]


def planted(seed: int, people: int = 4000) -> list[Person]:
    """After a discount 15 points fewer come back, in every month; the months differ."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(people):
        month, cheap = int(rng.integers(24)), bool(rng.random() < 0.3)
        back = rng.random() < 0.35 + 0.01 * month - (0.15 if cheap else 0)
        depth = int(rng.integers(1, 5)) if cheap else FULL
        out.append(Person(depth, month, int(rng.integers(1, 91)) if back else 0))
    return out


def test_a_planted_gap_of_fifteen_points_is_found():
    found = [counted(planted(seed)).any.compared for seed in range(8)]
    assert np.mean([one.difference for one in found]) == pytest.approx(-0.15, abs=0.015)
    assert sum(one.low < -0.15 < one.high for one in found) >= 7
    assert all(one.high < -0.08 for one in found)
    assert all(one.part == 1 for one in found)
    depths = counted(planted(1, 20_000)).groups[1:5]
    assert all(one.compared.low < -0.15 < one.compared.high for one in depths)


WEB, APP = 1, 2
SIMPSON = [
    *some(900, 540, 2, APP), *some(100, 70, FULL, APP),
    *some(100, 20, 2, WEB), *some(900, 270, FULL, WEB),
]  # fmt: skip
"""In each channel ten points fewer come back after a discount; but the discounts were given where most come back."""


def test_a_channel_mix_that_turns_the_sign_round_is_seen_through():
    found = counted(SIMPSON)
    assert found.any.share - found.groups[FULL].share == pytest.approx(0.56 - 0.34)
    compared = found.any.compared
    assert compared.difference == pytest.approx(-0.10)
    assert compared.high < 0
    assert (compared.strata, compared.customers, compared.full) == (2, 1000, 1000)
    assert compared.share == pytest.approx(0.40)
    assert compared.full_share == pytest.approx(0.50)
    assert found.raw.share[-1] > found.raw.full_share[-1]
    assert found.adjusted.share[-1] < found.adjusted.full_share[-1]


def test_curves_rise_from_nothing_to_the_shares():
    found = counted([*some(10, 4, 1, 0, gap=1), *some(10, 5, FULL, 0, gap=90), *some(7, 7, FULL, 1, gap=91)])
    assert found.raw.share[:3] == (0, 0.4, 0.4)
    assert len(found.raw.share) == len(found.adjusted.full_share) == 91
    assert found.raw.full_share[-2:] == (0, 5 / 17)
    assert found.adjusted.full_share[-1] == 0.5
    assert (found.adjusted.full, found.adjusted.customers, found.raw.full) == (10, 10, 17)


def test_who_came_back_after_the_window_did_not_come_back_in_it():
    found = counted([Person(FULL, 0, 30), Person(FULL, 0, 31), Person(FULL, 0, 0), Person(FULL, 0, -1)], window=30)
    assert (found.groups[FULL].customers, found.groups[FULL].again) == (4, 1)


def test_unknown_discounts_are_a_group_of_their_own_and_are_compared_with_nobody():
    found = counted([*some(50, 40, UNKNOWN, 0), *some(10, 5, FULL, 0), *some(10, 5, 1, 0)])
    unknown = found.groups[-1]
    assert (unknown.depth, unknown.customers, unknown.again, unknown.compared) == (UNKNOWN, 50, 40, None)
    assert found.groups[FULL].customers == 10
    assert found.any.compared.of == 20
    assert (found.customers, found.known) == (70, 20)


def test_nothing_but_unknown_discounts_says_nothing_of_full_price():
    found = counted(some(50, 40, UNKNOWN, 0))
    assert (found.groups[FULL].share, found.any.share, found.any.compared) == (None, None, None)
    assert (found.raw, found.adjusted, found.known) == (None, None, 0)


def test_a_group_under_thirty_is_few():
    found = counted([*some(FEW - 1, 3, 1, 0), *some(FEW, 3, FULL, 0)])
    assert found.any.few
    assert not found.groups[FULL].few


def test_only_strata_that_hold_both_are_compared():
    found = counted([*some(10, 5, 1, 0), *some(10, 5, FULL, 0), *some(30, 1, 1, 1), *some(50, 1, FULL, 2)])
    compared = found.any.compared
    assert (compared.strata, compared.customers, compared.full, compared.of) == (1, 10, 10, 100)
    assert compared.part == 0.2
    assert compared.difference == 0


def test_without_a_common_stratum_nothing_is_compared_and_the_curves_are_raw():
    found = counted([*some(40, 5, 1, 0), *some(40, 5, FULL, 1)])
    assert found.any.compared is None
    assert found.adjusted is None
    assert found.raw.share[-1] == 0.125


def test_nobody_has_no_share():
    found = counted([])
    assert {one.share for one in (*found.groups, found.any)} == {None}
    assert found.customers == 0
    assert found.any.later_share is None


def test_money_and_later_orders_are_those_of_the_group():
    people = [
        Person(1, 0, 5, minor=1000, later=2, known=2, discounted=1), Person(1, 0, minor=500),
        Person(FULL, 0, 5, minor=3000, later=4, known=3, discounted=3), Person(FULL, 0, minor=1000),
    ]  # fmt: skip
    found = counted(people)
    assert (found.any.each, found.groups[FULL].each) == (750, 2000)
    assert (found.any.later_share, found.groups[FULL].later_share) == (0.5, 1)
    assert (found.groups[FULL].later, found.groups[FULL].known) == (4, 3)
    money = found.any.compared.money
    assert (money.each, money.full, money.difference) == (750, 2000, -1250)
    half = 1.959964 * (125_000 / 2 + 2_000_000 / 2) ** 0.5
    assert (money.low, money.high) == pytest.approx((-1250 - half, -1250 + half))


def test_one_of_a_kind_has_no_interval_of_money():
    found = counted([Person(1, 0, minor=5), Person(FULL, 0, minor=5), Person(FULL, 0, minor=7)])
    assert found.any.compared.money is None
    assert found.any.each == 5


def test_without_amounts_there_is_no_money():
    cells = Cells(*(np.array(each) for each in ([1, 0], [0, 0], [0, 5], [40, 40])))
    none = np.zeros(2, np.int64)
    found = discounts(
        cells, Sums(cells.depth, cells.stratum, none.astype(float), none, none, none, none),
        Squares(cells.depth, cells.stratum, none.astype(float)), window=90,
    )  # fmt: skip
    assert (found.any.each, found.groups[FULL].each, found.any.compared.money) == (None, None, None)


def test_counts_of_slices_add_up_to_those_of_the_whole():
    one = counted(SIMPSON)
    cells = Cells(*(np.array(each) for each in zip(*[
        (2, APP, 20, 500), (2, APP, 20, 40), (2, APP, 0, 360), (0, APP, 20, 70), (0, APP, -1, 30), (2, WEB, 20, 20),
        (2, WEB, 200, 80), (0, WEB, 20, 270), (0, WEB, 0, 600), (0, WEB, 0, 30),
    ], strict=True)))  # fmt: skip
    none = np.zeros(0, np.int64)
    sums, squares = Sums(*[none] * 7), Squares(*[none] * 3)
    other = discounts(cells, sums, squares, window=90)
    assert other.any.compared.difference == pytest.approx(one.any.compared.difference)
    assert [each.again for each in other.groups] == [each.again for each in one.groups]
    assert other.adjusted.share == pytest.approx(one.adjusted.share)


def test_a_window_has_days():
    with pytest.raises(ValueError, match="at least one day"):
        counted([], window=0)


@pytest.mark.parametrize(
    ("amount", "discount", "depth"),
    [
        (1000, 0, 0), (0, 0, 0), (None, 0, 0), (999, 1, 1), (9000, 1000, 1), (8000, 2000, 2),
        (799, 200, 2), (801, 199, 2), (7000, 3000, 3), (6900, 3100, 4), (0, 1000, 4), (900, -100, 1),
        (1000, None, UNKNOWN), (None, 100, UNKNOWN), (None, None, UNKNOWN), (8949, 1051, 2), (8951, 1049, 1),
    ],
)  # fmt: skip
def test_the_depth_of_a_discount_is_read_off_whole_per_cents(amount, discount, depth):
    assert depth_of(amount, discount) == depth


def test_who_never_bought_without_a_discount_is_a_share_with_its_interval():
    found = always(38, 100)
    assert (found.share, found.customers, found.always) == (0.38, 100, 38)
    assert found.low == pytest.approx(0.2909, abs=1e-4)
    assert found.high == pytest.approx(0.4779, abs=1e-4)
    assert always(0, 0).share is None


def test_any_stands_for_all_classes_together():
    found = counted([*some(10, 1, 1, 0), *some(20, 2, 4, 0), *some(5, 5, FULL, 0), *some(3, 3, UNKNOWN, 0)])
    assert (found.any.depth, found.any.customers, found.any.again) == (ANY, 30, 3)
