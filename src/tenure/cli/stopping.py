"""How a command is stopped from outside: which signal came, and whether an error only says that one did."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Self

__all__ = ["Stopping", "is_interruption"]

_CAUGHT: Final = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
"""Signals that end a command, with what Python does about them by itself; who ignores one goes on ignoring it."""


class Stopping:
    """A context in which SIGTERM unwinds the command as Ctrl-C does, so that its temporary files go too.

    `signal`: the number of the one that came last, or None. Whatever then comes up, the engine's own words for it or a
    file that seems damaged because its reading was cut off, comes up because of it.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[signal.Signals, Callable[..., Any] | int | None] = {}

    def __enter__(self) -> Self:
        # nobody but the main thread may say what signals do
        if threading.current_thread() is threading.main_thread():
            for number, usual in _CAUGHT.items():
                if signal.getsignal(number) == usual:
                    self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _came(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        raise KeyboardInterrupt


def is_interruption(error: BaseException | None) -> bool:
    """Whether the error, or one that it was made of, only says that somebody interrupted the engine."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "InterruptException":
            return True
        if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
            return True
        error = error.__cause__ or error.__context__
    return False
