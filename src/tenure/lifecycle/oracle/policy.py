"""The policy file as the oracle reads it: TOML in, plain values out, defaults written out a second time."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from tenure.errors import BadPolicy
from tenure.events import KINDS

__all__ = ["Policy", "Rule", "Scope", "Season", "most_specific", "read"]

HEMISPHERES = ("north", "south")


@dataclass(frozen=True)
class Rule:
    """How silence is judged after an occasion."""

    kind: str = "rhythm"
    odds: tuple[float, ...] = (1.0, 0.4, 0.15)
    first_floor: float = 0.5
    first_floors: tuple[float, ...] = (1.0, 1.5, 2.0)
    floors: tuple[float, ...] = (0.9, 0.95, 0.99)
    caps: tuple[float, ...] = (0.95, 0.99, 0.999)
    quantiles: tuple[float, ...] = (0.9, 0.95, 0.99)
    days: tuple[float, ...] = (90.0, 180.0, 365.0)


@dataclass(frozen=True)
class Scope:
    """A rule of its own for a category, a region or both."""

    category: str | None
    region: str | None
    rule: Rule


@dataclass(frozen=True)
class Season:
    """A declared season; `months` 1..12 and the twelve `weights` are meant in `hemisphere`."""

    category: str | None
    region: str | None
    months: tuple[int, ...]
    weights: tuple[float, ...]
    hemisphere: str
    lead_days: int


@dataclass(frozen=True)
class Policy:
    """Everything the policy says; an empty text gives the default."""

    active_from: int
    loyal_from: int
    restart: bool
    activity: frozenset[str]
    rule: Rule
    scopes: tuple[Scope, ...]
    seasons: tuple[Season, ...]
    hemispheres: Mapping[str, str]
    learn: bool
    lead_days: int


Entry = TypeVar("Entry", Scope, Season)


def read(text: str) -> Policy:
    """The policy a TOML text states. Raises BadPolicy for what is no TOML or has unknown keys."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicy(f"the policy is not valid TOML: {error}") from error
    _only(table, ("stages", "rhythm", "scope", "seasons", "season", "regions"), "the policy")
    stages = table.get("stages", {})
    _only(stages, ("active_from", "loyal_from", "restart_after", "activity"), "[stages]")
    seasons = table.get("seasons", {})
    _only(seasons, ("learn", "lead_days"), "[seasons]")
    rule = _rule(table.get("rhythm", {}), Rule(), "[rhythm]")
    lead_days = seasons.get("lead_days", 14)
    return Policy(
        active_from=stages.get("active_from", 2),
        loyal_from=stages.get("loyal_from", 3),
        restart=_one_of(stages.get("restart_after", "never"), ("never", "inactive"), "restart_after") == "inactive",
        activity=_kinds(stages.get("activity", ["order.placed"])),
        rule=rule,
        scopes=tuple(_scope(entry, rule) for entry in table.get("scope", [])),
        seasons=tuple(_season(entry, lead_days) for entry in table.get("season", [])),
        hemispheres={name: _one_of(where, HEMISPHERES, name) for name, where in table.get("regions", {}).items()},
        learn=seasons.get("learn", True),
        lead_days=lead_days,
    )


def most_specific(entries: Iterable[Entry], category: str | None, region: str | None) -> Entry | None:
    """The entry that fits a customer of this category and region: both before category before region before neither."""
    fitting = [one for one in entries if one.category in (None, category) and one.region in (None, region)]
    return max(fitting, key=lambda entry: (entry.category is not None, entry.region is not None), default=None)


def _rule(entry: Mapping[str, Any], base: Rule, where: str) -> Rule:
    _only(entry, tuple(field.name for field in fields(Rule)), where)
    values: dict[str, Any] = {
        key: tuple(map(float, value)) if isinstance(value, list) else value for key, value in entry.items()
    }
    rule = replace(base, **values)
    _one_of(rule.kind, ("rhythm", "quantile", "chance", "window"), f"{where} kind")
    return rule


def _scope(entry: Mapping[str, Any], base: Rule) -> Scope:
    levels = {key: value for key, value in entry.items() if key not in ("category", "region")}
    return Scope(entry.get("category"), entry.get("region"), _rule(levels, base, "[[scope]]"))


def _season(entry: Mapping[str, Any], lead_days: int) -> Season:
    _only(entry, ("category", "region", "months", "weights", "hemisphere", "lead_days"), "[[season]]")
    if not entry.get("months") and not entry.get("weights"):
        raise BadPolicy("[[season]] needs months or weights")
    return Season(
        category=entry.get("category"),
        region=entry.get("region"),
        months=tuple(entry.get("months", ())),
        weights=tuple(map(float, entry.get("weights", ()))),
        hemisphere=_one_of(entry.get("hemisphere", "north"), HEMISPHERES, "hemisphere"),
        lead_days=entry.get("lead_days", lead_days),
    )


def _kinds(names: list[str]) -> frozenset[str]:
    for name in names:
        _one_of(name, tuple(KINDS), "activity")
    return frozenset(names)


def _only(entry: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in entry:
        _one_of(key, known, where)


def _one_of(value: str, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed:
        raise BadPolicy(f"{where}: {value!r} is not one of {', '.join(allowed)}")
    return value
