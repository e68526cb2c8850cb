"""What is expected of everybody, as pages ask for it: foreseen once a day, horizon and generation, and laid down.

The answer lies as JSON in the data folder, and beside it, as Parquet, the people. A process of its own loads the
models; the page waits for it.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import gettext

from tenure_app.insight.days import Shelf
from tenure_app.insight.foreseen import HORIZONS, Cohort, Foreseen, Stage, Told, Total, Track, foreseen
from tenure_app.ledger.models import Shop
from tenure_app.refused import Refused
from tenure_app.web import beside
from tenure_app.web.moment import word_in
from tenure_app.web.reading import col, lit
from tenure_app.web.rules import in_force

if TYPE_CHECKING:
    from django.http import HttpRequest
    from duckdb import DuckDBPyRelation
    from pyarrow import Table

    from tenure_app.web.moment import Moment
    from tenure_app.web.reading import Reading

__all__ = ["foreseen_by", "horizon_in", "lay_foreseen", "one_foreseen", "people_foreseen", "windows"]

_KEPT: Final = 20
"""Days and horizons of which the answers are kept, the latest made."""
_VERSION: Final = 2
"""Of what is laid down: another release may write other fields."""


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


def foreseen_by(reading: Reading, horizon: int) -> Foreseen:
    """What is foreseen as of the reading's day.

    NotReady while another process works it out; Refused where that ended without an answer.
    """
    return reading.remembered(("foreseen", horizon), lambda: _read(_laid(reading, horizon)))


def people_foreseen(reading: Reading, horizon: int) -> DuckDBPyRelation:
    """Everybody who ordered: c, p_buy, ... (`tenure_app.insight.foreseen.foreseen`); NotReady, Refused as above."""
    people = _people_of(_result(reading, horizon))
    if not people.exists():
        _result(reading, horizon).unlink(missing_ok=True)
        _laid(reading, horizon)
    return reading.connection.read_parquet(str(people))


def one_foreseen(reading: Reading, person: int) -> dict[str, Any] | None:
    """The person's row where everybody was foreseen before, of the shortest horizon there is, with it as `horizon`;
    None where nobody asked yet: a customer's page does not wait for everybody."""
    for horizon in HORIZONS:
        people = _people_of(_result(reading, horizon))
        if people.exists():
            everybody = reading.connection.read_parquet(str(people))
            there = everybody.filter(col("c") == lit(person)).to_arrow_table().to_pylist()
            return {**there[0], "horizon": horizon} if there else None
    return None


def _result(reading: Reading, horizon: int) -> Path:
    name = f"{reading.generation}-{reading.as_of}-{horizon}-{_VERSION}.json"
    return Path(settings.TENURE_DATA) / "worth" / "found" / name


def _people_of(result: Path) -> Path:
    return result.with_suffix(".parquet")


def _laid(reading: Reading, horizon: int) -> dict[str, Any]:
    result = _result(reading, horizon)
    known_at = reading.picture.shelf.known_at if reading.picture else None
    words = [str(result), reading.generation, str(reading.as_of), str(horizon)]
    words += [] if known_at is None else [str(known_at)]
    waiting = gettext("Working out who will order again, and trying the same on the past")
    said = beside.found(result, "tenure_app.web.foreseeing", words, waiting=waiting)
    if beside.FAILED in said:
        result.unlink(missing_ok=True)  # asked again, it is worked out again
        raise Refused("failed", gettext("Nothing was worked out: it was stopped. Ask again; it begins anew."))
    if beside.REFUSED in said:
        raise Refused(said["code"], said[beside.REFUSED])
    return said


def lay_foreseen(result: Path, generation: str, as_of: int, horizon: int, known_at: int | None = None) -> None:
    """Work out what is to come as a generation has it, and lay it down; nothing where another one is in force by now,
    which nobody asked for under this name."""
    policy, zone = in_force()[0], Shop.objects.one().zone
    shelf = Shelf(Path(settings.TENURE_DATA) / "mirror", policy=policy, zone=zone, known_at=known_at)
    if shelf.generation != generation:
        return
    result.parent.mkdir(parents=True, exist_ok=True)

    beside.lay(result, lambda: _written(result, *foreseen(shelf, as_of, horizon)))
    with contextlib.suppress(FileNotFoundError):  # somebody else clears, too
        for old in sorted(result.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            old.unlink()
            _people_of(old).unlink(missing_ok=True)


def _written(result: Path, found: Foreseen, people: Table) -> dict[str, Any]:
    """The people laid beside the result, and what it says."""
    from pyarrow import parquet

    unfinished = result.with_suffix(".unfinished")
    parquet.write_table(people, unfinished, compression="zstd")
    unfinished.replace(_people_of(result))
    return asdict(found)


def _read(said: dict[str, Any]) -> Foreseen:
    """What was laid down."""
    track = said["track"]
    known = {
        "notes": tuple(said["notes"]),
        "stages": tuple(Stage(**one) for one in said["stages"]),
        "cohorts": tuple(Cohort(**one) for one in said["cohorts"]),
        "shares": tuple((part, share) for part, share in said["shares"]),
        "track": track and Track(
            tuple(Told(**one) for one in track["told"]), tuple(Total(**one) for one in track["totals"]),
            track["auc"], track["coverage"],
        ),
    }  # fmt: skip
    return Foreseen(**{**said, **known})

