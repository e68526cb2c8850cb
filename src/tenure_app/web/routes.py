"""Every page says whom it is for, or it is not served."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

import duckdb
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from tenure.errors import TenureError
from tenure_app.insight import opening
from tenure_app.insight.reading import NothingYet, NotReady
from tenure_app.refused import Refused
from tenure_app.roles import Permission, may, role_of
from tenure_app.web import states

__all__ = ["page", "route"]

View = Callable[..., HttpResponse]
_MARK: Final = "permission"


def page(permission: Permission, *methods: str) -> Callable[[View], View]:
    """Marks a view with what it asks of who comes, and with its methods ("GET" by default).

    Who is not signed in is sent to sign in; who may not is told so; what a page refuses, waits for or finds missing is
    said in the page's own style.
    """
    allowed = methods or ("GET", "HEAD")

    def marked(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if permission is not Permission.NONE and not request.user.is_authenticated:
                there = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("ring")
                return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode({'next': there})}")
            request.role = role_of(request.user)  # type: ignore[attr-defined]
            if not may(request.role, permission):  # type: ignore[attr-defined]
                return states.forbidden(request)
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            return _answered(view, request, *args, **kwargs)

        setattr(guarded, _MARK, permission)
        return guarded

    return marked


def _answered(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except NotReady as wait:
        return states.loading(request, wait)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        # a file of the pictures is damaged: what is in it can be computed again
        try:
            opening.mend()
        except NotReady as wait:
            return states.loading(request, wait)
        raise
    except NothingYet:
        return states.empty(request)
    except Refused as refusal:
        return states.refused(request, refusal.code, str(refusal))
    except TenureError as wrong:
        return states.refused(request, "invalid_input", str(wrong))


def route(where: str, view: View, name: str) -> URLPattern:
    """A route to a page; ImproperlyConfigured for a view that does not say whom it is for."""
    if not isinstance(getattr(view, _MARK, None), Permission):
        raise ImproperlyConfigured(f"the page {name!r} declares no permission: mark its view with @page(Permission...)")
    return path(where, view, name=name)
