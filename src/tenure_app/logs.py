"""Log lines, as JSON for machines that collect them or as text for people: nothing of people stands in them.

No addresses, no query, no body; of an error its kind and where it happened, as its own words may hold what somebody
sent; of a request that Django logs, its method and the route that it took. Of what other packages log, the lines of
JSON have the words without the values put into them.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Lines", "Text"]

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
        if (request := getattr(record, "request", None)) is not None:
            line.update(_seen(request))
        told = getattr(record, "told", None)
        if isinstance(told, dict):
            line.update(told)
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line["error"], line["where"] = kind.__name__, _where(trace)
        return json.dumps(line, ensure_ascii=False, default=str)


class Text(logging.Formatter):
    """A line for people to read; below it, of an error, its kind and place."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """The lines."""
        line = super().format(_of_request(record))
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line = "\n  ".join((f"{line} ({kind.__name__})", *_where(trace)))
        return line


def _of_request(record: logging.LogRecord) -> logging.LogRecord:
    """A record with nothing but words and codes: a request's address, put in by whoever logged it, is left out."""
    said = logging.makeLogRecord(record.__dict__)
    said.exc_info = said.exc_text = said.stack_info = None
    request = getattr(record, "request", None)
    if request is not None and record.args:
        seen = _seen(request)
        status = getattr(record, "status_code", None) or "refused"
        said.msg, said.args = "%s %s: %s", (seen["method"], seen["route"] or "no route", status)
    return said


def _seen(request: Any) -> dict[str, Any]:
    """Of a request, by what it is found: nothing that its sender has put into it."""
    return {"method": request.method, "route": getattr(getattr(request, "resolver_match", None), "route", None)}


def _where(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
