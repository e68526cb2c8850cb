"""What a page needs and a process of its own finds out: laid down in a file, for which the page waits."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from tenure.errors import TenureError
from tenure_app import background
from tenure_app.insight.alive import alive, mark_of
from tenure_app.insight.reading import NotReady
from tenure_app.ledger.manifest import replaced
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["FAILED", "REFUSED", "answer", "found", "lay"]

FAILED: Final = "failed"
"""Key of what went wrong by no fault of who asks: the error's name, "" of a process that was killed."""
REFUSED: Final = "refused"
"""Key of words for who asks, beside a `code`."""
_begun: dict[str, tuple[Path, int, str]] = {}
_lock = Lock()
"""Of the processes that were begun, one a module: the file that it is to write, its number and its mark."""


def found(result: Path, module: str, words: Sequence[str], *, waiting: str) -> dict[str, Any]:
    """What the file says; the module is begun with these words where nobody writes it yet.

    One process of a module at a time: each may take much memory. NotReady, with what is being done (`waiting`), until
    the file is there; {FAILED: ""} of a process that left none.
    """
    with _lock:
        last = _begun.get(module)
        lives = last is not None and alive(last[1], last[2])
        # read after the process was looked at: what it left is there by now
        if (said := _read(result)) is not None:
            return said
        if last is not None and not lives:
            del _begun[module]  # asked once more, another one tries
            if last[0] == result:
                return {FAILED: ""}
        if not lives:
            log = result.parents[1] / f"{module.rpartition('.')[2]}.log"
            number = background.begin(words, log, module)
            _begun[module] = (result, number, mark_of(number))
        raise NotReady(said=waiting)


def answer(result: Path, module: str, words: Sequence[str], *, waiting: str, stopped: str) -> dict[str, Any]:
    """What the file says where it answers; NotReady as in `found`; Refused with its own words, or with `stopped` where
    the process ended without an answer. Asked again after that, it begins anew.
    """
    said = found(result, module, words, waiting=waiting)
    if FAILED in said:
        result.unlink(missing_ok=True)
        raise Refused("failed", stopped)
    if REFUSED in said:
        raise Refused(said["code"], said[REFUSED])
    return said


def _read(result: Path) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return said


def lay(result: Path, find: Callable[[], dict[str, Any]]) -> None:
    """Find out, and write the file in one step; an error is an answer, too. Nothing where its folder is gone by now."""
    try:
        said = find()
    except TenureError as wrong:
        said = {REFUSED: str(wrong), "code": getattr(wrong, "code", "invalid_input")}
    except Exception as error:
        if result.parent.exists():
            replaced(result, json.dumps({FAILED: type(error).__name__}).encode())
        raise  # into the log
    if result.parent.exists():
        replaced(result, json.dumps(said).encode())
