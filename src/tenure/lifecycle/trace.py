"""Traces every life: from events to the instants at which stages begin.

Sets are computed in the engine (`sql/*.sql`: which orders count, groups, lives after refunds, who left); a life is
walked in arrays (`walk`, `dues`, `beginnings`), a slice of the lives at a time, so that memory does not grow with the
file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import InvalidInput
from tenure.events import ORDER_PLACED, ORDER_REFUNDED
from tenure.lifecycle import beginnings
from tenure.lifecycle.beginnings import Instants, Starts, instants, starts
from tenure.lifecycle.dues import Dues, dues
from tenure.lifecycle.ground import clocks_alone, ground, known_ground, month_ordinals
from tenure.lifecycle.policy import Policy
from tenure.lifecycle.population import Snapshots, draws
from tenure.lifecycle.rhythm import LONGEST
from tenure.lifecycle.slices import Slices
from tenure.lifecycle.walk import Occasions, Rows, Terrain, occasions
from tenure.lifecycle.words import day_labels
from tenure.periods import DAY_US, PIECE_DAYS, SHIFT_US, Calendar, calendar, day_of
from tenure.purchase.models import model_named

if TYPE_CHECKING:
    from tenure.engine.duckdb import DuckDB
    from tenure.lifecycle.known import KnownPopulation
    from tenure.lifecycle.learning import Clocks
    from tenure.read import Timeline

__all__ = [
    "INACTIVE", "SEASONAL", "STAGES", "Clocked", "Slice", "Trace", "clocked", "prepare_orders", "staged", "trace",
]  # fmt: skip

STAGES: Final = (
    ("prospect", None), ("new", None), ("active", None), ("loyal", None), ("lapsed", "short"), ("lapsed", "long"),
    ("lapsed", "seasonal"), ("inactive", "win_back"), ("inactive", "do_not_contact"),
)  # fmt: skip
"""(stage, detail) by the codes of `beginnings`."""
SEASONAL: Final = STAGES.index(("lapsed", "seasonal"))
INACTIVE: Final = STAGES.index(("inactive", "win_back"))

AT_ONCE: Final = 2
"""Slices walked at the same time; arrays release the interpreter, so two cores are used."""
STANCES: Final = (
    "contact.refused", "contact.allowed", "customer.left", "customer.erased",
    "message.bounced", "complaint.opened", "complaint.resolved",
)  # fmt: skip

_SQL: Final = "tenure.lifecycle"

Taken = TypeVar("Taken")


@dataclass(frozen=True, slots=True)
class Slice:
    """Some lives, walked: their rows, occasions, what can come due and when, and which purchases start anew."""

    rows: Rows
    given: Occasions
    due: Dues
    when: Instants
    restarted: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What was prepared for all slices, for whom reads it next."""

    engine: DuckDB
    policy: Policy
    zone: str
    until: int
    customer_type: str
    terrain: Terrain
    known: Snapshots
    stanced: bool
    """Whether anybody ever left, refused, complained or bounced: then the table `stances` exists."""
    merged: bool
    """Whether orders may end, other events count or leavings occur: then lives are put together in SQL after the
    walk."""
    slices: Slices
    labels: pa.Array
    """The days of the calendar as people write them."""
    every: bool = False
    """Whether due days are asked of every occasion, also of those followed by the next before anything can be due."""

    @property
    def calendar(self) -> Calendar:
        """The shop's days."""
        return self.terrain.calendar

    @property
    def clocks(self) -> Clocks | None:
        """The clocks in force, None where the plain calendar is."""
        return self.terrain.clocks

    def run(self, topic: str, name: str, **params: Any) -> None:
        """Execute one named statement."""
        self.engine.run(_SQL, topic, name, **params)

    def table(self, topic: str, name: str, **params: Any) -> pa.Table:
        """The result of one named statement."""
        return self.engine.table(_SQL, topic, name, **params)

    def each_slice(self, take: Callable[[Slice], Taken]) -> Iterator[Taken]:
        """What `take` makes of one slice of the lives after another, by rising customer where nothing is merged.

        `take` is called beside the caller, and of a slice no more is kept than it gives.
        """
        left = self._left()
        with ThreadPoolExecutor(max_workers=AT_ONCE) as walkers:
            waiting: deque[Future[Taken]] = deque()
            for rows in self.slices:
                waiting.append(walkers.submit(self._walk, rows, left, take))
                if len(waiting) > AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    @property
    def named(self) -> bool:
        """Whether customers have names beside their numbers (table `customers`)."""
        return self.customer_type == "VARCHAR"

    def ids(self) -> Callable[[NDArray[np.int64]], pa.Array]:
        """A function from customers' numbers to their ids as the files have them."""
        if not self.named:
            return pa.array  # type: ignore[no-any-return]
        names = self.table("orders", "names")["customer_id"].combine_chunks()
        return lambda number: names.take(pa.array(number - 1))

    def starts(self, lives: Slice) -> Starts:
        """Every stage that begins in these lives."""
        return starts(lives.given, lives.due, lives.when, self.policy, lives.restarted, self.until)

    def current(self, lives: Slice) -> Starts:
        """The stage in which each of these lives is, one row a life."""
        return starts(lives.given, lives.due, lives.when, self.policy, lives.restarted, self.until, latest=True)

    def _walk(self, rows: Rows, left: pa.Table | None, take: Callable[[Slice], Taken]) -> Taken:
        given = occasions(rows, self.terrain)
        due = dues(given, self.terrain, self.known, every=self.every)
        when = instants(given, due, self.terrain)
        again = None
        if self.policy.restart_after == "inactive":
            again = beginnings.returners(given, due, when) | _among(given, left)
        return take(Slice(rows, given, due, when, again))

    def merge(self, begun: list[Starts]) -> None:
        """Make the table `starts` of all lives: epochs end to end, prospects before, leavings over them."""
        self.engine.put("life_starts", pa.table({
            "life": np.concatenate([one.life for one in begun]),
            "from_at": np.concatenate([one.from_at for one in begun]),
            "code": np.concatenate([one.code for one in begun]).astype(np.int32),
        }))  # fmt: skip
        self.run("history", "clipped")
        self.run("history", "overlaid" if self.stanced else "no_stances")
        self.run("history", "merged", until=self.until)

    def _left(self) -> pa.Table | None:
        asked = self.stanced and self.policy.restart_after == "inactive"
        return self.table("history", "after_leaving") if asked else None


