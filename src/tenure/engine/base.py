"""Named SQL: one file a topic, one `-- name:` block a statement, bound parameters only.

The text keeps to the subset that SQLGlot carries to other engines: instants are BIGINT microseconds, no timestamp
functions, fractions by CAST to DOUBLE, CROSS JOIN (VALUES ...) for fan-out.
"""

import re
from functools import cache
from importlib import resources
from typing import Final

__all__ = ["statement", "statements"]

_NAME: Final = re.compile(r"^-- name: *([a-z0-9_]+) *$", re.MULTILINE)


@cache
def statements(package: str, topic: str) -> dict[str, str]:
    """All statements of `package`'s `sql/<topic>.sql` by name, without their closing semicolons."""
    text = resources.files(package).joinpath("sql", f"{topic}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {name: body.strip().removesuffix(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def statement(package: str, topic: str, name: str) -> str:
    """One statement's text; KeyError if the topic has none of that name."""
    return statements(package, topic)[name]
