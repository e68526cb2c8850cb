"""The one style sheet: the drawings' values and parts, then the console's own; made once, named by what is in it."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from tenure.draw import PARTS, STYLE

__all__ = ["sheet", "sheet_name"]


@cache
def sheet() -> str:
    """The whole sheet as text."""
    own = files("tenure_app.web").joinpath("console.css").read_text(encoding="utf-8")
    return STYLE + PARTS + own


@cache
def sheet_name() -> str:
    """Its name, another for another sheet, so that browsers may keep it for ever."""
    return sha256(sheet().encode()).hexdigest()[:12]
