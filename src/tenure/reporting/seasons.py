"""The seasons behind the river: when the season of most seasonal orders was."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tenure.draw import Band
from tenure.lifecycle.learning import ANY
from tenure.periods import date_of, day_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenure.lifecycle.learning import Clocks

__all__ = ["season_bands"]

_LAST_DAY: Final = day_number(date.max)


def season_bands(
    clocks: Clocks, groups: Iterable[tuple[int, int, int]], first_day: int, last_day: int
) -> tuple[tuple[Band, ...], str]:
    """The seasons of the clock that most orders of seasonal groups belong to, and a remark if there are other ones.

    groups: (category, region, orders), codes as in `clocks`. Days since 1970-01-01. ((), "") where no clock is
    seasonal.
    """
    month = max((place for place, _, _ in clocks.own), default=0)
    orders: Counter[int] = Counter()
    names: dict[int, Counter[tuple[str, str]]] = {}
    for category, region, n in groups:
        version = clocks.clock_for(month, category, region)
        if clocks.clocks[version].seasonal:
            orders[version] += n
            names.setdefault(version, Counter())[_words(clocks, month, category, region)] += n
    if not orders:
        return (), ""
    order = sorted(orders, key=lambda version: (-orders[version], version))
    main = order[0]
    labels = [max(names[version], key=lambda pair: (names[version][pair], pair)) for version in order]
    starts, ends = clocks.clocks[main].seasons(first_day, last_day)
    bands = [
        _band(labels[0][0], date_of(int(start)), date_of(min(int(end), _LAST_DAY)))
        for start, end in zip(starts, ends, strict=True)
        if end > first_day and start < last_day
    ]
    return tuple(bands), _remark(labels)


def _words(clocks: Clocks, month: int, category: int, region: int) -> tuple[str, str]:
    """What a group's season is called, and where it is: category if the season has one, and region if known."""
    place = "" if region == ANY else clocks.regions[region]
    kind = "" if category == ANY else clocks.categories[category]
    season, _ = clocks.policy.season_for(kind or None, place or None)
    if season is not None:
        return season.category or season.region or "season", place
    if (month, category, region) in clocks.own or (month, category, ANY) in clocks.own:
        return kind or "season", place
    return "season", place


def _band(name: str, start: date, end: date) -> Band:
    last = end - timedelta(days=1)
    years = str(start.year) if start.year == last.year else f"{start.year}–{last.year % 100:02d}"
    return Band(f"{name} {years}", start, end)


def _remark(labels: list[tuple[str, str]]) -> str:
    if len(labels) < 2:
        return ""
    said = [f"{name} ({place})" if place else name for name, place in labels]
    others = ", ".join(said[1:4]) + (", and more" if len(said) > 4 else "")
    return f"The bands behind the river are the season of {said[0]}; {others} have another."
