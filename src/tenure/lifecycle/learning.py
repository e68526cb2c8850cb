"""Clocks learnt from past orders: own clocks for groups whose season is proven, as known at each month's start.

docs/reference/rules.md section 6 is the rule. Groups are the shop, each category and each region (parent: the shop) and
each category with a region (parent: the category). A group that proves nothing runs on its parent's clock, the shop
on the calendar; what the policy declares is not learnt.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.policy import Policy, Season
from tenure.lifecycle.season import CALENDAR, FLOOR, PARTS, YEAR_DAYS, Clock, declared

__all__ = ["ANY", "Clocks", "OrderDays", "learn", "weights_of"]

ANY: Final = -1
"""The code of no category, or no region: the group that does not ask."""

MOST_YEARS: Final = 4
LEAST_YEARS: Final = 2
LEAST_GAIN: Final = 0.02  # nats an order day
LEAST_Z: Final = 2.0
PSEUDO_ORDERS: Final = 104.0
STEEPEST: Final = 0.003  # growth a day, in logs: about threefold a year

Ints = NDArray[Any]  # of any integer type
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


Group = tuple[int, int]  # category, region
SHOP: Final = (ANY, ANY)


class _Month(NamedTuple):
    place: int
    day: int
    years: int


@dataclass(frozen=True, slots=True)
class OrderDays:
    """Days with orders, columns of one length: repeated rows count once, whatever their order.

    `customer`: numbers from 0 or 1 up; `day`: days since 1970-01-01; `category`, `region`: codes from 0, ANY for
    none; `until`: the place of the last month (in `months` of `learn`) at whose start the row still counts, None if
    all count for ever. A customer's day with orders of two categories has two rows.
    """

    customer: Ints
    day: Ints
    category: Ints
    region: Ints
    until: Ints | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """All clocks of a shop by version, and which one is in force for whom; months are places in `months` of `learn`.

    `clocks[0]` is the calendar; `lead_days[version]` is how long before a season to write; `own` has the version of
    each (month, category, region) that has learnt a clock of its own, ANY standing for every category or region.
    """

    clocks: tuple[Clock, ...]
    lead_days: tuple[int, ...]
    own: Mapping[tuple[int, int, int], int]
    seasons: Mapping[tuple[Season, bool], int]
    policy: Policy
    categories: tuple[str, ...]
    regions: tuple[str, ...]

    def clock_for(self, month: int, category: int, region: int) -> int:
        """The version in force in a month for customers of a category and region (codes, ANY for none)."""
        return int(self.versions(np.array([month]), np.array([category]), np.array([region]))[0])

    def versions(self, month: Ints, category: Ints, region: Ints) -> NDArray[np.int64]:
        """`clock_for` of arrays of one length."""
        out, none = np.zeros(len(month), np.int64), np.full(len(month), ANY)
        # the most specific group has the last word among clocks learnt, a declared season over all of them
        for of_category, of_region in ((False, False), (False, True), (True, False), (True, True)):
            own = {key: n for key, n in self.own.items() if (key[1] != ANY, key[2] != ANY) == (of_category, of_region)}
            if own:
                known = np.array([self._group(*key) for key in own])
                order = np.argsort(known)
                asked = self._group(month, category if of_category else none, region if of_region else none)
                place = np.minimum(np.searchsorted(known[order], asked), len(known) - 1)
                hit = known[order][place] == asked
                out[hit] = np.array(list(own.values()))[order][place[hit]]
        declared = self._declared(category, region)
        return np.where(declared >= 0, declared, out)

    def _group(self, month: Any, category: Any, region: Any) -> Any:
        """One number for a month's group, or an array of them."""
        return (month * (len(self.categories) + 1) + category + 1) * (len(self.regions) + 1) + region + 1

    def _declared(self, category: Ints, region: Ints) -> NDArray[np.int64]:
        """The versions of declared seasons, -1 where none fits."""
        if not self.policy.seasons:
            return np.full(len(category), -1)
        wide = len(self.regions) + 1
        asked, place = np.unique((category + 1) * wide + region + 1, return_inverse=True)
        groups = [divmod(int(one), wide) for one in asked]
        found = [_season(self.policy, self.categories, self.regions, c - 1, r - 1) for c, r in groups]
        versions = [-1 if season is None else self.seasons[season, shifted] for season, shifted in found]
        return np.array(versions, np.int64)[place]


