"""The ring: six petals whose area tells how many people stand in each stage, and ribbons for who moved between them.

Box 566 x 566, angles in degrees clockwise from three o'clock. Prospect is upper left and the circle runs clockwise; the
places never change, so two reports can be laid side by side.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, degrees, radians, sin, sqrt

from tenure.draw.marks import CODES, STAGES, esc, name, paint, wording
from tenure.draw.words import ENGLISH, Tongue

__all__ = ["Petal", "Ribbon", "petals", "ribbons", "ring"]

Flow = tuple[str, str]
Point = tuple[float, float]

CENTRE, RIM, INNER, OUTER, HOLE = 283.0, 190.0, 193.0, 276.0, 84.0
START, GAP = -150.0, 5.5
PLACE = {stage: i for i, stage in enumerate(STAGES)}


@dataclass(frozen=True, slots=True)
class Petal:
    """One part of a petal: `low` to `high` degrees, from INNER to `outer` pixels; its area is as `customers`."""

    stage: str
    detail: str
    customers: int
    low: float
    high: float
    outer: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """One flow: its slots on the rim where it leaves and reaches (degrees, low to high), its way (1 clockwise, -1
    back), its depth in pixels from the rim to its middle line."""

    flow: Flow
    customers: int
    leaves: tuple[float, float]
    reaches: tuple[float, float]
    way: int
    depth: float

    @property
    def width(self) -> float:
        """Pixels; as wide on its way as on the rim, and never too thin to be seen."""
        return max(1.8, radians(self.leaves[1] - self.leaves[0]) * RIM)

    @property
    def span(self) -> float:
        """Degrees from the middle of one slot to the middle of the other, along its way."""
        return (sum(self.reaches) - sum(self.leaves)) / 2 * self.way % 360


def petals(parts: Sequence[tuple[str, str, int]]) -> tuple[Petal, ...]:
    """Petals of `parts` (stage, detail, customers); a stage's parts share its 60 degrees, from the clockwise end."""
    totals = {stage: sum(n for s, _, n in parts if s == stage) for stage in STAGES}
    most = max(1, *totals.values())
    out = []
    for stage in STAGES:
        at = START + PLACE[stage] * 60 + 60 - GAP / 2
        outer = sqrt(INNER**2 + (OUTER**2 - INNER**2) * totals[stage] / most)
        for _, detail, n in (part for part in parts if part[0] == stage and part[2] > 0):
            width = (60 - GAP) * n / totals[stage]
            out.append(Petal(stage, detail, n, at - width, at, outer))
            at -= width
    return tuple(out)


def ribbons(flows: Mapping[Flow, int]) -> tuple[Ribbon, ...]:
    """The ribbons of all moves in `flows` ((from, to): customers). Stays, arrivals and zeros are left out."""
    moves = {flow: n for flow, n in flows.items() if n > 0 and flow[0] != flow[1] and flow[0] in PLACE}
    slots = _slots(moves)
    out: dict[Flow, Ribbon] = {}
    for a, b in sorted(moves, key=lambda flow: -_way(*flow)):  # forward flows first: a returning one lies inside them
        ribbon = Ribbon((a, b), moves[a, b], slots[a, (a, b)], slots[b, (a, b)], _way(a, b), 0.0)
        out[a, b] = replace(ribbon, depth=_depth(ribbon, out.get((b, a))))
    return tuple(out.values())


def _slots(moves: Mapping[Flow, int]) -> dict[tuple[str, Flow], tuple[float, float]]:
    """Each ribbon's place on the rim: clockwise first partner +1, +2, +3, -2, -1; of a pair the forward outside."""
    totals = {stage: sum(n for flow, n in moves.items() if stage in flow) for stage in STAGES}
    # One scale for the ring; no flow is wider than 15.5 degrees and no person than 3, so that small shops stay calm.
    scale = min((60 - GAP - 3) / max(1, *totals.values()), 15.5 / max(1, *moves.values(), 0), 3.0)
    out: dict[tuple[str, Flow], tuple[float, float]] = {}
    for stage in STAGES:
        mine = sorted((flow for flow in moves if stage in flow), key=lambda flow: _turn(stage, flow))
        at = START + PLACE[stage] * 60 + 30 + totals[stage] * scale / 2
        for flow in mine:
            out[stage, flow] = (at - moves[flow] * scale, at)
            at -= moves[flow] * scale
    return out


