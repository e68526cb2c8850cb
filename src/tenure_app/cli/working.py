"""`tenure work`: what has to happen by itself, done by a process beside the server."""

from __future__ import annotations

import os
import signal
import sys
from threading import Event
from typing import TYPE_CHECKING

from tenure_app import clock
from tenure_app.background import SERVERS_OWN

if TYPE_CHECKING:
    import argparse
    from types import FrameType

__all__ = ["work"]


def work(asked: argparse.Namespace) -> None:
    """Work until Ctrl-C or SIGTERM, which let a transaction finish; with --once until nothing is due."""
    if sys.argv[1:2] == ["work"] and any(key not in os.environ for key in SERVERS_OWN):
        # read when a process begins: one store of freed memory for each thread would keep what nobody uses
        os.execve(sys.executable, [sys.executable, "-m", "tenure", *sys.argv[1:]], {**SERVERS_OWN, **os.environ})
    from tenure_app.live.work import work as until

    stop = Event()

    def ended(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {each: signal.signal(each, ended) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        until(now=clock.now, running=clock.running, stop=stop, once=asked.once)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