def _among(given: Occasions, left: pa.Table | None) -> NDArray[np.bool_]:
    """Which occasions are purchases of the table (life, at_us)."""
    if left is None or not len(left):
        return np.zeros(len(given.life), np.bool_)
    asked = set(zip(left["life"].to_pylist(), left["at_us"].to_pylist(), strict=True))
    found = np.isin(given.life, left["life"].to_numpy())
    pairs = zip(given.life[found].tolist(), given.buy_at[found].tolist(), strict=True)
    found[found] = [pair in asked for pair in pairs]
    return found


def trace(
    timeline: Timeline,
    policy: Policy,
    *,
    zone: str,
    until: int,
    known: KnownPopulation | None = None,
    every: bool = False,
    models: Sequence[str] = (),
) -> Trace:
    """Prepare everything that all slices share: orders, groups, clocks and the monthly snapshots.

    Reads `events` of the timeline's engine and knows only what happened before `until` (us UTC). `known`: the
    population to judge by, which then need not be in the timeline; `every`: as in `Trace`; `models`: purchase models
    that are to be known besides those of the policy, which `known` cannot give. BadTime for an unknown zone,
    InvalidInput for events of which the population knows nothing.
    """
    engine = timeline.engine
    for name in {*policy.models, *models}:
        model_named(name)  # loaded here, for what it compiles is not to be set up by two walkers at once
    kinds = _kinds(engine, timeline, until)
    first_at, last_at = (at if at is not None else min(until, 0) for at in (timeline.first_at, timeline.last_at))
    days, labels = _lay_calendar(engine, zone, first_at, max(first_at, min(last_at, until)))
    ended = prepare_orders(engine, timeline, policy, until, kinds, known, whole=every)
    activity = (set(policy.activity) - {ORDER_PLACED}) & kinds
    stanced = bool(kinds & set(STANCES))
    merged = ended or kinds != {ORDER_PLACED}
    if activity:
        engine.put("activity_kinds", pa.table({"kind": sorted(activity)}))
        engine.run(_SQL, "states", "activity_events", until=until)
    if stanced:
        engine.run(_SQL, "history", "marks", until=until)
        engine.run(_SQL, "history", "stances", until=until)
    if merged:
        engine.run(_SQL, "history", "first_seen", until=until)
    engine.run(_SQL, "orders", "touched_all" if activity else "touched_orders")
    if known is not None:
        known.must_know(zone, policy, engine.run(_SQL, "orders", "span").fetchall()[0][1], activity=bool(activity))
    engine.put("stage_words", _stage_words())
    heads = _heads(engine, timeline.customer_type)
    slices = Slices(engine, "plain_rows", heads)
    if not (activity or policy.scopes or policy.seasons):
        slices.begin()  # the shop's own numbers keep one core busy
    if known is None:
        asked = sorted({*policy.models, *models})
        terrain, shop = ground(engine, policy, days, heads, activity=bool(activity), models=asked)
    else:
        terrain, shop = known_ground(engine, known, days, activity=bool(activity))
    if terrain.clocks is not None:  # more decides than plain orders on the plain calendar
        slices = Slices(engine, "full_rows", engine.table(_SQL, "states", "sizes"))
    return Trace(
        engine, policy, zone, until, timeline.customer_type, terrain, shop, stanced, merged, slices, labels, every
    )


