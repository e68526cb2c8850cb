"""Which rule would have been right how often, and whether another is worth a change: all of `suggest` but the counting.

Two periods are kept apart. A rule is chosen on the *past* origins; the *untouched* ones come after the last of their
outcomes was known, and only show what the choice was worth. docs/explanation/rhythm.md has reasons and figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.policy import ASKING, Policy, Rule, Scope
from tenure.measure.judge import (
    Changes,
    Outcomes,
    balanced_accuracy,
    gain,
    mean,
    precision,
    recall,
    share_flagged,
)

__all__ = [
    "DEPTHS", "MODEL_CUSTOMERS", "REGULAR", "SCOPE_CUSTOMERS", "Candidate", "Depth", "FalseLapses", "Place", "Score",
    "Tallies", "Verdict", "adopted", "candidates", "label", "verdict",
]

GAIN: Final = 0.01
"""A smaller difference of balanced accuracy is noise."""
ERRORS: Final = 2.0
"""And so is one below this many standard errors of its own."""
FEWEST_CUSTOMERS: Final = 50
SCOPE_CUSTOMERS: Final = 200
"""Fewer are too few for a rule of their own. The whole shop, and a scope that the policy has, need FEWEST_CUSTOMERS."""
MODEL_CUSTOMERS: Final = 500
"""Other purchase models are tried where so many ordered again: fewer do not tell the models apart, and the fits take
long to find that out."""
REGULAR: Final = 4
"""Order days from which a customer counts as regular."""
DEARER: Final = 0.05
"""A rule is not proposed that calls a greater share more of the regular customers who came back lapsed."""
DEPTHS: Final = ("active", "short", "long", "seasonal", "inactive")

_DEPTH_OF: Final = (0, 0, 0, 0, 1, 2, 3, 4, 4)  # by the code of a stage
_USUAL_GAP: Final = (0.5, 0.62, 0.7)  # about 1, 1.5 and 2 usual gaps, said as quantiles
_RULES: Final = (
    Rule(),
    Rule(first_floor=0.6),
    Rule(first_floor=0.7),
    Rule(odds=(0.7, 0.3, 0.1)),
    Rule(odds=(1.5, 0.6, 0.2)),
    Rule(floors=_USUAL_GAP),
    Rule(model="bg_nbd"),
    Rule(model="pareto_nbd"),
    Rule(model="mbg_cnbd_k"),
    Rule(kind="quantile", quantiles=(0.8, 0.9, 0.95)),
    Rule(kind="quantile", quantiles=(0.9, 0.95, 0.99)),
    Rule(kind="quantile", quantiles=(0.95, 0.99, 0.999)),
    Rule(kind="window", days=(30, 60, 120)),
    Rule(kind="window", days=(60, 120, 240)),
    Rule(kind="window", days=(90, 180, 365)),
    Rule(kind="window", days=(180, 365, 730)),
    Rule(kind="window", days=(365, 730, 1095)),
    Rule(kind="chance"),
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that is tried. `offered`: whether it may be proposed; the chance alone only shows what the floors cost."""

    name: str
    rule: Rule
    offered: bool


@dataclass(frozen=True, slots=True)
class Depth:
    """Those at one depth of silence: how many, and how many of them ordered in time."""

    name: str
    n: int
    back: int

    @property
    def share(self) -> float | None:
        """The share who ordered; None of nobody."""
        return self.back / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class FalseLapses:
    """Regular customers who came back, over several origins: how many pictures, and how many of these were flagged."""

    n: int
    flagged: int

    @property
    def share(self) -> float | None:
        """The share who were flagged; None of nobody."""
        return self.flagged / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Score:
    """One rule in one scope. Figures are means over origins, each weighing the same; None where one cannot be said.

    past_accuracy: balanced accuracy on the past origins; past_gain, past_error: against the rule in force, and the
    standard error of that, as if every origin said the same again. The rest is of the untouched origins: accuracy
    (balanced), precision, recall and flagged (shares), pictures (customers x origins), depths (over all pictures).
    past_false, false: the false lapses of regular customers over all pictures of either period.
    """

    name: str
    kind: str
    offered: bool
    past_accuracy: float | None
    past_gain: float | None
    past_error: float | None
    accuracy: float | None
    precision: float | None
    recall: float | None
    flagged: float | None
    pictures: int
    depths: tuple[Depth, ...]
    past_false: FalseLapses
    false: FalseLapses

    @property
    def ahead(self) -> bool:
        """Whether the rule may be proposed instead of the one in force: offered, and its past gain more than noise."""
        if not self.offered or self.past_gain is None or self.past_error is None:
            return False
        return self.past_gain > max(GAIN, ERRORS * self.past_error)

    def dearer(self, in_force: Score) -> bool:
        """Whether it buys its accuracy with regular customers: more of those who came back were flagged. Not to be said
        of a few."""
        mine, theirs = self.past_false.share, in_force.past_false.share
        if mine is None or theirs is None or self.past_false.n < FEWEST_CUSTOMERS:
            return False
        return mine > theirs + DEARER


