"""What a foreign event is with us, read off the data file of its dialect: names to kinds, and where things stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tenure.events import KINDS

__all__ = ["OTHER", "Dialect", "Lines", "Meaning", "Spot", "Sum", "dialect_of", "found_at", "meaning_of"]

OTHER: Final = "event.other"
"""The kind of what no rule knows."""
Spot = tuple[str, ...]
"""Where a value stands: keys from the outside in; digits also count the places of a list."""
Sum = tuple[tuple[int, Spot], ...]
"""Values that are added (1) or taken off (-1); the first must be there, the others may be."""
_LINES: Final = "*lines"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an order: a list of objects. where: only those that have these values."""

    at: Spot
    price: Spot
    quantity: Spot | None = None
    category: Spot | None = None
    where: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event is, and where what we keep of it stands. Of several spots the first that says something counts.

    spots: by field of `Said`. fixed: fields that say the same for all. keyed: its order is its key. amounts: an empty
    sum stands for the sum of its lines. minor: amounts are whole minor units already, by `exponents` where those are
    not ISO's. when: values it must have, else it is kept as OTHER. switch: a value that decides the kind.
    """

    kind: str
    spots: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Spot] = field(default_factory=dict)
    keyed: bool = False
    updates: bool = False
    amounts: tuple[Sum, ...] = ()
    discounts: tuple[Sum, ...] = ()
    lines: Lines | None = None
    minor: bool = False
    exponents: Mapping[str, int] = field(default_factory=dict)
    when: tuple[tuple[Spot, Any], ...] = ()
    switch: Spot | None = None
    cases: Mapping[str, str] = field(default_factory=dict)
    reads: bool = False
    """Whether anything of it is looked up at all."""
    money: bool = False
    """Whether its numbers must be read exactly."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A data file. events: meaning by the sender's name, lower case. kinds: meaning of whatever is of a kind."""

    events: Mapping[str, Meaning]
    kinds: Mapping[str, Meaning]
    other: Meaning
    body: Mapping[str, tuple[Spot, ...]]
    """Where the name of an event, its id and what is kept of it stand in any body of the dialect."""
    own_words: bool = False
    """Whether the word of a kind of ours means it."""


@lru_cache
def dialect_of(name: str) -> Dialect:
    """The dialect's data file. ValueError where it speaks of a kind or a key that does not exist."""
    table = _file(name)
    if "like" in table:
        # what another dialect says, and over it what this one does
        base = _file(table["like"])
        both = {part: {**base.get(part, {}), **table.get(part, {})} for part in ("events", "kinds")}
        table = {**base, **table, **both}
    about, every = table.get("kinds", {}), table.get("every", {})
    if not about.keys() <= KINDS.keys():
        raise ValueError(f"no kinds of events: {', '.join(about.keys() - KINDS.keys())}")
    kinds = {kind: _meaning(kind, every, about.get(kind, {})) for kind in KINDS}
    events = {}
    for word, said in table.get("events", {}).items():
        own = dict(said) if isinstance(said, dict) else {"kind": said}
        kind = own.pop("kind", OTHER)
        events[word] = _meaning(kind, every, about.get(kind, {}), own)
    body = {key: _spots(value) for key, value in table.get("body", {}).items()}
    return Dialect(events, kinds, kinds[OTHER], body, table.get("own_words", False))


def _file(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).with_name("data") / f"{name}.toml").read_text(encoding="utf-8"))


def meaning_of(dialect: Dialect, name: str, kinds: Mapping[str, str]) -> Meaning:
    """What the event of this name is. kinds: the source's own rules, which come first (`Rules.kinds`)."""
    word = name.strip().lower()
    if kinds:
        kind = kinds.get(word)
        if kind is not None:
            known = dialect.events.get(word)
            # a name that means the same here as there keeps what the file says of it
            return known if known is not None and known.kind == kind else dialect.kinds.get(kind, dialect.other)
    found = dialect.events.get(word)
    if found is None and dialect.own_words:
        found = dialect.kinds.get(word)
    return dialect.other if found is None else found


def found_at(root: Any, spots: Iterable[Spot]) -> Any:
    """The first value that is neither null nor blank; None where there is none."""
    for spot in spots:
        value = root
        for key in spot:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and key.isdigit() and len(key) < 4 and int(key) < len(value):
                value = value[int(key)]
            else:
                value = None
                break
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return value
    return None


def _meaning(kind: str, *tables: Mapping[str, Any]) -> Meaning:
    """A meaning of the tables one over the other."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is no kind of event")
    found = Meaning(kind)
    for table in tables:
        for key, value in table.items():
            found = _with(found, key, value)
    reads = bool(found.spots or found.fixed or found.traits or found.amounts or found.when or found.switch)
    return replace(found, reads=reads or found.updates, money=bool(found.amounts or found.discounts or found.lines))


_FIELDS: Final = {
    "order_key", "user", "anonymous", "previous", "email", "phone", "account", "category", "region", "channel",
    "reason", "at", "currency", "name",
}  # fmt: skip


def _with(found: Meaning, key: str, value: Any) -> Meaning:
    """The meaning with one more line of the file."""
    match key:
        case "is":
            return replace(found, fixed={**found.fixed, **value})
        case "keyed" | "updates" | "minor" | "exponents":
            return replace(found, **{key: value})
        case "amounts" | "discounts":
            return replace(found, **{key: tuple(_sum(text) for text in value)})
        case "traits":
            return replace(found, traits={name: _spot(text) for name, text in value.items()})
        case "lines":
            return replace(found, lines=_lines(value))
        case "when":
            return replace(found, when=tuple((_spot(spot), wanted) for spot, wanted in value.items()))
        case "switch":
            return replace(found, switch=_spot(value["at"]), cases=value["to"])
        case _ if key in _FIELDS:
            return replace(found, spots={**found.spots, key: _spots(value)})
        case _:
            raise ValueError(f"{key} is no key of a dialect's file")


def _lines(table: Mapping[str, Any]) -> Lines:
    parts = {key: _spot(table[key]) for key in ("at", "price", "quantity", "category") if key in table}
    return Lines(**parts, where=tuple(table.get("where", {}).items()))


def _spots(value: str | list[str]) -> tuple[Spot, ...]:
    return tuple(_spot(text) for text in ([value] if isinstance(value, str) else value))


def _spot(text: str) -> Spot:
    return tuple(text.split("."))


def _sum(text: str) -> Sum:
    """`a.b + c - d` as signed spots; no spots for the sum of the lines."""
    if text == _LINES:
        return ()
    terms, sign = [], 1
    for word in text.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            terms.append((sign, _spot(word)))
    return tuple(terms)
