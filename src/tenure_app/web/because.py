"""The core's sentence about a customer in the language of the page.

The core says its sentence in English, from templates with slots (tenure.lifecycle.words). Here the sentence is taken
apart along the same words and said again: clause by clause, numbers and days in the language's own way. A sentence that
is not known stays as it is and is marked as English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import get_language, gettext, ngettext

from tenure.lifecycle.words import MONTHS
from tenure_app.web import words

if TYPE_CHECKING:
    from tenure_app.web.moment import Moment

__all__ = ["fact", "told"]

_DAY: Final = r"(\d{1,2} [A-Z][a-z]{2} \d{4})"
_DAYS: Final = r"([\d,]+) days?"
_SHARE: Final = r"(nine of ten|half of all|[\d,]+ of [\d,]+)"


def _day(text: str) -> str:
    number, month, year = text.split()
    return words.day(date(int(year), MONTHS.index(month) + 1, int(number)), 0)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _days(text: str) -> str:
    n = _number(text)
    return ngettext("{n} day", "{n} days", n).format(n=words.count(n))


def _of(text: str) -> str:
    """A share of gaps."""
    known = {"nine of ten": gettext("nine of ten"), "half of all": gettext("half of all")}
    if text in known:
        return known[text]
    part, whole = (words.count(_number(one)) for one in text.split(" of "))
    return gettext("{part} of {whole}").format(part=part, whole=whole)


def _mark(text: str) -> str:
    """What a chance is held against."""
    average = re.fullmatch(r"the shop's average \((\d+) %, (.+), n = ([\d,]+)\)", text)
    if average:
        return gettext("the shop’s average ({share} %, n = {n})").format(
            share=average[1], n=words.count(_number(average[3]))
        )
    standard = re.fullmatch(r"the standard average \((\d+) %; too little history, n = ([\d,]+)\)", text)
    if standard:
        n = words.count(_number(standard[2]))
        return gettext("the standard average ({share} %; too little history, n = {n})").format(share=standard[1], n=n)
    return text


_CLAUSES: Final[list[tuple[str, Callable[..., str]]]] = [
    (rf"Silent {_DAYS}", lambda n: gettext("Silent for {days}").format(days=_days(n))),
    (rf"First order {_DAYS} ago", lambda n: gettext("First order {days} ago").format(days=_days(n))),
    (rf"Second order {_DAYS} ago", lambda n: gettext("Second order {days} ago").format(days=_days(n))),
    (rf"; the limit is {_DAYS}", lambda n: gettext("; the limit is {days}").format(days=_days(n))),
    (
        rf"; those who come back usually do within {_DAYS}",
        lambda n: gettext("; those who come back usually do within {days}").format(days=_days(n)),
    ),
    (
        rf"; a third order usually follows within {_DAYS}",
        lambda n: gettext("; a third order usually follows within {days}").format(days=_days(n)),
    ),
    (
        rf"; {_SHARE} gaps like theirs are over within {_DAYS}",
        lambda part, n: gettext("; {share} gaps like theirs are over within {days}").format(
            share=_of(part), days=_days(n)
        ),
    ),
    (
        rf"; a whole season passed without an order, and they are overdue since {_DAY}",
        lambda on: gettext("; a whole season passed without an order, and they are overdue since {day}").format(
            day=_day(on)
        ),
    ),
    (
        rf"; their season has not come and gone since, so not overdue before {_DAY}",
        lambda on: gettext("; their season has not come and gone since, so not overdue before {day}").format(
            day=_day(on)
        ),
    ),
    (rf", so not overdue before {_DAY}", lambda on: gettext(", so not overdue before {day}").format(day=_day(on))),
    (
        rf"(?:, and |; )their chance to order within {_DAYS} \(([a-z0-9 ]+) %\) is not below (.+) before {_DAY}",
        lambda days, share, mark, on: gettext(
            ", and their chance to order within {days} ({share} %) is not below {mark} before {day}"
        ).format(days=_days(days), share=_chance(share), mark=_level(mark), day=_day(on)),
    ),
    (
        rf"(?:, and |; )their chance to order within {_DAYS} \(([a-z0-9 ]+) %\) is below (.+?)(?=\.$)",
        lambda days, share, mark: gettext(
            ", and their chance to order within {days} ({share} %) is below {mark}"
        ).format(days=_days(days), share=_chance(share), mark=_level(mark)),
    ),
    (
        r"; too little history \(n = ([\d,]+)\), so these are standard values",
        lambda n: gettext("; too little history (n = {n}), so these are standard values").format(
            n=words.count(_number(n))
        ),
    ),
    (
        rf"No order that counts; a prospect since {_DAY}",
        lambda on: gettext("No order that counts; a prospect since {day}").format(day=_day(on)),
    ),
    (rf"Asked on {_DAY} to be forgotten", lambda on: gettext("Asked on {day} to be forgotten").format(day=_day(on))),
    (
        rf"Asked on {_DAY} not to be contacted(?: \((.*)\))?",
        lambda on, why=None: (
            gettext("Asked on {day} not to be contacted").format(day=_day(on)) + (f" ({why})" if why else "")
        ),
    ),
    (
        rf"Left on {_DAY}(?:; reason: (.*?))?(?=\.$)",
        lambda on, why=None: gettext("Left on {day}").format(day=_day(on)) + (f" ({why})" if why else ""),
    ),
    (r"\. To be left alone: (.*?)(?=\.$)", lambda why: gettext(". To be left alone: {why}").format(why=why)),
    (r"\.$", lambda: "."),
]


def _chance(text: str) -> str:
    """Whole per cent: "46", "under 1", "just under 46"."""
    if text.startswith("just under "):
        return gettext("just under {n}").format(n=text.removeprefix("just under "))
    return gettext("under {n}").format(n=text.removeprefix("under ")) if text.startswith("under ") else text


def _level(text: str) -> str:
    """A mark for the chance, by itself or beside the shop's average."""
    beside = re.fullmatch(r"(\d+) %, (far under|under|over) (.+)", text)
    if not beside:
        return _mark(text)
    said = {
        "far under": gettext("{share} %, far under {mark}"),
        "under": gettext("{share} %, under {mark}"),
        "over": gettext("{share} %, over {mark}"),
    }[beside[2]]
    return said.format(share=beside[1], mark=_mark(beside[3]))