@dataclass(frozen=True, slots=True)
class Place:
    """Whom a verdict is about. `number`: 0 the whole shop, i `policy.scopes[i - 1]`, None a group without a scope."""

    number: int | None
    category: str | None
    region: str | None
    in_force: Rule


@dataclass(frozen=True, slots=True)
class Verdict:
    """All rules in one place. `scores[0]` is the rule in force, `chosen` the place of the one to apply, 0 to keep it.

    `customers`: at the last untouched origin. `past_pictures`: customers x past origins. `lacking`: why no rule can be
    chosen here, or None.
    """

    place: Place
    customers: int
    past_pictures: int
    scores: tuple[Score, ...]
    chosen: int
    lacking: str | None

    @property
    def name(self) -> str:
        """The scope in words."""
        named = (("category", self.place.category), ("region", self.place.region))
        return ", ".join(f"{role} {word}" for role, word in named if word is not None) or "whole shop"


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counts of one place: [rule, origin, 0 gone or 1 back, 0 clear or 1 flagged by the rule in force, stage].

    regulars: [rule, origin, stage] of the regular customers who came back.
    """

    counts: Ints
    regulars: Ints

    def false_lapses(self, rule: int, origins: Sequence[int]) -> FalseLapses:
        """Of regular customers, over all these origins."""
        by_code = self.regulars[rule, list(origins)].sum(axis=0)
        return FalseLapses(int(by_code.sum()), int(by_code[4:].sum()))

    def outcomes(self, rule: int, origin: int) -> Outcomes:
        """What a rule said of everybody at an origin against what turned out."""
        by_code = self.counts[rule, origin].sum(axis=1)
        flagged, clear = by_code[:, 4:].sum(axis=1), by_code[:, :4].sum(axis=1)
        return Outcomes(int(flagged[0]), int(flagged[1]), int(clear[0]), int(clear[1]))

    def changes(self, rule: int, origin: int) -> Changes:
        """A rule beside the one in force, on the same people."""
        here = self.counts[rule, origin]
        only_new, only_old = here[:, 0, 4:].sum(axis=1), here[:, 1, :4].sum(axis=1)
        people = here.sum(axis=(1, 2))
        gone, back = ((int(people[i]), int(only_new[i]), int(only_old[i])) for i in (0, 1))
        return Changes(*gone, *back)

    def customers(self, origin: int) -> int:
        """Everybody in the scope at an origin."""
        return int(self.counts[0, origin].sum())

    def mixed(self, origin: int) -> bool:
        """Whether some went and some came back, without which no rule can be judged."""
        return bool((self.counts[0, origin].sum(axis=(1, 2)) > 0).all())

    def depths(self, rule: int, origins: Sequence[int]) -> tuple[Depth, ...]:
        """Who was how deep in silence, over all these origins, and how many of them came back."""
        by_code = self.counts[rule, list(origins)].sum(axis=(0, 2))
        out = []
        for depth, name in enumerate(DEPTHS):
            mine = [code for code, at in enumerate(_DEPTH_OF) if at == depth]
            gone, back = (int(by_code[outcome, mine].sum()) for outcome in (0, 1))
            out.append(Depth(name, gone + back, back))
        return tuple(out)


def candidates(policy: Policy, *, models: bool) -> tuple[Candidate, ...]:
    """The rules to try besides the one in force, each once; `models`: with other purchase models too."""
    in_force = policy.rule if not policy.scopes else None
    return tuple(
        Candidate(label(rule), rule, rule.kind != "chance")
        for rule in _RULES
        if not _alike(rule, in_force) and (models or rule.model == Rule().model)
    )


def _alike(rule: Rule, other: Rule | None) -> bool:
    """Whether they say the same of everybody: a model counts only where the chance does."""
    if other is not None and other.kind not in ASKING:
        other = replace(other, model=rule.model)
    return rule == other


def label(rule: Rule) -> str:
    """A rule in a few words: its kind, and what of it differs from the default."""
    match rule.kind:
        case "window":
            return f"{rule.days[0]:g} days"
        case "quantile":
            return f"{rule.quantiles[0]:.4g} of gaps"
        case "chance":
            return ", ".join(["chance alone", *_by(rule)])
    said = _by(rule)
    if rule.odds != Rule().odds:
        said.append(f"odds from {rule.odds[0]:g}")
    if rule.first_floor != Rule().first_floor:
        said.append(f"first floor {rule.first_floor:g}")
    if rule.floors != Rule().floors:
        said.append("usual-gap floors" if rule.floors == _USUAL_GAP else f"floors from {rule.floors[0]:g}")
    usual = Rule()
    alike = replace(rule, model=usual.model, odds=usual.odds, first_floor=usual.first_floor, floors=usual.floors)
    differs = alike != usual
    return ", ".join(["rhythm", *said, *(["own levels"] if differs else [])])


def _by(rule: Rule) -> list[str]:
    """The purchase model, where it is not the usual one."""
    return [] if rule.model == Rule().model else [f"by {rule.model}"]


def verdict(
    place: Place, tallies: Tallies, tried: Sequence[Candidate], past: Sequence[int], untouched: Sequence[int],
    shop: Verdict | None,
) -> Verdict:
    """What is to apply in one place. `tried[0]` is the rule in force; `shop`: the verdict on the whole shop, None to
    make that one. `past`, `untouched`: places of the origins."""
    scores = tuple(_score(tallies, rule, one, past, untouched) for rule, one in enumerate(tried))
    scores = (replace(scores[0], name=label(place.in_force)), *scores[1:])
    customers = tallies.customers(untouched[-1])
    lacking = _lacking(place, customers, scores[0])
    best = 0 if lacking else _best(scores)
    if place.number is None and shop is not None and shop.chosen:
        best = _against_shop(scores, best, shop.chosen, bool(lacking))
    return Verdict(place, customers, sum(tallies.customers(origin) for origin in past), scores, best, lacking)


def _best(scores: Sequence[Score]) -> int:
    """The first rule in the order of trying that is within noise of the best, so rules that know each customer's rhythm
    go before fixed days; 0, the rule in force, if none is ahead of it, or all of these buy it with regular customers
    (what is left then is no better a bargain, only a lesser one)."""
    ahead = {rule: one.past_accuracy or 0.0 for rule, one in enumerate(scores) if one.ahead}
    near = [rule for rule, accuracy in ahead.items() if accuracy >= max(ahead.values()) - GAIN]
    return next((rule for rule in near if not scores[rule].dearer(scores[0])), 0)


def _lacking(place: Place, customers: int, in_force: Score) -> str | None:
    needed = SCOPE_CUSTOMERS if place.number is None else FEWEST_CUSTOMERS
    if customers < needed:
        return f"{needed} customers are needed, and there are {customers}"
    if in_force.past_accuracy is None or in_force.accuracy is None:
        return "at no month start did some come back and others stay away"
    return None


def _against_shop(scores: Sequence[Score], best: int, shop: int, lacking: bool) -> int:
    """What applies in a group if the whole shop changes: its own best, the shop's, or the old rule if better."""
    new = scores[shop]
    if lacking or new.past_accuracy is None or new.past_gain is None or new.past_error is None:
        return shop
    if (scores[best].past_accuracy or 0.0) > new.past_accuracy + GAIN and best:
        return best
    return 0 if -new.past_gain > max(GAIN, ERRORS * new.past_error) else shop


