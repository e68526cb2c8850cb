"""The oracle on groups, scopes, seasons and learnt clocks."""

from datetime import date

import numpy as np
import pytest
from drawn import WINDOW, at, check, oracle

from tenure.lifecycle.oracle import Event, Oracle
from tenure.lifecycle.oracle.clocks import SHOP, Clock, Group, declared_clock, shortest_run
from tenure.lifecycle.oracle.days import US_PER_DAY, date_of, month_of, number_of
from tenure.lifecycle.oracle.policy import Season

BOOTS = """
[rhythm]
kind = "window"
days = [27, 54, 800]
[[season]]
category = "boots"
months = [11, 12, 1, 2]
[regions]
chile = "south"
"""
SCOPES = """
[rhythm]
kind = "window"
days = [30, 60, 90]
[[scope]]
category = "boots"
days = [40, 60, 90]
[[scope]]
region = "east"
days = [50, 60, 90]
[[scope]]
category = "boots"
region = "east"
days = [10, 60, 90]
"""


def day(text):
    return number_of(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("life", "overdue"),
    [
        ("2025-01-01 order", "2025-01-31"),
        ("2025-01-01 order category=boots", "2025-02-10"),
        ("2025-01-01 order region=east", "2025-02-20"),
        ("2025-01-01 order category=boots region=west", "2025-02-10"),
        ("2025-01-01 order category=books region=east", "2025-02-20"),
        ("2025-01-01 order category=boots region=east", "2025-01-11"),
    ],
)
def test_the_most_specific_scope_decides(life, overdue):
    assert oracle(life, SCOPES).picture(1, at("2025-01-02")).overdue_at == at(overdue)


@pytest.mark.parametrize(
    ("categories", "group"),
    [
        ("boots", "boots"),
        ("boots boots boots boots books", "boots"),
        ("boots boots boots books", None),
        ("boots boots boots boots -", "boots"),
        ("boots boots boots -", None),
        ("- - - - boots", None),
    ],
)
def test_a_group_holds_four_of_five_orders_also_of_those_without_one(categories, group):
    rows = [
        f"2025-01-0{n} order" + (f" category={category}" if category != "-" else "")
        for n, category in enumerate(categories.split(), 1)
    ]
    asked = oracle("\n".join(rows))
    assert asked.life(1, at("2025-02-01")).occasions[-1].group == Group(group, None)


@pytest.mark.parametrize(
    ("rows", "category"),
    [
        pytest.param("10 boots 20 books", "books", id="the larger amount"),
        pytest.param("10 boots 10 books 0 boots", "boots", id="then the more rows"),
        pytest.param("10 boots 10 books", "books", id="then the alphabet"),
        pytest.param("90 - 10 boots", "boots", id="no category is no candidate"),
        pytest.param("20 boots 10 books -15 boots", "books", id="a discount counts against its category"),
        pytest.param("10 boots +99 books", "boots", id="a later line does not count"),
    ],
)
def test_category_of_an_order(rows, category):
    words = rows.split()
    lines = []
    for amount, name in zip(words[::2], words[1::2], strict=True):
        when = "2025-01-02" if amount.startswith("+") else "2025-01-01"
        lines.append(f"{when} order id=A amount={amount}" + (f" category={name}" if name != "-" else ""))
    assert oracle("\n".join(lines)).life(1, at("2025-02-01")).orders[0].category == category


