"""Local days of a shop: where each one starts, which one an instant belongs to, and which month a day is in."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tenure.errors import BadTime

__all__ = ["LocalDays", "date_of", "instant", "month_of", "number_of"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
LAST_DAY = date.max.toordinal() - EPOCH_ORDINAL - 1
US_PER_DAY = 86_400_000_000


def date_of(day: int) -> date:
    """The calendar date of a day number (whole days since 1970-01-01)."""
    return date.fromordinal(day + EPOCH_ORDINAL)


def number_of(on: date) -> int:
    """The day number of a calendar date."""
    return on.toordinal() - EPOCH_ORDINAL


def month_of(day: int) -> int:
    """The day number of the first day of the month that `day` is in."""
    return number_of(date_of(day).replace(day=1))


def instant(when: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime."""
    return (when - EPOCH) // timedelta(microseconds=1)


class LocalDays:
    """The days of one time zone. Instants are microseconds UTC, days whole days since 1970-01-01."""

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise BadTime(f"unknown time zone {zone!r}; use a name like Europe/Berlin") from error
        self.start = cache(self._start)
        self.day_of = cache(self._day_of)

    def _start(self, day: int) -> int:
        """The first instant whose local date is `day` or later."""
        if day > LAST_DAY:  # the calendar ends with the year 9999; nothing real hangs on days after it
            return day * US_PER_DAY
        on = date_of(day)
        midnight = datetime(on.year, on.month, on.day, tzinfo=self._zone)  # fold 0: the first of two midnights
        start = midnight.astimezone(UTC)
        if start.astimezone(self._zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
            return instant(start)
        return self._jump_between(instant(midnight.replace(fold=1).astimezone(UTC)), instant(start))

    def _jump_between(self, before: int, after: int) -> int:
        """Where the clock was put forward over a midnight: the first instant with the new offset."""
        new = self._local(after).utcoffset()
        while after - before > 1:
            middle = (before + after) // 2
            if self._local(middle).utcoffset() == new:
                after = middle
            else:
                before = middle
        return after

    def _day_of(self, at: int) -> int:
        """The last day that has started at `at` (where clocks go back over midnight, the later date holds on)."""
        if at >= LAST_DAY * US_PER_DAY:
            return at // US_PER_DAY
        day = number_of(self._local(at).date())
        return day + 1 if self.start(day + 1) <= at else day

    def _local(self, at: int) -> datetime:
        return (EPOCH + timedelta(microseconds=at)).astimezone(self._zone)
