"""Signing in and out, and what a browser remembers: colours and language. Also the style sheet."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenure_app import clock
from tenure_app.roles import Permission
from tenure_app.web import guessing
from tenure_app.web.frame import THEMES, show
from tenure_app.web.routes import page
from tenure_app.web.sheet import sheet, sheet_name

__all__ = ["language", "sign_in", "sign_out", "style", "theme"]

_YEAR = 31_536_000


@page(Permission.NONE, "GET", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by name and password, then on to where one wanted to go."""
    there = request.POST.get("next") or request.GET.get("next") or ""
    name, now = request.POST.get("username", ""), clock.running()
    if request.method == "POST" and (wait := guessing.to_wait(request, name, now=now)):
        said = {"form": AuthenticationForm(request), "next": there, "minutes": -(-wait // 60)}
        answer = show(request, "tenure/sign_in.html", said, status=429)
        answer["Retry-After"] = str(wait)
        return answer
    form = AuthenticationForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        guessing.succeeded(request, name)
        login(request, form.get_user())
        return _back(request, there)
    if request.method == "POST":
        guessing.failed(request, name, now=now)
    return show(request, "tenure/sign_in.html", {"form": form, "next": there}, status=400 if form.errors else 200)


@page(Permission.NONE, "POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return HttpResponseRedirect(reverse("sign-in"))


@page(Permission.NONE, "POST")
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the system has it, kept in a cookie."""
    asked, answer = request.POST.get("theme", ""), _back(request, request.POST.get("next", ""))
    if asked in THEMES[1:]:
        answer.set_cookie("theme", asked, max_age=_YEAR, samesite="Lax", httponly=True)
    else:
        answer.delete_cookie("theme")
    return answer


@page(Permission.NONE, "POST")
def language(request: HttpRequest) -> HttpResponse:
    """The language of the pages, kept in a cookie."""
    asked, answer = request.POST.get("language", ""), _back(request, request.POST.get("next", ""))
    if asked in dict(settings.LANGUAGES):
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, asked, max_age=_YEAR, samesite="Lax", httponly=True)
    return answer


@page(Permission.NONE)
def style(_: HttpRequest, name: str) -> HttpResponse:
    """The style sheet; its name changes with what is in it, so browsers keep it."""
    if name != sheet_name():
        raise Http404
    answer = HttpResponse(sheet(), content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def _back(request: HttpRequest, there: str) -> HttpResponseRedirect:
    """To where one came from, if that is a page of this server."""
    safe = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(there if there and safe else reverse("ring"))
