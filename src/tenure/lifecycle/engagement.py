"""How far on a prospect is, by what they did lately: awareness, consideration or decision.

The rules are data (docs/reference/engagement.md). Everybody who is known is at least aware; further on is only who did
enough of something for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tenure.errors import BadPolicy
from tenure.events import KINDS
from tenure.periods import DAY_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEFAULT", "PLACES", "Engaged", "Rule", "Rules", "dumps", "engaged", "loads"]

PLACES: Final = ("awareness", "consideration", "decision")
"""The stages within prospect by their places, each further on than the one before."""
_MOST: Final = 1_000
_LONGEST: Final = 3_650
_LABEL: Final = 60
_NEVER: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Rule:
    """What it takes to be there: at least so many events of these kinds within so many days before the instant.

    label: how pages call the stage; empty: by its own name in the reader's language. BadPolicy for what cannot be.
    """

    kinds: tuple[str, ...]
    at_least: int = 1
    within_days: int = 90
    label: str = ""

    def __post_init__(self) -> None:
        kinds: Any = self.kinds
        label: Any = self.label
        if not isinstance(kinds, list | tuple) or not kinds or not all(isinstance(one, str) for one in kinds):
            raise BadPolicy("kinds: must be a list of kinds of events, at least one")
        if unknown := sorted(set(kinds) - set(KINDS)):
            raise BadPolicy(f"kinds: {unknown[0]!r} is no kind of event; docs/reference/events.md lists them")
        object.__setattr__(self, "kinds", tuple(dict.fromkeys(kinds)))
        for name, most in (("at_least", _MOST), ("within_days", _LONGEST)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise BadPolicy(f"{name} = {value!r}: must be a whole number from 1 to {most:,}")
        if not isinstance(label, str) or len(label) > _LABEL or not label.isprintable():
            raise BadPolicy(f"label: must be text of at most {_LABEL} characters on one line")
        object.__setattr__(self, "label", label.strip())


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts for which stage. A kind counts for its own stage and for those before it.

    awareness needs nothing: its kinds and days say what is told as seen. BadPolicy where it asks for more than one.
    """

    awareness: Rule = field(default_factory=lambda: Rule((
        "page.viewed", "screen.viewed", "promotion.viewed", "promotion.clicked", "message.clicked", "link.opened",
        "app.installed", "app.opened", "customer.signed_in",
    )))  # fmt: skip
    consideration: Rule = field(default_factory=lambda: Rule((
        "product.viewed", "products.searched", "products.listed", "product.shared", "product.reviewed",
        "wishlist.updated", "message.received",
    ), at_least=2, within_days=30))  # fmt: skip
    decision: Rule = field(default_factory=lambda: Rule((
        "cart.updated", "cart.viewed", "cart.shared", "checkout.started", "checkout.continued", "coupon.entered",
        "coupon.applied", "trial.started",
    ), within_days=14))  # fmt: skip

    def __post_init__(self) -> None:
        if self.awareness.at_least != 1:
            raise BadPolicy("[awareness] at_least: is always 1, for everybody who is known is at least aware")

    def at(self, place: int) -> Rule:
        """The rule of a place in PLACES."""
        rule: Rule = getattr(self, PLACES[place])
        return rule

    def counting(self, place: int) -> frozenset[str]:
        """The kinds that count for a place: its own and those of the places after it."""
        return frozenset().union(*(self.at(other).kinds for other in range(place, len(PLACES))))


DEFAULT: Final = Rules()


def loads(text: str) -> Rules:
    """The rules of a TOML text; what it does not say is as in DEFAULT. BadPolicy names what is wrong."""
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise BadPolicy(f"not TOML: {wrong}") from None
    if unknown := sorted(set(said) - set(PLACES)):
        raise BadPolicy(f"{unknown[0]!r}: no such table; known are {', '.join(f'[{one}]' for one in PLACES)}")
    return Rules(**{name: _rule(name, said.get(name, {})) for name in PLACES})


def _rule(name: str, said: Any) -> Rule:
    usual: Rule = getattr(DEFAULT, name)
    keys = [one.name for one in fields(Rule)]
    if not isinstance(said, Mapping):
        raise BadPolicy(f"{name}: must be a table, written [{name}]")
    if unknown := sorted(set(said) - set(keys)):
        raise BadPolicy(f"[{name}] {unknown[0]!r}: no such key; known are {', '.join(keys)}")
    try:
        return Rule(**{key: said.get(key, getattr(usual, key)) for key in keys})
    except BadPolicy as wrong:
        raise BadPolicy(f"[{name}] {wrong}") from None


def dumps(rules: Rules) -> str:
    """The rules as TOML that `loads` reads back to equal ones, every key written."""
    lines = []
    for place, name in enumerate(PLACES):
        rule = rules.at(place)
        label = rule.label.replace("\\", "\\\\").replace('"', '\\"')
        lines += [f"[{name}]", f'label = "{label}"']
        lines += [] if place == 0 else [f"at_least = {rule.at_least}"]
        kinds = "".join(f'    "{kind}",\n' for kind in rule.kinds)
        lines += [f"within_days = {rule.within_days}", f"kinds = [\n{kinds}]", ""]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Engaged:
    """How far on some prospects are; row i of each column speaks of one of them.

    person: as handed in; place: in PLACES; since_at: when they came to stand there (us UTC); n: how many events speak
    for it. `evidence` gives which.
    """

    person: NDArray[np.int64]
    place: NDArray[np.int8]
    since_at: NDArray[np.int64]
    n: NDArray[np.int64]
    _events: NDArray[np.int64]
    _begins: NDArray[np.int64]

    def evidence(self, i: int) -> NDArray[np.int64]:
        """The places, in the columns that were handed in, of the events that speak for row i, by time; none of who is
        known and of whom nothing was seen."""
        return self._events[self._begins[i] : self._begins[i + 1]]


