"""When a silence after an occasion becomes something: docs/reference/rules.md section 7, for arrays of occasions.

Most occasions are followed by the next before any threshold can be reached; a lower bound settles those, and only the
rest are solved: chances cross their levels once per distinct scope, month, x and t_x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.policy import ASKING
from tenure.lifecycle.rhythm import LONGEST, z
from tenure.lifecycle.walk import by_version, each_version

if TYPE_CHECKING:
    from tenure.lifecycle.learning import Clocks
    from tenure.lifecycle.policy import Policy, Rule
    from tenure.lifecycle.population import Snapshots
    from tenure.lifecycle.walk import Occasions, Terrain

__all__ = ["NEVER", "Dues", "Standard", "caps", "due_days", "dues", "floors", "standards"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER: Final = np.iinfo(np.int64).max
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Standard:
    """The months' snapshots and the scope's rule, gathered for each of some occasions.

    `median`, `spread`: mean and standard deviation of ln of the next gap. `rules`: per occasion the scope's place.
    """

    median: Floats
    spread: Floats
    month: Ints
    rules: Ints


@dataclass(frozen=True, slots=True)
class Dues:
    """For the occasions `at` (places, rising): the days short, long and inactive begin (n, 3), the day the season
    is missed (NEVER where there is none) and the silences behind them in days of the clock (n, 3). Occasions not
    in `at` do not come due."""

    at: Ints
    day: Ints
    season: Ints
    silence: Floats


def standards(given: Occasions, at: Ints, terrain: Terrain, known: Snapshots) -> Standard:
    """What the thresholds of the occasions `at` are measured by."""
    month = given.month[at] - terrain.first_month
    k, mu, s2 = known.k[month], known.mu[month], known.s2[month]
    x = given.x[at]
    scope = np.zeros(len(at), np.int64) if given.scope is None else given.scope[at]
    return Standard((k * mu + given.l1[at]) / (k + x), np.sqrt(s2 * (1 + 1 / (k + x))), month, scope)


def _each_rule(policy: Policy, scope: Ints) -> list[tuple[Rule, Flags | slice]]:
    """The rules in use and whose they are."""
    if not policy.scopes:
        return [(policy.rule, slice(None))]
    return [(policy.rule_at(int(one)), scope == one) for one in np.unique(scope)]


def floors(policy: Policy, x: Ints, standard: Standard, level: int) -> Floats:
    """The least silence for a level (0, 1, 2) by each occasion's rule, before caps: 0 for rules of chance alone."""
    out = np.zeros(len(x))
    for rule, mine in _each_rule(policy, standard.rules):
        median, spread, first = standard.median[mine], standard.spread[mine], x[mine] < 2
        if rule.kind == "window":
            out[mine] = rule.days[level]
        elif rule.kind == "quantile":
            out[mine] = np.exp(median + z(rule.quantiles[level]) * spread)
        elif rule.kind == "rhythm":
            factor = np.where(first, rule.first_floors[level], 1.0)
            out[mine] = factor * np.exp(median + np.where(first, z(rule.first_floor), z(rule.floors[level])) * spread)
    return out


def caps(policy: Policy, standard: Standard, level: int) -> Floats:
    """The greatest silence for a level by each occasion's rule."""
    out = np.full(len(standard.median), LONGEST)
    for rule, mine in _each_rule(policy, standard.rules):
        if rule.kind == "rhythm":
            out[mine] = np.exp(standard.median[mine] + z(rule.caps[level]) * standard.spread[mine])
    return np.asarray(np.minimum(out, LONGEST))


