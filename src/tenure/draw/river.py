"""The river: how many people stood in each stage over time.

Above the line those who are not overdue (loyal next to it, then active, then new), below it lapsed and then inactive;
prospects are left out, since a river of passers-by would hide the people. One scale for both sides.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, log10

from tenure.draw.marks import CODES, DETAILS, esc, name, paint
from tenure.draw.words import ENGLISH, Tongue

__all__ = ["Band", "Layer", "Level", "river", "stack"]

WIDTH, TOP, BOTTOM, FOOT, MARGIN = 1360.0, 16.0, 190.0, 26.0, 140.0
UPPER = (("loyal", ""), ("active", ""), ("new", ""))
LOWER = tuple((stage, detail) for stage in ("lapsed", "inactive") for detail in ("", *DETAILS[stage]))
POINTS = 240  # a picture 1240 pixels wide shows no more, and the page stays small


@dataclass(frozen=True, slots=True)
class Level:
    """`customers` people stood in `stage` and `detail` at the start of `day`."""

    day: date
    stage: str
    detail: str
    customers: int


@dataclass(frozen=True, slots=True)
class Band:
    """A season: its name and its days, `start` up to but not including `end`."""

    name: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Layer:
    """One stage of the river: per day its two edges in people, away from the line; their difference is the count."""

    stage: str
    detail: str
    below: bool
    lower: tuple[int, ...]
    upper: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Maps days and people to pixels."""

    first: date
    last: date
    line: float
    unit: float
    bottom: float
    tongue: Tongue

    def x(self, day: date) -> float:
        return (WIDTH - MARGIN) * (day - self.first).days / max(1, (self.last - self.first).days)

    def y(self, people: float) -> float:
        """People above the line count up, below it down (negative)."""
        return self.line - people * self.unit