def told(sentence: str) -> tuple[str, str]:
    """The sentence, and the language it is in: English where it is not known how to say it in the page's."""
    language = (get_language() or "en").split("-")[0]
    if language == "en":
        return sentence, "en"
    out, rest = [], sentence
    while rest:
        for pattern, say in _CLAUSES:
            found = re.match(pattern, rest)
            if found and found.end():
                out.append(say(*found.groups()))
                rest = rest[found.end() :]
                break
        else:
            return sentence, "en"
    return "".join(out), language


def fact(row: Mapping[str, Any], at: Moment) -> str:
    """What is so with somebody, in short, off a row of the picture: the sentence where only the row is at hand."""
    if row["last_order_at"] is None:
        return gettext("Never bought; known since {day}.").format(day=words.day_at(row["since"], at.zone, at.year))
    n = max(0, -at.days_to(row["last_order_at"]) - 1)  # the page's own day is not known yet
    silent = gettext("Silent for {days}").format(days=ngettext("{n} day", "{n} days", n).format(n=words.count(n)))
    if row["overdue_at"] is None:
        return f"{silent}."
    day = words.day_at(row["overdue_at"], at.zone, at.year)
    if row["stage"] in ("lapsed", "inactive"):
        late = gettext("overdue since {day}").format(day=day)
    else:
        late = gettext("not overdue before {day}").format(day=day)
    return f"{silent}; {late}."
