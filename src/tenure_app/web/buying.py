"""What first orders led to and whose money it is, as pages ask for it: counted once a day and generation, laid down.

The counts lie as JSON in the data folder, and beside them, as Parquet, the people behind the counts. A small shop is
counted at once; of a large one a process of its own counts, and the page waits.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import gettext

from tenure.measure.discounts import Always, Compared, Curves, Discounts, Group, Money
from tenure.measure.existing import Existing, Revenue
from tenure_app.insight import beside
from tenure_app.insight.buying import USUAL, Bought, bought, own_horizon
from tenure_app.insight.days import Shelf
from tenure_app.insight.reading import NotReady, col, lit
from tenure_app.ledger.models import Shop
from tenure_app.refused import Refused
from tenure_app.web.rules import in_force

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from tenure_app.insight.days import Picture
    from tenure_app.insight.reading import Reading

__all__ = ["beginner_at_hand", "beginners", "bought_by", "lay_bought"]

AT_ONCE: Final = 200_000
"""Orders that a web process counts by itself."""
_QUICKLY: Final = 20_000
"""Orders that are counted for a page about one person."""
_HELD, _MANY = 50_000, 500_000
"""Rows of orders that are held at a time, in a web process and in one of its own."""
_KEPT: Final = 40
"""Days of which the counts are kept, the latest made."""
_counting: Final = Lock()
_VERSION: Final = 3
"""Of what is laid down: another release may write other fields."""


def bought_by(reading: Reading) -> Bought:
    """What was bought as of the reading's day.

    NotReady while it is counted by another process; Refused where that ended without an answer.
    """
    return reading.remembered("bought", lambda: _read(_laid(reading)))


def beginners(reading: Reading) -> DuckDBPyRelation:
    """Everybody who bought: c, depth, first_day, gap, orders, known, discounted (`tenure_app.insight.buying.bought`).

    NotReady and Refused as in `bought_by`.
    """
    people = _people_of(_result(reading.generation, reading.as_of))
    if not people.exists():
        _laid(reading, anew=True)
    return reading.connection.read_parquet(str(people))


def beginner_at_hand(reading: Reading, person: int) -> dict[str, Any] | None:
    """Somebody's row of `beginners`; None of who never ordered, and where a page about one person would have to wait
    for everybody to be counted."""
    people = _people_of(_result(reading.generation, reading.as_of))
    if not people.exists() and _orders(reading) > _QUICKLY:
        return None
    try:
        found = beginners(reading).filter(col("c") == lit(person)).to_arrow_table().to_pylist()
    except (NotReady, Refused):  # the page about them is not to wait or fail for this
        return None
    return found[0] if found else None


def _result(generation: str, as_of: int) -> Path:
    return Path(settings.TENURE_DATA) / "buying" / "found" / f"{generation}-{as_of}-{_VERSION}.json"


def _people_of(result: Path) -> Path:
    return result.with_suffix(".parquet")


def _laid(reading: Reading, *, anew: bool = False) -> dict[str, Any]:
    """What was laid down; it is counted where nothing was."""
    result = _result(reading.generation, reading.as_of)
    if anew:
        result.unlink(missing_ok=True)
    if not result.exists() and (reading.picture is None or _orders(reading) <= AT_ONCE):
        with _counting:  # two pages that ask at once count it once
            if not result.exists():
                _lay_at_once(result, reading)
    known_at = reading.picture.shelf.known_at if reading.picture else None
    words = [str(result), reading.generation, str(reading.as_of), *([] if known_at is None else [str(known_at)])]
    waiting = gettext("Counting orders and what came after them")
    stopped = gettext("Nothing was counted: the counting was stopped. Ask again; it begins anew.")
    return beside.answer(result, "tenure_app.web.tallying", words, waiting=waiting, stopped=stopped)


def _lay_at_once(result: Path, reading: Reading) -> None:
    _lay(result, reading.connection, reading.picture, reading.as_of, reading.zone, reading.first_at, _HELD)


def _orders(reading: Reading) -> int:
    """How many orders count, which tells how much there is to do."""

    def count() -> int:
        ((orders,),) = reading.table("people").aggregate("sum(orders)").fetchall()
        return int(orders or 0)

    return reading.remembered("orders", count)


def lay_bought(result: Path, generation: str, as_of: int, known_at: int | None = None) -> None:
    """Count what was bought as a generation has it, and lay it down; nothing where another one is in force by now,
    which nobody asked for under this name."""
    policy, zone = in_force()[0], Shop.objects.one().zone
    shelf = Shelf(Path(settings.TENURE_DATA) / "mirror", policy=policy, zone=zone, known_at=known_at)
    if shelf.generation != generation or shelf.first_at is None:
        return
    picture = shelf.day(as_of)
    with picture.cursor() as connection:
        connection.execute("SET memory_limit = '500MB'")
        _lay(result, connection, picture, as_of, zone, shelf.first_at, _MANY)


def _lay(
    result: Path, connection: DuckDBPyConnection, picture: Picture | None, as_of: int, zone: str, first_at: int,
    held: int,
) -> None:  # fmt: skip
    result.parent.mkdir(parents=True, exist_ok=True)

    def find() -> dict[str, Any]:
        own = USUAL if picture is None else own_horizon(picture)
        found, people = bought(connection, as_of=as_of, zone=zone, first_at=first_at, own=own, at_once=held)
        unfinished = result.with_suffix(f".{os.getpid()}-{get_ident()}.unfinished")
        people.write_parquet(str(unfinished), compression="zstd")
        unfinished.replace(_people_of(result))
        return _plain(found)

    beside.lay(result, find)
    with contextlib.suppress(FileNotFoundError):  # somebody else clears, too
        for old in sorted(result.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            old.unlink()
            _people_of(old).unlink(missing_ok=True)


def _plain(found: Bought) -> dict[str, Any]:
    """As JSON has it: days as text."""
    said: dict[str, Any] = json.loads(json.dumps(asdict(found), default=date.isoformat))
    return said


def _read(said: dict[str, Any]) -> Bought:
    """What `_plain` wrote."""
    existing = said["existing"]
    spans = {name: tuple(map(_revenue, existing[name])) for name in ("months", "quarters", "years")}
    began_on = date.fromisoformat(existing["began_on"])
    known = {**existing, **spans, "began_on": began_on, "year": _revenue(existing["year"])}
    windows = {int(days): _discounts(one) for days, one in said["discounts"].items()}
    rest = {
        "discounts": windows, "existing": Existing(**known),
        **{name: Always(**said[name]) for name in ("only_on_offer", "precedent")},
    }  # fmt: skip
    return Bought(**{one.name: said[one.name] for one in fields(Bought)} | rest)


def _revenue(said: dict[str, Any]) -> Revenue:
    return Revenue(**said | {name: date.fromisoformat(said[name]) for name in ("start_on", "end_on")})


def _discounts(said: dict[str, Any]) -> Discounts:
    curves = {name: said[name] and _curves(said[name]) for name in ("raw", "adjusted")}
    return Discounts(said["window"], tuple(map(_group, said["groups"])), _group(said["any"]), **curves)


def _curves(said: dict[str, Any]) -> Curves:
    return Curves(tuple(said["full_share"]), tuple(said["share"]), said["full"], said["customers"])


def _group(said: dict[str, Any]) -> Group:
    return Group(**said | {"compared": said["compared"] and _compared(said["compared"])})


def _compared(said: dict[str, Any]) -> Compared:
    return Compared(**said | {"money": said["money"] and Money(**said["money"])})
