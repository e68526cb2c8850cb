"""What each key of a policy may hold, and how a value that it may not hold is refused."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, NamedTuple

from tenure.errors import BadPolicy
from tenure.events import KINDS, ORDER_PLACED
from tenure.purchase.models import PURCHASE_MODELS

__all__ = [
    "HEMISPHERE", "PLACE", "REGIONS", "REPEATED", "RULE", "RULE_KINDS", "SEASON", "SEASONS", "STAGES", "TABLES",
    "Allowed", "Levels", "clean_fields", "cleaned", "shown",
]

RULE_KINDS: Final = ("rhythm", "quantile", "chance", "window")
_RESTARTS: Final = ("never", "inactive")

Levels = tuple[float, float, float]


class Allowed(NamedTuple):
    """What a key may hold: `says` completes "must be ...", `clean` returns a value in its one spelling or raises."""

    says: str
    clean: Callable[[Any], Any]


def _fits(holds: bool) -> None:
    if not holds:
        raise ValueError


def _number(value: Any) -> float:
    _fits(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))
    return float(value) + 0.0  # -0.0 and 0.0 must be one policy


def _sequence(value: Any) -> tuple[Any, ...]:
    _fits(isinstance(value, list | tuple))
    return tuple(value)


def _name(value: Any) -> str:
    _fits(isinstance(value, str) and value.strip() != "")
    value.encode()  # lone surrogates can be in no file
    return str(value)


def _truth(value: Any) -> bool:
    _fits(isinstance(value, bool))
    return bool(value)


def _one_of(words: Iterable[str]) -> Allowed:
    def clean(value: Any) -> str:
        _fits(isinstance(value, str) and value in words)
        return str(value)

    return Allowed(f"one of {', '.join(words)}", clean)


def _whole(low: int, high: int) -> Allowed:
    def clean(value: Any) -> int:
        _fits(isinstance(value, int) and not isinstance(value, bool) and low <= value <= high)
        return int(value)

    return Allowed(f"a whole number from {low} to {high}", clean)


def _three(says: str, holds: Callable[[float], bool], falling: bool = False) -> Allowed:
    def clean(value: Any) -> Levels:
        first, second, third = (_number(one) for one in _sequence(value))
        _fits(holds(first) and holds(second) and holds(third))
        _fits(first >= second >= third if falling else first <= second <= third)
        return first, second, third

    return Allowed(says, clean)


def _odds(value: Any) -> Levels:
    first, second, third = (_number(one) for one in _sequence(value))
    _fits(5.0 >= first >= second >= third > 0.0 and second <= 1.0)
    return first, second, third


def _share(value: Any) -> float:
    _fits(0.0 < (number := _number(value)) < 1.0)
    return number


def _names_or_none(value: Any) -> str | None:
    return None if value is None else _name(value)


def _activity(value: Any) -> tuple[str, ...]:
    kinds = _sequence(value)
    _fits(all(isinstance(kind, str) and kind in KINDS for kind in kinds))
    _fits(ORDER_PLACED in kinds and len(set(kinds)) == len(kinds))
    return kinds


def _months(value: Any) -> tuple[int, ...]:
    months = tuple(_whole(1, 12).clean(month) for month in _sequence(value))
    _fits(len(set(months)) == len(months))
    return months


def _weights(value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    weights = tuple(_number(one) for one in _sequence(value))
    _fits(len(weights) == 12 and min(weights) >= 0.0 and 0.001 <= max(weights) <= 1000.0)
    return weights


def _region_pairs(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = tuple((_name(name), HEMISPHERE.clean(hemisphere)) for name, hemisphere in value)
    _fits(len(dict(pairs)) == len(pairs))
    return pairs


_QUANTILES: Final = "three quantiles above 0 and below 1 that do not fall"
HEMISPHERE: Final = _one_of(("north", "south"))
_LEAD: Final = _whole(0, 180)
_NAME: Final = Allowed("a text that is not empty", _names_or_none)
_ODDS: Final = Allowed("three numbers above 0 that do not rise, the first at most 5, the others at most 1", _odds)
RULE: Final = {
    "kind": _one_of(RULE_KINDS),
    "model": _one_of(tuple(PURCHASE_MODELS)),
    "odds": _ODDS,
    "first_floor": Allowed("a quantile above 0 and below 1", _share),
    "first_floors": _three("three numbers above 0, at most 100, that do not fall", lambda one: 0.0 < one <= 100.0),
    "floors": _three(_QUANTILES, lambda one: 0.0 < one < 1.0),
    "caps": _three(_QUANTILES, lambda one: 0.0 < one < 1.0),
    "quantiles": _three(_QUANTILES, lambda one: 0.0 < one < 1.0),
    "days": _three("three numbers of days above 0, at most 36525, that do not fall", lambda one: 0.0 < one <= 36525.0),
}
PLACE: Final = {"category": _NAME, "region": _NAME}
SEASON: Final = PLACE | {
    "months": Allowed("whole numbers from 1 to 12, each once", _months),
    "weights": Allowed("twelve numbers, none below 0 or above 1000, at least one of .001 or more", _weights),
    "hemisphere": HEMISPHERE,
    "lead_days": _LEAD,
}
STAGES: Final = {
    "active_from": _whole(2, 1000),
    "loyal_from": _whole(3, 1000),
    "restart_after": _one_of(_RESTARTS),
    "activity": Allowed(f"kinds of events, each once, {ORDER_PLACED} among them", _activity),
}
SEASONS: Final = {"learn": Allowed("true or false", _truth), "lead_days": _LEAD}
REGIONS: Final = Allowed("pairs of a region and north or south, each region once", _region_pairs)
TABLES: Final[dict[str, Mapping[str, Allowed]]] = {
    "stages": STAGES, "rhythm": RULE, "scope": PLACE | RULE, "seasons": SEASONS, "season": SEASON, "regions": {},
}
REPEATED: Final = ("scope", "season")


def shown(value: object) -> str:
    """The value on one line, in TOML's spelling, cut to what fits a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return text if len(text) <= 60 else text[:57] + "..."


def cleaned(values: Mapping[str, Any], allowed: Mapping[str, Allowed]) -> dict[str, Any]:
    """`values` in their one spelling; BadPolicy on the first that is not allowed. Keys without a check pass."""
    clean: dict[str, Any] = {}
    for key, value in values.items():
        try:
            clean[key] = allowed[key].clean(value) if key in allowed else value
        except (TypeError, ValueError, OverflowError):
            raise BadPolicy(f"{key} = {shown(value)}: must be {allowed[key].says}") from None
    return clean


def clean_fields(value: Any, allowed: Mapping[str, Allowed]) -> None:
    """Bring the fields of a frozen dataclass into their one spelling; BadPolicy on the first that is not allowed."""
    found = {one.name: getattr(value, one.name) for one in fields(value)}
    for key, clean in cleaned(found, allowed).items():
        object.__setattr__(value, key, clean)
