"""What a format of export is: its columns, what decides that a file is one, and how its rows become facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenure.engine.duckdb import DuckDB
    from tenure.read.sources import Source

__all__ = ["Field", "Format", "Hand", "Parsed", "Task", "plain"]

Hand = Literal["text", "time", "utc", "money"]
"""How a cell is read: as it stands, as a time, as a time in UTC whatever the file's zone is, as an amount."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that rows of a format tell."""

    name: str
    """Its column in the engine's table `tenure_import`."""
    columns: tuple[str, ...]
    """What exports call it, best first; case, spaces and punctuation do not matter."""
    hand: Hand = "text"


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of export."""

    name: str
    """As `--format` takes it."""
    family: str
    """The source that its facts and customer ids belong to."""
    says: str
    """What the file is, for people."""
    fields: tuple[Field, ...]
    required: tuple[tuple[str, ...], ...]
    """Columns that must be there; of several in one place, any."""
    marks: tuple[str, ...]
    """Columns that such files have and others do not."""
    enough: int
    """How many of the marks make a file one of this format."""
    foreign: tuple[str, ...] = ()
    """Columns of another export of the same maker: a file with one of them is that other one."""
    topic: str = ""
    """The file of this package's SQL that reads it; empty for files whose columns play roles."""
    judged: tuple[str, ...] = ()
    """Statements that end in the table `tenure_judged`: what becomes of each row, and whom it names."""
    drafts: tuple[str, ...] = ()
    """Statements that put facts into `tenure_drafts`."""
    prepare: Callable[[Task], None] | None = None
    """What no statement can do, between the typed cells and the judging."""
    remarks: Callable[[Task], Iterator[str]] | None = None
    """What to tell the user of such files."""
    only_names: str = ""
    """Advice, where rows carry no id but a name."""


@dataclass(slots=True)
class Task:
    """One file on its way through the engine."""

    engine: DuckDB
    format: Format
    source: Source
    file_name: str
    """The file's own name, without its folder."""
    times_in: str
    currency: str | None
    by_name: bool
    mapping: dict[str, str]
    """Role or field to the column's name in the file."""
    notes: list[str]

    def run(self, topic: str, name: str, **params: object) -> None:
        """One statement of this package's SQL."""
        self.engine.run("tenure_app.imports", topic, name, **params)

    def ask(self, topic: str, name: str, **params: object) -> list[tuple[object, ...]]:
        """The rows of one."""
        return self.engine.run("tenure_app.imports", topic, name, **params).fetchall()


@dataclass(frozen=True, slots=True)
class Parsed:
    """What is in a file; the rows lie in the engine's tables `facts`, `identities` and `rejects`."""

    format: str
    family: str
    mapping: dict[str, str]
    """Role to the name of the column that plays it, as in the file."""
    rows: int
    """Rows below the header: used + the sums of rejected and left out."""
    used: int
    facts: tuple[tuple[str, int], ...]
    """(kind, facts), most frequent first."""
    people: int
    rejected: tuple[tuple[str, int], ...]
    """(code, rows) that cannot be used, most frequent first."""
    left_out: tuple[tuple[str, int], ...]
    """(code, rows) that are fine but no fact, such as failed payments."""
    notes: tuple[str, ...]
    """Remarks for the user, one line each."""
    first_at: int | None
    """Earliest instant of a fact, us UTC; None where no fact has one."""
    last_at: int | None


def plain(name: str) -> str:
    """A column's name without case, spaces and punctuation; '#' and '(s)' stay words of their own."""
    return re.sub(r"[\s_\-./()'\"\ufeff]+", "", name).casefold()
