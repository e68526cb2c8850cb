"""Who may send: sources, their keys, of which only hashes are kept, and what their webhooks are signed with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from tenure.errors import InvalidInput
from tenure.events import KINDS
from tenure.money import exponent
from tenure_app.dialects.hooks import SERVICES
from tenure_app.dialects.reading import DIALECTS
from tenure_app.dialects.said import Rules
from tenure_app.ledger.models import Shop, Source
from tenure_app.listen.models import SourceKey
from tenure_app.refused import Refused

__all__ = [
    "SIGNED", "digest_of", "keep_secret", "make_key", "make_source", "revoke_key", "rules_of", "secret_of", "set_rules",
]  # fmt: skip

SIGNED: Final = SERVICES
"""Those that show a signature instead of a key."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
_HINT: Final = 4


def make_source(name: str, dialect: str, *, now: int) -> Source:
    """A source that sends by itself; one that had only imports so far may become one, and keeps its customers' ids.

    Refused for a name that is no word or speaks already, and for an unknown dialect.
    """
    if not _NAME.fullmatch(name):
        raise Refused(
            "bad_name",
            f"no source was made: {name!r} is no name for one; small letters, digits, dots and dashes, at most 60",
        )
    if name == "tenure":
        raise Refused("bad_name", "no source was made: 'tenure' is the name of what Tenure itself writes")
    if dialect not in DIALECTS:
        raise Refused("bad_dialect", f"no source was made: {dialect!r} is none of {', '.join(DIALECTS)}")
    with transaction.atomic():
        found, _ = Source.objects.get_or_create(name=name)
        if found.dialect:
            raise Refused("source_exists", f"no source was made: {name} is there already and speaks {found.dialect}")
        found.dialect, found.made_at = dialect, now
        found.save(update_fields=["dialect", "made_at"])
    return found


def make_key(source: Source, *, by: str, now: int) -> tuple[SourceKey, str]:
    """A new key of a source and its secret, which is shown this once. Refused for one whose requests are signed,
    and for what is sent with a key of the API."""
    if not source.dialect:
        raise Refused("imports_only", f"no key was made: {source.name} is of files; give it a dialect first")
    if source.dialect in SIGNED:
        raise Refused("signed", f"no key was made: {source.name} signs what it sends; give its signing secret instead")
    if source.dialect == "tenure":
        why = f"{source.name} is sent to with a key of the API; make one: tenure key add NAME --scope events"
        raise Refused("by_api", f"no key was made: {why}")
    secret = _drawn()
    made = SourceKey.objects.create(
        source=source, digest=digest_of(secret), hint=secret[-_HINT:], made_at=now, by=by[:150]
    )
    return made, secret


def _drawn() -> str:
    """A secret whose last letters may be said to a command: with a dash before them they would be an option."""
    while (secret := f"wk_{secrets.token_urlsafe(24)}")[-_HINT] == "-":
        pass
    return secret


def revoke_key(key: SourceKey, *, now: int) -> None:
    """From now on (within seconds, in every process) nobody gets in with it. Nothing for one revoked already."""
    SourceKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    key.refresh_from_db()


def digest_of(secret: str) -> str:
    """What is kept of a key. It is long and drawn by chance, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def keep_secret(source: Source, secret: str) -> None:
    """Keep what a source signs its requests with, encrypted. Refused for a source that does not sign."""
    if source.dialect not in SIGNED:
        why = f"{source.name} shows a key; make one with: tenure source {source.name} --key"
        raise Refused("not_signed", f"nothing was kept: {why}")
    if not secret.strip():
        raise Refused("no_secret", "nothing was kept: the signing secret is empty")
    source.secret = _box().encrypt(secret.strip().encode()).decode()
    source.save(update_fields=["secret"])


def secret_of(source: Source) -> str:
    """What a source signs with. Refused where nobody has said, or it was encrypted under another TENURE_HASH_KEY."""
    if not source.secret:
        raise Refused("no_secret", f"{source.name} has no signing secret yet")
    try:
        return _box().decrypt(source.secret.encode()).decode()
    except InvalidToken:
        raise Refused("no_secret", f"the signing secret of {source.name} cannot be read; give it again") from None


def _box() -> Fernet:
    """Under a key that follows from the ledger's own, which is kept with the backups."""
    key = hmac.digest(settings.TENURE_HASH_KEY.encode(), b"secrets of sources", "sha256")
    return Fernet(base64.urlsafe_b64encode(key))


def set_rules(source: Source, *, kinds: dict[str, str], currency: str | None) -> None:
    """What a source's own names of events mean to us, and the currency of its amounts that name none.

    Refused for a kind that is not in the glossary and for no currency.
    """
    for name, kind in kinds.items():
        if kind and kind not in KINDS:
            raise Refused("bad_kind", f"nothing was saved: {name!r} cannot be {kind!r}, which is no kind of event")
    if currency:
        try:
            exponent(currency)
        except InvalidInput as wrong:
            raise Refused("bad_currency", f"nothing was saved: {wrong}") from None
    source.rules = {"kinds": {name.strip().lower(): kind for name, kind in kinds.items()}, "currency": currency or None}
    source.save(update_fields=["rules"])


def rules_of(source: Source, shop: Shop) -> Rules:
    """How what a source sends is read; what it does not say is the shop's."""
    said: dict[str, Any] = source.rules or {}
    return Rules(said.get("kinds") or {}, said.get("currency") or shop.currency or None, shop.zone)
