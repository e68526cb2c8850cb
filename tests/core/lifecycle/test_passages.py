"""A picture read off the passages is the picture; a population kept judges a few customers as among all."""

import os

import pytest
from asked import policy_of, timeline
from lives import UNLABELLED, as_ofs, shop
from passing import COLUMNS, kept, read_off

from tenure.engine.duckdb import DuckDB
from tenure.errors import InvalidInput
from tenure.lifecycle.known import KnownPopulation
from tenure.lifecycle.picture import picture
from tenure.lifecycle.policy import DEFAULT
from tenure.periods import day_of, month_start, start_of_day
from tenure.read import read

EXAMPLES = int(os.environ.get("TENURE_EXAMPLES", "0"))
SEEDS = [*range(EXAMPLES or 12), *range(UNLABELLED, UNLABELLED + (EXAMPLES or 12) // 4)]

pytestmark = pytest.mark.generated


@pytest.mark.parametrize("seed", SEEDS)
def test_a_picture_read_off_passages_is_the_picture(seed, tmp_path):
    made = shop(seed)
    policy = policy_of(made.policy_text, tmp_path)
    with DuckDB(threads=1) as engine:
        lived = timeline(engine, made.events)
        tables, _ = kept(engine, lived, policy, made.zone)
        turns = sorted({row["from_at"] for row in tables["history"]} | {row["from_at"] for row in tables["passages"]})
        for instant in as_ofs(seed, made, turns, 8):
            rows = pictured(engine, lived, policy, made.zone, instant)
            told = {row["customer_id"]: of_columns(row) for row in rows}
            assert read_off(tables, made.zone, instant) == told, instant


@pytest.mark.parametrize("name", ["cdnow_full.parquet", "online_retail_ii.parquet"])
def test_pictures_of_a_real_shop_are_read_off_its_passages(name, real_data):
    zone = "Europe/London"
    with DuckDB() as engine:
        lived = read(engine, real_data(name))
        tables, traced = kept(engine, lived, DEFAULT, zone)
        number = {}
        if traced.named:
            number = dict(engine.connection.sql("SELECT customer_id, c FROM customers").fetchall())
        for part in (0, 0.3, 0.8, 1, 1.2):
            instant = lived.first_at + int((lived.last_at - lived.first_at) * part) + 1
            rows = pictured(engine, lived, DEFAULT, zone, instant)
            told = {number.get(row["customer_id"], row["customer_id"]): of_columns(row) for row in rows}
            assert read_off(tables, zone, instant) == told


def last_month(made):
    """The shop until the end of the month of its last order, and an instant within it from which events are new."""
    orders = sorted(event.at for event in made.events if event.kind == "order.placed")
    if not orders:
        return made, None
    first = month_start(day_of(orders[-1], made.zone))
    begins, ends = (start_of_day(day, made.zone) for day in (first, month_start(first + 31)))
    within = [at for at in orders if at >= begins]
    return made._replace(events=[event for event in made.events if event.at < ends]), within[len(within) // 2]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_touched_is_traced_alone_as_among_all(seed, tmp_path):
    made, since = last_month(shop(seed))
    if since is None:
        pytest.skip("nobody bought")
    policy = policy_of(made.policy_text, tmp_path)
    people = {event.customer for event in made.events if event.at >= since}
    latest = max(event.at for event in made.events)
    before = [event for event in made.events if event.at < since]
    with DuckDB(threads=1) as engine:
        _, traced = kept(engine, timeline(engine, before), policy, made.zone)
        known = KnownPopulation.read(KnownPopulation.of(traced).text(), policy)
    with DuckDB(threads=1) as engine:
        whole, _ = kept(engine, timeline(engine, made.events), policy, made.zone)
    with DuckDB(threads=1) as engine:
        some = timeline(engine, [event for event in made.events if event.customer in people])
        words = {(role, word) for event in made.events for role in ("category", "region")
                 if event.at >= since and (word := getattr(event, role))}  # fmt: skip
        if not known.still_holds(since, latest, words):
            pytest.skip("older events change what it was learnt from, or newer ones begin a month")
        try:
            alone, _ = kept(engine, some, policy, made.zone, known)
        except InvalidInput:
            assert known.clocks is None
            return
    for name in ("history", "passages", "reasons"):
        expected = [tuple(row.items()) for row in whole[name] if row["c"] in people]
        assert sorted(tuple(row.items()) for row in alone[name]) == sorted(expected), name


@pytest.mark.parametrize("seed", SEEDS[::4])
def test_a_few_customers_are_explained_as_among_all(seed, tmp_path):
    made = shop(seed)
    policy = policy_of(made.policy_text, tmp_path)
    with DuckDB(threads=1) as engine:
        lived = timeline(engine, made.events)
        _, traced = kept(engine, lived, policy, made.zone)
        known = KnownPopulation.of(traced)
        instant = as_ofs(seed, made, [], 1)[0]
        rows = {row["customer_id"]: row for row in pictured(engine, lived, policy, made.zone, instant)}
    if not rows:
        pytest.skip("nobody bought")
    chosen = sorted(rows)[:: max(1, len(rows) // 4)]
    with DuckDB(threads=1) as engine:
        few = timeline(engine, [event for event in made.events if event.customer in chosen])
        alone = pictured(engine, few, policy, made.zone, instant, known)
        assert {row["customer_id"]: row for row in alone} == {c: rows[c] for c in chosen}


def pictured(engine, lived, policy, zone, instant, known=None):
    """The rows of a picture."""
    engine.drop("stages")
    picture(lived, policy, zone=zone, as_of=instant, known=known)
    return engine.connection.table("stages").to_arrow_table().to_pylist()


def of_columns(row):
    """What passages say of a row of a picture."""
    return {name: row[name] for name in COLUMNS}
