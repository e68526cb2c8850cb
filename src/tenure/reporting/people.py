"""The people of the page: who moved in the period, who will be overdue soon. The first few, then how many more."""

from tenure.draw import esc, mark, name
from tenure.draw.words import count, day_of, many
from tenure.reporting.data import Due, Move, Moves, ReportData
from tenure.reporting.parts import DOT, said, section, who
from tenure.reporting.sayings import period_name

__all__ = ["due", "moved"]

MOVES, DUES, LOOK = 8, 10, 5


def moved(data: ReportData) -> str:
    """Three lists side by side: became overdue, came back, first order. Nothing while no period is known."""
    if not data.period:
        return ""
    lists = (
        _list("overdue", "Became overdue", data.overdue, data)
        + _list("returned", "Came back", data.returned, data)
        + _list("first", "First order", data.first, data)
    )
    title = f"Who moved in {period_name(data)}"
    body = f'<h2 id="moved" class="over">{title}</h2><div class="cols three">{lists}</div>'
    return f'<section class="moved" aria-labelledby="moved">{body}</section>'


def _list(key: str, title: str, found: Moves, data: ReportData) -> str:
    rows = found.rows[:MOVES]
    body = "".join(_move(move, data) for move in rows) if found.total else '<li class="un">Nobody.</li>'
    return section(key, title, count(found.total), f"<ul>{body}</ul>{_more(found.total - len(rows))}", level=3)


def _move(move: Move, data: ReportData) -> str:
    origin = mark(move.from_stage) if move.from_stage else '<span class="m"></span>'
    way = f"from {move.from_stage or 'outside'} to {move.to_stage}"
    arrow = f'<span class="vh">{way}</span><span aria-hidden="true">→</span>'
    return (
        f'<li><span class="mv">{origin}{arrow}{mark(move.to_stage)}</span><b class="who">{who(move.customer)}</b>'
        f'<span class="when">{day_of(move.on, data.day.year)}</span><p>{esc(move.because)}</p></li>'
    )


def _more(n: int) -> str:
    return f'<p class="note">and {count(n)} more</p>' if n > 0 else ""


def due(data: ReportData) -> str:
    """Who becomes overdue next, later than usual first; ember for the first few loyal ones with a week left."""
    title, found = "About to become overdue", data.due
    if not found.within_14:
        return section("due", title, "", said("Nobody in the next fourteen days."))
    rows = sorted(found.rows, key=lambda row: (not row.late, -row.orders, row.on, row.customer))[:DUES]
    order = "later than usual first" if any(row.late for row in rows) else "most orders first"
    near = [row for row in rows if row.stage == "loyal" and (row.on - data.day).days <= 7][:LOOK]
    body = "".join(_due(row, row in near, data) for row in rows)
    small = f"{count(found.within_7)} within 7 days, {count(found.within_14)} within 14; {order}"
    return section("due", title, small, f"<ul>{body}</ul>{_more(found.within_14 - len(rows))}", more=" moved")


def _due(row: Due, look: bool, data: ReportData) -> str:
    stage = f'<span class="mv">{mark(row.stage)}<span class="vh">{name(row.stage)}</span></span>'
    days = (row.on - data.day).days
    when = f"{day_of(row.on, data.day.year)}, {'in ' + many(days, 'day') if days else 'today'}"
    hot, dot = (" hot", f"{DOT} ") if look else ("", "")
    return (
        f'<li>{stage}<b class="who">{who(row.customer)}</b><span class="when{hot}">{dot}{when}</span>'
        f"<p>{esc(row.because)} {many(row.orders, 'order')} so far.</p></li>"
    )
