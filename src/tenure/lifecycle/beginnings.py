"""Where stages begin along each life: docs/reference/rules.md section 8, for arrays of occasions.

Codes: 0 prospect, 1 new, 2 active, 3 loyal, 4 lapsed/short, 5 lapsed/long, 6 lapsed/seasonal, 7 inactive/win_back, 8
inactive/do_not_contact. Within a life the silence alone decides: who is to be left alone is said afterwards, in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.dues import NEVER

if TYPE_CHECKING:
    from tenure.lifecycle.dues import Dues
    from tenure.lifecycle.policy import Policy
    from tenure.lifecycle.walk import Occasions, Terrain

__all__ = ["Instants", "Starts", "instants", "returners", "starts", "state_at"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LAPSES: Final = np.array([4, 5, 6, 7])


@dataclass(frozen=True, slots=True)
class Instants:
    """Of the occasions that can come due: the instants (n, 3) at which short, long and inactive begin, that of the
    missed season (NEVER for none) and of the next occasion of the life (NEVER for none)."""

    due_at: Ints
    season_at: Ints
    end_at: Ints


@dataclass(frozen=True, slots=True)
class Starts:
    """Stages begin: sorted by life and instant, no two alike in a row."""

    life: Ints
    from_at: Ints
    code: Ints

    @property
    def to_at(self) -> Ints:
        """The next start of the same life, NEVER for the last."""
        after = np.r_[self.from_at[1:], NEVER][: len(self.life)]
        same = np.r_[self.life[1:] == self.life[:-1], False][: len(self.life)]
        return np.where(same, after, NEVER)


def instants(given: Occasions, due: Dues, terrain: Terrain) -> Instants:
    """Due days as instants of the shop's zone."""
    end_at = np.r_[given.at_us[1:], NEVER][: len(given.at_us)]
    end_at = np.where(given.last, NEVER, end_at)[due.at]
    season_at = np.full(len(due.at), NEVER)
    missed = due.season < NEVER
    season_at[missed] = terrain.start_at(due.season[missed])
    return Instants(terrain.start_at(due.day), season_at, end_at)


def starts(
    given: Occasions,
    due: Dues,
    when: Instants,
    policy: Policy,
    restarted: Flags | None,
    until: int,
    *,
    latest: bool = False,
) -> Starts:
    """Every start before `until`, or the latest of each life; `restarted`: which purchases count as a first one again.

    The occasions themselves all lie before `until`.
    """
    broke = np.zeros(len(given.x), np.bool_)
    broke[due.at] = when.due_at[:, 0] < np.minimum(when.end_at, until)
    base_at, base, later_at, later = _bought(given, policy, restarted)
    before_code = np.r_[0, np.where(later_at < NEVER, later, base)[:-1]][: len(base)]
    base_begins = ~given.before | np.r_[False, broke[:-1]][: len(base)] | (base != before_code)
    later_begins = (later_at < NEVER) & (later != base)
    some = np.flatnonzero(base_begins | later_begins | broke)
    if latest:  # an occasion that begins anything begins something before `until`
        some = some[_ends(given.life[some])]
    from_at = np.full((len(some), 6), NEVER)
    code = np.empty((len(some), 6), np.int64)
    code[:, 0], code[:, 1], code[:, 2:] = base[some], later[some], _LAPSES
    from_at[:, 0] = np.where(base_begins[some], base_at[some], NEVER)
    from_at[:, 1] = np.where(later_begins[some], later_at[some], NEVER)
    place = np.full(len(broke), -1)
    place[some] = np.arange(len(some))
    lapsing = broke[due.at] & (place[due.at] >= 0)
    from_at[place[due.at[lapsing]], 2:] = _lapses(when, lapsing)
    begins = from_at < until
    found = Starts(np.repeat(given.life[some], begins.sum(axis=1)), from_at[begins], code[begins])
    if not latest:
        return found
    last = _ends(found.life)
    return Starts(found.life[last], found.from_at[last], found.code[last])


def _ends(life: Ints) -> Flags:
    """Whether each is the last row of its life."""
    return np.asarray(np.r_[life[1:] != life[:-1], True][: len(life)])


def _lapses(when: Instants, broke: Flags) -> Ints:
    """Instants (n, 4) at which short, long, seasonal and inactive begin before the next occasion, NEVER where they
    do not."""
    short, long, inactive = when.due_at[broke].T
    season, end = when.season_at[broke], when.end_at[broke]
    before_last = np.minimum(end, inactive)
    out = np.column_stack([short, long, season, inactive])
    ends = np.column_stack([
        np.minimum(np.minimum(long, season), before_last), np.minimum(season, before_last), before_last, end
    ])  # fmt: skip
    return np.where(out < ends, out, NEVER)


def _bought(given: Occasions, policy: Policy, restarted: Flags | None) -> tuple[Ints, Ints, Ints, Ints]:
    """Instant and code of each occasion, and of the day's purchase where that comes later (NEVER where it does not)."""
    b = given.b
    if restarted is not None:
        life = np.cumsum(~given.before)
        height = int(b.max(initial=0)) + 1
        b = b - (np.maximum.accumulate(life * height + np.where(restarted, b, 1)) - life * height) + 1
    code = 1 + (b >= policy.active_from).astype(np.int64) + (b >= policy.loyal_from)
    on_arrival = given.buy_at == given.at_us
    base = np.where(on_arrival, code, np.r_[0, code[:-1]][: len(code)])
    later_at = np.where((given.buy_at > 0) & ~on_arrival, given.buy_at, NEVER)
    return given.at_us, base, later_at, code


def returners(given: Occasions, due: Dues, when: Instants) -> Flags:
    """Which occasions are purchases by somebody whom silence had made inactive."""
    after = np.zeros(len(given.x), np.bool_)
    gone = (when.due_at[:, 2] < when.end_at) & (when.end_at < NEVER)
    after[due.at[gone] + 1] = True
    return np.asarray(after & (given.buy_at == given.at_us))


def state_at(when: Instants, last: Ints, instant: int) -> Ints:
    """What the silence of the occasions `last` amounts to just before an instant: 0 on time, 1 short, 2 long, 3
    inactive, 4 seasonal."""
    passed = when.due_at[last] < instant
    level = passed.sum(axis=1)
    return np.where((when.season_at[last] < instant) & (level < 3), 4, level)