@dataclass(frozen=True, slots=True)
class Clocked:
    """Orders prepared and the clocks they are counted on, without a trace. `clocks`: None for the plain calendar;
    `first_days`: of the months they are in force in; `plain`: every event is an order that never ends and names no
    group, so that only `events` and `guess` were laid.
    """

    clocks: Clocks | None
    first_days: NDArray[np.int64]
    calendar: Calendar
    plain: bool


def clocked(timeline: Timeline, policy: Policy, *, zone: str, until: int) -> Clocked:
    """What `trace` prepares of orders and clocks alone, for whom stages do not matter. BadTime for an unknown zone."""
    engine = timeline.engine
    kinds = _kinds(engine, timeline, until)
    first_at, last_at = (at if at is not None else min(until, 0) for at in (timeline.first_at, timeline.last_at))
    days, _ = _lay_calendar(engine, zone, first_at, max(first_at, min(last_at, until)))
    engine.drop("counted")
    prepare_orders(engine, timeline, policy, until, kinds, whole=True)
    plain = not engine.connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'counted' AND database_name = current_database()"
    ).fetchall()
    engine.run(_SQL, "orders", "touched_orders")
    heads = _heads(engine, timeline.customer_type)
    clocks, first_days = clocks_alone(engine, policy, days, heads, activity=False)
    return Clocked(clocks, first_days, days, plain)


def _heads(engine: DuckDB, customer_type: str) -> pa.Table:
    """One row a life: life, at_us (its first order), n (its orders), c (its customer), draw (the customer's)."""
    if customer_type == "VARCHAR":
        return engine.table(_SQL, "orders", "heads_by_name")
    heads = engine.table(_SQL, "orders", "heads_by_number")
    return heads.append_column("draw", pa.array(draws(heads["c"].to_numpy())))


def _kinds(engine: DuckDB, timeline: Timeline, until: int) -> set[str]:
    """Kinds of events before `until`; money going back without a kind of its own counts as a refund."""
    kinds = {ORDER_PLACED}
    if "type" in timeline.has:
        kinds |= {kind for (kind,) in engine.run(_SQL, "orders", "kinds", until=until).fetchall()}
    if timeline.negative and engine.run(_SQL, "orders", "negative", until=until).fetchall():
        kinds.add(ORDER_REFUNDED)
    return kinds


