"""Merges, people parted again, visitors who turn out to be somebody, kinds asked for later: brought up to the ledger
step by step, the files say what they say when everything is read anew."""

import json
import random
from dataclasses import replace

import duckdb
import pytest
from facts import a_run, now, order, somebody, take
from heard import hear, said
from mirrored import lives
from test_refresh import DAY, START, a_shop, steps, up_to_date

from tenure.lifecycle.policy import DEFAULT
from tenure_app.dialects.said import ALIAS, LINK
from tenure_app.insight.refresh import position_of, refresh
from tenure_app.ledger import merging
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Event, Identity, Merge, Person

WATCHED = replace(DEFAULT, activity=(*DEFAULT.activity, "product.used"))


def silent(*_):
    """Progress that nobody watches."""


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "mirror", tmp_path / "anew"


def facts(folder):
    """Rows of the mirror's facts and customers, and who is taken for whom, base and overlay together."""
    found = read_manifest(folder)
    with duckdb.connect() as one:
        one.execute(f"ATTACH '{folder / found.events}' AS base (READ_ONLY)")
        if found.delta is None:
            names = ("facts", "customers", "canon")
            return tuple(sorted(one.sql(f"FROM base.{name}").fetchall(), key=repr) for name in names)
        one.execute(f"ATTACH '{folder / found.delta}' AS delta (READ_ONLY)")
        mixed = [
            sorted(one.sql(
                f"FROM base.{name} WHERE c NOT IN (SELECT c FROM delta.touched) UNION ALL FROM delta.{name}"
            ).fetchall(), key=repr) for name in ("facts", "customers")
        ]  # fmt: skip
        canon = one.sql(
            "FROM base.canon WHERE person NOT IN (SELECT person FROM delta.canon)"
            " UNION ALL FROM delta.canon WHERE c <> person"
        ).fetchall()
        return (*mixed, sorted(canon, key=repr))


def same(mirror, anew):
    done = up_to_date(mirror)
    up_to_date(anew, anew=True)
    for ours, theirs in zip(facts(mirror), facts(anew), strict=True):
        assert set(ours) ^ set(theirs) == set()
        assert len(ours) == len(theirs)
    assert lives(mirror) == lives(anew)
    assert steps(mirror) == steps(anew)
    return done


def bought(number, at, **who):
    return said(**who, kind="order.placed", key=f"order:{number}", order_key=str(number), at=at, amount_minor=700,
                currency="EUR")  # fmt: skip


@pytest.mark.usefixtures("ledger")
def test_a_merge_and_its_end_touch_two_customers(folders):
    """Both came this month, so nobody else's past changes."""
    mirror, anew = folders
    take(a_shop(random.Random(7), people=60))
    for number, day, user in (("a", 1, "u1"), ("b", 1, "u2"), ("c", 2, "u2")):
        hear(bought(number, START + day * DAY, user=user))
    same(mirror, anew)
    one, other = (Identity.objects.get(match=user).person_id for user in ("u1", "u2"))
    merge = merging.merge(one, other, by="ben", now=now())
    done = same(mirror, anew)
    assert (done.anew, done.touched) == (False, 2)
    assert up_to_date(mirror).events == 0
    take([order("later", customer=1, at=START + 2 * DAY)])
    assert not same(mirror, anew).anew
    merging.unmerge(merge.pk, by="ben", now=now())
    done = same(mirror, anew)
    assert (done.anew, done.touched) == (False, 2)


@pytest.mark.usefixtures("ledger")
def test_a_merge_of_people_with_a_past_has_everybody_judged_anew(folders):
    mirror, anew = folders
    take(a_shop(random.Random(8), people=30))
    same(mirror, anew)
    one, other, *_ = Person.objects.order_by("pk").values_list("pk", flat=True)
    merge = merging.merge(one, other, by="ben", now=now())
    done = same(mirror, anew)
    assert (done.anew, done.people) == (True, 29)
    merging.unmerge(merge.pk, by="ben", now=now())
    assert same(mirror, anew).people == 30


