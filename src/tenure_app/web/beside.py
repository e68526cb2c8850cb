"""What a page needs and a process of its own finds out: laid down in a file, for which the page waits."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from tenure_app import background
from tenure_app.web.alive import alive, mark_of
from tenure_app.web.reading import NotReady

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["found", "lay"]

FAILED: Final = "failed"
"""What a process says that found out nothing, and one that was killed before it could."""
_begun: dict[Path, tuple[int, str]] = {}
_lock = Lock()
"""Of the processes that were begun, by the file that each is to write: its number and its mark."""


def found(result: Path, module: str, words: Sequence[str], *, waiting: str) -> dict[str, Any]:
    """What the file says; the module is begun with these words where nobody writes it yet.

    NotReady, with what is being done (`waiting`), until it is there; {"failed": ""} of a process that left nothing.
    """
    with _lock:
        if result.exists():
            _begun.pop(result, None)
            said: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
            return said
        if result not in _begun:
            number = background.begin(words, result.with_suffix(".log"), module)
            _begun[result] = (number, mark_of(number))
        elif not alive(*_begun[result]) and not result.exists():
            del _begun[result]  # asked once more, another one tries
            return {FAILED: ""}
        raise NotReady(said=waiting)


def lay(result: Path, said: dict[str, Any]) -> None:
    """Write the file, whole; nothing where its folder is gone by now."""
    partly = result.with_suffix(".part")
    try:
        partly.write_text(json.dumps(said), encoding="utf-8")
        partly.rename(result)
    except FileNotFoundError:
        return
