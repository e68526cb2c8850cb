"""Traces every life: from events to the instants at which stages begin, in the engine.

The steps are SQL (`sql/*.sql`) but for two that need more than a set: the monthly snapshots (`population`) and the silences at
which a chance crosses a level (`rhythm.crossings`), solved once per distinct question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.events import ORDER_PLACED, ORDER_REFUNDED
from tenure.lifecycle import grouping
from tenure.lifecycle.policy import Policy, Rule
from tenure.lifecycle.population import Life, Month, sampled, snapshots
from tenure.lifecycle.rhythm import crossings, z
from tenure.lifecycle.words import KINDS, day_labels
from tenure.periods import Calendar, calendar, date_of, day_of

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.learning import Clocks
    from tenure.read import Timeline

__all__ = ["STAGES", "Trace", "trace"]

STAGES: Final = (
    ("prospect", None), ("new", None), ("active", None), ("loyal", None), ("lapsed", "short"), ("lapsed", "long"),
    ("lapsed", "seasonal"), ("inactive", "win_back"), ("inactive", "do_not_contact"),
)  # fmt: skip
"""(stage, detail) by the numbers that the SQL uses."""

LONGEST_DAYS: Final = 36_525
NO_NEGATIVE_DAYS: Final = 100_000_000  # added to days before dividing: 8.64e18 us in the SQL
ORDERS_AT_ONCE: Final = 4_000_000
"""Lives are traced in slices of about this many orders, so that memory does not grow with the file."""
STANCES: Final = (
    "contact.refused", "contact.allowed", "customer.left", "customer.erased",
    "message.bounced", "complaint.opened", "complaint.resolved",
)  # fmt: skip

_SQL: Final = "tenure.lifecycle"


@dataclass(frozen=True, slots=True)
class Trace:
    """What was traced, for whom reads it next: the tables of the engine stand for the slice that `slices` is at."""

    engine: DuckDB
    policy: Policy
    zone: str
    until: int
    customer_type: str
    calendar: Calendar
    clocks: Clocks | None
    stanced: bool
    """Whether anybody ever left, refused, complained or bounced: then the table `stances` exists."""
    merged: bool
    """Whether orders may end, other events count or leavings occur: then everything is merged, not only laid out."""
    slices: tuple[tuple[int, int], ...]

    @property
    def named(self) -> bool:
        """Whether customers have names beside their numbers (table `customers`)."""
        return self.customer_type == "VARCHAR"

    def each_slice(self) -> Iterator[None]:
        """Make the tables `dues`, `open_states` and `starts` of one slice of the lives after another, by customer."""
        for low, high in self.slices:
            if len(self.slices) > 1:
                self.run("states", "some_lives", low=low, high=high)
                self.run("states", "slice_lives")
            else:
                self.run("states", "all_lives")
            self._due()
            self._begin()
            yield

    def run(self, topic: str, name: str, **params: Any) -> None:
        """Execute one named statement."""
        self.engine.run(_SQL, topic, name, **params)

    def table(self, topic: str, name: str, **params: Any) -> pa.Table:
        """The result of one named statement."""
        return self.engine.table(_SQL, topic, name, **params)

    def _due(self) -> None:
        self.run("dues", "open", keep=2**31 - 1 if self.merged else self.policy.loyal_from)
        asked = self.table("dues", "questions")
        self.engine.put("crossings", _solved(asked, self.table("dues", "all_snapshots"), self.policy))
        self.run("dues", "thresholds")
        self.run("dues", "dues_plain" if self.clocks is None else "dues_clock")
        self.run("history", "dated")
        self.run("history", "lapses")

    def _begin(self) -> None:
        counts = {"active_from": self.policy.active_from, "loyal_from": self.policy.loyal_from}
        if not self.merged:
            self.run("history", "starts_plain", until=self.until, **counts)
            return
        if self.policy.restart_after == "inactive":
            self.run("history", "restarts")
            if self.stanced:
                self.run("history", "restarts_after_leaving")
        else:
            self.run("history", "no_restarts")
        self.run("history", "starts_full", **counts)
        self.run("history", "clipped")
        self.run("history", "overlaid" if self.stanced else "no_stances")
        self.run("history", "merged", until=self.until)


def trace(timeline: Timeline, policy: Policy, *, zone: str, until: int) -> Trace:
    """Prepare everything that all slices share: orders, groups, clocks and the monthly snapshots.

    Reads `events` of the timeline's engine and knows only what happened before `until` (us UTC). BadTime for an unknown zone.
    """
    engine = timeline.engine
    kinds = _kinds(engine, timeline, until)
    ended = prepare_orders(engine, timeline, policy, until, kinds)
    activity = (set(policy.activity) - {ORDER_PLACED}) & kinds
    stanced = bool(kinds & set(STANCES))
    merged = ended or kinds != {ORDER_PLACED} or policy.restart_after == "inactive"
    if activity:
        engine.put("activity_kinds", pa.table({"kind": sorted(activity)}))
        engine.run(_SQL, "states", "activity_events", until=until)
    if stanced:
        engine.run(_SQL, "history", "marks", until=until)
        engine.run(_SQL, "history", "stances", until=until)
    if merged:
        engine.run(_SQL, "history", "first_seen", until=until)
    engine.run(_SQL, "orders", "touched_all" if activity else "touched_orders")
    days = _lay_calendar(engine, zone, timeline.first_at or 0, min(timeline.last_at or 0, until))
    engine.put("rules", _rules(policy))
    engine.put("stage_words", _stage_words())
    clocks = _population(engine, policy, days, customer_type=timeline.customer_type, activity=bool(activity))
    return Trace(
        engine, policy, zone, until, timeline.customer_type, days, clocks, stanced, merged, _slices(engine, merged)
    )


def _kinds(engine: DuckDB, timeline: Timeline, until: int) -> set[str]:
    """Kinds of events before `until`; money going back without a kind of its own counts as a refund."""
    kinds = {ORDER_PLACED}
    if "type" in timeline.has:
        kinds |= {kind for (kind,) in engine.run(_SQL, "orders", "kinds", until=until).fetchall()}
    if "amount" in timeline.has and engine.run(_SQL, "orders", "negative", until=until).fetchall():
        kinds.add(ORDER_REFUNDED)
    return kinds


def prepare_orders(engine: DuckDB, timeline: Timeline, policy: Policy, until: int, kinds: set[str]) -> bool:
    """Make the table `orders` (and `lives`, `labelled`); whether any order ends."""
    labels = bool(timeline.has & {"category", "region"}) and bool(policy.scopes or policy.seasons or policy.learn)
    if "order" not in timeline.has and kinds == {ORDER_PLACED} and not labels:
        engine.run(_SQL, "orders", "plain", until=until)
        engine.run(_SQL, "orders", "no_lives")
        engine.run(_SQL, "orders", "no_codes")
        return False
    for name in ("parts", "refunds", "endings", "merged"):
        engine.run(_SQL, "orders", name, **({"until": until} if name != "endings" else {}))
    engine.run(_SQL, "orders", "codes" if labels else "no_codes")
    engine.run(_SQL, "orders", "labels" if labels else "no_labels", **({"until": until} if labels else {}))
    ended = bool(engine.run(_SQL, "orders", "any_ending").fetchall())
    engine.run(_SQL, "orders", "lives" if ended else "no_lives")
    engine.run(_SQL, "orders", "life_orders")
    return ended


def _lay_calendar(engine: DuckDB, zone: str, first_at: int, last_at: int) -> Calendar:
    """The days from the first event's to a century after the last, with `guess` to find an instant's day by one join."""
    first, last = day_of(first_at, zone) - 2, day_of(last_at, zone) + 2
    days = calendar(first - 1, last + LONGEST_DAYS + 400, zone)
    month = _ordinals(days.month_start_day)
    day, start = days.day.astype(np.int32), days.start_at
    near = slice(1, last - first + 2)
    engine.put("calendar", pa.table({"day": day, "start_at": start, "label": day_labels(days.day)}))
    engine.put("guess", pa.table({
        "utc_day": days.day[near] + NO_NEGATIVE_DAYS,
        "day": day[near], "start_at": start[near], "end_at": start[1:][near],
        "month_before": month[:-1][slice(0, near.stop - 1)], "month": month[near], "month_after": month[1:][near],
    }))  # fmt: skip
    return days


def _ordinals(days: NDArray[np.int64]) -> NDArray[np.int32]:
    """Months since January 1970 of days since 1970-01-01."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)


