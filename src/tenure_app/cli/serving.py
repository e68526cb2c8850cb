"""`tenure console`: the console on an address of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenure.cli.screen import flush, say
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse

__all__ = ["console", "serve"]

_THREADS: Final = 4
"""Requests answered at the same time: pages wait for the disk, not for each other."""


def console(asked: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    say(f"The console: http://{asked.host}:{asked.port}/ (Ctrl-C ends)\n")
    flush()
    serve(asked.host, asked.port)


def serve(host: str, port: int) -> None:
    """Answer requests until the process is told to end; Refused if the address cannot be had."""
    import socket

    from granian import Granian
    from granian.constants import Interfaces

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            said = error.strerror or str(error)
            raise Refused("no_address", f"cannot listen on {host}:{port}: {said}; choose another --port") from error
    Granian(
        "tenure_app.wsgi:application", address=host, port=port, interface=Interfaces.WSGI, workers=1,
        blocking_threads=_THREADS, log_enabled=False, websockets=False, backpressure=64,
    ).serve()  # fmt: skip
