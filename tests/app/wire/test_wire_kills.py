"""Killed at any moment under load, server and worker lose nothing that was answered 200, and do nothing twice.

Published libraries and a plain sender that notes what it was promised keep at it while SIGKILL meets the web process,
one of its children, the worker, or all of them. `make test` kills three times on each database, `make torture` twenty
times (TENURE_KILLS); the seed is printed and can be given (TENURE_SEED).
"""

import contextlib
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from living import picture_of, standings, up_to_date
from load import Senders
from served import begun, kill, messages, until

from tenure_app import clock
from tenure_app.ledger.models import Event, Person
from tenure_app.listen.models import Opportunity, Quarantined
from tenure_app.live.models import Standing
from tenure_app.refused import Refused

KILLS = int(os.environ.get("TENURE_KILLS", "3"))
SEED = int(os.environ.get("TENURE_SEED", "20261122"))
NUMBER = re.compile(r'"messageId": ?"([^"]+)"')


def children_of(number):
    """The processes that a process has begun and that go on."""
    return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii").split()]


def killed_web(served):
    served.kill_web()
    return served.serve


def killed_child_of_web(served):
    """The process that answers, while the one that watches over it goes on: it must not go on without answering."""
    (child,) = children_of(served.web.pid)
    os.kill(child, signal.SIGKILL)
    until(lambda: served.web.poll() is not None or served.lives(), "the server ends or answers again", 20)

    def again():
        if served.web.poll() is not None:
            served.serve()

    return again


def killed_worker(served):
    kill(served.workers.pop())
    return served.work


def killed_everything(served):
    served.kill_web()
    kill(served.workers.pop())
    return lambda: served.serve().work()


WAYS = [killed_web, killed_worker, killed_everything, killed_child_of_web]


def nothing_was_lost_or_done_twice(served, senders):
    """What was promised against what the ledger holds."""
    served.drained()
    orders = {}
    for one in senders.plain:
        assert one.answered, "it was never answered"
        orders |= one.orders
    promised = {"plain": [number for one in senders.plain for number in one.answered]}
    for one in senders.libraries:
        assert one.given_up == [], one.given_up[:2]
        promised[one.name] = one.ids
    for name, numbers in promised.items():
        found = [key for key, _ in messages(name)]
        assert [key for key, n in Counter(found).items() if n > 1] == []
        assert len(numbers) == len(set(numbers))
        assert set(found) == set(numbers), (len(found), len(numbers))
    placed = Event.objects.filter(source__name="plain", kind="order.placed").values_list("order_key", "amount_minor")
    assert sorted(placed) == sorted(orders.items())
    assert not Event.objects.filter(kind="order.corrected").exists()
    aside(senders)
    alike(served)


def aside(senders):
    """What could not be put on the timeline is kept, each once."""
    wanted = {number for one in senders.plain for number in one.bad}
    kept = Counter(NUMBER.search(said)[1] for (said,) in Quarantined.objects.values_list("said"))
    assert set(kept) == wanted
    assert [number for number, n in kept.items() if n > 1] == []


def alike(served):
    """Everybody stands where everybody computed anew would stand, and is on the way to one next purchase.

    What came long after it happened changed the population by which all are judged: that is known from the next
    refresh on, to which the worker brings everybody up.
    """
    until(brought_up, "a refresh comes to its turn")
    fresh = picture_of(clock.now())
    assert len(fresh) == Person.objects.filter(root=None, anonymous=False).count()
    with contextlib.suppress(AssertionError):
        until(lambda: standings() == fresh, "the worker brings all standings up", 20)
    assert standings() == fresh
    ways = Opportunity.objects.filter(ended_at=None).values_list("person_id", "cycle")
    assert sorted(ways) == sorted(Standing.objects.annotate(cycle=F("occasions") + 1).values_list("person_id", "cycle"))


def brought_up():
    """One refresh at a time: the worker may be at it."""
    try:
        up_to_date(clock.now())
    except Refused:
        return False
    return True


@pytest.fixture
def served(databases, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_DATA", tmp_path)
    with begun(databases, tmp_path) as here:
        yield here


def test_killed_at_any_moment_nothing_that_was_answered_is_lost_or_there_twice(served, databases):
    dice = random.Random(f"{SEED} {databases.vendor}")
    sys.stdout.write(f"seed {SEED}, {KILLS} kills on {databases.vendor}\n")
    served.serve().work()
    with Senders(served, f"{SEED} {databases.vendor}") as senders:
        for turn in range(KILLS):
            time.sleep(dice.uniform(0.3, 1.5))
            begin_again = WAYS[turn % len(WAYS)](served)
            time.sleep(dice.uniform(0, 0.4))
            begin_again()
        time.sleep(0.5)
    nothing_was_lost_or_done_twice(served, senders)
