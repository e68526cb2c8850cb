"""One life as a fire that every order feeds: the picture at the head of a customer's page.

Full on the day of an order, it burns down as the silence grows, past the day of the usual next order, overdue and long
overdue, and is out when inactive; all as known on that day. Filled by stage; before the first order a low flame of its
own. Below stand the orders, larger for larger amounts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

from tenure.draw.life import Ember, Piece, flame
from tenure.draw.marks import esc
from tenure.draw.river import Band
from tenure.draw.words import ENGLISH, Tongue

__all__ = ["HEIGHTS", "Dot", "Mark", "burned", "burning"]

WIDTH, LEFT, TOP, TALL, FOOT = 1360.0, 92.0, 30.0, 156.0, 54.0
EPOCH = date(1970, 1, 1).toordinal()

HEIGHTS = (1.0, 0.68, 0.4, 0.17, 0.0)
"""How high it burns when ordered, on the day they are usually back, overdue, long overdue, inactive."""

Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Dot:
    """An order on `day` (days since 1970-01-01); `weight` from 0 to 1 tells its amount beside the largest."""

    day: float
    weight: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A line at `day` with a label; `kind` is "em" for what a person should see, "" else. `until`: the end of a range
    that is drawn as a bar instead."""

    day: float
    label: str
    kind: str = ""
    until: float | None = None


def burned(times: Sequence[float], start: float, end: float) -> list[Ember]:
    """The curve of one silence from `start` to `end`; times: when ordered, usually back, overdue, long overdue and
    inactive, ascending. It falls fast at first and slowly later, as a fire does."""
    if end <= start:
        return []
    steps = 24
    at = [start + (end - start) * i / steps for i in range(steps + 1)]
    at = sorted({*at, *(time for time in times if start < time < end)})
    return [Ember(time, _height(times, time)) for time in at]


def _height(times: Sequence[float], at: float) -> float:
    for i, (left, right) in enumerate(pairwise(times)):
        if at < right or (at == right and i == len(times) - 2):
            high, low = HEIGHTS[i], HEIGHTS[i + 1]
            part = 0.0 if right <= left else min(1.0, max(0.0, (at - left) / (right - left)))
            return high * (low / high) ** part if low else high * (1 - part)
    return 0.0


def burning(
    pieces: Sequence[Piece],
    embers: Sequence[Ember],
    dots: Sequence[Dot],
    marks: Sequence[Mark],
    *,
    start: float,
    end: float,
    now: float,
    bands: Sequence[Band] = (),
    title: str,
    tongue: Tongue = ENGLISH,
) -> str:
    """The picture as SVG text. All times are days since 1970-01-01 on one axis from `start` to `end`; `now` is the
    as-of day. pieces, embers: as for `flame`. title: what it shows, for who cannot see it."""
    unit = (WIDTH - LEFT) / max(1.0, end - start)

    def x(day: float) -> float:
        return LEFT + (min(max(day, start), end) - start) * unit

    base = TOP + TALL
    seasons, named = [], []
    for band in bands:
        left, right = (x(on.toordinal() - EPOCH) for on in (band.start, band.end))
        if right > left:
            size = f'width="{right - left:.1f}" height="{TALL:.0f}"'
            seasons.append(f'<rect class="season" x="{left:.1f}" y="{TOP:.0f}" {size}/>')
            short = band.name.rpartition(" ")[0] or band.name
            if (right - left - 10) / 6.4 > len(short):
                named.append(f'<text class="halo st" x="{left + 6:.1f}" y="{TOP + 14:.0f}">{esc(short)}</text>')
    said = (
        tongue.said("ordered"), tongue.said("usually back"), tongue.said("overdue"), tongue.said("long overdue"),
    )  # fmt: skip
    levels = list(zip(HEIGHTS, said, strict=False))
    grid = "".join(
        f'<path class="grid" d="M{LEFT:.0f} {base - TALL * part:.1f}H{WIDTH:.0f}"/>'
        f'<text class="s" x="{LEFT - 8:.0f}" y="{base - TALL * part + 4:.1f}" text-anchor="end">{esc(word)}</text>'
        for part, word in levels
    )
    orders = tongue.said("orders")
    fire = flame(pieces, embers, start=start, end=end, width=WIDTH - LEFT, height=TALL)
    ahead = "L".join(f"{x(one.at):.1f} {base - TALL * one.chance:.1f}" for one in embers if one.at >= now)
    drawn = [
        *seasons, grid, f'<g transform="translate({LEFT:.0f} {TOP:.0f})">{fire}</g>', *named,
        f'<path class="inkl dim ahead" d="M{ahead}"/>' if "L" in ahead else "",
        f'<path class="inkl" d="M{LEFT:.0f} {base:.1f}H{WIDTH:.0f}"/>',
        f'<text class="s" x="{LEFT - 8:.0f}" y="{base + 20:.0f}" text-anchor="end">{esc(orders)}</text>',
        *(f'<circle class="inkf" cx="{x(dot.day):.1f}" cy="{base + 16:.0f}" r="{2.4 + 3.6 * sqrt(dot.weight):.1f}"/>'
          for dot in dots),
        *_axis(start, end, x, base, tongue),
        *_marks(marks, x, base, now),
    ]  # fmt: skip
    size = f'viewBox="0 0 {WIDTH:.0f} {base + FOOT:.0f}"'
    return f'<svg {size} role="img" aria-label="{esc(title)}">{"".join(drawn)}</svg>'


