"""A process of its own for what takes memory and time: what it takes is given back when it ends. Niced, so that those
who follow events come first."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from tenure_app.background import SERVERS_OWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Child"]

_NICE: Final = 10
_PATIENCE: Final = 1.0
"""Seconds that one may take to end when it is told to."""


class Child:
    """A running process; what it says goes to the end of a log. `took`: seconds since it was begun."""

    def __init__(self, words: Sequence[str], log: Path, *, module: str = "tenure") -> None:
        """Begin python -m `module` with these words."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._began = time.monotonic()
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *words], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True,
                env={key: value for key, value in os.environ.items() if SERVERS_OWN.get(key) != value},
            )  # fmt: skip
        with contextlib.suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)

    @property
    def took(self) -> float:
        """Seconds since it was begun."""
        return time.monotonic() - self._began

    def ended(self, *, wait: bool = False) -> int | None:
        """Its exit code, None while it runs and nobody will `wait` for it."""
        return self._process.wait() if wait else self._process.poll()

    def stop(self) -> None:
        """End it: what it had not finished is as if never begun."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
