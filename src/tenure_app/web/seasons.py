"""The declared seasons as bands behind pictures."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from tenure.draw import Band

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["bands"]


def bands(policy: Policy, first: date, last: date) -> list[Band]:
    """The stretches of the first declared season between two days, with its name and years; [] where none is."""
    season = next((one for one in policy.seasons if one.months and len(one.months) < 12), None)
    if season is None:
        return []
    name = season.category or season.region or gettext("season")
    months = set(season.months)
    out: list[Band] = []
    start: date | None = None
    at = date(max(first.year - 1, 1), 1, 1)
    while at <= last or start is not None:
        if at.month in months and start is None:
            start = at
        elif at.month not in months and start is not None:
            if at > first and start < last:
                out.append(Band(f"{name} {_years(start, at)}", start, at))
            start = None
        if at.year >= 9998:
            break
        at = date(at.year + at.month // 12, at.month % 12 + 1, 1)
    return out


def _years(start: date, end: date) -> str:
    year = end.year if end.month > 1 else end.year - 1
    return str(start.year) if start.year == year else f"{start.year}–{year % 100:02d}"