def test_a_group_is_fixed_with_the_occasion():
    # the second order of the day would make boots three of three, but the occasion was at the first one's instant
    asked = oracle("2025-01-01T10:00 order\n2025-01-01T11:00 order category=boots", SCOPES)
    assert asked.picture(1, at("2025-01-02")).overdue_at == at("2025-01-31")


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(
            "2024-12-10 order category=boots",
            """2026-03-01: new 1/1
               2026-03-01+: lapsed/seasonal 1/1
               2027-01-01: lapsed/seasonal 1/1
               2027-02-01: inactive/win_back 1/1 unknown""",
            id="a first order in season does not lapse before the next season has ended",
        ),
        pytest.param(
            "2024-07-10 order category=boots",
            """2025-03-01: new 1/1
               2025-03-01+: lapsed/seasonal 1/1""",
            id="a first order off season: the season to come",
        ),
        pytest.param(
            "2024-11-01 order category=boots",
            """2026-03-01: new 1/1
               2026-03-01+: lapsed/seasonal 1/1""",
            id="an order on a season's first day is in it",
        ),
        pytest.param(
            # the clock runs 1 / (4.4 / 12) = 2.73 times as fast in season: 27 clock days are 9.9, 54 are 19.8
            """2024-12-01 order category=boots
               2024-12-11 order category=boots
               2024-12-21 order category=boots""",
            """2024-12-31: loyal 3/3
               2024-12-31+: lapsed/short 3/3
               2025-01-10: lapsed/short 3/3
               2025-01-10+: lapsed/long 3/3
               2026-03-01: lapsed/long 3/3
               2026-03-01+: lapsed/seasonal 3/3""",
            id="from the third order on the clock alone; seasonal once a whole season passed",
        ),
        pytest.param(
            "2024-12-10 order category=boots region=chile",
            """2025-09-01: new 1/1
               2025-09-01+: lapsed/seasonal 1/1""",
            id="in the south the season is half a year away",
        ),
        pytest.param(
            "2024-12-10 order category=books",
            "2025-01-06+: lapsed/short 1/1",
            id="other groups keep the calendar",
        ),
    ],
)
def test_declared_seasons(life, expected):
    check(life, expected, BOOTS)


@pytest.mark.parametrize(
    ("when", "contact_on"),
    [("2026-03-02", "2026-10-18"), ("2026-12-05", "2026-10-18"), ("2025-12-05", None)],
)
def test_when_to_write_to_those_who_missed_a_season(when, contact_on):
    found = oracle("2024-12-10 order category=boots", BOOTS).picture(1, at(when)).contact_on
    assert found == (day(contact_on) if contact_on else None)


def test_lead_days_of_the_season_go_before_those_of_all_seasons():
    life = "1: 2024-12-10 order category=boots\n2: 2024-12-10 order category=hats"
    hats = '[[season]]\ncategory = "hats"\nmonths = [11, 12, 1, 2]\nlead_days = 7\n'
    policy = BOOTS + "[seasons]\nlead_days = 30\n" + hats
    found = oracle(life, policy).pictures(at("2026-03-02"))
    assert {customer: date_of(picture.contact_on) for customer, picture in found.items()} == {
        1: date(2026, 10, 2), 2: date(2026, 10, 25),
    }


def test_seven_months_are_no_season():
    wide = BOOTS.replace("[11, 12, 1, 2]", "[9, 10, 11, 12, 1, 2, 3]")
    assert oracle("2024-12-10 order category=boots", wide).picture(1, at("2025-03-01")).stage == "lapsed"


def test_two_seasons_a_year():
    clock = Clock(tuple([1.0] * 52), months=(6, 11, 12))
    assert clock.season_beginning_after(day("2025-01-10")) == (day("2025-06-01"), day("2025-07-01"))
    assert clock.season_beginning_after(day("2025-06-01")) == (day("2025-11-01"), day("2026-01-01"))
    assert clock.season_ending_after(day("2025-07-01")) == (day("2025-11-01"), day("2026-01-01"))
    assert clock.season_ending_after(day("2025-06-30")) == (day("2025-06-01"), day("2025-07-01"))


def test_a_season_of_weights_is_the_shortest_run_with_four_fifths_of_the_clock():
    # eight parts of six hold 48 of 52; seven hold 42 >= 41.6, in two places: the lower first part wins
    weights = tuple(6.0 if part < 4 or part >= 48 else 4 / 44 for part in range(52))
    assert shortest_run(weights) == (48, 7)
    assert Clock(weights).seasonal()
    # 2025 is year 55: 55 * 365.25 + 48 * 365.25 / 52 = 20425.9, and 7 parts later 20475.07
    assert Clock(weights).season_beginning_after(day("2025-03-01")) == (20426, 20476)


