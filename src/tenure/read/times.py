"""Times in a source, as instants: microseconds since 1970-01-01 UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from duckdb import CaseExpression

from tenure.errors import BadTime
from tenure.periods import DAY_US
from tenure.read.cells import Cell, ask, call, constant
from tenure.read.columns import says_instant, unit_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from duckdb import DuckDBPyRelation, Expression

__all__ = ["EARLIEST", "LATEST", "Walls", "When", "walls", "when"]

EARLIEST: Final = -2_208_988_800_000_000
"""1900-01-01, the first instant that is accepted."""
LATEST: Final = 7_289_654_400_000_000
"""2201-01-01, the first that is not any more."""

_UNITS: Final = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class When:
    """The times of a column: of every row one of the two, or none where the cell cannot be read."""

    utc: Expression
    """Instants of cells that carry a zone or count from 1970."""
    local: Expression
    """Of cells without a zone: the microseconds from 1970-01-01 to what the clock on the wall shows."""
    naive: bool
    """Whether `local` may hold anything."""


def when(cell: Cell) -> When:
    """How to read the column; BadTime if its numbers or dates mean several things, BadColumns if of no such type."""
    none = constant(None).cast("BIGINT")
    match cell.family:
        case "date" | "timestamp":
            return When(none, call("tenure_time_of_timestamp", cell.column, *_bounds(cell)), True)
        case "zoned":
            return When(call("tenure_time_of_zoned", cell.column, *_bounds(cell)), none, False)
        case "whole" | "wide" | "decimal" | "float":
            return _number(cell, cell.column, "tenure_time_of_whole" if cell.family == "whole" else "")
        case "text":
            return _written(cell)
        case _:
            raise cell.wrong("that is dates, times or numbers from 1970 on")


def _bounds(cell: Cell) -> list[Expression]:
    """Days a little outside the years that are accepted, in the column's own type: all of its types hold them."""
    kind = cell.relation.select(cell.column).types[0]
    return [constant(day).cast(kind) for day in ("1890-01-01", "2210-01-01")]


def _number(cell: Cell, column: Expression, macro: str) -> When:
    none = constant(None).cast("BIGINT")
    *sizes, digits, serials, numbers = cell.probe("numbers", column.try_cast("DOUBLE"))
    if digits and digits == numbers:
        whole = column.try_cast("BIGINT")
        return When(none, call("tenure_time_of_digits", whole), True)
    if serials * 2 > numbers and unit_named(cell.name) is None:
        raise BadTime(
            f"{cell.label}: the column {cell.name!r} holds days as a spreadsheet counts them (45292 is 2024-01-01);"
            " give the column the format of a date there and save it again"
        )
    if not (cell.named or says_instant(cell.name)):
        raise BadTime(
            f"{cell.label}: the column {cell.name!r} holds numbers, not dates; if they count from 1970"
            f" (s, ms, us or ns), name it: --at {cell.name!r} (columns={{\"at\": {cell.name!r}}} in Python)"
        )
    unit = unit_named(cell.name) or max(zip(sizes, _UNITS, strict=True), key=lambda pair: pair[0])[1]
    factor, divisor = _UNITS[unit]
    if (factor, divisor, cell.family) == (1, 1, "whole"):
        return When(column.cast("BIGINT"), none, False)
    if not macro:
        macro = "tenure_time_of_number_text" if cell.family == "text" else "tenure_time_of_fraction"
        macro = "tenure_time_of_whole" if cell.family == "wide" else macro
    return When(call(macro, column, constant(factor), constant(divisor)), none, False)


def _written(cell: Cell) -> When:
    column = cell.column
    written, numbers, day_first, month_first, either, slashed, example = cell.probe("times")
    # a few bad cells must not turn a column of numbers into a column of bad dates
    if numbers * 2 > written:
        return _number(cell, column, "")
    first = ""
    if slashed:
        if (day_first and month_first) or (either and not day_first and not month_first):
            problem = f"dates such as {example!r} can be read day first or month first"
            if day_first and month_first:
                problem = "some dates are written day first and some month first"
            raise BadTime(f"{cell.label}: in the column {cell.name!r} {problem}; write them as 2024-01-31")
        first = "month" if month_first else "day"
    return When(call("tenure_time_with_zone", column), call("tenure_time_without_zone", column, constant(first)), True)


@dataclass(frozen=True, slots=True)
class Walls:
    """What a zone's wall clocks make of local times in a span."""

    instant: Expression
    """The instant of a local time: the first of two where clocks were set back, counted on from before the jump where
    the wall clock never showed it."""
    twice: Expression
    """Whether the wall clock showed it twice."""
    never: Expression
    """Whether the wall clock never showed it."""


def walls(zone: ZoneInfo, relation: DuckDBPyRelation, local: Expression) -> Walls:
    """How local times of the relation become instants."""
    if zone.key == "UTC":
        return Walls(local, constant(False), constant(False))
    first, last = ask(relation.select(local.alias("x")), "probes", "span")[0]
    if first is None:
        return Walls(local, constant(False), constant(False))
    changes = _changes(zone, first - 2 * DAY_US, last + 2 * DAY_US)
    offset = _offset(zone, first - 2 * DAY_US)
    steps = [(EARLIEST - 2 * DAY_US, offset)] + [(at + max(before, after), after) for at, before, after in changes]
    return Walls(
        local - _stepped(local, steps),
        _within(local, [(at + after, at + before) for at, before, after in changes if after < before]),
        _within(local, [(at + before, at + after) for at, before, after in changes if after > before]),
    )


def _changes(zone: ZoneInfo, start: int, end: int) -> list[tuple[int, int, int]]:
    """(instant, offset before, offset after) of every change of the zone's clocks in [start, end], found day by day."""
    found = []
    low, before = start, _offset(zone, start)
    while low < end:
        high = low + DAY_US
        after = _offset(zone, high)
        if after != before:
            found.append((_change(zone, low, high), before, after))
        low, before = high, after
    return found


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    before = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = (_EPOCH + instant * _US).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _US


def _within(local: Expression, spans: list[tuple[int, int]]) -> Expression:
    edges = [edge for start, end in spans for edge in ((start, True), (end, False))]
    return _stepped(local, [(EARLIEST, False), *edges])


def _stepped(local: Expression, steps: Sequence[tuple[int, int | bool]]) -> Expression:
    """The step that holds in each row, by halving: 400 changes of the clocks cost nine comparisons."""
    if len(steps) == 1:
        return constant(steps[0][1])
    middle = len(steps) // 2
    left, right = _stepped(local, steps[:middle]), _stepped(local, steps[middle:])
    return CaseExpression(local < constant(steps[middle][0]), left).otherwise(right)