def _turn(stage: str, flow: Flow) -> tuple[int, int]:
    partner = flow[1] if flow[0] == stage else flow[0]
    steps = (PLACE[partner] - PLACE[stage]) % 6
    back = (PLACE[flow[1]] - PLACE[flow[0]]) % 6 > 3
    return steps, (1 if steps <= 3 else -1) * back


def _way(a: str, b: str) -> int:
    ahead = PLACE[b] - PLACE[a]
    return 1 if 1 <= ahead <= 3 or ahead < -3 else -1


def _point(width: float) -> float:
    """Length of the arrow's point, pixels."""
    return min(14.0, 4 + width * 0.5)


def _depth(ribbon: Ribbon, pair: Ribbon | None) -> float:
    """Deep enough for the ribbon's arrow, inside its opposite, and never in the middle of the ring."""
    deep: float = max((RIM - HOLE) * min(1.0, (ribbon.span / 165) ** 0.75), ribbon.width / 2 + _point(ribbon.width) + 5)
    if pair:
        deep = max(deep, pair.depth + (pair.width + ribbon.width) / 2 + 2)
    return min(deep, RIM - HOLE)


def ring(
    parts: Sequence[tuple[str, str, int]],
    flows: Mapping[Flow, int],
    *,
    hot: Collection[Flow] = (),
    core: tuple[str, str] = ("", ""),
    core_link: str = "",
    link: Callable[[Flow], str] = lambda flow: f"#{flow[0]}-{flow[1]}",
    tongue: Tongue = ENGLISH,
) -> str:
    """The ring as SVG text.

    parts: (stage, detail, customers). flows: (from, to) -> customers. hot: flows a person should look at, drawn in
        ember.
    core: a large and a small line of text in the middle, and where they lead, if anywhere. link: where a ribbon leads,
        by default to "#from-to", its number's cell in the table.
    """
    bands = sorted(ribbons(flows), key=lambda ribbon: -ribbon.customers)  # large ones first: small ones lie on top
    worth = max((band.customers for band in bands), default=0) / 5  # smaller ones keep their number in the table
    labels = "".join(_label(band, tongue) for band in bands if band.customers >= worth)
    moving = (_ribbon(band, band.flow in hot, link(band.flow), tongue) for band in bands)
    drawn = "".join((_rings(), _petals(parts, tongue), *moving, _arrows()))
    title = tongue.said("The life ring; the table of moves has its numbers")
    return (
        f'<svg viewBox="0 0 566 566" role="group" aria-label="{esc(title)}">{drawn}'
        f'<g aria-hidden="true">{labels}</g>{_core(*core, core_link)}</svg>'
    )


def _rings() -> str:
    radii = [sqrt(INNER**2 + (OUTER**2 - INNER**2) * part) for part in (0.25, 0.5, 1)]
    dotted = "".join(f'<circle cx="283" cy="283" r="{r:.1f}" class="grid" stroke-dasharray="1 5"/>' for r in radii)
    return f'<circle cx="283" cy="283" r="189" class="leaf"/>{dotted}'


def _petals(parts: Sequence[tuple[str, str, int]], tongue: Tongue) -> str:
    out = []
    for petal in petals(parts):
        said = esc(" ".join(tongue.said(wording(word)) for word in (petal.stage, petal.detail) if word))
        shape = _sector(INNER, petal.outer, petal.low, petal.high)
        title = f"<title>{said}: {tongue.count(petal.customers)}</title>"
        out.append(f'<path {paint(petal.stage, petal.detail)} d="{shape}">{title}</path>')
    for stage in STAGES:
        if not sum(n for s, _, n in parts if s == stage):  # an empty stage keeps its place
            low = START + PLACE[stage] * 60 + GAP / 2
            place = _sector(INNER, INNER + 5, low, low + 60 - GAP)
            out.append(f'<path class="edge dim {CODES[stage]}" d="{place}"/>')
    return f'<g aria-hidden="true">{"".join(out)}</g>'


