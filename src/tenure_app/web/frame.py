"""What stands around every page: the masthead, the day, the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from tenure.draw import sprite
from tenure.periods import date_of, day_of
from tenure_app import clock
from tenure_app.refused import Refused
from tenure_app.roles import NAMES, Permission, may, role_of
from tenure_app.web.moment import moment, shop_of
from tenure_app.web.sheet import sheet_name

if TYPE_CHECKING:
    from tenure_app.web.moment import Moment

__all__ = ["THEMES", "show"]

THEMES: Final = ("system", "light", "dark")
_PAGES: Final = (
    ("ring", _("Ring"), Permission.SEE),
    ("customers", _("Customers"), Permission.SEE),
    ("prospects", _("Prospects"), Permission.SEE),
    ("flows", _("Flows"), Permission.SEE),
    ("cohorts", _("Cohorts"), Permission.SEE),
    ("worth", _("Worth"), Permission.SEE),
    ("discounts", _("Discounts"), Permission.SEE),
    ("policy", _("Policy"), Permission.SEE),
    ("sources", _("Sources"), Permission.SEE),
    ("imports", _("Import"), Permission.IMPORT),
    ("settings", _("Settings"), Permission.SETTINGS),
)
_SPRITE: Final = sprite()


def show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, here: str = "", status: int = 200
) -> HttpResponse:
    """A page in the console's frame. `here`: the page of the masthead that it belongs to."""
    at = _moment(request)
    role = role_of(request.user) if hasattr(request, "user") else None
    stands = clock.pinned()
    frame = {
        "at": at,
        "shop": shop_of(request),
        "role": role,
        "role_name": NAMES.get(role) if role else None,
        "pages": [(name, title) for name, title, asked in _PAGES if may(role, asked)],
        "here": here or _home(request),
        "theme": theme if (theme := request.COOKIES.get("theme")) in THEMES[1:] else "",
        "pinned_on": None if stands is None else date_of(day_of(stands, at.zone)),
        "sprite": _SPRITE,
        "sheet": sheet_name(),
        "may_import": may(role, Permission.IMPORT),
        "may_policy": may(role, Permission.POLICY),
        "day_before": at.shifted(-1),
        "day_after": at.shifted(1),
        "words": [
            (key, value) for key, value in request.GET.items() if key not in ("as_of", "known_at", "after", "before")
        ],
    }
    return HttpResponse(render_to_string(template, {**frame, **(context or {})}, request), status=status)


def _moment(request: HttpRequest) -> Moment:
    """The page's moment; where its words cannot be read, today's, so that the refusal has a frame."""
    try:
        return moment(request)
    except Refused:
        request.GET = request.GET.copy()
        for word in ("as_of", "known_at"):
            request.GET.pop(word, None)
        return moment(request)


def _home(request: HttpRequest) -> str:
    """The page of the masthead that an address belongs to."""
    first = request.path.split("/")[1]
    return first or "ring"
