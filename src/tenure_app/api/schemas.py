"""What the API takes and gives, as types. Instants are RFC 3339 in UTC, money is minor units with its currency, what is
not known is null."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema

from tenure.periods import format_instant

__all__ = [
    "MOST", "Account", "Customer", "CustomerPage", "Event", "EventPage", "Identity", "ImportPage", "ImportRun",
    "Instant", "Message", "MessagePage", "NewHook", "NewPolicy", "NewSource", "NewSourceKey", "NewWebhook",
    "Policy", "PolicyChange", "PolicyMove", "PolicyPage", "Quarantined", "QuarantinedPage", "Received",
    "RefusedEvent", "Retried", "Source", "SourceKey", "SourcePage", "Stage", "Standing", "Text", "Trait", "Webhook",
    "WebhookPage", "Written",
]  # fmt: skip

MOST: int = 9_000_000_000_000_000
"""The largest number that an address may hold: what every reader of JSON can count to."""


def _said(instant: int) -> str:
    return format_instant(instant)


Instant = Annotated[
    int, PlainSerializer(_said, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]  # fmt: skip
"""Microseconds inside, RFC 3339 outside."""


def _plain(text: str) -> str:
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("a text holds a NUL or half a character, which no database keeps")
    return text


Text = Annotated[str, AfterValidator(_plain)]
"""A text that every database keeps."""


class Stage(Schema):
    """Where somebody stands: the stage, and its detail where it has one."""

    stage: str
    detail: str | None


class Standing(Stage):
    """Where somebody stands now. next_change_at: when silence alone moves them on, null where it will not."""

    since: Instant
    next_change_at: Instant | None
    reason: str | None
    orders: int
    occasions: int
    cycle: int
    first_order_at: Instant | None
    last_order_at: Instant | None
    expected_at: Instant | None
    overdue_at: Instant | None
    long_overdue_at: Instant | None
    inactive_at: Instant | None
    policy: str
    computed_at: Instant


class Identity(Schema):
    """What somebody is known by. source: where it holds, null for what holds everywhere."""

    kind: str
    value: str
    source: str | None
    recorded_at: Instant


class Trait(Schema):
    """What is said of somebody: the newest of all sources. guessed: read off what they do instead of stated."""

    name: str
    value: Any
    source: str
    said_at: Instant
    guessed: bool


class Account(Schema):
    """A company, a household, a team that somebody belongs to."""

    id: int
    source: str
    key: str
    name: str | None
    began_at: Instant


class Customer(Schema):
    """Somebody. standing: null until they were judged; merged: numbers that are taken for theirs."""

    id: int
    recorded_at: Instant
    identities: list[Identity]
    traits: list[Trait]
    accounts: list[Account]
    standing: Standing | None
    merged: list[int]
    because: str | None
    """Why they stand there, as of the last picture; null unless asked for with `because=true`."""


class CustomerPage(Schema):
    """Some of the customers asked for, by number. next: the cursor of what follows, null at the end."""

    items: list[Customer]
    next: str | None


class Event(Schema):
    """What happened. first: the event that it corrects or takes back; flag: what is odd about its time."""

    id: int
    kind: str
    source: str
    key: str
    customer: int
    occurred_at: Instant
    recorded_at: Instant
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


class EventPage(Schema):
    """Some of somebody's events, the newest first."""

    items: list[Event]
    next: str | None


class RefusedEvent(Schema):
    """An event that waits in quarantine. place: which of the request's, from 0."""

    place: int
    code: str
    reason: str


class Received(Schema):
    """How many events were taken durably, of which those refused wait in quarantine."""

    received: int
    refused: list[RefusedEvent]


class Policy(Schema):
    """A rule that was put in force."""

    number: int
    hash: str
    saved_at: Instant
    by: str | None
    note: str | None
    in_force: bool
    toml: str


class PolicyPage(Schema):
    """Some of the rules that were in force, the newest first."""

    items: list[Policy]
    next: str | None


class NewPolicy(Schema):
    """A rule as its TOML file, and why."""

    toml: Annotated[Text, Field(max_length=200_000)]
    note: Annotated[Text, Field(max_length=300)] = ""


class Written(Schema):
    """A rule as its TOML file."""

    toml: Annotated[Text, Field(max_length=200_000)]


class PolicyMove(Schema):
    """How many would stand elsewhere."""

    from_stage: str
    from_detail: str | None
    to_stage: str
    to_detail: str | None
    customers: int


class PolicyChange(Schema):
    """What another rule would change as of an instant."""

    as_of: Instant
    policy: str
    other: str
    customers: int
    changed: int
    moves: list[PolicyMove]


class NewHook(Schema):
    """An address that is to be told of some kinds of events."""

    url: Annotated[Text, Field(max_length=2_000)]
    kinds: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(min_length=1, max_length=10)]
    note: Annotated[Text, Field(max_length=200)] = ""


class Webhook(Schema):
    """An address that is told. waiting: messages that it is still to be told; given_up: those that were given up."""

    id: int
    url: str
    kinds: list[str]
    note: str | None
    made_at: Instant
    turned_at: Instant
    ended_at: Instant | None
    by: str | None
    waiting: int
    given_up: int


class NewWebhook(Webhook):
    """An address that is told from now on, or has another secret. secret: whsec_…, what its messages are signed with as
    Standard Webhooks says; shown this once."""

    secret: str | None


class WebhookPage(Schema):
    """Some of the webhooks, by number."""

    items: list[Webhook]
    next: str | None


class Message(Schema):
    """What one address is told. state: due, delivered or given_up; due_at: of the next try; said: what was answered
    last."""

    id: int
    uid: str
    kind: str
    made_at: Instant
    state: str
    due_at: Instant | None
    attempts: int
    tried_at: Instant | None
    status: int | None
    said: str | None
    body: Any


class MessagePage(Schema):
    """Some of what one address was and is to be told, the newest first."""

    items: list[Message]
    next: str | None


class NewSource(Schema):
    """A source that sends by itself, and how what it sends is read."""

    name: Annotated[Text, Field(max_length=60)]
    dialect: Annotated[Text, Field(max_length=20)]


class SourceKey(Schema):
    """A key of a source. hint: its last letters."""

    id: int
    hint: str
    made_at: Instant
    revoked_at: Instant | None


class NewSourceKey(SourceKey):
    """A key just made. secret: shown this once."""

    secret: str | None


class Source(Schema):
    """Where facts come from. dialect: null where only files are imported."""

    id: int
    name: str
    dialect: str | None
    made_at: Instant | None
    waiting: int
    """Events of it that wait in quarantine."""
    keys: list[SourceKey]


class SourcePage(Schema):
    """Some of the sources, by number."""

    items: list[Source]
    next: str | None


class Quarantined(Schema):
    """An event that could not be put on the timeline, with what keeps it off."""

    id: int
    source: str
    received_at: Instant
    name: str | None
    code: str
    reason: str
    state: str
    said: str


class QuarantinedPage(Schema):
    """Some of what waits in quarantine, the newest first."""

    items: list[Quarantined]
    next: str | None


class Retried(Schema):
    """How many were handed to the worker once more."""

    retried: int


class ImportRun(Schema):
    """One import of a file."""

    id: int
    format: str
    file: str
    source: str
    state: str
    began_at: Instant
    ended_at: Instant | None
    by: str | None
    counts: dict[str, Any]


class ImportPage(Schema):
    """Some of the imports, the newest first."""

    items: list[ImportRun]
    next: str | None
