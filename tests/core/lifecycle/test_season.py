"""The seasonal clock against the study's vectors, its seasons on real calendars, and its tables for SQL."""

import math
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.lifecycle.policy import Season, load
from tenure.lifecycle.season import CALENDAR, PARTS, YEAR_DAYS, Clock, declared

BOOT_MONTHS = (0.9, 0.35, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.25, 1.2, 2, 1.6)
BOOTS = declared(Season(weights=BOOT_MONTHS), shifted=False)
WINTER = declared(Season(months=(10, 11, 12, 1, 2)), shifted=False)
SOUTH = declared(Season(months=(10, 11, 12, 1, 2), weights=BOOT_MONTHS), shifted=True)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def on(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(number))).isoformat()


def end_after(clock: Clock, *texts: str) -> list[str]:
    return [on(one) for one in clock.season_end_after([day(text) for text in texts])]


def test_the_boot_clock_gives_the_studys_numbers():
    days = [20103, 20270, 20407]
    assert BOOTS.lam(days).round(6).tolist() == [20116.847433, 20173.544114, 20310.006787]
    assert np.abs(BOOTS.lam_inv(BOOTS.lam(days)) - days).max() < 1e-9


def test_gaps_on_the_boot_clock_are_the_studys():
    north = BOOTS.lam([day("2023-11-18"), day("2024-11-09")])
    south = declared(Season(weights=BOOT_MONTHS), shifted=True).lam([day("2024-05-18"), day("2025-05-09")])
    assert round(float(np.diff(north)[0]), 2) == 336.47
    assert round(float(np.diff(south)[0]), 2) == 333.38
    assert on(math.ceil(BOOTS.lam_inv(north[1] + 192.33) - 1e-9)) == "2025-01-16"
    assert on(math.ceil(BOOTS.lam_inv(north[1] + 832.34) - 1e-9)) == "2026-12-10"


def test_the_calendar_is_the_identity_and_so_is_a_season_all_year_long():
    all_year = declared(Season(months=tuple(range(1, 13))), shifted=False)
    days = np.array([-400.3, 0.0, 0.1, 365.25, 20103.7])
    for clock in (CALENDAR, all_year):
        assert clock.lam(days).tolist() == clock.lam_inv(days).tolist() == days.tolist()
        assert (clock.plain, clock.seasonal) == (True, False)
    assert CALENDAR.run == (0, 42)


def test_a_declared_clock_has_mean_one_and_never_stands():
    for clock in (BOOTS, WINTER, SOUTH, declared(Season(weights=[0] * 6 + [1] + [0] * 5), shifted=False)):
        assert abs(clock.weights.mean() - 1) < 1e-12
        assert clock.weights.min() > 0.047
        assert (clock.cumulative[0], clock.cumulative[-1]) == (0.0, YEAR_DAYS)


def test_the_scale_of_weights_does_not_matter():
    tenfold = declared(Season(weights=[10 * one for one in BOOT_MONTHS]), shifted=False)
    assert np.abs(tenfold.weights - BOOTS.weights).max() < 1e-12


def test_the_other_hemisphere_is_half_a_year_away():
    assert SOUTH.months == (4, 5, 6, 7, 8)
    assert np.abs(SOUTH.weights - np.roll(BOOTS.weights, 26)).max() < 1e-12


weights = st.lists(st.floats(0.05, 20), min_size=PARTS, max_size=PARTS).map(np.array)
floored = weights.map(lambda found: np.maximum(found / found.mean(), 0.05))
clocks = floored.map(lambda found: Clock(found / found.mean()))


@given(clocks, st.lists(st.floats(-80_000, 80_000), min_size=1))
def test_the_inverse_is_exact_and_the_clock_never_runs_back(clock, days):
    days = np.sort(days)
    assert np.abs(clock.lam_inv(clock.lam(days)) - days).max() < 1e-8
    assert np.abs(clock.lam(clock.lam_inv(days)) - days).max() < 1e-8
    assert (np.diff(clock.lam(days)) >= 0).all()
    assert np.abs(clock.lam(days + YEAR_DAYS) - clock.lam(days) - YEAR_DAYS).max() < 1e-8


def test_a_season_over_the_years_end_ends_with_its_last_month():
    recent = ["2024-09-30", "2024-10-01", "2024-11-09", "2025-02-28", "2025-03-01"]
    assert end_after(WINTER, *recent) == ["2025-03-01", "2026-03-01", "2026-03-01", "2026-03-01", "2026-03-01"]
    assert end_after(WINTER, "1969-09-30", "1970-01-05") == ["1970-03-01", "1971-03-01"]
    assert end_after(SOUTH, "2025-05-09", "2025-03-31") == ["2026-09-01", "2025-09-01"]


