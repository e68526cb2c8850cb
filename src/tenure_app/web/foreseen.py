"""How far ahead a page looks: the horizons of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from tenure_app.insight.foreseen import HORIZONS
from tenure_app.web.moment import word_in

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tenure_app.web.moment import Moment

__all__ = ["horizon_in", "windows"]


def horizon_in(request: HttpRequest) -> int:
    """The days ahead that an address asks for."""
    return int(word_in(request.GET, "within", {str(days) for days in HORIZONS}, str(HORIZONS[0])))


def windows(at: Moment, page: str, horizon: int) -> list[dict[str, Any]]:
    """The horizons that one may choose."""
    return [
        {
            "name": gettext("{n} days").format(n=days),
            "link": at.link(page, within=days if days != HORIZONS[0] else ""),
            "on": days == horizon,
        }
        for days in HORIZONS
    ]
