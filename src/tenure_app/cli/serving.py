"""`tenure serve`: the console, the API and the doors for events on an address of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from django.db import connection

from tenure.cli.screen import flush, say
from tenure_app.background import SERVERS_OWN
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

__all__ = ["must_be_free", "serve", "served", "worker_beside"]

_THREADS: Final = 4
"""Requests answered at the same time: pages wait for the disk, not for each other."""
_MOST_WORKERS: Final = 64
_PATIENCE: Final = 5
"""Seconds that a worker may take to end in order; one that still waits for a browser is ended then."""


def served(asked: argparse.Namespace) -> None:
    """Serve until Ctrl-C; with `work` a worker beside it, which ends with it. Refused for what SQLite cannot do."""
    if asked.workers < 1 or asked.workers > _MOST_WORKERS:
        raise Refused("bad_workers", f"{asked.workers} web processes cannot be had; ask for 1 to {_MOST_WORKERS}")
    if asked.workers > 1 and connection.vendor == "sqlite":
        raise Refused("one_process", "on SQLite there is one web process; several need PostgreSQL (DATABASE_URL)")
    must_be_free(asked.host, asked.port)
    say(f"The console: http://{asked.host}:{asked.port}/ (Ctrl-C ends)\n")
    flush()
    with worker_beside() if asked.work else nullcontext():
        serve(asked.host, asked.port, asked.workers)


@contextmanager
def worker_beside() -> Iterator[None]:
    """A worker as a process of its own, which ends with the block."""
    working = subprocess.Popen([sys.executable, "-m", "tenure", "work"])
    try:
        yield
    finally:
        working.terminate()
        try:
            working.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            working.kill()


def must_be_free(host: str, port: int) -> None:
    """Refused if the address cannot be had."""
    import socket

    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "there is no such port"
        raise Refused("no_address", f"cannot listen on {host}:{port}: {why}; choose another --port") from error


def serve(host: str, port: int, workers: int = 1) -> None:
    """Answer requests until the process is told to end."""
    # The workers begin with these: one store of freed memory for each thread would keep 40 MB that nobody uses.
    for key, value in SERVERS_OWN.items():
        os.environ.setdefault(key, value)
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "tenure_app.wsgi:application", address=host, port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=_THREADS, log_enabled=False, websockets=False, backpressure=64, workers_kill_timeout=_PATIENCE,
    ).serve()  # fmt: skip
