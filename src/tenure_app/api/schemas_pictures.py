"""What the API says of pictures, as types: who stands where, lives, who moved, what is expected."""

from __future__ import annotations

from datetime import date

from ninja import Schema

from tenure_app.api.schemas import Instant, Stage

__all__ = [
    "Flow", "Flows", "Foreseen", "ForeseenPage", "ForeseenPerson", "ForeseenStage", "History", "Interval",
    "PastTotal", "Placed", "PlacedPage", "StageCount", "Stages",
]  # fmt: skip


class Placed(Stage):
    """Somebody in a stage."""

    customer: int
    since: Instant


class PlacedPage(Schema):
    """Some of those who stand somewhere as of a day, by number."""

    as_of: Instant
    known_at: Instant | None
    policy: str
    items: list[Placed]
    next: str | None


class StageCount(Stage):
    """How many stand there."""

    customers: int


class Stages(Schema):
    """Everybody by stage as of an instant; read_at: when the ledger was read for it."""

    as_of: Instant
    known_at: Instant | None
    read_at: Instant | None
    policy: str
    customers: int
    stages: list[StageCount]


class Interval(Stage):
    """A stretch of a life: from one instant up to but not including the other, null while it lasts."""

    begins: Instant
    ends: Instant | None


class History(Schema):
    """A life up to an instant, as the last picture has it."""

    customer: int
    as_of: Instant
    known_at: Instant | None
    read_at: Instant | None
    policy: str
    intervals: list[Interval]


class Flow(Schema):
    """How many stood in one stage at the start and in another, or the same, at the end; from null who arrived."""

    from_stage: str | None
    from_detail: str | None
    to_stage: str
    to_detail: str | None
    customers: int


class Flows(Schema):
    """Who moved between two days."""

    begins: Instant
    ends: Instant
    known_at: Instant | None
    policy: str
    flows: list[Flow]


class ForeseenStage(Stage):
    """What is expected of those of one stage; value in minor units."""

    customers: int
    expected_buyers: float
    expected_orders: float
    expected_value: float | None


class PastTotal(Schema):
    """What was expected on a day of the past, with its interval of 90 %, and what came."""

    on: date
    n: int
    expected_orders: float
    low: float
    high: float
    orders: int


class Foreseen(Schema):
    """What everybody is expected to order within `days`, with intervals of 90 %; value in minor units, null where no
    amount is known or there are several currencies. past: how the same fared, where the past is long enough."""

    as_of: Instant
    known_at: Instant | None
    policy: str
    days: int
    n: int
    model: str
    notes: list[str]
    expected_buyers: float
    expected_orders: float
    expected_orders_low: float
    expected_orders_high: float
    currency: str | None
    expected_value: float | None
    expected_value_low: float | None
    expected_value_high: float | None
    stages: list[ForeseenStage]
    past: list[PastTotal]


class ForeseenPerson(Schema):
    """What is expected of somebody. chance: of an order within the days; orders with their interval of 90 %."""

    customer: int
    chance: float | None
    expected_orders: float | None
    low: int | None
    high: int | None
    currency: str | None
    expected_value: float | None
    expected_value_low: float | None
    expected_value_high: float | None


class ForeseenPage(Schema):
    """Some of those who ordered before, by number; n: how many they are in all."""

    as_of: Instant
    known_at: Instant | None
    policy: str
    days: int
    n: int
    items: list[ForeseenPerson]
    next: str | None
