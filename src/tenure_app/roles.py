"""Who may do what: two roles, and what each page asks for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser, User

__all__ = ["NAMES", "Permission", "Role", "give_role", "may", "role_of"]


class Permission(StrEnum):
    """What a page needs somebody to be allowed."""

    NONE = "none"
    """Open to whoever reaches the server: signing in, the style sheet."""
    SEE = "see"
    """Pictures, people, their names, the export."""
    IMPORT = "import"
    """Bring facts in and take an import back."""
    POLICY = "policy"
    """Put another rule in force."""
    SEND = "send"
    """Say what happened: a source's own key or signature, which is nobody's role."""
    SETTINGS = "settings"
    """The shop's own settings, who has which role, and the tables themselves in the admin."""


class Role(StrEnum):
    """A role is a group of Django's by this name."""

    OWNER = "owner"
    ANALYST = "analyst"


NAMES: Final = {Role.OWNER: _("Owner"), Role.ANALYST: _("Analyst")}

_ALLOWED: Final = {
    Role.OWNER: frozenset(Permission) - {Permission.SEND},
    Role.ANALYST: frozenset(Permission) - {Permission.SEND, Permission.SETTINGS},
}


def role_of(user: AbstractBaseUser | AnonymousUser) -> Role | None:
    """The role of somebody who is signed in; a superuser is an owner. None: no role, which may see nothing."""
    if not user.is_authenticated:
        return None
    if user.is_superuser:  # type: ignore[union-attr]
        return Role.OWNER
    held = set(user.groups.values_list("name", flat=True))  # type: ignore[union-attr]
    return next((role for role in Role if role.value in held), None)


def may(role: Role | None, permission: Permission) -> bool:
    """Whether the role (None: no role) is allowed what a page asks for."""
    return permission is Permission.NONE or (role is not None and permission in _ALLOWED[role])


def give_role(user: User, role: Role | None) -> None:
    """The user has this role and no other; None takes it away."""
    for one in Role:
        group, _made = Group.objects.get_or_create(name=one.value)
        if one is role:
            user.groups.add(group)
        else:
            user.groups.remove(group)
