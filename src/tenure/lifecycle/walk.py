"""Walks along every life: from a life's events in order to what is known after each occasion.

Sets are SQL, a walk is not: it needs each row's neighbours and sums that start anew with each life. So the engine
hands over the rows of a slice of the lives at a time, they are sorted by life and instant (`by_life`), and columns of
the same order come back. docs/reference/rules.md sections 3 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tenure.periods import DAY_US

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tenure.lifecycle.learning import Clocks
    from tenure.lifecycle.policy import Policy
    from tenure.periods import Calendar

__all__ = [
    "Occasions", "Rows", "Terrain", "by_life", "by_version", "days_of", "each_version", "occasions",
    "since_first_purchase",
]  # fmt: skip

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_FIXED_POINT: Final = float(2**36)
"""Logarithms are summed in whole numbers of 2^-36, so that a sum does not depend on what lies before a life in its
slice."""


@dataclass(frozen=True, slots=True)
class Terrain:
    """What all lives share: the calendar of the shop's zone, the first month, the clocks and whose they are.

    `month_of`: months since January 1970 of each calendar day. `first_month`: of the first snapshot.
    """

    calendar: Calendar
    month_of: Ints
    first_month: int
    months: int
    clocks: Clocks | None
    policy: Policy

    def start_at(self, day: Ints) -> Ints:
        """First instants of days."""
        return np.asarray(self.calendar.start_at[day - self.calendar.day[0]])


@dataclass(frozen=True, slots=True)
class Rows:
    """Events that count, sorted by life and instant. The rest only where more than orders counts: `buy` is whether
    a row is an order; `category`, `region` are the group's codes so far (-1 none), -2 where the row says nothing
    new."""

    life: Ints
    at_us: Ints
    buy: Flags | None = None
    category: Ints | None = None
    region: Ints | None = None

    def part(self, which: slice) -> Rows:
        """Some of the rows, not copied."""
        if self.buy is None or self.category is None or self.region is None:
            return Rows(self.life[which], self.at_us[which])
        more = self.buy[which], self.category[which], self.region[which]
        return Rows(self.life[which], self.at_us[which], *more)


@dataclass(frozen=True, slots=True)
class Occasions:
    """One row per occasion, sorted by life and instant.

    `row`: its first row among the rows; `before`: whether the occasion before it is of the same life; `x`: occasions
    before it; `t_x`, `gap` (0 for the first), `u`: days on the clock in force; `l1`: sum of ln gap; `b`: purchases so
    far; `buy_at`: instant of the day's first order, 0 where nothing was bought; `version`, `scope`: clock and rule in
    force.
    """

    life: Ints
    at_us: Ints
    row: Ints
    before: Flags
    day: Ints
    month: Ints
    x: Ints
    first_day: Ints
    t_x: Floats
    gap: Floats
    l1: Floats
    u: Floats
    b: Ints
    buy_at: Ints
    version: Ints | None
    scope: Ints | None
    category: Ints | None
    region: Ints | None

    @property
    def last(self) -> Flags:
        """Whether each is the last of its life."""
        return np.asarray(~np.r_[self.before[1:], False][: len(self.before)])


def by_life(life: Ints, at_us: Ints, *others: Ints) -> tuple[Ints, ...]:
    """The columns by life and instant.

    Both fit into one number but for lives far apart over many years, and one number sorts ten times as fast as two.
    """
    if not len(life):
        return (life, at_us, *others)
    first_life, first_at = int(life.min()), int(at_us.min())
    wide = (int(at_us.max()) - first_at).bit_length()
    if wide + (int(life.max()) - first_life).bit_length() > 63:
        order = np.lexsort((at_us, life))
        return tuple(column[order] for column in (life, at_us, *others))
    key = ((life - first_life) << wide) | (at_us - first_at)
    if others:
        order = np.argsort(key)
        return tuple(column[order] for column in (life, at_us, *others))
    key = np.sort(key)
    return (key >> wide) + first_life, (key & ((1 << wide) - 1)) + first_at


def days_of(at_us: Ints, calendar: Calendar) -> Ints:
    """Days since 1970-01-01 in the calendar's zone; instants must lie within the calendar."""
    start = calendar.start_at
    place = (at_us - start[0]) // DAY_US
    while True:  # a zone's offset from UTC moves an instant by a day at most, here and where it changed before
        off = (at_us >= start[place + 1]).astype(np.int64) - (at_us < start[place])
        if not off.any():
            return np.asarray(calendar.day[0] + place)
        place += off


def occasions(rows: Rows, terrain: Terrain) -> Occasions:
    """The occasions of each life: days with something that counts, from the first purchase on."""
    if rows.buy is not None:
        rows = since_first_purchase(rows)
    day = days_of(rows.at_us, terrain.calendar)
    same_life = np.r_[False, rows.life[1:] == rows.life[:-1]][: len(day)]
    row = np.flatnonzero(~(same_life & np.r_[False, day[1:] == day[:-1]][: len(day)]))
    life, at_us, day, before = rows.life[row], rows.at_us[row], day[row], same_life[row]
    place = np.arange(len(row))
    head = np.maximum.accumulate(np.where(before, 0, place))
    month = terrain.month_of[day - terrain.calendar.day[0]]
    x, first_day = place - head, day[head]
    buys, buy_at = _purchases(rows, row, x)
    plain = terrain.clocks is None
    category, region = _groups(rows, row)
    version, scope = (None, None) if plain else _in_force(terrain, category, region, month)
    if plain or version is None:
        u, t_x = day.astype(np.float64), (day - first_day).astype(np.float64)
        gap = np.where(before, np.diff(day, prepend=0), 0).astype(np.float64)
    else:
        u = _on_clock(terrain, version, day)
        t_x = u - _on_clock(terrain, version, first_day)
        day_before = np.r_[first_day[:1], day[:-1]][: len(day)]
        gap = np.where(before, np.maximum(u - _on_clock(terrain, version, day_before), 0.5), 0.0)
    return Occasions(
        life, at_us, row, before, day, month, x, first_day, t_x, gap, _running_logs(gap, head), u, buys, buy_at,
        version, scope, category, region,
    )  # fmt: skip


