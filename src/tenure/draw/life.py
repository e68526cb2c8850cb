"""One life: a row of stage pieces for tables, and the flame for a page of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tenure.draw.marks import paint

__all__ = ["Ember", "Piece", "flame", "life_line"]

HEIGHTS = {"prospect": 0.45, "inactive": 0.3}  # height is the third sign, after colour and pattern


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a life in one stage and detail, from `start` to `end` (any one unit of time, the same for all)."""

    stage: str
    detail: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Ember:
    """The chance to buy soon, 0 to 1, as it was known at one time."""

    at: float
    chance: float


def life_line(pieces: Sequence[Piece], *, start: float, end: float, width: float = 290.0, height: float = 14.0) -> str:
    """A life as SVG text: pieces on the time axis [start, end], blank before the customer was known.

    Pieces are cut to the axis; those wholly outside are left out. Use one axis for all rows of a table.
    """
    unit = width / (end - start) if end > start else 0.0
    out = []
    for piece in pieces:
        left, right = (min(max((at - start) * unit, 0.0), width) for at in (piece.start, piece.end))
        if piece.end <= start or piece.start >= end:
            continue
        tall = height * HEIGHTS.get(piece.stage, 1.0)
        size = f'x="{left:.1f}" y="{height - tall:.1f}" width="{max(1.2, right - left):.1f}" height="{tall:.1f}"'
        out.append(f"<rect {paint(piece.stage, piece.detail)} {size}/>")
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg class="life" {size} aria-hidden="true">{"".join(out)}</svg>'


def flame(
    pieces: Sequence[Piece],
    embers: Sequence[Ember],
    *,
    start: float,
    end: float,
    width: float = 1316.0,
    height: float = 168.0,
) -> str:
    """The chance to buy over time as a curve filled by stage: an SVG group, its base line at `height`, placed by the
    caller.

    embers: ascending in time; between two the curve is straight, and two at one time make a jump. Each piece is filled
    under its part of the curve, cut exactly at its borders.
    """
    unit = width / (end - start) if end > start else 0.0
    out = []
    for piece in pieces:
        low, high = max(piece.start, start), min(piece.end, end)
        curve = _cut(embers, low, high) if high > low else []
        if not curve:
            continue
        line = [f"{(ember.at - start) * unit:.1f} {height * (1 - ember.chance):.1f}" for ember in curve]
        first, last = ((ember.at - start) * unit for ember in (curve[0], curve[-1]))
        edge = f"M{first:.1f} {height:.1f}L{'L'.join(line)}L{last:.1f} {height:.1f}Z"
        out.append(f'<path {paint(piece.stage, piece.detail)} d="{edge}"/>')
    return f'<g class="flame">{"".join(out)}</g>'


def _cut(embers: Sequence[Ember], low: float, high: float) -> list[Ember]:
    """The curve between `low` and `high`, with points on both borders where the curve reaches them."""
    inside = [ember for ember in embers if low < ember.at < high]
    return [*_on_border(embers, low, after=True), *inside, *_on_border(embers, high, after=False)]


def _on_border(embers: Sequence[Ember], at: float, *, after: bool) -> list[Ember]:
    """The curve's value at one time; of a jump the side that belongs to the piece."""
    here = [ember for ember in embers if ember.at == at]
    if here:
        return [here[-1] if after else here[0]]
    for left, right in pairwise(embers):
        if left.at < at < right.at:
            part = (at - left.at) / (right.at - left.at)
            return [Ember(at, left.chance + (right.chance - left.chance) * part)]
    return []
