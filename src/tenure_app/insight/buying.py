"""What first orders were like, what came after them, and whose money it is: counted off the events of a picture's day.

A few statements a slice of customers, then small tables for the formulas of `tenure.measure`. At a million customers it
takes seconds, so it is done once a day and generation, and by a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from tenure.engine.base import statement
from tenure.lifecycle.known import KnownPopulation
from tenure.measure.discounts import BOUNDS, Always, Cells, Discounts, Squares, Sums, always, discounts
from tenure.measure.existing import Existing, Revenue
from tenure.periods import DAY_US, calendar, date_of, day_number, day_of, start_of_day
from tenure_app.insight.store import PACKAGE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from tenure_app.insight.days import Picture

__all__ = ["DEEP", "LEAST", "USUAL", "WINDOWS", "Bought", "bought", "own_horizon"]

WINDOWS: Final = (90, 180, 365)
"""Days that one may choose beside the shop's own horizon."""
DEEP: Final = (3, 4)
"""Classes of a first order's discount that may set a precedent: above 20 %."""
LEAST: Final = 3
"""Orders from which on one may say that somebody buys on offer alone."""
USUAL: Final = 90
"""The horizon where the shop has none of its own yet."""
MONTHS, QUARTERS, YEARS = 12, 8, 4
"""Whole periods of which the revenue is shown; the earliest lies within the months that fit."""
_VALUE: Final = re.compile(r"\$(\w+)")
_BITS: Final = 62
"""Months that fit into a number, the last twelve of days as the bit above them."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What there is to say of first orders and of whose money it is, as of a day.

    discounts: by window, in days; own: the window that is the shop's own horizon. only_on_offer: who never bought
    without a discount; precedent: of those whose first discount was DEEP and who have LEAST orders or more, those all
    of whose orders since had one. told: of how many of all `orders` it is said whether they had a discount, as the
    records have them; channels: whether they name a channel.
    """

    own: int
    discounts: dict[int, Discounts]
    only_on_offer: Always
    precedent: Always
    existing: Existing
    orders: int
    told: int
    channels: bool


def bought(
    connection: DuckDBPyConnection, *, as_of: int, zone: str, first_at: int, own: int, at_once: int
) -> tuple[Bought, DuckDBPyRelation]:
    """What was bought before `as_of`, the first instant of a local day, off a connection that sees a picture.

    first_at: the first record's instant; own: the shop's horizon in days; at_once: orders that are held at a time. The
    tables that it makes are the connection's own, and go with it.
    Beside it of everybody who bought: c, depth (class of `tenure.measure.discounts`), first_day, gap (days to the next
    day with an order, null: none), orders, known and discounted (of how many it is known whether they had a discount,
    and how many had).
    """
    ((orders, told, channels),) = _asked(connection, "told", as_of=as_of)
    day = day_of(as_of, zone)
    windows = sorted({own, *WINDOWS})
    year = _months_before(date_of(day), 12)
    currency = next((name for (name,) in _asked(connection, "currency", as_of=as_of)), "")
    said: dict[str, Any] = {
        "as_of": as_of, "currency": currency, "some": 0 < told < orders, "last": day,
        "low": _month(date_of(day)) - _BITS + 1,
        "lately": start_of_day(day_number(year), zone), "lately_day": day_number(year),
        **dict(zip(("shallow", "middling", "deep"), BOUNDS, strict=True)),
        **{f"w{place}": windows[min(place, len(windows) - 1)] for place in range(4)},
    }  # fmt: skip
    _lay_days(connection, first_at, day, zone)
    if said["some"]:
        _run(connection, "telling", said)
    _gather(connection, said, orders, at_once)
    tables = [_run(connection, name, said).fetchnumpy() for name in ("cells", "sums", "squares")]
    found = {window: _followed(*tables, place, window) for place, window in enumerate(windows)}
    ((customers, hits),) = _asked(connection, "only_on_offer")
    ((deeply, since),) = _asked(connection, "precedent", deep=DEEP[0], least=LEAST)
    existing = _existing(connection, date_of(day), year, date_of(day_of(first_at, zone)), currency)
    people = connection.sql(statement(PACKAGE, "buying", "people"))
    connection.unregister("local_days")
    return Bought(
        own, found, always(hits, customers), always(since, deeply), existing, orders, told, channels > 0
    ), people


def _run(connection: DuckDBPyConnection, name: str, said: dict[str, Any]) -> DuckDBPyConnection:
    """A statement with those of the values that it asks for."""
    sql = statement(PACKAGE, "buying", name)
    names = set(_VALUE.findall(sql))
    return connection.execute(sql, {key: said[key] for key in names} or None)


def _asked(connection: DuckDBPyConnection, name: str, **said: Any) -> list[Any]:
    return _run(connection, name, said).fetchall()


def _lay_days(connection: DuckDBPyConnection, first_at: int, last: int, zone: str) -> None:
    """`local_days`: of every UTC day its local day as it begins, and the instants at which the next two begin."""
    first = day_of(first_at, zone)
    days = calendar(first - 2, last + 3, zone)
    utc = np.arange(first - 1, last + 2, dtype=np.int64)
    place = np.searchsorted(days.start_at, utc * DAY_US, side="right") - 1
    connection.register("local_days", pa.table({
        "utc_day": utc.astype(np.int32), "day": days.day[place].astype(np.int32),
        "next_at": days.start_at[place + 1], "after_at": days.start_at[place + 2],
    }))  # fmt: skip


