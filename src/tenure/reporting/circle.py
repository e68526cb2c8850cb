"""The upper half of the page: masthead, title, ring with its six labels, the sentences, the river."""

from tenure.draw import CODES, DETAILS, STAGES, esc, mark, name, ring, river, sprite, swatch, wording
from tenure.draw.words import MONTHS, change, count, many, ordinal
from tenure.reporting.data import ReportData
from tenure.reporting.parts import DOT, said, scrolling, section
from tenure.reporting.sayings import BY_THE_FIRE, period_name, sayings

__all__ = ["as_of", "circle", "head", "masthead", "strip"]

BRAND = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="5.2">'
    '<path d="M6.17 9.12A12 12 0 0 1 14.95 4.05" opacity=".35"/>'
    '<path d="M17.05 4.05A12 12 0 0 1 25.83 9.12" opacity=".55"/>'
    '<path d="M26.88 10.93A12 12 0 0 1 26.88 21.07" opacity=".8"/><path d="M25.83 22.88A12 12 0 0 1 17.05 27.95"/>'
    '<path d="M14.95 27.95A12 12 0 0 1 6.17 22.88" opacity=".6"/>'
    '<path d="M5.12 21.07A12 12 0 0 1 5.12 10.93" opacity=".25"/></g>'
    '<circle cx="16" cy="16" r="3.4" class="emberf"/></svg>'
)


def as_of(data: ReportData) -> str:
    """ "1 November 2026", with the time of day if it is not midnight."""
    on = f"{data.day.day} {MONTHS[data.day.month - 1]} {data.day.year}"
    return on if (data.as_of.hour, data.as_of.minute) == (0, 0) else f"{on}, {data.as_of:%H:%M}"


def masthead(data: ReportData) -> str:
    """Sprite, skip link, brand, shop and as-of day."""
    return (
        f'{sprite()}<a class="skip" href="#main">To the content</a><header class="mast">'
        f'<span class="brand">{BRAND}Tenure<small><bdi>{esc(data.shop)}</bdi></small></span>'
        f'<p class="asof"><span>As of</span> <b>{as_of(data)}</b></p></header>'
    )


def head(data: ReportData) -> str:
    """The title and the one line under it."""
    title = f"The circle on {data.day.day} {MONTHS[data.day.month - 1]}"
    known = "know the shop" if data.prospects_known else "bought here"
    who = (
        f"{many(data.customers, 'person', 'people')} {known if data.customers != 1 else known.replace('know', 'knows')}"
    )
    if data.orders:
        who += f"; {many(data.orders, 'order')} so far"
    ribbons, late = "A", ""
    if data.period:
        ribbons = f"Ribbons show who moved in {period_name(data)}; a"
    if data.period and data.period.end != data.day:
        late = " Counts and river are those of the as-of day."
    rest = f"{ribbons} petal’s area is its number of people.{late}"
    return f'<div class="head"><h1>{title}</h1><p>{who}. {rest}</p></div>'


def circle(data: ReportData) -> str:
    """Ring, labels and sentences."""
    parts = [(row.stage, row.detail, row.customers) for row in data.stages]
    flows = {(flow.from_stage, flow.to_stage): flow.customers for flow in data.flows}
    hot = {(stage, "lapsed") for stage in BY_THE_FIRE}
    fire = data.at(*BY_THE_FIRE)
    picture = ring(parts, flows, hot=hot, core=(count(fire) if fire else "Nobody", "by the fire"))
    stations = "".join(_station(stage, data) for stage in STAGES)
    return (
        f'<div class="home" id="ring"><div class="ring">{picture}{stations}</div>'
        f'<div class="side"><ul class="words">{_sayings(data)}</ul>{_key()}</div></div>'
    )


def _station(stage: str, data: ReportData) -> str:
    code = "" if stage in ("new", "active", "loyal") else " r"
    known = stage != "prospect" or data.prospects_known
    number = count(data.at(stage)) if known else "unknown"
    body = "".join(f'<span class="ch">{line}</span>' for line in _lines(stage, data, known)) + _details(stage, data)
    return (
        f'<div class="station st-{stage}{code}"><span class="nm {CODES[stage]}">{mark(stage)}{name(stage)}</span>'
        f'<span class="ct{"" if known else " un"}">{number}</span>{body}</div>'
    )


def _lines(stage: str, data: ReportData, known: bool) -> list[str]:
    """What stands under a stage's number: its change in the period and what brought people there."""
    if not known:
        return ["these files hold", "orders only"]
    lines = []
    if data.period:
        inn = sum(flow.customers for flow in data.flows if flow.to_stage == stage)
        out = sum(flow.customers for flow in data.flows if flow.from_stage == stage)
        lines.append(f"{change(inn - out)} in {period_name(data)}")
    came = data.moved(("",), (stage,))
    lines.append(
        {
            "prospect": f"{count(came)} came to look" if came else "never bought",
            "new": f"{_up_to(1, data.active_from)}, on time",
            "active": f"{_up_to(data.active_from, data.loyal_from)}, on time",
            "loyal": f"{ordinal(data.loyal_from)} order or later",
            "lapsed": "overdue",
            "inactive": "long gone or left",
        }[stage]
    )
    return lines


def _up_to(low: int, high: int) -> str:
    """Orders `low` up to but not including `high`: "second order", "first to third order"."""
    return f"{ordinal(low)} order" if high - low <= 1 else f"{ordinal(low)} to {ordinal(high - 1)} order"


def _details(stage: str, data: ReportData) -> str:
    rows = [(row.detail, row.customers) for row in data.stages if row.stage == stage and row.detail and row.customers]
    rows.sort(key=lambda row: DETAILS.get(stage, ()).index(row[0]))
    items = "".join(f"<li>{swatch(stage, detail)}{wording(detail)} <b>{count(n)}</b></li>" for detail, n in rows)
    return f'<ul class="sub">{items}</ul>' if items else ""


def _sayings(data: ReportData) -> str:
    out = []
    for saying in sayings(data):
        dot = DOT if saying.hot else ""
        small = f"<small>{esc(saying.small)}</small>" if saying.small else ""
        out.append(f'<li>{dot}<a href="#{saying.link}">{esc(saying.lead)}</a>{esc(saying.rest)}{small}</li>')
    if not data.period:
        why = "They need the picture of a month ago, and the files begin later than that."
        out.append(f"<li>Moves cannot be told yet.<small>{why}</small></li>")
    return "".join(out)


def _key() -> str:
    """How to read the moons, in the order of the circle."""
    means = {
        "prospect": "looks, never bought",
        "new": "began",
        "active": "came again",
        "loyal": "keeps coming",
        "lapsed": "later than usual",
        "inactive": "gone, or left alone",
    }
    items = "".join(f"<li>{mark(stage)}<span><b>{name(stage)}</b> {means[stage]}</span></li>" for stage in STAGES)
    ember = '<li><span class="dot"></span><span><b>Ember</b> a person should look</span></li>'
    return f'<section class="key" aria-label="How to read the marks"><ul>{items}{ember}</ul></section>'


def strip(data: ReportData) -> str:
    """The river with its title, or what is missing for one."""
    picture = river(data.panel, bands=data.seasons)
    if not picture:
        return section("river", "Over time", "", said("One day is not a river yet. It begins with the second picture."))
    small = "people in each stage: by the fire above the line, gone quiet below; prospects are not drawn"
    return section(
        "river", "Over time", small, scrolling("Over time", f"<div>{picture}</div>", "scroll"), more=" strip"
    )