def prepare_orders(
    engine: DuckDB,
    timeline: Timeline,
    policy: Policy,
    until: int,
    kinds: set[str],
    known: KnownPopulation | None = None,
    *,
    whole: bool = False,
) -> bool:
    """Make the table `orders` (and `lives`, `labelled`) with the help of `guess`; whether any order ends.

    A population known before has numbered categories and regions already. `whole`: every order is asked for, also
    those that no walk needs.
    """
    named = known is not None and known.named
    labels = bool(timeline.has & {"category", "region"}) and bool(policy.scopes or policy.seasons or policy.learn)
    labels = labels or named
    if "order" not in timeline.has and kinds == {ORDER_PLACED} and not labels:
        engine.run(_SQL, "orders", "plain", until=until)
        engine.run(_SQL, "orders", "no_lives")
        engine.run(_SQL, "orders", "no_codes")
        return False
    for name in ("parts", "refunds", "endings", "merged"):
        engine.run(_SQL, "orders", name, **({"until": until} if name != "endings" else {}))
    engine.run(_SQL, "orders", "codes" if labels else "no_codes")
    if known is not None and known.clocks is not None and labels:
        _number_as_known(engine, known)
    engine.run(_SQL, "orders", "labels" if labels else "no_labels", **({"until": until} if labels else {}))
    ended = bool(engine.run(_SQL, "orders", "any_ending").fetchall())
    # who left is asked of every order where leaving starts anew
    every = whole or labels or not ended or (policy.restart_after == "inactive" and bool(kinds & set(STANCES)))
    engine.drop("walked")
    engine.run(_SQL, "orders", "walked_all" if every else "walked")
    engine.run(_SQL, "orders", "lives" if ended else "no_lives")
    engine.run(_SQL, "orders", "life_orders")
    return ended


def _number_as_known(engine: DuckDB, known: KnownPopulation) -> None:
    """Let `codes` hold the numbers that the population has given; InvalidInput for a word that it has not."""
    if strange := set(engine.run(_SQL, "orders", "words").fetchall()) - set(known.words()):
        raise InvalidInput(f"the population knows nothing of {', '.join(sorted(word for _, word in strange))}")
    roles, words, codes = zip(*((*pair, code) for pair, code in known.words().items()), strict=True)
    engine.put("codes", pa.table({"role": roles, "word": words, "code": pa.array(codes, pa.int64())}))


def _lay_calendar(engine: DuckDB, zone: str, first_at: int, last_at: int) -> tuple[Calendar, pa.Array]:
    """The days from the first event's to a century after the last and their names, with `guess` to find an instant's
    day by one join."""
    first, last = day_of(first_at, zone) - 2, day_of(last_at, zone) + 2
    days = calendar(first - 1, last + int(LONGEST) + 400, zone)
    month = month_ordinals(days.month_start_day)
    day, start = days.day.astype(np.int32), days.start_at
    near = slice(1, last - first + 2)
    labels = _labels(first - 1, len(days.day))
    engine.put("calendar", pa.table({"day": day, "start_at": start, "label": labels}))
    engine.put("guess", pa.table({
        "utc_day": days.day[near] + SHIFT_US // DAY_US,
        "day": day[near], "start_at": start[near], "end_at": start[1:][near],
        "month_before": month[:-1][slice(0, near.stop - 1)], "month": month[near], "month_after": month[1:][near],
    }))  # fmt: skip
    return days, labels


def _labels(first: int, n: int) -> pa.Array:
    """`day_labels` of n days from a first one on."""
    piece = first // PIECE_DAYS
    pieces = [_labels_of(one) for one in range(piece, (first + n - 1) // PIECE_DAYS + 1)]
    return pa.concat_arrays(pieces).slice(first - piece * PIECE_DAYS, n)


@lru_cache(maxsize=64)
def _labels_of(piece: int) -> pa.Array:
    return pa.array(day_labels(np.arange(piece * PIECE_DAYS, (piece + 1) * PIECE_DAYS, dtype=np.int64)), pa.string())


def staged(code: NDArray[np.int64]) -> tuple[pa.Array, pa.Array]:
    """Stages and details of codes; null where there is no detail."""
    stages, details = (list(dict.fromkeys(word for word in words if word)) for words in zip(*STAGES, strict=True))
    stage = np.array([stages.index(word) for word, _ in STAGES], np.int8)[code]
    detail = np.array([details.index(word) if word else -1 for _, word in STAGES], np.int8)[code]
    return (
        pa.DictionaryArray.from_arrays(pa.array(stage), pa.array(stages)),
        pa.DictionaryArray.from_arrays(pa.array(detail, mask=detail < 0), pa.array(details)),
    )


def _stage_words() -> pa.Table:
    return pa.table({
        "code": pa.array(range(len(STAGES)), pa.int32()),
        "stage": [stage for stage, _ in STAGES], "detail": [detail for _, detail in STAGES],
    })  # fmt: skip
