"""The report: one HTML page that carries everything it needs and asks nobody for anything."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from tenure.draw import PARTS, STYLE, esc
from tenure.draw.words import MONTHS, count, many
from tenure.reporting import circle, people, tables
from tenure.reporting.data import ReportData

__all__ = ["page"]

SHEET = STYLE + PARTS + files("tenure.reporting").joinpath("page.css").read_text(encoding="utf-8")


def page(data: ReportData) -> str:
    """One self-contained HTML document about `data`, as text (to be written as UTF-8).

    No script, no network: its content policy allows nothing but this very style sheet, named by its SHA-256. Every text
    that people wrote (ids, file names, sentences) is escaped. Lists are cut, so the size does not grow with the shop.
    """
    body = _full(data) if data.customers else _empty(data)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_title(data)}</title><style>{SHEET}</style></head>\n"
        f'<body><div class="page">{circle.masthead(data)}<main id="main">{body}</main>{_foot(data)}</div>'
        "</body></html>\n"
    )


def _policy() -> str:
    seal = b64encode(sha256(SHEET.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'"


def _title(data: ReportData) -> str:
    return f"The circle on {data.day.day} {MONTHS[data.day.month - 1]} {data.day.year} · {esc(data.shop)}"


def _full(data: ReportData) -> str:
    sections = (
        circle.head(data),
        circle.circle(data),
        circle.strip(data),
        f'<div class="cols c32"><div>{tables.moves(data)}{tables.months(data)}</div>{people.due(data)}</div>',
        people.moved(data),
        f'<div class="cols two">{tables.retention(data)}{tables.second(data)}</div>',
    )
    return "\n".join(section for section in sections if section)


def _empty(data: ReportData) -> str:
    when = circle.as_of(data)
    read = f"{many(data.rows, 'row was', 'rows were')} read; none tells of a customer before {when}."
    ask = (
        "Bring a file of orders with a customer, a time and an amount, or choose a later day, "
        "and you will see where every customer stands."
    )
    return (
        f'<div class="head"><h1>Nobody is here yet</h1><p>{read if data.rows else "The files hold no rows."}</p></div>'
        f'<div class="empty"><p>{ask}</p>'
        "<code>tenure report orders.csv --as-of 2026-11-01 --out report.html</code></div>"
    )


def _foot(data: ReportData) -> str:
    rejected = sum(n for _, n in data.rejected)
    codes = ", ".join(f"{esc(code)} {count(n)}" for code, n in data.rejected if n)
    names = [f"<bdi>{esc(name)}</bdi>" for name in data.files[:6]]
    if len(data.files) > 6:
        names.append(f"{count(len(data.files) - 6)} more")
    facts = [
        ("As of", f"{circle.as_of(data)}, {esc(data.zone)}; what happened before, nothing after"),
        ("People", f"{many(data.customers, 'customer')}, {many(data.orders, 'order')} that count"),
        (
            "Read",
            f"{many(data.rows, 'row')}; " + (f"{count(rejected)} rejected ({codes})" if rejected else "none rejected"),
        ),
        ("Files", ", ".join(names)),
        ("Rule", esc(data.rule)),
        ("Policy", f"<code>{esc(data.policy)}</code>"),
        *(("Note", esc(note)) for note in data.notes),
    ]
    rows = "".join(f"<div><dt>{term}</dt><dd>{said}</dd></div>" for term, said in facts if said)
    return f'<footer class="foot"><h2>How this was made</h2><dl>{rows}</dl></footer>'
