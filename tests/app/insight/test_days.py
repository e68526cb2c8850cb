"""What the files say of a day is what the verbs say of it; overlays and corrections leave nothing behind."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from threading import Event
from uuid import uuid4
from weakref import ref

import pyarrow as pa
import pytest
from shopful import DAY, FACTS, OPENED, ZONE, events_file, named, orders_table, shop

import tenure
from tenure.lifecycle.policy import DEFAULT, Rule
from tenure.periods import date_of, day_of, start_of_day
from tenure_app.insight import days, moving
from tenure_app.insight.build import build, must_rebuild, restage, write_facts_overlay
from tenure_app.insight.days import NotReady, Shelf, key_of
from tenure_app.insight.reading import Reading
from tenure_app.insight.sentences import because, explained
from tenure_app.insight.stages import STAGES
from tenure_app.insight.store import Sources, unfinished
from tenure_app.ledger.manifest import publish, read_manifest, writing
from tenure_app.refused import Refused
from tenure_app.web import counting

SEEDS = range(6 if "TENURE_EXAMPLES" in os.environ else 2)
INSTANTS = [start_of_day(day_of(OPENED, ZONE) + days, ZONE) for days in (40, 400, 700, 1200)]
COLUMNS = (
    "stage", "detail", "reason", "since", "cycle", "orders", "occasions", "first_order_at", "last_order_at",
    "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at", "contact_on",
)  # fmt: skip


def built(folder, facts, policy=DEFAULT, known_at=None):
    """The folder of a mirror with everybody's lives in it."""
    folder.mkdir(exist_ok=True)
    events = events_file(folder / "events-1.duckdb", facts)
    build(Sources(events), folder / "lives-1.duckdb", policy, zone=ZONE, known_at=known_at)
    named(folder, events.name, "lives-1.duckdb", key_of(policy, known_at))
    return folder


def asked(folder, as_of, policy=DEFAULT, known_at=None):
    return Shelf(folder, policy=policy, zone=ZONE, known_at=known_at).day(as_of)


def rows_of(picture, table="people", of=None):
    """A table's rows, of everybody or of one customer."""
    found = picture.cursor().table(table)
    found = found if of is None else found.filter(f"c = {of}")
    return found.order("c" if table == "people" else "ALL").to_arrow_table().to_pylist()


def read(picture):
    """What the pages count."""
    shelf = picture.shelf
    return Reading(
        connection=picture.cursor(), generation=str(uuid4()), as_of=picture.as_of, zone=shelf.zone,
        policy=shelf.policy, first_at=shelf.first_at, last_at=shelf.last_at, picture=picture,
    )  # fmt: skip


def stood(picture):
    """How many stood in each code as of the picture's day, as the river has it."""
    found = counting.levels(read(picture), date_of(day_of(picture.as_of, ZONE)))
    return Counter({
        STAGES.index((one.stage, one.detail or None)): one.customers for one in found
        if one.customers and one.day == max(each.day for each in found)
    })  # fmt: skip


def told(facts, as_of, policy=None):
    """The picture that the verb gives of the facts, by customer."""
    rows = tenure.stages(orders_table(facts), as_of=as_of, timezone=ZONE, policy=policy).to_pylist()
    micro = pa.timestamp("us", "UTC")
    return {
        row["customer_id"]: {
            name: pa.scalar(row[name], micro).value if hasattr(row[name], "hour") else row[name] for name in COLUMNS
        } | {"because": row["because"]}
        for row in rows
    }  # fmt: skip


