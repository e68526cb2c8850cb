"""Whoever something happened to stands, right after, where everybody computed anew would stand."""

import json

import pytest
from django.db import connection
from facts import a_run, now, order, somebody, take
from living import held, orders_table, picture_of, settle, standings, touch, up_to_date

import tenure
from tenure.engine.base import statements
from tenure.lifecycle.policy import Policy, Rule, Scope
from tenure_app.ledger.actions import save_policy
from tenure_app.ledger.merging import merge, unmerge
from tenure_app.ledger.models import Event, EventBody, Identity, Merge, Person
from tenure_app.listen import convert
from tenure_app.listen.models import Opportunity, Touched
from tenure_app.live import follow as following
from tenure_app.live.follow import follow
from tenure_app.live.models import Standing
from tenure_app.live.silence import wake

DAY = 86_400_000_000
START = 1_700_000_000_000_000  # in the middle of November 2023


def moves():
    """What every stage.changed says: (whose, when, ...)."""
    rows = Event.objects.filter(kind="stage.changed").order_by("id")
    bodies = dict(EventBody.objects.values_list("event_id", "body"))
    return [(one.person_id, one.occurred_at, one.recorded_at, json.loads(bodies[one.pk])) for one in rows]


def said():
    return [(person, at, one["from"], one["to"], one["cause"]) for person, at, _, one in moves()]


def a_shop(**more):
    take([order(f"o{n}", customer=n % 5, at=START - (n * 3 % 100) * DAY) for n in range(60)], **more)
    up_to_date(now())
    touch(at=START)
    settle(START)


def newest():
    return Person.objects.order_by("-pk").first().pk


@pytest.mark.usefixtures("ledger")
def test_somebody_new_stands_at_once_where_everybody_computed_anew_would():
    a_shop()
    before = len(moves())
    take([order("new", customer=99, at=START + DAY), order("again", customer=1, at=START + DAY)])
    touch(at=START + DAY)
    assert follow(now=START + 2 * DAY).people == 6
    assert not Touched.objects.exists()
    assert standings() == picture_of(START + 2 * DAY)
    (mine,) = (one for one in said()[before:] if one[0] == newest())
    assert mine == (newest(), START + DAY, None, "new", "event")
    ((_, _, recorded_at, body),) = (one for one in moves() if one[0] == newest())
    assert recorded_at == START + 2 * DAY
    assert (body["orders"], body["occasions"], body["last_order_at"]) == (1, 1, "2023-11-15T22:13:20Z")
    one = Event.objects.filter(kind="stage.changed").last()
    assert (one.source.name, len(bytes(one.fact_hash))) == ("tenure", 16)
    way = Opportunity.objects.get(person=newest(), ended_at=None)
    assert (way.cycle, way.expected_at) == (2, Standing.objects.get(pk=newest()).expected_at)


@pytest.mark.usefixtures("ledger")
def test_silence_moves_somebody_at_its_very_instant():
    a_shop()
    due = Standing.objects.filter(code__lt=4).order_by("next_at").first()
    at, before = due.next_at, len(moves())
    assert wake(now=at - 1) == 0
    assert wake(now=at) >= 1
    follow(now=at)
    mine = [one for one in said()[before:] if one[0] == due.person_id]
    assert mine == [(due.person_id, at, "loyal", "lapsed/short", "silence")]
    rows = tenure.history(orders_table(), until=at + 1).to_pylist()
    (turn,) = (row for row in rows if row["customer_id"] == due.person_id and row["to"] is None)
    assert (turn["stage"], turn["detail"]) == ("lapsed", "short")
    assert turn["from"].timestamp() * 1_000_000 == at
    assert (wake(now=at), follow(now=at).people) == (0, 0)
    assert standings() == picture_of(at)


@pytest.mark.usefixtures("ledger")
def test_who_was_silent_for_years_while_nobody_worked_moved_step_by_step():
    a_shop()
    before = len(moves())
    settle(START + 900 * DAY)
    ladder = ["lapsed/short", "lapsed/long", "inactive/win_back"]
    told = [one for one in said()[before:] if one[0] == 1]
    assert [to for *_, to, _ in told] == ladder[-len(told) :]
    assert {cause for *_, cause in said()[before:]} == {"silence"}
    assert len(told) >= 2
    assert standings() == picture_of(START + 900 * DAY)


