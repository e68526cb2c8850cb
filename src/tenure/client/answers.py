"""What the API answers, as types. Instants are texts, RFC 3339 in UTC; money is minor units; None is not known."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

__all__ = [
    "Account", "Customer", "Event", "Flow", "Flows", "Foreseen", "ForeseenPerson", "ForeseenStage", "History",
    "Identity", "ImportRun", "Interval", "Message", "NewEvent", "NewSourceKey", "NewWebhook", "PastTotal", "Placed",
    "Policy", "PolicyChange", "PolicyMove", "Quarantined", "Received", "RefusedEvent", "Retried", "Source",
    "SourceKey", "StageCount", "Stages", "Standing", "Trait", "Webhook",
]  # fmt: skip


class Account(TypedDict):
    """A company, a household, a team that somebody belongs to."""
    id: int
    source: str
    key: str
    name: str | None
    began_at: str


class Customer(TypedDict):
    """Somebody. standing: null until they were judged; merged: numbers that are taken for theirs."""
    id: int
    recorded_at: str
    identities: list[Identity]
    traits: list[Trait]
    accounts: list[Account]
    standing: Standing | None
    merged: list[int]
    because: str | None


class Identity(TypedDict):
    """What somebody is known by. source: where it holds, null for what holds everywhere."""
    kind: str
    value: str
    source: str | None
    recorded_at: str


class Standing(TypedDict):
    """Where somebody stands now. next_change_at: when silence alone moves them on, null where it will not."""
    stage: str
    detail: str | None
    since: str
    next_change_at: str | None
    reason: str | None
    orders: int
    occasions: int
    cycle: int
    first_order_at: str | None
    last_order_at: str | None
    expected_at: str | None
    overdue_at: str | None
    long_overdue_at: str | None
    inactive_at: str | None
    policy: str
    computed_at: str


class Trait(TypedDict):
    """What is said of somebody: the newest of all sources. guessed: read off what they do instead of stated."""
    name: str
    value: Any
    source: str
    said_at: str
    guessed: bool


class Event(TypedDict):
    """What happened. first: the event that it corrects or takes back; flag: what is odd about its time."""
    id: int
    kind: str
    source: str
    key: str
    customer: int
    occurred_at: str
    recorded_at: str
    order: str | None
    amount_minor: int | None
    currency: str | None
    discount_minor: int | None
    category: str | None
    region: str | None
    channel: str | None
    reason: str | None
    flag: str | None
    first: int | None
    body: Any


class History(TypedDict):
    """A life up to an instant, as the last picture has it."""
    customer: int
    as_of: str
    known_at: str | None
    read_at: str | None
    policy: str
    intervals: list[Interval]


class Interval(TypedDict):
    """A stretch of a life: from one instant up to but not including the other, null while it lasts."""
    stage: str
    detail: str | None
    begins: str
    ends: str | None


class StageCount(TypedDict):
    """How many stand there."""
    stage: str
    detail: str | None
    customers: int


class Stages(TypedDict):
    """Everybody by stage as of an instant; read_at: when the ledger was read for it."""
    as_of: str
    known_at: str | None
    read_at: str | None
    policy: str
    customers: int
    stages: list[StageCount]


class Placed(TypedDict):
    """Somebody in a stage."""
    stage: str
    detail: str | None
    customer: int
    since: str


class Flow(TypedDict):
    """How many stood in one stage at the start and in another, or the same, at the end; from null who arrived."""
    from_stage: str | None
    from_detail: str | None
    to_stage: str
    to_detail: str | None
    customers: int


class Flows(TypedDict):
    """Who moved between two days."""
    begins: str
    ends: str
    known_at: str | None
    policy: str
    flows: list[Flow]


class Foreseen(TypedDict):
    """What everybody is expected to order within `days`, with intervals of 90 %; value in minor units, null where
    no amount is known or there are several currencies. past: how the same fared, where the past is long enough."""
    as_of: str
    known_at: str | None
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


class ForeseenStage(TypedDict):
    """What is expected of those of one stage; value in minor units."""
    stage: str
    detail: str | None
    customers: int
    expected_buyers: float
    expected_orders: float
    expected_value: float | None


class PastTotal(TypedDict):
    """What was expected on a day of the past, with its interval of 90 %, and what came."""
    on: str
    n: int
    expected_orders: float
    low: float
    high: float
    orders: int


class ForeseenPerson(TypedDict):
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


class Received(TypedDict):
    """How many events were taken durably, of which those refused wait in quarantine."""
    received: int
    refused: list[RefusedEvent]


class RefusedEvent(TypedDict):
    """An event that waits in quarantine. place: which of the request's, from 0."""
    place: int
    code: str
    reason: str


