"""`tenure doctor`: what is in order and what is not, one line each, with what helps."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max

from tenure.cli.screen import say, visible
from tenure.periods import format_instant
from tenure_app import clock
from tenure_app.insight.refresh import position_of
from tenure_app.ledger import append_only
from tenure_app.ledger.append_only import restored_elsewhere
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.mirror import behind, is_another
from tenure_app.ledger.models import Event, ImportRun, Shop

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

__all__ = ["Finding", "doctor", "findings"]

_MARKS: Final = {"good": "ok  ", "look": "look", "wrong": "BAD "}
_LITTLE: Final = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["good", "look", "wrong"]
    says: str


def doctor(_: argparse.Namespace) -> None:
    """Say every finding; exit code 1 if one of them is wrong."""
    wrong = False
    for one in findings(clock.now):
        say(f"{_MARKS[one.state]}  {one.what:<10} {visible(one.says)}\n")
        wrong = wrong or one.state == "wrong"
    if wrong:
        raise SystemExit(1)


def findings(now: Callable[[], int]) -> Iterator[Finding]:
    """Everything that is looked at, in order; what needs the tables is left out where they are not there."""
    yield from _settings()
    try:
        version = _version()
    except DatabaseError as error:
        said = str(error).strip().split("\n")[0]
        yield Finding("database", "wrong", f"does not answer: {said}; is DATABASE_URL right, is the server up?")
        return
    yield Finding("database", "good", version)
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding("tables", "wrong", "they are not of this version; run: tenure migrate")
        return
    yield Finding("tables", "good", f"{Event.objects.count():,} events, {ImportRun.objects.count():,} runs")
    yield from _triggers()
    yield from _clock(now())
    yield from _people()
    yield from _mirror()


def _version() -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sqlite_version()")
            version = cursor.fetchone()[0]
            cursor.execute("PRAGMA journal_mode")
            return f"SQLite {version}, journal {cursor.fetchone()[0]}, {connection.settings_dict['NAME']}"
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}, {connection.settings_dict['NAME']}"


def _settings() -> Iterator[Finding]:
    folder = settings.TENURE_DATA
    if not os.access(folder, os.W_OK):
        yield Finding("data", "wrong", f"cannot write into {folder} (TENURE_DATA)")
    else:
        free = shutil.disk_usage(folder).free
        said = f"{folder}, {free / 1e9:,.1f} GB free"
        little = free < _LITTLE
        yield Finding("data", "look" if little else "good", f"{said}: that is little" if little else said)
    if folder.exists() and folder.stat().st_mode & 0o077:
        said = f"others on this machine may look into {folder}, where names and addresses lie; run: chmod 700 {folder}"
        yield Finding("data", "look", said)
    for name in ("TENURE_SECRET_KEY", "TENURE_HASH_KEY"):
        kept = folder / "secrets" / name.lower()
        if kept.exists() and kept.stat().st_mode & 0o077:
            yield Finding("secrets", "wrong", f"others may read {kept}; run: chmod 600 {kept}")
    if settings.DEBUG:
        yield Finding("settings", "look", "TENURE_DEBUG=1 shows the insides of errors to everybody who meets one")
    local = {"localhost", "127.0.0.1", "[::1]"}
    if set(settings.ALLOWED_HOSTS) - local and not settings.SESSION_COOKIE_SECURE:
        said = "TENURE_HOSTS names other machines, but TENURE_TLS=1 is not set: sign-ins travel unsealed"
        yield Finding("settings", "look", said)


def _triggers() -> Iterator[Finding]:
    lost = append_only.missing(connection)
    if lost:
        said = f"the ledger can be changed: {', '.join(lost)} is missing; run: tenure migrate"
        yield Finding("triggers", "wrong", said)
    else:
        yield Finding("triggers", "good", "the ledger is append-only")


def _clock(now: int) -> Iterator[Finding]:
    last = Event.objects.aggregate(last=Max("recorded_at"))["last"]
    if clock.pinned() is not None:
        yield Finding("clock", "look", f"stands still at {format_instant(now)} ({clock.PINNED_BY})")
    elif last is not None and last > now:
        said = f"{format_instant(now)} is before the ledger's last event; set the machine's clock"
        yield Finding("clock", "wrong", said)
    else:
        yield Finding("clock", "good", format_instant(now))


def _people() -> Iterator[Finding]:
    shop = Shop.objects.one()
    yield Finding("shop", "good", f"{shop.name}, {shop.zone}, {shop.currency or 'no currency'}")
    owners = get_user_model().objects.filter(groups__name="owner", is_active=True).count()
    if not owners:
        yield Finding("users", "look", "nobody may sign in as owner; run: tenure user NAME --role owner")
    else:
        yield Finding("users", "good", f"{owners} may sign in as owner")


def _mirror() -> Iterator[Finding]:
    folder = settings.TENURE_DATA / "mirror"
    found = read_manifest(folder)
    if restored_elsewhere(connection):
        yield Finding("mirror", "wrong", "the ledger was restored from another server; run once: tenure migrate")
    elif found is None:
        state: Literal["good", "look"] = "look" if Event.objects.exists() else "good"
        yield Finding("mirror", state, "nothing was published yet; tenure refresh does it, and every import")
    elif lost := sorted(name for name in found.files() if not (folder / name).exists()):
        yield Finding("mirror", "wrong", f"{', '.join(lost)} is lost; run: tenure refresh --anew")
    else:
        position = position_of(found)
        if position is None or is_another(position):
            yield Finding("mirror", "wrong", "it is of another ledger than this one; run: tenure refresh")
            return
        late = behind(position)
        said = f"{late:,} events behind; run: tenure refresh" if late else "up to date"
        yield Finding("mirror", "look" if late else "good", f"generation {found.generation}, {said}")