def _season(
    policy: Policy, categories: Sequence[str], regions: Sequence[str], category: int, region: int
) -> tuple[Season | None, bool]:
    return policy.season_for(
        None if category == ANY else categories[category], None if region == ANY else regions[region]
    )


def learn(
    orders: OrderDays,
    months: Sequence[int],
    policy: Policy,
    categories: Sequence[str],
    regions: Sequence[str],
    busy: frozenset[int] | None = None,
) -> Clocks:
    """The clocks in force in each month, from order days before the month's first day only.

    `months` are first days of months (days since 1970-01-01), rising; `categories` and `regions` the names of codes;
    `busy` the places of the months that are asked for, None for all.
    """
    clocks, leads = [CALENDAR], [policy.lead_days]
    seasons: dict[tuple[Season, bool], int] = {}
    for season, shifted in _declared_seasons(policy):
        seasons[season, shifted] = len(clocks)
        clocks.append(declared(season, shifted))
        leads.append(season.lead_days)
    own: dict[tuple[int, int, int], int] = {}
    if policy.learn and months and months[-1] - orders.day.min(initial=months[-1]) >= LEAST_YEARS * YEAR_DAYS:
        levels = _levels(orders, lambda group: _season(policy, categories, regions, *group)[0] is None)
        for place, first_day in enumerate(months):
            if busy is not None and place not in busy:
                continue
            for group, weights in _proven(levels, place, first_day):
                own[place, *group] = len(clocks)
                clocks.append(Clock(weights))
                leads.append(policy.lead_days)
    return Clocks(tuple(clocks), tuple(leads), own, seasons, policy, tuple(categories), tuple(regions))


def _declared_seasons(policy: Policy) -> Iterator[tuple[Season, bool]]:
    for season in policy.seasons:
        yield season, False
        if season.region is None and any(home != season.hemisphere for _, home in policy.regions):
            yield season, True


@dataclass(frozen=True, slots=True)
class _Level:
    """The distinct (customer, day) rows of groups of one kind, sorted by group and day; a cell is a group's day.

    Cell arrays: `group`, `day`, `part` of the year, `start` (its first row; one longer). Row arrays: `customer`,
    `until`. Group arrays: `parents`, each one's place in the level `above` (a place among the levels, -1 for none), and
    `learns`, whether it may have a clock of its own. `names` are the groups.
    """

    names: list[Group]
    above: int
    parents: Ints
    learns: Flags
    group: Ints
    day: Ints
    part: Ints
    start: Ints
    customer: Ints
    customers: int
    until: Ints | None

    def counts(self, place: int) -> Floats:
        """Order days per cell that count at the start of a month."""
        sizes = np.diff(self.start).astype(np.float64)
        if self.until is None or not sizes.size:
            return sizes
        gone = np.flatnonzero(self.until < place)
        cells = np.searchsorted(self.start, gone, side="right") - 1
        return sizes - np.bincount(cells, minlength=sizes.size)

    def clustered(self, group: int, first: float, end: float, gain: Floats, place: int) -> float:
        """Sum over customers of the squared sum of their gains (52,) in the days `[first, end)` of a group."""
        low, high = np.searchsorted(self.group, [group, group + 1])
        low, high = low + np.searchsorted(self.day[low:high], [first, end])
        rows = slice(self.start[low], self.start[high])
        gains = np.repeat(gain[self.part[low:high]], np.diff(self.start[low : high + 1]))
        customer = self.customer[rows]
        if self.until is not None:
            counts = self.until[rows] >= place
            customer, gains = customer[counts], gains[counts]
        if customer.size < self.customers // 16:  # a few among many: number them anew instead of clearing a long array
            customer = np.unique(customer, return_inverse=True)[1]
        return float(np.square(np.bincount(customer, weights=gains)).sum())


