"""`tenure source`: who may send events, with which key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tenure.cli.screen import say, visible
from tenure.errors import InvalidInput
from tenure.periods import format_instant
from tenure_app import clock
from tenure_app.cli.secrets import first_line
from tenure_app.ledger.models import Source
from tenure_app.listen.keys import keep_secret, make_key, make_source, revoke_key, set_rules
from tenure_app.listen.models import SourceKey
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse

__all__ = ["source"]

_BY = "the command line"


def source(asked: argparse.Namespace) -> None:
    """Make or change a source, and say what it is; without a name, say which there are."""
    if asked.name is None:
        for one in Source.objects.exclude(name="tenure").order_by("name"):
            say(f"{_told(one)}\n")
        return
    found = Source.objects.filter(name=asked.name).first()
    if asked.speaks:
        found = make_source(asked.name, asked.speaks, now=clock.now())
    if found is None:
        raise Refused("no_such_source", f"there is no source {asked.name!r}; make it with --speaks DIALECT")
    if asked.currency is not None or asked.kind:
        before = found.rules or {}
        kinds = {**(before.get("kinds") or {}), **dict(_kind(one) for one in asked.kind)}
        set_rules(found, kinds=kinds, currency=asked.currency or before.get("currency"))
    if asked.secret_file:
        keep_secret(found, first_line(Path(asked.secret_file), "secret"))
    if asked.revoke:
        _revoke(found, asked.revoke)
    secret = make_key(found, by=_BY, now=clock.now())[1] if asked.key else ""
    say(f"{_told(found)}\n")
    if secret:
        say(f"its new key, shown this once: {secret}\n")


def _told(one: Source) -> str:
    if not one.dialect:
        return f"{visible(one.name)}: files only"
    rows = SourceKey.objects.filter(source=one)
    keys = [
        f"…{key.hint} of {format_instant(key.made_at)[:10]}" + (", revoked" if key.revoked_at is not None else "")
        for key in rows
    ]
    signed = "its signing secret is known" if one.secret else ""
    return f"{visible(one.name)}: speaks {one.dialect}; " + ("; ".join(keys) or signed or "no key yet")


def _kind(text: str) -> tuple[str, str]:
    name, equals, kind = text.rpartition("=")
    if not equals or not name.strip():
        raise InvalidInput(f"--kind {text}: write NAME=KIND, as in 'Trial begun=customer.created'")
    return name.strip().lower(), kind.strip()


def _revoke(found: Source, letters: str) -> None:
    keys = [key for key in SourceKey.objects.filter(source=found, revoked_at=None) if key.hint.endswith(letters)]
    if len(keys) != 1:
        what = "no key in use" if not keys else f"{len(keys)} keys"
        raise Refused("no_such_key", f"nothing was revoked: {what} of {found.name} ends with {letters!r}")
    revoke_key(keys[0], now=clock.now())
