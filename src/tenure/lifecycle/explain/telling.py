"""An explanation as text for a terminal, at most 100 columns where words can be broken."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from tenure.errors import InvalidInput
from tenure.lifecycle.explain.ahead import label
from tenure.lifecycle.policy import DEFAULT
from tenure.lifecycle.words import MONTHS
from tenure.money import Money

if TYPE_CHECKING:
    from tenure.lifecycle.explain.explanation import Explanation
    from tenure.lifecycle.explain.life import Dues, Judgement
    from tenure.lifecycle.explain.record import Happening

__all__ = ["told"]

_WIDTH: Final = 98
_SHOWN: Final = 40
"""Events shown; of more, the last."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def told(explanation: Explanation) -> str:
    """The whole explanation, without a line break at its end."""
    return "\n".join(_lines(explanation))


def _lines(one: Explanation) -> Iterator[str]:
    stage = one.stage + (f"/{one.detail}" if one.detail else "")
    yield f"Customer {one.customer_id} as of {_when(one.as_of, one.zone)}: {stage}"
    yield from _wrapped(one.because)
    reason = f", reason: {one.reason}" if one.reason else ""
    yield f"  {stage} since {_when(one.since, one.zone)}{reason}; policy {one.policy}"
    if one.judgement is not None and one.dues is not None:
        yield from ("", "The rule")
        yield from _table(_numbers(one.judgement))
        yield from ("", "Due, if no order comes")
        yield from _table(_due(one.dues))
    yield from ("", "What would change it")
    for sentence in one.ahead:
        yield from _wrapped(sentence)
    counts = "counts" if one.orders == 1 else "count"
    yield from ("", f"What happened ({_many(one.orders, 'order')} that {counts}, on {_many(one.occasions, 'day')})")
    left_out = len(one.record) - _SHOWN
    if left_out > 0:
        yield f"  the last {_SHOWN} of {len(one.record)} (all of them with --json)"
    yield from _table([_happened(each, one.zone) for each in one.record[-_SHOWN:]])


def _numbers(of: Judgement) -> list[tuple[str, ...]]:
    month = f"1 {MONTHS[of.snapshot_month % 12]} {1970 + of.snapshot_month // 12}"
    limits = (of.short_days, of.long_days, of.inactive_days)
    rows = [
        ("kind", f"{of.rule}, for {of.scope}"),
        ("days counted on", of.clock),
        ("occasions", f"{of.occasions}, the last {_many(of.silent_days, 'day')} ago"),
        ("usual gap", f"{of.usual_days:.1f} days"),
        ("short, long, inactive", f"after {', '.join(f'{days:.1f}' for days in limits)} days of silence"),
    ]
    if of.rule in ("rhythm", "chance"):
        marks = ", ".join(_percent(mark) for mark in (of.mark_short, of.mark_long, of.mark_inactive))
        rows += [
            ("chance to order", f"{_percent(of.chance)} within {of.horizon_days} days{_by(of)}"),
            ("marks for the chance", f"{marks} (short, long, inactive); the shop's average is {_percent(of.average)}"),
        ]
    return [*rows, ("population", f"{_many(of.customers, 'customer')}, as known on {month}")]


def _by(of: Judgement) -> str:
    """Said where another than the usual model is asked for."""
    if of.asked == DEFAULT.rule.model:
        return ""
    return f", by {of.model}" if of.model == of.asked else f", by {of.model}: too little was known for {of.asked}"


def _due(dues: Dues) -> list[tuple[str, ...]]:
    rows = [
        (dues.expected, "next order expected", f"most likely from {label(dues.earliest)} to {label(dues.latest)}"),
        (dues.short, "overdue: lapsed/short", ""),
        (dues.long, "long overdue: lapsed/long", ""),
        (dues.inactive, "inactive", ""),
    ]
    if dues.seasonal is not None:
        rows.append((dues.seasonal, "a season missed: lapsed/seasonal", ""))
    return [(label(day), what, more) for day, what, more in rows]


def _happened(each: Happening, zone: str) -> tuple[str, ...]:
    gap = "" if each.gap_days is None else f"+{each.gap_days:.4g} d"
    order = each.order_id or ""
    lines = f" ({each.lines} lines)" if each.lines > 1 else ""
    return _when(each.at, zone), gap, each.kind, order, _money(each), each.counts_as + lines


def _money(each: Happening) -> str:
    if each.amount_minor is None:
        return ""
    try:
        return str(Money(each.amount_minor, each.currency or "EUR")).removesuffix("" if each.currency else " EUR")
    except InvalidInput:
        return str(each.amount_minor)


def _many(n: int, what: str) -> str:
    return f"{n:,} {what if n == 1 else what + 's'}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _when(instant: int, zone: str) -> str:
    """An instant on the shop's wall clock, without what is zero."""
    local = (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
    day = f"{local.day} {MONTHS[local.month - 1]} {local.year}"
    if local.microsecond:
        return f"{day} {local:%H:%M:%S.%f}"
    return day if local.hour == local.minute == local.second == 0 else f"{day} {local:%H:%M}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        yield ("  " + "  ".join(cells)).rstrip()