@pytest.mark.usefixtures("ledger")
def test_a_device_without_a_fact_touches_nobody(folders):
    mirror, anew = folders
    take(a_shop(random.Random(9), people=30))
    hear(said(LINK, user="u1"), said(anonymous="d1"), said(anonymous="d2"))
    same(mirror, anew)
    lived = read_manifest(mirror).lives
    hear(said(LINK, user="u1", anonymous="d1"), said(anonymous="d1"))
    done = same(mirror, anew)
    assert (done.events, done.touched, done.anew, read_manifest(mirror).lives) == (0, 0, False, lived)
    hear(bought("by a visitor", START + DAY, anonymous="d2"))
    done = same(mirror, anew)
    assert (done.events, done.touched) == (0, 0)
    ann = Identity.objects.get(match="u1").person_id
    merging.unmerge(Merge.objects.get().pk, by="", now=now())
    hear(said(LINK, user="u1", anonymous="d2"))
    done = same(mirror, anew)
    assert (done.touched, done.anew) == (1, False)
    assert [row[2] for row in facts(mirror)[0] if row[3] == "order.placed" and row[4] == START + DAY] == [ann]
    merge = Merge.objects.filter(ended_at=None).get()
    merging.unmerge(merge.pk, by="ben", now=now())
    done = same(mirror, anew)
    assert (done.touched, done.anew) == (1, False), "what is nobody's is gone again"


@pytest.mark.usefixtures("ledger")
def test_visitors_who_become_known_bring_what_they_did(folders):
    mirror, anew = folders
    take(a_shop(random.Random(10), people=90))
    hear(bought("as a visitor", START + DAY, anonymous="d1"), said(ALIAS, anonymous="d2", previous="C9"),
         bought("another", START + DAY, anonymous="C9"))  # fmt: skip
    same(mirror, anew)
    assert len(facts(mirror)[1]) == 90
    hear(said(user="C9", at=START + 2 * DAY))
    done = same(mirror, anew)
    assert (len(facts(mirror)[1]), done.anew) == (91, False)
    take([order("by file", customer=91, at=START + 3 * DAY)], [
        {"customer": 91, "kind": "customer", "value": "u1", "match": "u1", "rank": 1}], of="web")  # fmt: skip
    hear(said(LINK, user="u1", anonymous="d1"))
    done = same(mirror, anew)
    assert (len(facts(mirror)[1]), done.anew) == (92, False)


@pytest.mark.usefixtures("ledger")
def test_an_order_that_a_device_told_first_is_whose_it_turns_out_to_be(folders):
    mirror, anew = folders
    take(a_shop(random.Random(13), people=90))
    device = hear(bought("early", START + DAY, anonymous="d1")).people[0]
    hear(said(user="u1", at=START + DAY), bought("other", START + DAY, user="u2"))
    same(mirror, anew)
    ann = Identity.objects.get(match="u1").person_id
    for number, person in (("early", ann), ("other", device)):
        first = Event.objects.get(order_key=number)
        Event.objects.create(
            source=first.source, source_key=f"{first.source_key}\x1f2", kind="order.corrected", person_id=person,
            first=first, occurred_at=first.occurred_at, recorded_at=now(), order_key=number, amount_minor=9,
            currency="EUR", fact_hash=b"1",
        )  # fmt: skip
    assert not same(mirror, anew).anew
    merge = merging.merge(device, ann, by="ben", now=now())
    assert not same(mirror, anew).anew
    merging.unmerge(merge.pk, by="ben", now=now())
    assert not same(mirror, anew).anew


