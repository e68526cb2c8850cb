"""A timeline as the purchase models want it: who ordered on which days, for how much, on which clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle.trace import clocked
from tenure.purchase.histories import NEVER, Histories

if TYPE_CHECKING:
    from tenure.lifecycle.learning import Clocks
    from tenure.lifecycle.policy import Policy
    from tenure.read import Timeline

__all__ = ["Gathered", "Keeper", "gather_orders"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_SQL: Final = "tenure.worth"
_MOST: Final = 5, 4
"""A customer's group is the category, or region, of at least four fifths of their orders."""


@dataclass(frozen=True, slots=True, eq=False)
class Keeper:
    """The clocks in force: which is whose on a day is decided by the orders that count then, as in the life stages."""

    clocks: Clocks
    first_days: Ints
    customer: Ints
    category: Ints
    region: Ints

    def groups(self, origin: int, customer: Ints, rows: Flags) -> Ints:
        """The version of the clock of each customer on day `origin`."""
        month = int(np.searchsorted(self.first_days, origin, side="right")) - 1
        category = _mostly(self.customer[rows], self.category[rows], customer)
        region = _mostly(self.customer[rows], self.region[rows], customer)
        return self.clocks.versions(np.full(len(customer), max(month, 0)), category, region)

    def of(self, orders: Flags) -> Keeper:
        """The same for some of the orders."""
        return Keeper(self.clocks, self.first_days, self.customer[orders], self.category[orders], self.region[orders])

    def clock(self, group: int, days: Floats) -> Floats:
        """Days turned into days of the clock."""
        return np.asarray(self.clocks.clocks[group].lam(days))

    def calendar(self, group: int, days: Floats) -> Floats:
        """Days of the clock turned into days."""
        return np.asarray(self.clocks.clocks[group].lam_inv(days))