def _levels(orders: OrderDays, learns: Callable[[Group], bool]) -> list[_Level]:
    """Shop, categories, regions, categories with regions."""
    customer = orders.customer - orders.customer.min(initial=0)
    if customer.max(initial=0) > 4 * customer.size:
        customer = np.unique(customer, return_inverse=True)[1]
    nowhere = np.full(customer.size, ANY)
    levels: list[_Level] = []
    for above, by_category, by_region in ((-1, False, False), (0, True, False), (0, False, True), (1, True, True)):
        category = orders.category if by_category else nowhere
        region = orders.region if by_region else nowhere
        keep = ((category != ANY) | (not by_category)) & ((region != ANY) | (not by_region))
        kept = OrderDays(
            customer[keep], orders.day[keep], category[keep], region[keep],
            None if orders.until is None else orders.until[keep],
        )
        levels.append(_level(kept, above, levels[above].names if levels else [SHOP], learns))
    return levels


def _level(orders: OrderDays, above: int, kin: Sequence[Group], learns: Callable[[Group], bool]) -> _Level:
    """The level of the (category, region) pairs of `orders`; `kin` are the groups of the level above."""
    names, group = _numbered(orders.category, orders.region)
    group, day, customer, until = _distinct(group, orders)
    places = {name: place for place, name in enumerate(kin)}
    first = np.flatnonzero(np.r_[True, (np.diff(group) != 0) | (np.diff(day) != 0)][: group.size])
    return _Level(
        names=names,
        above=above,
        parents=np.array([places[_parent(name)] for name in names], np.int64),
        learns=np.array([learns(name) for name in names], np.bool_),
        group=group[first],
        day=day[first],
        part=_part(day[first]),
        start=np.r_[first, group.size],
        customer=customer,
        customers=int(customer.max(initial=0)) + 1,
        until=until,
    )


def _parent(group: Group) -> Group:
    return SHOP if ANY in group else (group[0], ANY)


def _numbered(category: Ints, region: Ints) -> tuple[list[Group], Ints]:
    """The (category, region) pairs that occur, in order, and each row's place among them."""
    width = int(region.max(initial=ANY)) + 2
    code = (category.astype(np.int64) + 1) * width + region + 1
    present = np.flatnonzero(np.bincount(code))
    place = np.zeros(int(code.max(initial=0)) + 1, np.int64)
    place[present] = np.arange(present.size)
    return [(int(one) // width - 1, int(one) % width - 1) for one in present], place[code]


def _distinct(group: Ints, orders: OrderDays) -> tuple[Ints, Ints, Ints, Ints | None]:
    """Each (group, day, customer) once, in order; it counts as long as any of its rows does."""
    first, people = int(orders.day.min(initial=0)), int(orders.customer.max(initial=0)) + 1
    days = int(orders.day.max(initial=0)) - first + 1
    key = (group * days + (orders.day - first)) * people + orders.customer
    until = orders.until
    if until is None:
        key = np.sort(key)
        key = key[_firsts(key)]  # np.unique takes twenty times as long for ten million keys
    else:
        order = np.argsort(key)
        key = key[order]
        start = _firsts(key)
        until = np.maximum.reduceat(until[order], start) if start.size else until
        key = key[start]
    cell, customer = np.divmod(key, people)
    group, day = np.divmod(cell, days)
    return group, day + first, customer.astype(np.int32), until


def _firsts(ordered: Ints) -> Ints:
    """Places at which a sorted array has a new value."""
    return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: ordered.size])


def _part(day: Ints) -> Ints:
    return np.asarray(((day % YEAR_DAYS) / YEAR_DAYS * PARTS).astype(np.int64) % PARTS)


@dataclass(frozen=True, slots=True)
class _InForce:
    """Weights (groups, 52) in force: learnt to the month, and to a year before it; `own` if not the parent's."""

    now: Floats
    before: Floats
    own: Flags


ROOT: Final = _InForce(np.ones((1, PARTS)), np.ones((1, PARTS)), np.zeros(1, np.bool_))