def _gather(connection: DuckDBPyConnection, said: dict[str, Any], orders: int, at_once: int) -> None:
    """The tables of all customers, some customers at a time."""
    for name in ("nobody_yet", "nothing_yet", "no_squares_yet", "no_revenue_yet", "nothing_loose_yet"):
        _run(connection, name, said)
    ((least, most),) = connection.table("people").aggregate("min(c), max(c)").fetchall()
    if least is None or not orders:
        return
    step = max(1, -(-(most + 1 - least) * at_once // orders))
    for first in range(least, most + 1, step):
        some = {**said, "first": first, "next": first + step}
        _run(connection, "placed", some)
        if said["some"]:
            _run(connection, "none_in_between", some)
        for name in ("back", "theirs", "returned", "loosely"):
            _run(connection, name, some)
        if _run(connection, "any_in_parts", some).fetchall():
            _run(connection, "whole", some)
        for name in ("ordered", "begin", "follow", "square", "earn"):
            _run(connection, name, some)


def _followed(
    cells: dict[str, Any], sums: dict[str, Any], squares: dict[str, Any], place: int, window: int
) -> Discounts:
    """What followed within one of the windows, over who was watched for it."""
    watched, summed, squared = (np.asarray(table["seen"]) > place for table in (cells, sums, squares))
    summed &= np.asarray(sums["span"]) <= place
    gap = np.ma.filled(cells["gap"], -1)
    counted = (np.asarray(each)[watched] for each in (cells["depth"], cells["stratum"], gap, cells["customers"]))
    return discounts(
        Cells(*(each.astype(np.int64) for each in counted)),
        Sums(*(np.asarray(sums[name])[summed] for name in Sums._fields)),
        Squares(*(np.asarray(squares[name])[squared] for name in ("depth", "stratum", f"s{place}"))),
        window=window,
    )


def _month(on: date) -> int:
    return on.year * 12 + on.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _months_before(on: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month."""
    first = _first_of(_month(on) - months)
    last = _first_of(_month(on) - months + 1).toordinal() - 1
    return date.fromordinal(min(first.toordinal() + on.day - 1, last))


def _periods(on: date, began_on: date) -> Iterator[tuple[str, int, int]]:
    """Whole months, quarters and years that are over and begin after the first record's day: (kind, first month, the
    first month after), oldest first."""
    for every, step, most in (("month", 1, MONTHS), ("quarter", 3, QUARTERS), ("year", 12, YEARS)):
        end = _month(on) // step * step
        for first in range(end - most * step, end, step):
            if first >= 12 and _first_of(first) > began_on:
                yield every, first, first + step


def _existing(connection: DuckDBPyConnection, on: date, year: date, began_on: date, currency: str) -> Existing:
    """Whose money it is, off the tables `revenue` and `beginners`."""
    low = _month(on) - _BITS + 1
    asked = list(_periods(on, began_on))
    masks = [sum(1 << (month - low) for month in range(first, end)) for _, first, end in asked]
    connection.register("spans", pa.table({
        "place": pa.array(range(len(asked) + 1), pa.int32()), "mask": pa.array([1 << _BITS, *masks], pa.int64()),
    }))  # fmt: skip
    buyers = {place: (all_, later) for place, all_, later in _asked(connection, "buyers")}
    connection.unregister("spans")
    rows = _asked(connection, "earned")

    def summed(place: int, start: date, end: date, mine: list[Any]) -> Revenue:
        minor, orders, priced = (sum(row[column] for row in mine) for column in (3, 4, 5))
        again = [row for row in mine if row[2]]
        customers, existing = buyers.get(place, (0, 0))
        return Revenue(start, end, int(minor), int(sum(row[3] for row in again)), int(orders),
                       int(sum(row[4] for row in again)), customers, existing, int(priced))  # fmt: skip

    found: dict[str, list[Revenue]] = {"month": [], "quarter": [], "year": []}
    for place, (every, first, end) in enumerate(asked, start=1):
        mine = [row for row in rows if first <= row[0] < end]
        found[every].append(summed(place, _first_of(first), _first_of(end), mine))
    lately = summed(0, year, on, [row for row in rows if row[1]])
    ((loose,),) = _asked(connection, "went_back_loosely")
    return Existing(
        currency or None, began_on, lately, tuple(found["month"]), tuple(found["quarter"]), tuple(found["year"]),
        int(sum(row[6] for row in rows)), int(loose),
    )  # fmt: skip


def own_horizon(picture: Picture) -> int:
    """The shop's own horizon in days, as its month's start knew it; 90 where nothing was known."""
    policy, zone = picture.shelf.policy, picture.shelf.zone
    with picture.cursor() as cursor:
        ((text,),) = cursor.execute(statement(PACKAGE, "buying", "population")).fetchall()
    known = KnownPopulation.read(text, policy)
    month = _month(date_of(day_of(picture.as_of, zone))) - _month(date(1970, 1, 1))
    place = min(month - known.first_month, known.months - 1)
    return int(known.snapshots.horizon[place]) if place >= 0 else USUAL