def test_a_day_just_before_a_season_sees_it_end():
    assert [on(one) for one in WINTER.season_ending_after(day("2024-07-01"))] == ["2024-10-01", "2025-03-01"]
    assert [on(one) for one in WINTER.season_ending_after(day("2025-02-28"))] == ["2024-10-01", "2025-03-01"]
    assert [on(one) for one in WINTER.season_ending_after(day("2025-03-01"))] == ["2025-10-01", "2026-03-01"]


def test_two_runs_of_months_are_two_seasons_a_year():
    clock = declared(Season(months=(11, 4, 12, 5)), shifted=False)
    asked = ["2025-01-01", "2025-04-01", "2025-06-30", "2025-11-01"]
    assert end_after(clock, *asked) == ["2025-06-01", "2026-01-01", "2026-01-01", "2026-06-01"]
    assert [on(one) for one in clock.season_ending_after(day("2025-06-01"))] == ["2025-11-01", "2026-01-01"]


def test_six_months_are_a_season_and_seven_are_not():
    assert declared(Season(months=(1, 3, 5, 7, 9, 11)), shifted=False).seasonal
    assert not declared(Season(months=(1, 2, 3, 4, 5, 6, 7)), shifted=False).seasonal
    with pytest.raises(ValueError, match=r"^a clock without a season has no season's end$"):
        CALENDAR.season_end_after([20000])
    assert WINTER.season_end_after([]).tolist() == []


def test_weights_alone_make_the_shortest_run_of_parts_the_season():
    assert (BOOTS.run, BOOTS.seasonal) == ((39, 16), True)
    start, end = BOOTS.season_ending_after(day("2024-12-25"))
    year = math.floor(day("2024-10-01") / YEAR_DAYS)
    assert start == math.ceil(year * YEAR_DAYS + 39 * YEAR_DAYS / 52) == day("2024-10-02")
    assert end == math.ceil(year * YEAR_DAYS + 55 * YEAR_DAYS / 52) == day("2025-01-22")
    assert end_after(BOOTS, "2024-10-01", "2024-10-02") == ["2025-01-22", "2026-01-23"]


def slow_run(weights: np.ndarray) -> tuple[int, int]:
    """The shortest run with 80 %, one part after the other; the last of equals loses."""
    for length in range(1, PARTS + 1):
        sums = [math.fsum(weights[(first + step) % PARTS] for step in range(length)) for first in range(PARTS)]
        fitting = [one for one in sums if one >= 0.8 * PARTS - 1e-9]
        if fitting:
            return min(first for first in range(PARTS) if sums[first] >= max(fitting) - 1e-9), length
    raise AssertionError


@given(st.lists(st.integers(0, 5), min_size=PARTS, max_size=PARTS).filter(any))
def test_the_shortest_run_is_the_plain_search_with_its_ties(found):
    found = np.maximum(np.array(found) / np.mean(found), 0.05)
    clock = Clock(found / found.mean())
    assert clock.run == slow_run(clock.weights)
    assert clock.seasonal == (clock.run[1] <= 26)


def test_exactly_eighty_percent_is_enough():
    ten = np.where(np.arange(PARTS) < 13, 3.2, 0.8 / 3)
    assert Clock(ten).run == (0, 13)
    half = Clock(np.where(np.arange(PARTS) < 26, 1.6, 0.4))
    assert (half.run, half.seasonal) == ((0, 26), True)


def test_the_how_to_page_is_true(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "declare-a-season.md").read_text(encoding="utf-8")
    example, more = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    entry, regions = example.split("\n\n")
    for text in (example, f"{entry}\n{more}\n{regions}"):
        (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
        policy = load(tmp_path / "shop.toml")
        (season, shifted), (same, turned) = (policy.season_for("boots", region) for region in ("Norway", "Chile"))
        assert season is not None
        assert (season, shifted, turned, season.lead_days) == (same, False, True, 21)
        norway, chile = declared(season, shifted), declared(season, turned)
        assert end_after(norway, "2024-11-09") == ["2026-03-01"]
        assert end_after(chile, "2025-05-09") == ["2026-09-01"]
        writes = [on(clock.season_ending_after(day("2026-09-01"))[0] - 21) for clock in (norway, chile)]
        assert writes == ["2026-09-10", "2027-03-11"]
