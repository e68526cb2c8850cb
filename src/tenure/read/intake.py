"""From sources to `events`: open, type, unite, reject, count."""

from __future__ import annotations

import filecmp
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
from duckdb import CaseExpression, ColumnExpression, Expression

from tenure.engine.base import statements
from tenure.errors import BadFile
from tenure.events import ORDER_PLACED
from tenure.periods import format_instant, zone_named
from tenure.read.cells import ask, constant
from tenure.read.columns import Columns, find
from tenure.read.rows import Rows, rows_of
from tenure.read.sources import open_source
from tenure.read.timeline import REASONS, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from duckdb import DuckDBPyRelation

    from tenure.engine.duckdb import DuckDB
    from tenure.read.sources import Source

__all__ = ["take_in"]

_PACKAGE: Final = "tenure.read"
_LONG_US: Final = 15 * 31_557_600_000_000  # fifteen years: few files are older than that
_REPEATS_UP_TO: Final = 2_000_000
"""Rows up to which exact repeats are looked for; beyond it the look costs more than the reading."""
_OUR_MISTAKES: Final = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
_FLAGS: Final = ("wordless", "zoneless", "twice", "never")
# role, the column of `events` it fills, its count in the tally
_CARRIED: Final = (
    ("order", "order_id", "orders"),
    ("amount", "amount_minor", "amounts"),
    ("currency", "currency", "currencies"),
    ("discount", "discount_minor", "discounts"),
    ("category", "category", "categories"),
    ("region", "region", "regions"),
    ("reason", "reason", "reasons"),
)


@dataclass(slots=True)
class _Tally:
    """Counts over all sources: `carried` and `odd` over accepted rows only."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    span: list[int] = field(default_factory=list)
    carried: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    """Accepted rows that repeat another of their own source, where no row has an order id."""
    shared: list[tuple[int, int, int]] = field(default_factory=list)
    """(source, an earlier source, rows that the first one has of the second)."""


def take_in(engine: DuckDB, things: Sequence[Any], columns: Columns, times_in: str) -> Timeline:
    """As `tenure.read.read`, of a list of sources."""
    zone = zone_named(times_in)
    if not things:
        raise BadFile("no file was named; hand in at least one")
    _each_once(things)
    _prepare(engine)
    parts = [_part(engine, thing, i, columns, zone) for i, thing in enumerate(things)]
    whole = all(part.whole for part in parts)
    if not whole:
        parts = [part.as_text() for part in parts]
    if whole and all(part.source.stored for part in parts) and not _may_mix(parts):
        tally = _serve_stored(parts)
    else:
        tally = _serve_copied(engine, parts, whole=whole)
    return _timeline(engine, parts, tally, whole=whole, times_in=times_in)


def _each_once(things: Sequence[Any]) -> None:
    """BadFile for a file or table that is handed in twice: all its orders would be."""
    seen: dict[object, int] = {}
    for i, thing in enumerate(things):
        is_path = isinstance(thing, str | Path)
        first = seen.setdefault(Path(thing).resolve() if is_path else id(thing), i)
        if first != i:
            again = f"{thing}: this file" if is_path else f"table {i + 1}: this table"
            raise BadFile(f"{again} is handed in twice; name each once")


def _prepare(engine: DuckDB) -> None:
    for name in ("events", "customers", "tenure_events", "tenure_rows", "tenure_rejects"):
        engine.drop(name)
    for name in statements(_PACKAGE, "cells"):
        engine.run(_PACKAGE, "cells", name)
    engine.run(_PACKAGE, "rows", "new_rejects")


def _part(engine: DuckDB, thing: Any, index: int, columns: Columns, zone: ZoneInfo) -> Rows:
    source = open_source(engine, thing, index)
    found = find(source.label, source.names, columns, headed=source.headed)
    with _scanning(source.label):
        if not source.bad_lines and not source.relation.select(ColumnExpression("line")).limit(1).fetchall():
            raise BadFile(f"{source.label}: there are no rows below the column names; export it again")
        rows = rows_of(source, index, found, columns, zone)
    if source.bad_lines:
        bad = source.bad_lines
        columns_of_bad = [
            [index] * len(bad), [source.label] * len(bad), [line.line for line in bad],
            ["bad_line"] * len(bad), [line.reason for line in bad], [line.text for line in bad],
        ]  # fmt: skip
        names = ["source", "file", "line", "code", "reason", "row"]
        engine.connection.from_arrow(pa.table(columns_of_bad, names=names)).insert_into("tenure_rejects")
    return rows


@contextmanager
def _scanning(label: str) -> Iterator[None]:
    """Damage that shows only when the pages of a file are read is the file's, not ours."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InternalException, duckdb.InterruptException, *_OUR_MISTAKES):
        raise
    except duckdb.ConversionException as error:
        raise BadFile(f"{label}: a time in it lies beyond the year 290,000; correct it or leave its row out") from error
    except duckdb.Error as error:
        raise BadFile(f"{label}: cannot be read to its end, it may be damaged; export it again") from error


