"""Whom a page asks for: the filters of the address as conditions on the picture, and their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext, gettext_lazy

from tenure.lifecycle.trace import STAGES
from tenure.measure.discounts import DEPTHS, FULL, UNKNOWN
from tenure.periods import day_number, start_of_day
from tenure_app.insight.buying import DEEP, LEAST
from tenure_app.insight.forecasts import at_hand, people_foreseen
from tenure_app.insight.foreseen import HORIZONS
from tenure_app.insight.moving import NOBODY
from tenure_app.insight.reading import NotReady, col, lit
from tenure_app.ledger.names import found
from tenure_app.refused import Refused
from tenure_app.web import words
from tenure_app.web.buying import beginners
from tenure_app.web.counting import ON_TIME, QUIET, came
from tenure_app.web.moment import day_in, number_in, word_in

if TYPE_CHECKING:

    from django.http import QueryDict
    from duckdb import DuckDBPyRelation, Expression

    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["FIRSTS", "FORESEEN", "ORDERS", "SORTS", "Choice", "Page", "chosen", "first_page", "people", "title"]

PAGE: Final = 14
SORTS: Final = {
    "spent": ("spent_minor", True),
    "since": ("since", True),
    "orders": ("orders", True),
    "overdue": ("overdue_at", False),
    "last": ("last_order_at", True),
    "chance": ("p_buy", True),
    "worth": ("value", True),
    "number": ("c", False),
}
"""Word of the address: the column, and whether its largest come first."""
FORESEEN: Final = {"chance": 1e9, "worth": 1e3}
"""Sorts by what is foreseen, and how many parts of one are told apart."""
ORDERS: Final = {
    "spent": gettext_lazy("what they spent"),
    "since": gettext_lazy("how lately they changed stage"),
    "orders": gettext_lazy("their orders"),
    "overdue": gettext_lazy("when they become overdue"),
    "last": gettext_lazy("their last order"),
    "chance": gettext_lazy("their chance of an order"),
    "worth": gettext_lazy("what they may bring"),
    "number": gettext_lazy("their number"),
}
GROUPS: Final = {"on-time": ON_TIME, "quiet": QUIET, "before": ("", "prospect")}
"""Words of the address for several stages; "" is for those who were not known yet."""
FIRSTS: Final = {
    "full": ((FULL,), gettext_lazy("first order at full price")),
    "10": ((1,), gettext_lazy("first order with a discount of up to 10 %")),
    "20": ((2,), gettext_lazy("first order with a discount of 10 to 20 %")),
    "30": ((3,), gettext_lazy("first order with a discount of 20 to 30 %")),
    "more": ((4,), gettext_lazy("first order with a discount above 30 %")),
    "unknown": ((UNKNOWN,), gettext_lazy("not known whether the first order had a discount")),
    "discount": (DEPTHS[1:], gettext_lazy("first order with a discount")),
}
"""Words of the address for the discount of the first order: classes, and how that is said."""
OFFERS: Final = {
    "known": gettext_lazy("two orders or more, all known to have had a discount or none"),
    "only": gettext_lazy("two orders or more, never without a discount"),
    "deep": gettext_lazy("first order with more than 20 % off, three orders or more"),
    "precedent": gettext_lazy("first order with more than 20 % off, two orders or more since, all with a discount"),
}
"""Words of the address for who buys on offer: known and deep are those of whom one may ask, only and precedent those
who do."""
_FAR: Final = 9_000_000_000_000_000_000
_MOST: Final = 100_000
"""Days or orders that a filter may ask for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is asked for: words of the address, checked; "" and None for no matter."""

    words: str = ""
    stage: str = ""
    detail: str = ""
    moved_from: str = ""
    moved_to: str = ""
    begin: date | None = None
    overdue: int | None = None
    orders: int | None = None
    since: int | None = None
    first: str = ""
    within: int | None = None
    again: str = ""
    offers: str = ""
    sort: str = "spent"
    turned: bool = False

    @property
    def largest_first(self) -> bool:
        """Whether the sort runs down from the largest."""
        return SORTS[self.sort][1] != self.turned

    def query(self) -> dict[str, Any]:
        """The words of the address that ask for the same."""
        return {
            "q": self.words,
            "stage": self.stage,
            "detail": self.detail,
            "moved_from": self.moved_from,
            "moved_to": self.moved_to,
            "begin": self.begin.isoformat() if self.begin else "",
            "overdue": self.overdue,
            "orders": self.orders,
            "since": self.since,
            "first": self.first,
            "within": self.within,
            "again": self.again,
            "offers": self.offers,
            "sort": self.sort if self.sort != "spent" else "",
            "turned": 1 if self.turned else "",
        }

    def unseen(self) -> dict[str, Any]:
        """The words that no field of the form shows, which it carries along."""
        names = ("moved_from", "moved_to", "begin", "first", "within", "again", "offers")
        return {name: said for name, said in self.query().items() if name in names and said not in ("", None)}

    def everybody(self) -> bool:
        """Whether nothing is asked but an order."""
        return not any(value for key, value in self.query().items() if key not in ("sort", "turned"))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of people: rows, how many stand before them, and where the pages around it begin."""

    rows: list[dict[str, Any]]
    before: int
    total: int
    following: str | None
    preceding: str | None


