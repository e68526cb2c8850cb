"""The tables of the ledger, and what is read from them.

Instants (`_at`) are microseconds since 1970-01-01 UTC. An event holds kind, times, numbers, codes and the person it was
recorded for, and is never changed: the database refuses (`append_only`). Free or personal payload lies in `EventBody`,
names and addresses in `Identity`; both may be emptied without touching an event.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import Func, Q

__all__ = [
    "CORRECTED", "REVERSED", "Account", "Event", "EventBody", "FailedSignIn", "Identity", "ImportRun", "Membership",
    "Merge", "Person", "PolicyVersion", "Position", "RejectedRow", "Shop", "ShopQuerySet", "Source", "Trait",
    "TraitCode",
]  # fmt: skip

CORRECTED: Final = ("order.corrected", "fact.corrected")
"""Kinds of events that hold in the place of the one they name as `first`, and of every later version of it."""
REVERSED: Final = ("order.reversed", "fact.reversed")
"""Kinds of events that take back the one they name, and every later version of it."""


class Position(Func):
    """The transaction that writes a row, as a number (PostgreSQL): what the mirror reads below the oldest open one.

    0 on SQLite, where writers wait for each other and the event's own number is enough.
    """

    output_field: ClassVar[models.Field] = models.BigIntegerField()  # type: ignore[type-arg]
    template = "0"

    def as_postgresql(self, *_: object, **__: object) -> tuple[str, list[object]]:
        """PostgreSQL's own 64-bit number of the transaction, which never comes round again."""
        return "(pg_current_xact_id()::text::bigint)", []


class Source(models.Model):
    """Where facts come from; the namespace of their keys and of customers' ids."""

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    dialect = models.CharField(max_length=20, blank=True, db_default="")
    """How what it sends by itself is read (tenure_app.dialects); empty where only files are imported."""
    rules = models.JSONField(null=True)
    """What its own events mean to us, and the currency of amounts that name none (dialects.said.Rules)."""
    secret = models.TextField(blank=True, db_default="")
    """What its webhooks are signed with, encrypted (listen.keys)."""
    made_at = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """Somebody, as a number that means nothing elsewhere. Who they are is in `Identity`."""

    recorded_at = models.BigIntegerField()
    draw = models.BigIntegerField()
    """0 <= draw < 2147483647: who is drawn where a sample stands for all (tenure.lifecycle.population)."""
    root = models.BigIntegerField(null=True)
    """Whom they are taken for, in the end, by the merges in force; null: for themselves. Follows from `Merge`."""
    anonymous = models.BooleanField(default=False, db_default=False)
    """Only a visitor's device is known: nobody's customer until they are merged into somebody who is known."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["root"], condition=Q(root__isnull=False), name="persons_taken_for_another"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Merge(models.Model):
    """From `began_at` to `ended_at` the person is taken for the canonical one; events keep whose they were.

    The person stood for themselves when it began; the canonical one is whom they were found to be, who may be taken for
    another one in turn (`Person.root`). `why`: device, address, alias or by_hand; `by`: who asked for it, empty where
    an event did.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="merges")
    canonical = models.ForeignKey(Person, models.PROTECT, related_name="absorbed")
    began_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    why = models.CharField(max_length=20, db_default="")
    by = models.CharField(max_length=150, db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person"], condition=Q(ended_at=None), name="one_canonical_person"),
            models.CheckConstraint(condition=~Q(person=models.F("canonical")), name="nobody_is_merged_into_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} is {self.canonical_id}"


class Identity(models.Model):
    """A name, an address or an id of a person; may be deleted, as no event needs it.

    `match` is the normalised text by which people are found again, null for what identifies nobody (a name, a tag). A
    customer's id identifies within its source, an e-mail address or telephone number everywhere (source null).
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="identities")
    source = models.ForeignKey(Source, models.PROTECT, null=True, db_index=False)
    kind = models.CharField(max_length=20)
    value = models.TextField()
    match = models.TextField(null=True)
    recorded_at = models.BigIntegerField()
    folded = models.TextField(null=True)
    """What a search by its beginning looks at (intake.sql); null for what is not searched."""
    turned = models.TextField(null=True)
    """A name with its last word first; null for one of a single word."""

    class Meta:
        verbose_name_plural = "identities"
        indexes: ClassVar = [
            models.Index(
                fields=[name], name=f"identity_by_{name}", opclasses=["text_pattern_ops"],
                condition=Q(**{f"{name}__isnull": False}),
            )
            for name in ("folded", "turned")
        ] + [
            # said by one of them and found with another: who may be one person (merging.suggestions)
            models.Index(
                fields=["folded"], name="addresses_of_somebody_else",
                condition=Q(match__isnull=True, folded__isnull=False, kind__in=("email", "phone")),
            ),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "match", "source"], condition=Q(match__isnull=False, source__isnull=False),
                name="one_person_by_id",
            ),
            models.UniqueConstraint(
                fields=["kind", "match"], condition=Q(match__isnull=False, source__isnull=True),
                name="one_person_by_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}"


class Trait(models.Model):
    """What a source last said of a person under a name; the newest of all sources holds (`said_at`)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="traits", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    name = models.CharField(max_length=100)
    value = models.TextField()
    """As JSON."""
    said_at = models.BigIntegerField()
    guessed = models.BooleanField(db_default=False)
    """Read off what they do (a browser's language, a zone), where the others were stated."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "name", "source", "guessed"], name="one_trait_by_source"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.person_id}"


class TraitCode(models.Model):
    """The number that stands for a value of an allowed trait in the mirror, which holds no text of anybody."""

    name = models.CharField(max_length=100)
    value = models.TextField()
    """As JSON."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "value"], name="one_code_by_value")]

    def __str__(self) -> str:
        return f"code {self.pk} of {self.name}"


class Account(models.Model):
    """A company, a household, a team: what a source groups people by."""

    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    key = models.TextField()
    name = models.TextField(blank=True, db_default="")
    traits = models.TextField(db_default="{}")
    """As JSON, each name with [value, said_at]."""
    recorded_at = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "key"], name="one_account_by_key")]

    def __str__(self) -> str:
        return f"account {self.pk}"


