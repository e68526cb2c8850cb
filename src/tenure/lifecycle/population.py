"""The population as known at each month's start: rhythm, chance, level and horizon, frozen for the month's
occasions.

docs/reference/rules.md section 5. Only what happened before a month's first instant enters its snapshot, so a later
event moves none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.chances import Buyers, Chances, Told, tell
from tenure.lifecycle.learning import Clocks
from tenure.lifecycle.rhythm import crossings, horizon, level, odds, p_buy, rhythm
from tenure.purchase.mbg_nbd import fit

__all__ = ["SAMPLE", "SAMPLE_ABOVE", "Life", "Month", "Snapshots", "draws", "sampled", "snapshots"]

SAMPLE: Final = 10_000
SAMPLE_ABOVE: Final = 50_000
"""With more customers than SAMPLE_ABOVE, the SAMPLE of them with the lowest draws stand for all."""
FEW: Final = 2_000
"""Other models than MBG/NBD are fitted to at most so many, again those with the lowest draws: they cost several times
as much, and chances of fits to 2,000 customers spread by .005 (docs/reference/rules.md section 5)."""
RECENT_DAYS: Final = 730.0
_PRIME: Final = 2**31 - 1
DEFAULT_MODEL: Final = "mbg_nbd"

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Month:
    """A month: its ordinal (months since January 1970), first day and first instant (us UTC)."""

    ordinal: int
    first_day: int
    start_at: int


@dataclass(frozen=True, slots=True)
class Life:
    """States of the sampled lives, one row per occasion, sorted by life and instant; columns of one length.

    `slot`: customer, 0 and up; `from_at`, `to_at`: when the row's orders are all known and still count (us UTC);
    `gap`: clock days since the occasion before, 1 for the first; `l1`: sum of their logarithms so far; `category`,
    `region`: codes of the group, -1 for none.
    """

    slot: Ints
    at_us: Ints
    from_at: Ints
    to_at: Ints
    first_day: Ints
    day: Ints
    x: Ints
    gap: Floats
    l1: Floats
    category: Ints
    region: Ints
    draw: Ints
    """Of each slot."""


def draws(number: Ints) -> Ints:
    """A draw from 0 to 2147483646 for each whole-numbered id: scattered, and the same whatever else is in the file."""
    x = number % _PRIME
    y = (x * 48_271 + 11) % _PRIME
    return np.asarray((y * y + x) % _PRIME)


def sampled(first_at: Ints, draw: Ints, number: Ints, months: Sequence[Month]) -> Ints:
    """The place of the last month in whose sample each customer is, -1 for never; they are in it from their first
    order on."""
    last = np.full(len(first_at), -1, np.int64)
    for place, members in enumerate(_each_sample(first_at, draw, number, months)):
        last[members] = place
    return last


def _eligible(first_at: Ints, draw: Ints, months: Sequence[Month]) -> Ints:
    """Places of those who may ever be in a sample: the first full one holds a draw that nobody later may exceed."""
    starts = np.array([month.start_at for month in months], np.int64)
    known = np.cumsum(np.bincount(np.searchsorted(starts, first_at, side="right"), minlength=len(starts) + 1))
    full = np.flatnonzero(known[:-1] > SAMPLE_ABOVE)
    if not len(full):
        return np.arange(len(first_at))
    early = first_at < starts[full[0]]
    greatest = np.partition(draw[early], SAMPLE - 1)[SAMPLE - 1]
    return np.flatnonzero(early | (draw <= greatest))


def _each_sample(first_at: Ints, draw: Ints, number: Ints, months: Sequence[Month]) -> list[Ints]:
    """Places of the sampled customers, month by month. Who has dropped out of a full sample never comes back."""
    order = _eligible(first_at, draw, months)
    order = order[np.lexsort((number[order], draw[order]))]
    joined = first_at[order]
    out, many = [], False
    for month in months:
        known = np.flatnonzero(joined < month.start_at)
        many = many or len(known) > SAMPLE_ABOVE
        if not many:
            out.append(order[known])
            continue
        keep = joined >= month.start_at
        keep[known[:SAMPLE]] = True
        out.append(order[known[:SAMPLE]])
        order, joined = order[keep], joined[keep]
    return out


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The shop at each month's start, one entry a month: what rules.md section 5 freezes for the month's occasions.

    r, alpha, a, b, level: of MBG/NBD; others: the same of each other model that the policy asks for, by name.
    """

    mu: Floats
    s2: Floats
    t2: Floats
    r: Floats
    alpha: Floats
    a: Floats
    b: Floats
    horizon: Floats
    level: Floats
    n: Ints
    others: Mapping[str, Chances] = field(default_factory=dict)

    @property
    def k(self) -> Floats:
        """Variance within customers over variance between them."""
        return np.asarray(self.s2 / self.t2)

    def model_in(self, model: str, month: int) -> str:
        """The model that gives the chance in a month: MBG/NBD where the month's customers tell none of the other's."""
        return model if model in self.others and self.others[model].told[month] else DEFAULT_MODEL

    def level_of(self, model: str) -> Floats:
        """The average chance by a model, one entry a month."""
        if model not in self.others:
            return self.level
        found = self.others[model]
        return np.where(found.told, found.level, self.level)

    def p_buy(self, model: str, month: Ints, silence: Floats, x: Ints, t_x: Floats) -> Floats:
        """To order within the month's horizon after a silence, by a model; arrays of one length."""
        ahead = self.horizon[month]
        out = p_buy(silence, x, t_x, ahead, self.r[month], self.alpha[month], self.a[month], self.b[month])
        if model in self.others:
            found = self.others[model]
            out = np.where(found.told[month], found.p_buy(month, silence, x, t_x, ahead), out)
        return out

    def falls(self, model: str, month: Ints, x: Ints, t_x: Floats, shares: Sequence[float]) -> Floats:
        """(n, len(shares)) silences at which the chance falls to each of the odds; the rest: arrays of one length."""
        if model not in self.others:
            return self._mbg_falls(month, x, t_x, shares)
        found = self.others[model]
        marks = odds(found.level[month][:, None], np.asarray(shares)[None, :])
        out = found.falls(month, x, t_x, self.horizon[month], marks)
        untold = ~found.told[month]
        out[untold] = self._mbg_falls(month[untold], x[untold], t_x[untold], shares)
        return out

    def _mbg_falls(self, month: Ints, x: Ints, t_x: Floats, shares: Sequence[float]) -> Floats:
        theta = (self.r[month], self.alpha[month], self.a[month], self.b[month])
        return crossings(x, t_x, self.horizon[month], self.level[month], shares, *theta)


