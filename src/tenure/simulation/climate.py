"""When it is cold: the seasons of a climate as days of the shop, counted from its opening."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from tenure.errors import InvalidInput

__all__ = ["CLOSES_ON", "DAYS", "OPENS_ON", "WINTER_MONTHS", "Season", "checked_months", "months_in", "seasons"]

OPENS_ON: Final = date(2023, 3, 1)
CLOSES_ON: Final = date(2026, 3, 1)
DAYS: Final = (CLOSES_ON - OPENS_ON).days
WINTER_MONTHS: Final = (10, 11, 12, 1, 2)
"""The boot season as the north means it."""


@dataclass(frozen=True, slots=True)
class Season:
    """One season: days [start, end) since the shop opened, and the day on which the next one starts."""

    start: int
    end: int
    next_start: int


def checked_months(months: Iterable[int]) -> tuple[int, ...]:
    """The months as given; InvalidInput if they are no months or make no season."""
    given = tuple(months)
    if not given or len(set(given)) != len(given) or not all(1 <= month <= 12 for month in given):
        raise InvalidInput(f"season months must be different numbers from 1 to 12, not {list(given)}")
    if len(given) > 6:
        raise InvalidInput(f"a season of {len(given)} months is none: name at most 6")
    return given


def months_in(months: tuple[int, ...], southern: bool) -> tuple[int, ...]:
    """The same season's months in that climate: in the south it comes six months later."""
    return tuple((month + 5) % 12 + 1 for month in months) if southern else months


def seasons(months: tuple[int, ...]) -> tuple[Season, ...]:
    """The seasons that touch the shop's time, in order; each is an unbroken run of the months."""
    last_months = [month for month in months if month % 12 + 1 not in months]
    spans = sorted(
        (_day(year, last - length + 1), _day(year, last + 1))
        for year in range(OPENS_ON.year - 1, CLOSES_ON.year + 2)
        for last in last_months
        for length in [_run_length(months, last)]
    )
    return tuple(
        Season(start, end, following)
        for (start, end), (following, _) in pairwise(spans)
        if end > 0 and start < DAYS
    )


def _run_length(months: tuple[int, ...], last: int) -> int:
    length = 1
    while (last - length - 1) % 12 + 1 in months:
        length += 1
    return length


def _day(year: int, month: int) -> int:
    """The first of that month as a day of the shop; month 0 is last December, 13 next January."""
    years, month0 = divmod(month - 1, 12)
    return (date(year + years, month0 + 1, 1) - OPENS_ON).days
