"""The database restarted under load, in order and as in a crash; two workers at the same rows.

Nothing that was answered 200 is lost or there twice, and the libraries' own retries bring what was not. `make test`
restarts three times, `make torture` twenty (TENURE_KILLS).
"""

import os
import time

import pytest
from conserved import nothing_was_lost_or_done_twice
from databases import Cluster, PostgresDatabases, postgres_binaries, use
from django.conf import settings
from django.db import connections
from load import Senders
from served import begun, kill, until

from tenure_app.ledger.models import Event
from tenure_app.live.alone import at_work

KILLS = int(os.environ.get("TENURE_KILLS", "3"))


@pytest.fixture
def own_cluster(cluster):
    """A PostgreSQL server that nobody else uses, to be crashed at will; skips as `cluster` does."""
    del cluster
    one = Cluster(postgres_binaries())
    yield one
    connections["default"].close()
    one.stop()


def restarted(cluster, mode):
    """`immediate` is a crash: what was committed is read from its log again."""
    where = ("--pgdata", cluster.folder / "data", "--log", cluster.folder / "log")
    cluster.run("pg_ctl", "restart", "--wait", "--mode", mode, *where)


def test_the_database_restarted_under_load_takes_nothing_along(own_cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_DATA", tmp_path)
    with begun(PostgresDatabases(own_cluster), tmp_path) as served:
        served.serve("--workers", "2").work()
        # a worker that finds no database at its start says so and ends: later ones are waited for
        until(at_work, "the worker works")
        with Senders(served, "restarts") as senders:
            for turn in range(KILLS):
                time.sleep(1)
                connections["default"].close()
                restarted(own_cluster, "fast" if turn % 2 else "immediate")
            time.sleep(1)
        use(served.url)
        nothing_was_lost_or_done_twice(served, senders, judged=False)
        # while it was away the doors said so, and the worker waited for it
        turned = {status for one in senders.plain for status in one.others}
        assert turned <= {503, None}, turned
        assert served.web.poll() is None
        assert served.workers[0].poll() is None


def converted(least):
    return lambda: Event.objects.filter(source__name="plain").count() >= least


@pytest.fixture
def served(databases, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_DATA", tmp_path)
    with begun(databases, tmp_path) as here:
        yield here


def test_of_two_workers_one_works_and_the_other_takes_over_when_it_dies(served):
    served.serve().work().work()
    with Senders(served, "two", libraries=()) as senders:
        until(converted(200), "somebody works")
        assert at_work()
        # whichever of them leads: both die in turn, and another comes
        first, second = served.workers
        kill(first)
        served.workers.remove(first)
        before = Event.objects.filter(source__name="plain").count()
        until(converted(before + 200), "the other goes on")
        served.work()
        kill(second)
        served.workers.remove(second)
        before = Event.objects.filter(source__name="plain").count()
        until(converted(before + 200), "the third goes on")
    nothing_was_lost_or_done_twice(served, senders, judged=False)
