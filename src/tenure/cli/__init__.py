"""The command `tenure`: files in, files or readable tables out. Knows arguments, words and exit codes, nothing else."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from tenure.cli.arguments import parser
from tenure.cli.screen import flush, visible
from tenure.cli.stopping import Stopping, is_interruption
from tenure.errors import TenureError

__all__ = ["main"]

_BY_SIGNAL = 128
_NOBODY_READS = 141  # 128 + SIGPIPE, where there is one
_OUR_MISTAKE = 70  # EX_SOFTWARE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, that of the error's class, 70 a mistake of ours; stopped by Ctrl-C
    130, by SIGTERM 143.

    Whatever goes wrong is one line on stderr; TENURE_DEBUG=1 adds the traceback.
    """
    with Stopping() as stopping:
        try:
            _run(argv)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
            if stopping.signal is not None or is_interruption(error):
                return _BY_SIGNAL + (stopping.signal or signal.SIGINT)
            return _ended(error)
    return 0


def _run(argv: Sequence[str] | None) -> None:
    try:
        asked = parser().parse_args(argv)
        from tenure.cli import jobs

        jobs.run(asked)
    except SystemExit:
        flush()  # help is output too
        raise
    flush()


def _ended(error: BaseException) -> int:
    """What the user can mend, an output that nobody reads, too little memory, or a mistake of ours."""
    if isinstance(error, TenureError):
        return _failed(str(error), error, error.exit_code)
    if isinstance(error, BrokenPipeError):
        return _NOBODY_READS
    name = type(error).__name__
    if name in ("MemoryError", "OutOfMemoryException"):
        return _failed("there is not enough memory for this; free some, or take a larger machine", error, 1)
    said = f"{name}: {error}".split("\n")[0]
    asks = "this is a mistake of ours: please report it with what TENURE_DEBUG=1 shows"
    return _failed(f"{asks} ({said})", error, _OUR_MISTAKE)


def _failed(message: str, error: BaseException, code: int) -> int:
    """Say it in one line; the traceback only for who asked for it."""
    if os.environ.get("TENURE_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    sys.stderr.write(f"tenure: {visible(' '.join(message.split()))}\n")
    return code
