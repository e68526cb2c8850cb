"""Times that senders write, and the sender's clock set right."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from tenure.errors import BadTime
from tenure.periods import DAY_US, parse_instant
from tenure_app.dialects.bodies import Unusable

__all__ = ["AHEAD_US", "EARLIEST", "LATEST", "corrected", "flag_of", "instant", "sent"]

EARLIEST: Final = -2_208_988_800_000_000
"""1900-01-01, the first instant that is accepted, as by the reader of files (which would load DuckDB here)."""
LATEST: Final = 7_289_654_400_000_000
"""2201-01-01, the first that is not any more."""
AHEAD_US: Final = 300_000_000
"""How far clocks may differ before a time counts as lying in the future."""
_ON_THE_WAY_US: Final = 5_000_000
"""How long a request may be on its way, which says nothing against the sender's clock."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# seconds since 1970 reach this in the year 5138, milliseconds reached it in 1973
_MILLISECONDS_FROM: Final = 100_000_000_000


def instant(value: Any, zone: str) -> int:
    """Us UTC of an ISO 8601 text, or of seconds or milliseconds since 1970 as a number or its digits.

    Without an offset it is the zone's wall clock. Unusable `bad_time` where it cannot be read, `time_out_of_range`
    outside the years 1900 to 2200.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None or len(value) < 11:
                at = _of_text(value, zone)
            else:
                since = moment - _EPOCH
                at = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        except ValueError:
            at = _of_text(value, zone)
    else:
        at = _of_number(value)
    if EARLIEST <= at < LATEST:
        return at
    raise Unusable("time_out_of_range", f"the time {str(value)[:60]!r} lies outside the years 1900 to 2200")


def sent(value: Any, zone: str) -> int | None:
    """When the sender's clock said that the request left; None where it does not say so readably."""
    if value is None:
        return None
    try:
        return _sent(value, zone) if isinstance(value, str) else instant(value, zone)
    except Unusable:
        return None


def corrected(said: int, received_at: int, sent_at: int | None) -> tuple[int, str | None]:
    """When it happened by our clock, and what is odd about it (said.FLAGS).

    The sender's clock may be wrong by hours: what counts is how long before the sending it lay. A request that came
    within seconds of its sending keeps its times, so that what a page sends in several at once stays in its order.
    Unusable `time_out_of_range` where that leads outside the years 1900 to 2200.
    """
    if sent_at is None:
        return said, flag_of(said, received_at, 0)
    skew = received_at - sent_at
    if 0 <= skew <= _ON_THE_WAY_US:
        return said, flag_of(said, received_at, 0)
    at = said + skew
    if not EARLIEST <= at < LATEST:
        raise Unusable("time_out_of_range", "its time, with the sender's clock set right, lies outside 1900 to 2200")
    if -DAY_US <= skew <= DAY_US and received_at - DAY_US <= at <= received_at + AHEAD_US:
        return at, None
    return at, flag_of(at, received_at, skew)


def flag_of(at: int, received_at: int, skew: int) -> str | None:
    """A code of said.FLAGS, None for an ordinary time. skew: by how much the sender's clock was behind ours, us."""
    if at > received_at + AHEAD_US:
        return "future"
    if abs(skew) > DAY_US:
        return "skewed"
    return "late" if at < received_at - DAY_US else None


@lru_cache(maxsize=64)
def _sent(text: str, zone: str) -> int:
    return instant(text, zone)


def _of_text(text: str, zone: str) -> int:
    stripped = text.strip()
    # digits alone: eight are a date of ISO 8601, ten and more are since 1970
    if stripped.isascii() and stripped.isdigit() and 10 <= len(stripped) <= 16:
        return _of_number(int(stripped))
    try:
        return parse_instant(stripped, zone)
    except (BadTime, OverflowError):
        raise Unusable("bad_time", f"the time {text[:60]!r} cannot be read; write 2024-03-31T12:00:00Z") from None


def _of_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unusable("bad_time", "the time is neither a text nor a number")
    factor = 1_000 if abs(value) >= _MILLISECONDS_FROM else 1_000_000
    # beyond this no unit makes it a time, and a float may be infinite
    if not abs(value) < 10**17:
        raise Unusable("time_out_of_range", "the time lies outside the years 1900 to 2200")
    return round(value * factor)
