"""What is expected of everybody, as pages ask for it: foreseen once a day, horizon and generation, and laid down.

The answer lies as JSON in the data folder, and beside it, as Parquet, the people. A process of its own loads the
models; the page waits for it.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

import duckdb
from django.conf import settings
from django.utils.translation import gettext

from tenure_app.insight import beside
from tenure_app.insight.days import Shelf
from tenure_app.insight.foreseen import HORIZONS, Cohort, Foreseen, Stage, Told, Total, Track, foreseen
from tenure_app.insight.reading import col, lit
from tenure_app.ledger.models import Shop
from tenure_app.ledger.policies import in_force

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyRelation
    from pyarrow import Table

    from tenure_app.insight.reading import Reading

__all__ = ["Ahead", "ahead_of", "at_hand", "foreseen_by", "hand_of", "lay_foreseen", "people_foreseen"]

_KEPT: Final = 20
"""Days and horizons of which the answers are kept, the latest made."""
_NAMES: Final = ("c", "p_buy", "orders", "low", "high", "value", "value_low", "value_high", "currency")
_TOGETHER: Final = 20_000
"""People of one group of the file."""
_VERSION: Final = 5
"""Of what is laid down: another release may write other fields."""


def foreseen_by(reading: Reading, horizon: int) -> Foreseen:
    """What is foreseen as of the reading's day.

    NotReady while another process works it out; Refused where that ended without an answer.
    """
    name = _result(reading, horizon).name
    return reading.remembered(("foreseen", name), lambda: _read(_laid(reading, horizon)))


def people_foreseen(reading: Reading, horizon: int) -> DuckDBPyRelation:
    """Everybody who ordered: c, p_buy, ... (`tenure_app.insight.foreseen.foreseen`); NotReady, Refused as above."""
    people = _people_of(_result(reading, horizon))
    if not people.exists():
        _result(reading, horizon).unlink(missing_ok=True)
        _laid(reading, horizon)
    return reading.connection.read_parquet(str(people))


def at_hand(reading: Reading) -> tuple[Foreseen, DuckDBPyRelation] | None:
    """What was foreseen already, of the shortest horizon there is, with everybody as `people_foreseen`; None where
    nobody asked yet: a page about somebody does not wait for everybody."""
    hand = hand_of(reading)
    with contextlib.suppress(duckdb.IOException):  # cleared meanwhile
        return hand and (hand[0], reading.connection.read_parquet(str(hand[1])))
    return None


def hand_of(reading: Reading) -> tuple[Foreseen, Path] | None:
    """What was foreseen already, of the shortest horizon there is, and the file of everybody; None where nobody asked
    yet."""
    for horizon in HORIZONS:
        result = _result(reading, horizon)
        if (found := _found(reading, result)) is not None:
            return found, _people_of(result)
    return None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is foreseen of some people already, by number: the rows of `people_foreseen`, without `silence`. horizon: in
    how many days, None where nobody asked yet; one_currency: whether their worth can be compared."""

    people: dict[int, dict[str, Any]]
    horizon: int | None
    one_currency: bool


def ahead_of(reading: Reading, people: Sequence[int], hand: tuple[Foreseen, Path] | None) -> Ahead:
    """Of these people, what is at hand (`hand_of`)."""
    if hand is None:
        return Ahead({}, None, True)
    found, path = hand
    if not people:
        return Ahead({}, found.horizon, found.value is not None)
    # a connection of its own: a file of people is sent while the rows of the reading's are still being read
    try:
        everybody = reading.connection.cursor().read_parquet(str(path))
        rows = everybody.filter(col("c").isin(*map(lit, people))).select(*_NAMES).to_arrow_table().to_pylist()
    except duckdb.IOException:  # cleared meanwhile
        rows = []
    return Ahead({row["c"]: row for row in rows}, found.horizon, found.value is not None)


def _found(reading: Reading, result: Path) -> Foreseen | None:
    if not _people_of(result).exists():
        return None
    try:
        return reading.remembered(("foreseen", result.name), lambda: _read(json.loads(result.read_text("utf-8"))))
    except (FileNotFoundError, KeyError):  # cleared meanwhile, or it says why there is none
        return None


def _result(reading: Reading, horizon: int) -> Path:
    rate = _in_parts(Shop.objects.one().discount_rate)
    name = f"{reading.generation}-{reading.as_of}-{horizon}-{rate}-{_VERSION}.json"
    return Path(settings.TENURE_DATA) / "worth" / "found" / name


def _in_parts(rate: float) -> int:
    """A rate in ten-thousandths, as file names and words of a process have it."""
    return round(10_000 * rate)


def _people_of(result: Path) -> Path:
    return result.with_suffix(".parquet")


def _laid(reading: Reading, horizon: int) -> dict[str, Any]:
    result = _result(reading, horizon)
    known_at = reading.picture.shelf.known_at if reading.picture else None
    rate = _in_parts(Shop.objects.one().discount_rate)
    words = [str(result), reading.generation, str(reading.as_of), str(horizon), str(rate)]
    words += [] if known_at is None else [str(known_at)]
    waiting = gettext("Working out who will order again, and trying the same on the past")
    stopped = gettext("Nothing was worked out: it was stopped. Ask again; it begins anew.")
    return beside.answer(result, "tenure_app.insight.foreseeing", words, waiting=waiting, stopped=stopped)


def lay_foreseen(
    result: Path, generation: str, as_of: int, horizon: int, rate: int, known_at: int | None = None
) -> None:
    """Work out what is to come as a generation has it, and lay it down; nothing where another one is in force by now,
    which nobody asked for under this name. rate: the yearly discount rate in 1 / 10,000."""
    policy, zone = in_force(), Shop.objects.one().zone
    shelf = Shelf(Path(settings.TENURE_DATA) / "mirror", policy=policy, zone=zone, known_at=known_at)
    if shelf.generation != generation:
        return
    result.parent.mkdir(parents=True, exist_ok=True)

    beside.lay(result, lambda: _written(result, *foreseen(shelf, as_of, horizon, rate / 10_000)))
    with contextlib.suppress(FileNotFoundError):  # somebody else clears, too
        for old in sorted(result.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            old.unlink()
            _people_of(old).unlink(missing_ok=True)


def _written(result: Path, found: Foreseen, people: Table) -> dict[str, Any]:
    """The people laid beside the result, and what it says."""
    from pyarrow import parquet

    unfinished = result.with_suffix(f".{os.getpid()}-{get_ident()}.unfinished")
    # who looks for somebody reads the few groups that hold their number, within a web process's memory
    counted = ["low", "high", "currency"]  # few values; all others differ, and a dictionary of them is a burden
    parquet.write_table(people, unfinished, compression="zstd", row_group_size=_TOGETHER, use_dictionary=counted)
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

