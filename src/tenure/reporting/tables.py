"""The tables of the page: the period's moves, the months before it, retention by first order, the second purchase."""

from collections.abc import Mapping, Sequence
from datetime import date

from tenure.draw import CODES, STAGES, bar, columns, mark, name, tint
from tenure.draw.words import MONTHS, count, day_of, percent, range_of
from tenure.measure.retention import Cohort, SecondPurchase, Within
from tenure.reporting.data import ReportData
from tenure.reporting.parts import cell, heading, said, scrolling, section
from tenure.reporting.sayings import BY_THE_FIRE, headline, period_name

__all__ = ["months", "moves", "retention", "second"]

ROWS, COLUMNS, PAST = 18, 12, 13  # cohorts, periods and months that stay readable side by side


def moves(data: ReportData) -> str:
    """The period's flows as a matrix: from the left, to the top; stays dashed, arrivals and totals apart."""
    if not data.period:
        words = "No whole month lies inside the files yet, so nobody could be seen moving."
        return section("moves", "Moves in numbers", "", said(words))
    year = data.day.year
    start, end = day_of(data.period.start, year), day_of(data.period.end, year)
    table = {(flow.from_stage, flow.to_stage): flow.customers for flow in data.flows}
    shown = [stage for stage in STAGES if stage != "prospect" or data.prospects_known]
    most = max((n for (a, b), n in table.items() if a and a != b), default=0)
    heads = "".join(heading(f"{mark(stage)} {name(stage)}") for stage in shown) + heading(start)
    rows = "".join(_move_row(stage, shown, table, most) for stage in shown)
    came = [table.get(("", stage), 0) for stage in shown]
    sums = [sum(n for (_, b), n in table.items() if b == stage) for stage in shown]
    arrived = "".join(cell(_dotted(n)) for n in came) + cell(_dotted(sum(came)), "tot")
    foot = "".join(cell(count(n)) for n in sums) + cell(f"<b>{count(sum(sums))}</b>", "tot")
    body = (
        f'<thead><tr><th><span class="vh">from</span></th>{heads}</tr></thead>'
        f'<tbody>{rows}<tr><th scope="row">Arrived</th>{arrived}</tr></tbody>'
        f'<tfoot><tr><th scope="row">{end}</th>{foot}</tr></tfoot>'
    )
    title = f"{period_name(data)} in numbers"
    small = f"rows: {start}, columns: {end}; dashed: who stayed"
    return section("moves", title, small, scrolling(title, f'<table class="mx">{body}</table>'))


def _move_row(stage: str, shown: Sequence[str], table: Mapping[tuple[str, str], int], most: int) -> str:
    cells = []
    for end in shown:
        n = table.get((stage, end), 0)
        if not n:
            cells.append(cell("·", "none"))
            continue
        code = "hot" if end == "lapsed" and stage in BY_THE_FIRE else CODES[end]
        kind = "stay" if stage == end else f"{code} {tint(n, most)}"
        cells.append(cell(f'<span class="{kind}" id="{stage}-{end}">{count(n)}</span>'))
    total = sum(n for (a, _), n in table.items() if a == stage)
    return f'<tr><th scope="row">{mark(stage)} {name(stage)}</th>{"".join(cells)}{cell(count(total), "tot")}</tr>'


def _dotted(n: int) -> str:
    return count(n) if n else "·"


def months(data: ReportData) -> str:
    """The three kinds of moves in the months before, so that one month can be judged; nothing under three months."""
    past = data.months[-PAST:]
    if len(past) < 3:
        return ""
    rows = (
        ("lapsed", "Became overdue", [month.became_overdue for month in past]),
        ("active", "Came back", [month.came_back for month in past]),
        ("new", "First order", [month.first_orders for month in past]),
    )
    body = "".join(
        f'<li><span class="nm">{title}</span>{columns(stage, numbers)}'
        f'<span class="num">{count(numbers[-1])}</span></li>'
        for stage, title, numbers in rows
    )
    words = [MONTHS[month.start.month - 1] for month in past]
    names = "".join(f"<span>{word[0]}<i>{word[1:3]}</i></span>" for word in words)  # a phone shows the initial
    axis = f'<li class="axis" aria-hidden="true"><span></span><span class="names">{names}</span></li>'
    first, last = past[0].start, past[-1].start
    span = f"{_period_name(first, 'month')} to {_period_name(last, 'month')}"
    small = f"{span}; the last month darker, its number at the right"
    return section("months", "Month by month", small, f'<ul class="months">{body}{axis}</ul>')


