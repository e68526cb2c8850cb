"""Log lines as JSON, for machines that collect them: nothing of people stands in them.

No addresses, no query, no body; of what other packages log, the words without the values put into them; of an error its
kind and where it happened, as its own words may hold what somebody sent.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any, Final

__all__ = ["Lines"]

_OURS: Final = "tenure"
_FRAMES: Final = 12


class Lines(logging.Formatter):
    """One JSON object a line: at, level, logger, said; `error` and `where` of an error; what `extra={"told": {...}}`
    adds."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        ours = record.name == _OURS or record.name.startswith((f"{_OURS}.", f"{_OURS}_app."))
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "said": record.getMessage() if ours else str(record.msg),
        }
        told = getattr(record, "told", None)
        if isinstance(told, dict):
            line.update(told)
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line["error"] = kind.__name__
            frames = traceback.extract_tb(trace)[-_FRAMES:]
            line["where"] = [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
        return json.dumps(line, ensure_ascii=False, default=str)
