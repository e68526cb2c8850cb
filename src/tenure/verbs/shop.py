"""The opened shop: one reading of the orders, one policy, one zone, and the tables the verbs ask of them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tenure.engine.duckdb import DuckDB
from tenure.errors import BadColumns, BadFile, BadPolicy, BadTime
from tenure.lifecycle.explain import Explanation, explain
from tenure.lifecycle.flows import flows
from tenure.lifecycle.history import history
from tenure.lifecycle.picture import picture
from tenure.lifecycle.policy import DEFAULT, Policy, load
from tenure.lifecycle.suggest import Suggestion, suggest
from tenure.periods import calendar, date_of, day_number, day_of, parse_instant, start_of_day, zone_named
from tenure.read import REASONS, Columns, Timeline, read
from tenure.reporting import page
from tenure.reporting.gather import gather
from tenure.write import typed

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from numpy.typing import NDArray

__all__ = [
    "ColumnNames", "Instant", "PolicyLike", "Progress", "Shop", "instant_of", "must_hold_rows", "opened", "policy_of",
]  # fmt: skip

Instant = str | date | datetime | int | np.datetime64 | np.integer[Any]
"""A date (its first instant in the shop's zone), a time (of that zone unless it carries one), or microseconds UTC."""
PolicyLike = Policy | str | os.PathLike[str] | None
"""A policy, the path of a policy file, or None for the default."""
ColumnNames = Columns | Mapping[str, str] | None
"""Which column plays which role, where its name does not tell: {"customer": "Buyer No"}."""
Progress = Callable[[str], None]
"""Told what begins now, in a word or two."""

_STAGES_INSTANTS: Final = (
    "since", "first_order_at", "last_order_at", "expected_next_at", "overdue_at", "long_overdue_at", "inactive_at",
    "as_of",
)  # fmt: skip
_LONG_DAYS: Final = 365
_BLANKS: Final = " \t\n\r\u00a0\ufeff"
"""What the reading takes off the ends of a text (`tenure_text` in cells.sql)."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Orders that were read, and by which rule and in which zone they are judged; usable while the engine is open."""

    timeline: Timeline
    policy: Policy
    zone: str
    progress: Progress

    def stages(self, as_of: int) -> DuckDBPyRelation:
        """The picture as of an instant."""
        self.progress("placing every customer")
        picture(self.timeline, self.policy, zone=self.zone, as_of=self._from_first(as_of))
        return typed(self.timeline.engine, "stages", instants=_STAGES_INSTANTS, dates=("contact_on",))

    def history(self, until: int | None) -> DuckDBPyRelation:
        """Everybody's intervals up to an instant; None: to the end."""
        self.progress("tracing every life")
        end = self.end if until is None else self._from_first(until)
        history(self.timeline, self.policy, zone=self.zone, until=end)
        return typed(self.timeline.engine, "history", instants=("from", "to"))

    def flows(self, every: str, until: int | None, *, detail: bool) -> DuckDBPyRelation:
        """Who went where in every period up to an instant; None: to the end."""
        self.progress("tracing every life")
        end = self.end if until is None else until
        found = flows(self.timeline, self.policy, zone=self.zone, until=end, every=every, detail=detail)
        engine = self.timeline.engine
        engine.put("flows", found)
        return typed(engine, "flows")

    def explain(self, customer: int | str, as_of: int) -> Explanation:
        """Why one customer stands where they stand."""
        self.progress("placing every customer")
        asked = _as_read(customer, whole=self.timeline.customer_type == "BIGINT")
        return explain(self.timeline, self.policy, zone=self.zone, customer=asked, as_of=as_of)

    def suggest(self, until: int | None) -> Suggestion:
        """Which rule would have suited the past best."""
        end = self.end if until is None else until
        return suggest(self.timeline, self.policy, zone=self.zone, until=end, progress=self.progress)

    def report(self, as_of: int, name: str, files: Sequence[str]) -> str:
        """The report as one HTML page."""
        self.progress("tracing every life")
        data = gather(self.timeline, self.policy, zone=self.zone, as_of=as_of, name=name, files=files)
        self.progress("drawing")
        return page(data)

    @property
    def end(self) -> int:
        """The first local midnight after the last row (us UTC); 0 where there is no row."""
        last_at = self.timeline.last_at
        return 0 if last_at is None else start_of_day(day_of(last_at, self.zone) + 1, self.zone)

    def _from_first(self, instant: int) -> int:
        """Before the first row there is nobody, as at its very instant."""
        return max(instant, self.timeline.first_at or instant)


@contextlib.contextmanager
def opened(
    orders: Any,
    *,
    policy: PolicyLike = None,
    timezone: str = "UTC",
    times_in: str = "UTC",
    columns: ColumnNames = None,
    progress: Progress | None = None,
    as_of: int | None = None,
) -> Iterator[Shop]:
    """Read the orders into an engine of their own; policy and zones are checked first. Errors are their readers'.

    `as_of`: the instant that will be asked for, to say so if the rows end long before it.
    """
    zone_named(timezone), zone_named(times_in)
    rules, named = policy_of(policy), _columns(columns)
    tell = progress or _tell_nobody
    with DuckDB() as engine:
        tell("reading")
        timeline = read(engine, orders, named, times_in=times_in)
        found = [*_strangers(timeline, rules), *_silence(timeline, as_of, timezone)]
        yield Shop(replace(timeline, notes=_notes(timeline, found, times_in, timezone)), rules, timezone, tell)


def must_hold_rows(timeline: Timeline, rejects: object) -> None:
    """BadFile if every row was left out, with the counts and where the rows are; `rejects`: the file they went to."""
    if timeline.accepted or not timeline.rows:
        return
    each = ", ".join(f"{n:,} {code} ({REASONS[code]})" for code, n in timeline.rejected)
    where = f"they are in {rejects}" if rejects else "see them with --rejects FILE (rejects= in Python)"
    rows = "the only row" if timeline.rows == 1 else f"none of the {timeline.rows:,} rows"
    verb = "cannot" if timeline.rows == 1 else "can"
    raise BadFile(f"{rows} {verb} be used: {each}; {where}")


def _notes(timeline: Timeline, found: Sequence[str], times_in: str, zone: str) -> tuple[str, ...]:
    """The reading's notes with those found here; what there is to say of the zone comes last, and once."""
    notes, of_zone = timeline.notes, tuple(_shifted(timeline, times_in, zone))
    if timeline.zoneless:
        notes, of_zone = notes[:-1], of_zone or notes[-1:]
    return (*notes, *found, *of_zone)


def _shifted(timeline: Timeline, times_in: str, zone: str) -> Iterator[str]:
    """Days without hours that are other days in the shop's zone. Rows are looked at up to the first that has an hour,
    and only where the zones lie so that its days would shift."""
    first_at, last_at = timeline.first_at, timeline.last_at
    if first_at is None or last_at is None or times_in == zone or timeline.zoneless < timeline.accepted:
        return
    days = calendar(day_of(first_at, times_in), day_of(last_at, times_in), times_in)
    shop = calendar(day_of(first_at, zone), day_of(last_at, zone), zone)
    shift = shop.day[np.searchsorted(shop.start_at, days.start_at.clip(first_at, last_at), side="right") - 1] - days.day
    if not shift.any() or _has_hours(timeline, days.start_at):
        return
    where = "before" if shift.min() < 0 else "after"
    yield (
        f"the times are days without hours, read in {times_in}, but the shop's days are of {zone}, where they fall on"
        f" the day {where}: --times-in {zone} keeps each on its day (times_in= in Python)"
    )


def _has_hours(timeline: Timeline, midnights: NDArray[np.int64]) -> bool:
    """Whether any row lies at another instant than these."""
    import pyarrow as pa
    from duckdb import ColumnExpression

    engine = timeline.engine
    engine.show("midnights", pa.table({"midnight": midnights}))
    events = engine.connection.table("events").select(ColumnExpression("at")).set_alias("e")
    table = engine.connection.table("midnights").set_alias("m")
    late = events.join(table, 'e."at" = m.midnight', how="anti").limit(1).fetchall()
    engine.drop("midnights")
    return bool(late)


def _strangers(timeline: Timeline, policy: Policy) -> Iterator[str]:
    """What the policy names and no row has: mostly another spelling."""
    for role in ("category", "region"):
        asked = {getattr(entry, role) for entry in (*policy.scopes, *policy.seasons)} - {None}
        if role == "region":
            asked |= {name for name, _ in policy.regions}
        if not asked:
            continue
        found = timeline.engine.connection.table("events").select(role).distinct().fetchall()
        known = sorted(word for (word,) in found if word)
        for word in sorted(asked - set(known)):
            near = get_close_matches(word.lower(), [one.lower() for one in known], n=1, cutoff=0.6)
            hint = next((f"; is {one!r} meant?" for one in known if near and one.lower() == near[0]), "")
            yield f"the policy names the {role} {word!r}, but no row has it{hint}"


def _silence(timeline: Timeline, as_of: int | None, zone: str) -> Iterator[str]:
    """Rows that end more than a year before the instant asked for: mostly an old file, or a slip of the pen."""
    if as_of is None or timeline.last_at is None:
        return
    last = day_of(timeline.last_at, zone)
    if (later := day_of(as_of, zone) - last) > _LONG_DAYS:
        yield f"the last row is of {date_of(last)}, the day asked for is {later:,} days later: everybody looks silent"


def _as_read(customer: int | str, *, whole: bool) -> str:
    """A customer's id as the reading spells ids: without the blanks around it, whole numbers without `.0`."""
    spelt = str(customer).strip(_BLANKS)
    return re.sub(r"^(-?[0-9]+)[.]0+$", r"\1", spelt) if whole else spelt


def _tell_nobody(_: str) -> None:
    """Progress that nobody asked for."""


def instant_of(value: Instant, zone: str) -> int:
    """Microseconds UTC; BadTime for what is no time, or lies outside the years 1 to 9999."""
    match value:
        case str() | np.datetime64():
            return parse_instant(str(value), zone)
        case datetime():
            return parse_instant(value.isoformat(), zone)
        case date():
            return start_of_day(day_number(value), zone)
        case int() | np.integer() if not isinstance(value, bool):
            return _microseconds(int(value), zone)
    raise BadTime(f"{value!r} is no time: use a date, a time or whole microseconds")


def _microseconds(value: int, zone: str) -> int:
    """The number as an instant, unless it is written as a date is: so near to 1970 nobody means microseconds."""
    if len(spelt := str(value)) == 8:
        with contextlib.suppress(ValueError):
            meant = date.fromisoformat(f"{spelt[:4]}-{spelt[4:6]}-{spelt[6:]}")
            raise BadTime(f'{value} would be microseconds since 1970: for the date write "{meant}", with quotes')
    day_of(value, zone)
    return value


def policy_of(policy: PolicyLike) -> Policy:
    """The policy itself; BadPolicy if its file breaks a rule, BadFile if there is none."""
    if policy is None:
        return DEFAULT
    handed: object = policy
    if not isinstance(handed, Policy | str | os.PathLike) or handed == "":
        raise BadPolicy(f"{policy!r} is no policy: hand in the path of a policy file, a Policy, or None for the usual")
    return policy if isinstance(policy, Policy) else load(Path(policy))


def _columns(columns: ColumnNames) -> Columns:
    if columns is None or isinstance(columns, Columns):
        return columns or Columns()
    roles = [field.name for field in fields(Columns)]
    handed: object = columns
    if not isinstance(handed, Mapping) or not all(isinstance(name, str | None) for name in handed.values()):
        raise BadColumns(f'{columns!r} names no columns: write them as in {{"customer": "Client No"}}')
    for role in columns:
        if role not in roles:
            raise BadColumns(f"no column plays the role {role!r}: choose among {', '.join(roles)}")
    return Columns(**columns)
