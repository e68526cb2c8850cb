"""What a page shows when it has nothing to show: waiting, empty, refused, forbidden, missing, failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from tenure_app.ledger.models import Event
from tenure_app.web.frame import show
from tenure_app.web.sheet import sheet_name

if TYPE_CHECKING:
    from tenure_app.insight.reading import NotReady
    from tenure_app.web.importing import Upload

__all__ = ["empty", "failed", "forbidden", "loading", "missing", "refused", "stale"]


def loading(request: HttpRequest, wait: NotReady) -> HttpResponse:
    """The page's skeleton; it asks again every second, with or without scripts, until the picture is there."""
    answer = show(request, "tenure/loading.html", {"wait": wait, "there": request.get_full_path()})
    answer["Cache-Control"] = "no-store"
    return answer


def empty(request: HttpRequest) -> HttpResponse:
    """Nobody is here yet, and the one next step; where somebody is known by now, the way to today."""
    return show(request, "tenure/empty.html", {"later": Event.objects.exists()})


def refused(
    request: HttpRequest, code: str, message: str, status: int = 400, upload: Upload | None = None
) -> HttpResponse:
    """What did not happen, why, and what helps; the code small. `upload`: the file that it was about, to be dropped."""
    context = {"code": code, "message": message, "upload": upload}
    return show(request, "tenure/refused.html", context, status=status)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403: who may, and who can change it."""
    return show(request, "tenure/forbidden.html", {"exception": exception}, status=403)


def stale(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - as Django calls it
    """403 of a form that was not made by this browser's page, or too long ago; the reason is in the log."""
    return show(request, "tenure/stale.html", {"code": "stale_form"}, status=403)


def missing(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404: nothing is there, and the way back."""
    return show(request, "tenure/missing.html", {"exception": exception}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """500: the data is safe. Asks the database for nothing, as it may be the database that failed."""
    text = render_to_string("tenure/failed.html", {"sheet": sheet_name(), "there": request.get_full_path()})
    return HttpResponse(text, status=500)
