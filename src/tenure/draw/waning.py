"""A chance that wanes with silence: solid up to today, dashed beyond, with the days on which something falls due.

The box is as wide as its place and text never shrinks, as in `curves`: the line is stretched within it, words stand at
per cent of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tenure.draw.marks import CODES, esc
from tenure.draw.words import ENGLISH, Tongue, percent

__all__ = ["Due", "waning"]

Place = Callable[[float], float]

ROW, TALL, FOOT = 17.0, 150.0, 26.0
WIDE = 1000.0
_RUNGS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_MOST = 4
_STEPS = (1, 2, 7, 14, 30, 60, 90, 180, 365, 730)
_FAR = 58.0
"""From so many per cent of the width on a label stands left of its line."""


@dataclass(frozen=True, slots=True)
class Due:
    """A day of silence on which something falls due: what it is called, and the stage that begins ("": none does)."""

    day: float
    label: str
    stage: str = ""


def waning(
    line: Sequence[tuple[float, float]], dues: Sequence[Due], *, now: float, chance: float, title: str,
    said: str, tongue: Tongue = ENGLISH,
) -> str:  # fmt: skip
    """The picture as SVG text. line: (days of silence, chance from 0 to 1) by rising days, from 0 on; "" of fewer than
    two. now: today's silence, at which the chance is `chance`, which `said` says; title: what it shows, for who cannot
    see it. What falls due beyond the line is left out.
    """
    if len(line) < 2:
        return ""
    end = line[-1][0]
    shown = sorted((one for one in dues if 0 <= one.day <= end), key=lambda one: one.day)
    full = _full(max(chance, *(share for _, share in line)))
    top = ROW * (len(shown) + 1) + 6
    base = top + TALL

    def x(day: float) -> float:
        return 100.0 * day / end

    def y(share: float) -> float:
        return base - TALL * share / full

    past = [*(point for point in line if point[0] < now), (now, chance)]
    ahead = [(now, chance), *(point for point in line if point[0] > now)]
    box = f'viewBox="0 0 {WIDE:.0f} {TALL:.0f}" preserveAspectRatio="none" overflow="visible"'
    paths = _path(past, end, full, "line lo") + _path(ahead, end, full, "line lo dash")
    drawn = [
        *(f'<line class="{look}" x1="0" x2="100%" y1="{y(share):.1f}" y2="{y(share):.1f}"/>'
          for share, look in _grid(full)),
        *_axis(end, x, base, tongue),
        *(_due(one, x(one.day), ROW * row + 13, base) for row, one in enumerate(shown)),
        f'<line class="inkl now" x1="{x(now):.2f}%" x2="{x(now):.2f}%" y1="{top - ROW:.0f}" y2="{base:.0f}"/>',
        _label(said, x(now), top - ROW + 7, "halo s"),
        f'<svg y="{top:.0f}" width="100%" height="{TALL:.0f}" {box}>{paths}</svg>',
        *(f'<text class="s halo" x="0" y="{y(share) - 4:.1f}">{esc(percent(share))}</text>'
          for share, _ in _grid(full)[1:]),
        f'<circle class="inkf" cx="{x(now):.2f}%" cy="{y(chance):.1f}" r="4.5"/>',
    ]  # fmt: skip
    size = f'width="100%" height="{base + FOOT:.0f}"'
    return f'<svg class="curves" {size} role="img" aria-label="{esc(title)}">{"".join(drawn)}</svg>'


def _full(most: float) -> float:
    """The share at the top: whole rungs, few of them."""
    rung = next((each for each in _RUNGS if most <= each * _MOST), _RUNGS[-1])
    return rung * max(1, -int(-most // rung))


def _path(points: Sequence[tuple[float, float]], end: float, full: float, look: str) -> str:
    if len(points) < 2 or all(left == right for left, right in pairwise(points)):
        return ""
    at = "L".join(f"{WIDE * day / end:.1f} {TALL * (1 - share / full):.1f}" for day, share in points)
    return f'<path class="{look}" vector-effect="non-scaling-stroke" d="M{at}"/>'


def _grid(full: float) -> list[tuple[float, str]]:
    """The shares at which a line runs across, and its look."""
    rung = next((each for each in _RUNGS if full <= each * _MOST + 1e-9), _RUNGS[-1])
    return [(step * rung, "grid" if step else "ax") for step in range(round(full / rung) + 1)]


def _axis(end: float, x: Place, base: float, tongue: Tongue) -> list[str]:
    step = next((each for each in _STEPS if end <= each * 6), _STEPS[-1])
    days = list(range(0, int(end) + 1, step))
    out = []
    for day in days:
        last = day == days[-1]
        anchor = "start" if day == 0 else "end" if last and x(day) > 90 else "middle"
        word = tongue.said("{n} days", n=tongue.count(day)) if last else tongue.count(day)
        out.append(f'<line class="ax" x1="{x(day):.2f}%" x2="{x(day):.2f}%" y1="{base:.0f}" y2="{base + 5:.0f}"/>')
        out.append(f'<text class="s" x="{x(day):.2f}%" y="{base + 19:.0f}" text-anchor="{anchor}">{esc(word)}</text>')
    return out


def _due(one: Due, at: float, y: float, base: float) -> str:
    code = CODES.get(one.stage, "")
    line = f'<line class="edge dim {code}" x1="{at:.2f}%" x2="{at:.2f}%" y1="{y - 9:.0f}" y2="{base:.0f}"/>'
    return line + _label(one.label, at, y, f"halo s mile {code}".strip())


def _label(text: str, at: float, y: float, look: str) -> str:
    anchor, shift = ("end", -6) if at > _FAR else ("start", 6)
    return f'<text class="{look}" x="{at:.2f}%" dx="{shift}" y="{y:.0f}" text-anchor="{anchor}">{esc(text)}</text>'
