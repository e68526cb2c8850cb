"""One life judged by itself: its occasions, the snapshot of its month, and the numbers that decide about its silence.

The same rule as the engine's, for one customer, with the formulas of `rhythm`: docs/reference/rules.md, 3, 4 and 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tenure.lifecycle.learning import ANY
from tenure.lifecycle.policy import ASKING
from tenure.lifecycle.rhythm import LONGEST, odds, thresholds, usual, z
from tenure.lifecycle.season import CALENDAR, Clock
from tenure.periods import date_of, day_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tenure.lifecycle.learning import Clocks
    from tenure.lifecycle.policy import Policy, Rule
    from tenure.lifecycle.population import Snapshots

__all__ = ["Dues", "Group", "Judgement", "Life", "Occasion", "Order", "Snapshot", "month_of"]

_LIKELY: Final = 0.9
"""The range of the expected date holds this share of gaps on either side of the middle."""


class Order(NamedTuple):
    """An order that counts: its instant and the codes of its category and region (-1 none)."""

    at: int
    category: int
    region: int


class Group(NamedTuple):
    """Names of the category and the region that hold for a customer; None for none."""

    category: str | None
    region: str | None


class Snapshot(NamedTuple):
    """The population as known at a month's start."""

    spread: tuple[float, float, float]
    """mu, s2, t2 of the logarithms of gaps."""
    horizon: float
    n: int
    place: int
    """Of the month among the snapshots."""


class Occasion(NamedTuple):
    """A local day on which the customer bought or was active; `gap` is in days of the clock, None for the first."""

    day: int
    at: int
    gap: float | None
    purchases: int
    clock: Clock
    group: Group


@dataclass(frozen=True, slots=True)
class Dues:
    """Local days (since 1970-01-01): when the next order is expected, usually between which, and what is due when."""

    expected: int
    earliest: int
    latest: int
    short: int
    long: int
    inactive: int
    seasonal: int | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The numbers behind a stage. Days are of the clock in force, shares between 0 and 1."""

    rule: str
    """Kind of rule: rhythm, quantile, chance or window."""
    scope: str
    """Whose rule it is: "everybody", or the category and region of a scope of the policy."""
    clock: str
    """On which days are counted."""
    occasions: int
    repeats: int
    """x: occasions after the first."""
    repeat_days: float
    """t_x: from the first occasion to the last."""
    silent_days: int
    """Whole calendar days from the last occasion to the last day that is known."""
    silence: float
    usual_days: float
    short_days: float
    long_days: float
    inactive_days: float
    chance: float
    """To order within `horizon_days`, as of now."""
    model: str
    """The purchase model it is by: MBG/NBD where the month's customers tell nothing of the policy's."""
    asked: str
    """The policy's."""
    mark_short: float
    mark_long: float
    mark_inactive: float
    """Chances below which they are short-lapsed, long-lapsed, inactive, where the rule asks for the chance."""
    average: float
    """The average chance of people who bought in the two years before `snapshot_on`."""
    horizon_days: int
    snapshot_month: int
    """Months since January 1970: the population is as known at this month's start, `customers` of it."""
    customers: int


