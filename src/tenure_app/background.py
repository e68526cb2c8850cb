"""Long work beside a server that answers requests: the command itself, or a module, in a process of its own.

What it takes of memory it gives back when it ends, and it goes on when the server is restarted.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SERVERS_OWN", "begin"]

SERVERS_OWN: Final = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""What a server's environment says of its memory; what it begins is there for speed and does without."""


def begin(words: Sequence[str], log: Path, module: str = "tenure") -> int:
    """Start `tenure`, or another module, with these words and go on; what it says goes to the end of `log`.

    Returns the process's number.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        started = subprocess.Popen(
            [sys.executable, "-m", module, *words], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
            env={key: value for key, value in os.environ.items() if SERVERS_OWN.get(key) != value},
        )  # fmt: skip
    return started.pid
