"""Damaged files: whatever stands in the cells, every row is accounted for and what is said of it is valid."""

import json
import random
from pathlib import Path

import pytest
from exports import EXPORTS, made

from tenure.errors import BadTime
from tenure_app.imports import LEFT_OUT, REJECTED, names, parse

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "import.md"
JUNK = (
    "", " ", "'", "''", "null", "0", "-1", "1e400", "NaN", "inf", "9" * 30, "$", "-$0.95", "($1,234.50)", "1.234,5",
    "2024-13-45", "0001-01-01", "9999-12-31 23:59:59", "31/12/2024", "#", "##1", '"', '""', "a\nb", "a\r\nb", "\t",
    "\u00a0", "@", "a@", "@b", "A@B.c", "+", "00", "äöü" * 50, "'; DROP TABLE facts; --", "{", "\\", "\ufeff", "true",
    "no", "Ω", "x" * 5000,
)  # fmt: skip
WHOLE = ("can be read day first or month first", "some dates are written day first and some month first")
"""What a column may be refused for as a whole."""


def rows(engine, name):
    return engine.connection.table(name).to_arrow_table().to_pylist()


def damaged(name, seed):
    """An export some of whose cells hold junk, with lines that stand twice, are cut or left out."""
    export, rng = made(name, seed), random.Random(f"{name} {seed}")
    for row in export.rows:
        for column in export.columns:
            if rng.random() < 0.03:
                row[column] = rng.choice(JUNK)
    export.rows = [row for row in export.rows for _ in range(rng.choice((1,) * 18 + (0, 2)))]
    lines = export.text().split("\r\n")
    for _ in range(2):
        place = rng.randrange(1, len(lines) - 1)
        lines[place] = rng.choice((lines[place][: len(lines[place]) // 2], lines[place] + ",,,x", "", '"'))
    return export, "\r\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", EXPORTS)
def test_damaged_files_are_refused_or_accounted_for(engine, tmp_path, name, seed):
    export, text = damaged(name, seed)
    path = tmp_path / export.file_name
    path.write_text(text, encoding="utf-8", newline="")
    try:
        parsed = parse(engine, path, times_in="Europe/Berlin", currency="USD", customer_by="name")
    except BadTime as error:
        if any(words in str(error) for words in WHOLE):
            return
        raise
    facts, rejects = rows(engine, "facts"), rows(engine, "rejects")
    assert parsed.used + sum(n for _, n in (*parsed.rejected, *parsed.left_out)) == parsed.rows
    assert parsed.used > 0
    assert sum(n for _, n in parsed.rejected) == len(rejects)
    assert len({row["key"] for row in facts}) == len(facts)
    assert all(row["customer"] is not None and row["key"] and (row["amount_minor"] or 0) >= 0 for row in facts)
    assert all(isinstance(json.loads(row["body"]), dict) for row in facts if row["body"] is not None)
    assert {row["customer"] for row in facts} <= {row["customer"] for row in rows(engine, "identities")}
    assert {row["code"] for row in rejects} <= REJECTED.keys()


def test_nothing_is_left_in_the_engine_but_the_three_tables(engine, tmp_path):
    for name in EXPORTS:
        export = made(name)
        parse(engine, export.write(tmp_path), times_in="UTC", currency="USD", customer_by="name")
        left = {row[0] for row in engine.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        views = engine.connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert (left, views) == ({"facts", "identities", "rejects"}, [])


def test_the_page_tells_every_format_and_every_code():
    page = PAGE.read_text(encoding="utf-8")
    assert [word for word in (*names(), *REJECTED, *LEFT_OUT) if f"`{word}`" not in page] == []
