"""Customers: search, filters, order, a life line a row; and the same people as a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext

from tenure.draw import Piece, life_line
from tenure.lifecycle.trace import STAGES
from tenure.periods import format_instant
from tenure_app.insight.forecasts import ahead_of, hand_of
from tenure_app.insight.foreseen import HORIZONS
from tenure_app.insight.reading import col, lit
from tenure_app.ledger.names import MOST_FOUND, called
from tenure_app.roles import Permission
from tenure_app.web import choosing, words
from tenure_app.web.because import fact
from tenure_app.web.choosing import ORDERS, SORTS, Choice
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, shop_of
from tenure_app.web.opening import opened
from tenure_app.web.routes import page
from tenure_app.web.tables import table_file

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["customers_file", "customers_page", "pieces_of", "worth_a_call"]

_YEARS_US: Final = 3 * 31_556_952_000_000
_BATCH: Final = 2_000
_LATELY: Final = 14
_CALLS: Final = 5
_COLUMNS: Final = (
    "customer",
    "name",
    "email",
    "stage",
    "detail",
    "since",
    "orders",
    "occasions",
    "cycle",
    "first_order_at",
    "last_order_at",
    "expected_next_at",
    "overdue_at",
    "long_overdue_at",
    "inactive_at",
    "contact_on",
    "spent",
    "reason",
    "because",
    "chance",
    "expected_orders",
    "expected_worth",
    "expected_worth_low",
    "expected_worth_high",
    "expected_currency",
    "horizon_days",
)


@page(Permission.SEE)
def customers_page(request: HttpRequest) -> HttpResponse:
    """One page of the people that the address asks for."""
    at, choice = moment(request), choosing.chosen(request.GET)
    reading = opened(at)
    found = choosing.first_page(reading, choice, at, request.GET.get("place", ""))
    numbers = [row["c"] for row in found.rows]
    names, lives, (start, end) = called(numbers), pieces_of(reading, numbers), _axis(reading)
    ahead = ahead_of(reading, numbers, hand_of(reading))
    to_call = _to_call(found.rows, lives, at)
    rows = [
        {
            **row,
            "called": names[row["c"]],
            "call": row["c"] in to_call,
            "ahead": ahead.people.get(row["c"]),
            "life": life_line(lives[row["c"]], start=start, end=end, width=300.0),
        }
        for row in found.rows
    ]
    query = choice.query()
    context = {
        "rows": rows,
        "page": found,
        "choice": choice,
        "query": query,
        "unseen": list(choice.unseen().items()),
        "said": choosing.title(choice, at),
        "last": found.before + len(rows),
        "first": found.before + 1,
        "sorts": {key: _sort(at, choice, key) for key in SORTS},
        "horizon": ahead.horizon or HORIZONS[0],
        "foreseen": ahead.horizon is not None,
        "one_currency": ahead.one_currency,
        "worth_link": at.link("worth"),
        "order": str(ORDERS[choice.sort]),
        "next_page": at.link("customers", **query, place=found.following) if found.following else "",
        "page_before": at.link("customers", **query, place=found.preceding) if found.preceding else "",
        "file": at.link("customers-file", **query),
        "stages": [(key, str(name)) for key, name in words.STAGE_NAMES.items()],
        "groups": [("on-time", gettext("by the fire")), ("quiet", gettext("gone quiet"))],
        "details": [(key, str(name)) for key, name in words.DETAIL_NAMES.items()],
        "many": choice.words and found.total >= MOST_FOUND,
        "currency": shop_of(request).currency,
        "span": (words.day_at(int(start), at.zone, 0), words.day_at(int(end) - 1, at.zone, 0)),
        "policy": reading.policy.hash,
        "everybody": at.link("customers"),
    }
    return show(request, "tenure/customers.html", context, here="customers")


def _sort(at: Moment, choice: Choice, key: str) -> dict[str, Any]:
    """A column's heading: where a click leads, and how the table stands."""
    turned = choice.sort == key and not choice.turned
    query = {**choice.query(), "sort": key, "turned": 1 if turned else ""}
    stands = ("descending" if choice.largest_first else "ascending") if choice.sort == key else ""
    return {"key": key, "link": at.link("customers", **query), "stands": stands}