def _may_mix(parts: Sequence[Rows]) -> bool:
    """Whether lines of one order could have different currencies."""
    several = len(frozenset().union(*(part.currencies for part in parts))) > 1
    return several and any("order" in part.roles for part in parts)


def _serve_stored(parts: Sequence[Rows]) -> _Tally:
    """`events` as a view over the files: two numbers a row are cheaper to read again than to keep."""
    tally = _Tally()
    for part in parts:
        with _scanning(part.source.label):
            found = ask(part.relation, "rows", "tally")
            _count(tally, found)
            _keep_rejects(part.relation, part.source.label, found)
    everything = _united([part.relation for part in parts])
    with _scanning(" or ".join(part.source.label for part in parts)):
        _look_for_repeats(tally, everything, parts)
    if tally.rejected:
        everything = everything.filter(ColumnExpression("code").isnull())
    everything.select(ColumnExpression("customer").alias("c"), *_columns()).create_view("events")
    return tally


def _serve_copied(engine: DuckDB, parts: Sequence[Rows], *, whole: bool) -> _Tally:
    """`events` over a table of the columns that the sources carry; what none carries costs no memory."""
    mix = _may_mix(parts)
    roles = frozenset().union(*(part.roles for part in parts))
    for i, part in enumerate(parts):
        with _scanning(part.source.label):
            rows = _lean(part.relation, roles, keep_text=mix)
            rows.insert_into("tenure_rows") if i else rows.create("tenure_rows")
    if mix:
        engine.run(_PACKAGE, "rows", "reject_several_currencies")
    table = _complete(engine.connection.table("tenure_rows"))
    tally = _Tally()
    found = ask(table, "rows", "tally")
    _count(tally, found)
    for i, part in enumerate(parts):
        _keep_rejects(table.filter(ColumnExpression("source") == constant(i)), part.source.label, found)
    _look_for_repeats(tally, table, parts)
    _number(engine, roles, whole=whole)
    for name in ("tenure_rows", *(name for part in parts for name in part.source.made)):
        engine.drop(name)
    return tally


def _look_for_repeats(tally: _Tally, rows: DuckDBPyRelation, parts: Sequence[Rows]) -> None:
    """Rows that stand in two sources, mostly of a file and its copy, and where there are no order ids within one."""
    if tally.accepted > _REPEATS_UP_TO:
        # too many rows to compare, but a copy of a file is still as long as the file
        tally.shared = list(_copies([part.source for part in parts]))
        return
    if len(parts) > 1:
        tally.shared = [(int(b), int(a), int(n)) for b, a, n in ask(rows, "rows", "shared")]
    if not tally.carried["order"]:
        repeats: int = ask(rows, "rows", "repeats")[0][0]
        tally.repeats = repeats - sum(n for _, _, n in tally.shared)


