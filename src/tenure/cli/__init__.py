"""The command `tenure`: files in, files or readable tables out. Knows arguments, words and exit codes, nothing else."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from tenure.cli.arguments import parser
from tenure.cli.screen import visible
from tenure.errors import TenureError

__all__ = ["main"]

_INTERRUPTED = 128 + signal.SIGINT
_NOBODY_READS = 141  # 128 + SIGPIPE, where there is one
_OUR_MISTAKE = 70  # EX_SOFTWARE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, that of the error's class, 130 interrupted, 70 a mistake of ours.

    Whatever goes wrong is one line on stderr; TENURE_DEBUG=1 adds the traceback.
    """
    try:
        asked = parser().parse_args(argv)
        from tenure.cli import jobs

        jobs.run(asked)
        sys.stdout.flush()
    except TenureError as error:
        return _failed(str(error), error, error.exit_code)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone: nothing is left to be said, not even by the interpreter as it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
        return _unforeseen(error)
    return 0


def _unforeseen(error: Exception) -> int:
    """What no TenureError says: too little memory, an interrupted query, or a mistake of ours."""
    name = type(error).__name__
    if name == "InterruptException":
        return _INTERRUPTED
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
