"""`tenure migrate`, `refresh` and `user`: what keeps the server in order."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError

from tenure.cli.screen import Steps, say, visible
from tenure.draw.words import MONTHS, many
from tenure.errors import InvalidInput
from tenure.lifecycle.policy import Policy, load
from tenure.periods import parse_instant
from tenure_app import clock
from tenure_app.cli.secrets import first_line
from tenure_app.ledger.actions import describe_shop
from tenure_app.ledger.models import Shop
from tenure_app.ledger.policies import in_force
from tenure_app.refused import Refused

if TYPE_CHECKING:
    import argparse

__all__ = ["migrate", "refresh", "refreshed", "shop", "user"]


def migrate(_: argparse.Namespace) -> None:
    """Make or upgrade the tables; their triggers with them."""
    settings.TENURE_DATA.mkdir(parents=True, exist_ok=True)
    try:
        call_command("migrate", verbosity=1)
    except DatabaseError as error:
        said = str(error).strip().split("\n")[0]
        raise Refused("no_database", f"the tables were not made: {said}; is DATABASE_URL right?") from error


def user(asked: argparse.Namespace) -> None:
    """Make somebody who may sign in, or give them another role and password."""
    people = get_user_model()
    found = people.objects.filter(username=asked.name).first() or people(username=asked.name)
    word = first_line(Path(asked.password_file), "password") if asked.password_file else _typed(asked.name)
    try:
        found.username = found.normalize_username(asked.name).strip()
        found.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise Refused("bad_name", f"{asked.name!r} was not made: {' '.join(error.messages)}") from error
    try:
        validate_password(word, found)
    except ValidationError as error:
        raise Refused("weak_password", f"{asked.name} was not made: {' '.join(error.messages)}") from error
    from tenure_app.roles import Role, give_role

    found.set_password(word)
    found.save()
    give_role(found, Role(asked.role))
    say(f"{asked.name} may sign in as {asked.role}\n")


def _typed(name: str) -> str:
    if not sys.stdin or not sys.stdin.isatty():
        raise InvalidInput("there is nobody to type a password; hand it in with --password-file FILE")
    return getpass.getpass(f"password of {name}: ")



def shop(asked: argparse.Namespace) -> None:
    """Change what is said of the shop, and say it."""
    asked_for = {
        "name": asked.name, "zone": asked.timezone, "currency": asked.currency,
        "fiscal_year_month": asked.fiscal_year_month, "discount_rate": asked.discount_rate,
        "visits": asked.visits,
    }  # fmt: skip
    said = {key: value for key, value in asked_for.items() if value is not None}
    if asked.margin is not None:
        said["margin"] = _margin(asked.margin)
    if asked.segment_traits is not None:
        names = [] if asked.segment_traits == "none" else asked.segment_traits.split(",")
        said["mirrored_traits"] = sorted({name.strip() for name in names})
    found = describe_shop(**said) if said else Shop.objects.one()
    month = MONTHS[found.fiscal_year_month - 1]
    say(f"{visible(found.name)}: {found.zone}, {found.currency or 'no currency'}, business year from {month}, ")
    margin = "not known" if found.margin is None else f"{found.margin:.4g} of a price"
    say(f"margin {margin}, discount rate {found.discount_rate:.4g} a year\n")
    if not said or said.keys() & {"visits", "mirrored_traits"}:
        traits = ", ".join(map(visible, found.mirrored_traits or ())) or "none"
        say(f"visits become theirs: {found.visits}; traits that segments may use: {traits}\n")


def _margin(text: str) -> float | None:
    if text == "unknown":
        return None
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"a margin is a share, as in 0.4, or the word unknown, not {text!r}") from None


def refresh(asked: argparse.Namespace) -> None:
    """Bring the pictures up to the ledger, and say what came of it."""
    shop = Shop.objects.one()
    other = None if asked.policy is None else load(Path(asked.policy))
    known_at = None if asked.known_at is None else parse_instant(asked.known_at, shop.zone)
    # what everybody looks at comes first, and stays beside what somebody tries
    say(f"{_refreshed(in_force(), shop, anew=asked.anew, known_at=None if other else known_at)}\n")
    if other is not None:
        say(f"policy {other.hash}: {_refreshed(other, shop, anew=False, known_at=known_at)}\n")


def refreshed() -> str:
    """Bring the pictures up to the ledger, by the policy in force, once nobody else does; what came of it in a few
    words."""
    return _refreshed(in_force(), Shop.objects.one(), anew=False, known_at=None, wait=True)


def _refreshed(policy: Policy, shop: Shop, *, anew: bool, known_at: int | None, wait: bool = False) -> str:
    from tenure_app.insight.refresh import refresh

    with Steps() as steps:
        steps("refreshing the pictures")
        done = refresh(
            settings.TENURE_DATA / "mirror", policy, zone=shop.zone, now=clock.now(), anew=anew, known_at=known_at,
            keep=in_force(), traits=shop.mirrored_traits or (), wait=wait, progress=lambda what, _: steps(what),
        )  # fmt: skip
    people = f"pictures of {many(done.people, 'person', 'people')}"
    if not done.events and not done.anew:
        return f"{people}: nothing new"
    who = "everybody" if done.anew else many(done.touched or 0, "person", "people") + " touched,"
    return f"{people}: {many(done.events, 'event')} read, {who} judged"
