"""Days, weeks and months of a zone, where clocks jump at midnight, and instants as text."""

import time
import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenure.errors import BadTime
from tenure.periods import (
    DAY_US,
    calendar,
    date_of,
    day_number,
    day_of,
    format_instant,
    month_start,
    parse_instant,
    start_of_day,
    week_start,
    zone_named,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# zones whose clocks have jumped at or across midnight, or left out or repeated a day
AWKWARD = [
    "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Juneau", "America/Sao_Paulo",
    "America/St_Johns", "Asia/Amman", "Asia/Beirut", "Asia/Gaza", "Asia/Manila", "Asia/Tehran", "Atlantic/Azores",
    "Europe/Dublin", "Pacific/Apia", "Pacific/Kwajalein", "Antarctica/Troll", "Australia/Lord_Howe", "UTC",
]


def day(text):
    return day_number(date.fromisoformat(text))


def start(text, zone):
    return format_instant(start_of_day(day(text), zone))


def columns(table):
    return table.day, table.start_at, table.week_start_day, table.month_start_day


def local_date(instant, zone):
    return (EPOCH + timedelta(microseconds=instant)).astimezone(zoneinfo.ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("zone", "on", "expected"),
    [
        ("UTC", "2024-03-31", "2024-03-31T00:00:00Z"),
        ("Europe/Berlin", "2024-03-31", "2024-03-30T23:00:00Z"),  # the jump at 2 o'clock is after the start
        ("Europe/Berlin", "2024-04-01", "2024-03-31T22:00:00Z"),
        ("America/New_York", "2024-11-03", "2024-11-03T04:00:00Z"),
        ("America/New_York", "2024-11-04", "2024-11-04T05:00:00Z"),
        # 00:00 -> 01:00: midnight never was, the day starts at the jump
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
        ("America/Havana", "2024-03-10", "2024-03-10T05:00:00Z"),
        # 23:30 -> 00:30: midnight lies inside the gap
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"),
        # 24:00 -> 23:00 of the day before: midnight comes once, an hour later
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"),
        ("Africa/Cairo", "2024-11-01", "2024-10-31T22:00:00Z"),
        # 01:00 -> 00:00: midnight comes twice, the day starts with the first
        ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
        # 00:01 -> 23:01 of the day before: the day has begun and stays begun
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"),
        # 30 December 2011 was left out: an empty day
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2012-01-01", "2011-12-31T10:00:00Z"),
    ],
)
def test_a_day_starts_at_its_first_instant(zone, on, expected):
    assert start(on, zone) == expected


def test_clocks_set_back_across_midnight_do_not_bring_yesterday_back():
    minute = 60_000_000
    begun = start_of_day(day("2010-11-07"), "America/St_Johns")
    assert local_date(begun + 2 * minute, "America/St_Johns") == date(2010, 11, 6)
    assert day_of(begun - 1, "America/St_Johns") == day("2010-11-06")
    assert day_of(begun + 2 * minute, "America/St_Johns") == day("2010-11-07")


def test_an_instant_of_a_left_out_day_belongs_to_the_next():
    at = start_of_day(day("2011-12-30"), "Pacific/Apia")
    assert day_of(at - 1, "Pacific/Apia") == day("2011-12-29")
    assert day_of(at, "Pacific/Apia") == day("2011-12-31")


@given(zone=st.sampled_from(AWKWARD), when=st.integers(day("1890-01-01"), day("2037-12-31")))
@example(zone="America/Juneau", when=day("1900-08-20"))
@example(zone="Asia/Manila", when=day("1844-12-31"))
@example(zone="Pacific/Kwajalein", when=day("1993-08-21"))
def test_a_day_holds_every_instant_from_its_start_and_none_before(zone, when):
    first, after = start_of_day(when, zone), start_of_day(when + 1, zone)
    assert first <= after
    assert local_date(first, zone) >= date_of(when) > local_date(first - 1, zone)
    # a quarter of an hour divides every jump of these zones' last 130 years that touches midnight
    earlier = range(first - 27 * 3_600_000_000, first, 900_000_000)
    assert all(local_date(instant, zone) < date_of(when) for instant in earlier)
    if first < after:
        assert [day_of(instant, zone) for instant in (first, after - 1)] == [when, when]
        assert day_of(first - 1, zone) < when


@pytest.mark.parametrize("zone", AWKWARD)
def test_the_calendar_is_the_start_of_each_day(zone):
    first, last = day("1985-01-01"), day("2030-12-31")
    table = calendar(first, last, zone)
    days = range(first, last + 1)
    assert table.day.tolist() == list(days)
    assert table.start_at.tolist() == [start_of_day(each, zone) for each in days]
    assert table.week_start_day.tolist() == [week_start(each) for each in days]
    assert table.month_start_day.tolist() == [month_start(each) for each in days]
    assert [str(column.dtype) for column in columns(table)] == ["int64"] * 4


@pytest.mark.parametrize(
    ("zone", "on"),
    [
        ("America/Sao_Paulo", "2018-11-04"),
        ("Pacific/Apia", "2011-12-30"),
        ("America/Toronto", "1919-03-31"),  # the only sort whose start is neither reading of midnight: 23:30 -> 00:30
    ],
)
def test_a_calendar_is_right_on_the_day_of_a_jump_wherever_it_ends(zone, on):
    for first in range(day(on) - 2, day(on) + 1):
        for last in range(first, day(on) + 3):
            days = range(first, last + 1)
            assert calendar(first, last, zone).start_at.tolist() == [start_of_day(each, zone) for each in days]


def test_a_calendar_without_days_is_empty():
    table = calendar(5, 4, "Europe/Berlin")
    assert [len(column) for column in columns(table)] == [0] * 4


def test_a_calendar_of_sixty_years_takes_less_than_a_twentieth_of_a_second():
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        calendar(day("1970-01-01"), day("2029-12-31"), "America/New_York")
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.05


def test_weeks_start_on_monday_and_months_on_the_first():
    mondays = {"2024-03-31": "2024-03-25", "2024-04-01": "2024-04-01", "1969-12-28": "1969-12-22"}
    assert {on: date_of(week_start(day(on))).isoformat() for on in mondays} == mondays
    firsts = {"2024-02-29": "2024-02-01", "2024-03-01": "2024-03-01", "1969-12-31": "1969-12-01"}
    assert {on: date_of(month_start(day(on))).isoformat() for on in firsts} == firsts


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-03-31", "UTC", "2024-03-31T00:00:00Z"),
        ("2024-03-31", "Europe/Berlin", "2024-03-30T23:00:00Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        (" 2024-03-31 ", "UTC", "2024-03-31T00:00:00Z"),
        ("2024-07-01T12:30", "Europe/Berlin", "2024-07-01T10:30:00Z"),
        ("2024-07-01 12:30:15.25", "Europe/Berlin", "2024-07-01T10:30:15.250000Z"),
        ("2024-07-01T12:30Z", "Europe/Berlin", "2024-07-01T12:30:00Z"),
        ("2024-07-01T12:30-05:00", "Europe/Berlin", "2024-07-01T17:30:00Z"),
        ("2024-07-01T12:30:00.123456789Z", "UTC", "2024-07-01T12:30:00.123456Z"),
        ("2024-10-27T02:30", "Europe/Berlin", "2024-10-27T00:30:00Z"),  # came twice: the first
        ("2024-03-31T02:30", "Europe/Berlin", "2024-03-31T01:30:00Z"),  # never was: as if the clock had gone on
        ("1969-12-31T23:59:59.999999Z", "UTC", "1969-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00Z", "UTC", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "UTC", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_text_becomes_an_instant(text, zone, expected):
    assert format_instant(parse_instant(text, zone)) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2024-13-01", "2024-02-30", "31.03.2024", "2024-03-31T25:00", "12345", "0000-01-01"]
)
def test_text_that_is_no_time_is_refused_in_one_line(text):
    with pytest.raises(BadTime) as caught:
        parse_instant(text, "UTC")
    how = "write 2024-03-31, 2024-03-31T12:00 or 2024-03-31T12:00Z"
    assert str(caught.value) == f"cannot read {text!r} as a date or time; {how}"


@given(st.integers(start_of_day(day("0001-01-01"), "UTC"), start_of_day(day("9999-12-31"), "UTC")))
def test_an_instant_survives_being_written_and_read(instant):
    assert parse_instant(format_instant(instant), "Asia/Tokyo") == instant


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin or Europe/Belfast?"),
        ("xyz123", 'use an IANA name such as "Europe/Berlin" or "UTC"'),
        ("", 'use an IANA name such as "Europe/Berlin" or "UTC"'),
        ("Q" * 500, 'use an IANA name such as "Europe/Berlin" or "UTC"'),
        ("../../etc/passwd", 'use an IANA name such as "Europe/Berlin" or "UTC"'),
        ("a\0b", 'use an IANA name such as "Europe/Berlin" or "UTC"'),
    ],
)
def test_an_unknown_zone_is_refused_with_a_hint(name, hint):
    with pytest.raises(BadTime) as caught:
        zone_named(name)
    assert str(caught.value) == f"unknown time zone {name!r}: {hint}"


