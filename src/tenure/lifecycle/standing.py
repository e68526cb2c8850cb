"""Where each life stands as of an instant: its last occasion with the numbers of the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle.beginnings import state_at
from tenure.lifecycle.dues import caps, due_days, floors, standards
from tenure.lifecycle.rhythm import LONGEST, odds, p_buy
from tenure.lifecycle.walk import by_version
from tenure.lifecycle.words import KINDS, LEVEL_OF, MONTHS, phrase_number, phrase_table
from tenure.periods import day_of

if TYPE_CHECKING:
    from tenure.lifecycle.dues import Standard
    from tenure.lifecycle.trace import Slice, Trace

__all__ = ["THIN", "phrases", "standing"]

THIN = 20
"""With fewer customers in its snapshot a sentence says that standard values were used."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEVEL = np.array(LEVEL_OF)


def standing(traced: Trace, lives: Slice, as_of: int) -> pa.Table:
    """One row per life: orders, occasions, due instants, and what its sentence says (see sql/picture.sql)."""
    given, due = lives.given, lives.due
    last = np.flatnonzero(given.last)
    mine = np.searchsorted(due.at, last)
    standard = standards(given, last, traced.terrain, traced.known)
    state = state_at(lives.when, mine, as_of)
    level = _LEVEL[state]
    x, b = given.x[last], given.b[last]
    silent = day_of(as_of - 1, traced.zone) - given.day[last]
    chance = _chances(traced, lives, last, standard.month)
    by_chance = chance < _marks(traced)[standard.rules, standard.month, level]
    place = standard.rules * traced.terrain.months + standard.month
    nth = np.where((x < 2) & (b == x + 1), x, 2)
    usual = np.minimum(np.exp(standard.median), LONGEST)
    expected = due_days(given, last, usual, traced.clocks)
    return pa.table({
        "life": given.life[last], **_orders(lives),
        "b": b.astype(np.int32), "version": _or_zero(given.version, last),
        "expected_at": traced.terrain.start_at(expected),
        "at1": lives.when.due_at[mine, 0], "at2": lives.when.due_at[mine, 1], "at3": lives.when.due_at[mine, 2],
        "due_day": due.day[mine, 0].astype(np.int32), "silent": silent.astype(np.int32),
        "phrase": phrase_number(place, nth, state, by_chance.astype(np.int64)),
        "within": _within(traced, x, standard, level, by_chance, state),
        "chance": np.rint(chance * 100).astype(np.int32),
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


def _chances(traced: Trace, lives: Slice, last: Ints, month: Ints) -> Floats:
    """The chance to order within the horizon, now, of each life's last occasion."""
    given, known = lives.given, traced.known
    today = np.full(len(last), float(day_of(traced.until - 1, traced.zone)))
    if given.version is not None and traced.clocks is not None:
        today = by_version(given.version[last], today, [clock.lam for clock in traced.clocks.clocks])
    silence = np.maximum(today - given.u[last], 0)
    theta = (known.r[month], known.alpha[month], known.a[month], known.b[month])
    return p_buy(silence, given.x[last], given.t_x[last], known.horizon[month], *theta)


def _marks(traced: Trace) -> Floats:
    """What the chance is held against: by scope, month and threshold."""
    every = [traced.policy.rule_at(place).odds for place in range(len(traced.policy.scopes) + 1)]
    return odds(traced.known.level[None, :, None], np.array(every)[:, None, :])


def phrases(traced: Trace) -> pa.Table:
    """The sentences of every scope and month, for `standing` to point at."""
    marks, known = _marks(traced), traced.known

    def shared(scope: int, place: int) -> tuple[int, bool, list[dict[str, object]]]:
        month, n = traced.terrain.first_month + place, int(known.n[place])
        values = {
            "horizon": int(known.horizon[place]), "average": _percent(known.level[place]), "n": f"{n:,}",
            "month": f"1 {MONTHS[month % 12]} {1970 + month // 12}",
        }  # fmt: skip
        by_level = [values | {"mark": _percent(marks[scope, place, level])} for level in range(3)]
        return KINDS.index(traced.policy.rule_at(scope).kind), n < THIN, by_level

    scopes = range(len(traced.policy.scopes) + 1)
    return phrase_table(shared(scope, place) for scope in scopes for place in range(traced.terrain.months))


def _percent(share: float) -> int:
    return round(float(share) * 100)


def _within(
    traced: Trace, x: Ints, standard: Standard, level: Ints, by_chance: NDArray[np.bool_], state: Ints
) -> NDArray[np.int32]:
    """The days that the sentence holds the silence against: the cap where the cap made it overdue, else the floor."""
    out = np.empty(len(x))
    every = [traced.policy.rule_at(place) for place in range(len(traced.policy.scopes) + 1)]
    capped = np.array([rule.kind == "rhythm" for rule in every])
    at_cap = capped[standard.rules] & ~by_chance & (state > 0)
    for one in range(3):
        here = level == one
        silence = np.where(at_cap, caps(traced.policy, standard, one), floors(traced.policy, x, standard, one))
        out[here] = silence[here]
    return np.ceil(np.minimum(out, LONGEST) - 1e-9).astype(np.int32)