def engaged(
    person: Sequence[int] | NDArray[np.int64],
    known_at: Sequence[int] | NDArray[np.int64],
    *,
    c: Sequence[int] | NDArray[np.int64],
    kind: Sequence[str],
    at: Sequence[int] | NDArray[np.int64],
    as_of: int,
    rules: Rules = DEFAULT,
) -> Engaged:
    """How far on prospects are as of an instant (exclusive, us UTC), by what they did before it.

    person, known_at: each prospect once, and since when they are known; who is known only later is left out. c, kind,
    at: the columns of events, in any order; events of others are passed over. An event at `e` counts in [e, e + days).
    """
    numbers, known = np.asarray(person, np.int64), np.asarray(known_at, np.int64)
    there = np.flatnonzero(known < as_of)
    order = there[np.argsort(numbers[there], kind="stable")]
    numbers, known = numbers[order], known[order]
    row, when, bits, number = _laid(numbers, c, kind, at, as_of, rules)
    place = np.zeros(len(numbers), np.int8)
    since, left = known.copy(), np.full(len(numbers), _NEVER, np.int64)
    for further in range(len(PLACES) - 1, 0, -1):
        mine = (bits >> further & 1).astype(bool)
        began, ended = _held(row[mine], when[mine], len(numbers), rules.at(further))
        now = (place == 0) & (ended >= as_of)
        place[now], since[now] = further, np.maximum(began, left)[now]
        # whoever was further on once stands where they are at the earliest since that ended
        left = np.where(place == 0, np.maximum(left, ended), left)
    since = np.where(place == 0, np.maximum(known, left), since)
    seen = _seen(row, when, bits, place, as_of, rules)
    n = np.bincount(row[seen], minlength=len(numbers)).astype(np.int64)
    begins = np.concatenate(([0], np.cumsum(n)))
    back = np.argsort(order, kind="stable")
    # the rows stand as they were handed in, and so does what speaks for each
    events = number[seen]
    spans = [events[begins[i] : begins[i + 1]] for i in back]
    flat = np.concatenate(spans) if spans else np.empty(0, np.int64)
    return Engaged(
        numbers[back], place[back], since[back], n[back], flat, np.concatenate(([0], np.cumsum(n[back])))
    )


def _laid(
    numbers: NDArray[np.int64], c: Any, kind: Sequence[str], at: Any, as_of: int, rules: Rules
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """Of the events that count for anything: their person's row, instant, for which places they count as bits, and
    their own place; by row and time."""
    meant = {
        one: sum(1 << place for place in range(len(PLACES)) if one in rules.counting(place))
        for one in rules.counting(0)
    }
    whose, when = np.asarray(c, np.int64), np.asarray(at, np.int64)
    bits = np.fromiter((meant.get(one, 0) for one in kind), np.int8, len(kind))
    row = np.searchsorted(numbers, whose)
    if len(numbers):
        theirs = numbers[np.minimum(row, len(numbers) - 1)] == whose
    else:
        theirs = np.zeros(len(whose), bool)
    kept = np.flatnonzero(theirs & (bits > 0) & (when < as_of))
    kept = kept[np.lexsort((when[kept], row[kept]))]
    return row[kept], when[kept], bits[kept], kept


def _held(
    row: NDArray[np.int64], when: NDArray[np.int64], people: int, rule: Rule
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each person the last stretch [began, ended) in which the rule held, _NEVER for nobody's."""
    began, ended = np.full(people, _NEVER, np.int64), np.full(people, _NEVER, np.int64)
    first = np.arange(len(row)) - (rule.at_least - 1)
    last = np.flatnonzero((first >= 0) & (row[np.maximum(first, 0)] == row)) if len(row) else np.empty(0, np.int64)
    # enough of them within the days: from the last of them until the first of them is too old
    start, end = when[last], when[first[last]] + rule.within_days * DAY_US
    kept = start < end
    start, end, whose = start[kept], end[kept], row[last][kept]
    if not len(whose):
        return began, ended
    apart = np.ones(len(whose), bool)
    apart[1:] = (whose[1:] != whose[:-1]) | (start[1:] > end[:-1])
    stretch = np.cumsum(apart) - 1
    # of somebody's rows the last is written last
    began[whose], ended[whose] = start[apart][stretch], end
    return began, ended


def _seen(
    row: NDArray[np.int64], when: NDArray[np.int64], bits: NDArray[np.int8], place: NDArray[np.int8], as_of: int,
    rules: Rules,
) -> NDArray[np.int64]:  # fmt: skip
    """Which events speak for where their person stands."""
    oldest = np.asarray([as_of - rules.at(one).within_days * DAY_US for one in range(len(PLACES))], np.int64)
    mine = place[row].astype(np.int64)
    return np.flatnonzero((bits >> mine & 1).astype(bool) & (when >= oldest[mine]))
