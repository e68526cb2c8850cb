"""Numbers and dates as people read them. Month names are our own: a page is the same under every locale."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

__all__ = [
    "ENGLISH",
    "MONTHS",
    "Tongue",
    "change",
    "count",
    "day_of",
    "many",
    "ordinal",
    "percent",
    "range_of",
    "short_day",
    "span_of",
]

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
MINUS, NARROW = "\u2212", "\u00a0"


def count(n: int) -> str:
    """1234567 as "1,234,567"."""
    return f"{n:,}"


def many(n: int, one: str, more: str = "") -> str:
    """ "1 customer", "2,469 customers"; `more` for plurals that do not end in s."""
    return f"{count(n)} {one if n == 1 else more or one + 's'}"


def change(n: int) -> str:
    """A difference with its sign: "+174", "−27" with a real minus, "±0"."""
    return f"+{count(n)}" if n > 0 else f"{MINUS}{count(-n)}" if n < 0 else "±0"


def percent(share: float) -> str:
    """A share as whole per cent, "46 %", with a no-break space; above 0 never reads as 0, nor below 1 as 100."""
    if 0 < share < 0.005:
        return f"under{NARROW}1{NARROW}%"
    if 0.995 <= share < 1:
        return f"over{NARROW}99{NARROW}%"
    return f"{share * 100:.0f}{NARROW}%"


def range_of(low: float, high: float) -> str:
    """The two ends of a share's interval in per cent, for tables: "27–35"."""
    return f"{low * 100:.0f}–{high * 100:.0f}"


def ordinal(n: int) -> str:
    """ "first" to "tenth", then "11th"."""
    if 1 <= n <= len(_ORDINALS):
        return _ORDINALS[n - 1]
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def short_day(on: date) -> str:
    """ "1 Nov"."""
    return f"{on.day} {MONTHS[on.month - 1][:3]}"


def day_of(on: date, year: int) -> str:
    """ "18 Oct" in the year the page speaks of, else "3 Mar 2024"."""
    return short_day(on) if on.year == year else f"{short_day(on)} {on.year}"


def span_of(start: date, end: date, year: int) -> str:
    """[start, end) in words: "October", "December 2025", or "2 to 31 Oct" when it is not a calendar month."""
    last = end - timedelta(days=1)
    if start.day == 1 and end.day == 1 and last.month == start.month and last.year == start.year:
        return MONTHS[start.month - 1] + ("" if start.year == year else f" {start.year}")
    return f"{day_of(start, last.year)} to {day_of(last, year)}"


def _said(words: str, **values: Any) -> str:
    return words.format(**values)


@dataclass(frozen=True, slots=True)
class Tongue:
    """How a picture says what it says, so that one drawing speaks every language.

    said: a sentence or word given in English, with its values in braces, as it reads there. count: a number. short_day:
    a day of this year. month: a month's short name. What comes back is plain text, not yet escaped; numbers hold
    nothing that would need it.
    """

    said: Callable[..., str] = _said
    count: Callable[[int], str] = count
    short_day: Callable[[date], str] = short_day
    month: Callable[[date], str] = lambda on: MONTHS[on.month - 1][:3]


ENGLISH = Tongue()
