"""Flows: who moved where, period by period, with the people behind every cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext

from tenure.draw import CODES, STAGES, alluvial, tint
from tenure_app.insight import moving
from tenure_app.insight.moving import NOBODY
from tenure_app.ledger.names import called
from tenure_app.roles import Permission
from tenure_app.web import counting, words
from tenure_app.web.counting import ON_TIME, Period
from tenure_app.web.frame import show
from tenure_app.web.moment import moment, shop_of, word_in
from tenure_app.web.opening import opened
from tenure_app.web.routes import page
from tenure_app.web.sayings import usual
from tenure_app.web.tables import table_file

if TYPE_CHECKING:
    from tenure_app.insight.reading import Reading
    from tenure_app.web.moment import Moment

__all__ = ["flows_file", "flows_page"]

CELLS: Final = frozenset(f"{a}-{b}" for a in ("nobody", *STAGES) for b in STAGES)
"""Words of the address for the cells of the matrix."""
COLUMNS: Final = 3
SHOWN: Final = 8

Flows = Mapping[tuple[str, str], int]


@page(Permission.SEE)
def flows_page(request: HttpRequest) -> HttpResponse:
    """Three periods as streams, the last as a matrix, one cell with its people."""
    at = moment(request)
    every = word_in(request.GET, "every", counting.EVERY, "month")
    reading = opened(at)
    periods = _periods(at, every)
    found = [counting.staged(moving.flows(reading, one.start_at, one.end_at)) for one in periods]
    last, moved = periods[-1], found[-1]
    cell = _cell(word_in(request.GET, "cell", CELLS), moved)
    context = {
        "every": every,
        "periods": words.period_names(),
        "picture": _drawn(at, periods, found, every),
        "rows": list(_rows(at, moved, every, cell)),
        "stages": STAGES,
        "sums": [sum(n for (_, end), n in moved.items() if end == stage) for stage in STAGES],
        "total": sum(moved.values()),
        "came": [moved.get(("", stage), 0) for stage in STAGES],
        "came_total": sum(moved.get(("", stage), 0) for stage in STAGES),
        "came_links": [_link(at, "", stage, last) for stage in STAGES],
        "stage_links": [at.link("customers", stage=s) for s in STAGES],
        "period": last,
        "title": words.begun(words.span(last.start, last.end, at.year)),
        "start": words.day(last.start, at.year),
        "end": words.day(last.end, at.year),
        "cell": _told(reading, at, last, found, cell, every) if cell else None,
        "file": at.link("flows-file", every=every),
        "currency": shop_of(request).currency,
        "policy": reading.policy.hash,
        "arrivals": list(
            zip(
                STAGES,
                [moved.get(("", stage), 0) for stage in STAGES],
                [_link(at, "", s, last) for s in STAGES],
                strict=True,
            )
        ),
    }
    return show(request, "tenure/flows.html", context, here="flows")


def _periods(at: Moment, every: str) -> list[Period]:
    """The last periods that end one after the other on the page's day, the earliest first."""
    out: list[Period] = []
    end = at.day
    for _ in range(COLUMNS):
        out.append(counting.period_before(end, every, at.zone))
        end = out[-1].start
    return out[::-1]


def _drawn(at: Moment, periods: list[Period], found: list[dict[tuple[str, str], int]], every: str) -> str:
    def link(i: int, flow: tuple[str, str]) -> str:
        if i < len(periods) - 1:
            return at.link("flows", as_of=periods[i].end.isoformat(), every=every, cell="-".join(flow)) + "#cell"
        return at.link("flows", every=every, cell="-".join(flow)) + "#cell"

    days = [periods[0].start, *(one.end for one in periods)]
    return alluvial(days, found, link=link, tongue=words.TONGUE)


def _cell(asked: str, moved: Flows) -> tuple[str, str] | None:
    """The chosen cell; without a choice the largest move into lapsed, else the largest move."""
    if asked:
        a, _, b = asked.partition("-")
        return ("" if a == "nobody" else a), b
    moves = {flow: n for flow, n in moved.items() if flow[0] and flow[0] != flow[1] and n}
    hot = {flow: n for flow, n in moves.items() if flow[0] in ON_TIME and flow[1] == "lapsed"}
    return max(hot or moves, key=lambda flow: moves[flow], default=None)