@pytest.mark.usefixtures("ledger")
def test_a_touch_that_comes_while_somebody_is_looked_at_is_not_lost(monkeypatch):
    a_shop()
    take([order("a", customer=1, at=START + DAY)])
    one = Identity.objects.get(match="c1").person_id
    convert.touch([one], now=START + DAY)
    real = following.judge

    def meanwhile(*words, **more):
        judged = real(*words, **more)
        take([order("b", customer=1, at=START + DAY + 5)])
        convert.touch([one], now=START + DAY)  # at the same instant as the touch before
        monkeypatch.setattr(following, "judge", real)
        return judged

    monkeypatch.setattr(following, "judge", meanwhile)
    follow(now=START + 2 * DAY)
    assert standings() != picture_of(START + 2 * DAY)
    assert follow(now=START + 2 * DAY).people == 1
    assert standings() == picture_of(START + 2 * DAY)
    assert not Touched.objects.exists()


@pytest.mark.usefixtures("sqlite_ledger")
@pytest.mark.parametrize("step", ["append_moves", "settle_ways", "_untouch"])
def test_who_is_killed_half_way_leaves_nothing_behind(step, monkeypatch):
    a_shop()
    take([order("new", customer=99, at=START + DAY)])
    touch(newest(), at=START + DAY)
    before = (standings(), said(), list(Opportunity.objects.values_list("pk", "cycle", "ended_at")))

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(following, step, killed)
        with pytest.raises(KeyboardInterrupt):
            follow(now=START + 2 * DAY)
    assert (standings(), said(), list(Opportunity.objects.values_list("pk", "cycle", "ended_at"))) == before
    assert follow(now=START + 2 * DAY).people == 1
    assert standings() == picture_of(START + 2 * DAY)
    assert len(said()) == len(before[1]) + 1


@pytest.mark.usefixtures("ledger")
def test_who_orders_in_a_month_nobody_knows_waits_for_it_and_others_do_not():
    a_shop()
    take([order("december", customer=1, at=START + 20 * DAY), order("november", customer=2, at=START + DAY)])
    touch(at=START + 20 * DAY)
    at = START + 21 * DAY
    done = follow(now=at)
    assert (done.people, done.waiting, dict(done.rebuild)) == (4, 1, {"month": 1})
    assert (follow(now=at).waiting, Touched.objects.count()) == (0, 1)  # nobody is looked at twice for nothing
    up_to_date(now())
    assert follow(now=at).people == 1
    assert standings() == picture_of(at)


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_fact_of_a_month_that_is_over_is_followed_and_asks_for_a_rebuild():
    a_shop()
    take([order("late", customer=1, at=START - 200 * DAY)])
    touch(at=START)
    done = follow(now=START)
    assert (done.people, done.waiting, done.rebuild["late"]) == (5, 0, 1)
    up_to_date(now())
    touch(at=START)
    assert follow(now=START).rebuild["late"] == 0
    assert standings() == picture_of(START)


@pytest.mark.usefixtures("sqlite_ledger")
def test_who_buys_of_a_category_nobody_has_heard_of_waits_where_categories_decide():
    scope = Scope(category="boots", rule=Rule(kind="window", days=(20.0, 40.0, 80.0)))
    save_policy(Policy(scopes=(scope,)), note="", by="", now=1)
    take([order(f"o{n}", customer=n % 5, at=START - n * DAY, category="boots") for n in range(20)])
    up_to_date(now())
    take([order("x", customer=1, at=START + 1, category="kites"), order("y", customer=2, at=START + 1)])
    touch(at=START)
    done = follow(now=START + DAY)
    assert (done.people, done.waiting, dict(done.rebuild)) == (4, 1, {"words": 1})
    up_to_date(now())
    assert follow(now=START + DAY).people == 1
    assert len(standings()) == 5


