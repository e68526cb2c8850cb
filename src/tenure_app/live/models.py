"""Where everybody stands now, and what is to be told outside."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tenure_app.ledger.models import Person

__all__ = ["Hook", "HookAttempt", "HookMessage", "Standing"]


class Standing(models.Model):
    """Where somebody stands, as computed from their events at `computed_at` by a policy: a copy, never the truth.

    Holds until `next_at`, when silence alone moves them (null: it will not), or until something happens.
    """

    person = models.OneToOneField(Person, models.PROTECT, primary_key=True, related_name="standing")
    code = models.SmallIntegerField()
    """Place in tenure.lifecycle.trace.STAGES."""
    since_at = models.BigIntegerField()
    next_at = models.BigIntegerField(null=True)
    orders = models.IntegerField()
    occasions = models.IntegerField()
    first_order_at = models.BigIntegerField(null=True)
    last_order_at = models.BigIntegerField(null=True)
    expected_at = models.BigIntegerField(null=True)
    overdue_at = models.BigIntegerField(null=True)
    long_overdue_at = models.BigIntegerField(null=True)
    inactive_at = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=40, blank=True, db_default="")
    policy = models.CharField(max_length=64)
    computed_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="standing_until"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} since {self.since_at}"


class Hook(models.Model):
    """An address outside that is told what happened, signed as Standard Webhooks says."""

    url = models.TextField()
    kinds = models.JSONField(default=list)
    """Which kinds of events it is told."""
    note = models.CharField(max_length=200, blank=True)
    turn = models.IntegerField(default=1)
    """Which of its secrets is in use; the one before it signs along for a day."""
    turned_at = models.BigIntegerField()
    made_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    by = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return f"hook {self.pk}"


class HookMessage(models.Model):
    """What one hook is to be told: due, leased while somebody tells it, until it is delivered or given up."""

    DUE, DELIVERED, GIVEN_UP = "due", "delivered", "given_up"

    hook = models.ForeignKey(Hook, models.PROTECT, related_name="messages")
    uid = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    body = models.TextField()
    made_at = models.BigIntegerField()
    state = models.CharField(max_length=10, default=DUE, db_default=DUE)
    due_at = models.BigIntegerField(null=True)
    leased_until = models.BigIntegerField(null=True)
    attempts = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["hook", "uid"], name="told_once")]
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(state="due"), name="messages_due")]

    def __str__(self) -> str:
        return self.uid


class HookAttempt(models.Model):
    """One attempt to tell: when, how long it took, and what was answered."""

    message = models.ForeignKey(HookMessage, models.CASCADE, related_name="log")
    at = models.BigIntegerField()
    took_us = models.BigIntegerField()
    status = models.IntegerField(null=True)
    said = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.status or 'no answer'} at {self.at}"
