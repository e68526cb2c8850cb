"""Where each life stands as of an instant: its last occasion with the numbers of the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle.beginnings import state_at
from tenure.lifecycle.dues import caps, due_days, floors, standards
from tenure.lifecycle.rhythm import LONGEST, odds
from tenure.lifecycle.walk import by_version
from tenure.lifecycle.words import KINDS, LEVEL_OF, MONTHS, STATES, bar, laid_out, phrase_number, phrase_table, share
from tenure.periods import day_of

if TYPE_CHECKING:
    from tenure.lifecycle.dues import Standard
    from tenure.lifecycle.policy import Rule
    from tenure.lifecycle.trace import Slice, Trace

__all__ = ["THIN", "phrases", "standing"]

THIN = 20
"""With fewer customers in its snapshot a sentence says that standard values were used."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEVEL = np.array(LEVEL_OF)
IN_SEASON, AT_THE_CAP = STATES.index("in season"), STATES.index("at the cap")


def standing(traced: Trace, lives: Slice, as_of: int, known: pa.Table) -> pa.Table:
    """One row per life: orders, occasions, due instants and its sentence, out of `phrases` known for all."""
    given, due = lives.given, lives.due
    last = np.flatnonzero(given.last)
    mine = np.searchsorted(due.at, last)
    standard = standards(given, last, traced.terrain, traced.known)
    state = state_at(lives.when, mine, as_of)
    level = _LEVEL[state]
    x, b = given.x[last], given.b[last]
    silent = day_of(as_of - 1, traced.zone) - given.day[last]
    chance = _chances(traced, lives, last, standard)
    mark = _marks(traced)[standard.rules, standard.month, level]
    least, most = _limits(traced, x, standard, level)
    by_chance, shown = (chance < mark) & (least <= most), np.rint(chance * 100).astype(np.int64)
    on_time = state == 0
    bound, chance_binds = _bound(traced, lives, last, mine, least, most)
    state, by_chance = np.where(on_time, bound, state), np.where(on_time, chance_binds, by_chance)
    place = standard.rules * traced.terrain.months + standard.month
    nth = np.where(x < 2, np.where(b == x + 1, x, 3), 2)
    usual = np.minimum(np.exp(standard.median), LONGEST)
    expected = due_days(given, last, usual, traced.clocks)
    rhythm = np.array([rule.kind == "rhythm" for rule in _rules(traced)])[standard.rules]
    at_cap = rhythm & ((~on_time & ~by_chance) | (state == AT_THE_CAP))
    begins = due.day[mine, 0]
    because = laid_out(
        known, phrase_number(place, nth, state, by_chance.astype(np.int64)), silent=silent,
        within=_within(traced, lives, last, np.where(at_cap, most, least)),
        chance=shown, near=by_chance & ~on_time & (shown == np.rint(mark * 100)),
        due=traced.labels.take(pa.array(begins - traced.calendar.day[0])),
    )  # fmt: skip
    return pa.table({
        "life": given.life[last], **_orders(lives),
        "occasions": b, "version": _or_zero(given.version, last),
        "expected_at": traced.terrain.start_at(expected),
        "at1": lives.when.due_at[mine, 0], "at2": lives.when.due_at[mine, 1], "at3": lives.when.due_at[mine, 2],
        "because": because,
    })  # fmt: skip


def _orders(lives: Slice) -> dict[str, NDArray[np.int64]]:
    """Of each life: how many orders, the first and the last one's instant."""
    life, at_us = lives.rows.life, lives.rows.at_us
    if lives.rows.buy is not None:
        life, at_us = life[lives.rows.buy], at_us[lives.rows.buy]
    heads = np.flatnonzero(np.r_[True, life[1:] != life[:-1]][: len(life)])
    ends = np.r_[heads[1:], len(life)][: len(heads)]
    return {"orders": ends - heads, "first_order_at": at_us[heads], "last_order_at": at_us[ends - 1]}


def _or_zero(values: Ints | None, at: Ints) -> NDArray[np.int32]:
    return np.zeros(len(at), np.int32) if values is None else values[at].astype(np.int32)


