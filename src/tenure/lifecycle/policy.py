"""The policy: what counts as new, overdue and in season, as values. One TOML file; the default needs none.

Every key, with what is allowed and what is refused: docs/reference/policy.md.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any, Final

from tenure.errors import BadPolicy
from tenure.events import ORDER_PLACED
from tenure.lifecycle.policy_keys import (
    HEMISPHERE,
    PLACE,
    REGIONS,
    REPEATED,
    RULE,
    RULE_KINDS,
    SEASON,
    SEASONS,
    STAGES,
    TABLES,
    Levels,
    clean_fields,
    cleaned,
    shown,
)

__all__ = ["ASKING", "DEFAULT", "RULE_KINDS", "Policy", "Rule", "Scope", "Season", "dumps", "load"]

ASKING: Final = ("rhythm", "chance")
"""The kinds of rule that ask for the chance to buy, and so for a purchase model."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a silence is short, long and for good: docs/reference/rules.md section 7. Triples go in that order."""

    kind: str = "rhythm"
    model: str = "mbg_nbd"
    odds: Levels = (1.0, 0.4, 0.15)
    first_floor: float = 0.5
    first_floors: Levels = (1.0, 1.5, 2.0)
    floors: Levels = (0.9, 0.95, 0.99)
    caps: Levels = (0.95, 0.99, 0.999)
    quantiles: Levels = (0.9, 0.95, 0.99)
    days: Levels = (90.0, 180.0, 365.0)

    def __post_init__(self) -> None:
        clean_fields(self, RULE)
        if any(cap < floor for cap, floor in zip(self.caps, self.floors, strict=True)):
            found, floors = shown(self.caps), shown(self.floors)
            raise BadPolicy(f"caps = {found}: must be three quantiles, none below its floor (floors = {floors})")


@dataclass(frozen=True, slots=True)
class Scope:
    """Customers of a category, a region or both, with a rule of their own."""

    category: str | None = None
    region: str | None = None
    rule: Rule = field(default_factory=Rule)

    def __post_init__(self) -> None:
        clean_fields(self, PLACE)
        if self.category is None and self.region is None:
            raise BadPolicy("category, region = nothing: must name at least one; the rule for everybody is [rhythm]")


@dataclass(frozen=True, slots=True)
class Season:
    """When a category, a region, both or (neither named) the whole shop sells; months as meant in `hemisphere`."""

    category: str | None = None
    region: str | None = None
    months: tuple[int, ...] = ()
    weights: tuple[float, ...] | None = None
    hemisphere: str = "north"
    lead_days: int = 14

    def __post_init__(self) -> None:
        clean_fields(self, SEASON)
        if not self.months and self.weights is None:
            raise BadPolicy("months, weights = nothing: must have months, twelve weights or both")


