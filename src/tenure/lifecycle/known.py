"""What a shop had learnt of its customers, kept: so that a few of them can be judged anew without reading all others.

Only what happened before a month's first instant enters its snapshot and its clocks. So as long as nothing is added,
taken back or changed before the start of the last month, a population known once is the one that would be learnt again,
and whoever has new events in that month is traced by it exactly as with everybody else's rows at hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tenure.errors import InvalidInput
from tenure.lifecycle.chances import Chances
from tenure.lifecycle.learning import Clocks
from tenure.lifecycle.population import Snapshots
from tenure.lifecycle.season import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.trace import Trace

__all__ = ["KnownPopulation"]

_COLUMNS: Final = tuple(field.name for field in fields(Snapshots) if field.name != "others")


@dataclass(frozen=True, slots=True)
class KnownPopulation:
    """The shop as known at each month's start, under one policy and in one zone.

    first_month, months: the ordinal of the first month (since January 1970) and how many there are. began_at, ends_at:
    the last month's first instant and the next month's (us UTC); both 0 where nobody ever bought.
    """

    policy: Policy
    zone: str
    first_month: int
    months: int
    began_at: int
    ends_at: int
    clocks: Clocks | None
    snapshots: Snapshots

    @classmethod
    def of(cls, traced: Trace) -> Self:
        """What a trace of everybody has learnt."""
        terrain = traced.terrain
        began_at = ends_at = 0
        if terrain.months:
            last = terrain.first_month + terrain.months - 1
            first, after = np.searchsorted(terrain.month_of, [last, last + 1])
            began_at, ends_at = (int(terrain.calendar.start_at[place]) for place in (first, after))
        return cls(
            traced.policy, traced.zone, terrain.first_month, terrain.months, began_at, ends_at, terrain.clocks,
            traced.known,
        )  # fmt: skip

    @property
    def named(self) -> bool:
        """Whether categories or regions decide about anybody's clock or rule."""
        return self.clocks is not None and bool(self.clocks.categories + self.clocks.regions)

    def words(self) -> dict[tuple[str, str], int]:
        """The numbers of ("category" or "region", its name)."""
        if self.clocks is None:
            return {}
        both = (("category", self.clocks.categories), ("region", self.clocks.regions))
        return {(role, word): code for role, words in both for code, word in enumerate(words)}

    def still_holds(self, earliest_at: int, latest_at: int, words: Iterable[tuple[str, str]] = ()) -> bool:
        """Whether events that were added, changed or taken back leave it as it is.

        earliest_at, latest_at: of their instants, those that they had before included; words: what they name, as in
        `words`. Where some are of a kind that breaks a silence, and none were before, `must_know` says so.
        """
        if self.clocks is not None and not set(words) <= set(self.words()):
            return False
        return self.began_at <= earliest_at and latest_at < self.ends_at

    def must_know(self, zone: str, policy: Policy, last_at: int | None, *, activity: bool) -> None:
        """InvalidInput unless it is of this zone and policy, reaches the last occasion, and knows of `activity`."""
        if (zone, policy) != (self.zone, self.policy):
            raise InvalidInput("the population is known in another zone or by another policy")
        if activity and self.clocks is None:
            raise InvalidInput("the population knows of nothing but orders")
        if last_at is not None and last_at >= self.ends_at:
            raise InvalidInput("the population is known up to an earlier month")

    def text(self) -> str:
        """All of it but the policy, as JSON: numbers as they are, to the last bit."""
        snapshots = {name: getattr(self.snapshots, name).tolist() for name in _COLUMNS}
        others = {one.model: [_plain(one.numbers), _plain(one.level)] for one in self.snapshots.others.values()}
        plain = {name: getattr(self, name) for name in ("zone", "first_month", "months", "began_at", "ends_at")}
        return json.dumps(plain | {
            "policy": self.policy.hash, "clocks": self._plain_clocks(), "snapshots": snapshots, "others": others,
        })  # fmt: skip

    def _plain_clocks(self) -> dict[str, Any] | None:
        if self.clocks is None:
            return None
        return {
            "clocks": [{"weights": one.weights.tolist(), "months": one.months} for one in self.clocks.clocks],
            "lead_days": self.clocks.lead_days,
            "own": [[*(int(part) for part in key), int(version)] for key, version in self.clocks.own.items()],
            "seasons": [
                [self.policy.seasons.index(season), shifted, version]
                for (season, shifted), version in self.clocks.seasons.items()
            ],
            "categories": self.clocks.categories, "regions": self.clocks.regions,
        }  # fmt: skip

    @classmethod
    def read(cls, text: str, policy: Policy) -> Self:
        """What `text` wrote; InvalidInput if it was learnt by another policy."""
        told = json.loads(text)
        if told.pop("policy") != policy.hash:
            raise InvalidInput("the population was learnt by another policy")
        columns: dict[str, Any] = {name: np.array(told["snapshots"][name], np.float64) for name in _COLUMNS}
        others = {
            # what is null is not known
            name: Chances(name, *(np.array(values, np.float64) for values in found))
            for name, found in told.pop("others", {}).items()
        }
        snapshots = Snapshots(**columns | {"n": columns["n"].astype(np.int64)}, others=others)
        return cls(policy, **(told | {"clocks": _clocks(told["clocks"], policy), "snapshots": snapshots}))


def _plain(values: NDArray[np.float64]) -> list[Any]:
    """As lists, with null for what is not known."""
    found = values.astype(object)
    found[np.isnan(values)] = None
    return list(found.tolist())


def _clocks(told: dict[str, Any] | None, policy: Policy) -> Clocks | None:
    if told is None:
        return None
    return Clocks(
        clocks=tuple(Clock(np.array(one["weights"]), tuple(one["months"])) for one in told["clocks"]),
        lead_days=tuple(told["lead_days"]),
        own={(month, category, region): version for month, category, region, version in told["own"]},
        seasons={(policy.seasons[place], shifted): version for place, shifted, version in told["seasons"]},
        policy=policy, categories=tuple(told["categories"]), regions=tuple(told["regions"]),
    )  # fmt: skip
