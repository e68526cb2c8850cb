"""Who moved where from one day to the next, over several days: columns of stages with streams between them.

Who stayed is a pale stream in the stage's wash; who moved is drawn in the colour of where they went, moves of people on
time into lapsed in ember. One scale for all columns; their bottoms are aligned, so a growing shop grows upwards.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from tenure.draw.marks import CODES, DETAILS, STAGES, esc, name, paint
from tenure.draw.words import ENGLISH, Tongue

__all__ = ["alluvial"]

Flow = tuple[str, str]

WIDTH, TOP, TALL, BAR, GAP = 1360.0, 34.0, 262.0, 13.0, 7.0
LEFT, RIGHT = 150.0, 150.0  # room for the names at both sides
ON_TIME = ("new", "active", "loyal")
PATTERN = {"lapsed": DETAILS["lapsed"][0], "inactive": DETAILS["inactive"][0]}


def alluvial(
    days: Sequence[date],
    flows: Sequence[Mapping[Flow, int]],
    *,
    link: Callable[[int, Flow], str] = lambda _, flow: f"#{flow[0]}-{flow[1]}",
    tongue: Tongue = ENGLISH,
) -> str:
    """The picture as SVG text, or "" where there is nobody.

    days: the days of the columns, ascending. flows: between each two of them (from, to) -> customers, who stayed
    included; arrivals have an empty `from` and come in from nowhere. link: where a move leads, by the number of its
    period.
    """
    totals = [_at_start(flows[0]), *(_at_end(one) for one in flows)]
    most = max(sum(column.values()) for column in totals)
    if not most:
        return ""
    unit = (TALL - GAP * (len(STAGES) - 1)) / most
    xs = [LEFT + (WIDTH - LEFT - RIGHT - BAR) * i / (len(days) - 1) for i in range(len(days))]
    tops = [_tops(column, unit) for column in totals]
    streams = [
        stream
        for i, moved in enumerate(flows)
        for stream in _streams(i, moved, (xs[i] + BAR, xs[i + 1]), (tops[i], tops[i + 1]), unit, link, tongue)
    ]
    drawn = [text for _, text in sorted(streams, key=lambda stream: stream[0])]
    bars = [_bar(x, top, column, unit) for x, top, column in zip(xs, tops, totals, strict=True)]
    titles = [
        f'<text class="ser top" x="{x + BAR / 2:.0f}" y="16" text-anchor="middle">{esc(tongue.short_day(day))}</text>'
        for x, day in zip(xs, days, strict=True)
    ]
    names = _names(xs[0] - 10, "end", tops[0], totals[0], unit, tongue) + _names(
        xs[-1] + BAR + 10, "start", tops[-1], totals[-1], unit, tongue
    )
    said = esc(tongue.said("Who moved between the stages; the table below has its numbers"))
    box = f'viewBox="0 0 {WIDTH:.0f} {TOP + TALL + 8:.0f}"'
    return f'<svg {box} role="group" aria-label="{said}">{"".join((*drawn, *bars, *titles, *names))}</svg>'


def _at_start(flows: Mapping[Flow, int]) -> dict[str, int]:
    return {stage: sum(n for (a, _), n in flows.items() if a == stage) for stage in STAGES}


def _at_end(flows: Mapping[Flow, int]) -> dict[str, int]:
    return {stage: sum(n for (_, b), n in flows.items() if b == stage) for stage in STAGES}


def _tops(column: Mapping[str, int], unit: float) -> dict[str, float]:
    """The upper edge of each stage's bar, from the bottom of the picture upwards."""
    at, out = TOP + TALL, {}
    for stage in reversed(STAGES):
        at -= column[stage] * unit
        out[stage] = at
        at -= GAP
    return out


def _streams(
    period: int,
    moved: Mapping[Flow, int],
    xs: tuple[float, float],
    tops: tuple[Mapping[str, float], Mapping[str, float]],
    unit: float,
    link: Callable[[int, Flow], str],
    tongue: Tongue,
) -> list[tuple[int, str]]:
    """The streams of one period with the order in which they are painted: stays first, large before small."""
    left, right = _offsets(moved, unit)
    out = []
    for flow, n in moved.items():
        a, b = flow
        if not n or not a:
            continue
        y1, y2 = tops[0][a] + left[flow], tops[1][b] + right[flow]
        wide = n * unit if a == b else max(1.2, n * unit)
        middle = sum(xs) / 2
        path = (
            f"M{xs[0]:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {xs[1]:.1f} {y2:.1f}"
            f"v{wide:.2f}C{middle:.1f} {y2 + wide:.1f} {middle:.1f} {y1 + wide:.1f} {xs[0]:.1f} {y1 + wide:.1f}Z"
        )
        if a == b:
            out.append((-(10**12), f'<path class="wash {CODES[b]}" d="{path}"/>'))
            continue
        hot = " hot" if a in ON_TIME and b == "lapsed" else ""
        said = tongue.said(
            "{n} from {origin} to {end}", n=tongue.count(n), origin=tongue.said(a), end=tongue.said(b)
        )
        shape = f'<path class="rib{hot}" d="{path}"/>'
        opens = f'<a href="{esc(link(period, flow))}" class="{CODES[b]}" aria-label="{esc(said)}">'
        out.append((-n, f"{opens}<title>{esc(said)}</title>{shape}</a>"))
    return out


def _offsets(moved: Mapping[Flow, int], unit: float) -> tuple[dict[Flow, float], dict[Flow, float]]:
    """How far below the top of its bar each stream begins and ends, in the order of the stages it goes to or comes
    from, so that neighbours do not cross at the bar. Arrivals have their place at the end of the bar they reach."""
    left: dict[Flow, float] = {}
    right: dict[Flow, float] = {}
    below: defaultdict[str, float] = defaultdict(float)
    after: defaultdict[str, float] = defaultdict(float)
    places = {stage: i for i, stage in enumerate((*STAGES, ""))}
    for flow in sorted(moved, key=lambda pair: (places[pair[0]], places[pair[1]])):
        left[flow], below[flow[0]] = below[flow[0]], below[flow[0]] + moved[flow] * unit
    for flow in sorted(moved, key=lambda pair: (places[pair[1]], places[pair[0]])):
        right[flow], after[flow[1]] = after[flow[1]], after[flow[1]] + moved[flow] * unit
    return left, right


def _bar(x: float, tops: Mapping[str, float], column: Mapping[str, int], unit: float) -> str:
    return "".join(
        f'<rect {paint(stage, PATTERN.get(stage, ""))} x="{x:.1f}" y="{tops[stage]:.1f}" width="{BAR:.0f}"'
        f' height="{max(1.0, column[stage] * unit):.1f}"/>'
        for stage in STAGES
        if column[stage]
    )


def _names(
    x: float, anchor: str, tops: Mapping[str, float], column: Mapping[str, int], unit: float, tongue: Tongue
) -> list[str]:
    out, last = [], 0.0
    for stage in STAGES:
        if not column[stage]:
            continue
        y = max(tops[stage] + column[stage] * unit / 2 + 5, last + 17)
        last = y
        out.append(
            f'<text class="end {CODES[stage]}" x="{x:.0f}" y="{y:.1f}" text-anchor="{anchor}">'
            f'{esc(tongue.said(name(stage)))} <tspan class="n">{tongue.count(column[stage])}</tspan></text>'
        )
    return out
