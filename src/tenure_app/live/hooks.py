"""Addresses outside that are told what happens: made, given another secret, ended; and what they are told once more."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction

from tenure_app.ledger.kinds import STAGE_CHANGED
from tenure_app.live.models import Hook, HookMessage
from tenure_app.live.outside import place_of
from tenure_app.live.telling import IMPORT_FINISHED
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TOLD", "end_hook", "make_hook", "redeliver", "secrets_of", "turn_secret"]

TOLD: Final = (STAGE_CHANGED, IMPORT_FINISHED)
"""Kinds of events that somebody outside may be told of."""
_DAY_US: Final = 86_400_000_000
_MOST: Final = 50
"""Addresses at a time: every move is written down once for each."""


def make_hook(url: str, kinds: Sequence[str], *, by: str, now: int, note: str = "") -> Hook:
    """An address that is told from now on. Refused for what is no address, leads into a private network, or is told
    nothing."""
    place_of(url, private_too=settings.TENURE_HOOKS_PRIVATE)
    strange = sorted(set(kinds) - set(TOLD))
    if strange or not kinds:
        told = f"{', '.join(strange)} is nothing that is told" if strange else "it is told nothing"
        raise Refused("bad_kind", f"the address was not taken: {told}; kinds are {', '.join(TOLD)}")
    with transaction.atomic():
        if Hook.objects.filter(ended_at=None).count() >= _MOST:
            raise Refused("many_hooks", f"the address was not taken: there are {_MOST} already; end one first")
        return Hook.objects.create(
            url=url, kinds=sorted(set(kinds)), note=note[:200], turned_at=now, made_at=now, by=by[:150]
        )


def end_hook(hook: Hook, *, now: int) -> None:
    """Tell it nothing any more; what it was still to be told is given up. Nothing for one that ended before."""
    with transaction.atomic():
        Hook.objects.filter(pk=hook.pk, ended_at=None).update(ended_at=now)
        HookMessage.objects.filter(hook=hook, state=HookMessage.DUE).update(
            state=HookMessage.GIVEN_UP, due_at=None, leased_until=None
        )
    hook.refresh_from_db()


def turn_secret(hook: Hook, *, now: int) -> str:
    """Another secret, which is returned; the one before signs along for a day. Refused for one that ended, and while an
    earlier one still signs along."""
    with transaction.atomic():
        found = Hook.objects.select_for_update().get(pk=hook.pk)
        if found.ended_at is not None:
            raise Refused("hook_ended", "no secret was made: this address is told nothing any more")
        if found.turn > 1 and now - found.turned_at < _DAY_US:
            raise Refused("turned_today", "no secret was made: the last change is less than a day old, and both sign")
        found.turn, found.turned_at = found.turn + 1, now
        found.save(update_fields=["turn", "turned_at"])
    hook.refresh_from_db()
    return secrets_of(hook, now=now)[0]


def secrets_of(hook: Hook, *, now: int) -> list[str]:
    """What its messages are signed with, the one in use first: as Standard Webhooks writes it, whsec_ and base64.

    Nobody keeps them: they follow from the ledger's own key, which is kept with the backups.
    """
    turns = [hook.turn]
    if hook.turn > 1 and now - hook.turned_at < _DAY_US:
        turns.append(hook.turn - 1)
    return [_secret(hook, turn) for turn in turns]


def _secret(hook: Hook, turn: int) -> str:
    said = f"webhook {hook.pk} of {hook.made_at}, secret {turn}"
    made = hmac.digest(settings.TENURE_HASH_KEY.encode(), said.encode(), "sha256")
    return f"whsec_{base64.b64encode(made).decode()}"


def redeliver(message: HookMessage, *, now: int) -> None:
    """Tell it once more, under the same id, from the first try on. Refused while it is due, and for an address that
    ended."""
    with transaction.atomic():
        found = HookMessage.objects.select_for_update().select_related("hook").get(pk=message.pk)
        if found.hook.ended_at is not None:
            raise Refused("hook_ended", "nothing is told: this address is told nothing any more")
        if found.state == HookMessage.DUE:
            raise Refused("still_due", "nothing was changed: it is still to be told")
        found.state, found.due_at, found.leased_until, found.attempts = HookMessage.DUE, now, None, 0
        found.save(update_fields=["state", "due_at", "leased_until", "attempts"])
    message.refresh_from_db()
