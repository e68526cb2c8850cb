"""`tenure key`: which programs may ask the API, and what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenure.cli.screen import say, show, table, visible
from tenure.errors import InvalidInput
from tenure.periods import format_instant
from tenure_app import clock
from tenure_app.api.models import ApiKey
from tenure_app.api.scopes import make_key, revoke_key
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse

__all__ = ["key"]

_BY: Final = "the command line"
_COLUMNS: Final = ("number", "name", "ends with", "may", "made at", "revoked at")


def key(asked: argparse.Namespace) -> None:
    """Make a key, list all, or revoke one."""
    if asked.act == "list":
        _list()
    elif not asked.name:
        raise InvalidInput(f"tenure key {asked.act} needs a name")
    elif asked.act == "add":
        made, secret = make_key(asked.name, asked.scope, by=_BY, now=clock.now())
        say(f"key {made.pk}, {visible(made.name)}: {', '.join(made.scopes)}; it is shown this once:\n{secret}\n")
    else:
        _revoke(asked.name)


def _list() -> None:
    rows = [
        (str(one.pk), visible(one.name), f"…{one.hint}", ", ".join(one.scopes), format_instant(one.made_at),
         "" if one.revoked_at is None else format_instant(one.revoked_at))
        for one in ApiKey.objects.order_by("pk")
    ]  # fmt: skip
    if not rows:
        say("there are no keys\n")
        return
    show(table(_COLUMNS, rows, plain=_COLUMNS))


def _revoke(said: str) -> None:
    found = list(ApiKey.objects.filter(hint=said, revoked_at=None))
    if len(found) != 1:
        why = "no key that holds" if not found else "more than one key"
        raise Refused("no_such_key", f"nothing was revoked: {why} ends with {said!r}")
    revoke_key(found[0], now=clock.now())
    say(f"{visible(found[0].name)}: nobody asks with it any more\n")
