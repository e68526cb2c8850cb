"""What the ledger holds of some people: whom they are taken for, and every fact their lives are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tenure_app.live.asking import ask

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Found", "facts_of_people"]

_SCHEMA: Final = pa.schema([
    ("number", pa.int64()), ("first", pa.int64()), ("c", pa.int64()), ("kind", pa.string()), ("at", pa.int64()),
    ("recorded_at", pa.int64()), ("order_id", pa.string()), ("amount_minor", pa.int64()), ("currency", pa.string()),
    ("discount_minor", pa.int64()), ("category", pa.string()), ("region", pa.string()), ("channel", pa.string()),
    ("reason", pa.string()),
])  # fmt: skip
_C, _AT, _RECORDED, _RUN = 2, 4, 5, 14

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Of some people.

    roots: whom they are taken for, who is known by name at least. nobodies: of those asked about, and of all who are
    taken for the same, who stands nowhere: taken for another one, or a visitor whom nobody knows. whom: each is taken
    for. facts: rows as the mirror has them. imported: whose facts came from files, in part. earliest: the first instant
    of what was recorded since an instant, by person.
    """

    roots: list[int]
    nobodies: list[int]
    whom: dict[int, int]
    facts: pa.Table
    imported: set[int]
    earliest: dict[int, int]


def facts_of_people(people: Collection[int], kinds: Collection[str], *, since: int) -> Found:
    """Everything of these people and of whoever is taken for them. Rows read are theirs alone.

    kinds: of events; since: an instant (us UTC), for `earliest`.
    """
    whom = {row[0]: row for row in ask("whom", sorted(people))}
    roots = {row[1] for row in whom.values()}
    whom |= {row[0]: row for row in ask("whom", sorted(roots - whom.keys()))}
    stands = sorted(c for c in roots if not whom[c][2])
    merged = {c for (c,) in ask("taken_for", stands)}
    nobodies = sorted(merged | whom.keys() - set(stands))
    wanted = sorted(kinds)
    members = [*stands, *sorted(merged)]
    rows = {row[0]: row for row in ask("facts", members, wanted)}
    firsts = {row[1] or number for number, row in rows.items()}
    rows |= {row[0]: row for row in ask("later", sorted(firsts), wanted)}
    rows |= {row[0]: row for row in ask("first", sorted(firsts - rows.keys()), wanted)}
    known = list(rows.values())
    imported = {row[_C] for row in known if row[_RUN] is not None}
    taken_for = {person: row[1] for person, row in whom.items()}
    return Found(stands, nobodies, taken_for, _table(known), imported, _earliest(known, since))


def _table(rows: list[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * (len(_SCHEMA) + 1)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=False)], _SCHEMA)


def _earliest(rows: list[Row], since: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in rows:
        if row[_RECORDED] >= since:
            found[row[_C]] = min(row[_AT], found.get(row[_C], row[_AT]))
    return found
