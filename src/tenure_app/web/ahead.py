"""What is ahead of somebody: the chance that wanes with silence, the next order, what they may bring and may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext

from tenure.draw import Due, waning
from tenure.periods import date_of, day_number, day_of
from tenure_app.insight.forecasts import at_hand
from tenure_app.insight.foreseen import SILENT_DAYS
from tenure_app.insight.reading import col, lit
from tenure_app.web import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenure_app.insight.foreseen import Foreseen, Told, Track
    from tenure_app.insight.reading import Reading
    from tenure_app.ledger.models import Shop
    from tenure_app.web.moment import Moment

__all__ = ["FEW", "ahead", "assumed", "record"]

FEW: Final = 30
"""A share of fewer people is marked."""
_DUES: Final = (("overdue_at", "lapsed"), ("long_overdue_at", "lapsed"), ("inactive_at", "inactive"))
_SHORTEST: Final = 30
"""Days that the picture of a silence has at least."""


def record(track: Track | None, chance: float) -> dict[str, Any] | None:
    """Of the people of the past who were told about as much, what was told, how many came, and of how many; None where
    the past is too short to have tried it. near: whether anybody was told a chance in the same tenth; else it is those
    who were told most nearly so."""
    if track is None or not track.told:
        return None
    tenth = min(int(10 * chance), 9)
    one: Told = min(track.told, key=lambda each: (min(int(10 * each.told), 9) != tenth, abs(each.told - chance)))
    near = min(int(10 * one.told), 9) == tenth
    said = {"told": words.percent(one.told), "came": words.percent(one.came)}
    return {**said, "n": one.n, "few": one.n < FEW, "near": near}


def assumed(shop: Shop) -> dict[str, str] | None:
    """The shop's margin and discount rate in per cent; None where no margin is known."""
    if shop.margin is None:
        return None
    return {"margin": _per_cent(shop.margin), "rate": _per_cent(shop.discount_rate)}


def _per_cent(share: float) -> str:
    return f"{words.decimal(round(100 * share, 2))}{words.NBSP}%"


def ahead(reading: Reading, at: Moment, row: dict[str, Any], shop: Shop) -> dict[str, Any] | None:
    """What is foreseen of somebody of the picture; None where nobody asked for everybody's yet, or they never
    ordered."""
    hand = at_hand(reading)
    if hand is None:
        return None
    found, everybody = hand
    there = everybody.filter(col("c") == lit(row["c"])).to_arrow_table().to_pylist()
    if not there:
        return None
    one = there[0]
    currency = one["currency"] or shop.currency
    return {
        "horizon": found.horizon,
        "chance": words.percent(one["p_buy"]),
        "record": record(found.track, one["p_buy"]),
        "orders": words.decimal(round(one["orders"], 1)),
        "low": words.count(one["low"]),
        "high": words.count(one["high"]),
        "currency": currency,
        **{name: _rounded(one[name], currency) for name in ("value", "value_low", "value_high")},
        **{name: _day(at, one[name]) for name in ("next_day", "next_low", "next_high")},
        "picture": _picture(at, row, one, found),
        "ceilings": _ceilings(one, shop, currency),
        "left_alone": row["detail"] == "do_not_contact",
    }


def _rounded(minor: float | None, currency: str | None) -> int | None:
    return None if minor is None else words.rounded(minor, currency)


def _day(at: Moment, number: int | None) -> str | None:
    return None if number is None else words.day(date_of(number), at.year)


def _ceilings(one: dict[str, Any], shop: Shop, currency: str | None) -> dict[str, Any] | None:
    """What they may leave and may cost; None where no margin is known."""
    if shop.margin is None:
        return None
    names = ("margin", "margin_low", "margin_high", "keep", "winback")
    return {name: None if one[name] is None else words.rounded(shop.margin * one[name], currency) for name in names}


# The picture


def _picture(at: Moment, row: dict[str, Any], one: dict[str, Any], found: Foreseen) -> str:
    """The chance by days since the last order's day, as the morning of each such day would see it."""
    if row["last_order_at"] is None:
        return ""
    last, now = day_of(row["last_order_at"], at.zone), day_number(at.day)
    dues = list(_dues(at, row, last))
    silent = max(now - last, 1)
    end = max(1.2 * silent, 1.06 * max((due.day for due in dues), default=0.0), silent + found.horizon / 2, _SHORTEST)
    line = _line([share / 10_000 for share in one["silence"]], end)
    if silent >= line[-1][0]:  # longer than anything was laid down for
        line = [*(point for point in line if point[0] < silent), (float(silent), one["p_buy"])]
    chance = words.percent(one["p_buy"])
    title = gettext(
        "The chance of an order within {days} days by days of silence since {day}: {chance} today, after {n} days"
    ).format(days=found.horizon, day=words.day(date_of(last), at.year), chance=chance, n=words.count(silent))
    said = gettext("today, {chance}").format(chance=chance)
    return waning(line, dues, now=float(silent), chance=one["p_buy"], title=title, said=said, tongue=words.TONGUE)


def _line(shares: Sequence[float], end: float) -> list[tuple[float, float]]:
    """The chances laid down, up to a day; the morning of a day sees the silence up to the day before."""
    points = [(days + 1.0, share) for days, share in zip(SILENT_DAYS, shares, strict=True)]
    out = [(0.0, points[0][1])]
    for day, share in points:
        if day > end:
            before, was = out[-1]
            out.append((end, was + (share - was) * (end - before) / (day - before)))
            break
        out.append((day, share))
    return out


def _dues(at: Moment, row: dict[str, Any], last: int) -> Iterator[Due]:
    """The days on which their stage changes, if they stay silent."""
    names = {
        "overdue_at": gettext("overdue {day}"),
        "long_overdue_at": gettext("long overdue {day}"),
        "inactive_at": gettext("inactive {day}"),
    }
    for key, stage in _DUES:
        if row[key] is not None:
            said = names[key].format(day=words.day_at(row[key], at.zone, at.year))
            yield Due(float(day_of(row[key], at.zone) - last), said, stage)
