"""Numbers, days, money and the names of the field, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from tenure.draw import Tongue
from tenure.errors import InvalidInput
from tenure.lifecycle.trace import STAGES
from tenure.money import EXPONENTS, Money
from tenure.periods import date_of, day_of, zone_named
from tenure_app.web.kinds import KIND_NAMES

__all__ = [
    "CODES_OF",
    "DETAIL_NAMES",
    "NBSP",
    "PARTS_OF",
    "STAGE_NAMES",
    "TONGUE",
    "amount",
    "begun",
    "change",
    "count",
    "day",
    "day_at",
    "decimal",
    "detail_name",
    "in_days",
    "kind_name",
    "long_day",
    "long_span",
    "month_of",
    "ordinal",
    "ordinal_from",
    "people",
    "percent",
    "period_names",
    "rounded",
    "span",
    "stage_name",
    "stage_word",
    "time_at",
]

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"
_CENTS_BELOW: Final = 100
SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF", "INR": "₹"}

STAGE_NAMES: Final = {
    "prospect": gettext_lazy("Prospect"),
    "new": gettext_lazy("New"),
    "active": gettext_lazy("Active"),
    "loyal": gettext_lazy("Loyal"),
    "lapsed": gettext_lazy("Lapsed"),
    "inactive": gettext_lazy("Inactive"),
}
_STAGE_WORDS: Final = {
    "prospect": gettext_lazy("prospect"),
    "new": gettext_lazy("new"),
    "active": gettext_lazy("active"),
    "loyal": gettext_lazy("loyal"),
    "lapsed": gettext_lazy("lapsed"),
    "inactive": gettext_lazy("inactive"),
}
DETAIL_NAMES: Final = {
    "short": gettext_lazy("short"),
    "long": gettext_lazy("long"),
    "seasonal": gettext_lazy("seasonal"),
    "win_back": gettext_lazy("win back"),
    "do_not_contact": gettext_lazy("leave alone"),
}
CODES_OF: Final = {stage: tuple(code for code, (one, _) in enumerate(STAGES) if one == stage) for stage in STAGE_NAMES}
"""The codes of a stage in tables."""
PARTS_OF: Final = {stage: tuple(detail for one, detail in STAGES if one == stage and detail) for stage in STAGE_NAMES}
"""The details of a stage."""
_ORDINALS: Final = (
    gettext_lazy("first"),
    gettext_lazy("second"),
    gettext_lazy("third"),
    gettext_lazy("fourth"),
    gettext_lazy("fifth"),
    gettext_lazy("sixth"),
    gettext_lazy("seventh"),
    gettext_lazy("eighth"),
    gettext_lazy("ninth"),
    gettext_lazy("tenth"),
)


def stage_name(stage: str) -> str:
    """The stage as a label: "Loyal"; "" for nobody's stage."""
    return str(STAGE_NAMES.get(stage, ""))


def stage_word(stage: str) -> str:
    """The stage within a sentence: "loyal"."""
    return str(_STAGE_WORDS.get(stage, ""))


def detail_name(detail: str | None) -> str:
    """How people say a detail: "win back"; "" for none."""
    return str(DETAIL_NAMES.get(detail or "", ""))


def kind_name(kind: str) -> str:
    """What happened, as a line begins: "Order"; a kind that has no words of its own as it is written."""
    return str(KIND_NAMES.get(kind, kind))


def count(n: float) -> str:
    """1234567 as "1,234,567", with the separators of the language."""
    return number_format(int(n), decimal_pos=0, force_grouping=True)


def change(n: int) -> str:
    """A difference with its sign: "+174", "−27" with a real minus, "±0"."""
    return f"+{count(n)}" if n > 0 else f"{MINUS}{count(-n)}" if n < 0 else "±0"


def percent(share: float) -> str:
    """A share as whole per cent, "46 %", with a no-break space; above 0 never reads as 0, nor below 1 as 100."""
    if 0 < share < 0.005:
        return gettext("under 1 %").replace(" ", NBSP)
    if 0.995 <= share < 1:
        return gettext("over 99 %").replace(" ", NBSP)
    return f"{number_format(round(share * 100), decimal_pos=0)}{NBSP}%"


def people(n: int) -> str:
    """ "1 person", "612 people"."""
    return ngettext("{n} person", "{n} people", n).format(n=count(n))


def begun(text: str) -> str:
    """The text as a line begins, the rest of it as it is."""
    return text[:1].upper() + text[1:]


def ordinal(n: int) -> str:
    """ "first" to "tenth", then by number."""
    if 1 <= n <= len(_ORDINALS):
        return str(_ORDINALS[n - 1])
    end = 0 if 10 < n % 100 < 20 else n % 10
    said = {
        1: pgettext("ordinal", "{n}st"),
        2: pgettext("ordinal", "{n}nd"),
        3: pgettext("ordinal", "{n}rd"),
    }
    return said.get(end, pgettext("ordinal", "{n}th")).format(n=count(n))