def chosen(query: QueryDict | MultiValueDict[str, str]) -> Choice:
    """The choice that an address makes. Refused for a word that means nothing: a list of everybody would pass for the
    list that was asked for."""

    def number(key: str) -> int | None:
        said = query.get(key, "")
        n = number_in(said, most=_MOST)
        if said and n is None:
            text = gettext("No list of people: “{key}={said}” is no whole number from 0 to {most}.")
            raise Refused("bad_filter", text.format(key=key, said=said[:100], most=words.count(_MOST)))
        return n

    stages = {*words.STAGE_NAMES, *GROUPS}
    begin = day_in(said) if (said := query.get("begin", "").strip()) else None
    moved_from, moved_to = word_in(query, "moved_from", {*stages, "nobody"}), word_in(query, "moved_to", stages)
    if begin is None and (moved_from or moved_to):
        raise Refused(
            "bad_filter",
            gettext("No list of people: who moved is asked from a day on; add the day, as begin=2026-10-01."),
        )
    again = word_in(query, "again", ("yes", "no"))
    within = number("within")
    if again and within is None:
        raise Refused(
            "bad_filter",
            gettext("No list of people: who ordered again is asked within some days; add them, as within=90."),
        )
    return Choice(
        words=query.get("q", "").replace("\0", "").strip()[:200],
        stage=word_in(query, "stage", stages),
        detail=word_in(query, "detail", words.DETAIL_NAMES),
        moved_from=moved_from,
        moved_to=moved_to,
        begin=begin,
        overdue=number("overdue"),
        orders=number("orders"),
        since=number("since"),
        first=word_in(query, "first", FIRSTS),
        within=within,
        again=again,
        offers=word_in(query, "offers", OFFERS),
        sort=word_in(query, "sort", SORTS) or "spent",
        turned=query.get("turned") == "1",
    )


def _codes(word: str) -> list[int]:
    """Codes of a stage or of a group of stages; NOBODY for who was not known."""
    if word == "nobody":
        return [NOBODY]
    named = GROUPS.get(word, (word,))
    return [NOBODY if stage == "" else code for stage in named for code in words.CODES_OF.get(stage, (NOBODY,))]


def people(reading: Reading, choice: Choice, at: Moment) -> DuckDBPyRelation:
    """The rows of the picture that the choice asks for, all columns, in no order."""
    there = reading.table("people")
    if choice.begin is not None and (choice.moved_from or choice.moved_to):
        there = _moved(reading, choice)
    for condition in _conditions(reading, choice, at):
        there = there.filter(condition)
    if choice.first or choice.within is not None or choice.offers:
        return there.set_alias("p").join(_began(reading, choice, at).set_alias("b"), "c")
    return there


