"""`tenure console`: the console on an address of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tenure.cli.screen import flush, say
from tenure_app.background import SERVERS_OWN
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse

__all__ = ["console", "must_be_free", "serve"]

_THREADS: Final = 4
"""Requests answered at the same time: pages wait for the disk, not for each other."""
_PATIENCE: Final = 5
"""Seconds that a worker may take to end in order; one that still waits for a browser is ended then."""


def console(asked: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    must_be_free(asked.host, asked.port)
    say(f"The console: http://{asked.host}:{asked.port}/ (Ctrl-C ends)\n")
    flush()
    serve(asked.host, asked.port)


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


def serve(host: str, port: int) -> None:
    """Answer requests until the process is told to end."""
    # The workers begin with these: one store of freed memory for each thread would keep 40 MB that nobody uses.
    for key, value in SERVERS_OWN.items():
        os.environ.setdefault(key, value)
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "tenure_app.wsgi:application", address=host, port=port, interface=Interfaces.WSGI, workers=1,
        blocking_threads=_THREADS, log_enabled=False, websockets=False, backpressure=64, workers_kill_timeout=_PATIENCE,
    ).serve()  # fmt: skip
