"""Compiled arithmetic: numba, loaded only by who fits or predicts, and what it made kept in a folder of the user's."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import numba

__all__ = ["cache_folder", "compiled"]

P = ParamSpec("P")
R = TypeVar("R")

_SETTINGS: Final[Any] = numba.config  # a module whose names are made as it is loaded


@cache
def cache_folder() -> str:
    """Where compiled code is kept: $TENURE_CACHE, else the platform's own folder for such things, else a temporary one.

    An installed package may lie where its user cannot write, and a service's user may have no home.
    """
    chosen = os.environ.get("TENURE_CACHE")
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: nobody knows this user's home
        folder = (Path(chosen) if chosen else _users_own() / "tenure") / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return str(folder)
    return tempfile.mkdtemp(prefix="tenure-compiled-")


def _users_own() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function, compiled at its first call; division by zero gives inf or NaN, as in numpy."""
    before = _SETTINGS.CACHE_DIR
    _SETTINGS.CACHE_DIR = cache_folder()  # numba chooses the place when it decorates
    try:
        made: Callable[P, R] = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
        return made
    finally:
        _SETTINGS.CACHE_DIR = before
