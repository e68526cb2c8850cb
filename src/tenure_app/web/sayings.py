"""The sentences a day opens with: what is so, with its numbers, what asks for somebody first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext, ngettext

from tenure.periods import date_of, day_number, day_of, start_of_day
from tenure_app.insight.moving import moves
from tenure_app.insight.reading import col, lit
from tenure_app.web import words
from tenure_app.web.counting import ON_TIME, QUIET, Period, between, periods_before, staged

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["Saying", "due_within", "missed_season", "sayings", "usual"]

MOST: Final = 4
LOOKED_AT: Final = 50
"""More loyal customers than that in a week are the shop's rhythm, not somebody to look at."""
ENOUGH: Final = 6
"""Fewer periods say nothing of what is usual."""
_ON_TIME_CODES: Final = [code for stage in ON_TIME for code in words.CODES_OF[stage]]

Flows = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence: `before`, the linked `lead`, `after`; `small`: how far to trust it; `hot`: somebody should look."""

    before: str
    lead: str
    after: str
    link: str
    small: str = ""
    hot: bool = False


def sayings(
    reading: Reading, at: Moment, period: Period, moved: Flows, parts: Mapping[tuple[str, str], int], every: str
) -> list[Saying]:
    """At most four sentences about the day and the period before it, the ones that ask for something first."""
    past = _past(reading, period, every)
    found = (
        _due(reading, at),
        _overdue(at, period, moved, past, every),
        _season(reading, at),
        _returned(at, period, moved, past, every),
        _first(at, period, moved, past, every),
        _gone(at, parts),
    )
    said = [saying for saying in found if saying]
    hot_first = sorted(said, key=lambda saying: not saying.hot)
    return hot_first[:MOST]


def _saying(text: str, link: str, small: str = "", *, hot: bool = False) -> Saying:
    """Of a sentence with its link in square brackets."""
    before, _, rest = text.partition("[")
    lead, _, after = rest.partition("]")
    return Saying(before, lead, after, link, small, hot)


def due_within(reading: Reading, days: int) -> tuple[int, int]:
    """How many who are on time become overdue within so many days, and how many of them are loyal."""

    def count() -> tuple[int, int]:
        day = day_number(_date(reading)) + days
        soon = col("overdue_at") <= lit(start_of_day(day, reading.zone))
        there = reading.table("people").filter(col("code").isin(*(lit(code) for code in _ON_TIME_CODES)) & soon)
        rows = dict(there.aggregate("code, count(*) AS n").fetchall())
        return sum(rows.values()), sum(rows.get(code, 0) for code in words.CODES_OF["loyal"])

    return reading.remembered(("due", days), count)


def _date(reading: Reading) -> date:
    return date_of(day_of(reading.as_of, reading.zone))


def _due(reading: Reading, at: Moment) -> Saying | None:
    n, loyal = due_within(reading, 7)
    if not n:
        return None
    said = ngettext(
        "[{people}] will be overdue within seven days without an order",
        "[{people}] will be overdue within seven days without an order",
        n,
    ).format(people=words.people(n))
    said += _of_them(loyal, n, gettext("; {k} of them loyal."), gettext("; all of them loyal."))
    return _saying(said, at.link("customers", overdue="7"), hot=0 < loyal <= LOOKED_AT)


def _of_them(part: int, whole: int, some: str, all_of: str) -> str:
    if not part:
        return "."
    return all_of if part == whole and whole > 1 else some.format(k=words.count(part))


def _overdue(at: Moment, period: Period, moved: Flows, past: Sequence[Flows], every: str) -> Saying | None:
    n, loyal = between(moved, ON_TIME, ("lapsed",)), between(moved, ("loyal",), ("lapsed",))
    when = words.long_span(period.start, period.end, at.year)
    before = [between(one, ON_TIME, ("lapsed",)) for one in past]
    link = _moved_link(at, period, "on-time", "lapsed")
    if not n:
        return _saying(gettext("[Nobody] became overdue {when}.").format(when=when), link, usual(before, 0, every))
    said = ngettext("[{people}] became overdue {when}", "[{people}] became overdue {when}", n)
    said = said.format(people=words.people(n), when=when)
    said += _of_them(loyal, n, gettext("; {k} of them had been loyal."), gettext("; all of them had been loyal."))
    hot = len(before) >= ENOUGH and n > max(before) and n >= 10
    return _saying(said, link, usual(before, n, every), hot=hot)


def _moved_link(at: Moment, period: Period, origin: str, end: str) -> str:
    return at.link("customers", moved_from=origin, moved_to=end, begin=period.start.isoformat())


def _returned(at: Moment, period: Period, moved: Flows, past: Sequence[Flows], every: str) -> Saying | None:
    n = between(moved, QUIET, ON_TIME)
    if not n:
        return None
    when = words.long_span(period.start, period.end, at.year)
    said = ngettext("[{people}] came back {when}.", "[{people}] came back {when}.", n)
    unknown = gettext("How many would have come anyway is unknown: nobody was left alone for comparison.")
    small = usual([between(one, QUIET, ON_TIME) for one in past], n, every) or unknown
    return _saying(said.format(people=words.people(n), when=when), _moved_link(at, period, "quiet", "on-time"), small)


def _first(at: Moment, period: Period, moved: Flows, past: Sequence[Flows], every: str) -> Saying | None:
    n = between(moved, ("", "prospect"), ON_TIME)
    if not n:
        return None
    when = words.long_span(period.start, period.end, at.year)
    said = ngettext("[{people}] ordered for the first time {when}.", "[{people}] ordered for the first time {when}.", n)
    small = usual([between(one, ("", "prospect"), ON_TIME) for one in past], n, every)
    return _saying(said.format(people=words.people(n), when=when), _moved_link(at, period, "before", "on-time"), small)


def missed_season(reading: Reading) -> tuple[int, date] | None:
    """How many missed their season and are to be written to on the earliest day, and that day."""

    def count() -> tuple[int, date] | None:
        there = reading.table("people").filter((col("detail") == lit("seasonal")) & col("contact_on").isnotnull())
        rows = there.aggregate("contact_on, count(*) AS n").sort(col("contact_on")).limit(1).fetchall()
        return (int(rows[0][1]), rows[0][0]) if rows else None

    return reading.remembered("season", count)


def _season(reading: Reading, at: Moment) -> Saying | None:
    found = missed_season(reading)
    if not found:
        return None
    n, on = found
    day = words.day(on, at.year)
    if on < at.day:
        said = ngettext(
            "[{people}] missed their season; since {day} it is time to write to them.",
            "[{people}] missed their season; since {day} it is time to write to them.",
            n,
        )
    else:
        said = ngettext(
            "[{people}] missed their season. Write to them from {day}.",
            "[{people}] missed their season. Write to them from {day}.",
            n,
        )
    near = (on - at.day).days <= 14
    return _saying(said.format(people=words.people(n), day=day), at.link("customers", detail="seasonal"), hot=near)


def _gone(at: Moment, parts: Mapping[tuple[str, str], int]) -> Saying | None:
    n, alone = parts.get(("inactive", "win_back"), 0), parts.get(("inactive", "do_not_contact"), 0)
    if not n:
        return None
    said = ngettext("[{people}] is inactive and may be won back", "[{people}] are inactive and may be won back", n)
    said = said.format(people=words.people(n))
    if alone:
        said += ngettext("; leave {n} other alone.", "; leave {n} others alone.", alone).format(n=words.count(alone))
    else:
        said += "."
    return _saying(said, at.link("customers", detail="win_back"))


def _past(reading: Reading, period: Period, every: str) -> list[Flows]:
    first = _first_day(reading)
    before = periods_before(period.start, every, reading.zone, first, 12)
    return [staged(moves(reading, one.start_at, one.end_at)) for one in before]


def _first_day(reading: Reading) -> date:
    return date_of(day_of(reading.first_at, reading.zone))


def usual(past: Sequence[int], n: int, every: str) -> str:
    """The range of the periods before, and whether this one lies outside; "" with fewer than six to compare with."""
    if len(past) < ENOUGH:
        return ""
    low, high = min(past), max(past)
    said = {
        "week": gettext("The {n} weeks before had {low} to {high}."),
        "month": gettext("The {n} months before had {low} to {high}."),
        "quarter": gettext("The {n} quarters before had {low} to {high}."),
        "year": gettext("The {n} years before had {low} to {high}."),
    }[every].format(n=len(past), low=words.count(low), high=words.count(high))
    if n > high:
        verdict = gettext("More than in any of them.")
    elif n < low:
        verdict = gettext("Fewer than in any of them.")
    else:
        verdict = gettext("Nothing out of the ordinary.")
    return f"{said} {verdict}"
