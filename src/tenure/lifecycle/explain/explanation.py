"""Puts an explanation together from the engine's tables, and says it as text or as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from tenure.errors import UnknownCustomer
from tenure.events import ORDER_PLACED
from tenure.lifecycle.explain.ahead import Standing, ahead
from tenure.lifecycle.explain.life import Dues, Judgement, Life, Order
from tenure.lifecycle.explain.record import Happening, Rows, record
from tenure.lifecycle.explain.telling import told
from tenure.lifecycle.picture import picture
from tenure.periods import date_of, format_instant

if TYPE_CHECKING:
    from tenure.lifecycle.known import KnownPopulation
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.trace import Trace
    from tenure.read import Timeline

__all__ = ["Explanation", "explain"]

_SQL: Final = "tenure.lifecycle"
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Explanation:
    """One customer as of an instant. Instants are us UTC, days are counted from 1970-01-01 in the shop's zone.

    The columns of a picture come first, absent is None.
    `judgement` and `dues` are None for who has no order that counts. `str` gives it in sentences, `json` as JSON.
    """

    customer_id: int | str
    as_of: int
    zone: str
    policy: str
    stage: str
    detail: str | None
    reason: str | None
    since: int
    because: str
    cycle: int
    orders: int
    occasions: int
    first_order_at: int | None
    last_order_at: int | None
    expected_next_at: int | None
    overdue_at: int | None
    long_overdue_at: int | None
    inactive_at: int | None
    contact_on: int | None
    judgement: Judgement | None
    dues: Dues | None
    record: tuple[Happening, ...]
    ahead: tuple[str, ...]

    def json(self) -> str:
        """Everything as one JSON object: instants in ISO 8601 with Z, days as YYYY-MM-DD, absent null."""
        return json.dumps(_plain(asdict(self)), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        return told(self)


def explain(
    timeline: Timeline,
    policy: Policy,
    *,
    zone: str,
    customer: int | str,
    as_of: int,
    known: KnownPopulation | None = None,
) -> Explanation:
    """Why a customer stands where they stand as of an instant (us UTC, exclusive); `known` as in `picture`.

    UnknownCustomer, with the nearest ids, if nobody of that id is known before it. Leaves the picture in the engine.
    """
    c = _number(timeline, customer)
    first_at = timeline.engine.run(_SQL, "explain", "first_at", c=c).fetchall()[0][0]
    if first_at >= as_of:
        seen, asked = format_instant(first_at), format_instant(as_of)
        who = f"customer {_short(customer)}"
        raise UnknownCustomer(f"{who} was first seen at {seen}, not before {asked}; ask for a later time")
    traced = picture(timeline, policy, zone=zone, as_of=as_of, known=known)
    row = _row(traced, c, customer)
    return _explained(traced, c, row)


def _number(timeline: Timeline, customer: int | str) -> int:
    """The engine's number of a customer id."""
    engine = timeline.engine
    if timeline.customer_type == "VARCHAR":
        found = engine.run(_SQL, "explain", "number_of", customer=str(customer)).fetchall()
        near = "near_names"
    else:
        number = _whole(customer)
        first = engine.run(_SQL, "explain", "first_at", c=number).fetchall() if number is not None else [(None,)]
        found = [] if first[0][0] is None else [(number,)]
        near = "near_numbers"
    if not found:
        names = [_short(name) for (name,) in engine.run(_SQL, "explain", near, customer=str(customer)).fetchall()]
        hint = f"the nearest are {', '.join(names)}" if names else "there is nobody in them"
        raise UnknownCustomer(f"no customer {_short(customer)} in the orders: {hint}")
    return int(found[0][0])


def _whole(customer: int | str) -> int | None:
    """A customer id as a 64-bit whole number, if it is one."""
    if not re.fullmatch(r"-?0*\d{1,19}", str(customer)):
        return None
    number = int(customer)
    return number if -(2**63) <= number < 2**63 else None


def _short(customer: int | str) -> str:
    """An id as far as one line has room for it, cut as in tables."""
    text = str(customer)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _row(traced: Trace, c: int, customer: int | str) -> Mapping[str, Any]:
    """The customer's row of the picture."""
    if traced.named:
        rows = traced.table("explain", "row_of_name", customer=str(customer))
    else:
        rows = traced.table("explain", "row_of_number", c=c)
    found: list[Mapping[str, Any]] = rows.to_pylist()
    return found[0]


def _explained(traced: Trace, c: int, row: Mapping[str, Any]) -> Explanation:
    rows = _rows(traced, c, row["as_of"])
    activity = frozenset(traced.policy.activity) - {ORDER_PLACED}
    life = Life(
        orders=_orders(traced, c),
        activity=[event["at_us"] for event in rows.events if rows.kind(event) in activity],
        policy=traced.policy, zone=traced.zone, clocks=traced.clocks, known=traced.known,
        first_month=traced.terrain.first_month,
    )  # fmt: skip
    occasions = life.occasions()
    dues = life.dues(occasions) if occasions else None
    standing = Standing(row["as_of"], row["stage"], row["detail"], row["reason"], row["contact_on"], rows.events)
    return Explanation(
        **{name: value for name, value in row.items() if name != "policy"}, policy=row["policy"], zone=traced.zone,
        judgement=life.judgement(occasions, row["as_of"]) if occasions else None, dues=dues,
        record=record(rows, occasions, activity, traced.zone), ahead=ahead(standing, life, occasions, dues),
    )  # fmt: skip


def _orders(traced: Trace, c: int) -> list[Order]:
    """The customer's orders that count as of the picture."""
    clocks = traced.clocks
    # where nobody asks what an order was of, the engine may not know
    name = "lasting_orders" if traced.merged else "orders"
    if clocks is not None and clocks.categories + clocks.regions:
        name = "labelled_orders"
    return [Order(*row) for row in traced.engine.run(_SQL, "explain", name, c=c).fetchall()]


def _rows(traced: Trace, c: int, as_of: int) -> Rows:
    """The customer's events, and where there are order ids what became of the orders."""
    events = traced.table("explain", "events", c=c, as_of=as_of).to_pylist()
    if not any(event["order_id"] is not None for event in events):
        return Rows(events, {}, frozenset())
    endings = traced.table("explain", "endings", c=c).to_pylist()
    back = traced.table("explain", "going_back", c=c).to_pylist()
    ended_at = {one["order_id"]: one["ended_at"] for one in endings}
    return Rows(events, ended_at, frozenset((one["order_id"], one["at_us"]) for one in back))


def _plain(value: Any, name: str = "") -> Any:
    """Instants and days, known by their names, as text."""
    if isinstance(value, dict):
        return {key: _plain(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, int) and name in _DAYS:
        return str(date_of(value))
    if isinstance(value, int) and (name in _INSTANTS or name.endswith("_at")):
        return format_instant(value)
    return value


_DAYS: Final = frozenset(("contact_on", "expected", "earliest", "latest", "short", "long", "inactive", "seasonal"))
_INSTANTS: Final = frozenset(("as_of", "at", "since"))
