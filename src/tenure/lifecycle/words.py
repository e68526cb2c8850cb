"""The third reader of the rule: one English sentence per picture, and the words around it.

A sentence is a template whose slots come in one fixed order, so that the engine can lay it out by joining pieces (sql/picture.sql)
and a person can read it here. docs/reference/sentences.md is made from this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["KINDS", "MONTHS", "SLOTS", "STANCES", "Sentence", "day_labels", "sentence_table", "sentences"]

SLOTS: Final = ("silent", "within", "due", "horizon", "chance", "mark", "average", "month", "n")
"""What a template may name, in the order in which it may name it."""

KINDS: Final = ("rhythm", "quantile", "chance", "window")
STATES: Final = ("on time", "short", "long", "inactive", "seasonal")
ORDINALS: Final = ("First order", "Second order", "Last order")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

STANCES: Final = {
    "prospect": ("No order that counts; a prospect since ", ".", None),
    "left": ("Left on ", "; reason: ", "."),
    "asked": ("Asked on ", " not to be contacted (", ")."),
    "erased": ("Asked on ", " to be forgotten.", None),
    "alone": (" To be left alone: ", ".", None),
}
"""What is said of those the rhythm does not judge: before the day, after it, after the reason. `alone` follows the rhythm's own
sentence, around the reason."""

@dataclass(frozen=True, slots=True)
class Sentence:
    """A template and when it is said: `kind` of rule, `nth` occasion (0 first, 1 second, 2 later), `state`, whether the `chance` fell below its mark,
    and whether the shop's history is too `thin` to say more than standard values."""

    kind: int
    nth: int
    state: int
    by_chance: bool
    thin: bool
    text: str

    def pieces(self) -> list[str | None]:
        """The text before the first slot, then the text after each slot of SLOTS; None for slots it does not name."""
        out: list[str | None] = []
        rest, names = self.text, [""]
        for name in SLOTS:
            before, found, after = rest.partition("{" + name + "}")
            if not found:
                continue
            out.append(before)
            names.append(name)
            rest = after
        out.append(rest)
        if "{" in "".join(piece or "" for piece in out):
            raise ValueError(f"slots out of order: {self.text}")
        by_name = dict(zip(names, out, strict=True))
        return [by_name.get(name) for name in ("", *SLOTS)]

    def said(self, values: Mapping[str, object]) -> str:
        """The sentence with its numbers."""
        return self.text.format_map(dict(values))


def sentences() -> Iterator[Sentence]:
    """Every sentence the rules can give."""
    for kind, name in enumerate(KINDS):
        for nth in range(3):
            for state in range(len(STATES)):
                for by_chance in (False, True):
                    for thin in (False, True):
                        text = _text(name, nth, STATES[state], by_chance, thin)
                        yield Sentence(kind, nth, state, by_chance, thin, text)


def _text(kind: str, nth: int, state: str, by_chance: bool, thin: bool) -> str:
    tail = "; too little history (n = {n}), so these are standard values" if thin else ""
    if state == "seasonal":
        return _silence(nth) + "; a whole season passed without an order, and they are overdue since {due}" + tail + "."
    if state == "on time":
        return _silence(nth) + _usually(kind, nth, state) + ", so not overdue before {due}" + tail + "."
    if kind == "chance" or (kind == "rhythm" and by_chance):
        return _silence(nth) + _usually(kind, nth, state, ", and " if kind == "rhythm" else "; ") + _falls(state, thin) + "."
    limit = {"rhythm": _capped(nth, state)}.get(kind, _usually(kind, nth, state))
    return _silence(nth) + limit + tail + "."


def _silence(nth: int) -> str:
    return ORDINALS[nth] + " {silent} days ago" if nth < 2 else "Silent {silent} days"


def _usually(kind: str, nth: int, state: str, then: str = "") -> str:
    if kind == "chance":
        return then
    if kind == "window":
        return "; the limit is {within} days"
    if nth == 0 and kind == "rhythm":
        return "; those who come back usually do within {within} days" + then
    if nth == 1 and kind == "rhythm":
        return "; a third order usually follows within {within} days" + then
    share = {"on time": "nine of ten", "short": "nine of ten", "long": "19 of 20", "inactive": "99 of 100"}[state]
    return "; " + ("most" if kind == "quantile" else share) + " gaps like theirs are over within {within} days" + then


def _capped(nth: int, state: str) -> str:
    share = {"short": "19 of 20", "long": "99 of 100", "inactive": "999 of 1,000"}[state]
    return "; " + share + " gaps like theirs are over within {within} days"


def _falls(state: str, thin: bool) -> str:
    average = "(n = {n}: too little history, standard values)" if thin else "({average} %, {month}, n = {n})"
    chance = "their chance to order within {horizon} days ({chance} %) is below "
    if state == "short":
        return chance + ("the standard average " if thin else "the shop's average ") + average
    return chance + "{mark} %, far under " + ("the standard average " if thin else "the shop's average ") + average


def sentence_table() -> pa.Table:
    """All sentences as rows: kind, nth, state, by_chance, thin (integers), p0 and one piece after each slot (p1..p9)."""
    import pyarrow as pa

    every = list(sentences())
    columns: dict[str, pa.Array] = {
        name: pa.array([int(getattr(one, name)) for one in every], pa.int32())
        for name in ("kind", "nth", "state", "by_chance", "thin")
    }
    pieces = [one.pieces() for one in every]
    for place in range(len(SLOTS) + 1):
        columns[f"p{place}"] = pa.array([row[place] for row in pieces], pa.string())
    return pa.table(columns)


def day_labels(days: NDArray[np.int64]) -> list[str]:
    """Days since 1970-01-01 as people write them: 3 Mar 2025."""
    import numpy as np

    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    ordinal = months.astype(np.int64)
    names = {int(one): f" {MONTHS[one % 12]} {1970 + one // 12}" for one in np.unique(ordinal)}
    numbers = (dates - months).astype(np.int64) + 1
    return [f"{number}{names[month]}" for number, month in zip(numbers.tolist(), ordinal.tolist(), strict=True)]
