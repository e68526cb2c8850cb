"""Brought up to the ledger step by step, the files say what they say when everything is computed anew."""

import random
import shutil
from pathlib import Path

import duckdb
import pytest
from django.db import connection
from facts import a_run, now, order, somebody, take
from mirrored import lives

from tenure.lifecycle.policy import DEFAULT
from tenure_app.insight.days import NotReady, Shelf, key_of
from tenure_app.insight.refresh import refresh
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.undo import undo

DAY = 86_400_000_000
START = 1_700_000_000_000_000  # in the middle of November 2023


def silent(*_):
    """Progress that nobody watches."""


def steps(folder):
    """The river: change of counts by day and stage."""
    here = read_manifest(folder).lives[key_of(DEFAULT, None)]
    with duckdb.connect() as one:
        one.execute(f"ATTACH '{folder / here.base}' AS base (READ_ONLY)")
        more = ""
        if here.delta is not None:
            one.execute(f"ATTACH '{folder / here.delta}' AS delta (READ_ONLY)")
            more = " UNION ALL FROM delta.steps"
        asked = f"SELECT day, code, SUM(change) AS n FROM (FROM base.steps{more}) GROUP BY ALL ORDER BY ALL"
        return [row for row in one.sql(asked).fetchall() if row[2] and row[0] < 20_400]


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "mirror", tmp_path / "anew"


def up_to_date(folder, **more):
    return refresh(folder, DEFAULT, zone="Europe/Berlin", now=now(), progress=silent, **more)


def a_shop(dice, people=400):
    """Two years of orders before the first refresh."""
    facts = []
    for who in range(1, people + 1):
        at = START - dice.randint(30, 700) * DAY
        while at < START:
            facts.append(order(f"{who}-{len(facts)}", customer=who, at=at, amount=dice.randint(100, 900)))
            at += int(dice.uniform(3, 90) * DAY)
    return facts


@pytest.mark.usefixtures("ledger")
def test_step_by_step_is_as_good_as_anew(folders):
    mirror, anew = folders
    dice = random.Random(5)
    facts = a_shop(dice)
    take(facts)
    first = up_to_date(mirror)
    assert (first.anew, first.people) == (True, 400)
    incremental = 0
    for turn in range(6):
        when = START + turn * DAY // 3
        who = dice.sample(range(1, 401), 3)
        news = [order(f"new-{turn}-{c}", customer=c, at=when + c, amount=500) for c in who]
        if turn == 0:
            corrected, moved, loser = news[0]["order_key"], news[1]["order_key"], news[1]["customer"]
        if turn == 1:  # somebody new
            news.append(order("first of 999", customer=999, at=when))
        if turn == 2:  # another content of an order of this month
            other = order("x", customer=who[0], at=START + 5)
            news.append({**other, "key": f"order:{corrected}"})
        if turn == 2:  # an order that turns out to be somebody else's
            news.append({**order("y", customer=who[1], at=START + 7), "key": f"order:{moved}"})
        if turn == 3:  # who lost it orders again
            news.append(order("again", customer=loser, at=when + 50))
        if turn == 3:  # a refund of an order of this month
            news.append({**order("refund", customer=who[0], at=when + 99, amount=500), "kind": "order.refunded",
                         "key": "refund:1", "order_key": f"new-3-{who[0]}"})  # fmt: skip
        run = a_run()
        take(news, run=run)
        if turn == 4:
            undo(run, by="", now=now)
        done = up_to_date(mirror)
        incremental += not done.anew
        up_to_date(anew, anew=True)
        assert lives(mirror) == lives(anew), turn
        assert steps(mirror) == steps(anew), turn
    assert incremental >= 5
    assert up_to_date(mirror).events == 0


@pytest.mark.usefixtures("sqlite_ledger")
def test_an_older_order_has_everybody_judged_anew(folders):
    mirror, anew = folders
    take(a_shop(random.Random(6)))
    up_to_date(mirror)
    take([order("late", customer=1, at=START - 400 * DAY)])
    assert up_to_date(mirror).anew
    up_to_date(anew, anew=True)
    assert lives(mirror) == lives(anew)


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_lost_or_damaged_file_is_made_again(folders):
    mirror, _ = folders
    take(a_shop(random.Random(8), people=5))
    manifest = up_to_date(mirror).manifest
    before = lives(mirror)
    (mirror / manifest.events).unlink()
    assert up_to_date(mirror).anew
    assert lives(mirror) == before
    (mirror / "current.json").write_text("{")
    assert up_to_date(mirror).anew
    assert lives(mirror) == before


@pytest.mark.usefixtures("sqlite_ledger")
def test_what_was_known_before_an_import_is_as_it_was(folders):
    mirror, _ = folders
    shop = a_shop(random.Random(9), people=12)
    take(shop)
    up_to_date(mirror)
    before, instant = lives(mirror), now()
    take([order("late", customer=3, at=START - 300 * DAY), order("of somebody new", customer=50, at=START - 100 * DAY)])
    up_to_date(mirror, known_at=instant)
    assert lives(mirror, known_at=instant) == before
    assert lives(mirror) != before


@pytest.mark.usefixtures("sqlite_ledger")
def test_people_who_never_bought_are_prospects(folders):
    mirror, _ = folders
    created = {"key": "customer:c9", "kind": "customer.created", "customer": 9, "at": START, "is_state": False}
    take([order(1), created], [*somebody(1, customer="C1"), *somebody(9, customer="C9")])
    up_to_date(mirror)
    codes = {row[0]: row[3] for row in lives(mirror)["history"] if row[2] is None}
    assert (min(codes.values()), len(codes)) == (0, 2)


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_ledger_restored_from_an_earlier_day_is_read_anew(folders, tmp_path):
    mirror, _ = folders
    file, backup = Path(connection.settings_dict["NAME"]), tmp_path / "backup.sqlite3"
    take([order(1), order(2, customer=2)])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(backup)])
    take([order(3, customer=3), order(4, customer=4)])
    assert up_to_date(mirror).people == 4
    connection.close()
    for log in file.parent.glob(f"{file.name}-*"):
        log.unlink()
    shutil.copy(backup, file)
    take([order(5, customer=5), order(6, customer=5)])  # as many events as were lost, under their numbers
    done = up_to_date(mirror)
    assert (done.anew, done.people) == (True, 3)


@pytest.mark.usefixtures("sqlite_ledger")
def test_what_is_tried_never_pushes_out_what_is_in_force(folders):
    mirror, _ = folders
    take(a_shop(random.Random(10), people=5))
    up_to_date(mirror)
    for day in range(7):
        up_to_date(mirror, known_at=now() + day)
    kept = list(read_manifest(mirror).lives)
    assert DEFAULT.hash in kept
    assert len(kept) <= 6


@pytest.mark.usefixtures("sqlite_ledger")
def test_another_zone_asks_for_other_pictures(folders):
    mirror, _ = folders
    take(a_shop(random.Random(11), people=5))
    up_to_date(mirror)
    Shelf(mirror, zone="Europe/Berlin", policy=DEFAULT).day(START)
    with pytest.raises(NotReady):
        Shelf(mirror, zone="Asia/Tokyo", policy=DEFAULT)
    refresh(mirror, DEFAULT, zone="Asia/Tokyo", now=now(), progress=silent)
    Shelf(mirror, zone="Asia/Tokyo", policy=DEFAULT).day(START)
