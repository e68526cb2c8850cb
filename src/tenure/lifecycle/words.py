"""The third reader of the rule: one English sentence per picture, and the words around it.

A sentence is a template. What a month's customers share is filled in once a month; the slots that differ come in one
fixed order, so that a million sentences are laid out from pieces, column by column (`laid_out`).
docs/reference/sentences.md is made from this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "KINDS",
    "LEVEL_OF",
    "MONTHS",
    "SHARED",
    "SLOTS",
    "STANCES",
    "STATES",
    "Sentence",
    "bar",
    "day_labels",
    "days",
    "laid_out",
    "phrase_number",
    "phrase_table",
    "sentences",
    "share",
]  # fmt: skip

T = TypeVar("T", int, "NDArray[np.int64]")

SLOTS: Final = ("silent", "within", "chance", "due")
"""What a template may name that differs from customer to customer, in the order in which it may name it; the first
two are numbers of days."""
SHARED: Final = ("horizon", "bar", "floor", "cap", "n")
"""What a template may name that a month's customers share."""

NTHS: Final = 4
KINDS: Final = ("rhythm", "quantile", "chance", "window")
STATES: Final = ("on time", "short", "long", "inactive", "seasonal", "in season", "at the cap")
"""Who is `on time` is so by the gaps or by the chance, `in season` by a season that has not passed, `at the cap`
at most."""
LEVEL_OF: Final = (0, 0, 1, 2, 0, 0, 0)
"""The threshold that the sentence of each of STATES speaks of."""
ORDINALS: Final = ("First order", "Second order")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

STANCES: Final = {
    "prospect": ("No order that counts; a prospect since ", ".", None),
    "left": ("Left on ", "; reason: ", "."),
    "asked": ("Asked on ", " not to be contacted (", ")."),
    "erased": ("Asked on ", " to be forgotten.", None),
    "alone": (" To be left alone: ", ".", None),
}
"""What is said of those the rhythm does not judge: before the day, after it, after the reason. `alone` follows the
rhythm's own sentence, around the reason."""

@dataclass(frozen=True, slots=True)
class Sentence:
    """A template and when it is said: `kind` of rule, `nth` (0 first order, 1 second, 2 later, 3 fewer than
    two orders before and something else since), `state`,
    whether the `chance` fell below its mark, and whether the shop's history is too `thin` to say more than
    standard values."""

    kind: int
    nth: int
    state: int
    by_chance: bool
    thin: bool
    text: str

    def pieces(self, shared: Mapping[str, object]) -> list[str | None]:
        """The text before the first of SLOTS, then the text after each of them; None after those it does not name."""
        rest = self.text
        for name in SHARED:
            rest = rest.replace("{" + name + "}", str(shared[name]))
        out: list[str | None] = [None] * (len(SLOTS) + 1)
        place = 0
        for slot, name in enumerate(SLOTS, start=1):
            before, found, after = rest.partition("{" + name + "}")
            if found:
                out[place], place, rest = before, slot, after
        out[place] = rest
        if "{" in "".join(piece or "" for piece in out):
            raise ValueError(f"slots unknown or out of order: {self.text}")
        return out

    def said(self, values: Mapping[str, object]) -> str:
        """The sentence with its numbers."""
        return self.text.format_map(dict(values))


def sentences() -> Iterator[Sentence]:
    """Every sentence the rules can give."""
    for kind, name in enumerate(KINDS):
        for nth in range(NTHS):
            for state in range(len(STATES)):
                for by_chance in (False, True):
                    for thin in (False, True):
                        text = _text(name, nth, STATES[state], by_chance, thin)
                        yield Sentence(kind, nth, state, by_chance, thin, text)


def _text(kind: str, nth: int, state: str, by_chance: bool, thin: bool) -> str:
    tail = "; too little history (n = {n}), so these are standard values" if thin and kind != "window" else ""
    if state == "seasonal":
        return _silence(nth) + "; a whole season passed without an order, and they are overdue since {due}" + tail + "."
    if state == "in season":
        return _silence(nth) + "; their season has not come and gone since, so not overdue before {due}" + tail + "."
    if state == "on time" and kind in {"rhythm", "chance"} and by_chance:
        return _silence(nth) + _usually(kind, nth, ", and " if kind == "rhythm" else "; ") + _holds() + "."
    if state == "at the cap":
        capped = "; {cap} gaps like theirs are over within {within}, so not overdue before {due}"
        return _silence(nth) + capped + tail + "."
    if state == "on time":
        return _silence(nth) + _usually(kind, nth) + ", so not overdue before {due}" + tail + "."
    if kind == "chance" or (kind == "rhythm" and by_chance):
        return _silence(nth) + _usually(kind, nth, ", and " if kind == "rhythm" else "; ") + _falls() + "."
    if kind == "rhythm":
        return _silence(nth) + "; {cap} gaps like theirs are over within {within}" + tail + "."
    return _silence(nth) + _usually(kind, nth) + tail + "."


