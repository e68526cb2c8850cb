"""Flows against a panel that is really built: everybody, at every edge between two periods."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pyarrow as pa
import pytest
from lives import shop
from openshop import Opened

from tenure.engine.duckdb import DuckDB
from tenure.errors import InvalidInput
from tenure.lifecycle.flows import EVERY, flows, flows_of_history
from tenure.lifecycle.history import history
from tenure.lifecycle.policy import DEFAULT
from tenure.lifecycle.trace import STAGES
from tenure.periods import date_of, day_number, day_of, start_of_day
from tenure.read import Timeline, read

DAY = 86_400_000_000


def following(on, every):
    """The first day of the next period."""
    if every == "day":
        return on + timedelta(1)
    if every == "week":
        return on + timedelta(7)
    return (on.replace(day=1) + timedelta(32)).replace(day=1)


def edges(first_at, until, zone, every):
    """(first day, first instant) of every period that begins at or before `until`, real days only."""
    on = date_of(day_of(first_at, zone))
    on = {"day": on, "week": on - timedelta(on.weekday()), "month": on.replace(day=1)}[every]
    found = []
    while (at := start_of_day(day_number(on), zone)) <= until:
        if found and found[-1][1] == at:
            found.pop()
        found.append((on, at))
        on = following(on, every)
    return found


def stand(intervals, at):
    """Who stands where in the picture as of `at`."""
    return {
        row["customer_id"]: (row["stage"], row["detail"])
        for row in intervals
        if row["from"] < at and (row["to"] is None or at <= row["to"])
    }


def panel_flows(intervals, first_at, until, zone, every, detail):
    """The flows as the contract says them, from pictures of everybody."""
    found = edges(first_at, until, zone, every)
    cells = Counter()
    for (on, start), (_, end) in pairwise(found):
        before, after = stand(intervals, start), stand(intervals, end)
        for customer, there in after.items():
            here = before.get(customer, (None, None))
            cells[(on, *(here if detail else here[:1]), *(there if detail else there[:1]))] += 1
    return cells


def cells_of(table):
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert len({row[:-1] for row in rows}) == len(rows)
    return Counter({row[:-1]: row[-1] for row in rows})


def reading_order(table):
    """Rows as the docstring orders them: period, then stages, arrivals first."""
    places = {pair: place for place, pair in enumerate(((None, None), *STAGES))}
    stages = {name: place for place, name in enumerate((None, *dict.fromkeys(stage for stage, _ in STAGES)))}

    def key(row):
        if "from_detail" in row:
            sides = (places[row[f"{side}_stage"], row[f"{side}_detail"]] for side in ("from", "to"))
        else:
            sides = (stages[row["from_stage"]], stages[row["to_stage"]])
        return (row["period"], *sides)

    return [key(row) for row in table.to_pylist()]


@pytest.mark.parametrize("seed", range(16))
def test_flows_are_those_of_a_panel(seed, tmp_path):
    rng = Random(seed)
    with Opened(shop(seed), tmp_path) as opened:
        ats = [event.at for event in opened.shop.events]
        until = rng.choice((max(ats) + 1, rng.randint(min(ats), max(ats)), max(ats) + 300 * DAY))
        history(opened.timeline, opened.policy, zone=opened.zone, until=until)
        intervals = opened.rows("history")
        for every in EVERY if max(ats) - min(ats) < 400 * DAY else ("week", "month"):
            for detail in (False, True):
                asked = {"zone": opened.zone, "until": until, "every": every, "detail": detail}
                expected = panel_flows(intervals, min(ats), until, opened.zone, every, detail)
                found = flows_of_history(opened.timeline, **asked)
                assert cells_of(found) == expected
                assert reading_order(found) == sorted(reading_order(found))
        assert flows(opened.timeline, opened.policy, **asked).equals(found)


@pytest.mark.parametrize("seed", range(30))
def test_any_history_at_all_gives_the_flows_of_its_panel(seed):
    """Histories no rule would make: many turns a day, turns at midnights, in zones that change their clocks there."""
    rng = Random(seed)
    zone = rng.choice(("UTC", "Asia/Beirut", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"))
    first_day = day_number(date(rng.choice((2011, 2017)), rng.choice((2, 10, 12)), rng.randint(1, 28)))
    rows = []
    for customer in range(rng.randint(1, 12)):
        midnights = [start_of_day(first_day + rng.randint(0, 45), zone) for _ in range(rng.randint(1, 14))]
        ats = sorted({at + rng.choice((0, 0, 1, -1, rng.randint(0, DAY))) for at in midnights})
        pairs = [rng.choice(STAGES)]
        while len(pairs) < len(ats):
            pairs.append(rng.choice([pair for pair in STAGES if pair != pairs[-1]]))
        for place, (at, (stage, detail)) in enumerate(zip(ats, pairs, strict=True)):
            to = ats[place + 1] if place + 1 < len(ats) else None
            rows.append({"customer_id": customer, "stage": stage, "detail": detail, "from": at, "to": to})
    first_at = min(row["from"] for row in rows)
    until = start_of_day(first_day + rng.randint(20, 60), zone) + rng.choice((0, 1, -1))
    texts, numbers = ("stage", "detail"), ("from", "to")
    kinds = {"customer_id": pa.int64(), **dict.fromkeys(texts, pa.string()), **dict.fromkeys(numbers, pa.int64())}
    schema = pa.schema(kinds)
    # a history knows nothing of what begins at or after `until`
    known = [row for row in rows if row["from"] < until]
    for row in known:
        row["to"] = row["to"] if row["to"] is None or row["to"] < until else None
    with DuckDB(threads=1) as engine:
        engine.put("history", pa.Table.from_pylist(known, schema=schema))
        engine.put("stage_words", pa.table({
            "code": pa.array(range(len(STAGES)), pa.int32()),
            "stage": [stage for stage, _ in STAGES], "detail": [detail for _, detail in STAGES],
        }))  # fmt: skip
        timeline = Timeline(engine, "BIGINT", frozenset(), False, len(rows), len(rows), (), first_at, first_at, ())
        for every in EVERY:
            found = flows_of_history(timeline, zone=zone, until=until, every=every, detail=True)
            assert cells_of(found) == panel_flows(known, first_at, until, zone, every, detail=True)


def flows_of(table, every, until, zone="UTC", detail=False):
    with DuckDB(threads=1) as engine:
        at = start_of_day(day_number(date.fromisoformat(until)), zone)
        found = flows(read(engine, table), DEFAULT, zone=zone, until=at, every=every, detail=detail)
    return [tuple(str(value) for value in row.values()) for row in found.to_pylist()]


def order_days(*days):
    return pa.table({"customer_id": [1] * len(days), "at": list(days)})


def test_arrivals_stayers_and_movers_by_month():
    orders = order_days("2024-01-10", "2024-02-20", "2024-02-25")
    assert flows_of(orders, "month", "2024-03-01") == [
        ("2024-01-01", "None", "new", "1"),
        ("2024-02-01", "new", "loyal", "1"),
    ]


def test_what_begins_with_a_period_belongs_to_it():
    """An order at the first instant of February is not yet in the picture as of that instant."""
    orders = order_days("2024-01-10", "2024-02-01")
    assert flows_of(orders, "month", "2024-02-01") == [("2024-01-01", "None", "new", "1")]
    assert flows_of(orders, "month", "2024-03-01")[1:] == [("2024-02-01", "new", "active", "1")]


def test_weeks_start_on_monday_and_the_last_unfinished_one_is_left_out():
    orders = order_days("2024-01-10")  # a Wednesday
    assert flows_of(orders, "week", "2024-01-21") == [("2024-01-08", "None", "new", "1")]
    assert [row[0] for row in flows_of(orders, "week", "2024-01-22")] == ["2024-01-08", "2024-01-15"]


def test_there_is_nothing_to_compare_within_one_unfinished_period():
    assert flows_of(order_days("2024-01-10"), "month", "2024-01-31") == []
    assert flows_of(order_days("2024-01-10"), "day", "2024-01-10") == []
    assert flows_of(order_days("2024-01-10"), "day", "2023-01-10") == []


def test_a_day_that_a_zone_left_out_is_no_period():
    orders = pa.table({"customer_id": [1], "at": ["2011-12-29T12:00-10:00"]})
    days = [row[0] for row in flows_of(orders, "day", "2012-01-02", zone="Pacific/Apia")]
    assert days == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_without_detail_moving_on_within_lapsed_is_staying():
    with_detail = flows_of(order_days("2024-01-10"), "month", "2025-01-01", detail=True)
    without = flows_of(order_days("2024-01-10"), "month", "2025-01-01")
    assert [row for row in with_detail if row[1:5] == ("lapsed", "short", "lapsed", "long")] != []
    assert next(row[1:3] for row in without if row[1] == "lapsed") == ("lapsed", "lapsed")
    assert len(without) == len({row[0] for row in without}) == 12


def test_columns_and_types_are_those_of_the_contract():
    counted = {"from_stage": "string", "to_stage": "string", "customers": "int64"}
    for until in ("2024-01-12", "2024-01-10"):
        with DuckDB(threads=1) as engine:
            timeline = read(engine, order_days("2024-01-10"))
            at = start_of_day(day_number(date.fromisoformat(until)), "UTC")
            plain = flows(timeline, DEFAULT, zone="UTC", until=at, every="day")
            detailed = flows(timeline, DEFAULT, zone="UTC", until=at, every="day", detail=True)
        assert {field.name: str(field.type) for field in plain.schema} == {"period": "date32[day]", **counted}
        assert detailed.column_names == ["period", "from_stage", "from_detail", "to_stage", "to_detail", "customers"]


def test_another_length_of_a_period_is_refused():
    with DuckDB(threads=1) as engine:
        timeline = read(engine, order_days("2024-01-10"))
        with pytest.raises(InvalidInput, match="no period is called 'year': choose day, week or month"):
            flows(timeline, DEFAULT, zone="UTC", until=2_000_000_000_000_000, every="year")
