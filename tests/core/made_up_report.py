"""A made-up shop for the pages' tests: lives drawn from a seed, and a report whose numbers all come from those lives.

The stage rule here is a toy (fixed multiples of a person's usual gap); what matters is that counts, flows and panels
agree.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import numpy as np

from tenure.draw import Band, Level
from tenure.measure import retention
from tenure.reporting import (
    Due,
    DueSoon,
    Flow,
    MissedSeason,
    Month,
    Move,
    Moves,
    Period,
    ReportData,
    StageCount,
)  # fmt: skip

BEGIN, AS_OF = date(2024, 11, 1), date(2026, 11, 1)
LENGTH = (AS_OF - BEGIN).days
FIRE, QUIET = ("new", "active", "loyal"), ("lapsed", "inactive")
State = tuple[str, str]


@dataclass(frozen=True)
class Life:
    """Days count from BEGIN. `known` is the first day of any event; `left` the day they wished to be left alone."""

    customer: str
    known: int
    usual: float
    orders: tuple[int, ...]
    left: int


def lives(n: int, seed: int = 7) -> list[Life]:
    draw = Random(seed)
    out = []
    for i in range(n):
        known = min(int(LENGTH * draw.random() ** 0.8), LENGTH - 1)
        usual = draw.lognormvariate(3.6, 0.6)
        day, orders = known + draw.expovariate(1 / 25) * (draw.random() < 0.8), []
        while day < LENGTH and draw.random() < (0.78 if not orders else 0.6 if len(orders) == 1 else 0.9):
            orders.append(int(day))
            day += max(1.0, draw.lognormvariate(0, 0.5) * usual)
        left = int(day + 20) if draw.random() < 0.08 else 10 * LENGTH
        out.append(Life(f"Customer {10_000 + i}", known, usual, tuple(orders), left))
    return out


def state(life: Life, day: int) -> State | None:
    """The picture at the start of `day`."""
    if life.known >= day:
        return None
    orders = [order for order in life.orders if order < day]
    if life.left < day and (not orders or life.left >= orders[-1]):
        return "inactive", "do_not_contact"
    if not orders:
        return "prospect", ""
    silence = day - orders[-1]
    for detail, factor in (("win_back", 6.0), ("seasonal", 5.0), ("long", 2.6), ("short", 1.6)):
        if silence > factor * life.usual and (detail != "seasonal" or life.usual > 60):
            return ("inactive" if detail == "win_back" else "lapsed"), detail
    return ("new", "active", "loyal")[min(len(set(orders)), 3) - 1], ""


def on(day: int) -> date:
    return BEGIN + timedelta(days=day)


def picture(people: list[Life], day: int) -> Counter[State]:
    return Counter(found for life in people if (found := state(life, day)))


def flows(people: list[Life], start: int, end: int) -> Counter[tuple[str, str]]:
    pairs = ((state(life, start), state(life, end)) for life in people)
    return Counter((before[0] if before else "", after[0]) for before, after in pairs if after)


def _moves(people: list[Life], start: int, end: int, origins: tuple[str, ...], ends: tuple[str, ...]) -> Moves:
    rows = []
    for life in people:
        before, after = state(life, start), state(life, end)
        if after and (before[0] if before else "") in origins and after[0] in ends:
            last = max((order for order in life.orders if order < end), default=life.known)
            because = (
                f"Silent for {end - last} days. "
                f"Nine in ten customers like this one would have ordered again within {1.6 * life.usual:.0f}."
            )
            moved = on(max(start, min(end - 1, last + int(1.6 * life.usual)))) if after[0] == "lapsed" else on(last)
            rows.append(Move(life.customer, before[0] if before else "", after[0], moved, because, len(life.orders)))
    rows.sort(key=lambda row: (-row.orders, row.customer))
    return Moves(len(rows), tuple(rows[:20]))


def _due(people: list[Life]) -> DueSoon:
    rows = []
    for life in people:
        found = state(life, LENGTH)
        if found and found[0] in FIRE:
            left = int(1.6 * life.usual) + 1 - (LENGTH - life.orders[-1])
            because = f"Usually orders every {life.usual:.0f} days; last on {on(life.orders[-1]):%d %B}."
            rows.append((left, Due(life.customer, found[0], on(LENGTH + left), because, len(life.orders))))
    near = [row for left, row in rows if left <= 7]
    soon = [row for left, row in rows if left <= 14]
    return DueSoon(len(near), len(soon), sum(row.stage == "loyal" for row in near), tuple(soon))


def month_starts() -> list[int]:
    return [(date(2024 + (10 + i) // 12, (10 + i) % 12 + 1, 1) - BEGIN).days for i in range(25)]


def _month(people: list[Life], start: int, end: int) -> Month:
    moved = flows(people, start, end)

    def among(origins: tuple[str, ...], ends: tuple[str, ...]) -> int:
        return sum(n for (a, b), n in moved.items() if a in origins and b in ends)

    return Month(on(start), among(FIRE, ("lapsed",)), among(QUIET, FIRE), among(("", "prospect"), FIRE))


def report(people: list[Life], *, months_of_flows: int = 13) -> ReportData:
    """The report of these lives on 1 November 2026, with the flows of October."""
    starts = month_starts()
    start, end = starts[-2], starts[-1]
    pairs = [(i, order) for i, life in enumerate(people) for order in life.orders]
    customer = np.array([i for i, _ in pairs], dtype=np.int64)
    offset = (BEGIN - date(1970, 1, 1)).days
    day = np.array([order for _, order in pairs], dtype=np.int64) + offset
    grid = retention.periods(offset, offset + LENGTH)
    levels = [
        Level(on(at), stage, detail, n)
        for at in [*range(LENGTH % 7, LENGTH, 7), LENGTH]
        for (stage, detail), n in picture(people, at).items()
    ]
    now = picture(people, LENGTH)
    return ReportData(
        shop="Shoe & boot shop, simulated",
        files=("orders-2025.csv", "orders-2026.csv"),
        as_of=datetime(2026, 11, 1, tzinfo=UTC),
        zone="Europe/Oslo",
        policy="4f2a91c07b3e",
        rule="Overdue is who has been silent longer than nine in ten of their own gaps, shrunk towards the shop's, "
        "and whose chance to order is below the shop's average.",
        orders=len(pairs),
        rows=len(pairs) + 31,
        rejected=(("no_customer", 19), ("bad_time", 12)),
        prospects_known=True,
        stages=tuple(StageCount(stage, detail, n) for (stage, detail), n in sorted(now.items())),
        period=Period(on(start), on(end)),
        flows=tuple(Flow(a, b, n) for (a, b), n in sorted(flows(people, start, end).items())),
        months=tuple(_month(people, a, b) for a, b in list(pairwise(starts))[-months_of_flows:]),
        panel=tuple(levels),
        seasons=tuple(Band(f"boots {y}–{y % 100 + 1}", date(y, 11, 1), date(y + 1, 3, 1)) for y in (2024, 2025, 2026)),
        cohorts=retention.cohorts(customer, day, starts=grid, as_of_day=offset + LENGTH),
        second=retention.second_purchases(customer, day, starts=grid, as_of_day=offset + LENGTH),
        overdue=_moves(people, start, end, FIRE, ("lapsed",)),
        returned=_moves(people, start, end, QUIET, FIRE),
        first=_moves(people, start, end, ("", "prospect"), FIRE),
        due=_due(people),
        missed_season=MissedSeason(now["lapsed", "seasonal"], date(2026, 11, 6)) if now["lapsed", "seasonal"] else None,
        notes=("Amounts carry no currency; they were not added up.",),
    )


def tiny() -> ReportData:
    """One customer, one order, a few days ago: no flows, no second orders, no river."""
    unknown = retention.Within(30, 0, 0, None, None, None, None)
    return ReportData(
        shop="first.csv", as_of=datetime(2026, 11, 1, tzinfo=UTC), zone="UTC", policy="4f2a91c07b3e", rule="Late.",
        stages=(StageCount("new", "", 1),), orders=1, rows=1, files=("first.csv",),
        panel=(Level(AS_OF, "new", "", 1),),
        cohorts=(retention.Cohort(date(2026, 10, 1), 1, ()),),
        second=(retention.SecondPurchase(date(2026, 10, 1), 1, 0, (unknown,)),),
    )  # fmt: skip


def empty() -> ReportData:
    """No customer at all."""
    return ReportData(
        shop="orders.csv", as_of=datetime(2026, 11, 1, tzinfo=UTC), zone="UTC", policy="4f2a91c07b3e", rule="Late.",
        stages=(), orders=0, rows=0, files=("orders.csv",),
    )  # fmt: skip