def retention(data: ReportData) -> str:
    """Share of each first-order cohort that ordered in the periods after; periods that are not over stay blank."""
    every, whole = data.every, [row for row in data.cohorts if row.customers]
    title = "Who keeps ordering"
    if not any(len(row.ordered) > 1 for row in whole):
        return section("retention", title, "", said(_young(data)))
    rows = whole[-ROWS:]
    width = min(COLUMNS, max(len(row.ordered) for row in rows) - 1)
    full = max(row.ordered[k] / row.ordered[0] for row in rows for k in range(1, min(width + 1, len(row.ordered))))
    heads = "".join(heading(str(k)) for k in range(1, width + 1))
    body = "".join(_cohort_row(row, every, width, full) for row in rows)
    young = any(len(row.ordered) <= width for row in rows)
    notes = [f"Blank: that {every} is not over."] if young else []
    if len(whole) > ROWS:
        notes.append(f"The last {ROWS} of {len(whole)} {every}s are shown.")
    if rows[0] is data.cohorts[0]:
        notes.append(f"The first {every} may hold people who bought before the files begin.")
    heads = heading("First order in") + heading("people", "num") + heads
    table = f'<table class="mx co ac"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    small = f"per cent who ordered in the 1st, 2nd, … {every} after"
    return section("retention", title, small, f'{scrolling(title, table)}<p class="note">{" ".join(notes)}</p>')


def _young(data: ReportData) -> str:
    if not data.cohorts:
        return "Nobody has ordered yet, so nobody could come back."
    return f"Not yet known: no {data.every} after a first order is over."


def _cohort_row(row: Cohort, every: str, width: int, full: float) -> str:
    cells = []
    for k in range(1, width + 1):
        if k >= len(row.ordered):
            cells.append("<td></td>")
            continue
        n, share = row.ordered[k], row.ordered[k] / row.ordered[0]
        shade = f'<span class="{tint(share, full)}" title="{count(n)} of {count(row.ordered[0])}">{_bare(share)}</span>'
        cells.append(cell(shade))
    people = cell(count(row.customers), "num")
    return f'<tr><th scope="row">{_period_name(row.start_on, every)}</th>{people}{"".join(cells)}</tr>'


def _bare(share: float) -> str:
    """Whole per cent without the sign; what is above 0 does not read as 0."""
    return "&lt;1" if 0 < share < 0.005 else f"{share * 100:.0f}"


def _period_name(start: date, every: str) -> str:
    """ "Mar 2026" or "Q1 2026"."""
    part = f"Q{(start.month + 2) // 3}" if every == "quarter" else MONTHS[start.month - 1][:3]
    return f"{part} {start.year}"


def second(data: ReportData) -> str:
    """Second-purchase rate and median days by first-order cohort, each with n and interval; too young is said."""
    whole = [row for row in data.second if row.customers]
    days, title = headline(data), "The second order"
    if not whole:
        return section("second", title, "", said(_young(data)))
    if not days:
        shortest = min(within.days for within in whole[0].within)
        words = f"Not yet known: no month of first orders has been watched for {shortest} days."
        return section("second", title, "", said(words.replace("month", data.every)))
    rows = whole[-ROWS:]
    others = [within.days for within in rows[0].within if within.days != days]
    known = [within.high or 0.0 for row in rows for within in row.within if _whole(within, row) and within.days == days]
    body = "".join(_second_row(row, data.every, days, others, max(known, default=1.0)) for row in rows)
    heads = (
        heading("First order in") + heading("people", "num") + heading(f"again within {days} days", span=2)
        + heading("median", "num") + "".join(heading(f"in {other} d", "num") for other in others)
    )  # fmt: skip
    note = (
        f"Line: 95\u00a0% interval. Median: days to the second order of those who came within {days}. "
        "A group is known when everybody in it has been watched for that long."
    )
    table = f'<table class="so ac"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    small = "how many who bought once bought again"
    return section("second", title, small, f'{scrolling(title, table)}<p class="note">{note}</p>')


def _whole(within: Within, row: SecondPurchase) -> bool:
    return 0 < row.customers == within.observed


def _second_row(row: SecondPurchase, every: str, days: int, others: Sequence[int], full: float) -> str:
    by_days = {within.days: within for within in row.within}
    head = f'<th scope="row">{_period_name(row.start_on, every)}</th>{cell(count(row.customers), "num")}'
    rest = "".join(cell(_short(by_days[other], row), "num opt") for other in others)
    at = by_days[days]
    if not _whole(at, row) or at.share is None or at.low is None or at.high is None:
        return f"<tr>{head}{cell('not yet known', 'un', span=3)}{rest}</tr>"
    share = f'{percent(at.share)} <small class="iv">{range_of(at.low, at.high)}</small>'
    median = f"{at.median_days:.0f}\u00a0d" if at.median_days is not None else "—"
    picture = cell(bar("active", at.share, at.low, at.high, full=full), "pic")
    return f"<tr>{head}{picture}{cell(share, 'num')}{cell(median, 'num')}{rest}</tr>"


def _short(within: Within, row: SecondPurchase) -> str:
    return percent(within.share) if within.share is not None and _whole(within, row) else ""
