"""Times of every spelling become instants; those that can mean two things are refused."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import csv, seen

from tenure.engine.duckdb import DuckDB
from tenure.errors import BadFile, BadTime

UTC = dt.UTC


def read_times(tmp_path, *texts, times_in="UTC", name="at", **named):
    rows = "".join(f'1,"{text}"\n' for text in texts)
    return seen(csv(tmp_path / "a.csv", f"customer,{name}\n{rows}"), times_in=times_in, **named)


def read_column(array, name="at", times_in="UTC", **named):
    table = pa.table({"customer": pa.array([1] * len(array)), name: array})
    return seen(table, times_in=times_in, **named)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-31", "2024-01-31 00:00:00"),
        (" 2024-01-31 ", "2024-01-31 00:00:00"),
        ("2024/1/5", "2024-01-05 00:00:00"),
        ("2024.01.31", "2024-01-31 00:00:00"),
        ("20240131", "2024-01-31 00:00:00"),
        ("2024-01-31T10:05", "2024-01-31 10:05:00"),
        ("2024-01-31 10:05:07,250", "2024-01-31 10:05:07"),
        ("20240131T100507", "2024-01-31 10:05:07"),
        ("2024-01-31T10:05:07Z", "2024-01-31 10:05:07"),
        ("2024-01-31 10:05:07 UTC", "2024-01-31 10:05:07"),
        ("2024-01-31T10:05:07+01:00", "2024-01-31 09:05:07"),
        ("2024-01-31 10:05:07 -0530", "2024-01-31 15:35:07"),
        ("20240131T1005+01", "2024-01-31 09:05:00"),
        ("2024-01-31T10:05:07.123456789Z", "2024-01-31 10:05:07"),
        ("31 Jan 2024", "2024-01-31 00:00:00"),
        ("31-Jan-24 10:05", "2024-01-31 10:05:00"),
        ("January 31, 2024 10:05 PM", "2024-01-31 22:05:00"),
        ("31/01/2024", "2024-01-31 00:00:00"),
        ("31.1.2024 10:05:07", "2024-01-31 10:05:07"),
        ("1/31/24 1:05 pm", "2024-01-31 13:05:00"),
        ("05/05/2024", "2024-05-05 00:00:00"),
        ("1706695507", "2024-01-31 10:05:07"),
        ("1706695507000", "2024-01-31 10:05:07"),
        ("1706695507000000", "2024-01-31 10:05:07"),
        ("1706695507000000999", "2024-01-31 10:05:07"),
        ("1706695507.0", "2024-01-31 10:05:07"),
    ],
)
def test_a_written_time(tmp_path, text, time):
    assert read_times(tmp_path, text).times() == [time]


def test_microseconds_are_kept(tmp_path):
    found = read_times(tmp_path, "2024-01-31T10:05:07.123456", "1706695507123457")
    assert [at % 1_000_000 for at in found.column("at")] == [123456]
    assert found.codes() == [(3, "bad_time")]
    assert [at % 1_000_000 for at in read_times(tmp_path, "1706695507123457").column("at")] == [123457]


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-02-30", "2024-13-01", "10:05", "2024-01-31 25:00", "infinity", "2024-01-31x", "2024"]
)
def test_a_time_that_cannot_be_read_is_rejected(tmp_path, text):
    found = read_times(tmp_path, "2024-01-31", text)
    assert found.times() == ["2024-01-31 00:00:00"]
    assert found.codes() == [(3, "bad_time")]


@pytest.mark.parametrize("text", ["1899-12-31T23:59:59Z", "2201-01-01", "9999-12-31", "0024-01-31"])
def test_years_before_1900_or_after_2200_are_rejected(tmp_path, text):
    found = read_times(tmp_path, "1900-01-01", "2200-12-31T23:59:59.999999", text)
    assert found.times() == ["1900-01-01 00:00:00", "2200-12-31 23:59:59"]
    assert found.column("at") == [-2208988800000000, 7289654399999999]
    assert found.codes() == [(4, "time_out_of_range")]


@pytest.mark.parametrize(
    ("texts", "times"),
    [
        (("01/02/2024", "31/01/2024"), ["2024-01-31 00:00:00", "2024-02-01 00:00:00"]),
        (("01/02/2024", "01/31/2024"), ["2024-01-02 00:00:00", "2024-01-31 00:00:00"]),
        (("31/01/2024", "2024-02-01"), ["2024-01-31 00:00:00", "2024-02-01 00:00:00"]),
    ],
)
def test_the_column_tells_day_first_from_month_first(tmp_path, texts, times):
    assert read_times(tmp_path, *texts).times() == times


def test_a_month_that_does_not_exist_is_rejected_and_does_not_decide(tmp_path):
    found = read_times(tmp_path, "31/01/2024", "99/99/2024")
    assert found.times() == ["2024-01-31 00:00:00"]
    assert found.codes() == [(3, "bad_time")]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ("01/02/2024", "05/05/2024"),
            (
                "a.csv: in the column 'at' dates such as '01/02/2024' can be read day first or month first;"
                " write them as 2024-01-31"
            ),
        ),
        (
            ("31/01/2024", "01/31/2024"),
            "a.csv: in the column 'at' some dates are written day first and some month first; write them as 2024-01-31",
        ),
    ],
)
def test_dates_that_can_mean_two_days_are_refused(tmp_path, monkeypatch, texts, message):
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "a.csv", "customer,at\n" + "".join(f"1,{text}\n" for text in texts))
    with pytest.raises(BadTime) as caught:
        seen("a.csv")
    assert str(caught.value) == message


MOMENT = dt.datetime(2024, 1, 31, 10, 5, 7)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit(unit):
    assert read_column(pa.array([MOMENT], pa.timestamp(unit))).column("at") == [1706695507000000]
    zoned = pa.array([1706695507 * 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]], pa.timestamp(unit, "Asia/Tokyo"))
    found = read_column(zoned, times_in="America/New_York")
    assert found.column("at") == [1706695507000000]
    assert found.timeline.notes == ()


BEYOND = [
    (pa.timestamp("s"), 2**63 - 1),
    (pa.timestamp("s"), 10**13),
    (pa.timestamp("s", "UTC"), -(10**13)),
    (pa.timestamp("ms"), 10**16),
    (pa.timestamp("ms"), -(2**63)),
    (pa.timestamp("ms", "UTC"), 2**63 - 1),
    (pa.timestamp("us"), 2**63 - 1),
    (pa.timestamp("us", "UTC"), -(2**63) + 1),
    (pa.date32(), 2**31 - 2),
    (pa.date64(), 2**63 - 1),
]
"""Types with a value beyond the microseconds of 64 bits."""


@pytest.mark.parametrize(("kind", "beyond"), BEYOND, ids=str)
def test_times_beyond_all_microseconds_are_counted_like_any_far_year(tmp_path, kind, beyond):
    numbers = pa.array([0, None, beyond], pa.int32() if pa.types.is_date32(kind) else pa.int64())
    table = pa.table({"customer": [1, 1, 1], "at": numbers.cast(kind), "name": pa.array([b"x"] * 3)})
    sources = [table]
    if getattr(kind, "unit", "day") in ("ms", "us"):  # Parquet has no others
        pq.write_table(table, tmp_path / "a.parquet")
        sources.append(tmp_path / "a.parquet")
    for source in sources:
        for zone, hours in (("UTC", 0), ("America/New_York", 5), ("Asia/Tokyo", -9)):
            found = seen(source, times_in=zone)
            assert found.codes() == [(2, "bad_time"), (3, "time_out_of_range")]
            assert found.column("at") == [0 if getattr(kind, "tz", None) else hours * 3_600_000_000]


def test_a_far_time_in_a_file_that_does_not_tell_its_extremes_is_said(tmp_path):
    table = pa.table({"customer": [1, 1], "at": pa.array([0, 10**16], pa.timestamp("ms"))})
    pq.write_table(table, tmp_path / "a.parquet", write_statistics=False)
    with pytest.raises(BadFile, match=r"a\.parquet: a time in it lies beyond the year 290,000; correct it or leave"):
        seen(tmp_path / "a.parquet")


@pytest.mark.parametrize("kind", ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP", "TIMESTAMPTZ", "DATE"])
def test_the_times_of_the_engine_have_an_end(kind):
    with DuckDB(threads=1) as other:
        made = f"SELECT 1 AS customer, '2024-01-31'::{kind} AS \"at\" UNION ALL SELECT 2, 'infinity'::{kind}"
        assert seen(other.connection.sql(made)).codes() == [(2, "time_out_of_range")]


def test_dates_are_the_first_instant_of_their_day_in_the_zone():
    found = read_column(pa.array([dt.date(2024, 1, 31)]), times_in="America/New_York")
    assert found.times() == ["2024-01-31 05:00:00"]


@pytest.mark.parametrize("name", ["at", "created_at", "timestamp", "event_time", "order_date_us"])
@pytest.mark.parametrize(("number", "unit"), [(1706695507, 10**6), (1706695507000, 10**3), (1706695507000000, 1)])
def test_whole_numbers_count_from_1970_where_the_name_says_so(name, number, unit):
    if name.endswith("_us"):
        # the name outranks the size
        assert read_column(pa.array([number]), name, at=name).column("at") == [number]
    else:
        assert read_column(pa.array([number, number]), name).column("at") == [number * unit] * 2


def test_nanoseconds_and_fractions_of_seconds():
    assert read_column(pa.array([1706695507000000000])).column("at") == [1706695507000000]
    assert read_column(pa.array([1706695507.25])).column("at") == [1706695507250000]


def test_one_odd_number_does_not_change_the_unit_of_the_others():
    found = read_column(pa.array([1706695507, 1706695508, 9223372036854775807, None]))
    assert found.column("at") == [1706695507000000, 1706695508000000]
    assert found.codes() == [(3, "time_out_of_range"), (4, "bad_time")]


def test_whole_numbers_that_are_all_dates_are_dates():
    assert read_column(pa.array([20240131, 20240229]), "order_date").times() == [
        "2024-01-31 00:00:00",
        "2024-02-29 00:00:00",
    ]


def test_numbers_in_a_column_of_dates_must_be_named_to_count_from_1970():
    numbers = pa.array([1706695507, 1706695508])
    message = (
        r"^table 1: the column 'order_date' holds numbers, not dates; if they count from 1970 \(s, ms, us or ns\),"
        r""" name it: --at 'order_date' \(columns=\{"at": 'order_date'\} in Python\)$"""
    )
    with pytest.raises(BadTime, match=message):
        read_column(numbers, "order_date")
    assert read_column(numbers, "order_date", at="order_date").column("at") == [1706695507000000, 1706695508000000]


@pytest.mark.parametrize("name", ["at", "order_date", "created_at"])
@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("number", [44197, 45292.5])
def test_days_as_spreadsheets_count_them_are_said_to_be_that(tmp_path, monkeypatch, name, written, number):
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "a.csv", f"customer,{name}\n1,{number}\n2,{number + 400}\n3,\n")
    table = pa.table({"customer": [1, 2], name: [number, number + 400]})
    with pytest.raises(BadTime) as caught:
        seen("a.csv" if written else table, at=name)
    assert str(caught.value) == (
        f"{'a.csv' if written else 'table 1'}: the column {name!r} holds days as a spreadsheet counts them"
        " (45292 is 2024-01-01); give the column the format of a date there and save it again"
    )


def test_small_numbers_of_a_named_unit_are_what_the_name_says():
    assert read_column(pa.array([44197, 44198]), "order_date_ms", at="order_date_ms").column("at") == [
        44197000, 44198000,
    ]  # fmt: skip


def test_times_without_zone_are_the_walls_and_it_is_said(tmp_path):
    found = read_times(tmp_path, "2024-01-31 10:00", "2024-07-31 10:00", times_in="America/New_York")
    assert found.times() == ["2024-01-31 15:00:00", "2024-07-31 14:00:00"]
    assert found.timeline.notes == (
        (
            "the times carry no zone: read as times in America/New_York;"
            " if that is wrong, --times-in ZONE (times_in= in Python)"
        ),
    )


def test_times_with_and_without_zone_in_one_column(tmp_path):
    texts = ("2024-01-31T10:00Z", "2024-01-31T10:00+01:00", "2024-01-31T10:00")
    found = read_times(tmp_path, *texts, times_in="America/New_York")
    assert found.times() == ["2024-01-31 09:00:00", "2024-01-31 10:00:00", "2024-01-31 15:00:00"]
    assert found.timeline.notes == (
        (
            "1 of 3 times carry no zone: read as times in America/New_York;"
            " if that is wrong, --times-in ZONE (times_in= in Python)"
        ),
    )


def test_hours_that_come_twice_or_never(tmp_path):
    # clocks in New York: 2024-03-10 from 2:00 to 3:00, 2024-11-03 from 2:00 back to 1:00
    walls = ("2024-03-10 01:59", "2024-03-10 02:30", "2024-03-10 03:00", "2024-11-03 01:30", "2024-11-03 02:00")
    found = read_times(tmp_path, *walls, times_in="America/New_York")
    assert found.times() == [
        "2024-03-10 06:59:00",
        "2024-03-10 07:00:00",
        "2024-03-10 07:30:00",
        "2024-11-03 05:30:00",
        "2024-11-03 07:00:00",
    ]
    assert found.timeline.notes[:-1] == (
        "1 times fall into an hour that America/New_York has twice (clocks set back): read as the first",
        "1 times fall into an hour that America/New_York left out (clocks set forward): counted on from before",
    )


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_walls_of_three_centuries_agree_with_the_calendar_of_python(zone):
    from tenure.periods import parse_instant

    start = dt.datetime(1900, 1, 3, 2, 30)
    walls = [start + dt.timedelta(hours=11 * i) for i in range(0, 238_000, 13)]
    found = read_column(pa.array(walls, pa.timestamp("us")), times_in=zone)
    assert found.column("at") == sorted(parse_instant(wall.isoformat(), zone) for wall in walls)


def test_an_unknown_zone_is_refused(tmp_path):
    with pytest.raises(BadTime, match="unknown time zone 'Europe/Belin': did you mean Europe/Berlin"):
        read_times(tmp_path, "2024-01-31", times_in="Europe/Belin")


@pytest.mark.parametrize(("odd", "said"), [
    ("1901-01-01", "1 row lies more than a year before 98 % of the others (to 1901-01-01T00:00:00Z): check the dates"),
    ("2199-12-31", (
        "1 row lies more than a year after 98 % of the others (to 2199-12-31T00:00:00Z): check the dates;"
        " --until or --as-of with a day before them leaves them out (until=, as_of= in Python)"
    )),
])  # fmt: skip
def test_rows_far_from_the_others_are_said_and_how_to_leave_them_out_before_that_of_the_zone(tmp_path, odd, said):
    found = read_times(tmp_path, *["2024-01-31"] * 200, odd)
    assert [note for note in found.timeline.notes if "repeat" not in note] == [
        said, "the times carry no zone: read as times in UTC; if that is wrong, --times-in ZONE (times_in= in Python)",
    ]  # fmt: skip
