"""The worker: what is due is done, what is asked for is computed anew, everybody is brought up to a generation."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from threading import Event as Flag

import pytest
from django.conf import settings
from django.db import connection
from facts import a_run, now, order, take
from living import picture_of, standings, touch, up_to_date

from tenure.lifecycle.policy import DEFAULT
from tenure_app.ledger.actions import save_policy
from tenure_app.ledger.models import Event, EventBody, Identity
from tenure_app.listen.models import Opportunity, Touched
from tenure_app.live import progress, sync, work
from tenure_app.live.alone import working_alone
from tenure_app.live.differences import compare, file_of
from tenure_app.live.grounds import grounds_of
from tenure_app.live.models import Standing
from tenure_app.live.sync import Syncing
from tenure_app.refused import Refused

DAY = 86_400_000_000
START = 1_700_000_000_000_000  # in the middle of November 2023
OTHER = DEFAULT.__class__(loyal_from=9)


def moves():
    rows = Event.objects.filter(kind="stage.changed").order_by("id")
    bodies = dict(EventBody.objects.values_list("event_id", "body"))
    return [(one.person_id, json.loads(bodies[one.pk])) for one in rows]


def worked(at):
    work.work(now=lambda: at, running=now, stop=Flag(), once=True)
    return progress.read(settings.TENURE_DATA)


def a_shop(people=30):
    run = a_run(ended_at=START)
    take([order(f"o{n}", customer=n % people, at=START - (n * 7 % 300) * DAY) for n in range(200)], run=run)


def ways():
    return sorted(Opportunity.objects.filter(ended_at=None).values_list("person", "cycle", "expected_at"))


@pytest.mark.usefixtures("ledger")
def test_an_import_fills_everybodys_standing_and_a_policy_moves_them():
    a_shop()
    at = now() + DAY
    said = worked(at)
    assert (said.state, said.baseline, said.rebuilding, said.of) == ("done", False, "", 30)
    assert standings() == picture_of(at)
    assert moves() == []
    assert ways() == sorted((one.person_id, one.occasions + 1, one.expected_at) for one in Standing.objects.all())
    before = standings()
    save_policy(OTHER, note="", by="", now=at)
    said = worked(at)
    assert (said.policy, said.of) == (OTHER.hash, 30)
    assert standings() == picture_of(at)
    told = {person: (one["from"], one["to"], one["cause"], one["policy"]) for person, one in moves()}
    other = {person for person, row in standings().items() if row[:2] != before[person][:2]}
    assert len(other) >= 5
    assert told == dict.fromkeys(other, ("loyal", "active", "policy", OTHER.hash))
    worked(at)
    assert len(moves()) == len(told)


def brought_up(at, most=10_000):
    """Everybody by the generation in force, without processes of their own; how many turns it took."""
    grounds = grounds_of(settings.TENURE_DATA / "mirror")
    syncing = Syncing(lambda: at)
    syncing._look = lambda _: begin(syncing, grounds, at)
    turns = 0
    while turns < most and syncing.turn(wait=True):
        turns += 1
    syncing.stop()
    return turns


def begin(syncing, grounds, at):
    said = progress.read(settings.TENURE_DATA)
    if said.generation == sync._key(grounds) and said.state == progress.DONE:
        return False
    n = compare(grounds, file_of(settings.TENURE_DATA), now=at)
    syncing._open()
    progress.write(settings.TENURE_DATA, progress.Progress(
        progress.WRITING, sync._key(grounds), grounds.policy.hash, of=n, baseline=said.filling, at=at
    ))  # fmt: skip
    return True


@pytest.mark.usefixtures("ledger")
def test_an_import_of_more_moves_those_it_moves(monkeypatch):
    a_shop()
    up_to_date(now())
    at = now() + DAY
    brought_up(at)
    before = standings()
    take([order(f"more{n}", customer=n, at=START - 9 * DAY) for n in range(20, 40)], run=a_run(ended_at=now()))
    up_to_date(now(), anew=True)
    at += DAY
    brought_up(at)
    assert standings() == picture_of(at)
    assert ways() == sorted((one.person_id, one.occasions + 1, one.expected_at) for one in Standing.objects.all())
    told = {person: (one["to"], one["cause"]) for person, one in moves()}
    other = {person for person, row in standings().items() if row[:2] != before.get(person, (None, None))[:2]}
    assert told.keys() == other
    assert sum(to == "new" and cause == "import" for to, cause in told.values()) == 10


@pytest.mark.usefixtures("ledger")
def test_killed_while_everybody_is_brought_up_the_next_one_goes_on(monkeypatch):
    a_shop()
    up_to_date(now())
    at = now() + DAY
    monkeypatch.setattr(sync, "_MOST", 7)
    assert brought_up(at, most=3) == 3
    said = progress.read(settings.TENURE_DATA)
    assert (said.state, said.done, said.of, Standing.objects.count()) == ("writing", 14, 30, 14)
    syncing = Syncing(lambda: at)
    while syncing.turn():
        pass
    assert standings() == picture_of(at)
    said = progress.read(settings.TENURE_DATA)
    assert (said.state, said.done) == ("done", 30)
    assert not file_of(settings.TENURE_DATA).exists()


@pytest.mark.usefixtures("ledger")
def test_whoever_something_happens_to_meanwhile_is_left_to_who_follows_them(monkeypatch):
    a_shop()
    up_to_date(now())
    at = now() + DAY
    monkeypatch.setattr(sync, "_MOST", 7)
    brought_up(at, most=2)
    take([order(f"meanwhile{n}", customer=n, at=START + 1) for n in range(30)])
    touch(at=at)
    follow_some = work.Worker(lambda: at, now)
    assert follow_some._follow()
    take([order("once more", customer=1, at=START + 2)])
    touch(Identity.objects.get(match="c1").person_id, at=at)
    syncing = Syncing(lambda: at)
    while syncing.turn():
        pass
    assert Touched.objects.count() == 1
    follow_some._follow()
    assert standings() == picture_of(at)


@pytest.mark.usefixtures("ledger")
def test_a_step_that_fails_is_said_without_a_word_of_people_and_the_others_go_on(monkeypatch, caplog):
    worker, done = work.Worker(now, now), []
    monkeypatch.setattr(worker, "_wake", lambda: done.append("silence"))

    def fails():
        raise ValueError("anna@example.org")

    monkeypatch.setattr(worker, "_follow", fails)
    with caplog.at_level(logging.ERROR):
        worker.turn()
        worker.turn()
    assert done == ["silence", "silence"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("follow failed: ValueError at ")
    assert "anna" not in line
    worker.end()


@pytest.mark.usefixtures("ledger")
def test_once_beside_a_worker_is_refused():
    with working():
        until(lambda: not leads())
        with pytest.raises(Refused, match="another worker is at work"):
            worked(START)


def leads():
    """Whether the right to work can be had."""
    with working_alone() as held:
        connection.close()
        return held


class working:
    """`tenure work` as a process."""

    def __init__(self, name="work"):
        self.name = name

    def __enter__(self):
        self.log = (settings.TENURE_DATA / f"{self.name}.log").open("ab")
        command = [sys.executable, "-m", "tenure", "work"]
        env = {**os.environ, "TENURE_LOG": "INFO"}
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=self.log)
        return self.process

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()


def until(holds, seconds=30.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return seconds - (end - time.monotonic())


def followed():
    return not Touched.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_a_second_worker_takes_over_and_both_end_when_they_are_told_to():
    a_shop()
    up_to_date(now())
    with working("first") as first:
        until(lambda: not leads())
        with working("second") as second:
            touch(at=START)
            until(followed)
            until(lambda: "stands by" in (settings.TENURE_DATA / "second.log").read_text())
            first.send_signal(signal.SIGKILL)
            first.wait()
            touch(at=START)
            assert until(followed, 10) < 3
            began = time.monotonic()
            second.send_signal(signal.SIGTERM)
            assert second.wait(10) == 0
            assert time.monotonic() - began < 2
    assert leads()


@pytest.mark.usefixtures("postgres_ledger")
def test_a_database_that_was_gone_is_found_again(cluster):
    a_shop()
    up_to_date(now())
    with working() as process:
        until(lambda: not leads())
        name = connection.settings_dict["NAME"]
        connection.close()
        for _ in range(3):
            cluster.do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            time.sleep(0.2)
        touch(at=START)
        until(followed)
        assert process.poll() is None
    log = (settings.TENURE_DATA / "work.log").read_text()
    assert "the database does not answer" in log
    assert "Traceback" not in log
