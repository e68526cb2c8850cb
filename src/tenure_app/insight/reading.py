"""The one door to what was computed: a picture of a day, the lives behind it and the orders, as tables.

The pages never compute a stage. They open a `Reading` and count what is in its tables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from duckdb import ColumnExpression, ConstantExpression

from tenure_app.insight.sentences import because

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Expression

    from tenure.lifecycle.policy import Policy
    from tenure_app.insight.days import Picture

__all__ = ["NotReady", "NothingYet", "Reading", "col", "lit", "remembered"]

T = TypeVar("T")

_KEPT: Final = 512
_memory: OrderedDict[Hashable, Any] = OrderedDict()
_lock = Lock()


class NothingYet(Exception):
    """Nothing was imported yet, or nothing that happened before the day asked for."""


class NotReady(Exception):
    """The picture is being computed; ask again. `why`: what the last try said that left nothing, or ""; `said`: what is
    being done, where it is not the picture that one waits for."""

    def __init__(self, why: str = "", said: str = "") -> None:
        super().__init__(said or "the picture is being computed")
        self.why = why
        self.said = said


@dataclass(frozen=True, slots=True)
class Reading:
    """One picture and what belongs to it, as known at an instant and judged by a policy.

    generation: names the facts and the rule; the same name, the same answers for ever. first_at, last_at: the first and
    the last fact's instant. picture: what sentences are asked of. Tables, of `connection`:
    people(c, code, stage, detail, since, orders, occasions, cycle, first_order_at, last_order_at, expected_at,
    overdue_at, long_overdue_at, inactive_at, contact_on, reason, spent_minor, perhaps because) as of `as_of`;
    history(c, from_at, to_at, code); steps(day, code, change: how many more stand in it after a local day than before);
    passages(c, from_at, to_at, orders, occasions, first_order_at, last_order_at,
    expected_at, overdue_at, long_overdue_at, inactive_at); events(c, at, kind, order_id, amount_minor, currency, ...).
    """

    connection: DuckDBPyConnection
    generation: str
    as_of: int
    zone: str
    policy: Policy
    first_at: int
    last_at: int
    picture: Picture | None = None

    def because(self, people: Sequence[int]) -> dict[int, str]:
        """The core's sentences about a few people, by number; none where only tables are at hand."""
        picture = self.picture
        if picture is None:
            return {}
        return self.remembered(("because", tuple(people)), lambda: because(picture, people))

    def table(self, name: str) -> DuckDBPyRelation:
        """One of the tables, to be filtered and counted."""
        return self.connection.table(name)

    def people(self, some: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The rows of a few people, by number: who sorts everybody sorts numbers, and asks for the first ones here."""
        rows = self.table("people").filter(col("c").isin(*map(lit, some))) if some else None
        return {row["c"]: row for row in rows.to_arrow_table().to_pylist()} if rows is not None else {}

    def codes_at(self, instant: int) -> DuckDBPyRelation:
        """Everybody known before the instant: c and the code of their stage as of it."""
        at, start, end = lit(instant), col("from_at"), col("to_at")
        holds = (start < at) & (end.isnull() | (at <= end))
        return self.table("history").filter(holds).select(col("c"), col("code"))

    def remembered(self, key: Hashable, make: Callable[[], T], *, of_day: bool = True) -> T:
        """What `make` finds, kept in memory: the same for all who ask for the same of the same picture (`of_day`), or
        of the same facts and rule on whatever day."""
        return remembered((self.generation, self.as_of if of_day else None, key), make)


def remembered(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` finds, kept in memory by a key that fixes the answer; of many the latest used."""
    with _lock:
        if key in _memory:
            _memory.move_to_end(key)
            found: T = _memory[key]
            return found
    made = make()
    with _lock:
        _memory[key] = made
        while len(_memory) > _KEPT:
            _memory.popitem(last=False)
    return made


def col(name: str) -> Expression:
    """A column."""
    return ColumnExpression(name)


def lit(value: Any) -> Expression:
    """A value."""
    return ConstantExpression(value)
