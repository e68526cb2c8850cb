"""Instants, days, weeks and months of a shop's zone.

An *instant* is an int: microseconds since 1970-01-01 UTC. A *day* is an int too: whole days since 1970-01-01 on the
wall calendar of a zone. Day `d` is `[start_of_day(d), start_of_day(d + 1))`, whatever the clocks do at midnight, so
days never overlap and leave no gap.
"""

from __future__ import annotations

import difflib
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from tenure.errors import BadTime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DAY_US",
    "PIECE_DAYS",
    "SHIFT_US",
    "Calendar",
    "calendar",
    "date_of",
    "day_number",
    "day_of",
    "format_instant",
    "month_start",
    "parse_instant",
    "start_of_day",
    "week_start",
    "zone_named",
]

DAY_US: Final = 86_400_000_000
"""Microseconds in 24 hours. A day of the calendar may be longer or shorter."""
SHIFT_US: Final = 100_000_000 * DAY_US
"""Added to instants before they are divided in SQL, where division rounds towards 0 and not down."""
PIECE_DAYS: Final = 4_096
"""Days of the calendar that are worked out, and remembered, at a time."""

_SECOND_US: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_FIRST_DAY: Final = date.min.toordinal() - _EPOCH_ORDINAL
_LAST_DAY: Final = date.max.toordinal() - _EPOCH_ORDINAL
_ONE_DAY: Final = timedelta(days=1)
_ONE_US: Final = timedelta(microseconds=1)