@pytest.mark.usefixtures("sqlite_ledger")
def test_where_nothing_was_computed_yet_everybody_waits():
    take([order("o1", at=START)])
    touch(at=START)
    done = follow(now=START)
    assert (done.people, done.waiting, dict(done.rebuild)) == (0, 1, {"nothing": 1})
    assert not Standing.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_who_begins_tomorrow_stands_nowhere_until_then():
    a_shop()
    take([order("ahead", customer=99, at=START + 3 * DAY)])
    touch(newest(), at=START + DAY)
    follow(now=START + DAY)
    assert (newest() in standings(), follow(now=START + 3 * DAY - 1).people) == (False, 0)
    follow(now=START + 3 * DAY)
    assert standings()[newest()][0] == "new"


@pytest.mark.usefixtures("ledger")
def test_a_merge_and_its_end_move_standings_and_nothing_else():
    a_shop()
    take([order("x", customer=98, at=START - 3 * DAY), order("y", customer=99, at=START - 2 * DAY)])
    two, one = newest(), newest() - 1
    touch(one, two, at=START)
    follow(now=START)
    before, told = standings(), said()
    found = merge(one, two, by="", now=START)
    gone = found.person_id
    left = one + two - gone
    convert.touch([gone, left], now=START + 1)
    follow(now=START + 1)
    assert gone not in standings()
    assert standings()[left][:1] == ("active",)
    assert standings() == picture_of(START + 1)
    assert said()[len(told) :] == [(left, START - 2 * DAY, "new", "active", "event")]
    ways = Opportunity.objects.filter(person__in=(one, two), ended_at=None)
    assert list(ways.values_list("person", "cycle")) == [(left, 3)]
    unmerge(Merge.objects.get().pk, by="", now=START + 2)
    convert.touch([gone, left], now=START + 2)
    follow(now=START + 2)
    assert standings() == before
    assert said()[len(told) + 1 :] == [(left, Standing.objects.get(pk=left).since_at, "active", "new", "event")]


@pytest.mark.usefixtures("ledger")
def test_who_was_here_before_anybody_stood_anywhere_has_moved_nowhere():
    take([order(f"o{n}", customer=n, at=START - n * DAY) for n in range(3)], run=a_run(ended_at=START))
    up_to_date(START)
    take([order("live", customer=9, at=START)])
    touch(at=START)
    follow(now=START)
    assert [(person, to) for person, _, _, to, _ in said()] == [(newest(), "new")]
    assert len(standings()) == 4


@pytest.mark.usefixtures("ledger")
def test_a_visitor_whom_nobody_knows_stands_nowhere():
    a_shop()
    Person.objects.filter(pk=2).update(anonymous=True)
    touch(at=START)
    follow(now=START)
    assert 2 not in standings()
    assert not Opportunity.objects.filter(person=2, ended_at=None).exists()


@pytest.mark.usefixtures("ledger")
def test_a_fact_that_turns_out_to_be_another_ones_moves_both():
    a_shop()
    take([order("x", customer=1, at=START + DAY)])
    touch(1, at=START + DAY)
    follow(now=START + DAY)
    take([order("x", customer=7, at=START + DAY)], [*somebody(7, customer="C7")])
    touch(at=START + DAY)
    follow(now=START + DAY)
    assert {person for person, _, one in held() if one.order_key == "x"} == {newest()}
    assert standings() == picture_of(START + DAY)


PLANS = (
    ("whom", ([1],)), ("taken_for", ([1],)), ("facts", ([1], ["order.placed"])), ("later", ([1], ["order.corrected"])),
    ("first", ([1], ["order.placed"])), ("before", ([1],)), ("open_ways", ([1],)), ("last_move", ([1],)),
)  # fmt: skip


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(("name", "lists"), PLANS, ids=[name for name, _ in PLANS])
def test_what_is_asked_of_a_person_looks_at_their_rows_alone(name, lists):
    a_shop()
    said = statements("tenure_app.live", "standing_reads")[f"{name}_{connection.vendor}"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("EXPLAIN QUERY PLAN " + said, [json.dumps(one) for one in lists])
            plan = [row[3] for row in cursor.fetchall()]
            assert [line for line in plan if line.startswith("SCAN") and line.split()[1] not in ("k", "w")] == []
        else:
            cursor.execute("SET enable_seqscan = off")
            cursor.execute("EXPLAIN " + said, list(lists))
            plan = [row[0] for row in cursor.fetchall()]
            assert [line for line in plan if "Seq Scan" in line] == []