def _link(at: Moment, a: str, b: str, period: Period) -> str:
    return at.link("customers", moved_from=a or "nobody", moved_to=b, begin=period.start.isoformat())


def _rows(
    at: Moment, moved: Flows, every: str, cell: tuple[str, str] | None
) -> Iterator[dict[str, Any]]:
    """The matrix, a row a stage: of each cell its number, look, and where it leads."""
    most = max((n for (a, b), n in moved.items() if a and a != b), default=0)
    for a in STAGES:
        cells = []
        for b in STAGES:
            n = moved.get((a, b), 0)
            code = "hot" if b == "lapsed" and a in ON_TIME else CODES[b]
            look = "stay" if a == b else f"{code} {tint(n, most)}"
            link = at.link("flows", every=every, cell=f"{a}-{b}")
            cells.append({"n": n, "look": look, "link": link, "on": cell == (a, b), "to": b})
        yield {"stage": a, "cells": cells, "total": sum(one["n"] for one in cells)}


def _told(
    reading: Reading,
    at: Moment,
    period: Period,
    found: list[dict[tuple[str, str], int]],
    cell: tuple[str, str],
    every: str,
) -> dict[str, Any]:
    """A cell in a sentence, with its first people."""
    a, b = cell
    n, moved = found[-1].get(cell, 0), found[-1]
    whole = sum(count for (origin, _), count in moved.items() if origin == a)
    when = words.long_span(period.start, period.end, at.year)
    if not a:
        said = gettext("{people} came {when} and stand in {end} now.").format(
            people=words.people(n), when=when, end=words.stage_name(b)
        )
    elif a == b:
        said = gettext("{n} of {whole} who were {stage} still are: {share}.").format(
            n=words.count(n),
            whole=words.count(whole),
            stage=words.stage_word(a),
            share=words.percent(n / whole if whole else 0),
        )
    else:
        said = gettext("{n} of the {whole} who were {origin} became {end} {when}: {share}.").format(
            n=words.count(n),
            whole=words.count(whole),
            origin=words.stage_word(a),
            end=words.stage_word(b),
            when=when,
            share=words.percent(n / whole if whole else 0),
        )
    past = _past(reading, period, cell, every) if a != b else []
    origins = [NOBODY] if not a else list(words.CODES_OF[a])

    def find() -> list[dict[str, Any]]:
        return counting.movers(reading, period.start_at, origins, words.CODES_OF[b], SHOWN)

    rows = reading.remembered(("cell", period.start_at, cell), find) if n else []
    names = called(row["c"] for row in rows)
    title = f"{words.stage_name(a)} → {words.stage_name(b)}" if a else words.stage_name(b)
    if a:
        title = gettext("{origin} to {end}").format(origin=words.stage_name(a), end=words.stage_word(b))
    return {
        "title": title,
        "n": n,
        "said": said,
        "usual": usual(past, n, every),
        "link": _link(at, a, b, period),
        "people": [{**row, "called": names[row["c"]]} for row in rows],
    }


def _past(reading: Reading, period: Period, cell: tuple[str, str], every: str) -> list[int]:
    from tenure.periods import date_of, day_of

    first = date_of(day_of(reading.first_at, reading.zone))
    before = counting.periods_before(period.start, every, reading.zone, first, 12)
    return [counting.staged(moving.moves(reading, one.start_at, one.end_at)).get(cell, 0) for one in before]


@page(Permission.SEE)
def flows_file(request: HttpRequest) -> StreamingHttpResponse:
    """The flows of the last period with details, as CSV."""
    from tenure.lifecycle.trace import STAGES as PARTS

    at = moment(request)
    every = word_in(request.GET, "every", counting.EVERY, "month")
    reading = opened(at)
    period = counting.period_before(at.day, every, at.zone)
    found = moving.flows(reading, period.start_at, period.end_at)
    start, end = period.start.isoformat(), period.end.isoformat()
    rows = [
        (start, end, *("" if a == NOBODY else part or "" for part in PARTS[a]), *(part or "" for part in PARTS[b]), n)
        for (a, b), n in sorted(found.items())
    ]
    columns = ("start", "end", "from_stage", "from_detail", "to_stage", "to_detail", "customers")
    return table_file(f"flows-{start}-{end}.csv", columns, rows)