def zone_named(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as "Europe/Berlin"; BadTime, with the nearest names, if there is none."""
    handed: object = name
    if not isinstance(handed, str):
        raise BadTime(f"{name!r} is no time zone: use a name such as Europe/Berlin")
    # "localtime" is a file of the machine in some zone databases: the result would depend on where it runs
    if name != "localtime":
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            pass
    near = _zones_like(name)
    hint = f"did you mean {' or '.join(near)}?" if near else 'use an IANA name such as "Europe/Berlin" or "UTC"'
    raise BadTime(f"unknown time zone {name!r}: {hint}")


def _zones_like(name: str) -> list[str]:
    """At most two zones that may be meant: those with the word as a part, else those spelt alike."""
    zones, word = sorted(zoneinfo.available_timezones()), name.strip("/ ").casefold().replace(" ", "_")
    within = [zone for zone in zones if word in zone.casefold().split("/")]
    return within[:2] or difflib.get_close_matches(name, zones, n=2)


def day_number(on: date) -> int:
    """Days from 1970-01-01 to the date."""
    return on.toordinal() - _EPOCH_ORDINAL


def date_of(day: int) -> date:
    """The date of a day; BadTime outside the years 1 to 9999."""
    return date.fromordinal(_checked(day) + _EPOCH_ORDINAL)


def week_start(day: int) -> int:
    """The Monday on or before the day."""
    # 1970-01-01 was a Thursday
    return day - (day + 3) % 7


def month_start(day: int) -> int:
    """The first day of the day's month."""
    return day - date_of(day).day + 1


def start_of_day(day: int, zone: str) -> int:
    """The first instant at which the zone's calendar shows this day or a later one.

    Where clocks jump over midnight that is the jump; where midnight comes twice, the first of the two; a day that the
    zone left out altogether is empty: it starts with the next one. BadTime for an unknown zone or a day outside the
    years 1 to 9999.
    """
    return _midnight(_checked(day), zone_named(zone))


def day_of(instant: int, zone: str) -> int:
    """The day that holds the instant: the last one with `start_of_day(day, zone) <= instant`. BadTime as there."""
    tz = zone_named(zone)
    try:
        day = (_EPOCH + timedelta(microseconds=instant)).astimezone(tz).toordinal() - _EPOCH_ORDINAL
    except OverflowError:
        raise _outside(instant) from None
    # clocks set back across midnight show yesterday's date again, for minutes of a day that has begun
    return day + 1 if day < _LAST_DAY and _midnight(day + 1, tz) <= instant else day


def parse_instant(text: str, zone: str) -> int:
    """The instant of an ISO 8601 date or time. A date means the start of that day in the zone.

    A time with an offset or Z keeps its own; one without is the zone's wall clock: the first of two where clocks were
    set back, and counted on from before the jump where the wall clock never showed it. Digits after the microsecond are
    cut. BadTime for anything else.
    """
    text = text.strip()
    try:
        return start_of_day(day_number(date.fromisoformat(text)), zone)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"cannot read {text!r} as a date or time; write 2024-03-31, 2024-03-31T12:00 or 2024-03-31T12:00Z"
        raise BadTime(message) from None
    if moment.tzinfo is not None:
        return (moment - _EPOCH) // _ONE_US
    offset = _seconds(zone_named(zone).utcoffset(moment))
    return (moment - _EPOCH.replace(tzinfo=None)) // _ONE_US - offset * _SECOND_US


def format_instant(instant: int) -> str:
    """ISO 8601 in UTC with Z, microseconds only if there are any; BadTime outside the years 1 to 9999."""
    try:
        moment = _EPOCH + timedelta(microseconds=instant)
    except OverflowError:
        raise _outside(instant) from None
    return moment.replace(tzinfo=None).isoformat() + "Z"


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The days of a zone from a first to a last one: four int64 arrays of the same length, one element a day."""

    day: NDArray[np.int64]
    """Days since 1970-01-01, ascending without gaps."""
    start_at: NDArray[np.int64]
    """First instant of the day, as `start_of_day`."""
    week_start_day: NDArray[np.int64]
    """The Monday on or before the day."""
    month_start_day: NDArray[np.int64]
    """The first day of the day's month."""


def calendar(first_day: int, last_day: int, zone: str) -> Calendar:
    """The calendar of a zone, both ends included; empty if `last_day < first_day`. BadTime as `start_of_day`."""
    import numpy as np

    zone_named(zone)
    starts = np.empty(0, np.int64)
    if first_day <= last_day:
        first, last = _checked(first_day) // PIECE_DAYS, _checked(last_day) // PIECE_DAYS
        starts = np.concatenate([_starts(piece, zone) for piece in range(first, last + 1)])
        skipped = first_day - max(_FIRST_DAY, first * PIECE_DAYS)
        starts = starts[skipped : skipped + last_day - first_day + 1]
    day = np.arange(first_day, first_day + len(starts), dtype=np.int64)
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    return Calendar(
        day=day,
        start_at=starts,
        week_start_day=day - (day + 3) % 7,
        month_start_day=months.astype("datetime64[D]").astype(np.int64),
    )


@lru_cache(maxsize=256)
def _starts(piece: int, zone: str) -> NDArray[np.int64]:
    """`start_of_day` of each day of one piece of a zone's calendar: who asks for a few customers at a time asks for the
    same days again and again."""
    import numpy as np

    days = max(_FIRST_DAY, piece * PIECE_DAYS), min(_LAST_DAY, (piece + 1) * PIECE_DAYS - 1)
    return np.array(_midnights(*days, zone_named(zone)), dtype=np.int64)


def _midnights(first: int, last: int, tz: ZoneInfo) -> list[int]:
    """`_midnight` of each day. Only days at whose midnight the offset is about to change need the careful look."""
    wall = datetime.combine(date_of(first), datetime.min.time())
    starts = []
    before: int | None = None
    for day in range(first, last + 1):
        offset = _seconds(tz.utcoffset(wall))
        starts.append((day * 86_400 - offset) * _SECOND_US)
        if before is not None and offset != before:
            starts[-2] = _midnight(day - 1, tz)
        before = offset
        if day < _LAST_DAY:
            wall += _ONE_DAY
    if starts:
        starts[-1] = _midnight(last, tz)
    return starts


def _midnight(day: int, tz: ZoneInfo) -> int:
    """`start_of_day` for a checked day and a known zone."""
    wall = datetime.combine(date_of(day), datetime.min.time())
    before, after = (_seconds(tz.utcoffset(wall.replace(fold=fold))) for fold in (0, 1))
    local_us = day * DAY_US
    if before >= after:
        # no change at this midnight, or it comes twice: fold 0 is the first
        return local_us - before * _SECOND_US
    # midnight falls into a gap: the jump lies between the two readings of the wall clock
    return _jump(day, local_us - after * _SECOND_US, local_us - before * _SECOND_US, tz)


def _jump(day: int, low: int, high: int, tz: ZoneInfo) -> int:
    """The first instant in (low, high] at which the calendar shows `day` or later; zones change on whole seconds."""
    low, high = low // _SECOND_US, high // _SECOND_US
    while high - low > 1:
        middle = (low + high) // 2
        reached = (_EPOCH + timedelta(seconds=middle)).astimezone(tz).toordinal() - _EPOCH_ORDINAL >= day
        low, high = (low, middle) if reached else (middle, high)
    return high * _SECOND_US


def _seconds(offset: timedelta | None) -> int:
    """Whole seconds of an offset; a zone read from the database always has one."""
    assert offset is not None
    return offset.days * 86_400 + offset.seconds


def _checked(day: int) -> int:
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise BadTime(f"day {day} lies outside the years 1 to 9999")
    return day


def _outside(instant: int) -> BadTime:
    return BadTime(f"instant {instant} (microseconds since 1970) lies outside the years 1 to 9999")
