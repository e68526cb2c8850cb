"""What a report is made of. Plain Python values: whoever fills them needs no table library."""

from dataclasses import dataclass, field
from datetime import date, datetime

from tenure.draw import Band, Level
from tenure.measure.retention import Cohort, SecondPurchase

__all__ = ["Due", "DueSoon", "Flow", "MissedSeason", "Month", "Move", "Moves", "Period", "ReportData", "StageCount"]


@dataclass(frozen=True, slots=True)
class StageCount:
    """`customers` stand in `stage` and `detail` ("" where the stage has none) in the picture as of the report's day."""

    stage: str
    detail: str
    customers: int


@dataclass(frozen=True, slots=True)
class Period:
    """The days the flows speak of: `start` up to but not including `end`."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Flow:
    """`customers` stood in `from_stage` when the period began and in `to_stage` when it ended. Arrivals have an empty
    `from_stage`; who stayed has the same stage twice."""

    from_stage: str
    to_stage: str
    customers: int


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in one whole month that starts on `start`, by the difference of its two pictures.

    became_overdue: new, active or loyal -> lapsed. came_back: lapsed or inactive -> new, active or loyal.
    first_orders: prospects and arrivals -> new, active or loyal.
    """

    start: date
    became_overdue: int
    came_back: int
    first_orders: int


@dataclass(frozen=True, slots=True)
class Move:
    """One customer who changed stage in the period.

    customer: their id as text. from_stage is empty for an arrival. on: the local day of the move. because: why, in a
    sentence. orders: how many orders count as of the report's day.
    """

    customer: str
    from_stage: str
    to_stage: str
    on: date
    because: str
    orders: int


@dataclass(frozen=True, slots=True)
class Moves:
    """All moves of one kind: `total` of them, and in `rows` those worth showing, best first (the page shows eight)."""

    total: int = 0
    rows: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody who becomes overdue on the local day `on` unless they order.

    because: what they are used to. late: whether the day by which they usually order again has passed.
    """

    customer: str
    stage: str
    on: date
    because: str
    orders: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class DueSoon:
    """Who becomes overdue next: how many within 7 and within 14 days of the as-of day (14 includes 7), how many of the
    7 are loyal, and rows.

    `rows` may hold more than the page shows; it sorts them: who is late first, then by orders (most first), day and
    customer.
    """

    within_7: int = 0
    within_14: int = 0
    loyal_within_7: int = 0
    rows: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class MissedSeason:
    """`customers` in lapsed/seasonal are to be written to on `write_on`: the earliest `contact_on` and who share it."""

    customers: int
    write_on: date


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything `page` shows.

    shop: the name in the title: the shop's, or the file's. files: names of the files read, as the user gave them.
    as_of: the report's instant (exclusive), aware, in the shop's zone. zone: that zone's name. policy: first 12 hex
        digits of the policy's hash. rule: the stage rule in one sentence.
    orders: orders that count as of `as_of`. rows: rows read. rejected: (code, rows) of rows that could not be used.
    prospects_known: whether the files can hold people who never bought (rows of kinds other than orders). If not,
        prospects are shown as unknown instead of 0.
    stages: counts as of `as_of`; cells of 0 may be left out.
    active_from, loyal_from: the policy's purchase counts, for the words beside the ring.
    period: the last whole month before `as_of`, or the month up to it; None while the files hold no such period.
        flows: its flows.
    months: whole months, ascending, up to and including `period` if that is one; for "a usual month has ...". May be
        empty.
    panel: counts per stage over time for the river, daily, weekly or monthly; the last day should be the as-of day.
    seasons: bands behind the river.
    every: "month" or "quarter": what one cohort of `cohorts` (retention) and `second` (second purchase) covers.
    overdue, returned, first: who moved in the period: became overdue, came back, ordered for the first time.
    due: who becomes overdue in the next days. missed_season: None where nobody is lapsed/seasonal.
    notes: one-line remarks of reading and rule, for the foot of the page.
    """

    shop: str
    as_of: datetime
    zone: str
    policy: str
    rule: str
    stages: tuple[StageCount, ...]
    orders: int
    rows: int
    files: tuple[str, ...] = ()
    rejected: tuple[tuple[str, int], ...] = ()
    prospects_known: bool = False
    active_from: int = 2
    loyal_from: int = 3
    period: Period | None = None
    flows: tuple[Flow, ...] = ()
    months: tuple[Month, ...] = ()
    panel: tuple[Level, ...] = ()
    seasons: tuple[Band, ...] = ()
    every: str = "month"
    cohorts: tuple[Cohort, ...] = ()
    second: tuple[SecondPurchase, ...] = ()
    overdue: Moves = field(default_factory=Moves)
    returned: Moves = field(default_factory=Moves)
    first: Moves = field(default_factory=Moves)
    due: DueSoon = field(default_factory=DueSoon)
    missed_season: MissedSeason | None = None
    notes: tuple[str, ...] = ()

    @property
    def day(self) -> date:
        """The local day on which the report's instant falls."""
        return self.as_of.date()

    @property
    def customers(self) -> int:
        """Everybody in the picture."""
        return sum(row.customers for row in self.stages)

    def at(self, *stages: str) -> int:
        """How many stand in these stages, whatever their detail."""
        return sum(row.customers for row in self.stages if row.stage in stages)

    def moved(self, origins: tuple[str, ...], ends: tuple[str, ...]) -> int:
        """How many of the period's flows run from one of `origins` to one of `ends`."""
        return sum(flow.customers for flow in self.flows if flow.from_stage in origins and flow.to_stage in ends)
