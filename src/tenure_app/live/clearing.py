"""What nobody needs any more is cleared away: decided quarantine, messages that were told, answers kept for replays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from tenure_app.listen.models import Quarantined
from tenure_app.live.models import Hook, HookAttempt, HookMessage

if TYPE_CHECKING:
    from django.db.models import QuerySet

__all__ = ["CLEARED_US", "KEPT_US", "clear"]

CLEARED_US: Final = 90 * 86_400_000_000
"""So long what is done with can still be looked at."""
KEPT_US: Final = 48 * 3_600_000_000
"""For so long an answer is kept at least for whoever sends the same request again."""
_AT_ONCE: Final = 1_000


def clear(*, now: int) -> int:
    """Delete what ended long ago, at most 1,000 rows of each kind in a transaction each; how many rows. While it is not
    0 there may be more: so whoever works beside this is never held up for long.

    Events in quarantine that were dropped or tried again (their raw bodies with them), messages to webhooks that were
    delivered or given up, with their attempts, both after CLEARED_US; kept answers after KEPT_US.
    """
    ended = Quarantined.objects.exclude(state=Quarantined.WAITING).filter(ended_at__lt=now - CLEARED_US)
    # the floor of the API lies above this one
    kept = apps.get_model("tenure", "KeptAnswer").objects.filter(at__lt=now - KEPT_US)
    return sum(_cleared(rows) for rows in (ended, _told(now - CLEARED_US), kept))


def _told(before: int) -> QuerySet[HookMessage]:
    """Messages that nobody is to be told any more, last tried before an instant: an old one may have been told anew."""
    done = ~Q(state=HookMessage.DUE) | ~Q(hook__in=Hook.objects.filter(ended_at=None))
    tried_since = Exists(HookAttempt.objects.filter(message=OuterRef("pk"), at__gte=before))
    return HookMessage.objects.filter(done, ~tried_since, made_at__lt=before)


def _cleared(rows: QuerySet[Any]) -> int:
    model: Any = rows.model
    if not rows.exists():  # asked first, for to clear takes the only writer's lock of SQLite
        return 0
    with transaction.atomic():
        numbers = list(rows.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:_AT_ONCE])
        return int(model.objects.filter(pk__in=numbers).delete()[0]) if numbers else 0