def _population(
    engine: DuckDB, policy: Policy, days: Calendar, *, customer_type: str, activity: bool
) -> Clocks | None:
    """Make `states` readable and `snapshots` known; the clocks in force, None where the plain calendar is."""
    months = _months(engine, days)
    people = engine.table(_SQL, "orders", "people_by_name" if customer_type == "VARCHAR" else "people_by_number")
    number, first_at, draw = (people[name].to_numpy() for name in ("c", "at_us", "draw"))
    last = sampled(first_at, draw, number, months)
    number, last = number[last >= 0], last[last >= 0]
    last_at = np.array([month.start_at for month in months], np.int64)[last]
    engine.put("chosen", pa.table({"c": number, "slot": np.arange(len(number)), "last_at": last_at}))
    engine.put("sample", engine.table(_SQL, "orders", "sample"))
    clocks = grouping.clocks(engine, policy, months, activity=activity)
    engine.run(_SQL, "states", "sampled_lives")
    grouping.lay_states(engine, policy, months, days, clocks, activity=activity)
    life = _life(engine.table(_SQL, "states", "sample_states"))
    engine.put("snapshots", snapshots(life, last, months, clocks))
    engine.run(_SQL, "dues", "standards")
    return clocks


def _months(engine: DuckDB, days: Calendar) -> list[Month]:
    """Every month from the first occasion's to the last one's."""
    first_at, last_at, _ = engine.run(_SQL, "orders", "span").fetchall()[0]
    if first_at is None:
        return []
    first, last = np.searchsorted(days.start_at, [first_at, last_at], side="right") - 1
    starts, where = np.unique(days.month_start_day[first : last + 1], return_index=True)
    places = np.searchsorted(days.day, starts)
    ordinals = _ordinals(starts)
    return [
        Month(int(ordinal), int(day), int(days.start_at[place]))
        for ordinal, day, place in zip(ordinals, starts, places, strict=True)
    ]


