"""The admin, for owners alone: the ledger's own tables to look at, and the users to edit.

Its pages bring scripts that evaluate text and styles that stand in the page, so they have a policy of their own;
that of the console stays as strict as it is.
"""
# ruff: noqa: ARG002 - Django calls these methods with more than they need

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django import forms
from django.contrib.auth import logout
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.sites import UnfoldAdminSite

from tenure.periods import format_instant
from tenure_app.ledger.models import Identity, ImportRun, PolicyVersion, Source
from tenure_app.ledger.names import found
from tenure_app.roles import Permission, Role, may, role_of
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import Model, QuerySet

__all__ = ["Owners", "site"]

_ASKED: Final = Permission.SETTINGS
_RELAXED: Final = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


def _is_owner(user: AbstractBaseUser | AnonymousUser) -> bool:
    return may(role_of(user), _ASKED)


class Owners(UnfoldAdminSite):
    """The admin site whose every page asks what the console's settings ask, and is refused in the console's way."""

    site_header = site_title = "Tenure"
    index_title = gettext_lazy("The tables")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody is an owner; Django's own flag for staff says nothing here."""
        return request.user.is_active and _is_owner(request.user)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """The view behind the console's door, with the relaxed policy."""
        inner = super().admin_view(view, cacheable)  # type: ignore[type-var]
        return page(_ASKED, "GET", "HEAD", "POST")(csp_update(_RELAXED)(inner))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What stands around every page, under the product's name."""
        return super().each_context(request) | {"site_header": self.site_header, "site_title": self.site_title}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """People sign in at the console's own page."""
        there = urlencode({"next": reverse("admin:index")})
        return HttpResponseRedirect(f"{reverse('sign-in')}?{there}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign out, on to the console's sign-in."""
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(reverse("sign-in"))


site: Final = Owners()


class _OwnersOnly(ModelAdmin):
    """Owners may look; nobody may add, change or delete."""

    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_owner(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_owner(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class _Sources(_OwnersOnly):
    list_display = ("id", "name")


class _Runs(_OwnersOnly):
    list_display = ("id", "file_name", "format", "source", "state", "began", "by")
    list_filter = ("state", "format")
    list_select_related = ("source",)

    def began(self, run: ImportRun) -> str:
        """The instant at which it began, as text."""
        return format_instant(run.began_at)


class _Policies(_OwnersOnly):
    list_display = ("id", "hash", "saved", "by", "note")

    def saved(self, version: PolicyVersion) -> str:
        """The instant at which it was saved, as text."""
        return format_instant(version.saved_at)


class _Identities(_OwnersOnly):
    list_display = ("person_id", "kind", "value", "source")
    list_filter = ("kind",)
    list_select_related = ("source",)
    search_fields = ("folded",)
    search_help_text = gettext_lazy("Name, e-mail or number")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Identity], search_term: str
    ) -> tuple[QuerySet[Identity], bool]:
        """The identities of the people whom the console finds by the same words."""
        people = found(search_term)
        return (queryset.filter(person_id__in=people) if search_term.strip() else queryset), False


class _UserForm(UserChangeForm):  # type: ignore[misc]
    """A user; the shop keeps an owner."""

    def clean(self) -> dict[str, Any]:
        """Refused if nobody who may sign in would be left an owner."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        groups = {group.name for group in given.get("groups", ())}
        stays = given.get("is_active") and (self.instance.is_superuser or Role.OWNER.value in groups)
        if not stays and _is_owner(self.instance):
            others = User.objects.filter(is_active=True).exclude(pk=self.instance.pk)
            if not any(_is_owner(one) for one in others):
                raise forms.ValidationError(
                    gettext("The role was not changed: the shop would be left without an owner.")
                )
        return given


class _Users(UserAdmin, _OwnersOnly):  # type: ignore[type-arg, misc]
    """Names, passwords, roles (the groups), and who may sign in; nobody is deleted, as runs and policies name them."""

    form, add_form, change_password_form = _UserForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "is_active", "role")
    list_filter = ("is_active", "groups")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Name"), {"fields": ("first_name", "last_name", "email")}),
        (gettext_lazy("Role"), {"fields": ("is_active", "groups")}),
        (None, {"fields": ("last_login", "date_joined")}),
    )

    def role(self, user: User) -> str:
        """The role as the console sees it, "" for none."""
        return role_of(user) or ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_owner(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_owner(request.user)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Of the groups only those that are roles."""
        if db_field.name == "groups":
            kwargs["queryset"] = Group.objects.filter(name__in=[role.value for role in Role])
        return super().formfield_for_manytomany(db_field, request, **kwargs)


for _model, _shown in (
    (Source, _Sources), (ImportRun, _Runs), (PolicyVersion, _Policies), (Identity, _Identities), (User, _Users),
):  # fmt: skip
    site.register(_model, _shown)
