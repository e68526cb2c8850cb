"""Settings: what the shop says of itself, and who may do what."""

from __future__ import annotations

import zoneinfo
from typing import Final

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.dates import MONTHS
from django.utils.translation import gettext

from tenure.errors import TenureError
from tenure.money import EXPONENTS
from tenure_app.ledger import actions
from tenure_app.refused import Refused
from tenure_app.roles import NAMES, Permission, Role, role_of
from tenure_app.web import words, writing
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, number_in, shop_of
from tenure_app.web.routes import page

__all__ = ["settings_page", "shop_page", "users_page"]

_ROLES: Final = [(role.value, NAMES[role]) for role in Role]


class _ShopForm(forms.Form):
    """The shop's own settings."""

    name = forms.CharField(max_length=100)
    zone = forms.CharField(max_length=60)
    currency = forms.CharField(max_length=3, required=False)
    fiscal_year_month = forms.IntegerField(min_value=1, max_value=12)
    margin = forms.FloatField(min_value=0.01, max_value=100, required=False)
    """Per cent of a price; nothing: not known."""
    discount_rate = forms.FloatField(min_value=0, max_value=1000, required=False)
    """Per cent a year; nothing: as it was."""


class _NewUserForm(forms.Form):
    """Somebody new."""

    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=200, strip=False)
    role = forms.ChoiceField(choices=_ROLES)


@page(Permission.SETTINGS)
def settings_page(request: HttpRequest) -> HttpResponse:
    """The shop and its users."""
    return _shown(request)


def _shown(request: HttpRequest, refusal: str = "") -> HttpResponse:
    shop = shop_of(request)
    users = [
        {"user": user, "role": (role.value if (role := role_of(user)) else ""), "me": user == request.user}
        for user in User.objects.filter(is_active=True).order_by("username")[:200]
    ]
    context = {
        "saved": shop,
        "margin": "" if shop.margin is None else f"{100 * shop.margin:.12g}",
        "discount_rate": f"{100 * shop.discount_rate:.12g}",
        "zones": sorted(zoneinfo.available_timezones()),
        "currencies": sorted(EXPONENTS),
        "months": list(MONTHS.items()),
        "users": users,
        "roles": _ROLES,
        "refusal": refusal,
    }
    return show(request, "tenure/settings.html", context, here="settings", status=400 if refusal else 200)


@page(Permission.SETTINGS, "POST")
def shop_page(request: HttpRequest) -> HttpResponse:
    """Save the shop's settings."""
    form = _ShopForm(request.POST)
    if not form.is_valid():
        return _shown(request, _lacking(form))
    given = form.cleaned_data
    rate = given["discount_rate"]
    try:
        actions.describe_shop(
            name=given["name"],
            zone=given["zone"],
            currency=given["currency"].upper(),
            fiscal_year_month=given["fiscal_year_month"],
            margin=None if given["margin"] is None else given["margin"] / 100,
            **({} if rate is None else {"discount_rate": rate / 100}),
        )
    except TenureError as wrong:
        return _shown(request, words.begun(str(wrong)))
    messages.success(request, gettext("The shop’s settings are saved."))
    return HttpResponseRedirect(moment(request).link("settings"))


def _lacking(form: _ShopForm) -> str:
    """What is wrong with what was said of the shop."""
    if {"margin", "discount_rate"} & set(form.errors):
        return gettext("Nothing was saved: a margin is above 0 and up to 100 per cent, a discount rate 0 to 1,000.")
    return gettext("Nothing was saved: the shop needs a name, a time zone and a month.")


@page(Permission.SETTINGS, "POST")
def users_page(request: HttpRequest) -> HttpResponse:
    """Add somebody, or give somebody another role."""
    try:
        said = _given(request) if "user" in request.POST else _added(request)
    except Refused as refusal:
        return _shown(request, str(refusal))
    messages.success(request, said)
    return HttpResponseRedirect(moment(request).link("settings"))


def _given(request: HttpRequest) -> str:
    user = User.objects.filter(pk=number_in(request.POST["user"], most=2**31) or 0, is_active=True).first()
    asked = request.POST.get("role", "")
    if user is None or asked not in ("", *Role):
        raise Refused(
            "no_such_user", gettext("The role was not changed: nobody has this number, or there is no such role.")
        )
    role = Role(asked) if asked else None
    writing.change_role(user=user, role=role)
    return gettext("{name} is {role} now.").format(
        name=user.get_username(), role=NAMES[role] if role else gettext("without a role")
    )


def _added(request: HttpRequest) -> str:
    form = _NewUserForm(request.POST)
    if not form.is_valid():
        raise Refused("incomplete", gettext("Nobody was added: a name, a password and a role are needed."))
    given = form.cleaned_data
    user = writing.add_user(name=given["username"], password=given["password"], role=Role(given["role"]))
    return gettext("{name} may sign in now.").format(name=user.get_username())
