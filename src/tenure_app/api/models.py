"""Who may ask over the API, and what was answered to requests that must not be carried out twice."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

__all__ = ["ApiKey", "KeptAnswer"]


class ApiKey(models.Model):
    """A program's key: only its hash is kept. `scopes`: what it may do, as tenure_app.roles names it."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    scopes = models.JSONField(default=list)
    made_at = models.BigIntegerField()
    revoked_at = models.BigIntegerField(null=True)
    by = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class KeptAnswer(models.Model):
    """What was answered to a request with an idempotency key: asked again, it is answered the same."""

    key = models.ForeignKey(ApiKey, models.CASCADE, db_index=False)
    word = models.CharField(max_length=255)
    asked = models.CharField(max_length=64)
    """A hash of what was asked: the same word for something else is refused."""
    status = models.IntegerField(null=True)
    body = models.TextField(blank=True)
    at = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "word"], name="one_answer_by_word")]

    def __str__(self) -> str:
        return self.word
