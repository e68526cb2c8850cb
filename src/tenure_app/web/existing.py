"""The share of revenue from existing customers, as a page shows it: a sentence, and its periods as a small table.

`existing_section` gives what the template `tenure/existing.html` reads as `existing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext

from tenure.draw import part
from tenure.measure.existing import SAYING
from tenure_app.web import words

if TYPE_CHECKING:
    from tenure.measure.existing import Existing, Revenue
    from tenure_app.web.moment import Moment

__all__ = ["EVERY", "existing_section"]

EVERY: Final = ("month", "quarter", "year")
"""Words of the address for the length of the periods."""


def existing_section(found: Existing, at: Moment, *, every: str, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the section says of the last twelve months and shows by period.

    every: one of EVERY, the length of the periods. links: of each length of EVERY its word and the address that shows
    it.
    """
    names = dict(words.period_names())
    rows = [_row(one, found, every) for one in found.of(every)]
    return {
        "share": None if found.year.share is None else words.percent(found.year.share),
        "year": found.year,
        "since": words.long_day(found.year.start_on, at.year),
        "saying": words.percent(SAYING),
        "early": found.early(found.year),
        "any_early": any(found.early(one) for one in found.of(every)),
        "rows": rows,
        "every": every,
        "periods": [(word, names[word], link) for word, link in links],
        "currency": found.currency or "",
        "elsewhere": found.elsewhere,
        "loose": found.loose_minor,
        "unpriced": found.year.orders - found.year.priced if found.year.priced else 0,
    }


def _row(one: Revenue, found: Existing, every: str) -> dict[str, Any]:
    return {
        "name": _name(one.start_on, every),
        "share": None if one.share is None else words.percent(one.share),
        "bar": "" if one.share is None else part("active", one.share, SAYING),
        "early": found.early(one),
        "revenue": one,
    }


def _name(start: date, every: str) -> str:
    if every == "year":
        return str(start.year)
    if every == "quarter":
        return gettext("Q{n} {year}").format(n=(start.month + 2) // 3, year=start.year)
    return f"{words.month_of(start)} {start.year}"