def ordinal_from(n: int) -> str:
    """The ordinal after "from the", which other languages bend."""
    bent = pgettext("ordinal, as in: from the second order on", "{nth}")
    return bent.format(nth=ordinal(n)) if n <= len(_ORDINALS) else ordinal(n)


def decimal(value: float) -> str:
    """A number of at most four digits, with the language's decimal mark: "97.5"."""
    return number_format(Decimal(f"{value:.4g}"))


def amount(minor: int | None, currency: str | None, *, exact: bool = False) -> str:
    """Money as people read it: "€268", whole units from 100 on unless it is to be `exact`, cents below; without a
    currency only the number; a dash where it is not known."""
    if minor is None:
        return "—"
    try:
        value, known = Money(abs(minor), currency or "EUR").amount, currency or ""
    except InvalidInput:
        return count(minor)
    whole = value == value.to_integral_value() or (value >= _CENTS_BELOW and not exact)
    digits = 0 if whole else abs(int(value.as_tuple().exponent))
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    number = number_format(rounded, decimal_pos=digits, force_grouping=True)
    sign = MINUS if minor < 0 else ""
    if not known:
        return sign + number
    symbol = SYMBOLS.get(known, known)
    if pgettext("place of the currency", "before") == "before":
        return f"{sign}{symbol}{number}" if len(symbol) == 1 else f"{sign}{symbol}{NBSP}{number}"
    return f"{sign}{number}{NBSP}{symbol}"


def rounded(minor: float, currency: str | None) -> int:
    """An estimate of money in minor units, of whole units from ten on: cents of a mean say nothing."""
    unit = 10 ** EXPONENTS.get(currency or "", 2)
    return round(minor / unit) * unit if abs(minor) >= 10 * unit else round(minor)


def day(on: date, year: int) -> str:
    """ "18 Oct" in the year the page speaks of, else "3 Mar 2024"."""
    form = pgettext("date", "j M") if on.year == year else pgettext("date", "j M Y")
    return date_format(on, form).replace(" ", NBSP)


def long_day(on: date, year: int | None = None) -> str:
    """ "1 November" in the year the page speaks of, else "1 November 2026"."""
    return date_format(on, pgettext("date", "j F") if on.year == year else pgettext("date", "j F Y"))


def month_of(on: date, *, long: bool = False) -> str:
    """ "Feb", or "February 2026"."""
    return date_format(on, pgettext("date", "F Y") if long else "M")


def day_at(instant: int | None, zone: str, year: int) -> str:
    """The local day of an instant as `day`; a dash for none."""
    return "—" if instant is None else day(date_of(day_of(instant, zone)), year)


def time_at(instant: int | None, zone: str, today: date) -> str:
    """The local time of an instant to the second: "14:02:31" of today, else "3 Nov, 14:02"; a dash for none."""
    if instant is None:
        return "—"
    there = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).astimezone(zone_named(zone))
    if there.date() == today:
        return f"{there:%H:%M:%S}"
    return f"{day(there.date(), today.year)}, {there:%H:%M}"


def in_days(days: int) -> str:
    """How far off a day is: "today", "in 3 days", "12 days ago"."""
    if days == 0:
        return gettext("today")
    if days > 0:
        return ngettext("in {n} day", "in {n} days", days).format(n=count(days))
    return ngettext("{n} day ago", "{n} days ago", -days).format(n=count(-days))


def span(start: date, end: date, year: int) -> str:
    """[start, end) in words: "October", "December 2025", "2025", or "2 Oct to 1 Nov" when it is no whole month."""
    last = end - timedelta(days=1)
    if start.day == 1 and end.day == 1 and (last.month, last.year) == (start.month, start.year):
        return date_format(start, "F") if start.year == year else date_format(start, pgettext("date", "F Y"))
    if (start.month, start.day, end.month, end.day, end.year) == (1, 1, 1, 1, start.year + 1):
        return str(start.year)
    return gettext("{start} to {end}").format(start=day(start, last.year), end=day(last, year))


def long_span(start: date, end: date, year: int) -> str:
    """[start, end) after "in": "in October", or "from 2 Oct to 1 Nov"."""
    said = span(start, end, year)
    whole = NBSP not in said
    return gettext("in {period}").format(period=said) if whole else gettext("from {period}").format(period=said)


def _said(words: str, **values: Any) -> str:
    return gettext(words).format(**values)


def _short_day(on: date) -> str:
    return date_format(on, pgettext("date", "j M"))


def _month(on: date) -> str:
    return date_format(on, "M")


_COUNT: Callable[[int], str] = count
TONGUE: Final = Tongue(said=_said, count=_COUNT, short_day=_short_day, month=_month)
"""How pictures speak: in the language of the request."""


def period_names() -> list[tuple[str, str]]:
    """Words of the address and names of the periods that one may choose."""
    return [
        ("week", gettext("Week")),
        ("month", gettext("Month")),
        ("quarter", gettext("Quarter")),
        ("year", gettext("Year")),
    ]