class Membership(models.Model):
    """Somebody belongs to an account from `began_at` on, until `ended_at` where they left it."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="members")
    began_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "account"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.account_id}"


class ImportRun(models.Model):
    """One import of a file: what was asked, how far it is, what came of it."""

    RUNNING, STOPPED, DONE, UNDONE = "running", "stopped", "done", "undone"
    """A stopped run was killed or failed half-way: the same file again finishes it."""

    format = models.CharField(max_length=40)
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64)
    source = models.ForeignKey(Source, models.PROTECT)
    state = models.CharField(max_length=10, default=RUNNING)
    began_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    options = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    """Rows, facts, added, duplicates, corrected, people, rejected by code, left out by code, the span of days."""
    by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.file_name}"


class RejectedRow(models.Model):
    """A row that could not be used, kept as it stood in the file until somebody deletes it."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rejected")
    line = models.BigIntegerField()
    code = models.CharField(max_length=40)
    reason = models.TextField()
    row = models.TextField(null=True)

    class Meta:
        ordering: ClassVar = ["run", "line"]

    def __str__(self) -> str:
        return f"line {self.line}: {self.code}"


class Event(models.Model):
    """What happened, once and for all. A correction is a later event that names the first of its key.

    `occurred_at`: when in the world; `recorded_at`: when we learnt of it. (source, source_key) is unique for ever;
    `fact_hash` is the keyed hash of the fact, transport fields left out, by which a key is told to be the same again.
    """

    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    source_key = models.TextField()
    kind = models.CharField(max_length=40)
    person = models.ForeignKey(Person, models.PROTECT, db_index=False)
    occurred_at = models.BigIntegerField()
    recorded_at = models.BigIntegerField()
    run = models.ForeignKey(ImportRun, models.PROTECT, null=True, db_index=False)
    first = models.ForeignKey("self", models.PROTECT, null=True, db_index=False, related_name="later")
    order_key = models.TextField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, null=True)
    discount_minor = models.BigIntegerField(null=True)
    category = models.TextField(null=True)
    region = models.TextField(null=True)
    channel = models.TextField(null=True)
    reason = models.TextField(null=True)
    fact_hash = models.BinaryField(max_length=16)
    position = models.BigIntegerField(db_default=Position())
    flag = models.CharField(max_length=10, null=True)
    """What is odd about its time, which is kept all the same: a code of dialects.said.FLAGS."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "source_key"], name="one_event_by_key")]
        indexes: ClassVar = [
            models.Index(fields=["first"], condition=Q(first__isnull=False), name="later_versions"),
            models.Index(fields=["person"], name="events_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source_key}"


class EventBody(models.Model):
    """The free or personal payload of an event, as JSON; may be emptied."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="payload")
    body = models.TextField()

    class Meta:
        verbose_name_plural = "event bodies"

    def __str__(self) -> str:
        return f"payload of {self.event_id}"


class ShopQuerySet(models.QuerySet["Shop"]):
    """Reads of the one row."""

    def one(self) -> Shop:
        """The shop, with its standard settings where nobody has said any."""
        return self.filter(pk=1).first() or Shop(pk=1)


class Shop(models.Model):
    """What the shop says of itself; one row, number 1."""

    objects = ShopQuerySet.as_manager()

    name = models.CharField(max_length=100, default="The shop")
    zone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, blank=True)
    fiscal_year_month = models.PositiveSmallIntegerField(default=1)
    margin = models.FloatField(null=True)
    """What is left of an order's price after what the goods cost, a share of it; null: not known."""
    discount_rate = models.FloatField(default=0.1)
    """By how much a year money that comes later is worth less."""
    visits = models.CharField(max_length=20, default="unless_refused", db_default="unless_refused")
    """When visits from before somebody said who they are become theirs: ledger.identity.VISITS."""
    mirrored_traits = models.JSONField(null=True)
    """Names of the traits that segments may use; the mirror holds them as codes."""
    engagement = models.TextField(blank=True, default="", db_default="")
    """How far on prospects are, as TOML (tenure.lifecycle.engagement); empty: the usual rules."""
    hash_check = models.CharField(max_length=32, blank=True)
    """What the key of the payload hashes makes of nothing: told again before every import, so that no other key is
    used on this ledger."""

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="one_shop")]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """A policy that was saved; the last one is in force. Never changed."""

    hash = models.CharField(max_length=64)
    toml = models.TextField()
    saved_at = models.BigIntegerField()
    by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.hash} of {self.saved_at}"


class FailedSignIn(models.Model):
    """A sign-in that failed, kept for a quarter of an hour: by whom, as a keyed hash of a name or an address."""

    who = models.CharField(max_length=64)
    at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["who", "at"], name="failures_of_somebody")]

    def __str__(self) -> str:
        return f"{self.who[:8]} at {self.at}"