@pytest.mark.usefixtures("ledger")
def test_any_order_of_merges_is_as_good_as_anew(folders):
    mirror, anew = folders
    dice = random.Random(11)
    take(a_shop(dice, people=240))
    at = START + DAY
    incremental = 0
    for turn in range(8):
        for _ in range(dice.randint(0, 5)):
            at += 60_000_000
            who = {"user": f"u{dice.randint(1, 5)}"} if dice.random() < 0.5 else {"anonymous": f"d{dice.randint(1, 5)}"}
            hear(bought(f"{turn}-{at}", at, **who) if dice.random() < 0.5 else said(**who, at=at))
        roll = dice.random()
        if roll < 0.4:
            hear(said(LINK, user=f"u{dice.randint(1, 5)}", anonymous=f"d{dice.randint(1, 5)}", at=at))
        elif roll < 0.7:
            hear(said(ALIAS, user=f"u{dice.randint(1, 5)}", previous=f"u{dice.randint(1, 5)}", at=at))
        elif merges := list(Merge.objects.filter(ended_at=None)):
            merging.unmerge(dice.choice(merges).pk, by="ben", now=now())
        incremental += not same(mirror, anew).anew
    assert incremental >= 6


@pytest.mark.usefixtures("ledger")
def test_a_policy_that_asks_for_another_kind_has_it_read(folders):
    mirror, anew = folders
    take(a_shop(random.Random(12), people=30))
    seen = {"key": "visit:1", "kind": "product.used", "customer": 31, "at": START - 9 * DAY, "is_state": False}
    take([seen], run=a_run())
    hear(*[said(user=f"c{n}", kind="product.used", at=START - n * DAY) for n in range(1, 31)], of="shop")
    hear(said(user="u1"))
    same(mirror, anew)
    before = lives(mirror)
    used = [row for row in facts(mirror)[0] if row[3] == "product.used"]
    assert len(used) == 1, "what files brought is read whatever it is"
    for folder in folders:
        done = refresh(folder, WATCHED, zone="Europe/Berlin", now=now(), progress=silent, keep=DEFAULT)
        assert done.anew
    assert len([row for row in facts(mirror)[0] if row[3] == "product.used"]) == 31
    assert lives(mirror, policy=WATCHED) == lives(anew, policy=WATCHED)
    assert lives(mirror, policy=WATCHED) != before
    assert refresh(mirror, WATCHED, zone="Europe/Berlin", now=now(), progress=silent, keep=DEFAULT).events == 0
    done = up_to_date(mirror)
    assert (done.events, lives(mirror)) == (0, before), "what another policy asks for is left out"
    hear(said(user="c3", kind="product.used", at=START + DAY), of="shop")
    done = up_to_date(mirror)
    assert (done.anew, lives(mirror)) == (False, before)
    done = refresh(mirror, WATCHED, zone="Europe/Berlin", now=now(), progress=silent, keep=DEFAULT)
    refresh(anew, WATCHED, zone="Europe/Berlin", now=now(), progress=silent, keep=DEFAULT, anew=True)
    assert lives(mirror, policy=WATCHED) == lives(anew, policy=WATCHED)


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_position_of_an_older_release_has_everything_read_anew(folders):
    mirror, _ = folders
    take([order(1)], somebody(1, customer="C1"))
    up_to_date(mirror)
    file = mirror / "current.json"
    told = json.loads(file.read_text())
    del told["position"]["kinds"]
    told["position"]["merges"] = ""
    file.write_text(json.dumps(told))
    assert position_of(read_manifest(mirror)) is None
    assert up_to_date(mirror).anew


@pytest.mark.usefixtures("sqlite_ledger")
def test_what_is_nobodys_fact_is_read_once(folders):
    mirror, _ = folders
    take([order(1)], somebody(1, customer="C1"))
    up_to_date(mirror)
    hear(*[said(anonymous="d1") for _ in range(50)])
    assert up_to_date(mirror).events == 0
    last = Event.objects.order_by("-pk").first()
    assert position_of(read_manifest(mirror)).events == last.pk
