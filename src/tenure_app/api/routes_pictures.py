"""Operations about everybody: who stands where on a day, who moved, what is expected."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Query

from tenure_app.api import schemas_pictures
from tenure_app.api.asked import AsOf, Cursor, Detail, KnownAt, Limit, Moment, StageName, codes_of, moment
from tenure_app.api.auth import Guarded, asks
from tenure_app.api.paging import USUAL, after, cursor
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import Scope
from tenure_app.insight.forecasts import foreseen_by, people_foreseen
from tenure_app.insight.foreseen import HORIZONS
from tenure_app.insight.moving import NOBODY, among, counts, flows
from tenure_app.insight.reading import Reading, col, lit
from tenure_app.insight.stages import STAGES

__all__ = ["get_flows", "get_predictions", "get_stages", "list_foreseen", "list_placed", "pictures_router"]

pictures_router = Guarded(tags=["pictures"])
_MONTH_US: Final = 30 * 86_400_000_000
_PEOPLE: Final = (
    "c", "p_buy", "orders", "low", "high", "currency", "value", "value_low", "value_high",
)  # fmt: skip

Days = Annotated[int, Query(description=f"days ahead: {', '.join(map(str, HORIZONS))}")]


def _opened(as_of: str | None, known_at: str | None) -> tuple[Moment, Reading, dict[str, Any]]:
    """The moment, the picture of its day, and what every answer says of them."""
    at = moment(as_of, known_at)
    reading = at.reading()
    return at, reading, {"as_of": reading.as_of, "known_at": at.known_at, "policy": reading.policy.hash}


@pictures_router.get("/stages", response=schemas_pictures.Stages)
@asks(Scope.SEE)
def get_stages(
    request: HttpRequest,  # noqa: ARG001
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """How many stand in each stage as of the first instant of a day: today's if nothing is said."""
    at, reading, said = _opened(as_of, known_at)
    told = [
        {"stage": stage, "detail": detail or None, "customers": n} for (stage, detail), n in counts(reading).items()
    ]  # fmt: skip
    return {**said, "read_at": at.read_at(), "customers": sum(one["customers"] for one in told), "stages": told}


@pictures_router.get("/stages/customers", response=schemas_pictures.PlacedPage)
@asks(Scope.SEE)
def list_placed(
    request: HttpRequest,  # noqa: ARG001
    as_of: AsOf = None,
    known_at: KnownAt = None,
    stage: StageName = None,
    detail: Detail = None,
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Who stood where as of the first instant of a day, by number."""
    _, reading, said = _opened(as_of, known_at)
    there, codes = reading.table("people"), codes_of(stage, detail)
    if codes is not None:
        there = there.filter(among("code", codes) if codes else lit(False))
    name = f"placed {reading.as_of} {known_at} {stage} {detail}"
    if (behind := after(name, cursor, 1)) is not None:
        there = there.filter(col("c") > lit(behind[0]))
    rows = there.select(col("c"), col("code"), col("since")).sort(col("c")).limit(limit + 1).fetchall()
    items = [
        {"customer": c, "stage": STAGES[code][0], "detail": STAGES[code][1], "since": since}
        for c, code, since in rows[:limit]
    ]  # fmt: skip
    return {**said, "items": items, "next": _following(name, rows, limit)}


def _following(name: str, rows: list[tuple[Any, ...]], limit: int) -> str | None:
    return cursor(name, [rows[limit - 1][0]]) if len(rows) > limit else None


@pictures_router.get("/flows", response=schemas_pictures.Flows)
@asks(Scope.SEE)
def get_flows(
    request: HttpRequest,  # noqa: ARG001
    begins: AsOf = None,
    ends: AsOf = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """How many stood in one stage at the start of a day and in another, or the same, at the start of a later one: the
    last thirty days if nothing is said."""
    end = moment(ends, known_at)
    reading = end.reading()
    start_at = Moment(end.as_of - _MONTH_US, None, end.zone).day_at if begins is None else moment(begins, None).day_at
    if start_at >= reading.as_of:
        raise Problem(422, "bad_time", "it begins on a day before it ends")
    told = [
        {
            "from_stage": None if a == NOBODY else STAGES[a][0], "from_detail": None if a == NOBODY else STAGES[a][1],
            "to_stage": STAGES[b][0], "to_detail": STAGES[b][1], "customers": n,
        }
        for (a, b), n in sorted(flows(reading, start_at, reading.as_of).items())
    ]  # fmt: skip
    return {
        "begins": start_at, "ends": reading.as_of, "known_at": end.known_at, "policy": reading.policy.hash,
        "flows": told,
    }  # fmt: skip


def _horizon(days: int) -> int:
    if days not in HORIZONS:
        raise Problem(422, "bad_days", f"forecasts reach {', '.join(map(str, HORIZONS))} days ahead")
    return days


@pictures_router.get("/predictions", response=schemas_pictures.Foreseen)
@asks(Scope.SEE)
def get_predictions(
    request: HttpRequest,  # noqa: ARG001
    days: Days = HORIZONS[0],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """What everybody who ordered before a day is expected to order within so many days from it. Worked out once a day;
    503 until it is."""
    _, reading, said = _opened(as_of, known_at)
    found = foreseen_by(reading, _horizon(days))
    stages = [
        {
            "stage": STAGES[one.code][0], "detail": STAGES[one.code][1], "customers": one.customers,
            "expected_buyers": one.buyers, "expected_orders": one.orders, "expected_value": one.value,
        }
        for one in found.stages
    ]  # fmt: skip
    past = [
        {
            "on": date.fromisoformat(one.on), "n": one.n, "expected_orders": one.expected, "low": one.low,
            "high": one.high, "orders": one.came,
        }
        for one in (found.track.totals if found.track else ())
    ]  # fmt: skip
    return {
        **said, "days": found.horizon, "n": found.n, "model": found.model, "notes": found.notes,
        "expected_buyers": found.buyers, "expected_orders": found.orders, "expected_orders_low": found.orders_low,
        "expected_orders_high": found.orders_high, "currency": found.currency, "expected_value": found.value,
        "expected_value_low": found.value_low, "expected_value_high": found.value_high, "stages": stages, "past": past,
    }  # fmt: skip


@pictures_router.get("/predictions/customers", response=schemas_pictures.ForeseenPage)
@asks(Scope.SEE)
def list_foreseen(
    request: HttpRequest,  # noqa: ARG001
    days: Days = HORIZONS[0],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """What each of those who ordered before a day is expected to order within so many days from it, by number."""
    _, reading, said = _opened(as_of, known_at)
    found, there = foreseen_by(reading, _horizon(days)), people_foreseen(reading, days)
    name = f"foreseen {reading.as_of} {known_at} {days}"
    if (behind := after(name, cursor, 1)) is not None:
        there = there.filter(col("c") > lit(behind[0]))
    rows = there.select(*map(col, _PEOPLE)).sort(col("c")).limit(limit + 1).fetchall()
    items = [
        {
            "customer": c, "chance": chance, "expected_orders": orders, "low": low, "high": high, "currency": currency,
            "expected_value": value, "expected_value_low": value_low, "expected_value_high": value_high,
        }
        for c, chance, orders, low, high, currency, value, value_low, value_high in rows[:limit]
    ]  # fmt: skip
    return {**said, "days": days, "n": found.n, "items": items, "next": _following(name, rows, limit)}
