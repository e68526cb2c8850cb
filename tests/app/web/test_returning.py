"""Cohorts counted where the passages lie are those that the core finds from arrays of occasions."""

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tenure.measure import retention
from tenure.periods import calendar, day_number, start_of_day
from tenure_app.insight.reading import Reading
from tenure_app.web.returning import returned

HOUR = 3_600_000_000


def lives(zone, first, last, seed):
    """Passages of a few hundred customers: many buy near midnight, many twice on a day."""
    rng = np.random.default_rng(seed)
    start, end = (start_of_day(day_number(on), zone) for on in (first, last))
    rows = []
    for c in range(1, 401):
        n = int(rng.integers(0, 7))
        at = np.sort(
            rng.integers(start, end + 400 * HOUR, n) // (12 * HOUR) * (12 * HOUR) + rng.integers(-2, 3, n) * HOUR
        )
        rows += [(c * 7, int(one), int(at[0])) for one in at]
    columns = ("c", "last_order_at", "first_order_at")
    table = pa.table({name: pa.array([row[i] for row in rows], pa.int64()) for i, name in enumerate(columns)})
    return table.append_column("from_at", table["last_order_at"])


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Pacific/Apia", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("first", "last"), [(date(2011, 6, 2), date(2012, 3, 11)), (date(2009, 2, 3), date(2012, 1, 1))]
)
def test_the_cohorts_are_those_of_the_core(zone, first, last):
    table = lives(zone, first, last, seed=day_number(last))
    with duckdb.connect() as connection:
        connection.from_arrow(table).create("passages")
        connection.execute("CREATE TABLE people AS SELECT DISTINCT c, 1 AS orders FROM passages")
        as_of = start_of_day(day_number(last), zone)
        reading = Reading(connection, "g", as_of, zone, None, 0, as_of)
        every, kept, second = returned(reading, last)
    known = np.asarray(table["last_order_at"]) < as_of
    c, at = (np.asarray(table[name])[known] for name in ("c", "last_order_at"))
    days = calendar(day_number(first) - 5, day_number(last), zone)
    day = days.day[np.searchsorted(days.start_at, at, side="right") - 1]
    starts = retention.periods(int(day.min()), day_number(last), months={"month": 1, "quarter": 3}[every])
    asked = {"starts": starts, "as_of_day": day_number(last)}
    assert kept == tuple(one for one in retention.cohorts(c, day, **asked) if one.customers)
    assert second == tuple(one for one in retention.second_purchases(c, day, **asked) if one.customers)
    assert (every == "quarter") == (first.year == 2009)


def test_a_shop_without_orders_has_no_cohorts():
    with duckdb.connect() as connection:
        connection.from_arrow(lives("UTC", date(2011, 1, 1), date(2011, 5, 1), 1)).create("passages")
        connection.execute("CREATE TABLE people AS SELECT DISTINCT c, 0 AS orders FROM passages")
        reading = Reading(connection, "g", start_of_day(day_number(date(2010, 1, 1)), "UTC"), "UTC", None, 0, 0)
        assert returned(reading, date(2010, 1, 1)) == ("month", (), ())


def test_whose_orders_were_all_cancelled_is_in_no_cohort():
    with duckdb.connect() as connection:
        connection.from_arrow(lives("UTC", date(2011, 1, 1), date(2011, 5, 1), 1)).create("passages")
        connection.execute("CREATE TABLE people AS SELECT DISTINCT c, c % 2 AS orders FROM passages")
        on = date(2011, 5, 1)
        reading = Reading(connection, "g", start_of_day(day_number(on), "UTC"), "UTC", None, 0, 0)
        _, kept, second = returned(reading, on)
        ((stand,),) = connection.execute(
            "SELECT COUNT(DISTINCT c) FROM passages WHERE c % 2 = 1 AND last_order_at < $at", {"at": reading.as_of}
        ).fetchall()
    assert sum(one.customers for one in kept) == sum(one.customers for one in second) == stand > 0
