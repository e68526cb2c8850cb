"""Events go straight to their doors: sessions, languages and forms are for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from tenure_app.api.crossing import is_customerios, taken_in
from tenure_app.api.health import livez, readyz
from tenure_app.api.problems import problem
from tenure_app.roles import Permission

__all__ = ["Straight"]

_BEGIN: Final = ("/v1/", "/beacon/", "/hooks/", "/sourceConfig")
_PROBES: Final = {"/livez": livez, "/readyz": readyz}


class Straight:
    """Answers what is asked at a door for events before any other middleware sees it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._others = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The door's own answer, or that of all the others."""
        if (probe := _PROBES.get(request.path_info)) is not None:
            return probe(request)  # whoever watches the server does not know its names
        if request.path_info.startswith("/api/v1/") or request.path_info == "/api/v1":
            return taken_in(request) if is_customerios(request) else self._api(request)
        if request.path_info.startswith(_BEGIN):
            try:
                found = resolve(request.path_info)
            except Resolver404:
                return self._others(request)
            if getattr(found.func, "permission", None) is Permission.SEND:
                return found.func(request, *found.args, **found.kwargs)  # type: ignore[no-any-return]
        return self._others(request)

    def _api(self, request: HttpRequest) -> HttpResponse:
        """Asked here, for Django's own middleware answers a name that is not the server's with a page."""
        try:
            request.get_host()
        except DisallowedHost:
            return problem(400, "bad_host", "the server is not asked by this name; TENURE_HOSTS says by which it is")
        return self._others(request)
