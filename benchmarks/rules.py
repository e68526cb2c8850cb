"""Which rule says best who has lapsed, on real orders: files cut once, rules set by what lies before the cut.

    make bench-rules          the tables of docs/explanation/rhythm.md

Everybody who ordered before the cut is judged on it: flagged is who is lapsed or inactive, gone who does not order
within the days ahead. `suggest` chooses a policy from what came before the cut and is then held to what came after.
The best threshold in hindsight is laid on the chance to buy (MBG/NBD) by somebody who knows the outcome: no rule can.
Beside it stands what accuracy on one horizon does not see: of those with four orders or more who came back, the share
who had been called lapsed before they did. The cuts are those of `holdout`; nothing may be changed to suit them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
from holdout import CUTS, Cut, place_of

from tenure.lifecycle.choosing import label
from tenure.lifecycle.policy import Policy, Rule
from tenure.lifecycle.suggest import Suggestion
from tenure.measure.judge import balanced_accuracy, outcomes
from tenure.periods import day_of, start_of_day
from tenure.purchase.mbg_nbd import fit, p_buy
from tenure.verbs.shop import Shop, instant_of, opened
from tenure.worth.gather import gather_orders

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SHORT = 90
REGULAR = 4
"""Orders from which a customer is taken for a regular one."""

RULES = {
    "the default": Rule(),
    "by BG/NBD": Rule(model="bg_nbd"),
    "by Pareto/NBD": Rule(model="pareto_nbd"),
    "by MBG/CNBD-k": Rule(model="mbg_cnbd_k"),
    "odds from .7": Rule(odds=(0.7, 0.3, 0.1)),
    "odds from 1.5": Rule(odds=(1.5, 0.6, 0.2)),
    "usual-gap floors": Rule(floors=(0.5, 0.62, 0.7)),
    "9 of 10 gaps": Rule(kind="quantile"),
    "90 days": Rule(kind="window"),
    "chance alone": Rule(kind="chance"),
    "chance alone, MBG/CNBD-k": Rule(kind="chance", model="mbg_cnbd_k"),
}
SUGGESTED, HINDSIGHT = "what `suggest` chose", "best threshold in hindsight"

# per customer: the last day with an order before the cut, the first one after it, and how many before
_DAYS = """
SELECT CAST({customer} AS VARCHAR) AS id, MAX(day) FILTER (day < DATE '{on}') AS before,
    MIN(day) FILTER (day >= DATE '{on}') AS after, COUNT(DISTINCT day) FILTER (day < DATE '{on}') AS orders
FROM (SELECT {customer}, {day} AS day FROM '{path}') GROUP BY ALL HAVING before IS NOT NULL
"""

@dataclass(frozen=True, slots=True)
class People:
    """Everybody who ordered before a cut, column by column: when next (days after the cut, inf for never) and how often
    before."""

    ids: list[str]
    next_in: Floats
    orders: Ints


def people(path: Path, cut: Cut) -> People:
    """Counted from the file by a statement of its own."""
    day = f"CAST({cut.at} AS DATE)"
    if cut.zone != "UTC":
        day = f"CAST(timezone('{cut.zone}', timezone('UTC', CAST({cut.at} AS TIMESTAMP))) AS DATE)"
    asked = _DAYS.format(customer=cut.customer, on=cut.on, day=day, path=path)
    found = duckdb.sql(f"SELECT id, date_diff('day', DATE '{cut.on}', after), orders FROM ({asked}) ORDER BY id")
    ids, ahead, orders = zip(*found.fetchall(), strict=True)
    return People(list(ids), np.array([np.inf if one is None else one for one in ahead]), np.array(orders))


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule said of each of `People`: on the cut, and (False where there was none) when their next order came."""

    flagged: Flags
    late: Flags


def told(shop: Shop, policy: Policy, cut: Cut, who: People) -> Told:
    """Stages by a policy, traced to the end of the days ahead; each order is judged by what was known before it."""
    at = instant_of(cut.on, cut.zone)
    day = day_of(at, cut.zone)
    traced = replace(shop, policy=policy).history(start_of_day(day + cut.horizon, cut.zone))
    rows = traced.project(
        'CAST(customer_id AS VARCHAR), stage IN (\'lapsed\', \'inactive\'), epoch_us("from"), epoch_us("to")'
    )
    ids, flagged, begun, ended = rows.fetchnumpy().values()
    place = {one: number for number, one in enumerate(who.ids)}
    whose = np.array([place.get(one, -1) for one in ids.tolist()])
    known = whose >= 0
    whose, flagged, begun = whose[known], np.asarray(flagged[known], np.bool_), np.asarray(begun[known], np.int64)
    ended = np.where(np.ma.getmaskarray(ended[known]), np.iinfo(np.int64).max, np.ma.getdata(ended[known]))
    found = []
    next_at = np.array([start_of_day(day + int(one), cut.zone) if one < cut.horizon else -1 for one in who.next_in])
    for asked in (np.full(len(who.ids), at), next_at):
        mine = flagged & (begun < asked[whose]) & (asked[whose] <= ended)
        found.append(np.isin(np.arange(len(who.ids)), whose[mine]))
    return Told(*found)