def _life(table: pa.Table) -> Life:
    def column(name: str) -> NDArray[Any]:
        return table[name].to_numpy()

    at_us = column("at_us")
    return Life(
        slot=column("slot"), life=column("life"), at_us=at_us, from_at=np.maximum(at_us, column("from_at")),
        to_at=column("to_at"), first_day=column("first_day"), day=column("day"), x=column("x"),
        gap=column("gap"), category=column("category"), region=column("region"),
    )  # fmt: skip


def _rules(policy: Policy) -> pa.Table:
    """One row per scope, every kind of rule in one form: days, factors and standard normal quantiles."""
    return pa.Table.from_pylist([_rule_row(i, policy.rule_at(i)) for i in range(len(policy.scopes) + 1)])


def _rule_row(scope: int, rule: Rule) -> dict[str, float]:
    row: dict[str, float] = {
        "scope": scope, "kind": KINDS.index(rule.kind), "crossed": int(rule.kind in {"rhythm", "chance"}), "capped": int(rule.kind == "rhythm")
    }  # fmt: skip
    quantiles = rule.quantiles if rule.kind == "quantile" else rule.floors
    by_gap, windowed = float(rule.kind in {"rhythm", "quantile"}), rule.kind == "window"
    for i in range(3):
        row[f"days{i + 1}"] = float(rule.days[i]) if windowed else 0.0
        row[f"factor{i + 1}"], row[f"z{i + 1}"] = by_gap, z(quantiles[i])
        first = rule.kind == "rhythm"
        row[f"first{i + 1}"] = float(rule.first_floors[i]) if first else by_gap
        row[f"z_first{i + 1}"] = z(rule.first_floor) if first else z(quantiles[i])
        row[f"z_cap{i + 1}"], row[f"odds{i + 1}"] = z(rule.caps[i]), float(rule.odds[i])
    return row


def _solved(asked: pa.Table, population: pa.Table, policy: Policy) -> pa.Table:
    """The silences at which the chance crosses each of a scope's levels, for every distinct scope, month, x and t_x."""
    scope, month, x, t_x = (asked[name].to_numpy() for name in ("scope", "month", "x", "t_x"))
    known = population["month"].to_numpy()
    at = np.searchsorted(known, month)
    given = [population[name].to_numpy()[at] for name in ("horizon", "level", "r", "alpha", "a", "b")]
    out = np.zeros((len(x), 3))
    for index in np.unique(scope):
        mine = scope == index
        odds = policy.rule_at(int(index)).odds
        out[mine] = crossings(x[mine], t_x[mine], *(v[mine] for v in given[:2]), odds, *(v[mine] for v in given[2:]))
    return pa.table({
        "scope": scope, "month": month, "x": x, "t_x": t_x, "c1": out[:, 0], "c2": out[:, 1], "c3": out[:, 2]
    })  # fmt: skip


def _stage_words() -> pa.Table:
    return pa.table({
        "code": pa.array(range(len(STAGES)), pa.int32()),
        "stage": [stage for stage, _ in STAGES], "detail": [detail for _, detail in STAGES],
    })  # fmt: skip


def _slices(engine: DuckDB, merged: bool) -> tuple[tuple[int, int], ...]:
    """Ranges of lives with about equally many orders; one range where lives of a customer must be merged."""
    n = engine.run(_SQL, "orders", "span").fetchall()[0][2]
    pieces = 1 if merged else -(-n // ORDERS_AT_ONCE)
    if pieces <= 1:
        return ((-(2**62), 2**62),)
    lives = np.sort(engine.table(_SQL, "orders", "order_slices")["life"].to_numpy())
    edges = [int(lives[len(lives) * i // pieces]) for i in range(1, pieces)]
    return tuple(zip([-(2**62), *edges], [*edges, 2**62], strict=True))