def _running_logs(gap: Floats, head: Ints) -> Floats:
    """Sum of ln gap from each life's start, to 2^-36 a gap."""
    whole = gap.astype(np.int64)
    if (whole == gap).all():  # days of the calendar: few different ones
        logs = np.log(np.maximum(np.arange(int(whole.max(initial=0)) + 1), 1))
        steps = np.rint(logs * _FIXED_POINT).astype(np.int64)[whole]
    else:
        steps = np.rint(np.log(np.where(gap > 0, gap, 1.0)) * _FIXED_POINT).astype(np.int64)
    total = np.cumsum(steps)
    return np.asarray((total - total[head] + steps[head]) / _FIXED_POINT)


def since_first_purchase(rows: Rows) -> Rows:
    """The rows from each life's first order on; on its instant, everything."""
    assert rows.buy is not None
    assert rows.category is not None
    assert rows.region is not None
    new = np.r_[True, rows.life[1:] != rows.life[:-1]][: len(rows.life)]
    order = np.flatnonzero(rows.buy)
    place = np.searchsorted(order, np.flatnonzero(new))
    first_at = np.full(len(place), np.iinfo(np.int64).max)
    found = place < len(order)
    mine = np.zeros(len(place), np.bool_)
    mine[found] = rows.life[order[place[found]]] == rows.life[new][found]
    first_at[mine] = rows.at_us[order[place[mine]]]
    keep = rows.at_us >= first_at[np.cumsum(new) - 1]
    return Rows(rows.life[keep], rows.at_us[keep], rows.buy[keep], rows.category[keep], rows.region[keep])


def _purchases(rows: Rows, row: Ints, x: Ints) -> tuple[Ints, Ints]:
    """Purchase occasions so far, and the instant of the day's first order (0 for none), per occasion."""
    if rows.buy is None:
        return x + 1, rows.at_us[row]
    order = np.flatnonzero(rows.buy)
    place = np.searchsorted(order, row)
    nearest = order[np.minimum(place, len(order) - 1)] if len(order) else np.zeros(len(row), np.int64)
    bought = (place < len(order)) & (nearest < np.r_[row[1:], len(rows.life)][: len(row)])
    total = np.cumsum(bought)
    head = np.arange(len(row)) - x
    return np.asarray(total - total[head] + bought[head]), np.where(bought, rows.at_us[nearest], 0)


def _groups(rows: Rows, row: Ints) -> tuple[Ints | None, Ints | None]:
    """Category and region after each occasion: what the last row of its instant or before it said."""
    if rows.category is None or rows.region is None:
        return None, None
    # rows of one instant say the same, and rows that say nothing repeat what stood before
    said = np.maximum.accumulate(np.where(rows.category > -2, np.arange(len(rows.category)), 0))
    end = _last_of_instant(rows)[row]
    return rows.category[said[end]], rows.region[said[end]]


def _last_of_instant(rows: Rows) -> Ints:
    """The place of the last row with the life and instant of each row."""
    change = np.flatnonzero((rows.life[1:] != rows.life[:-1]) | (rows.at_us[1:] != rows.at_us[:-1]))
    ends = np.r_[change, len(rows.life) - 1]
    return np.asarray(ends[np.searchsorted(ends, np.arange(len(rows.life)))])


def _in_force(terrain: Terrain, category: Ints | None, region: Ints | None, month: Ints) -> tuple[Ints, Ints]:
    """Clock version and scope of each occasion."""
    assert terrain.clocks is not None
    assert category is not None
    assert region is not None
    version = terrain.clocks.versions(month - terrain.first_month, category, region)
    if not terrain.policy.scopes:
        return version, np.zeros(len(month), np.int64)
    wide = int(region.max(initial=-1)) + 2
    asked, place = np.unique((category + 1) * wide + region + 1, return_inverse=True)
    groups = [divmod(int(one), wide) for one in asked]
    scopes = [_scope(terrain, (of_category - 1, of_region - 1)) for of_category, of_region in groups]
    return version, np.array(scopes, np.int64)[place]


def _scope(terrain: Terrain, pair: tuple[int, int]) -> int:
    clocks = terrain.clocks
    assert clocks is not None

    def word(code: int, words: Sequence[str]) -> str | None:
        return None if code < 0 else words[code]

    return terrain.policy.scope_for(word(pair[0], clocks.categories), word(pair[1], clocks.regions))


def _on_clock(terrain: Terrain, version: Ints, days: NDArray[np.int64] | Floats) -> Floats:
    """Days of the clock of each row's version."""
    assert terrain.clocks is not None
    return by_version(version, np.asarray(days, np.float64), [clock.lam for clock in terrain.clocks.clocks])


def by_version(version: Ints, values: Floats, change: Sequence[Callable[[Floats], Floats]]) -> Floats:
    """Each value changed by the function of its version."""
    out = np.empty_like(values)
    for mine in each_version(version):
        out[mine] = change[int(version[mine[0]])](values[mine])
    return out


def each_version(version: Ints) -> Iterator[Ints]:
    """The places of each version that occurs, one version after another."""
    order = np.argsort(version, kind="stable")
    edges = np.flatnonzero(np.diff(version[order])) + 1
    yield from (mine for mine in np.split(order, edges) if len(mine))