def test_a_declared_clock_has_mean_one_and_turns_by_half_a_year():
    season = Season("boots", None, (10, 11), (), "north", 14)
    here, there = declared_clock(season, False), declared_clock(season, True)
    assert (here.months, there.months) == ((10, 11), (4, 5))
    assert np.mean(here.weights) == pytest.approx(1, abs=1e-12)
    assert there.weights == pytest.approx(np.roll(here.weights, 26), abs=1e-12)
    assert min(here.weights) == pytest.approx(max(here.weights) / 20, rel=0.1)


def boot_shop(years):
    """40 boot buyers, each on a day in December and on 10 January; 40 book buyers, each on a day of every month."""
    first = day("2020-03-01")
    end = first + int(years * 365.25)
    events = []
    for customer in range(80):
        for number in range(first, end):
            on = date_of(number)
            boots = customer < 40 and (on.month, on.day) in ((12, 1 + customer // 2), (1, 10))
            books = customer >= 40 and on.day == 1 + customer % 28
            if boots or books:
                category = "boots" if boots else "books"
                events.append(Event(customer, number * US_PER_DAY, "order.placed", category=category))
    return events, month_of(end)


def test_a_season_is_learnt_from_the_second_full_year_on():
    events, month = boot_shop(4)
    shop = Oracle(events, "")
    boots = Group("boots", None)
    learnt = {year: shop.learnt(day(f"{year}-03-01")) for year in (2021, 2022, 2023, 2024)}
    # the first order came on 1 March 2020 or later: two full years are over on 2 March 2022
    assert [set(found) for found in learnt.values()][:2] == [set(), set()]
    assert boots in shop.learnt(day("2022-04-01"))
    assert learnt[2024][boots].seasonal()
    assert not shop.clock(Group("books", None), month).seasonal()
    assert shop.clock(boots, month) == learnt[2024][boots]


def test_what_is_declared_is_not_learnt_nor_what_the_policy_forbids():
    events, month = boot_shop(4)
    boots = Group("boots", None)
    declared = Oracle(events, '[[season]]\ncategory = "boots"\nmonths = [12, 1]')
    assert boots not in declared.learnt(month)
    assert declared.clock(boots, month).months == (1, 12)
    assert Oracle(events, "[[season]]\nmonths = [12, 1]").learnt(month) == {}
    assert Oracle(events, "[seasons]\nlearn = false").clock(boots, month) == Clock()


def test_even_sales_teach_no_season():
    events, month = boot_shop(4)
    books = [event for event in events if event.category == "books"]
    assert Oracle(books, "").learnt(month) == {}


def test_a_refund_takes_an_order_out_of_what_is_learnt_from_then_on():
    events, month = boot_shop(4)
    events = [event._replace(order_id=f"{event.customer}-{event.at}") for event in events]
    late = day("2024-02-15") * US_PER_DAY
    gone = [
        Event(event.customer, late, "order.cancelled", event.order_id) for event in events if event.category == "boots"
    ]
    shop = Oracle(events + gone, "")
    assert Group("boots", None) in shop.learnt(day("2024-02-01"))
    assert Group("boots", None) not in shop.learnt(month)


def test_the_whole_shop_has_a_clock_when_nothing_else_has():
    events, month = boot_shop(4)
    shop = Oracle([event._replace(category=None) for event in events if event.category == "boots"], "")
    assert set(shop.learnt(month)) == {SHOP}
    assert shop.clock(Group("hats", "east"), month).seasonal()


def test_windows_run_on_the_clock():
    policy = WINDOW + "[[season]]\nmonths = [11, 12, 1, 2, 3, 4, 5]\n"  # seven months: a clock, but no season
    picture = oracle("2025-07-01 order", policy).picture(1, at("2025-07-02"))
    # out of season the clock runs .05 / (7.35 / 12) = .08 of a day a day; 30 clock days are over in November
    assert date_of(picture.overdue_at // US_PER_DAY).month == 11
