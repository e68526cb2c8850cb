"""The sentences a report opens with. Each is what is so, with its numbers; in small how far it may be trusted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tenure.draw.words import count, day_of, many, percent, range_of, span_of
from tenure.measure.retention import Within, wilson
from tenure.reporting.data import Month, ReportData

__all__ = ["BY_THE_FIRE", "Saying", "headline", "people", "period_name", "pooled", "sayings"]

BY_THE_FIRE = ("new", "active", "loyal")
QUIET = ("lapsed", "inactive")
LOOKED_AT = 50  # more loyal customers than that in a week are the shop's rhythm, not somebody to look at


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence; `link` the section that proves it, `small` its footing, `hot` whether a person should look."""

    lead: str
    rest: str
    link: str
    small: str = ""
    hot: bool = False


def sayings(data: ReportData) -> tuple[Saying, ...]:
    """At most seven sentences about `data`, the ones that ask for something first. Plain text, not yet escaped."""
    every = (_due(data), _overdue(data), _season(data), _returned(data), _first(data), _again(data), _gone(data))
    found = tuple(saying for saying in every if saying)
    return found if len(found) >= 4 else (*found, _standing(data))


def _standing(data: ReportData) -> Saying:
    bought, fire = data.at(*BY_THE_FIRE, *QUIET), data.at(*BY_THE_FIRE)
    return Saying(
        f"{count(fire)} of {many(bought, 'customer')}", " by the fire: new, active or loyal, and not overdue.", "ring"
    )


def _due(data: ReportData) -> Saying | None:
    if not data.due.within_7:
        return None
    loyal = data.due.loyal_within_7
    rest = " will be overdue within seven days without an order" + _of_them(loyal, data.due.within_7, "loyal")
    return Saying(people(data.due.within_7), rest, "due", hot=0 < loyal <= LOOKED_AT)


def _of_them(part: int, whole: int, what: str) -> str:
    """The end of a sentence about `whole` people: "; 5 of them loyal.", "; all of them loyal."."""
    if not part or whole == 1:
        return f", {what}." if part else "."
    return f"; {'all' if part == whole else count(part)} of them {what}."


def people(n: int) -> str:
    """ "1 person", "612 people"."""
    return many(n, "person", "people")


def _overdue(data: ReportData) -> Saying | None:
    if not data.period:
        return None
    n, loyal = data.moved(BY_THE_FIRE, ("lapsed",)), data.moved(("loyal",), ("lapsed",))
    if not n:
        small = _usual(data, "became_overdue", 0)
        return Saying("Nobody", f" became overdue in {period_name(data)}.", "overdue", small)
    rest = f" became overdue in {period_name(data)}" + _of_them(loyal, n, "had been loyal")
    small, most = _usual(data, "became_overdue", n), _past(data, "became_overdue")
    return Saying(people(n), rest, "overdue", small, hot=len(most) >= 6 and n > max(most) and n >= 10)


def _season(data: ReportData) -> Saying | None:
    missed = data.missed_season
    if not missed:
        return None
    day = day_of(missed.write_on, data.day.year)
    past, near = missed.write_on < data.day, missed.write_on <= data.day + timedelta(days=14)
    when = f"Since {day} it is time to write to them." if past else f"Write to them from {day}."
    return Saying(people(missed.customers), f" missed their season. {when}", "ring", hot=near)


def _returned(data: ReportData) -> Saying | None:
    n = data.moved(QUIET, BY_THE_FIRE)
    if not n:
        return None
    unknown = "How many would have come anyway is unknown: nobody was left alone for comparison."
    small = _usual(data, "came_back", n) or unknown
    return Saying(f"{count(n)} came back", f" in {period_name(data)}.", "returned", small)


def _first(data: ReportData) -> Saying | None:
    n = data.moved(("", "prospect"), BY_THE_FIRE)
    if not n:
        return None
    small = _usual(data, "first_orders", n)
    return Saying(f"{count(n)} ordered for the first time", f" in {period_name(data)}.", "first", small)


def _again(data: ReportData) -> Saying | None:
    days = headline(data)
    share = pooled(data, days) if days else None
    if not share or share.share is None or share.low is None or share.high is None:
        return None
    lead = f"{percent(share.share)} of first orders"
    rest = f" were followed by a second within {days} days."
    interval = f"95\u00a0% interval {range_of(share.low, share.high)}\u00a0%"
    return Saying(lead, rest, "second", f"{many(share.observed, 'customer')} seen for that long; {interval}")


def _gone(data: ReportData) -> Saying | None:
    win = sum(row.customers for row in data.stages if row.detail == "win_back")
    leave = sum(row.customers for row in data.stages if row.detail == "do_not_contact")
    if not win:
        return None
    rest = f" {'is' if win == 1 else 'are'} inactive and may be won back"
    rest += f"; leave {many(leave, 'other')} alone." if leave else "."
    return Saying(people(win), rest, "ring")


def period_name(data: ReportData) -> str:
    """ "October", or "2 to 31 Oct"; "" without a period."""
    # the last whole month needs no year beside it, in January neither
    return span_of(data.period.start, data.period.end, data.period.start.year) if data.period else ""


def _past(data: ReportData, what: str) -> list[int]:
    """Up to twelve whole months before the period; `what` names a number of `Month`."""
    before = [month for month in data.months if data.period and month.start < data.period.start]
    return [_number(month, what) for month in before[-12:]]


def _number(month: Month, what: str) -> int:
    numbers = {"became_overdue": month.became_overdue, "came_back": month.came_back, "first_orders": month.first_orders}
    return numbers[what]


def _usual(data: ReportData, what: str, n: int) -> str:
    """The range of the months before, and whether this one lies outside; "" with fewer than six to compare with."""
    past = _past(data, what)
    if len(past) < 6:
        return ""
    low, high = min(past), max(past)
    usual = "Nothing out of the ordinary."
    verdict = "More than in any of them." if n > high else "Fewer than in any of them." if n < low else usual
    return f"The {len(past)} months before had {count(low)} to {count(high)}. {verdict}"


def headline(data: ReportData) -> int:
    """The horizon in days at which the page compares cohorts; 0 if none is known.

    The longest up to 90 that is known in full for at least half of them; failing that the longest known at all.
    """
    known: dict[int, int] = {}
    for row in data.second:
        for within in row.within:
            known[within.days] = known.get(within.days, 0) + (0 < row.customers == within.observed)
    enough = [days for days, n in known.items() if n and 2 * n >= len(data.second)]
    calm = [days for days in enough if days <= 90]
    return max(calm or enough or [days for days, n in known.items() if n], default=0)


def pooled(data: ReportData, days: int) -> Within | None:
    """The share that bought again within `days`, of all cohorts; None if nobody was. Medians do not add."""
    rows = [within for within in _all(data) if within.days == days]
    observed, again = sum(row.observed for row in rows), sum(row.again for row in rows)
    if not observed:
        return None
    low, high = wilson(again, observed)
    return Within(days, observed, again, again / observed, low, high, None)


def _all(data: ReportData) -> Iterable[Within]:
    return (within for row in data.second for within in row.within)