def stack(levels: Iterable[Level]) -> tuple[tuple[date, ...], tuple[Layer, ...]]:
    """The days of `levels`, thinned to at most 240 (the last is kept), and the layers over them, each from the line
    outwards.

    Rows of one day, stage and detail are added; what is missing on a day counts as nobody. Layers without anybody are
    left out.
    """
    table: dict[tuple[str, str], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for level in levels:
        table[level.stage, level.detail][level.day] += level.customers
    every = sorted({day for column in table.values() for day in column})
    days = tuple(every[:: -max(1, -(-len(every) // POINTS))][::-1])
    layers = []
    for side in (UPPER, LOWER):
        base = (0,) * len(days)
        for key in side:
            column = table.get(key, {})
            if not any(column.values()):
                continue
            top = tuple(low + column.get(day, 0) for low, day in zip(base, days, strict=True))
            layers.append(Layer(*key, side is LOWER, base, top))
            base = top
    return days, tuple(layers)


def river(
    levels: Iterable[Level],
    *,
    bands: Sequence[Band] = (),
    on: date | None = None,
    tall: float = BOTTOM - TOP,
    tongue: Tongue = ENGLISH,
) -> str:
    """The river as SVG text, or "" with fewer than two days or nobody to show (a river needs a past).

    on: the day the page speaks of, by default the last; what lies after it is drawn under a veil. tall: pixels from the
    highest to the lowest point. The names at the right edge carry the last day's counts.
    """
    days, layers = stack(levels)
    if len(days) < 2 or not layers:
        return ""
    above = max((max(layer.upper) for layer in layers if not layer.below), default=0)
    below = max((max(layer.upper) for layer in layers if layer.below), default=0)
    unit = tall / max(1, above + below)
    frame = _Frame(days[0], days[-1], TOP + above * unit, unit, TOP + tall, tongue)
    day = min(max(on or frame.last, frame.first), frame.last)
    drawn = [
        *(_band(band, frame) for band in bands if band.end > frame.first and band.start < frame.last),
        *_grid(above, below, frame),
        *(_area(layer, days, frame) for layer in layers),
        _veil(day, frame),
        *_scale(above, below, frame),
        f'<path class="inkl" d="M0 {frame.line:.1f}H{WIDTH - MARGIN:.0f}"/>',
        *_sides(above, below, frame),
        *_axis(frame, day),
        f'<path class="inkl now" d="M{frame.x(day):.1f} {TOP - 10:.0f}V{frame.bottom + 6:.0f}"/>',
        f'<circle class="hnd" cx="{frame.x(day):.1f}" cy="{TOP - 10:.0f}" r="5"/>' if on else "",
        *_ends(layers, frame),
    ]
    start, end = (f"{tongue.short_day(one)} {one.year}" for one in (days[0], days[-1]))
    said = esc(tongue.said("People in each stage from {start} to {end}", start=start, end=end))
    box = f'viewBox="0 0 {WIDTH:.0f} {frame.bottom + FOOT:.0f}"'
    return f'<svg {box} role="img" aria-label="{said}">{"".join(drawn)}</svg>'


def _veil(day: date, frame: _Frame) -> str:
    x = frame.x(day)
    size = f'width="{WIDTH - MARGIN - x:.1f}" height="{frame.bottom - TOP:.0f}"'
    return f'<rect class="veil" x="{x:.1f}" y="{TOP:.0f}" {size}/>' if day < frame.last else ""


def _band(band: Band, frame: _Frame) -> str:
    left, right = frame.x(max(band.start, frame.first)), frame.x(min(band.end, frame.last))
    size = f'width="{right - left:.1f}" height="{frame.bottom - TOP + 12:.0f}"'
    box = f'<rect class="season" x="{left:.1f}" y="{TOP - 12:.0f}" {size}/>'
    room = int((right - left - 10) / 6.4)  # letters that fit
    short = band.name.rpartition(" ")[0]  # without its years
    words = next((said for said in (band.name, short) if len(said) <= room), "")
    return f'{box}<text class="st" x="{left + 6:.1f}" y="{TOP:.0f}">{esc(words)}</text>' if words else box


def _marks(above: int, below: int) -> list[int]:
    step = _round_step((above + below) / 4)
    return [people for people in range(-below // step * step, above + 1, step) if people and -below <= people <= above]


def _grid(above: int, below: int, frame: _Frame) -> list[str]:
    right = WIDTH - MARGIN
    return [f'<path class="grid" d="M0 {frame.y(people):.1f}H{right:.0f}"/>' for people in _marks(above, below)]


def _scale(above: int, below: int, frame: _Frame) -> list[str]:
    """The grid's numbers, over the layers: a river may be wide from its first day on."""
    return [
        f'<text class="halo s" x="2" y="{frame.y(people) - 3:.1f}">{frame.tongue.count(abs(people))}</text>'
        for people in _marks(above, below)
    ]


def _round_step(wish: float) -> int:
    """1, 2 or 5 times a power of ten, at least `wish` and at least 1."""
    power = 10 ** floor(log10(max(1.0, wish)))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= max(1.0, wish)))


def _area(layer: Layer, days: Sequence[date], frame: _Frame) -> str:
    sign = -1 if layer.below else 1
    there = [f"{frame.x(day):.1f} {frame.y(sign * n):.1f}" for day, n in zip(days, layer.upper, strict=True)]
    back = [f"{frame.x(day):.1f} {frame.y(sign * n):.1f}" for day, n in zip(days, layer.lower, strict=True)]
    return f'<path {paint(layer.stage, layer.detail, "thin")} d="M{"L".join(there + back[::-1])}Z"/>'


def _sides(above: int, below: int, frame: _Frame) -> list[str]:
    """What the two sides of the line mean; said only where there is room beside the line."""
    said = frame.tongue.said
    words = [(said("by the fire"), frame.line - 6, above), (said("gone quiet"), frame.line + 14, below)]
    return [
        f'<text class="halo s" x="46" y="{y:.1f}">{esc(text)}</text>'
        for text, y, people in words
        if people * frame.unit >= 20
    ]


def _axis(frame: _Frame, on: date) -> list[str]:
    """Months below the river, and the as-of day; a month whose label would stand under the day's keeps its tick."""
    out, year, now, tongue = [], 0, frame.x(on), frame.tongue
    for day in _ticks(frame):
        x = frame.x(day)
        out.append(f'<path class="ax" d="M{x:.1f} {frame.bottom:.0f}v5"/>')
        word = tongue.month(day) if day.day == 1 else tongue.short_day(day)
        word += f" {day.year}" if day.year != year else ""
        # the as-of day's own label stands left of its line
        if x < now + 4 and x + 4 + 7 * len(word) > now - 60:
            continue
        out.append(f'<text class="s" x="{x + 4:.1f}" y="{frame.bottom + 16:.0f}">{esc(word)}</text>')
        year = day.year
    place = f'x="{now:.1f}" y="{frame.bottom + 20:.0f}" text-anchor="{"end" if now > 60 else "start"}"'
    out.append(f'<text class="day" {place}>{esc(tongue.short_day(on))}</text>')
    return out


def _ticks(frame: _Frame) -> list[date]:
    """First days of months (every 1, 3, 6, 12, ... of them, so that labels have room), or of weeks in a short river."""
    length = (frame.last - frame.first).days
    if length < 62:
        step = 1 if length < 14 else 7
        return [frame.first + timedelta(days=i) for i in range(0, length, step)]
    step = next(step for step in (1, 3, 6, 12, 24, 60, 120, 1200, 12_000) if (length // 28 + 2) / step <= 14)
    months = range(frame.first.year * 12 + frame.first.month - 1, frame.last.year * 12 + frame.last.month)
    firsts = [date(month // 12, month % 12 + 1, 1) for month in months if month % 12 % min(step, 12) == 0]
    return [day for day in firsts if frame.first <= day < frame.last and (step <= 12 or day.year % (step // 12) == 0)]


def _ends(layers: Sequence[Layer], frame: _Frame) -> list[str]:
    """Stage names with their last count at the right edge, moved apart where they would overlap."""
    ends: dict[str, tuple[float, int]] = {}
    for layer in layers:
        sign = -1 if layer.below else 1
        low, n = ends.get(layer.stage, (layer.lower[-1] * sign, 0))
        ends[layer.stage] = (low, n + layer.upper[-1] - layer.lower[-1])
    places = sorted(
        (frame.y(low + (n if layer_above else -n) / 2), stage, n)
        for stage, (low, n) in ends.items()
        for layer_above in [stage in ("loyal", "active", "new")]
    )
    heights = _apart([y for y, _, _ in places], 16.0, TOP, frame.bottom)
    x, said = WIDTH - MARGIN + 12, frame.tongue.said
    return [
        f'<text class="end {CODES[stage]}" x="{x:.0f}" y="{y + 4:.1f}">{esc(said(name(stage)))} '
        f'<tspan class="n">{frame.tongue.count(n)}</tspan></text>'
        for y, (_, stage, n) in zip(heights, places, strict=True)
    ]


def _apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Ascending heights as near to `wanted` as a distance of `gap` allows, inside [low, high]."""
    out: list[float] = []
    for y in wanted:
        out.append(max(y, low, out[-1] + gap if out else low))
    ceiling = high
    for i in reversed(range(len(out))):
        out[i] = min(out[i], ceiling)
        ceiling = out[i] - gap
    return out
