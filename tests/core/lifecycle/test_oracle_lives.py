"""The oracle agrees with itself on random lives, reads zones and policies, and knows nothing it should not."""

import os
from datetime import date
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from drawn import at, event
from lives import as_ofs, shop

from tenure.errors import BadPolicy, BadTime
from tenure.lifecycle.oracle import Oracle
from tenure.lifecycle.oracle.days import LocalDays, date_of, month_of, number_of

SEEDS = range(int(os.environ.get("TENURE_EXAMPLES", "40")) // 4)


@cache
def known(seed):
    """A random shop, its oracle, the end of its events and all histories until then."""
    drawn = shop(seed)
    asked = Oracle(*drawn)
    end = max(row.at for row in drawn.events) + 1
    return drawn, asked, end, {c: asked.history(c, end) for c in sorted({row.customer for row in drawn.events})}


@pytest.mark.generated
@pytest.mark.parametrize("seed", SEEDS)
def test_a_picture_is_the_interval_that_holds_its_instant(seed):
    drawn, asked, end, histories = known(seed)
    turns = [interval[2] for history in histories.values() for interval in history]
    for as_of in as_ofs(seed, drawn, turns, 12):
        if as_of <= end:
            expected = {
                customer: interval[:3]
                for customer, history in histories.items()
                for interval in history
                if interval[2] < as_of and (interval[3] is None or as_of <= interval[3])
            }
            found = {c: (one.stage, one.detail, one.since) for c, one in asked.pictures(as_of).items()}
            assert found == expected


@pytest.mark.generated
@pytest.mark.parametrize("seed", SEEDS)
def test_histories_leave_no_gap_and_repeat_nothing(seed):
    drawn, _, _, histories = known(seed)
    for customer, history in histories.items():
        assert history[0][2] == min(row.at for row in drawn.events if row.customer == customer)
        assert history[-1][3] is None
        for before, after in pairwise(history):
            assert before[3] == after[2] > before[2]
            assert before[:2] != after[:2]


@pytest.mark.generated
@pytest.mark.parametrize("seed", SEEDS)
def test_what_comes_later_changes_nothing(seed):
    drawn, asked, _, histories = known(seed)
    turns = [interval[2] for history in histories.values() for interval in history]
    for as_of in as_ofs(seed + 1, drawn, turns, 3):
        cut = Oracle([row for row in drawn.events if row.at < as_of], drawn.policy_text, drawn.zone)
        assert cut.pictures(as_of) == asked.pictures(as_of)


@pytest.mark.generated
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_changes_nothing(seed):
    drawn, _, end, histories = known(seed)
    rows = list(drawn.events)
    Random(seed).shuffle(rows)
    shuffled = Oracle(rows, drawn.policy_text, drawn.zone)
    assert {customer: shuffled.history(customer, end) for customer in histories} == histories
    assert shuffled.pictures(end) == Oracle(*drawn).pictures(end)


def test_the_same_seed_is_the_same_shop():
    assert shop(3) == shop(3)
    assert shop(3) != shop(4)


def test_random_lives_reach_every_stage_kind_and_season():
    stages, kinds, policies, zones, learnt = set(), set(), "", set(), 0
    for seed in range(20):
        drawn, asked, end, histories = known(seed)
        stages |= {interval[:2] for history in histories.values() for interval in history}
        kinds |= {row.kind for row in drawn.events}
        policies += drawn.policy_text
        zones.add(drawn.zone)
        learnt += bool(asked.learnt(month_of(number_of(date_of(end // 86_400_000_000)))))
    assert stages == {
        ("prospect", None), ("new", None), ("active", None), ("loyal", None), ("lapsed", "short"), ("lapsed", "long"),
        ("lapsed", "seasonal"), ("inactive", "win_back"), ("inactive", "do_not_contact"),
    }
    assert {"order.refunded", "order.cancelled", "customer.erased", "contact.allowed", "product.used"} < kinds
    said = ("chance", "quantile", "window", "restart_after", "activity", "[[scope]]", "months", "weights", "south")
    assert [word for word in said if word not in policies] == []
    assert len(zones) > 6
    assert learnt > 0


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("UTC", "2025-01-01", "2025-01-01"),
        ("Asia/Kolkata", "2025-01-01", "2024-12-31T18:30"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),  # midnight was skipped
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # so was the whole day
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30"),  # began twice: the first time counts
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),  # its eve had two hours before midnight
        ("UTC", "9999-12-31", "9999-12-31"),
    ],
)
def test_first_instant_of_a_day(zone, day, start):
    number = number_of(date.fromisoformat(day))
    assert LocalDays(zone).start(number) == at(start)


@pytest.mark.parametrize("zone", ["America/St_Johns", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "UTC"])
def test_every_instant_is_in_the_day_that_has_started_last(zone):
    days, random = LocalDays(zone), Random(5)
    for _ in range(300):
        number = random.randint(14_000, 18_000)
        start = days.start(number)
        assert days.day_of(start) == max(n for n in range(number, number + 3) if days.start(n) == start)
        assert days.day_of(start - 1) < number
        assert days.day_of(start + 1_800_000_000) >= number


@pytest.mark.parametrize(
    "text",
    ["[stage]\n", "[stages]\nactive = 2", "[rhythm]\nkind = 'guess'", "[[season]]\ncategory = 'boots'", "x = = 1",
     "[regions]\nhere = 'east'", "[stages]\nactivity = ['sleeping']"],
)
def test_a_policy_that_is_none_is_refused(text):
    with pytest.raises(BadPolicy):
        Oracle([], text)


def test_a_policy_may_be_a_file(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("[rhythm]\nkind = 'window'\ndays = [3, 4, 5]\n", encoding="utf-8")
    picture = Oracle([event("2025-01-01 order")], path).picture(1, at("2025-01-02"))
    assert (picture.overdue_at, picture.inactive_at) == (at("2025-01-04"), at("2025-01-06"))
    with pytest.raises(BadPolicy):
        Oracle([], tmp_path / "absent.toml")


def test_an_unknown_zone_is_refused():
    with pytest.raises(BadTime):
        Oracle([], zone="Mars/Olympus")
