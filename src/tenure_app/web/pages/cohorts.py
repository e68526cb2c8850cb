"""Cohorts: who keeps ordering, and how many came a second time, by the period of the first order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from tenure.draw import bar, tint
from tenure.measure import retention
from tenure_app.roles import Permission
from tenure_app.web import words
from tenure_app.web.frame import show
from tenure_app.web.moment import moment
from tenure_app.web.opening import opened
from tenure_app.web.returning import returned
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from tenure.measure.retention import Cohort, SecondPurchase, Within

__all__ = ["cohorts_page"]

ROWS: Final = 18
COLUMNS: Final = 12
HORIZON: Final = 90


@page(Permission.SEE)
def cohorts_page(request: HttpRequest) -> HttpResponse:
    """Retention and second orders as of the page's day, n everywhere."""
    at = moment(request)
    reading = opened(at)
    every, kept, second = reading.remembered("cohorts", lambda: returned(reading, at.day))
    rows = kept[-ROWS:]
    width = min(COLUMNS, max((len(one.ordered) for one in rows), default=1) - 1)
    days = _horizon(second)
    pooled = _pooled(second, days)
    context = {
        "every": every,
        "columns": list(range(1, width + 1)),
        "retention": [_row(one, every, width, _full(rows, width)) for one in rows],
        "young": any(len(one.ordered) <= width for one in rows),
        "cut": len(kept) - len(rows),
        "first_whole": bool(kept) and bool(rows) and rows[0] is kept[0],
        "second": _second(second[-ROWS:], every, days),
        "days": days,
        "others": [n for n in retention.HORIZONS if n != days],
        "pooled": pooled
        and {
            "share": words.percent(pooled.share or 0),
            "n": pooled.observed,
            "low": round(100 * (pooled.low or 0)),
            "high": round(100 * (pooled.high or 0)),
        },
        "people": sum(one.customers for one in kept),
        "policy": reading.policy.hash,
    }
    return show(request, "tenure/cohorts.html", context, here="cohorts")


def _full(rows: Sequence[Cohort], width: int) -> float:
    """The largest share shown: the darkest tint."""
    shares = [row.ordered[k] / row.ordered[0] for row in rows for k in range(1, min(width + 1, len(row.ordered)))]
    return max(shares, default=1.0) or 1.0


def _name(start: date, every: str) -> str:
    if every == "quarter":
        return gettext("Q{n} {year}").format(n=(start.month + 2) // 3, year=start.year)
    return f"{words.month_of(start)} {start.year}"


def _row(one: Cohort, every: str, width: int, full: float) -> dict[str, Any]:
    """A cohort: its cells with share, count and tint; None for a period that is not over."""
    cells: list[dict[str, Any] | None] = []
    for k in range(1, width + 1):
        if k >= len(one.ordered):
            cells.append(None)
            continue
        n, share = one.ordered[k], one.ordered[k] / one.ordered[0]
        said = "<1" if 0 < share < 0.005 else str(round(100 * share))
        title = gettext("{n} of {whole}").format(n=words.count(n), whole=words.count(one.ordered[0]))
        cells.append({"said": said, "look": tint(share, full), "title": title})
    return {"name": _name(one.start_on, every), "n": one.customers, "cells": cells}


def _whole(within: Within, one: SecondPurchase) -> bool:
    """Known: everybody of the cohort was watched for that long."""
    return 0 < one.customers == within.observed


def _horizon(rows: Sequence[SecondPurchase]) -> int:
    """90 days where some cohort was watched for that long, else the longest known; 0 for none."""
    known = {within.days for one in rows for within in one.within if _whole(within, one)}
    return HORIZON if HORIZON in known else max((days for days in known if days < HORIZON), default=0)


def _pooled(rows: Sequence[SecondPurchase], days: int) -> Within | None:
    there = [within for one in rows for within in one.within if within.days == days]
    observed, again = sum(one.observed for one in there), sum(one.again for one in there)
    if not observed:
        return None
    low, high = retention.wilson(again, observed)
    return retention.Within(days, observed, again, again / observed, low, high, None)


def _second(rows: Sequence[SecondPurchase], every: str, days: int) -> list[dict[str, Any]]:
    known = [w.high or 0.0 for one in rows for w in one.within if w.days == days and _whole(w, one)]
    full = max(known, default=1.0) or 1.0
    out = []
    for one in rows:
        by_days = {within.days: within for within in one.within}
        within = by_days.get(days)
        entry: dict[str, Any] = {"name": _name(one.start_on, every), "n": one.customers, "known": False}
        if within is not None and _whole(within, one) and within.share is not None:
            low, high = within.low or 0.0, within.high or 0.0
            entry |= {
                "known": True,
                "bar": bar("active", within.share, low, high, full=full),
                "share": words.percent(within.share),
                "range": f"{100 * low:.0f}–{100 * high:.0f}",
                "median": None if within.median_days is None else round(within.median_days),
            }
        entry["others"] = [
            words.percent(w.share) if (w := by_days.get(other)) and _whole(w, one) and w.share is not None else ""
            for other in retention.HORIZONS
            if other != days
        ]
        out.append(entry)
    return out