def _copies(sources: Sequence[Source]) -> Iterator[tuple[int, int, int]]:
    """Files that are the same byte for byte; only of those that are of one length is more than the length read."""
    files = [(i, source.path) for i, source in enumerate(sources) if source.path is not None]
    sizes = {i: path.stat().st_size for i, path in files}
    for place, (i, path) in enumerate(files):
        for j, other in files[:place]:
            if sizes[i] == sizes[j] and filecmp.cmp(path, other, shallow=False):
                yield i, j, sources[i].relation.count("*").fetchall()[0][0]
                break

def _lean(relation: DuckDBPyRelation, roles: frozenset[str], *, keep_text: bool) -> DuckDBPyRelation:
    """The columns worth a copy; the text of a row only where it may be rejected."""
    text: Expression = ColumnExpression("row")
    if not keep_text:
        text = CaseExpression(ColumnExpression("code").isnotnull(), text).otherwise(constant(None))
    names = ["source", "line", "customer", "at", "repeat_hash", *_filled(roles), *_FLAGS, "code"]
    return relation.select(*(ColumnExpression(name) for name in names), text.alias("row"))


def _filled(roles: frozenset[str]) -> list[str]:
    """Columns of `events` that any source can fill."""
    amounts = {"amount"} if {"quantity", "price"} <= roles else set()
    names = [name for role, name, _ in _CARRIED if role in roles | amounts]
    return ["kind", *names] if "type" in roles else names


def _complete(relation: DuckDBPyRelation) -> DuckDBPyRelation:
    """The relation with every column of `events`, those that it does not have being unknown, the kind an order."""
    absent = [name for _, name, _ in _CARRIED if name not in relation.columns]
    added = [constant(None).cast("BIGINT" if name.endswith("_minor") else "VARCHAR").alias(name) for name in absent]
    if "kind" not in relation.columns:
        added.append(constant(ORDER_PLACED).alias("kind"))
    return relation.select(*(ColumnExpression(name) for name in relation.columns), *added)


def _number(engine: DuckDB, roles: frozenset[str], *, whole: bool) -> None:
    """`events` from `tenure_rows`, text ids by number."""
    rows = engine.connection.table("tenure_rows").filter(ColumnExpression("code").isnull())
    names = ["at", *_filled(roles)]
    if whole:
        rows = rows.select(ColumnExpression("customer").alias("c"), *(ColumnExpression(name) for name in names))
    else:
        engine.run(_PACKAGE, "rows", "customers")
        numbers = engine.connection.table("customers").select(
            ColumnExpression("c"), ColumnExpression("customer_id").alias("customer")
        )
        rows = rows.join(numbers, "customer").select(*(ColumnExpression(name) for name in ["c", *names]))
    rows.create("tenure_events")
    events = _complete(engine.connection.table("tenure_events"))
    events.select(ColumnExpression("c"), *_columns()).create_view("events")


def _columns() -> list[Expression]:
    """The columns of `events` after `c`, in order."""
    order = ["at", "kind", *(name for _, name, _ in _CARRIED)]
    return [ColumnExpression(name) for name in order]


def _united(relations: Sequence[DuckDBPyRelation]) -> DuckDBPyRelation:
    return reduce(lambda left, right: left.union(right), relations)


def _keep_rejects(relation: DuckDBPyRelation, label: str, found: list[tuple[Any, ...]]) -> None:
    codes = [row[0] for row in found if row[0] is not None]
    if not codes:
        return
    code = ColumnExpression("code")
    reason: Any = None
    for name in codes:
        test, says = code == constant(name), constant(REASONS[name])
        reason = CaseExpression(test, says) if reason is None else reason.when(test, says)
    relation.filter(code.isnotnull()).select(
        ColumnExpression("source"), constant(label).alias("file"), ColumnExpression("line"), code,
        reason.otherwise(constant(None)).alias("reason"), ColumnExpression("row"),
    ).insert_into("tenure_rejects")  # fmt: skip