def _marks(marks: Sequence[Mark], x: Place, base: float, now: float) -> list[str]:
    out = []
    for mark in marks:
        at = x(mark.day)
        if mark.until is not None:
            right, y = x(mark.until), base - 34
            bar = f"M{at:.1f} {y:.0f}H{right:.1f}M{at:.1f} {y - 9:.0f}v18M{right:.1f} {y - 9:.0f}v18"
            out.append(
                f'<rect class="wash lo" x="{at:.1f}" y="{y - 9:.0f}" width="{max(2.0, right - at):.1f}" height="18"/>'
                f'<path class="inkl" d="{bar}"/>'
                f'<text class="halo s" x="{min(at + 4, WIDTH - 190):.1f}" y="{y - 16:.0f}">{esc(mark.label)}</text>'
            )
            continue
        line = "emberl" if mark.kind == "em" else "inkl"
        # labels of what is past stand left of their line, the as-of day's right of it: they never meet
        anchor, shift = ("start", 6) if mark.day >= now else ("end", -6)
        out.append(
            f'<path class="{line} now" d="M{at:.1f} {TOP - 10:.0f}V{base + 6:.0f}"/>'
            f'<text class="day {mark.kind}" x="{at + shift:.1f}" y="{TOP - 14:.0f}" text-anchor="{anchor}">'
            f"{esc(mark.label)}</text>"
        )
    return out


def _axis(start: float, end: float, x: Place, base: float, tongue: Tongue) -> list[str]:
    """Years in serif; in a short life also the first months of its quarters, or every month."""
    days = int(end - start)
    step = 12 if days > 3650 else 3 if days > 420 else 1
    out = []
    day = date.fromordinal(int(start) + EPOCH).replace(day=1)
    while day.toordinal() - EPOCH < end:
        number = day.toordinal() - EPOCH
        if number >= start and (day.month - 1) % step == 0:
            at, first = x(number), day.month == 1
            tall, word = (46, str(day.year)) if first else (8, tongue.month(day))
            kind = "ser year" if first else "s"
            place = f'x="{at + 5:.1f}" y="{base + 46:.0f}"'
            out.append(f'<path class="ax" d="M{at:.1f} {base + (0 if first else 32):.0f}v{tall}"/>')
            if at < WIDTH - 34:
                out.append(f'<text class="{kind}" {place}>{word}</text>')
        day = (day + timedelta(days=32)).replace(day=1)
    return out