def _axis(reading: Reading) -> tuple[float, float]:
    """The same time axis for every row: three years up to the page's day, less in a younger shop."""
    return float(max(reading.first_at, reading.as_of - _YEARS_US)), float(reading.as_of)


def worth_a_call(life: Sequence[Piece], at: Moment) -> bool:
    """Whether somebody who was loyal became overdue within the last two weeks: a call may still bring them back."""
    if len(life) < 2 or life[-1].stage != "lapsed" or life[-1].detail != "short":
        return False
    return life[-2].stage == "loyal" and -_LATELY <= at.days_to(int(life[-1].start)) <= 0


def _to_call(rows: Sequence[dict[str, Any]], lives: Mapping[int, Sequence[Piece]], at: Moment) -> set[int]:
    """Whom a page marks with an ember: of those worth a call the few who spent most, so that the mark keeps its
    meaning."""
    found = [row for row in rows if worth_a_call(lives[row["c"]], at)]
    found.sort(key=lambda row: row["spent_minor"] or 0, reverse=True)
    return {row["c"] for row in found[:_CALLS]}


def pieces_of(reading: Reading, people: Sequence[int]) -> dict[int, list[Piece]]:
    """The lives of some people up to the day, by number: stretches in microseconds."""
    out: defaultdict[int, list[Piece]] = defaultdict(list)
    if not people:
        return out
    there = reading.table("history").filter(col("c").isin(*(lit(one) for one in people)))
    there = there.filter(col("from_at") < lit(reading.as_of)).select(
        col("c"), col("from_at"), col("to_at"), col("code")
    )
    for c, from_at, to_at, code in there.sort(col("c"), col("from_at")).fetchall():
        stage, detail = STAGES[code]
        end = reading.as_of if to_at is None else min(to_at, reading.as_of)
        out[c].append(Piece(stage, detail or "", from_at, end))
    return out


@page(Permission.SEE)
def customers_file(request: HttpRequest) -> StreamingHttpResponse:
    """The people that the address asks for, all of them, as CSV; cells that a spreadsheet would run are quoted."""
    at, choice = moment(request), choosing.chosen(request.GET)
    reading = opened(at)
    rows = _rows(reading, choice, at, shop_of(request).currency)
    return table_file(f"customers-{at.day.isoformat()}.csv", _COLUMNS, rows)


def _rows(reading: Reading, choice: Choice, at: Moment, currency: str) -> Iterator[Iterable[object]]:
    there, hand = choosing.people(reading, choice, at).sort(col("c")), hand_of(reading)
    for batch in there.to_arrow_reader(_BATCH):
        rows = batch.to_pylist()
        numbers = [row["c"] for row in rows]
        names, ahead = called(numbers), ahead_of(reading, numbers, hand)
        for row in rows:
            foreseen = _foreseen(ahead.people.get(row["c"]), ahead.horizon)
            yield (*_cells(row, names[row["c"]], currency, at), *foreseen)


def _cells(row: dict[str, Any], called_as: Any, currency: str, at: Moment) -> Iterable[object]:
    instants = ("first_order_at", "last_order_at", "expected_at", "overdue_at", "long_overdue_at", "inactive_at")
    return (
        called_as.key or row["c"],
        called_as.name,
        called_as.email,
        row["stage"],
        row["detail"],
        _instant(row["since"]),
        row["orders"],
        row["occasions"],
        row["cycle"],
        *(_instant(row[name]) for name in instants),
        row["contact_on"],
        _money(row["spent_minor"], currency),
        row["reason"],
        row.get("because") or fact(row, at),
    )


def _foreseen(one: dict[str, Any] | None, horizon: int | None) -> Iterable[object]:
    """What is foreseen of somebody; empty where nothing is."""
    if one is None:
        return ("",) * 7
    worth = (_estimate(one[name], one["currency"]) for name in ("value", "value_low", "value_high"))
    return (round(one["p_buy"], 4), round(one["orders"], 3), *worth, one["currency"] or "", horizon)


def _estimate(minor: float | None, currency: str | None) -> str:
    return "" if minor is None else _money(round(minor), currency or "")


def _instant(at: int | None) -> str:
    return "" if at is None else format_instant(at)


def _money(minor: int | None, currency: str) -> str:
    from tenure.money import Money

    if minor is None:
        return ""
    return str(Money(minor, currency).amount) if currency else str(minor)