class Quarantined(TypedDict):
    """An event that could not be put on the timeline, with what keeps it off."""
    id: int
    source: str
    received_at: str
    name: str | None
    code: str
    reason: str
    state: str
    said: str


class Retried(TypedDict):
    """How many were handed to the worker once more."""
    retried: int


class Policy(TypedDict):
    """A rule that was put in force."""
    number: int
    hash: str
    saved_at: str
    by: str | None
    note: str | None
    in_force: bool
    toml: str


class PolicyChange(TypedDict):
    """What another rule would change as of an instant."""
    as_of: str
    policy: str
    other: str
    customers: int
    changed: int
    moves: list[PolicyMove]


class PolicyMove(TypedDict):
    """How many would stand elsewhere."""
    from_stage: str
    from_detail: str | None
    to_stage: str
    to_detail: str | None
    customers: int


class Source(TypedDict):
    """Where facts come from. dialect: null where only files are imported."""
    id: int
    name: str
    dialect: str | None
    made_at: str | None
    waiting: int
    keys: list[SourceKey]


class SourceKey(TypedDict):
    """A key of a source. hint: its last letters."""
    id: int
    hint: str
    made_at: str
    revoked_at: str | None


class NewSourceKey(TypedDict):
    """A key just made. secret: shown this once."""
    id: int
    hint: str
    made_at: str
    revoked_at: str | None
    secret: str | None


class ImportRun(TypedDict):
    """One import of a file."""
    id: int
    format: str
    file: str
    source: str
    state: str
    began_at: str
    ended_at: str | None
    by: str | None
    counts: dict[str, Any]


class Webhook(TypedDict):
    """An address that is told. waiting: messages that it is still to be told; given_up: those that were given
    up."""
    id: int
    url: str
    kinds: list[str]
    note: str | None
    made_at: str
    turned_at: str
    ended_at: str | None
    by: str | None
    waiting: int
    given_up: int


class NewWebhook(TypedDict):
    """An address that is told from now on, or has another secret. secret: whsec_…, what its messages are signed
    with as Standard Webhooks says; shown this once."""
    id: int
    url: str
    kinds: list[str]
    note: str | None
    made_at: str
    turned_at: str
    ended_at: str | None
    by: str | None
    waiting: int
    given_up: int
    secret: str | None


class Message(TypedDict):
    """What one address is told. state: due, delivered or given_up; due_at: of the next try; said: what was answered
    last."""
    id: int
    uid: str
    kind: str
    made_at: str
    state: str
    due_at: str | None
    attempts: int
    tried_at: str | None
    status: int | None
    said: str | None
    body: Any


class NewEvent(TypedDict):
    """An event as it is sent: its own key, what happened, and whose it is."""
    key: str
    kind: str
    name: NotRequired[str | None]
    customer: NotRequired[str | None]
    email: NotRequired[str | None]
    anonymous: NotRequired[str | None]
    account: NotRequired[str | None]
    at: NotRequired[str | float | None]
    order: NotRequired[str | None]
    amount_minor: NotRequired[int | None]
    currency: NotRequired[str | None]
    discount_minor: NotRequired[int | None]
    category: NotRequired[str | None]
    region: NotRequired[str | None]
    channel: NotRequired[str | None]
    reason: NotRequired[str | None]
    traits: NotRequired[dict[str, Any] | None]
    properties: NotRequired[dict[str, Any] | None]