@dataclass(frozen=True, slots=True)
class Policy:
    """All a stage depends on besides the events; making one checks it (BadPolicy) and brings it into one spelling."""

    active_from: int = 2
    loyal_from: int = 3
    restart_after: str = "never"
    activity: tuple[str, ...] = (ORDER_PLACED,)
    rule: Rule = field(default_factory=Rule)
    scopes: tuple[Scope, ...] = ()
    seasons: tuple[Season, ...] = ()
    regions: tuple[tuple[str, str], ...] = ()
    learn: bool = True
    lead_days: int = 14

    def __post_init__(self) -> None:
        clean_fields(self, {**STAGES, **SEASONS, "regions": REGIONS})
        object.__setattr__(self, "scopes", tuple(self.scopes))
        object.__setattr__(self, "seasons", tuple(self.seasons))
        if self.loyal_from <= self.active_from:
            raise BadPolicy(f"loyal_from = {self.loyal_from}: must be above active_from ({self.active_from})")
        _each_once("[[scope]]", self.scopes)
        _each_once("[[season]]", self.seasons)

    @property
    def hash(self) -> str:
        """The first 12 hex digits of the SHA-256 of all values: the same for the same rule, however it is written."""
        canonical = asdict(self) | {"activity": sorted(self.activity), "regions": sorted(self.regions)}
        for key in ("scopes", "seasons"):
            canonical[key] = sorted(canonical[key], key=lambda one: (one["category"] or "", one["region"] or ""))
        for season in canonical["seasons"]:
            season["months"] = sorted(season["months"])
        for rule in (canonical["rule"], *(scope["rule"] for scope in canonical["scopes"])):
            if rule["model"] == Rule().model:  # policies from before there was a choice keep their hash
                del rule["model"]
        text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]

    @property
    def models(self) -> tuple[str, ...]:
        """The purchase models that its rules ask for besides the usual one."""
        rules = (self.rule, *(scope.rule for scope in self.scopes))
        return tuple(sorted({rule.model for rule in rules if rule.kind in ASKING} - {Rule().model}))

    def rule_at(self, index: int) -> Rule:
        """The rule that `scope_for` means: 0 the default's, i that of `scopes[i - 1]`."""
        return self.rule if index == 0 else self.scopes[index - 1].rule

    def scope_for(self, category: str | None, region: str | None) -> int:
        """Which rule holds for a customer's group: 0 the default, i `scopes[i - 1]`; the most specific wins."""
        return _most_specific(self.scopes, category, region)

    def season_for(self, category: str | None, region: str | None) -> tuple[Season | None, bool]:
        """The declared season of a customer's group (None: none), and whether it is shifted by six months.

        It is shifted for customers of a region that `regions` puts into the other hemisphere, unless the entry names
        the region; regions that are not listed are taken as the entry means it.
        """
        index = _most_specific(self.seasons, category, region)
        if index == 0:
            return None, False
        season = self.seasons[index - 1]
        home = dict(self.regions).get(region or "", season.hemisphere)
        return season, season.region is None and home != season.hemisphere


def _most_specific(entries: Iterable[Scope | Season], category: str | None, region: str | None) -> int:
    """1 + the index of the entry that fits best (both > category > region > neither), 0 if none does."""
    found, best = 0, -1
    for index, entry in enumerate(entries, start=1):
        weight = 2 * (entry.category is not None) + (entry.region is not None)
        if entry.category in (None, category) and entry.region in (None, region) and weight > best:
            found, best = index, weight
    return found


def _whom(entry: Scope | Season) -> str:
    parts = [f"{key} = {shown(name)}" for key in PLACE if (name := getattr(entry, key)) is not None]
    return ", ".join(parts) or "the whole shop"


def _each_once(table: str, entries: Iterable[Scope | Season]) -> None:
    seen: set[tuple[str | None, str | None]] = set()
    for number, entry in enumerate(entries, start=1):
        if (entry.category, entry.region) in seen:
            raise BadPolicy(f"{table} {number} {_whom(entry)}: must be named once, found twice")
        seen.add((entry.category, entry.region))


DEFAULT: Final = Policy()


def load(path: str | os.PathLike[str]) -> Policy:
    """The policy of a TOML file. BadPolicy: one line naming file, key, what was found and what is allowed."""
    try:
        return _policy(_document(path))
    except BadPolicy as wrong:
        raise BadPolicy(f"{os.fspath(path)}: {wrong}") from None