def in_hindsight(chance: Floats, gone: Flags) -> float:
    """The best balanced accuracy that any threshold on the chance gives."""
    order = np.argsort(chance, kind="stable")
    ends = np.r_[np.diff(chance[order]) > 0, True]
    caught, spared = np.cumsum(gone[order]) / gone.sum(), 1 - np.cumsum(~gone[order]) / (~gone).sum()
    return float(((caught + spared) / 2)[ends].max(initial=0.5))


def chances(shop: Shop, cut: Cut, who: People, horizon: int) -> Floats:
    """To buy within the horizon, by MBG/NBD on calendar days as known on the cut."""
    as_of = instant_of(cut.on, cut.zone)
    gathered = gather_orders(shop.timeline, shop.policy, zone=cut.zone, until=as_of)
    standing = gathered.histories.at(day_of(as_of, cut.zone))
    ids = gathered.ids.take(np.searchsorted(gathered.people, standing.customer)).to_pylist()
    found = fit(standing.x, standing.t_x, standing.age)
    chance = p_buy(standing.age - standing.t_x, standing.x, standing.t_x, horizon, *found.theta)
    by_id = dict(zip(map(str, ids), chance.tolist(), strict=True))
    return np.array([by_id[one] for one in who.ids])


@dataclass(frozen=True, slots=True)
class Column:
    """One cut and one horizon: balanced accuracy by rule. The false lapses of the cut come with its longest horizon."""

    name: str
    accuracy: dict[str, float | None]
    false: dict[str, float]
    regular: int


def columns(path: Path, cut: Cut, rules: dict[str, Rule] = RULES) -> list[Column]:
    """Both horizons of a cut."""
    who = people(path, cut)
    with opened([str(path)], timezone=cut.zone) as shop:
        suggestion = shop.suggest(instant_of(cut.on, cut.zone))
        policies = {name: Policy(rule=rule) for name, rule in rules.items()} | {SUGGESTED: suggestion.policy}
        said = {name: told(shop, policy, cut, who) for name, policy in policies.items()}
        print(f"{cut.name}, {cut.on}: {_chosen(suggestion)}", file=sys.stderr)
        regular = (who.orders >= REGULAR) & (who.next_in < cut.horizon)
        false = {name: float(one.late[regular].mean()) for name, one in said.items()}
        found = []
        for days in sorted({min(SHORT, cut.horizon), cut.horizon} if cut.horizon > SHORT + 7 else {cut.horizon}):
            gone = ~(who.next_in < days)
            accuracy = {name: balanced_accuracy(outcomes(one.flagged, gone)) for name, one in said.items()}
            accuracy[HINDSIGHT] = in_hindsight(chances(shop, cut, who, days), gone)
            found.append(Column(f"{cut.name} {cut.on[:4]}, {days} d", accuracy, false, int(regular.sum())))
    return found


def _chosen(found: Suggestion) -> str:
    if found.lacking:
        return f"suggest keeps the default ({found.lacking})"
    return f"suggest {'changes to' if found.changed else 'keeps'} {label(found.policy.rule)}"


def table(found: list[Column]) -> str:
    """Rules down, cuts across, means at the end."""
    head = ("rule", *(one.name for one in found), "mean", "false lapses")
    lines = [head, ("---",) * len(head)]
    after = [*(one.false for one in found[1:]), None]
    cuts = [one for one, others in zip(found, after, strict=True) if one.false is not others]
    for name in found[0].accuracy:
        cells = [_short(one.accuracy[name]) for one in found]
        known = [value for one in found if (value := one.accuracy[name]) is not None]
        mean = float(np.mean(known)) if known else None
        false = ", ".join(_short(one.false[name]) for one in cuts) if name in found[0].false else ""
        lines.append((name, *cells, f"**{_short(mean)}**", false))
    regular = ", ".join(f"{one.regular:,}" for one in cuts)
    rows = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([*rows, "", f"Regular customers who came back: {regular}."])


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}".removeprefix("0")


def main() -> int:
    """Print the table."""
    found: list[Column] = []
    for cut in CUTS:
        path = place_of(cut)
        if path is None:
            print(f"{cut.file} is not here: {cut.name} left out", file=sys.stderr)
            continue
        found += columns(path, cut)
    if found:
        print(table(found))
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())
