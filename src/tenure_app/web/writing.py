"""Users and their roles, as the console changes them. Each is one transaction."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from tenure_app.refused import Refused
from tenure_app.roles import Role, give_role, role_of

__all__ = ["add_user", "change_role"]


@transaction.atomic
def add_user(*, name: str, password: str, role: Role) -> User:
    """Somebody who may sign in. Refused for a name that is taken or a password that is too easy."""
    if User.objects.filter(username__iexact=name).exists():
        raise Refused("name_taken", gettext("Nobody was added: there is a {name} already.").format(name=name))
    user = User(username=name)
    try:
        validate_password(password, user)
    except ValidationError as wrong:
        raise Refused(
            "weak_password", gettext("Nobody was added: {why}").format(why=" ".join(wrong.messages))
        ) from None
    user.set_password(password)
    user.save()
    give_role(user, role)
    return user


@transaction.atomic
def change_role(*, user: User, role: Role | None) -> None:
    """Another role for somebody, or none. Refused if it would leave the shop without an owner."""
    if role is not Role.OWNER and role_of(user) is Role.OWNER:
        others = User.objects.filter(is_active=True).exclude(pk=user.pk)
        if not any(role_of(one) is Role.OWNER for one in others):
            raise Refused("last_owner", gettext("The role was not changed: the shop would be left without an owner."))
    give_role(user, role)
