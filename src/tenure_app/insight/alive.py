"""Whether a process that was begun is still the one that has its number."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["alive", "mark_of"]


def mark_of(pid: int) -> str:
    """When a process began, as the system counts; "" for one that has ended, and where the system does not say."""
    try:
        # the name in brackets may hold anything; behind it stand the state and, as the 20th, the beginning
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *said = told.rpartition(")")[2].split()
        return "" if state in "ZX" else said[18]
    except (OSError, ValueError, IndexError):
        return ""


def alive(pid: int, mark: str) -> bool:
    """Whether the process runs; one that has its number by now, and began at another time, is somebody else."""
    with contextlib.suppress(ChildProcessError):
        # a process of ours that ended stays in the table until somebody asks for it
        os.waitpid(pid, os.WNOHANG)
    if mark:
        return mark_of(pid) == mark
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
