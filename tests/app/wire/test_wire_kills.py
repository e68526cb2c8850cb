"""Killed at any moment under load, server and worker lose nothing that was answered 200, and do nothing twice.

Published libraries and a plain sender that notes what it was promised keep at it while SIGKILL meets the web process,
one of its children, the worker, or all of them. `make test` kills three times on each database, `make torture` twenty
times (TENURE_KILLS); the seed is printed and can be given (TENURE_SEED).
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from conserved import nothing_was_lost_or_done_twice
from django.conf import settings
from load import Senders
from served import begun, kill, until

KILLS = int(os.environ.get("TENURE_KILLS", "3"))
SEED = int(os.environ.get("TENURE_SEED", "20261122"))


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