def snapshots(
    life: Life, last: Ints, months: Sequence[Month], clocks: Clocks | None, busy: frozenset[int] | None = None,
    models: Sequence[str] = (),
) -> Snapshots:  # fmt: skip
    """One entry per month; `last` is, of every slot, the place of the last month in whose sample it is.

    `busy`: places of the months that have occasions, None for all; the others, which nobody asks, repeat the month
    before. `models`: those that are to be fitted besides MBG/NBD.
    """
    moves = _Moves(life, len(last))
    rows: list[tuple[float, ...]] = []
    told: list[Sequence[Told]] = []
    for place, month in enumerate(months):
        moves.advance(month.start_at)
        if busy is not None and place not in busy and rows:
            rows.append(rows[-1])
            told.append(told[-1])
            continue
        # each January the peak is looked for anew: from one month to the next the highest may have become another
        before = told[-1] if told and month.ordinal % 12 else (None,) * len(models)
        row, more = _snapshot(moves, last >= place, month, place, clocks, dict(zip(models, before, strict=True)))
        rows.append(row)
        told.append(more)
    names = ("mu", "s2", "t2", "r", "alpha", "a", "b", "horizon", "level", "n")
    columns: dict[str, Any] = dict(zip(names, np.array(rows).reshape(len(rows), len(names)).T, strict=True))
    columns["n"] = columns["n"].astype(np.int64)
    return Snapshots(**columns, others=_others(models, told))


def _others(models: Sequence[str], told: Sequence[Sequence[Told]]) -> dict[str, Chances]:
    return {model: Chances.of(model, [month[place] for month in told]) for place, model in enumerate(models)}