def shown(picture):
    """What a picture shows, by customer, in the words of the verb."""
    rows = {row.pop("c"): row for row in rows_of(picture)}
    for row in rows.values():
        row["expected_next_at"] = row.pop("expected_at")
    return {c: {name: row[name] for name in COLUMNS} for c, row in rows.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_is_what_the_verb_says_of_it(tmp_path, seed):
    facts = shop(seed)
    folder = built(tmp_path / "mirror", facts)
    for as_of in INSTANTS:
        rows, picture = told(facts, as_of), asked(folder, as_of)
        said = because(picture, list(rows))
        assert said == {c: row.pop("because") for c, row in rows.items()}
        assert shown(picture) == rows
        counts = Counter(STAGES.index((row["stage"], row["detail"])) for row in rows.values())
        assert Counter(row["code"] for row in rows_of(picture)) == counts
        some = next(iter(rows))
        whole = tenure.explain(orders_table(facts), customer=some, as_of=as_of, timezone=ZONE)
        assert explained(picture, some) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_flows_and_the_river_are_those_of_the_verb(tmp_path, seed):
    facts = shop(seed)
    picture = asked(built(tmp_path / "mirror", facts), INSTANTS[-1])
    flows = tenure.flows(orders_table(facts), timezone=ZONE, detail=True, until=INSTANTS[-1]).to_pylist()
    months = sorted({row["period"] for row in flows})
    for month, following in pairwise(months):
        since, until = (start_of_day(on.toordinal() - 719_163, ZONE) for on in (month, following))
        found = {
            (-1 if row["from_stage"] is None else STAGES.index((row["from_stage"], row["from_detail"])),
             STAGES.index((row["to_stage"], row["to_detail"]))): row["customers"]
            for row in flows if row["period"] == month
        }  # fmt: skip
        reading = read(picture)
        assert moving.flows(reading, since, until) == found
    for instant in INSTANTS:
        counts = Counter(STAGES.index((row["stage"], row["detail"])) for row in told(facts, instant).values())
        assert stood(picture.shelf.day(instant)) == counts


def test_the_river_runs_on_as_long_as_anybody_moves(tmp_path):
    """Of a rule of long windows people move years after the last event, of everybody and of who was restaged."""
    slow = replace(DEFAULT, rule=Rule(kind="window", days=(1500.0, 3000.0, 4500.0)))
    facts = shop(3)
    last = max(fact["at"] for fact in facts)
    folder = built(tmp_path / "mirror", facts, slow)
    new = [{**facts[0], "number": 9001, "c": c, "kind": "order.placed", "at": last, "recorded_at": last,
            "order_id": f"new{c}"} for c in (1, 2)]  # fmt: skip
    people, theirs = [1, 2], [fact for fact in facts if fact["c"] in (1, 2)]
    draws = pa.table({"c": pa.array(people, pa.int64()), "draw": pa.array(people, pa.int64())})
    table = pa.Table.from_pylist([*theirs, *new], FACTS)
    overlay, delta = folder / "delta-facts.duckdb", folder / "delta-lives.duckdb"
    write_facts_overlay(overlay, None, people, table, draws)
    events, lives = folder / "events-1.duckdb", folder / "lives-1.duckdb"
    pictures = [asked(folder, last + years * 366 * DAY, policy=slow) for years in (5, 9, 13)]
    assert all(stood(picture) == Counter(row["code"] for row in rows_of(picture)) for picture in pictures)
    restage(Sources(events, overlay), lives, delta, slow, people, zone=ZONE)
    named(folder, events.name, lives.name, key_of(slow, None), overlay.name, delta.name, generation=2)
    pictures = [asked(folder, last + years * 366 * DAY, policy=slow) for years in (5, 9, 13)]
    assert all(stood(picture) == Counter(row["code"] for row in rows_of(picture)) for picture in pictures)


def test_what_was_spent_is_what_orders_that_count_came_to_less_money_back(tmp_path):
    def fact(number, kind, day, order_id, amount):
        return {"number": number, "first": None, "c": 1, "kind": kind, "at": OPENED + day * DAY,
                "recorded_at": OPENED, "order_id": order_id, "amount_minor": amount, "currency": "EUR"}  # fmt: skip

    facts = [
        fact(1, "order.placed", 0, "a", 1000), fact(2, "order.placed", 10, "b", 500),
        fact(3, "order.refunded", 20, "a", 300), fact(4, "order.cancelled", 30, "a", None),
        fact(5, "order.refunded", 40, "a", 700),
    ]  # fmt: skip
    folder = built(tmp_path / "mirror", facts)
    spent = [rows_of(asked(folder, OPENED + day * DAY))[0]["spent_minor"] for day in (5, 15, 25, 35, 45)]
    assert spent == [1000, 1500, 1200, 500, 500]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_touched_is_restaged_as_everybody_would_be(tmp_path, seed):
    facts = shop(seed, people=60)
    last = max(fact["at"] for fact in facts if fact["kind"] == "order.placed")
    new = [
        {"number": 9000 + c, "first": None, "c": c, "kind": "order.placed", "at": last, "recorded_at": last,
         "order_id": f"new{c}", "amount_minor": 70, "currency": "JPY"} for c in (1, 2, 7, 99)
    ]  # fmt: skip
    folder, base = built(tmp_path / "mirror", facts), Sources(tmp_path / "mirror" / "events-1.duckdb")
    before, lives = None, folder / "lives-1.duckdb"
    for turn, some in enumerate((new[:2], new[1:]), start=1):
        people = sorted({fact["c"] for fact in some})
        theirs = [fact for fact in [*facts, *new[:2], *some] if fact["c"] in people]
        unique = {fact["number"]: fact for fact in theirs}
        table = pa.Table.from_pylist(list(unique.values()), FACTS)
        draws = pa.table({"c": pa.array(people, pa.int64()), "draw": pa.array(people, pa.int64())})
        overlay, delta = (folder / f"delta-{kind}-{turn}.duckdb" for kind in ("facts", "lives"))
        write_facts_overlay(overlay, before and before[0], people, table, draws)
        assert not must_rebuild(lives, DEFAULT, earliest_at=last, latest_at=last, words=[], touched=1)
        sources = replace(base, delta=overlay)
        restage(sources, lives, delta, DEFAULT, people, zone=ZONE, before=before and before[1])
        before = overlay, delta
    named(folder, base.events.name, lives.name, key_of(DEFAULT, None), before[0].name, before[1].name, generation=2)
    anew = built(tmp_path / "anew", [*facts, *new])
    for as_of in (INSTANTS[1], last + 1, last + 200 * DAY):
        one, other = asked(folder, as_of), asked(anew, as_of)
        assert rows_of(one) == rows_of(other)
        flows = [moving.flows(read(picture), as_of - 30 * DAY, as_of) for picture in (one, other)]
        assert flows[0] == flows[1]
        assert stood(one) == stood(other)
        assert because(one, [1, 2, 3, 99]) == because(other, [1, 2, 3, 99])
        for table in ("history", "passages", "events"):
            assert [rows_of(one, table, c) for c in (1, 7, 99)] == [rows_of(other, table, c) for c in (1, 7, 99)]
    assert must_rebuild(lives, DEFAULT, earliest_at=last - 40 * DAY, latest_at=last, words=[], touched=1)
    assert must_rebuild(lives, DEFAULT, earliest_at=last, latest_at=last + 40 * DAY, words=[], touched=1)
    assert must_rebuild(lives, DEFAULT, earliest_at=last, latest_at=last, words=[], touched=4)


def test_a_correction_holds_from_when_it_was_known(tmp_path):
    facts = shop(3)
    place = next(place for place, fact in enumerate(facts) if fact["kind"] == "order.placed" and fact["at"] > OPENED)
    taken, instant = facts[place], max(fact["at"] for fact in facts) + DAY
    later = {"number": 8000, "first": taken["number"], "recorded_at": instant}
    known = {"corrected": taken | later | {"kind": "order.corrected", "at": taken["at"] + 40 * DAY},
             "reversed": taken | later | {"kind": "order.reversed"}}  # fmt: skip
    rest = [*facts[:place], *facts[place + 1 :]]
    as_of = instant + 10 * DAY
    for kind, now in {"corrected": [*rest, taken | {"at": taken["at"] + 40 * DAY}], "reversed": rest}.items():
        folder = built(tmp_path / kind, [*facts, known[kind]])
        rows = told(now, as_of)
        assert shown(asked(folder, as_of)) == {c: {name: row[name] for name in COLUMNS} for c, row in rows.items()}
        before = built(tmp_path / f"before {kind}", [*facts, known[kind]], known_at=instant)
        rows = told(facts, as_of)
        found = asked(before, as_of, known_at=instant)
        assert shown(found) == {c: {name: row[name] for name in COLUMNS} for c, row in rows.items()}


def test_many_days_lie_on_one_shelf_and_each_connection_sees_its_own(tmp_path):
    shelf = Shelf(built(tmp_path / "mirror", shop(2)), policy=DEFAULT, zone=ZONE)
    pictures = {as_of: shelf.day(as_of) for as_of in INSTANTS}
    assert len(shelf) == len(INSTANTS)
    assert all(as_of in shelf for as_of in INSTANTS)
    cursors = {as_of: picture.cursor() for as_of, picture in pictures.items()}
    for as_of, cursor in cursors.items():
        cursor.execute("CREATE TEMP TABLE own AS SELECT MAX(since) AS latest FROM people")
        assert shelf.day(as_of) == pictures[as_of]
    alone = {as_of: max(row["since"] for row in rows_of(asked(tmp_path / "mirror", as_of))) for as_of in INSTANTS}
    assert {as_of: cursor.table("own").fetchall()[0][0] for as_of, cursor in cursors.items()} == alone
    assert len(set(alone.values())) == len(INSTANTS)


def test_a_shelf_is_let_go_of_with_the_last_who_reads(tmp_path):
    shelf = Shelf(built(tmp_path / "mirror", shop(2)), policy=DEFAULT, zone=ZONE)
    cursor, gone = shelf.day(INSTANTS[0]).cursor(), ref(shelf)
    del shelf
    assert gone() is None  # without waiting for the collector of garbage
    assert cursor.table("people").count("*").fetchall()[0][0] > 0


def test_a_day_that_two_ask_for_is_made_once_and_nobody_waits_for_anothers(tmp_path, monkeypatch):
    shelf = Shelf(built(tmp_path / "mirror", shop(2)), policy=DEFAULT, zone=ZONE)
    made, going, go_on = [], Event(), Event()
    truly = days._made_beside

    def slowly(folder, key, as_of):
        made.append(as_of)
        if as_of == INSTANTS[0]:
            going.set()
            assert go_on.wait(30)
        truly(folder, key, as_of)

    monkeypatch.setattr(days, "_made_beside", slowly)
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(shelf.day, INSTANTS[0]) for _ in range(2)]
        assert going.wait(30)
        assert shelf.day(INSTANTS[1]).cursor().table("people").count("*").fetchall()[0][0] > 0
        go_on.set()
        assert slow[0].result() == slow[1].result()
    assert made == [INSTANTS[0], INSTANTS[1]]