def _count(tally: _Tally, found: list[tuple[Any, ...]]) -> None:
    for code, rows, first, last, _, *counts in found:
        if code is not None:
            tally.rejected[code] += rows
            continue
        tally.accepted += rows
        tally.span += [first, last]
        tally.carried.update(dict(zip((role for role, _, _ in _CARRIED), counts, strict=False)))
        tally.odd.update(dict(zip((*_FLAGS, "negative"), counts[len(_CARRIED) :], strict=True)))


def _timeline(
    engine: DuckDB, parts: Sequence[Rows], tally: _Tally, *, whole: bool, times_in: str
) -> Timeline:
    for part in parts:
        tally.rejected["bad_line"] += len(part.source.bad_lines)
    rejected = sorted(((code, n) for code, n in tally.rejected.items() if n), key=lambda pair: (-pair[1], pair[0]))
    has = {role for role, n in tally.carried.items() if n}
    if any("type" in part.roles for part in parts) and tally.odd["wordless"] < tally.accepted:
        has.add("type")
    return Timeline(
        engine=engine,
        customer_type="BIGINT" if whole else "VARCHAR",
        has=frozenset(has),
        negative=bool(tally.odd["negative"]),
        rows=tally.accepted + sum(n for _, n in rejected),
        accepted=tally.accepted,
        rejected=tuple(rejected),
        first_at=min(tally.span, default=None),
        last_at=max(tally.span, default=None),
        notes=(
            *(note for part in parts for note in part.notes),
            *_remarks(parts, tally, times_in),
            *_far_off(engine, tally),
            *_zoneless(tally, times_in),
        ),
        zoneless=tally.odd["zoneless"],
    )


def _far_off(engine: DuckDB, tally: _Tally) -> Iterator[str]:
    """Rows years away from nearly all others: a typing error of a year, or a date that stands for "unknown"."""
    if max(tally.span, default=0) - min(tally.span, default=0) <= _LONG_US:
        return
    before, first, after, last = engine.run(_PACKAGE, "rows", "far_off").fetchall()[0]
    cure = "; --until or --as-of with a day before them leaves them out (until=, as_of= in Python)"
    for n, where, at, leaves in ((before, "before", first, ""), (after, "after", last, cure)):
        if n:
            rows = "1 row lies" if n == 1 else f"{n} rows lie"
            found = f"{rows} more than a year {where} 98 % of the others (to {format_instant(at)})"
            yield f"{found}: check the dates{leaves}"


def _zoneless(tally: _Tally, times_in: str) -> Iterator[str]:
    """The last of the remarks: it is made of most files and mostly nothing is wrong."""
    zoneless, accepted = tally.odd["zoneless"], tally.accepted
    if zoneless:
        share = "the times carry" if zoneless == accepted else f"{zoneless} of {accepted} times carry"
        yield f"{share} no zone: read as times in {times_in}; if that is wrong, --times-in ZONE (times_in= in Python)"


def _remarks(parts: Sequence[Rows], tally: _Tally, times_in: str) -> Iterator[str]:
    """What the counts say about all sources together."""
    if twice := tally.odd["twice"]:
        yield f"{twice} times fall into an hour that {times_in} has twice (clocks set back): read as the first"
    if never := tally.odd["never"]:
        yield f"{never} times fall into an hour that {times_in} left out (clocks set forward): counted on from before"
    currencies = sorted(frozenset().union(*(part.currencies for part in parts)))
    if len(currencies) > 1:
        yield f"the amounts are in {', '.join(currencies)}: kept as they are, never added across currencies"
    if wordless := tally.odd["wordless"]:
        yield f"{wordless} rows do not say what kind of event they are: read as {ORDER_PLACED}"
    for source, earlier, n in tally.shared:
        labels = parts[source].source.label, parts[earlier].source.label
        yield f"{n} rows of {labels[0]} also stand in {labels[1]}: they were counted twice; name each file once"
    if repeats := tally.repeats:
        yield f"{repeats} rows repeat another row exactly and have no order id: each was kept as an order of its own"