@pytest.mark.parametrize("name", ["Europe", "localtime", "tzdata.zi"])
def test_folders_and_the_zone_of_the_machine_are_no_zones(name):
    with pytest.raises(BadTime):
        zone_named(name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: start_of_day(day("9999-12-31") + 1, "UTC"),
        lambda: start_of_day(day("0001-01-01") - 1, "UTC"),
        lambda: date_of(10**9),
        lambda: month_start(-(10**9)),
        lambda: calendar(0, 10**7, "UTC"),
        lambda: calendar(-(10**7), 0, "UTC"),
        lambda: day_of(10**30, "UTC"),
        lambda: day_of(-(10**18), "UTC"),
        lambda: format_instant(10**18),
        lambda: format_instant(parse_instant("0001-01-01", "Asia/Tokyo")),
        lambda: day_of(parse_instant("9999-12-31T23:00Z", "UTC"), "Asia/Tokyo"),
    ],
)
def test_times_outside_the_years_1_to_9999_are_refused(call):
    with pytest.raises(BadTime, match=r"outside the years 1 to 9999"):
        call()


def test_the_first_and_last_days_of_the_calendar_can_be_asked_for():
    assert start_of_day(day("9999-12-31"), "Asia/Tokyo") == day("9999-12-31") * DAY_US - 9 * 3_600_000_000
    assert day_of(day("9999-12-31") * DAY_US, "Asia/Tokyo") == day("9999-12-31")
    for zone in ("Asia/Tokyo", "America/New_York"):
        first, last = day("0001-01-01"), day("9999-12-31")
        assert calendar(first, first + 1, zone).start_at.tolist() == [start_of_day(d, zone) for d in (first, first + 1)]
        assert calendar(last - 1, last, zone).start_at.tolist() == [start_of_day(d, zone) for d in (last - 1, last)]


@pytest.mark.parametrize(("written", "meant"), [
    ("Europe", "Europe/Amsterdam or Europe/Andorra"),
    ("Berlin", "Europe/Berlin"),
    ("new york", "America/New_York"),
    ("Europe/Berln", "Europe/Berlin or Europe/Belfast"),
])  # fmt: skip
def test_a_part_of_a_zone_s_name_leads_to_whole_names(written, meant):
    with pytest.raises(BadTime) as caught:
        zone_named(written)
    assert str(caught.value) == f"unknown time zone {written!r}: did you mean {meant}?"