class _Moves:
    """Where every customer stands, moved forward month by month."""

    def __init__(self, life: Life, slots: int) -> None:
        self.row = np.full(slots, -1, np.int64)
        self.life = life
        # rows in force before a new epoch are superseded by it: what counts is when a row was first so
        self.order = np.lexsort((life.at_us, life.from_at))
        self.when = life.from_at[self.order]
        self.done = 0
        gap = np.flatnonzero(life.x > 0)
        self.gap = gap[np.argsort(life.from_at[gap], kind="stable")]
        self.gap_from, self.gap_to = life.from_at[self.gap], life.to_at[self.gap]
        self.gap_days = life.gap[self.gap]
        # in whole numbers of 2^-36, so that a sum does not depend on what lies before its life
        squares = np.r_[0, np.cumsum(np.rint(np.log(life.gap) ** 2 * 2.0**36).astype(np.int64))]
        rows = np.arange(len(life.x))
        self.l2 = (squares[rows + 1] - squares[rows - life.x]) / 2.0**36

    def advance(self, instant: int) -> None:
        """Take in every row known before `instant`."""
        end = int(np.searchsorted(self.when, instant, side="left"))
        rows = self.order[self.done : end]
        self.row[self.life.slot[rows]] = rows
        self.done = end

    def standing(self, within: NDArray[np.bool_], instant: int) -> Ints:
        """Rows in force at `instant` of the customers within."""
        rows = self.row[within]
        rows = rows[rows >= 0]
        return rows[self.life.to_at[rows] >= instant]

    def gaps(self, within: NDArray[np.bool_], instant: int) -> Floats:
        """Gaps closed before `instant` that still count then."""
        known = int(np.searchsorted(self.gap_from, instant, side="left"))
        counts = (self.gap_to[:known] >= instant) & within[self.life.slot[self.gap[:known]]]
        return np.asarray(self.gap_days[:known][counts])


def _snapshot(
    moves: _Moves, within: NDArray[np.bool_], month: Month, place: int, clocks: Clocks | None,
    models: Mapping[str, Told | None],
) -> tuple[tuple[float, ...], tuple[Told, ...]]:
    life = moves.life
    rows = moves.standing(within, month.start_at)
    first, last = life.first_day[rows].astype(np.float64), life.day[rows].astype(np.float64)
    now = np.full(len(rows), float(month.first_day))
    if clocks is not None:
        first, last, now = _on_clocks(clocks, place, life.category[rows], life.region[rows], first, last, now)
    x, t_x, age = life.x[rows], last - first, now - first
    again = x > 0
    mu, s2, t2 = rhythm(x[again], life.l1[rows][again], moves.l2[rows][again])
    found = fit(x, t_x, age)
    history = month.first_day - int(life.first_day[rows].min()) if len(rows) else 0
    ahead = horizon(moves.gaps(within, month.start_at), history)
    silence = now - last
    recent = silence <= RECENT_DAYS
    average = level(p_buy(silence[recent], x[recent], t_x[recent], ahead, *found.theta))
    few = _few(life.draw[life.slot[rows]]) if models else slice(None)
    told = tuple(
        tell(model, Buyers(x[few], t_x[few], age[few], life.l1[rows][few], recent[few]), ahead, before)
        for model, before in models.items()
    )
    return (mu, s2, t2, *found.theta, ahead, average, len(rows)), told


def _few(draw: Ints) -> Ints:
    """Places of at most FEW, those with the lowest draws, in their order."""
    if len(draw) <= FEW:
        return np.arange(len(draw))
    return np.sort(np.argsort(draw, kind="stable")[:FEW])


def _on_clocks(
    clocks: Clocks, place: int, category: Ints, region: Ints, first: Floats, last: Floats, now: Floats
) -> tuple[Floats, Floats, Floats]:
    """Days turned into days of the clock in force for each customer's group."""
    version = clocks.versions(np.full(len(first), place), category, region)
    first, last, now = first.copy(), last.copy(), now.copy()
    for number in np.unique(version):
        mine = version == number
        clock = clocks.clocks[number]
        first[mine], last[mine], now[mine] = clock.lam(first[mine]), clock.lam(last[mine]), clock.lam(now[mine])
    return first, last, now
