"""Shares that grow day by day, one line a group: a solid one and a dashed one, told apart in grey as well.

The box is as wide as its place and text never shrinks: lines are stretched within it, words stand at per cent of it.
What each line is stands above the picture with a sample of it, where no line can run through it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tenure.draw.marks import esc
from tenure.draw.words import ENGLISH, Tongue

__all__ = ["Curve", "curves"]

ROW, TALL, FOOT = 19.0, 210.0, 26.0
WIDE = 1000.0
_RUNGS = (0.02, 0.05, 0.1, 0.2, 0.25)
_STEPS = (1, 2, 7, 10, 15, 30, 60, 90)
_MOST = 5
_LOOKS = ("lo", "ne dash")
"""Deep blue and solid, ochre and dashed: apart for every eye, and in grey by the dashes."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A group's share by day, from day 0 on, and what it is called."""

    label: str
    share: Sequence[float]


def curves(lines: Sequence[Curve], *, title: str, tongue: Tongue = ENGLISH) -> str:
    """One or two lines over the same days as SVG text, shares of 0 to 1; "" without a second day.

    title: what it shows, for who cannot see it.
    """
    days = min((len(line.share) for line in lines), default=0) - 1
    if days < 1 or len(lines) > len(_LOOKS):
        return ""
    most = max(max(line.share) for line in lines)
    rung = next((each for each in _RUNGS if most <= each * _MOST), _RUNGS[-1])
    full = rung * max(1, -int(-most // rung))

    top = ROW * len(lines) + 16
    paths = "".join(_path(line.share[: days + 1], full, look) for line, look in zip(lines, _LOOKS, strict=False))
    box = f'viewBox="0 0 {WIDE:.0f} {TALL:.0f}" preserveAspectRatio="none" overflow="visible"'
    stretched = f'<svg y="{top:.0f}" width="100%" height="{TALL:.0f}" {box}>{paths}</svg>'
    drawn = [*_names(lines), *_grid(rung, full, top), *_axis(days, top + TALL, tongue), stretched]
    size = f'width="100%" height="{top + TALL + FOOT:.0f}"'
    return f'<svg class="curves" {size} role="img" aria-label="{esc(title)}">{"".join(drawn)}</svg>'


def _names(lines: Sequence[Curve]) -> list[str]:
    out = []
    for row, (line, look) in enumerate(zip(lines, _LOOKS, strict=False)):
        y = ROW * row + 13
        out.append(f'<path class="line {look}" d="M0 {y - 4:.0f}h32"/>')
        out.append(f'<text class="day {look.split()[0]}" x="40" y="{y:.0f}">{esc(line.label)}</text>')
    return out


def _path(share: Sequence[float], full: float, look: str) -> str:
    """A line of steps: nobody comes back in the middle of two days."""
    unit = WIDE / (len(share) - 1)
    at = [f"M0 {TALL * (1 - share[0] / full):.2f}"]
    for day in range(1, len(share)):
        if share[day] != share[day - 1] or day == len(share) - 1:
            at.append(f"H{unit * day:.2f}")
            if share[day] != share[day - 1]:
                at.append(f"V{TALL * (1 - share[day] / full):.2f}")
    return f'<path class="line {look}" vector-effect="non-scaling-stroke" d="{"".join(at)}"/>'


def _grid(rung: float, full: float, top: float) -> list[str]:
    out = []
    for step in range(round(full / rung) + 1):
        at = top + TALL * (1 - step * rung / full)
        out.append(f'<line class="{"grid" if step else "ax"}" x1="0" x2="100%" y1="{at:.1f}" y2="{at:.1f}"/>')
        if step:
            out.append(f'<text class="s" x="0" y="{at - 4:.1f}">{step * rung * 100:.0f}\u00a0%</text>')
    return out


def _axis(days: int, base: float, tongue: Tongue) -> list[str]:
    step = next((each for each in _STEPS if days <= each * 7), days)
    out = []
    for day in range(0, days + 1, step):
        last = day + step > days
        at, anchor = 100 * day / days, "start" if day == 0 else "end" if last else "middle"
        word = tongue.said("{n} days", n=tongue.count(day)) if last else tongue.count(day)
        out.append(f'<line class="ax" x1="{at:.2f}%" x2="{at:.2f}%" y1="{base:.0f}" y2="{base + 5:.0f}"/>')
        out.append(f'<text class="s" x="{at:.2f}%" y="{base + 19:.0f}" text-anchor="{anchor}">{esc(word)}</text>')
    return out