def _began(reading: Reading, choice: Choice, at: Moment) -> DuckDBPyRelation:
    """Who of those who bought began so, was watched so long, came back so, buys so."""
    there = beginners(reading)
    if choice.first:
        there = there.filter(col("depth").isin(*(lit(depth) for depth in FIRSTS[choice.first][0])))
    if choice.within is not None:
        there = there.filter(col("first_day") < lit(day_number(at.day) - choice.within))
        back = col("gap").isnotnull() & (col("gap") <= lit(choice.within))
        if choice.again:
            there = there.filter(back if choice.again == "yes" else ~back)
    if choice.offers:
        least = LEAST if choice.offers in ("deep", "precedent") else 2
        there = there.filter((col("orders") >= lit(least)) & (col("known") == col("orders")))
    if choice.offers in ("deep", "precedent"):
        there = there.filter(col("depth").isin(*map(lit, DEEP)))
    if choice.offers in ("only", "precedent"):
        there = there.filter(col("discounted") == col("orders"))
    return there.select(col("c"))


def _moved(reading: Reading, choice: Choice) -> DuckDBPyRelation:
    assert choice.begin is not None
    start_at = start_of_day(day_number(choice.begin), reading.zone)
    origins, ends = (_codes(word) if word else [] for word in (choice.moved_from, choice.moved_to))
    return came(reading, start_at, origins, ends)


def _conditions(reading: Reading, choice: Choice, at: Moment) -> list[Expression]:
    out = []
    if choice.stage:
        out.append(col("code").isin(*(lit(code) for code in _codes(choice.stage))))
    if choice.detail:
        out.append(col("code") == lit([detail for _, detail in STAGES].index(choice.detail)))
    if choice.orders is not None:
        out.append(col("orders") >= lit(choice.orders))
    if choice.since is not None:
        out.append(col("since") >= lit(_local(reading, at.day - timedelta(days=choice.since))))
    if choice.overdue is not None:
        soon = _local(reading, at.day + timedelta(days=choice.overdue))
        on_time = [lit(code) for stage in ON_TIME for code in words.CODES_OF[stage]]
        out += [col("overdue_at") <= lit(soon), col("code").isin(*on_time)]
    if choice.words:
        ids = found(choice.words)
        out.append(col("c").isin(*(lit(one) for one in ids)) if ids else lit(False))
    return out


def _local(reading: Reading, on: date) -> int:
    return start_of_day(day_number(on), reading.zone)


def first_page(reading: Reading, choice: Choice, at: Moment, place: str, rows: int = PAGE) -> Page:
    """The page of people at a place of the address: "" the first, "after:KEY:C:BEFORE" what follows a person, and
    "upto:KEY:C:BEFORE" what stands before one. It stays fast wherever it is, as nothing before it is counted."""
    there = people(reading, choice, at)
    total = reading.remembered(("total", choice), lambda: _count(there)) if not choice.words else _count(there)
    word, key_at, person, before = _place(place)
    down, back = choice.largest_first, word == "upto"

    def ranked(keyed: DuckDBPyRelation) -> dict[int, int]:
        if word:
            beyond = (col("sort_key") < lit(key_at)) if down != back else (col("sort_key") > lit(key_at))
            following = (col("c") < lit(person)) if back else (col("c") > lit(person))
            keyed = keyed.filter(beyond | ((col("sort_key") == lit(key_at)) & following))
        first = col("sort_key").desc() if down != back else col("sort_key").asc()
        second = col("c").desc() if back else col("c").asc()
        return dict(keyed.sort(first, second).limit(rows + 1).fetchall())

    keys: dict[int, int] = {}
    if choice.everybody() and choice.sort in FORESEEN and abs(key_at) < _FAR:
        keys = ranked(_foreseen(reading, choice))  # of whom nothing is foreseen stands behind them all
    if len(keys) <= rows:
        keys = ranked(_keyed(reading, there, choice))
    more = len(keys) > rows
    in_order = list(keys)[:rows]
    if back:
        in_order.reverse()
        before = max(0, before - len(in_order))
    whole = reading.people(in_order)
    found_rows = [{**whole[c], "sort_key": keys[c]} for c in in_order]
    return Page(
        found_rows,
        before,
        total,
        _said("after", found_rows[-1], before + len(found_rows)) if found_rows and (more or back) else None,
        _said("upto", found_rows[0], before) if found_rows and before and (more or not back) else None,
    )