def _silence(nth: int) -> str:
    return ORDINALS[nth] + " {silent} ago" if nth < 2 else "Silent {silent}"


def _usually(kind: str, nth: int, then: str = "") -> str:
    if kind == "chance":
        return then
    if kind == "window":
        return "; the limit is {within}"
    if nth in {0, 3} and kind == "rhythm":
        return "; those who come back usually do within {within}" + then
    if nth == 1 and kind == "rhythm":
        return "; a third order usually follows within {within}" + then
    return "; {floor} gaps like theirs are over within {within}" + then


def _holds() -> str:
    return "their chance to order within {horizon} days ({chance} %) is not below {bar} before {due}"


def _falls() -> str:
    return "their chance to order within {horizon} days ({chance} %) is below {bar}"


def share(part: float) -> str:
    """A share of gaps as people say it: nine of ten, 19 of 20, 99 of 100."""
    for total in (10, 20, 100, 1_000):
        count = round(part * total)
        if abs(count / total - part) < 1e-12:
            names = {(9, 10): "nine of ten", (5, 10): "half of all"}
            return names.get((count, total), f"{count:,} of {total:,}")
    return f"{100 * part:g} of 100"


def bar(odds: float, mark: float, average: float, month: str, n: int, *, thin: bool) -> str:
    """What a chance is held against: the shop's average, or a mark that stands to it in some odds."""
    known = f"the shop's average ({_percent(average)} %, {month}, n = {n:,})"
    if thin:
        known = f"the standard average ({_percent(average)} %; too little history, n = {n:,})"
    if odds == 1:
        return known
    return f"{_percent(mark)} %, {'far under' if odds < 0.5 else 'under' if odds < 1 else 'over'} {known}"


def _percent(part: float) -> int:
    return round(100 * part)


def phrase_number(place: T, nth: T, state: T, by_chance: T) -> T:
    """The number of a phrase in `phrase_table`: `place` counts the (scope, month) pairs that it was made for."""
    return ((place * NTHS + nth) * len(STATES) + state) * 2 + by_chance


def laid_out(
    phrases: pa.Table,
    number: NDArray[np.int64],
    *,
    silent: NDArray[np.int64],
    within: NDArray[np.int64],
    chance: NDArray[np.int64],
    near: NDArray[np.bool_],
    due: pa.Array,
) -> pa.Array:
    """One sentence for each `number` of a phrase of `phrase_table`.

    `silent`, `within`: days; `chance`: whole per cent, `near` where the mark that it is under rounds to the same;
    `due`: the day as text. What a phrase does not name is left out of it.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    pieces = [phrases[f"p{place}"].combine_chunks() for place in range(len(SLOTS) + 1)]
    unnamed = [piece.is_null().to_numpy(zero_copy_only=False)[number] for piece in pieces[1:]]
    percents = pa.array(
        ["under 1", *map(str, range(1, 101)), "under 1", *(f"just under {percent}" for percent in range(1, 101))]
    )
    values = (
        _days(silent, unnamed[0]),
        _days(within, unnamed[1]),
        percents.take(pa.array(chance + np.where(near & (chance > 0), 101, 0), mask=unnamed[2])),
        pc.if_else(pa.array(unnamed[3]), None, due),
    )
    text = [piece.take(pa.array(number)) for piece in pieces]
    parts = [text[0], *(part for pair in zip(values, text[1:], strict=True) for part in pair)]
    return pc.binary_join_element_wise(*parts, "", null_handling="replace")


def _days(number: NDArray[np.int64], unnamed: NDArray[np.bool_]) -> pa.Array:
    """Numbers of days with their unit, each different one written once."""
    import numpy as np
    import pyarrow as pa

    asked, place = np.unique(number, return_inverse=True)
    return pa.array([days(one) for one in asked.tolist()], pa.string()).take(pa.array(place, mask=unnamed))


def days(number: int) -> str:
    """A number of days as people write it."""
    return "1 day" if number == 1 else f"{number:,} days"


def phrase_table(shared: Iterable[tuple[int, bool, Sequence[Mapping[str, object]]]]) -> pa.Table:
    """Every sentence of every scope and month, in pieces: number, p0 and one piece after each of SLOTS (p1..p4).

    `shared`: of each pair in order the kind of rule, whether the history is thin, and the values of SHARED by
    threshold (3).
    """
    import pyarrow as pa

    by_key = {(one.kind, one.nth, one.state, one.by_chance, one.thin): one for one in sentences()}
    rows = [
        by_key[kind, nth, state, by_chance, thin].pieces(values[LEVEL_OF[state]])
        for kind, thin, values in shared
        for nth, state, by_chance in product(range(NTHS), range(len(STATES)), (False, True))
    ]
    columns = {"number": pa.array(range(len(rows)), pa.int64())}
    for place in range(len(SLOTS) + 1):
        columns[f"p{place}"] = pa.array([row[place] for row in rows], pa.string())
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