def _ribbon(band: Ribbon, hot: bool, link: str, tongue: Tongue) -> str:
    (a, b), n = band.flow, tongue.count(band.customers)
    said = esc(tongue.said("{n} from {origin} to {end}", n=n, origin=tongue.said(a), end=tongue.said(b)))
    title = esc(tongue.said("{origin} to {end}: {n}", n=n, origin=tongue.said(name(a)), end=tongue.said(b)))
    return (
        f'<a href="{esc(link)}" class="{CODES[b]}" aria-label="{said}"><title>{title}</title>'
        f'<path class="rib{" hot" if hot else ""}" d="{_outline(band)}"/></a>'
    )


def _label(band: Ribbon, tongue: Tongue) -> str:
    near, far = _edges(band)
    x, y = (near[15][0] + far[15][0]) / 2, (near[15][1] + far[15][1]) / 2
    number = tongue.count(band.customers)
    return f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" class="halo s">{number}</text>'


def _arrows() -> str:
    """Small arrows between the petals: the way of the circle."""
    out = []
    for i in range(6):
        x, y = _polar(RIM + 12, START + i * 60)
        turn = START + i * 60 + 90
        there = f"translate({x:.1f} {y:.1f}) rotate({turn:.0f})"
        out.append(f'<path class="inkl way" d="M-2.5 -5L2.5 0L-2.5 5" transform="{there}"/>')
    return f'<g aria-hidden="true">{"".join(out)}</g>'


def _core(large: str, small: str, link: str) -> str:
    if not large:
        return ""
    words = (
        f'<text class="ser core" x="283" y="287" text-anchor="middle">{esc(large)}</text>'
        f'<text class="ser under" x="283" y="312" text-anchor="middle">{esc(small)}</text>'
    )
    return f'<a href="{esc(link)}">{words}</a>' if link else words


def _polar(radius: float, angle: float) -> Point:
    return CENTRE + radius * cos(radians(angle)), CENTRE + radius * sin(radians(angle))


def _sector(inner: float, outer: float, low: float, high: float) -> str:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = (
        _polar(outer, low),
        _polar(outer, high),
        _polar(inner, high),
        _polar(inner, low),
    )
    return (
        f"M{x1:.1f} {y1:.1f}A{outer:.1f} {outer:.1f} 0 0 1 {x2:.1f} {y2:.1f}"
        f"L{x3:.1f} {y3:.1f}A{inner:.1f} {inner:.1f} 0 0 0 {x4:.1f} {y4:.1f}Z"
    )


def _edge(a: float, b: float, way: int, depth: float, head: float) -> Iterator[Point]:
    """One side of a ribbon: leaves the rim straight inwards, travels along the ring, returns straight outwards."""
    span = (b - a) * way % 360
    for i in range(41):
        t = i / 40
        radius = RIM - 2 - depth * (4 * t * (1 - t)) ** 0.66
        yield _polar(min(radius, RIM - 2 - head) if t > 0.5 else radius, a + way * span * t * t * (3 - 2 * t))


def _sides(band: Ribbon) -> tuple[tuple[float, float], tuple[float, float]]:
    near, far = (band.leaves[1], band.reaches[0]), (band.leaves[0], band.reaches[1])
    return (near, far) if band.way > 0 else (far, near)


def _edges(band: Ribbon) -> tuple[list[Point], list[Point]]:
    near, far = _sides(band)
    head = _point(band.width)
    inner = list(_edge(*near, band.way, max(3.0, band.depth - band.width / 2), head))
    return inner, list(_edge(*far, band.way, band.depth + band.width / 2, head))


def _outline(band: Ribbon) -> str:
    (near, far), (inner, outer) = _sides(band), _edges(band)
    base = RIM - 2 - _point(band.width)
    ear = degrees(min(5.0, 1.6 + band.width * 0.1) / RIM)
    tip = [
        _polar(base, near[1] - band.way * min(ear, (near[1] - near[0]) * band.way % 360 / 12)),
        _polar(RIM - 2, sum(band.reaches) / 2),
        _polar(base, far[1] + band.way * ear),
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in inner + tip + outer[::-1]) + "Z"
