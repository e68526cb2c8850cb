"""Who next: whom to turn to first, by what is lost if they stay silent, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse

from tenure.periods import DAY_US, date_of
from tenure_app.insight.forecasts import foreseen_by, people_foreseen
from tenure_app.insight.reading import col, lit
from tenure_app.ledger.names import called
from tenure_app.roles import Permission
from tenure_app.web import words
from tenure_app.web.ahead import record
from tenure_app.web.foreseen import horizon_in, windows
from tenure_app.web.frame import show
from tenure_app.web.moment import moment
from tenure_app.web.opening import opened
from tenure_app.web.routes import page

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["next_page"]

SHOWN: Final = 50
SOON: Final = 14
"""Days before the day on which somebody is overdue, from which they are looked at."""
_ON_TIME: Final = tuple(code for stage in ("new", "active", "loyal") for code in words.CODES_OF[stage])
_LAPSED: Final = words.CODES_OF["lapsed"]


@page(Permission.SEE)
def next_page(request: HttpRequest) -> HttpResponse:
    """The first of those who are overdue or soon will be, by expected worth at risk."""
    at = moment(request)
    horizon = horizon_in(request)
    reading = opened(at)
    found = foreseen_by(reading, horizon)
    n, rows = reading.remembered(("next", horizon), lambda: _ranked(reading, horizon))
    people = reading.people([row["c"] for row in rows])
    names, because = called([row["c"] for row in rows]), reading.because([row["c"] for row in rows])
    context = {
        "found": found,
        "horizon": horizon,
        "windows": windows(at, "next", horizon),
        "n": n,
        "rows": [
            {**_row(at, row, people[row["c"]], because.get(row["c"]), names[row["c"]]),
             "record": record(found.track, row["p_buy"])} for row in rows
        ],
        "more": max(0, n - len(rows)),
        "money": found.currency or "",
        "priced": found.value is not None,
        "soon": SOON,
        "worth_link": at.link("worth", within=horizon if horizon != 90 else ""),
        "policy": reading.policy.hash,
    }  # fmt: skip
    return show(request, "tenure/next.html", context, here="worth")


def _ranked(reading: Reading, horizon: int) -> tuple[int, list[dict[str, Any]]]:
    """How many there are, and the first of them: c and what is foreseen."""
    overdue, code = col("overdue_at"), col("code")
    soon = code.isin(*map(lit, _ON_TIME)) & (overdue < lit(reading.as_of + SOON * DAY_US))
    some = reading.table("people").filter(soon | code.isin(*map(lit, _LAPSED))).select(col("c").alias("person"))
    theirs = some.join(people_foreseen(reading, horizon), "person = c")
    ((n,),) = theirs.aggregate("count(*)").fetchall()
    # where no amount is known, orders stand for worth
    first = theirs.sort(col("at_risk").desc().nulls_last(), col("orders").desc(), col("c")).limit(SHOWN)
    return int(n), first.to_arrow_table().to_pylist()


def _row(at: Moment, row: dict[str, Any], person: dict[str, Any], because: str | None, name: Any) -> dict[str, Any]:
    return {
        "name": name,
        "person": {**person, "because": because},
        "link": at.link("customer", row["c"]),
        "chance": words.percent(row["p_buy"]),
        "orders": words.decimal(round(row["orders"], 1)),
        "low": words.count(row["low"]),
        "high": words.count(row["high"]),
        "value": None if row["value"] is None else round(row["value"]),
        "at_risk": None if row["at_risk"] is None else round(row["at_risk"]),
        "next": None if row["next_day"] is None else words.day(date_of(row["next_day"]), at.year),
    }
