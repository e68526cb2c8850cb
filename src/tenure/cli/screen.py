"""What people see: aligned tables that never wrap, steps with their seconds, and what was left out of the reading."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Self

from tenure.errors import BadFile

if TYPE_CHECKING:
    from tenure.read import Timeline

__all__ = ["Steps", "cell", "flush", "folded", "prose", "remarks", "say", "show", "table", "visible"]

_WIDTH: Final = 100
_LEAST: Final = 20
_LONGEST: Final = 40
"""Of a table's cells, but for those of the last column, which the screen's edge cuts."""
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that steer a terminal, turn the direction of what follows, end a line, or cannot be written."""

_WHAT_TO_DO: Final = {
    "bad_line": "the file may be cut off or have unquoted separators: export it again",
    "missing_customer": "nobody without an id can be followed; is another column the customer's (--customer-column)?",
    "bad_customer": "turn the ids of the whole column into text or into whole numbers",
    "bad_time": "write times as 2024-03-31T12:00; is another column meant (--at)?",
    "time_out_of_range": "correct the year, or name another column (--at)",
    "unknown_kind": "use the kinds of docs/reference/events.md, or name another column (--type)",
    "unknown_currency": "use three-letter codes of ISO 4217, or name another column (--currency)",
    "bad_amount": "write amounts as 1234.50; is another column meant (--amount)?",
    "huge_amount": "correct the amount; is another column meant (--amount)?",
    "mixed_currency": "an order has one currency: give the others an id of their own",
}
"""For each code of a rejected row, what helps."""


class Steps:
    """Tells a person at a terminal which step runs and how long each took; silent where nobody watches.

    A context manager: whatever ends it, the running step ends with it.
    """

    def __init__(self) -> None:
        self.watched = sys.stderr.isatty()
        self.running: str | None = None
        self.began = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self.done()
        elif self.watched and self.running is not None:
            sys.stderr.write("\n")  # what went wrong deserves a line of its own

    def __call__(self, name: str) -> None:
        """The next step begins."""
        self.done()
        self.running, self.began = name, time.perf_counter()
        if self.watched:
            sys.stderr.write(f"{name} ...")
            sys.stderr.flush()

    def done(self) -> None:
        """The running step, if there is one, has ended."""
        if self.watched and self.running is not None:
            sys.stderr.write(f" {time.perf_counter() - self.began:.1f} s\n")
        self.running = None


def show(lines: Sequence[str] | Iterator[str]) -> None:
    """Write texts of one or more lines to the standard output, with nothing in them that a terminal would obey."""
    for text in lines:
        say("\n".join(visible(line) for line in text.split("\n")) + "\n")


def say(text: str) -> None:
    """Write to the standard output as it is; BadFile if that is closed or full, BrokenPipeError if nobody reads it."""
    if sys.stdout is None:  # what Python makes of an output that was closed before it began
        raise BadFile("cannot write the output: it is closed")
    with _writing():
        sys.stdout.write(text)


def flush() -> None:
    """Hand everything said over to the system; errors as in `say`."""
    if sys.stdout is not None:
        with _writing():
            sys.stdout.flush()


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # what is still held back has nowhere to go: nothing is to be said of it, not even by the interpreter as it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise BadFile(f"cannot write the output: {error.strerror or error}") from error


def visible(text: str) -> str:
    """The text with what nobody would see written out, as in \\u202e: an id from a file may hold anything."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def prose(text: str) -> Iterator[str]:
    """Lines of a text, those of words wrapped at the width of the screen, tables folded at it."""
    width = _width()
    for of_table, lines in groupby(text.rstrip("\n").split("\n"), key=lambda line: "  " in line):
        if of_table:
            yield from folded(list(lines), width)
            continue
        # a line that does not end its sentence goes on in the next one
        for line in re.sub(r"(?<=[^.:\n])\n(?=[^\n])", " ", "\n".join(lines)).split("\n"):
            yield from textwrap.wrap(line, width) or [""]


def folded(lines: Sequence[str], width: int) -> Iterator[str]:
    """A table as it is if it fits; else in parts one below the other, each beginning with the first column."""
    longest = max(map(len, lines))
    if longest <= width:
        yield from lines
        return
    blank = "".join(" " if all(line[i : i + 1] in ("", " ") for line in lines) else "x" for i in range(longest))
    name, *columns = (found.span() for found in re.finditer(r"x+( x+)*", blank))
    parts, room = [[name]], width - name[1]
    for column in columns:
        needs = 2 + column[1] - column[0]
        if needs > room and len(parts[-1]) > 1:
            parts.append([name])
            room = width - name[1]
        parts[-1].append(column)
        room -= needs
    for i, part in enumerate(parts):
        yield from [""] * (i > 0)
        for line in lines:
            yield "  ".join(line[start:end].ljust(end - start) for start, end in part).rstrip()


def remarks(timeline: Timeline, rejects: str | None) -> Iterator[str]:
    """What the reading left out, a line per code, and its remarks."""
    from tenure.read import REASONS

    for code, n in timeline.rejected:
        yield f"tenure: {n:,} of {timeline.rows:,} rows left out ({code}): {REASONS[code]}; {_WHAT_TO_DO[code]}"
    if timeline.rejected:
        yield f"tenure: the rows left out {f'are in {rejects}' if rejects else 'can be seen with --rejects FILE'}"
    for note in timeline.notes:
        yield f"tenure: note: {visible(note)}"


def cell(value: Any) -> str:
    """A value as a person reads it: instants and dates as dates, absent as nothing, numbers with their thousands."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d}"
        case date():
            return value.isoformat()
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.3f}"
    return visible(" ".join(str(value).split()))


def table(names: Sequence[str], rows: Sequence[Sequence[Any]], *, plain: Sequence[str] = ()) -> Iterator[str]:
    """Lines of a table, numbers to the right, cut to the width of the screen (at most 100 columns where there is none).

    Long cells are cut too, so that one long id does not push away what is known about everybody.

    `plain`: columns whose numbers are names, written as they are.
    """
    cells = [
        [visible(str(value)) if name in plain else cell(value) for name, value in zip(names, row, strict=True)]
        for row in rows
    ]
    cells = [[*(_cut(text, _LONGEST) for text in row[:-1]), row[-1]] for row in cells]
    numbers = [name not in plain and any(_is_number(row[i]) for row in rows) for i, name in enumerate(names)]
    widths = [max([len(name), *(len(row[i]) for row in cells)]) for i, name in enumerate(names)]
    width = _width()
    for line in (names, ["-" * each for each in widths], *cells):
        yield _cut("  ".join(
            text.rjust(each) if right else text.ljust(each)
            for text, each, right in zip(line, widths, numbers, strict=True)
        ).rstrip(), width)  # fmt: skip


def _width() -> int:
    return max(_LEAST, shutil.get_terminal_size((_WIDTH, 24)).columns)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or str(value).endswith("%")


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
