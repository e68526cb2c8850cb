"""The report's numbers are the engine's: those of stages, flows and history, counted again here by hand."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest

from tenure.engine.duckdb import DuckDB
from tenure.lifecycle.flows import flows
from tenure.lifecycle.policy import DEFAULT, Rule, load
from tenure.periods import date_of, day_number, day_of, parse_instant, start_of_day
from tenure.read import read
from tenure.reporting import page
from tenure.reporting.gather import gather
from tenure.simulation import simulate

ZONE = "America/New_York"
FIRE, QUIET = ("new", "active", "loyal"), ("lapsed", "inactive")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A simulated shop of 600 people with prospects, refunds, refusals and two climates; its policy has a season."""
    return simulate(tmp_path_factory.mktemp("shop") / "boots.parquet", customers=600)


def table(rows, **more):
    """Rows (customer, ISO time) as a table."""
    customers, times = zip(*rows, strict=True) if rows else ((), ())
    columns = {"customer_id": list(customers), "at": pa.array(list(times), pa.string())}
    return pa.table(columns | more)


class Counted:
    """A report, and the history and the picture that it was gathered from and leaves in the engine."""

    def __init__(self, source, day, *, policy=DEFAULT, zone=ZONE):
        self.zone, self.as_of = zone, parse_instant(day, zone)
        with DuckDB() as engine:
            timeline = read(engine, source)
            self.data = gather(timeline, policy, zone=zone, as_of=self.as_of, name="Shop", files=["orders.csv"])
            lives = 'SELECT customer_id, stage, detail, "from", "to" FROM history'
            self.lives = engine.connection.sql(lives).fetchall()
            names = ("customer_id", "stage", "detail", "orders", "overdue_at", "contact_on", "expected_next_at")
            found = engine.connection.sql(f"SELECT {', '.join(names)} FROM stages").fetchall()
            self.stages = [dict(zip(names, row, strict=True)) for row in found]

    def standing(self, at):
        """Who stands in which stage and detail in the picture as of an instant, by customer."""
        return {c: (stage, detail or "") for c, stage, detail, a, b in self.lives if a < at and (b is None or at <= b)}

    def at(self, day: date):
        return self.standing(start_of_day(day_number(day), self.zone))


@pytest.fixture(scope="module")
def boots(shop):
    return Counted(shop.events, "2025-12-10", policy=load(shop.policy))


@pytest.fixture(scope="module")
def by_month(shop):
    """What the verb says: flows by month, from and to."""
    out = {}
    with DuckDB() as engine:
        until = parse_instant("2025-12-10", ZONE)
        found = flows(read(engine, shop.events), load(shop.policy), zone=ZONE, until=until, every="month")
        for row in found.to_pylist():
            out.setdefault(row["period"], {})[row["from_stage"] or "", row["to_stage"]] = row["customers"]
    return out


def test_counts_are_those_of_the_picture(boots):
    expected = Counter((row["stage"], row["detail"] or "") for row in boots.stages)
    assert {(row.stage, row.detail): row.customers for row in boots.data.stages} == expected
    assert [row.detail for row in boots.data.stages if row.detail] == [
        "short", "long", "seasonal", "win_back", "do_not_contact",
    ]
    assert boots.data.customers == len(boots.stages)
    assert boots.data.orders == sum(row["orders"] for row in boots.stages) > 500


def test_flows_are_those_of_the_last_whole_month_and_add_up(boots, by_month):
    data = boots.data
    assert (data.period.start, data.period.end) == (date(2025, 11, 1), date(2025, 12, 1))
    told = {(flow.from_stage, flow.to_stage): flow.customers for flow in data.flows}
    before, after = boots.at(data.period.start), boots.at(data.period.end)
    read_off = Counter((before.get(c, ("",))[0], stage) for c, (stage, _) in after.items())
    assert told == by_month[data.period.start] == read_off


