"""What the environment says: the data folder, the database, the secrets."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

import environ

from tenure_app.refused import Refused

__all__ = ["data_folder", "database", "given", "secret", "words"]

_SQLITE: Final = {
    # a writer takes its lock when it begins, so that two writers wait for each other instead of failing half-way
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    # recursive_triggers: a row that INSERT OR REPLACE would push out is a delete, which the ledger refuses
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; "
        "PRAGMA cache_size=-32000"
    ),
}

_POSTGRESQL: Final = {
    # compiling a question that touches a hundred rows takes a quarter of a second where the planner expects a million
    "options": "-c jit=off",
}


def data_folder() -> Path:
    """TENURE_DATA, `tenure-data` in the working folder by default; not made here."""
    return Path(os.environ.get("TENURE_DATA") or "tenure-data").absolute()


def database(url: str) -> dict[str, Any]:
    """Django's settings of one database from an address as `sqlite:///FILE` or `postgres://USER:WORD@HOST:PORT/NAME`.

    Refused for another kind of database.
    """
    settings = _parsed(url)
    match settings.get("ENGINE"):
        case "django.db.backends.sqlite3":
            if settings["NAME"] in ("", ":memory:"):
                raise Refused("no_file", f"DATABASE_URL: {url} names no file; write sqlite:///FILE")
            settings["OPTIONS"] = {**_SQLITE, **settings.get("OPTIONS", {})}
        case "django.db.backends.postgresql":
            settings["PASSWORD"] = settings["PASSWORD"] or given("DATABASE_PASSWORD")
            settings.setdefault("CONN_MAX_AGE", 60)
            settings["CONN_HEALTH_CHECKS"] = True
            settings["OPTIONS"] = {**_POSTGRESQL, **settings.get("OPTIONS", {})}
    return settings


def _parsed(url: str) -> dict[str, Any]:
    said = url.split(":", 1)[0]
    refused = Refused(
        "unknown_database",
        f"DATABASE_URL: what begins with {said!r} is no database Tenure knows; write sqlite:///FILE or"
        " postgres://USER:PASSWORD@HOST:PORT/NAME",
    )
    if said not in ("sqlite", "postgres", "postgresql", "psql"):
        raise refused
    try:
        settings = dict(environ.Env.db_url_config(url))
    except ValueError:
        raise refused from None
    if said != "sqlite" and not settings.get("NAME"):
        raise refused
    return settings


def given(name: str) -> str:
    """The setting of this name, else what the file that NAME_FILE names holds, else nothing."""
    said, file = os.environ.get(name, ""), os.environ.get(f"{name}_FILE")
    if said or not file:
        return said
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused("no_secret", f"{name}_FILE: {file} cannot be read: {error.strerror}") from error


def secret(name: str, folder: Path) -> str:
    """What is given under this name, else one made and kept in the folder."""
    if said := given(name):
        return said
    kept = folder / "secrets" / name.lower()
    try:
        return kept.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _made(kept)


def _made(file: Path) -> str:
    """A new secret that only the owner of the file may read; of two processes that make it at once one wins."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(secrets.token_hex(32))
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(made, file)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return file.read_text(encoding="utf-8").strip()


def words(name: str, default: str) -> list[str]:
    """A setting of several words between commas."""
    return [word for word in (part.strip() for part in os.environ.get(name, default).split(",")) if word]
