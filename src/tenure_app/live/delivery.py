"""What is due outside is told: leased, signed, asked of the address, and tried again later where nobody took it."""

from __future__ import annotations

import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from standardwebhooks import Webhook

from tenure_app.live.hooks import end_hook, secrets_of
from tenure_app.live.models import Hook, HookAttempt, HookMessage
from tenure_app.live.outside import Answer, place_of, post
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AGAIN", "Delivery", "headers_of"]

AGAIN: Final = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
"""Seconds after each try that failed; after the last of them it is given up."""
_AT_ONCE: Final = 4
"""Messages to one address at the same time."""
_WORKERS: Final = 12
_LEASE_US: Final = 60_000_000
_REST: Final = 60.0
"""Seconds at most for which an address that does not answer is left alone, whatever is due."""
_GONE: Final = 410


@dataclass(slots=True)
class _Hook:
    """Of an address: how many are being told now, and until when (monotonic) it rests after how many failures."""

    telling: int = 0
    failures: int = 0
    rests_until: float = 0.0


class Delivery:
    """Tells what is due. The database is spoken to by whoever calls; the network by threads that know nothing else."""

    def __init__(self, now: Callable[[], int]) -> None:
        """now: a clock that runs, for receivers look at ours."""
        self._now = now
        self._threads: ThreadPoolExecutor | None = None
        self._telling: dict[Future[Answer], HookMessage] = {}
        self._hooks: dict[int, _Hook] = {}

    def turn(self, *, wait_for: float = 0.0) -> bool:
        """Write down what was answered, and begin to tell what is due; whether there was any of it.

        wait_for: seconds for which an answer is waited for at most, where some are under way.
        """
        if self._telling and wait_for:
            wait(self._telling, timeout=wait_for, return_when=FIRST_COMPLETED)
        answered = [future for future in self._telling if future.done()]
        for future in answered:
            self._answered(self._telling.pop(future), future.result())
        return self._begin() > 0 or bool(answered)

    @property
    def under_way(self) -> int:
        """How many are being told now."""
        return len(self._telling)

    def end(self) -> None:
        """Wait for nobody: who is being told is told again when their lease has ended."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        self._telling.clear()

    def _begin(self) -> int:
        now, begun = self._now(), 0
        due = Q(state=HookMessage.DUE, due_at__lte=now) & (Q(leased_until=None) | Q(leased_until__lt=now))
        # asked first, for to lease takes the only writer's lock of SQLite
        any_due = HookMessage.objects.filter(due, hook__ended_at=None).exists()
        for hook in Hook.objects.filter(ended_at=None) if any_due else ():
            mine = self._hooks.setdefault(hook.pk, _Hook())
            room = min(_AT_ONCE - mine.telling, _WORKERS - len(self._telling))
            if mine.failures:
                room = min(room, 1 - mine.telling)
            if room <= 0 or time.monotonic() < mine.rests_until:
                continue
            for message in _leased(hook, due, room, now):
                mine.telling += 1
                begun += 1
                self._tell(hook, message, now)
        return begun

    def _tell(self, hook: Hook, message: HookMessage, now: int) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="hooks")
        body, headers = message.body.encode(), headers_of(hook, message, now=now)
        self._telling[self._threads.submit(_told, hook.url, body, headers, settings.TENURE_HOOKS_PRIVATE)] = message

    def _answered(self, message: HookMessage, answer: Answer) -> None:
        now, mine = self._now(), self._hooks[message.hook_id]
        mine.telling -= 1
        taken = answer.status is not None and 200 <= answer.status < 300
        mine.failures = 0 if taken else mine.failures + 1
        mine.rests_until = 0.0 if taken else time.monotonic() + min(_REST, 0.5 * 2 ** min(mine.failures, 8))
        attempts, told = message.attempts + 1, HookMessage.objects.filter(pk=message.pk)
        with transaction.atomic():
            HookAttempt.objects.create(
                message=message, at=now, took_us=answer.took_us, status=answer.status, said=answer.said
            )
            if answer.status == _GONE:
                end_hook(message.hook, now=now)
            if taken:
                told.update(state=HookMessage.DELIVERED, due_at=None, leased_until=None, attempts=attempts)
                return
            # its address may have ended while it was told: what was given up then stays so
            told.update(attempts=attempts)
            told.filter(state=HookMessage.DUE, hook__in=Hook.objects.filter(ended_at=None)).update(
                **_failed(attempts, now), leased_until=None
            )


def _failed(attempts: int, now: int) -> dict[str, Any]:
    """What becomes of a message that nobody took, after so many tries."""
    if attempts > len(AGAIN):
        return {"state": HookMessage.GIVEN_UP, "due_at": None}
    return {"due_at": now + int(AGAIN[attempts - 1] * random.uniform(0.9, 1.2) * 1_000_000)}


def headers_of(hook: Hook, message: HookMessage, *, now: int) -> dict[str, str]:
    """What Standard Webhooks asks for: id, time and signatures, one for each secret in use."""
    moment = datetime.fromtimestamp(now // 1_000_000, UTC)
    uid = f"msg_{hook.pk}_{message.uid}"
    signed = [Webhook(secret).sign(uid, moment, message.body) for secret in secrets_of(hook, now=now)]
    return {
        "Content-Type": "application/json", "User-Agent": "Tenure", "webhook-id": uid,
        "webhook-timestamp": str(now // 1_000_000), "webhook-signature": " ".join(signed),
    }  # fmt: skip


def _told(url: str, body: bytes, headers: dict[str, str], private_too: bool) -> Answer:
    try:
        return post(place_of(url, private_too=private_too), body, headers, private_too=private_too)
    except Refused as refused:  # what was allowed when it was made is not any more
        return Answer(None, str(refused)[:200], 0)


def _leased(hook: Hook, due: Q, most: int, now: int) -> list[HookMessage]:
    """Some that are due and that nobody else is telling, ours for a while."""
    with transaction.atomic():
        rows = HookMessage.objects.filter(due, hook=hook).order_by("due_at")
        found = list(rows.select_for_update(skip_locked=True)[:most])
        HookMessage.objects.filter(pk__in=[one.pk for one in found]).update(leased_until=now + _LEASE_US)
    return found