def test_months_are_those_of_the_flows_without_the_month_in_which_the_file_begins(boots, shop, by_month):
    months = boots.data.months
    assert [month.start for month in months] == [date(2024 + (10 + i) // 12, (10 + i) % 12 + 1, 1) for i in range(13)]
    for month in months:
        sums = [
            sum(n for (a, b), n in by_month[month.start].items() if a in origins and b in ends)
            for origins, ends in ((FIRE, ("lapsed",)), (QUIET, FIRE), (("", "prospect"), FIRE))
        ]
        assert [month.became_overdue, month.came_back, month.first_orders] == sums
    early = Counted(shop.events, "2023-06-01", policy=load(shop.policy))
    assert [month.start for month in early.data.months] == [date(2023, 4, 1), date(2023, 5, 1)]


def test_the_river_is_the_picture_of_each_of_its_days_and_ends_at_the_counts(boots):
    days = sorted({level.day for level in boots.data.panel})
    assert days[0] == date_of(day_of(min(begins for *_, begins, _ in boots.lives), ZONE))
    assert days[-1] == boots.data.day
    assert {b - a for a, b in pairwise(days[1:])} == {timedelta(days=7)}
    for day in days:
        told = {(row.stage, row.detail): row.customers for row in boots.data.panel if row.day == day and row.customers}
        assert told == Counter(boots.at(day).values())


def test_a_short_life_has_a_daily_river_and_a_long_one_a_monthly():
    orders = [(1, "2000-01-05T10:00Z"), (2, "2000-03-05T10:00Z")]
    short, long = (
        sorted({level.day for level in Counted(table(orders), day).data.panel}) for day in ("2000-03-20", "2009-03-20")
    )
    assert len(short) == 76
    assert {b - a for a, b in pairwise(long[1:])} == {timedelta(days=30)}


def test_an_as_of_within_a_day_counts_that_morning():
    orders = [(1, "2024-03-01T10:00Z"), (2, "2024-03-20T09:00Z"), (3, "2024-03-20T15:00Z")]
    data = Counted(table(orders), "2024-03-20T12:00", zone="UTC").data
    assert data.customers == 2
    assert data.as_of == datetime(2024, 3, 20, 12, tzinfo=UTC)
    assert sum(level.customers for level in data.panel if level.day == date(2024, 3, 20)) == 2


def test_movers_are_the_right_people_and_the_best_come_first(boots):
    before, after = boots.at(boots.data.period.start), boots.at(boots.data.period.end)
    now = {row["customer_id"]: row for row in boots.stages}
    for moves, origins, ends in (
        (boots.data.overdue, FIRE, ("lapsed",)),
        (boots.data.returned, QUIET, FIRE),
        (boots.data.first, ("", "prospect"), FIRE),
    ):
        all_ = {c for c, (stage, _) in after.items() if before.get(c, ("",))[0] in origins and stage in ends}
        still = {c for c in all_ if now[c]["stage"] == after[c][0]}
        assert moves.total == len(all_) > 0
        best = sorted(still, key=lambda c: -now[c]["orders"])[:12]
        assert [row.orders for row in moves.rows] == [now[c]["orders"] for c in best]
        for row in moves.rows:
            c = int(row.customer)
            assert c in still
            assert (row.from_stage, row.to_stage) == (before.get(c, ("",))[0], after[c][0])
            assert boots.data.period.start <= row.on < boots.data.period.end
            sides = [boots.at(row.on).get(c, ("",))[0] in FIRE, boots.at(row.on + timedelta(days=1))[c][0] in FIRE]
            assert sides == ([True, False] if ends == ("lapsed",) else [False, True])


def test_the_one_who_spent_more_comes_first_among_equals():
    rows = [(c, at) for c in (1, 2, 3) for at in ("2024-01-05T10:00Z", "2024-02-10T10:00Z")]
    amounts = [5.0, 5.0, 50.0, 60.0, 7.0, 9.0]
    data = Counted(table(rows[::2], amount=amounts[::2]), "2024-02-01").data
    assert [move.customer for move in data.first.rows] == ["2", "3", "1"]
    mixed = table(rows[::2], amount=amounts[::2], currency=["EUR", "EUR", "USD"])
    assert {move.customer for move in Counted(mixed, "2024-02-01").data.first.rows} == {"1", "2", "3"}


def test_the_reasons_say_what_happened():
    monthly = [("Ann", f"2023-{month:02d}-03T12:00Z") for month in range(1, 7)]
    others = [(f"c{i}", f"2023-{i % 9 + 1:02d}-{i % 28 + 1:02d}T12:00Z") for i in range(60)]
    back = [("Ann", "2023-12-20T12:00Z")]
    data = Counted(table(monthly + others + back), "2024-01-01").data
    (move,) = [row for row in data.returned.rows if row.customer == "Ann"]
    assert move.on == date(2023, 12, 20)
    assert move.because.startswith("Ordered again after 200 days; not overdue before ")
    data = Counted(table([*monthly, ("Bob", "2023-12-20T12:00Z")]), "2024-01-01").data
    assert [(row.customer, row.from_stage, row.to_stage) for row in data.first.rows] == [("Bob", "", "new")]
    assert data.first.rows[0].because.startswith("1 order so far; not overdue before ")


def test_whoever_comes_back_and_becomes_loyal_moved_on_the_day_they_came_back():
    first = [("Ann", "2023-01-03T12:00Z"), ("Ann", "2024-05-02T12:00Z"), ("Ann", "2024-05-20T12:00Z")]
    data = Counted(table(first), "2024-06-01").data
    moved = [(row.from_stage, row.to_stage, row.on) for row in data.returned.rows]
    assert moved == [("inactive", "loyal", date(2024, 5, 2))]


def test_who_is_due_within_a_week_and_two(boots):
    ends = [start_of_day(day_number(boots.data.day) + days, ZONE) for days in (7, 14)]
    due = [row for row in boots.stages if row["stage"] in FIRE and row["overdue_at"] <= ends[1]]
    week = [row for row in due if row["overdue_at"] <= ends[0]]
    told = boots.data.due
    assert (told.within_14, told.within_7) == (len(due), len(week))
    assert told.loyal_within_7 == sum(row["stage"] == "loyal" for row in week)
    keys = ("overdue_at", "customer_id")
    order = sorted(due, key=lambda r: (r["expected_next_at"] >= boots.as_of, -r["orders"], *(r[key] for key in keys)))
    assert [int(row.customer) for row in told.rows] == [row["customer_id"] for row in order[:12]]
    assert [row.on for row in told.rows] == [date_of(day_of(row["overdue_at"], ZONE)) for row in order[:12]]
    assert [row.late for row in told.rows] == [row["expected_next_at"] < boots.as_of for row in order[:12]]


def test_the_missed_season_is_the_next_to_be_written_to(boots):
    days = Counter(row["contact_on"] for row in boots.stages if row["detail"] == "seasonal")
    first = min(days)
    assert (boots.data.missed_season.write_on, boots.data.missed_season.customers) == (date_of(first), days[first])


def test_the_bands_are_the_declared_season_and_the_other_climate_is_named(boots):
    assert [(band.name, band.start, band.end) for band in boots.data.seasons] == [
        ("boots 2023–24", date(2023, 10, 1), date(2024, 3, 1)),
        ("boots 2024–25", date(2024, 10, 1), date(2025, 3, 1)),
        ("boots 2025–26", date(2025, 10, 1), date(2026, 3, 1)),
    ]
    said = "The bands behind the river are the season of boots (north); boots (south) have another."
    assert boots.data.notes[-1] == said


def test_cohorts_count_each_customers_days_once():
    rows = [
        ("a", "2024-01-31T23:00Z"), ("a", "2024-02-01T02:00Z"), ("a", "2024-02-20T12:00Z"), ("a", "2024-02-21T12:00Z"),
        ("b", "2024-02-01T04:59Z"), ("c", "2024-02-01T05:00Z"), ("c", "2024-03-01T12:00Z"),
    ]  # fmt: skip
    data = Counted(table(rows), "2024-04-01").data
    # in New York the first five hours of February are January
    assert [(row.start_on, row.ordered) for row in data.cohorts] == [
        (date(2024, 1, 1), (2, 1, 0)),
        (date(2024, 2, 1), (1, 1)),
    ]
    january = data.second[0]
    assert (january.customers, january.again) == (2, 1)
    month = january.within[0]
    assert (month.days, month.observed, month.again, month.median_days) == (30, 2, 1, 20.0)
    assert data.every == "month"
    assert Counted(table(rows), "2026-10-01").data.every == "quarter"


def test_an_order_fully_refunded_leaves_the_cohorts():
    rows = [(c, f"2024-{day}T12:00Z") for c, day in (("a", "01-05"), ("a", "02-05"), ("a", "02-09"), ("b", "01-06"))]
    refunded = table(rows, order_id=["1", "2", "2", "3"], amount=[9.0, 9.0, -9.0, 9.0])
    assert [row.ordered for row in Counted(refunded, "2024-04-01").data.cohorts] == [(2, 0, 0)]
    assert [row.ordered for row in Counted(table(rows), "2024-04-01").data.cohorts] == [(2, 1, 0)]


@pytest.mark.parametrize(
    ("kinds", "known"),
    [
        (["order.placed", "order.placed"], False),
        (["order.placed", "order.refunded"], False),
        (["order.placed", "page.viewed"], True),
    ],
)
def test_prospects_are_known_only_where_the_file_holds_more_than_orders(kinds, known):
    rows = [(1, "2024-01-05T12:00Z"), (2, "2024-01-06T12:00Z")]
    assert Counted(table(rows, type=kinds), "2024-02-01").data.prospects_known is known


@pytest.mark.parametrize("day", ["2024-01-05", "2024-01-06", "2024-01-20", "2024-02-01", "2030-01-01"])
def test_one_order_gives_a_page_on_any_day(day):
    found = Counted(table([("Ann", "2024-01-05T12:00Z")]), day)
    assert found.data.customers == (day > "2024-01-05")
    assert (found.data.period is None) == (day < "2024-02-01")
    assert "Shop" in page(found.data)


def test_files_counts_and_rejects_are_told():
    found = Counted(table([("Ann", "2024-01-05T12:00Z"), ("", "2024-01-05T12:00Z")]), "2024-02-01").data
    assert (found.shop, found.files, found.rows) == ("Shop", ("orders.csv",), 2)
    assert found.rejected == (("missing_customer", 1),)
    assert (found.zone, found.policy, found.as_of.utcoffset()) == (ZONE, DEFAULT.hash, timedelta(hours=-5))


def test_the_rule_is_said_with_its_numbers():
    rows = table([("Ann", "2024-01-05T12:00Z")])
    said = {
        kind: Counted(rows, "2024-02-01", policy=replace(DEFAULT, rule=Rule(kind=kind))).data.rule
        for kind in ("rhythm", "quantile", "chance", "window")
    }
    assert said["window"] == "Overdue: silent for 90 days; long overdue: 180; inactive: 365."
    assert said["quantile"] == (
        "Overdue: silent longer than 90\u00a0% of the gaps of somebody with this rhythm; long overdue: 95\u00a0%; "
        "inactive: 99\u00a0%."
    )
    assert said["chance"].endswith("long overdue and inactive at 0.4 and 0.15 of the average’s odds.")
    assert said["rhythm"].startswith("Overdue: silent longer than 90\u00a0% of the gaps of somebody with this rhythm (")


def test_nothing_after_the_as_of_instant_is_in_the_report(shop, tmp_path):
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    events, day = pq.read_table(shop.events), "2025-02-01"
    cut = events.filter(pc.less(events["at"], pa.scalar(datetime(2025, 2, 1, 5, tzinfo=UTC), events["at"].type)))
    whole, early = (Counted(source, day, policy=load(shop.policy)).data for source in (shop.events, cut))
    assert replace(whole, rows=0, notes=()) == replace(early, rows=0, notes=())