def _keyed(reading: Reading, there: DuckDBPyRelation, choice: Choice) -> DuckDBPyRelation:
    """c and sort_key of the people; who has no value stands last."""
    from duckdb import CoalesceOperator

    key = col(SORTS[choice.sort][0])
    if choice.sort in FORESEEN:
        key = col("sort_key")
        keyed = _foreseen(reading, choice).set_alias("f")
        there = there.select(col("c")).set_alias("p").join(keyed, "c", how="left")
    last = -_FAR if choice.largest_first else _FAR
    return there.select(col("c"), CoalesceOperator(key.cast("BIGINT"), lit(last).cast("BIGINT")).alias("sort_key"))


def _foreseen(reading: Reading, choice: Choice) -> DuckDBPyRelation:
    """c and sort_key of everybody of whom it is foreseen. NotReady while it is worked out; Refused where amounts of
    several currencies would be compared."""
    hand = at_hand(reading)
    if hand is None:
        people_foreseen(reading, HORIZONS[0])  # waits for it
        hand = at_hand(reading)
    if hand is None:
        raise NotReady  # cleared at this very moment
    found, there = hand
    if choice.sort == "worth" and found.value is None:
        said = gettext("No order by what people may bring: there are no amounts, or several currencies.")
        raise Refused("bad_sort", said)
    key = col(SORTS[choice.sort][0])
    parts = (key * lit(FORESEEN[choice.sort])).cast("BIGINT")
    return there.filter(key.isnotnull()).select(col("c"), parts.alias("sort_key"))


def _count(there: DuckDBPyRelation) -> int:
    return int(there.aggregate("count(*)").fetchall()[0][0])


def _place(text: str) -> tuple[str, int, int, int]:
    word, *rest = text.split(":")
    if word not in ("after", "upto") or len(rest) != 3:
        return "", 0, 0, 0
    try:
        key, person, before = (int(part) for part in rest)
    except ValueError:
        return "", 0, 0, 0
    within = all(abs(n) <= _FAR for n in (key, person, before))
    return (word, key, person, max(0, before)) if within else ("", 0, 0, 0)


def _said(word: str, row: dict[str, Any], before: int) -> str:
    return f"{word}:{row['sort_key']}:{row['c']}:{before}"


def title(choice: Choice, at: Moment) -> str:
    """The choice in words, for the line under the title; "" for everybody."""
    parts = []
    if choice.stage:
        names = {
            "on-time": gettext("by the fire"),
            "quiet": gettext("gone quiet"),
            "before": gettext("before their first order"),
        }
        parts.append(names.get(choice.stage) or words.stage_word(choice.stage))
    if choice.detail:
        parts.append(words.detail_name(choice.detail))
    if choice.begin is not None and (choice.moved_from or choice.moved_to):
        names = {
            "on-time": gettext("on time"),
            "quiet": gettext("gone quiet"),
            "before": gettext("without an order"),
            "nobody": gettext("not known"),
            "": gettext("anywhere"),
        }
        origin, end = (names.get(word) or words.stage_word(word) for word in (choice.moved_from, choice.moved_to))
        when = words.day(choice.begin, at.year)
        parts.append(gettext("{origin} on {day}, now {end}").format(origin=origin, end=end, day=when))
    parts += _began_so(choice)
    return ", ".join(parts)


def _began_so(choice: Choice) -> Iterator[str]:
    """How they began and what came after it, in words."""
    if choice.first:
        yield str(FIRSTS[choice.first][1])
    if choice.within is not None:
        said = {
            "": gettext("watched for {n} days after it"),
            "yes": gettext("ordered again within {n} days"),
            "no": gettext("did not order again within {n} days"),
        }
        yield said[choice.again].format(n=words.count(choice.within))
    if choice.offers:
        yield str(OFFERS[choice.offers])
