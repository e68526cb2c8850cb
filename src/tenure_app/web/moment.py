"""The day a page speaks of and what was known when: read from the address, carried along in every link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from tenure.errors import BadTime
from tenure.periods import date_of, day_number, day_of, parse_instant, start_of_day
from tenure_app import clock
from tenure_app.ledger.models import Shop
from tenure_app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpRequest, QueryDict
    from django.utils.datastructures import MultiValueDict

__all__ = ["Moment", "day_in", "moment", "number_in", "shop_of", "word_in"]

FIRST: Final = date(1900, 1, 1)
LAST: Final = date(2200, 1, 1)
"""Days that pages speak of: what is counted from them, a year back and years ahead, stays within the calendar."""


@dataclass(frozen=True, slots=True)
class Moment:
    """As of the start of `day` in the shop's zone (exclusive), as known at an instant; None: as known now.

    asked: the words of the address, which links repeat; a page that was opened without a day links without one.
    """

    day: date
    as_of: int
    today: date
    known_at: int | None
    zone: str
    asked: tuple[tuple[str, str], ...]

    @property
    def year(self) -> int:
        """The year in which dates need none."""
        return self.day.year

    @property
    def known_on(self) -> date | None:
        """The local day of `known_at`."""
        return None if self.known_at is None else date_of(day_of(self.known_at, self.zone))

    def link(self, name: str, *args: Any, **query: Any) -> str:
        """The address of a page on the same day; `as_of` and `known_at` may be given anew, None leaves a word out."""
        words = {**dict(self.asked), **query}
        said = {key: str(value) for key, value in words.items() if value is not None and value != ""}
        return reverse(name, args=args) + (f"?{urlencode(said)}" if said else "")

    def days_to(self, instant: int) -> int:
        """Whole days from the page's day to the local day of an instant."""
        return day_of(instant, self.zone) - day_number(self.day)

    def shifted(self, days: int) -> date | None:
        """The day so many days later; None beyond today, and at the ends of the calendar."""
        try:
            other = self.day + timedelta(days=days)
        except OverflowError:
            return None
        return None if other > self.today else other


def shop_of(request: HttpRequest) -> Shop:
    """The shop's settings, read once a request; those of a new shop where none were saved."""
    if not hasattr(request, "tenure_shop"):
        request.tenure_shop = Shop.objects.filter(pk=1).first() or Shop(pk=1)  # type: ignore[attr-defined]
    shop: Shop = request.tenure_shop  # type: ignore[attr-defined]
    return shop


def moment(request: HttpRequest) -> Moment:
    """The moment of a request: `?as_of=YYYY-MM-DD` (today without), `&known_at=` a day or an instant (now without).

    Refused for what is no day.
    """
    if hasattr(request, "tenure_moment"):
        found: Moment = request.tenure_moment  # type: ignore[attr-defined]
        return found
    zone = shop_of(request).zone
    today = date_of(day_of(clock.now(), zone))
    asked = {key: request.GET.get(key, "").strip() for key in ("as_of", "known_at")}
    day = day_in(asked["as_of"]) if asked["as_of"] else today
    known_at = _instant(asked["known_at"], zone) if asked["known_at"] else None
    words = tuple((key, value) for key, value in asked.items() if value)
    made = Moment(day, start_of_day(day_number(day), zone), today, known_at, zone, words)
    request.tenure_moment = made  # type: ignore[attr-defined]
    return made


def day_in(text: str) -> date:
    """The day that a word of an address is. Refused for what is none, or lies too far off."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(
            "bad_day", gettext("No picture of “{said}”: a day is written 2026-11-01.").format(said=text)
        ) from None
    if not FIRST <= day <= LAST:
        raise _outside(text)
    return day


def _outside(text: str) -> Refused:
    said = gettext("No picture of “{said}”: it lies outside the years {first} to {last}.")
    return Refused("bad_day", said.format(said=text, first=FIRST.year, last=LAST.year - 1))


def _instant(text: str, zone: str) -> int:
    try:
        found = parse_instant(text, zone)
    except (BadTime, OverflowError):
        raise Refused(
            "bad_day",
            gettext("Nothing is known as of “{said}”: write 2026-11-01 or 2026-11-01T12:00.").format(said=text),
        ) from None
    low, high = (start_of_day(day_number(on), zone) for on in (FIRST, LAST))
    if not low <= found <= high:
        raise _outside(text)
    return found


def number_in(text: str, *, most: int) -> int | None:
    """The whole number that a word of an address is, 0 to `most`; None for anything else."""
    return n if text.isascii() and text.isdecimal() and len(text) < 19 and (n := int(text)) <= most else None


def word_in(
    query: QueryDict | MultiValueDict[str, str], key: str, known: Collection[str], usual: str = ""
) -> str:
    """The word of an address, the usual one where there is none. Refused for a word that means nothing: something else
    would pass for what was asked for."""
    said = query.get(key, "")
    if said and said not in known:
        text = gettext("Nothing is shown: “{key}={said}” is not known; it may be {known}.")
        raise Refused("bad_word", text.format(key=key, said=said[:100], known=", ".join(sorted(known))))
    return said or usual