def adopted(policy: Policy, tried: Sequence[Candidate], verdicts: Sequence[Verdict]) -> Policy:
    """The policy with every chosen rule; a group gets a scope only where it is to differ from the whole shop."""
    rules = [tried[one.chosen].rule if one.chosen else one.place.in_force for one in verdicts]
    scopes, new = list(policy.scopes), []
    for one, rule in zip(verdicts, rules, strict=True):
        if one.place.number is None and rule != rules[0]:
            new.append(Scope(category=one.place.category, region=one.place.region, rule=rule))
        elif one.place.number:
            scopes[one.place.number - 1] = replace(scopes[one.place.number - 1], rule=rule)
    return replace(policy, rule=rules[0], scopes=(*scopes, *new))


def _score(tallies: Tallies, rule: int, tried: Candidate, past: Sequence[int], untouched: Sequence[int]) -> Score:
    """One rule's figures on the origins of both periods at which there were both outcomes."""
    then = [origin for origin in past if tallies.mixed(origin)]
    now = [tallies.outcomes(rule, origin) for origin in untouched if tallies.mixed(origin)]
    gains = [gain(tallies.changes(rule, origin)) for origin in then]
    return Score(
        name=tried.name,
        kind=tried.rule.kind,
        offered=tried.offered,
        past_accuracy=mean(balanced_accuracy(tallies.outcomes(rule, origin)) for origin in then),
        past_gain=mean(each[0] for each in gains if each),
        past_error=mean(each[1] for each in gains if each),
        accuracy=mean(balanced_accuracy(each) for each in now),
        precision=mean(precision(each) for each in now),
        recall=mean(recall(each) for each in now),
        flagged=mean(share_flagged(each) for each in now),
        pictures=sum(tallies.customers(origin) for origin in untouched),
        depths=tallies.depths(rule, untouched),
        past_false=tallies.false_lapses(rule, past),
        false=tallies.false_lapses(rule, untouched),
    )