def test_what_is_not_computed_yet_is_said(tmp_path):
    folder = built(tmp_path / "mirror", shop(1))
    other = replace(DEFAULT, loyal_from=5)
    with pytest.raises(NotReady) as said:
        asked(folder, INSTANTS[1], policy=other)
    assert said.value.key == other.hash
    with pytest.raises(NotReady):
        asked(tmp_path / "nowhere", INSTANTS[1])


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "lives-1.duckdb"

    def stopped():
        with unfinished(path) as target:
            target.write_text("half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        stopped()
    assert list(tmp_path.iterdir()) == []
    with unfinished(path) as target:
        target.write_text("whole")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_generation_is_named_whole_and_the_last_two_are_kept(tmp_path):
    assert read_manifest(tmp_path) is None
    with writing(tmp_path):
        with pytest.raises(Refused), writing(tmp_path):
            pass
        for turn in range(1, 5):
            (tmp_path / f"events-{turn}.duckdb").write_text("facts")
            (tmp_path / f"lives-{turn}.duckdb").write_text("lives")
            named(tmp_path, f"events-{turn}.duckdb", f"lives-{turn}.duckdb", "policy", generation=turn)
    assert read_manifest(tmp_path).generation == 4
    kept = sorted(path.name for path in tmp_path.glob("*.duckdb"))
    assert kept == ["events-3.duckdb", "events-4.duckdb", "lives-3.duckdb", "lives-4.duckdb"]
    with writing(tmp_path), pytest.raises(FileNotFoundError):
        publish(tmp_path, replace(read_manifest(tmp_path), generation=5, events="events-5.duckdb"))
    assert read_manifest(tmp_path).generation == 4
    (tmp_path / "current.json").write_text("{")
    assert read_manifest(tmp_path) is None