@dataclass(frozen=True, slots=True)
class Life:
    """One customer's orders and other activity, and the shop they are judged in."""

    orders: Sequence[Order]
    activity: Sequence[int]
    policy: Policy
    zone: str
    clocks: Clocks | None
    known: Snapshots
    first_month: int
    """Months since January 1970 of the first snapshot."""

    def occasions(self) -> list[Occasion]:
        """The days of the rhythm in order, with the group that holds after each."""
        touches: list[tuple[int, Order | None]] = [(order.at, order) for order in self.orders]
        if touches:
            touches += [(at, None) for at in self.activity if at >= self.orders[0].at]
        found: list[Occasion] = []
        seen = _Shares()
        purchase_days: set[int] = set()
        rows = sorted(touches, key=lambda touch: touch[0])
        for place, (at, order) in enumerate(rows):
            day = day_of(at, self.zone)
            if order is not None:
                seen.take(order)
                purchase_days.add(day)
            if place + 1 < len(rows) and rows[place + 1][0] == at:
                continue  # what comes at one instant is known together
            if found and found[-1].day == day:
                found[-1] = found[-1]._replace(purchases=len(purchase_days))
                continue
            codes = seen.group()
            clock = self._clock(day, codes)
            gap = max(float(clock.lam(day)) - float(clock.lam(found[-1].day)), 0.5) if found else None
            found.append(Occasion(day, at, gap, len(purchase_days), clock, self._names(codes)))
        return found

    def _clock(self, day: int, codes: tuple[int, int]) -> Clock:
        if self.clocks is None:
            return CALENDAR
        return self.clocks.clocks[self.clocks.clock_for(month_of(day) - self.first_month, *codes)]

    def _names(self, codes: tuple[int, int]) -> Group:
        if self.clocks is None:
            return Group(None, None)
        category, region = codes
        return Group(
            None if category == ANY else self.clocks.categories[category],
            None if region == ANY else self.clocks.regions[region],
        )

    def snapshot(self, day: int) -> Snapshot:
        """The population as known at the start of the day's month."""
        place, known = month_of(day) - self.first_month, self.known
        return Snapshot(
            (float(known.mu[place]), float(known.s2[place]), float(known.t2[place])),
            float(known.horizon[place]), int(known.n[place]), place,
        )  # fmt: skip

    def rule(self, group: Group) -> Rule:
        """The rule for a group."""
        return self.policy.rule_at(self.policy.scope_for(*group))

    def silences(self, occasions: Sequence[Occasion]) -> tuple[float, float, float]:
        """Silences, in clock days, at which short, long and inactive begin after the last of the occasions."""
        last, known = occasions[-1], self.snapshot(occasions[-1].day)
        x, t_x, logs = _numbers(occasions)
        rule, falls = self.rule(last.group), np.empty(0)
        if rule.kind in ASKING:
            whole = t_x if last.clock.plain else floor(t_x + 0.5)
            falls = self.known.falls(rule.model, *_alone(known.place, x), np.array([whole]), rule.odds)[0]
        return thresholds(x, logs, known.spread, falls.tolist(), rule)

    def dues(self, occasions: Sequence[Occasion]) -> Dues:
        """What falls due when if the last of the occasions stays the last."""
        last, known = occasions[-1], self.snapshot(occasions[-1].day)
        x, _, logs = _numbers(occasions)
        floor_day = last.day + 1
        season_end = int(last.clock.season_end_after([last.day])[0]) if last.clock.seasonal else None
        if season_end is not None and x < 2:
            floor_day = season_end
        short, long, inactive = (max(floor_day, _reached(last, silence)) for silence in self.silences(occasions))
        spread = [min(float(usual(x, logs, *known.spread, z=one)), LONGEST) for one in (0.0, -z(_LIKELY), z(_LIKELY))]
        expected, earliest, latest = (_reached(last, gap) for gap in spread)
        long = max(short, long)
        return Dues(
            expected, earliest, latest, short, long, max(long, inactive),
            None if season_end is None else max(short, season_end),
        )  # fmt: skip

    def judgement(self, occasions: Sequence[Occasion], as_of: int) -> Judgement:
        """The numbers as of an instant."""
        last, known = occasions[-1], self.snapshot(occasions[-1].day)
        x, t_x, logs = _numbers(occasions)
        rule, today = self.rule(last.group), day_of(as_of - 1, self.zone)
        silence = max(float(last.clock.lam(today)) - float(last.clock.lam(last.day)), 0.0)
        average = float(self.known.level_of(rule.model)[known.place])
        marks = [float(odds(average, part)) for part in rule.odds]
        month, repeats = _alone(known.place, x)
        chance = self.known.p_buy(rule.model, month, np.array([silence]), repeats, np.array([t_x]))
        short, long, inactive = self.silences(occasions)
        return Judgement(
            rule=rule.kind, scope=self._scope(last.group), clock=self._clock_words(last),
            occasions=len(occasions), repeats=x, repeat_days=t_x, silent_days=today - last.day, silence=silence,
            usual_days=float(usual(x, logs, *known.spread)), short_days=short, long_days=long, inactive_days=inactive,
            chance=float(chance[0]), model=self.known.model_in(rule.model, known.place), asked=rule.model,
            mark_short=marks[0], mark_long=marks[1], mark_inactive=marks[2],
            average=average, horizon_days=round(known.horizon), snapshot_month=month_of(last.day),
            customers=known.n,
        )  # fmt: skip

    def _scope(self, group: Group) -> str:
        place = self.policy.scope_for(*group)
        if place == 0:
            return "everybody"
        scope = self.policy.scopes[place - 1]
        named = [f"{role} {name}" for role, name in (("category", scope.category), ("region", scope.region)) if name]
        return " in ".join(named)

    def _clock_words(self, last: Occasion) -> str:
        if last.clock.plain:
            return "the plain calendar"
        season, _ = self.policy.season_for(*last.group)
        origin = "declared in the policy" if season is not None else "learnt from the orders of the years before"
        whose = " in ".join(name for name in last.group if name) or "the whole shop"
        return f"a seasonal clock of {whose}, {origin}"


def _alone(month: int, x: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As arrays of one."""
    return np.array([month]), np.array([x])


class _Shares:
    """Which category and region at least four fifths of the orders so far have."""

    def __init__(self) -> None:
        self.orders = 0
        self.counts: tuple[Counter[int], Counter[int]] = (Counter(), Counter())

    def take(self, order: Order) -> None:
        self.orders += 1
        for counts, code in zip(self.counts, (order.category, order.region), strict=True):
            counts[code] += 1

    def group(self) -> tuple[int, int]:
        return self._most(self.counts[0]), self._most(self.counts[1])

    def _most(self, counts: Counter[int]) -> int:
        named = ((code, n) for code, n in counts.items() if code != ANY)
        code, n = max(named, key=lambda pair: pair[1], default=(ANY, 0))
        return code if 5 * n >= 4 * self.orders else ANY


def month_of(day: int) -> int:
    """Months since January 1970 of a day."""
    on = date_of(day)
    return (on.year - 1970) * 12 + on.month - 1


def _numbers(occasions: Sequence[Occasion]) -> tuple[int, float, float]:
    """x, t_x and the sum of the logarithms of the gaps."""
    last = occasions[-1]
    t_x = float(last.clock.lam(last.day)) - float(last.clock.lam(occasions[0].day))
    return len(occasions) - 1, t_x, sum(log(one.gap) for one in occasions if one.gap is not None)


def _reached(last: Occasion, silence: float) -> int:
    """The first day on which a silence of so many clock days is reached, at the earliest the next."""
    clock = last.clock
    return max(last.day + 1, ceil(float(clock.lam_inv(float(clock.lam(last.day)) + silence)) - 1e-9))
