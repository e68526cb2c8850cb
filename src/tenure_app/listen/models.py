"""What was received and is not on the timeline yet, what could not be put there, what it asks for, and who may send."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenure_app.ledger.models import Event, Person, Source

__all__ = ["Opportunity", "OtherKey", "Quarantined", "Received", "SourceKey", "SpoolMark", "Touched"]


class SourceKey(models.Model):
    """A key that a sender shows; only its hash is kept. Several may hold at once, so that one can be changed for
    another without a gap."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="keys")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    """Its last letters, by which people tell keys apart."""
    made_at = models.BigIntegerField()
    revoked_at = models.BigIntegerField(null=True)
    by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"…{self.hint}"


class Received(models.Model):
    """A request as it came, until the worker has put what it says on the timeline, in the order of its numbers.

    Of PostgreSQL alone: beside a ledger of SQLite requests wait in a file of their own (listen.spool).
    """

    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    call = models.CharField(max_length=300)
    """What was asked, in the words of the source's dialect."""
    received_at = models.BigIntegerField()
    events = models.IntegerField()
    body = models.BinaryField()

    class Meta:
        verbose_name_plural = "received"

    def __str__(self) -> str:
        return f"request {self.pk}"


class SpoolMark(models.Model):
    """One row, number 1: up to which of the requests beside a ledger of SQLite everything is on the timeline."""

    upto = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.upto)


class Quarantined(models.Model):
    """An event that could not be put on the timeline, as it was sent, with what keeps it off."""

    WAITING, RETRIED, DROPPED = "waiting", "retried", "dropped"

    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    received_at = models.BigIntegerField()
    call = models.CharField(max_length=300)
    code = models.CharField(max_length=40)
    reason = models.TextField()
    name = models.CharField(max_length=200, blank=True)
    """The event's own name, or its call's."""
    said = models.TextField()
    """The event as JSON, or the text that could not be read."""
    digest = models.CharField(max_length=32, db_default="")
    """The keyed hash of what is wrong and what was said: sent again after an answer that got lost, it is known."""
    state = models.CharField(max_length=10, default=WAITING, db_default=WAITING)
    ended_at = models.BigIntegerField(null=True)

    class Meta:
        verbose_name_plural = "quarantined"
        indexes: ClassVar = [
            models.Index(fields=["source", "id"], condition=Q(state="waiting"), name="quarantined_of_a_source"),
            models.Index(fields=["source", "digest"], name="quarantined_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"


class OtherKey(models.Model):
    """A message's id whose fact has another key on the timeline: an order is known by its own number."""

    source = models.ForeignKey(Source, models.PROTECT, db_index=False)
    key = models.TextField()
    event = models.ForeignKey(Event, models.PROTECT, db_index=False)
    fact_hash = models.BinaryField(max_length=16)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "key"], name="one_fact_by_message")]

    def __str__(self) -> str:
        return self.key


class Touched(models.Model):
    """Something happened to them that their standing does not know of yet; written with what happened."""

    person = models.OneToOneField(Person, models.PROTECT, primary_key=True, related_name="+")
    since_at = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "touched"

    def __str__(self) -> str:
        return str(self.person_id)


class Opportunity(models.Model):
    """The way to somebody's next purchase: opens in the transaction of an order and ends with the next one.

    `cycle`: the how-manieth purchase it leads to. An order taken back ends the one it opened and opens the one before
    again.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="opportunities")
    cycle = models.IntegerField()
    opened_at = models.BigIntegerField()
    opened_by = models.ForeignKey(Event, models.PROTECT, null=True, db_index=False, related_name="+")
    ended_at = models.BigIntegerField(null=True)
    ended_by = models.ForeignKey(Event, models.PROTECT, null=True, db_index=False, related_name="+")
    expected_at = models.BigIntegerField(null=True)
    product = models.TextField(blank=True, db_default="")
    """What was bought most by those who bought the same before; empty: not known."""
    product_n = models.IntegerField(null=True)

    class Meta:
        verbose_name_plural = "opportunities"
        indexes: ClassVar = [
            models.Index(fields=["opened_at"], condition=Q(ended_at=None), name="open_opportunities"),
        ]

    def __str__(self) -> str:
        return f"cycle {self.cycle} of {self.person_id}"
