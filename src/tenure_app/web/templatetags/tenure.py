"""Words of the templates: links that keep the day, marks, numbers as people read them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tenure import draw
from tenure_app.web import words
from tenure_app.web.because import fact, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenure_app.web.moment import Moment

__all__ = [
    "amount",
    "amount_change",
    "change",
    "chip",
    "choices",
    "count",
    "day",
    "day_at",
    "detail_name",
    "estimate",
    "in_days",
    "long_day",
    "mark",
    "percent",
    "stage_name",
    "stage_word",
    "swatch",
    "to",
    "why",
]

register = template.Library()


@register.simple_tag(takes_context=True)
def to(context: Mapping[str, Any], name: str, *args: Any, **query: Any) -> str:
    """The address of a page on the same day, with these words."""
    at: Moment = context["at"]
    return at.link(name, *args, **query)


@register.simple_tag
def mark(stage: str) -> SafeString:
    """The stage's moon."""
    return mark_safe(draw.mark(stage) if stage else "")


@register.simple_tag
def swatch(stage: str, detail: str = "") -> SafeString:
    """A sample of a stage's fill."""
    return mark_safe(draw.swatch(stage, detail))


@register.simple_tag
def chip(stage: str, detail: str | None = None, more: str = "") -> SafeString:
    """Mark, word and detail of a stage on its wash."""
    rest = ", ".join(part for part in (words.detail_name(detail), more) if part)
    small = f" <i>{draw.esc(rest)}</i>" if rest else ""
    name = draw.esc(words.stage_name(stage))
    return mark_safe(f'<span class="chip {draw.CODES[stage]}">{draw.mark(stage)}<span>{name}{small}</span></span>')


@register.filter
def count(n: int | None) -> str:
    """A number with the separators of the language; a dash where it is not known."""
    return "—" if n is None else words.count(n)


@register.filter
def change(n: int) -> str:
    """A difference with its sign."""
    return words.change(n)


@register.simple_tag(takes_context=True)
def why(context: Mapping[str, Any], row: Mapping[str, Any]) -> SafeString:
    """What is so with somebody in a list: the fact, with the comparison in its title."""
    said, language = told(row["because"]) if row.get("because") else (fact(row, context["at"]), get_language() or "en")
    short = draw.esc(said.split(";")[0].rstrip("."))
    return mark_safe(f'<span class="why" lang="{language}" title="{draw.esc(said)}">{short}</span>')


@register.filter
def choices(numbers: str) -> list[tuple[int, str]]:
    """Numbers to choose from, as they are and as they are written."""
    return [(int(one), words.count(int(one))) for one in numbers.split()]


@register.filter
def percent(share: float) -> str:
    """A share as whole per cent."""
    return words.percent(share)


@register.filter
def stage_name(stage: str) -> str:
    """The stage as a label."""
    return words.stage_name(stage)


@register.filter
def stage_word(stage: str) -> str:
    """The stage within a sentence."""
    return words.stage_word(stage)


@register.filter
def detail_name(detail: str) -> str:
    """How people say a detail."""
    return words.detail_name(detail)


@register.filter
def day(on: date, year: int) -> str:
    """A day, short."""
    return words.day(on, year)


@register.filter
def long_day(on: date, year: int | None = None) -> str:
    """A day in full."""
    return words.long_day(on, year)


@register.filter
def day_at(instant: int | None, at: Moment) -> str:
    """The local day of an instant, short; a dash for none."""
    return words.day_at(instant, at.zone, at.year)


@register.filter
def in_days(instant: int, at: Moment) -> str:
    """How far off an instant's day is from the page's."""
    return words.in_days(at.days_to(instant))


@register.filter
def amount(minor: int | None, currency: str | None) -> str:
    """Money as people read it."""
    return words.amount(minor, currency)


@register.filter
def estimate(minor: float | None, currency: str | None) -> str:
    """An estimate of money: of whole units from ten on, as cents of a mean say nothing."""
    return words.amount(None if minor is None else words.rounded(minor, currency), currency)


@register.filter
def amount_change(minor: int, currency: str | None) -> str:
    """A difference of money with its sign."""
    return f"+{words.amount(minor, currency)}" if minor > 0 else words.amount(minor, currency)