def _document(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.loads(file.read().decode("utf-8-sig"))
    except FileNotFoundError:
        raise BadPolicy("no such file; the default policy needs none") from None
    except OSError as wrong:
        raise BadPolicy(f"cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError as wrong:
        raise BadPolicy(f"byte {wrong.start + 1} is not UTF-8: must be a text file saved as UTF-8") from None
    except tomllib.TOMLDecodeError as wrong:
        raise BadPolicy(f"not TOML: {wrong}") from None
    except (ValueError, RecursionError):
        raise BadPolicy("a number in it is too long, or its brackets are nested too deeply, to be a policy") from None


@contextmanager
def _naming(place: str) -> Iterator[None]:
    try:
        yield
    except BadPolicy as wrong:
        raise BadPolicy(f"{place} {wrong}") from None


def _policy(document: dict[str, Any]) -> Policy:
    _known(document, TABLES, "table")
    for name, value in document.items():
        if not isinstance(value, list if name in REPEATED else dict):
            raise BadPolicy(f"{name} = {shown(value)}: must be a table, written {_header(name)}")
    regions = document.get("regions", {})
    with _naming("[regions]"):
        regions = cleaned(regions, dict.fromkeys(regions, HEMISPHERE))
    with _naming("[seasons]"):
        common = _checked(document.get("seasons", {}), "seasons")
    with _naming("[rhythm]"):
        rule = Rule(**_checked(document.get("rhythm", {}), "rhythm"))
    with _naming("[stages]"):
        stages = Policy(**_checked(document.get("stages", {}), "stages"))
    scopes = tuple(_scope(number, found, rule) for number, found in enumerate(document.get("scope", ()), start=1))
    seasons = tuple(_season(number, found, common) for number, found in enumerate(document.get("season", ()), start=1))
    return replace(stages, **common, rule=rule, scopes=scopes, seasons=seasons, regions=tuple(regions.items()))


def _scope(number: int, found: Any, rule: Rule) -> Scope:
    with _naming(f"[[scope]] {number}"):
        levels = _checked(found, "scope")
        place = {key: levels.pop(key) for key in PLACE if key in levels}
        return Scope(**place, rule=replace(rule, **levels))


def _season(number: int, found: Any, common: dict[str, Any]) -> Season:
    with _naming(f"[[season]] {number}"):
        lead = {key: value for key, value in common.items() if key == "lead_days"}
        return Season(**(lead | _checked(found, "season")))


def _checked(found: Any, table: str) -> dict[str, Any]:
    """The values of one table in their one spelling."""
    if not isinstance(found, dict):
        raise BadPolicy(f"= {shown(found)}: must be a table, written {_header(table)}")
    _known(found, TABLES[table], "key")
    return cleaned(found, TABLES[table])


def _header(table: str) -> str:
    return f"[[{table}]]" if table in REPEATED else f"[{table}]"


def _known(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """Refuse a name that is not known, with the nearest that is, or else the table it belongs to."""
    known = tuple(known)
    for name in names:
        homes = [_header(table) for table, keys in TABLES.items() if name in keys]
        if name in known:
            continue
        if near := get_close_matches(name, known, n=1):
            hint = f"the nearest known is {near[0]}"
        elif homes:
            hint = f"it belongs in {' or '.join(homes)}"
        else:
            hint = f"known are {', '.join(known)}"
        raise BadPolicy(f"{shown(name)}: no such {what}; {hint}")


def dumps(policy: Policy) -> str:
    """The policy as TOML that `load` reads back to an equal one: a header and what differs from the default."""
    lines = [
        f"# Tenure policy {policy.hash}.",
        "# What is not written here is as in the default; docs/reference/policy.md lists every key.",
    ]
    lines += _written("[stages]", _differing(policy, _values(DEFAULT, STAGES)))
    lines += _written("[rhythm]", _differing(policy.rule, _values(DEFAULT.rule, RULE)))
    for scope in policy.scopes:
        place, levels = _differing(scope, dict.fromkeys(PLACE)), _differing(scope.rule, _values(policy.rule, RULE))
        lines += _written("[[scope]]", place | levels)
    lines += _written("[seasons]", _differing(policy, _values(DEFAULT, SEASONS)))
    unsaid = {one.name: one.default for one in fields(Season)} | {"lead_days": policy.lead_days}
    for season in policy.seasons:
        lines += _written("[[season]]", _differing(season, unsaid))
    lines += _written("[regions]", dict(policy.regions))
    return "\n".join(lines) + "\n"


def _values(value: Any, keys: Iterable[str]) -> dict[str, Any]:
    return {key: getattr(value, key) for key in keys}


def _differing(value: Any, base: Mapping[str, Any]) -> dict[str, Any]:
    return {key: found for key, found in _values(value, base).items() if found != base[key]}


def _written(header: str, values: Mapping[str, Any]) -> list[str]:
    if not values:
        return []
    return ["", header, *(f"{_toml_key(key)} = {_toml(value)}" for key, value in values.items())]


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)
        case str():
            return '"' + "".join(_toml_char(char) for char in value) + '"'
        case _:
            return f"[{', '.join(_toml(one) for one in value)}]"


def _toml_char(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"
