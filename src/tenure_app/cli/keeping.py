"""`tenure migrate`, `refresh` and `user`: what keeps the server in order."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError

from tenure.cli.screen import say
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse

__all__ = ["migrate", "refreshed", "user"]


def migrate(_: argparse.Namespace) -> None:
    """Make or upgrade the tables; their triggers with them."""
    from django.conf import settings

    settings.TENURE_DATA.mkdir(parents=True, exist_ok=True)
    try:
        call_command("migrate", verbosity=1)
    except DatabaseError as error:
        said = str(error).strip().split("\n")[0]
        raise Refused("no_database", f"the tables were not made: {said}; is DATABASE_URL right?") from error


def user(asked: argparse.Namespace) -> None:
    """Make somebody who may sign in, or give them another role and password."""
    if asked.password_file:
        word = Path(asked.password_file).read_text(encoding="utf-8").split("\n")[0]
    else:
        word = getpass.getpass(f"password of {asked.name}: ")
    people = get_user_model()
    found = people.objects.filter(username=asked.name).first() or people(username=asked.name)
    try:
        validate_password(word, found)
    except ValidationError as error:
        raise Refused("weak_password", f"{asked.name} was not made: {' '.join(error.messages)}") from error
    from tenure_app.roles import Role, give_role

    found.set_password(word)
    found.save()
    give_role(found, Role(asked.role))
    say(f"{asked.name} may sign in as {asked.role}\n")


def refreshed() -> None:
    """Nothing yet."""