def _unsettled(given: Occasions, terrain: Terrain, known: Snapshots) -> Ints:
    """Places of the occasions whose next one does not come before anything can be due."""
    everybody = np.arange(len(given.x))
    if given.version is not None or terrain.policy.rule.kind != "rhythm":
        return everybody
    ahead = np.r_[given.day[1:], 0][: len(everybody)] - given.day
    ahead[given.last] = 0
    standard = standards(given, everybody, terrain, known)
    # what is compared is the logarithm of the silence: exp() of ten million is dear, one of each whole day is not
    logs = np.log(np.arange(int(ahead.max(initial=0)) + 1) + 1.0)
    rule = terrain.policy.rule
    least = standard.median + min(z(rule.floors[0]), z(rule.caps[0])) * standard.spread
    early = np.flatnonzero(given.x < 2)
    median, spread = standard.median[early], standard.spread[early]
    least[early] = np.minimum(
        median + z(rule.first_floor) * spread + np.log(rule.first_floors[0]), median + z(rule.caps[0]) * spread
    )
    return np.flatnonzero((logs[ahead] >= least) | given.last)


def dues(given: Occasions, terrain: Terrain, known: Snapshots, *, every: bool = False) -> Dues:
    """The due days of all occasions that can come due, or of `every` one."""
    at = np.arange(len(given.x)) if every else _unsettled(given, terrain, known)
    standard = standards(given, at, terrain, known)
    x = given.x[at]
    falls = _falls(given, at, standard, terrain, known)
    silence = np.empty((len(at), 3))
    for level in range(3):
        raised = np.maximum(falls[:, level], floors(terrain.policy, x, standard, level))
        reached = np.minimum(raised, caps(terrain.policy, standard, level))
        silence[:, level] = reached if level == 0 else np.maximum(reached, silence[:, level - 1])
    day = np.column_stack([due_days(given, at, silence[:, level], terrain.clocks) for level in range(3)])
    season = np.full(len(at), NEVER)
    if given.version is not None and terrain.clocks is not None:
        season = _season_ends(given, at, terrain.clocks)
        early = (x < 2) & (season < NEVER)
        day[early] = np.maximum(day[early], season[early, None])
        season = np.where(season < NEVER, np.maximum(season, day[:, 0]), NEVER)
    return Dues(at, day, season, silence)


def due_days(given: Occasions, at: Ints, silence: Floats, clocks: Clocks | None) -> Ints:
    """First days on which a silence after the occasions `at` has lasted, at least the day after."""
    if given.version is None or clocks is None:
        reached = given.day[at] + silence
    else:
        reached = by_version(given.version[at], given.u[at] + silence, [clock.lam_inv for clock in clocks.clocks])
    return np.maximum(given.day[at] + 1, np.ceil(reached - _ROUNDING).astype(np.int64))


def _season_ends(given: Occasions, at: Ints, clocks: Clocks) -> Ints:
    """End of the first season that begins after each occasion, NEVER outside seasonal groups."""
    assert given.version is not None
    version = given.version[at]
    out = np.full(len(at), NEVER)
    for mine in each_version(version):
        clock = clocks.clocks[int(version[mine[0]])]
        if clock.seasonal:
            out[mine] = clock.season_end_after(given.day[at[mine]])
    return out


def _falls(given: Occasions, at: Ints, standard: Standard, terrain: Terrain, known: Snapshots) -> Floats:
    """The silences (n, 3) at which the chance falls to each level; 0 for rules that do not ask for it."""
    t_x = given.t_x[at]
    if given.version is not None:
        # on a clock hardly two customers have the same t_x; whole days keep the questions few
        t_x = np.where(given.version[at] == 0, t_x, np.floor(t_x + 0.5))
    x, out = given.x[at], np.zeros((len(at), 3))
    for rule, mine in _each_rule(terrain.policy, standard.rules):
        if rule.kind in ASKING and len(at):
            out[mine] = _solved(rule, standard.month[mine], x[mine], t_x[mine], known)
    return out


def _solved(rule: Rule, month: Ints, x: Ints, t_x: Floats, known: Snapshots) -> Floats:
    """Crossings, each distinct question asked once."""
    whole = t_x.astype(np.int64)
    key = (month * (int(x.max(initial=0)) + 1) + x) * (int(whole.max(initial=0)) + 1) + whole
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return np.asarray(known.falls(rule.model, month[first], x[first], t_x[first], rule.odds)[place])