def _silences(traced: Trace, lives: Slice, last: Ints) -> Floats:
    """Days on the clock since each life's last occasion."""
    given = lives.given
    today = np.full(len(last), float(day_of(traced.until - 1, traced.zone)))
    if given.version is not None and traced.clocks is not None:
        today = by_version(given.version[last], today, [clock.lam for clock in traced.clocks.clocks])
    return np.asarray(np.maximum(today - given.u[last], 0))


def _rules(traced: Trace) -> list[Rule]:
    """The default rule, then the scopes'."""
    return [traced.policy.rule_at(place) for place in range(len(traced.policy.scopes) + 1)]


def _limits(traced: Trace, x: Ints, standard: Standard, level: Ints) -> tuple[Floats, Floats]:
    """The least and the most that a silence can be at each row's level, on the clock. A policy may have the most
    below the least: then it alone decides."""
    least, most = np.empty(len(x)), np.empty(len(x))
    for one in range(3):
        mine = level == one
        least[mine] = floors(traced.policy, x, standard, one)[mine]
        most[mine] = caps(traced.policy, standard, one)[mine]
    return least, most


def _bound(
    traced: Trace, lives: Slice, last: Ints, mine: Ints, least: Floats, most: Floats
) -> tuple[Ints, NDArray[np.bool_]]:
    """What binds the day on which those on time become overdue: their state, and whether it is the chance."""
    silence = lives.due.silence[mine, 0]
    near = 1e-9 * silence
    by_floor = (silence <= least + near) & (least <= most)
    by_cap = ~by_floor & (silence >= most - near)
    by_season = lives.due.day[mine, 0] > due_days(lives.given, last, silence, traced.clocks)
    state = np.where(by_season, IN_SEASON, np.where(by_cap, AT_THE_CAP, 0))
    return state, ~by_floor & ~by_cap


def _chances(traced: Trace, lives: Slice, last: Ints, standard: Standard) -> Floats:
    """The chance to order within the horizon, now, of each life's last occasion, by the model of its rule."""
    given, silence, models = lives.given, _silences(traced, lives, last), [rule.model for rule in _rules(traced)]
    if len(set(models)) == 1:
        return traced.known.p_buy(models[0], standard.month, silence, given.x[last], given.t_x[last])
    out = np.empty(len(last))
    for model in set(models):
        mine = np.array([one == model for one in models])[standard.rules]
        at = last[mine]
        out[mine] = traced.known.p_buy(model, standard.month[mine], silence[mine], given.x[at], given.t_x[at])
    return out


def _marks(traced: Trace) -> Floats:
    """What the chance is held against: by scope, month and threshold."""
    rules = _rules(traced)
    levels = np.array([traced.known.level_of(rule.model) for rule in rules])
    return odds(levels[:, :, None], np.array([rule.odds for rule in rules])[:, None, :])


def phrases(traced: Trace) -> pa.Table:
    """The sentences of every scope and month, for `standing` to lay out."""
    marks, known = _marks(traced), traced.known
    levels = [known.level_of(rule.model) for rule in _rules(traced)]

    def shared(scope: int, place: int) -> tuple[int, bool, list[dict[str, object]]]:
        ordinal, n, rule = traced.terrain.first_month + place, int(known.n[place]), traced.policy.rule_at(scope)
        month = f"1 {MONTHS[ordinal % 12]} {1970 + ordinal // 12}"
        average, thin = float(levels[scope][place]), n < THIN
        floor = rule.quantiles if rule.kind == "quantile" else rule.floors
        return KINDS.index(rule.kind), thin, [
            {
                "horizon": int(known.horizon[place]), "n": f"{n:,}",
                "floor": share(floor[i]), "cap": share(rule.caps[i]),
                "bar": bar(rule.odds[i], float(marks[scope, place, i]), average, month, n, thin=thin),
            }
            for i in range(3)
        ]  # fmt: skip

    scopes = range(len(traced.policy.scopes) + 1)
    return phrase_table(shared(scope, place) for scope in scopes for place in range(traced.terrain.months))


def _within(traced: Trace, lives: Slice, last: Ints, silence: Floats) -> Ints:
    """A silence after the occasions `last` in days of the calendar."""
    return due_days(lives.given, last, np.minimum(silence, LONGEST), traced.clocks) - lives.given.day[last]
