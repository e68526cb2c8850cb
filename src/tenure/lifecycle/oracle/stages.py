"""The oracle itself: who is in which stage as of any instant, worked out from the events before it and nothing else."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from os import PathLike
from pathlib import Path

from tenure.errors import BadPolicy
from tenure.lifecycle.oracle import policy, rhythm
from tenure.lifecycle.oracle.clocks import CALENDAR, SHOP, Clock, Group, Sale, declared_clock, learnt_clocks
from tenure.lifecycle.oracle.days import LocalDays, month_of
from tenure.lifecycle.oracle.life import Life, Occasion, has_left, life_of, why_inactive
from tenure.lifecycle.oracle.orders import Event, orders_of

__all__ = ["Due", "Oracle", "Picture"]

Interval = tuple[str, str | None, int, int | None]


@dataclass(frozen=True, slots=True)
class Due:
    """The days on which silence after an occasion becomes something; `seasonal` only in seasonal groups."""

    expected: int
    short: int
    long: int
    inactive: int
    seasonal: int | None


@dataclass(frozen=True, slots=True)
class Picture:
    """One customer as of one instant (rules, section 9). Instants in microseconds UTC; `contact_on` a day number."""

    stage: str
    detail: str | None
    reason: str | None
    since: int
    orders: int
    occasions: int
    cycle: int
    first_order_at: int | None
    last_order_at: int | None
    expected_next_at: int | None
    overdue_at: int | None
    long_overdue_at: int | None
    inactive_at: int | None
    contact_on: int | None


class Oracle:
    """The slow, plain reader of the stage rule. `policy_text` is TOML; a Path names a file of it.

    With more buyers than `sample_above` a month's snapshot is made of the `sample` of them with the lowest `draw`.
    """

    def __init__(
        self,
        events: Iterable[Event],
        policy_text: str | PathLike[str] = "",
        zone: str = "UTC",
        draw: Mapping[int, int] | None = None,
        sample_above: int = 50_000,
        sample: int = 10_000,
    ) -> None:
        self._policy = policy.read(_text(policy_text))
        self._days = LocalDays(zone)
        self._draw = draw or {}
        self._sample_above, self._sample = sample_above, sample
        timelines: defaultdict[int, list[Event]] = defaultdict(list)
        for event in events:
            timelines[event.customer].append(event)
        self._timelines = {
            customer: sorted(timeline, key=lambda event: event.at) for customer, timeline in sorted(timelines.items())
        }
        # What was once worked out is kept: all of it depends on its arguments only.
        self._life_of_first = cache(self._life_of_first)  # type: ignore[method-assign]
        self.clock = cache(self.clock)  # type: ignore[method-assign]
        self.drawn = cache(self.drawn)  # type: ignore[method-assign]
        self.learnt = cache(self.learnt)  # type: ignore[method-assign]
        self.snapshot = cache(self.snapshot)  # type: ignore[method-assign]
        self.due = cache(self.due)  # type: ignore[method-assign]

    def pictures(self, as_of: int) -> dict[int, Picture]:
        """Everybody with an event before `as_of`."""
        found = {customer: self.picture(customer, as_of) for customer in self._timelines}
        return {customer: picture for customer, picture in found.items() if picture is not None}

    def picture(self, customer: int, as_of: int) -> Picture | None:
        """The customer as of an instant (exclusive); None before their first event."""
        life = self.life(customer, as_of)
        if not life.events:
            return None
        stage, detail = self._stage(life, as_of)
        _, _, since, _ = self.history(customer, as_of)[-1]
        ordered_at = [order.at for order in life.orders]
        occasions = len({self._days.day_of(at) for at in ordered_at})
        expected, overdue, long_overdue, inactive = self._dates(life) if detail != "do_not_contact" else (None,) * 4
        return Picture(
            stage=stage,
            detail=detail,
            reason=why_inactive(life)[1] if stage == "inactive" else None,
            since=since,
            orders=len(ordered_at),
            occasions=occasions,
            cycle=occasions + 1,
            first_order_at=min(ordered_at, default=None),
            last_order_at=max(ordered_at, default=None),
            expected_next_at=expected,
            overdue_at=overdue,
            long_overdue_at=long_overdue,
            inactive_at=inactive,
            contact_on=self._contact_on(life, as_of) if detail == "seasonal" else None,
        )

    def history(self, customer: int, until: int) -> list[Interval]:
        """Stage, detail, from, to of every interval that begins before `until`, from what happened before it."""
        turns = {event.at for event in self._known(customer, until)}
        for at in list(turns):
            for occasion in self.life(customer, at + 1).occasions[-1:]:
                due = self.due(occasion)
                days = (due.short, due.long, due.inactive, due.seasonal)
                turns |= {self._days.start(day) for day in days if day is not None}
        begins = sorted(at for at in turns if self._known(customer, at + 1) and at < until)
        intervals: list[Interval] = []
        for at in begins:
            stage, detail = self._stage(self.life(customer, at + 1), at + 1)
            if intervals and intervals[-1][:2] == (stage, detail):
                continue
            if intervals:
                intervals[-1] = (*intervals[-1][:3], at)
            intervals.append((stage, detail, at, None))
        return intervals

    def life(self, customer: int, as_of: int) -> Life:
        """The life as known before `as_of`."""
        return self._life_of_first(customer, len(self._known(customer, as_of)))

    def _life_of_first(self, customer: int, rows: int) -> Life:
        return life_of(self._timelines.get(customer, [])[:rows], self._days, self._policy.activity, self.clock)

    def _known(self, customer: int, as_of: int) -> list[Event]:
        timeline = self._timelines.get(customer, [])
        return timeline[: bisect_left(timeline, as_of, key=lambda event: event.at)]

    def _stage(self, life: Life, as_of: int) -> tuple[str, str | None]:
        """Stage and detail of a life as of an instant."""
        if has_left(life, as_of) or self._is_silent(life, as_of):
            return "inactive", why_inactive(life)[0]
        if not life.orders:
            return "prospect", None
        due = self.due(life.occasions[-1])
        if due.seasonal is not None and self._days.start(due.seasonal) < as_of:
            return "lapsed", "seasonal"
        if self._days.start(due.long) < as_of:
            return "lapsed", "long"
        if self._days.start(due.short) < as_of:
            return "lapsed", "short"
        purchases = self._purchases(life)
        if purchases < self._policy.active_from:
            return "new", None
        return ("active" if purchases < self._policy.loyal_from else "loyal"), None

    def _is_silent(self, life: Life, at: int) -> bool:
        """Whether an instant finds the customer beyond the third due day of their last occasion."""
        occasion = life.last_occasion_before(at)
        return occasion is not None and self._days.start(self.due(occasion).inactive) < at

    def _purchases(self, life: Life) -> int:
        """Purchase occasions so far; a purchase by somebody inactive may count as their first."""
        first_of_day: dict[int, int] = {}
        for order in life.orders:
            first_of_day.setdefault(self._days.day_of(order.at), order.at)
        count = 0
        for at in first_of_day.values():
            returned = self._policy.restart and (has_left(life, at) or self._is_silent(life, at))
            count = 1 if returned else count + 1
        return count

    def due(self, occasion: Occasion) -> Due:
        """The due days after an occasion, from the snapshot of its month (rules, section 7)."""
        snapshot, clock = self.snapshot(month_of(occasion.day)), occasion.clock
        scope = policy.most_specific(self._policy.scopes, *occasion.group)
        rule = scope.rule if scope else self._policy.rule
        t_x = occasion.t_x if clock == CALENDAR else floor(occasion.t_x + 0.5)
        begins = rhythm.silences(rule, occasion.x, t_x, occasion.log_gaps, snapshot)
        season_end = clock.season_beginning_after(occasion.day)[1] if clock.seasonal() else None
        earliest = season_end if season_end is not None and occasion.x < 2 else occasion.day + 1
        short, long, inactive = (max(earliest, self._day_after(occasion, begin)) for begin in begins)
        long = max(short, long)
        return Due(
            expected=self._day_after(occasion, rhythm.usual(occasion.x, occasion.log_gaps, snapshot.gaps)),
            short=short,
            long=long,
            inactive=max(long, inactive),
            seasonal=None if season_end is None else max(short, season_end),
        )

    def _day_after(self, occasion: Occasion, silence: float) -> int:
        """The first day on which a silence of so many clock days is reached, at the earliest the next."""
        clock = occasion.clock
        return max(occasion.day + 1, ceil(clock.lam_inv(clock.lam(occasion.day) + silence) - 1e-9))

    def _dates(self, life: Life) -> tuple[int | None, ...]:
        """Instants of the expected next occasion and of the three due days; four times None without an order."""
        if not life.occasions:
            return (None,) * 4
        due = self.due(life.occasions[-1])
        return tuple(self._days.start(day) for day in (due.expected, due.short, due.long, due.inactive))

    def _contact_on(self, life: Life, as_of: int) -> int:
        """The lead time before the start of the first season that ends after the day of `as_of`."""
        clock = life.occasions[-1].clock
        return clock.season_ending_after(self._days.day_of(as_of))[0] - clock.lead_days

    def clock(self, group: Group, month: int) -> Clock:
        """The clock in force for a group in the month that starts on day `month`: declared, else learnt, else plain."""
        season = self._declared(group)
        if season is not None:
            home = self._policy.hemispheres.get(group.region or "", season.hemisphere)
            return declared_clock(season, season.region is None and home != season.hemisphere)
        learnt = self.learnt(month) if self._policy.learn else {}
        for known in (group, Group(group.category, None), Group(None, group.region), SHOP):
            if known in learnt:
                return learnt[known]
        return CALENDAR

    def _declared(self, group: Group) -> policy.Season | None:
        return policy.most_specific(self._policy.seasons, *group)

    def drawn(self, month: int) -> list[int]:
        """The customers a month's snapshot is made of: all who bought before it, or a sample of them."""
        start = self._days.start(month)
        buyers = [customer for customer in self._timelines if orders_of(self._known(customer, start))]
        if len(buyers) <= self._sample_above:
            return buyers
        by_draw = sorted(buyers, key=lambda customer: (self._draw.get(customer, customer), customer))
        return sorted(by_draw[: self._sample])

    def learnt(self, month: int) -> dict[Group, Clock]:
        """The clocks learnt at the start of a month, by group (rules, section 6)."""
        sales = [
            Sale(customer, self._days.day_of(order.at), order.category, order.region)
            for customer in self.drawn(month)
            for order in orders_of(self._known(customer, self._days.start(month)))
            if order.ended_at is None
        ]
        return learnt_clocks(sales, month, lambda group: self._declared(group) is not None, self._policy.lead_days)

    def snapshot(self, month: int) -> rhythm.Snapshot:
        """The population as known at the start of a month (rules, section 5)."""
        start = self._days.start(month)
        lives = [self.life(customer, start) for customer in self.drawn(month)]
        last = [life.occasions[-1] for life in lives if life.occasions]
        first_day = min((occasion.first_day for occasion in last), default=month)
        return rhythm.snapshot([self._past(occasion, month) for occasion in last], month - first_day)

    def _past(self, occasion: Occasion, month: int) -> rhythm.Past:
        """What a customer with this last occasion gives to the snapshot, on the clock in force in the month."""
        lam = self.clock(occasion.group, month).lam
        first = lam(occasion.first_day)
        return rhythm.Past(occasion.x, lam(occasion.day) - first, lam(month) - first, occasion.gaps)


def _text(policy_text: str | PathLike[str]) -> str:
    """The TOML text itself, or that of the file a path names."""
    if isinstance(policy_text, str):
        return policy_text
    try:
        return Path(policy_text).read_text(encoding="utf-8")
    except OSError as error:
        raise BadPolicy(f"{policy_text}: the policy file cannot be read") from error