def _proven(levels: Sequence[_Level], place: int, month: int) -> Iterator[tuple[Group, Floats]]:
    """The groups with a clock of their own at a month's start, and their weights."""
    shop = levels[0]
    days = shop.day[(shop.counts(place) > 0) & (shop.day < month)]
    years = min(MOST_YEARS, int((month - days[0]) // YEAR_DAYS)) if days.size else 0
    if years < LEAST_YEARS:
        return
    found: list[_InForce] = []
    for level in levels:
        found.append(_judged(level, found[level.above] if found else ROOT, _Month(place, month, years)))
        for group in np.flatnonzero(found[-1].own):
            yield level.names[group], found[-1].now[group]


def _judged(level: _Level, above: _InForce, month: _Month) -> _InForce:
    """Learn each group on the years before the last, and prove it on the last against its parent's clock."""
    place, day, years = month
    year_ago, counts, size = day - YEAR_DAYS, level.counts(place), len(level.names)
    parent_now, parent_before = above.now[level.parents], above.before[level.parents]
    now = _learnt(level.group, level.day, counts, (day, years), parent_now)
    before = _learnt(level.group, level.day, counts, (year_ago, years - 1), parent_before)
    gain = np.log(before / parent_before)
    last = (level.day >= year_ago) & (level.day < day)
    group, weight = level.group[last], counts[last]
    total = np.bincount(group, weights=weight * gain[group, level.part[last]], minlength=size)
    own = level.learns & (total > LEAST_GAIN * np.bincount(group, weights=weight, minlength=size))
    for one in np.flatnonzero(own):
        own[one] = total[one] > LEAST_Z * np.sqrt(level.clustered(int(one), year_ago, day, gain[one], place))
    return _InForce(np.where(own[:, None], now, parent_now), np.where(own[:, None], before, parent_before), own)


def weights_of(days: Ints, month: float, years: int, parent: Floats) -> Floats:
    """Weights (52,) of order days, learnt from the last `years` full years before `month`, shrunk to `parent` (52,).

    Growth is taken out (by the first and last year), shares are smoothed over five parts, 104 orders of the parent are
    added, no weight is below .05, the mean is 1. The study's `clock`, docs/explanation/rhythm.md.
    """
    weights = _learnt(np.zeros(len(days), np.int64), days, np.ones(len(days)), (month, years), parent[None, :])
    return np.asarray(weights[0])


def _learnt(group: Ints, day: Ints, counts: Floats, span: tuple[float, int], parents: Floats) -> Floats:
    """`weights_of` for many groups at once: days with `counts` orders each, (month, years), `parents` (groups, 52)."""
    (month, years), size = span, len(parents)
    within = (day >= month - years * YEAR_DAYS) & (day < month)
    group, day, counts = group[within], day[within], counts[within]
    orders = np.bincount(group, weights=counts, minlength=size)
    if years >= LEAST_YEARS:
        recent, oldest = day >= month - YEAR_DAYS, day < month - (years - 1) * YEAR_DAYS
        ends = [np.bincount(group[one], weights=counts[one], minlength=size) + 20 for one in (recent, oldest)]
        growth = np.log(ends[0] / ends[1]) / (YEAR_DAYS * (years - 1))
        counts = counts * np.exp(-np.clip(growth, -STEEPEST, STEEPEST)[group] * (day - month))
    shares = np.bincount(group * PARTS + _part(day), weights=counts, minlength=size * PARTS).reshape(size, PARTS)
    shares = shares * (orders / np.maximum(shares.sum(axis=1), 1e-9))[:, None]
    smooth = sum(np.roll(shares, shift, axis=1) * (3 - abs(shift)) / 9 for shift in range(-2, 3))
    weights = (smooth * PARTS + PSEUDO_ORDERS * parents) / (shares.sum(axis=1) + PSEUDO_ORDERS)[:, None]
    weights = np.maximum(weights, FLOOR)
    return np.asarray(weights / weights.mean(axis=1, keepdims=True))
