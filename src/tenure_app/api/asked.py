"""What operations share: numbers and cursors of an address, the day that is asked of, and its reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from django.conf import settings
from ninja import Path as InPath
from ninja import Query

from tenure.errors import BadTime
from tenure.periods import day_of, parse_instant, start_of_day
from tenure_app import clock
from tenure_app.api import schemas
from tenure_app.api.paging import MOST, USUAL
from tenure_app.api.problems import Problem
from tenure_app.insight.opening import opened
from tenure_app.insight.reading import Reading
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Shop

__all__ = ["AsOf", "Cursor", "Detail", "KnownAt", "Limit", "Moment", "Number", "StageName", "codes_of", "moment"]

_FIRST, _LAST = -2_208_988_800_000_000, 7_258_118_400_000_000
"""1900 and 2200: days that pictures speak of."""

Number = Annotated[int, InPath(ge=1, le=schemas.MOST)]
Limit = Annotated[int, Query(ge=1, le=MOST, description=f"items of a page; {USUAL} if nothing is said")]
Cursor = Annotated[schemas.Text | None, Query(max_length=300, description="`next` of the page before")]
AsOf = Annotated[schemas.Text | None, Query(
    max_length=40, description="a day, meaning its first instant in the shop's zone, or an instant; exclusive"
)]  # fmt: skip
KnownAt = Annotated[schemas.Text | None, Query(
    max_length=40, description="as known at this day or instant; as known now if nothing is said"
)]  # fmt: skip
StageName = Annotated[schemas.Text | None, Query(
    max_length=20, description="prospect, new, active, loyal, lapsed, inactive"
)]  # fmt: skip
Detail = Annotated[schemas.Text | None, Query(
    max_length=20, description="short, long, seasonal; win_back, do_not_contact"
)]  # fmt: skip
_NAMES: Final = frozenset(stage for stage, _ in STAGES)
_DETAILS: Final = frozenset(detail for _, detail in STAGES if detail)


def codes_of(stage: str | None, detail: str | None) -> list[int] | None:
    """Codes of what is asked for, None for any. Problem for a stage or a detail that is none."""
    if stage is not None and stage not in _NAMES:
        raise Problem(422, "bad_stage", f"{stage!r} is no stage; there are {', '.join(sorted(_NAMES))}")
    if detail is not None and detail not in _DETAILS:
        raise Problem(422, "bad_detail", f"{detail!r} is no detail; there are {', '.join(sorted(_DETAILS))}")
    if stage is None and detail is None:
        return None
    return [
        code for code, one in enumerate(STAGES)
        if (stage is None or one[0] == stage) and (detail is None or one[1] == detail)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """As of an instant (exclusive), as known at one; None: as known now."""

    as_of: int
    known_at: int | None
    zone: str

    def reading(self) -> Reading:
        """The picture of the local day that holds the instant; NotReady, NothingYet as `insight.opening.opened`."""
        return opened(self.day_at, zone=self.zone, known_at=self.known_at)

    @property
    def day_at(self) -> int:
        """The first instant of that day: pictures are made of whole days."""
        return start_of_day(day_of(self.as_of, self.zone), self.zone)

    def read_at(self) -> int | None:
        """When the ledger was read for the pictures in force."""
        if self.known_at is not None:
            return self.known_at
        manifest = read_manifest(Path(settings.TENURE_DATA) / "mirror")
        return None if manifest is None else manifest.known_at


def moment(as_of: str | None, known_at: str | None) -> Moment:
    """The moment of an address; without a word it is now. Problem for what is no day and no instant."""
    zone = Shop.objects.one().zone
    asked = clock.now() if as_of is None else _instant("as_of", as_of, zone)
    return Moment(asked, None if known_at is None else _instant("known_at", known_at, zone), zone)


def _instant(name: str, said: str, zone: str) -> int:
    try:
        found = parse_instant(said.strip(), zone)
    except (BadTime, OverflowError, ValueError):
        found = _LAST
    if not _FIRST <= found < _LAST:
        raise Problem(422, "bad_time", f"{name}: write a day of the years 1900 to 2199, as 2026-11-01, or an instant")
    return found
