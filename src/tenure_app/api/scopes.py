"""What a key may be allowed, and keys themselves: made, shown once, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from tenure_app.api.models import ApiKey
from tenure_app.refused import Refused
from tenure_app.roles import Permission

__all__ = ["PERMISSIONS", "Scope", "digest_of", "make_key", "revoke_key"]

_PREFIX: Final = "tk_"
_HINT: Final = 4


class Scope(StrEnum):
    """What a key may be allowed."""

    SEE = "see"
    """Pictures, people, their names, what happened to them."""
    EVENTS = "events"
    """Say what happened."""
    IMPORT = "import"
    """Imports, and what could not be put on the timeline."""
    POLICY = "policy"
    """Try another rule, and put it in force."""
    SETTINGS = "settings"
    """Sources and their keys, webhooks."""


PERMISSIONS: Final = {
    Scope.SEE: Permission.SEE, Scope.EVENTS: Permission.IMPORT, Scope.IMPORT: Permission.IMPORT,
    Scope.POLICY: Permission.POLICY, Scope.SETTINGS: Permission.SETTINGS,
}  # fmt: skip
"""What somebody who is signed in needs for the same."""


def make_key(name: str, scopes: Iterable[str], *, by: str, now: int) -> tuple[ApiKey, str]:
    """A new key, and its secret, which is shown this once. Refused without a name, without a scope or with an unknown
    one."""
    asked = list(dict.fromkeys(scopes))
    unknown = [scope for scope in asked if scope not in set(Scope)]
    if unknown or not asked:
        known = ", ".join(Scope)
        raise Refused("bad_scope", f"no key was made: {', '.join(unknown) or 'none'} is no scope; there are {known}")
    if not name.strip() or len(name) > 100 or "\0" in name:
        raise Refused("bad_name", "no key was made: it needs a name of at most 100 characters, which says who asks")
    secret = _drawn()
    made = ApiKey.objects.create(
        name=name.strip(), digest=digest_of(secret), hint=secret[-_HINT:], scopes=asked, made_at=now, by=by[:150]
    )
    return made, secret


def _drawn() -> str:
    """A secret whose last letters may be said to a command: with a dash before them they would be an option."""
    while (secret := _PREFIX + secrets.token_urlsafe(24))[-_HINT] == "-":
        pass
    return secret


def revoke_key(key: ApiKey, *, now: int) -> None:
    """Nobody asks with it from now on. Nothing for one that was revoked already."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    key.refresh_from_db()


def digest_of(secret: str) -> str:
    """What is kept of a key. It is long and drawn by chance, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