def _mostly(customer: Ints, code: Ints, asked: Ints) -> Ints:
    """The code of at least four fifths of each asked customer's rows, -1 for none; rows are sorted by customer."""
    out = np.full(len(asked), -1, np.int64)
    if not len(customer) or not (code >= 0).any():
        return out
    width = int(code.max()) + 2
    pair, n = np.unique(np.searchsorted(asked, customer) * width + code + 1, return_counts=True)
    whose, word = np.divmod(pair, width)
    whole = np.bincount(whose, weights=n, minlength=len(asked))
    most = (n * _MOST[0] >= whole[whose] * _MOST[1]) & (word > 0)
    out[whose[most]] = word[most] - 1
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Orders, money that went back, and what the customers are called.

    currency: of each entry of `people` (sorted customer numbers), the currency of most of their orders, None where
    none is named; strange: orders in another currency than their customer's, whose amounts are not counted. returned:
    customer, day, the day from which its order counts no more, amount.
    """

    histories: Histories
    people: Ints
    currency: NDArray[Any]
    strange: int
    returned: tuple[Ints, Ints, Ints, Floats]
    ids: pa.Array
    amounts_known: bool

    def of_main_currency(self) -> tuple[Histories, str | None]:
        """The histories with the amounts of those customers alone who pay in the currency of most, and which that is;
        None where none is named.
        """
        words, n = np.unique(np.array([word or "" for word in self.currency]), return_counts=True)
        if len(words) <= 1:
            return self.histories, (str(words[0]) or None) if len(words) else None
        main = str(words[np.argmax(n)])
        mine = np.array([(word or "") == main for word in self.currency])
        amount = np.where(mine[np.searchsorted(self.people, self.histories.customer)], self.histories.amount, np.nan)
        return replace(self.histories, amount=amount), main or None

    def returned_before(self, origin: int) -> Floats:
        """Of each of `people`, what went back before day `origin` of orders that stand then (minor units)."""
        customer, day, ends, amount = self.returned
        rows = (day < origin) & (ends >= origin)
        place = np.searchsorted(self.people, customer[rows])
        return np.bincount(place, weights=amount[rows], minlength=len(self.people)).astype(np.float64)


def gather_orders(timeline: Timeline, policy: Policy, *, zone: str, until: int) -> Gathered:
    """Everything that happened before `until` (us UTC). BadTime for an unknown zone."""
    engine = timeline.engine
    laid = clocked(timeline, policy, zone=zone, until=until)
    table = engine.table(_SQL, "histories", "plain" if laid.plain else "counted", until=until)
    table = table.sort_by([("c", "ascending"), ("day", "ascending"), ("amount", "ascending")])
    customer, day, ends = (_whole(table, name) for name in ("c", "day", "ends"))
    amount = table["amount"].to_numpy().astype(np.float64)
    people, begin = np.unique(customer, return_index=True)
    currency, mine = _currencies(table["currency"].combine_chunks(), begin, len(customer))
    amount = np.where(mine, amount, np.nan)
    keeper = None
    if laid.clocks is not None:
        keeper = Keeper(laid.clocks, laid.first_days, customer, _whole(table, "category"), _whole(table, "region"))
    return Gathered(
        Histories(customer, day, ends, amount, keeper), people, currency, int((~mine).sum()),
        _returned(timeline, people, currency, until) if not laid.plain else _nothing(), _ids(timeline, people),
        bool(np.isfinite(amount).any()),
    )  # fmt: skip


def _whole(table: pa.Table, name: str) -> Ints:
    """A column of whole numbers; where there is no day on which an order ends, it never does."""
    column = table[name].combine_chunks().cast(pa.int64()).fill_null(NEVER)
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _currencies(currency: pa.Array, begin: NDArray[np.intp], n: int) -> tuple[NDArray[Any], Flags]:
    """Each customer's own currency, and which orders are in it (or in none that is named)."""
    coded = currency.dictionary_encode()
    words = [*coded.dictionary.to_pylist(), None]
    code = np.asarray(coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)).astype(np.int64)
    many = np.diff(np.r_[begin, n])
    if len(set(words)) <= 2:  # one currency, or none
        named = next((word for word in words if word is not None), None)
        return np.full(len(begin), named, object), np.ones(n, bool)
    whose = np.repeat(np.arange(len(begin)), many)
    # ties go to the currency that is first in the alphabet
    rank = np.argsort(np.argsort([word or "\N{LATIN SMALL LETTER Z WITH CARON}" for word in words]))
    pair, count = np.unique(whose * len(words) + code, return_counts=True)
    owner, word = np.divmod(pair, len(words))
    named = word < len(words) - 1
    order = np.lexsort((rank[word], -count, ~named, owner))
    best = order[np.flatnonzero(np.r_[True, np.diff(owner[order]) != 0])]
    own = word[best]
    mine = (code == own[whose]) | (code == len(words) - 1)
    return np.array(words, object)[own], mine


def _nothing() -> tuple[Ints, Ints, Ints, Floats]:
    none = np.empty(0, np.int64)
    return none, none, none, np.empty(0)


def _returned(
    timeline: Timeline, people: Ints, currency: NDArray[Any], until: int
) -> tuple[Ints, Ints, Ints, Floats]:
    """Money that went back to people who ordered, in their currency."""
    table = timeline.engine.table(_SQL, "histories", "returned", until=until)
    customer, day, ends = (_whole(table, name) for name in ("c", "day", "ends"))
    if not len(customer) or not len(people):
        return _nothing()
    place = np.minimum(np.searchsorted(people, customer), len(people) - 1)
    word = np.array(table["currency"].to_pylist(), object)
    kept = (people[place] == customer) & ((word == currency[place]) | (word == None))  # noqa: E711 - elementwise
    amount = table["amount"].to_numpy().astype(np.float64)
    return customer[kept], day[kept], ends[kept], amount[kept]


def _ids(timeline: Timeline, people: Ints) -> pa.Array:
    """The customers' ids as the files have them."""
    if timeline.customer_type != "VARCHAR":
        return pa.array(people)
    names = timeline.engine.table("tenure.lifecycle", "orders", "names")["customer_id"].combine_chunks()
    return names.take(pa.array(people - 1))
