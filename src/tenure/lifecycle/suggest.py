"""Which rhythm would have suited this shop best: rules tried on its own past, and what the choice was worth afterwards.

The population is known once, lives are walked once a rule; as no rule looks ahead, the pictures of all months are read
off that one walk. They are counted in the engine beside who ordered within the shop's own horizon, so only counts leave
it. Why it is done so, and what it gives on real orders: docs/explanation/rhythm.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle.choosing import (
    DEPTHS,
    MODEL_CUSTOMERS,
    REGULAR,
    SCOPE_CUSTOMERS,
    Candidate,
    Place,
    Tallies,
    Verdict,
    adopted,
    candidates,
    label,
    verdict,
)
from tenure.lifecycle.policy import ASKING, Policy, Rule, Scope
from tenure.lifecycle.proposal import Origin, kept_text, proposal_text
from tenure.lifecycle.trace import STAGES, Trace, trace
from tenure.periods import SHIFT_US, start_of_day

if TYPE_CHECKING:
    from tenure.read import Timeline

__all__ = ["Suggestion", "suggest"]

FIRST_MONTH: Final = 3
"""Months of the file before the first origin."""
PAST: Final = 12
"""At most so many month starts are chosen on, the latest."""
UNTOUCHED: Final = 3
"""At most so many are kept for judging, and only one if fewer than ENOUGH would be left to choose on."""
SEASON_DAYS: Final = 365.0
"""What is looked ahead where a season is in force."""
ENOUGH: Final = 3

_SQL: Final = "tenure.lifecycle"
_BUCKET_US: Final = 21_600_000_000
_NEVER: Final = 9_000_000_000_000_000_000
_NOBODY: Final = Scope(category="\N{NULL}")
"""A scope that fits nobody: with one, the tracing keeps every order's category and region."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The policy to use, and what speaks for it.

    `verdicts[0]` is the whole shop; there are none if there are too few months to try anything. `lacking`: why nothing
    could be compared, or None. `text`: a few sentences, then the rules side by side.
    """

    policy: Policy
    changed: bool
    origins: tuple[Origin, ...]
    verdicts: tuple[Verdict, ...]
    lacking: str | None
    text: str

    def table(self) -> pa.Table:
        """One row per scope and rule, the rule in force first; absent is null.

        scope, category, region, rule, in_force, offered, proposed, past_balanced_accuracy, past_gain, past_gain_error,
        past_pictures, past_false_lapses, past_regulars, balanced_accuracy, precision, recall, flagged, customers,
        pictures, false_lapses, regulars, and for active, short, long, seasonal and inactive NAME_returned (share who
        ordered) and NAME_n. `past_`: the period of the choice; the rest is of the untouched one; false_lapses: of the
        `regulars` who came back the share who were flagged. See `Score` and `Verdict`.
        """
        rows = [_row(verdict, place) for verdict in self.verdicts for place in range(len(verdict.scores))]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)


_TEXT: Final = ("scope", "category", "region", "rule")
_FLAGS: Final = ("in_force", "offered", "proposed")
_COUNTS: Final = ("past_pictures", "past_regulars", "customers", "pictures", "regulars")
_COLUMNS: Final = (
    *_TEXT, *_FLAGS, "past_balanced_accuracy", "past_gain", "past_gain_error", "past_pictures", "past_false_lapses",
    "past_regulars", "balanced_accuracy", "precision", "recall", "flagged", "customers", "pictures", "false_lapses",
    "regulars",
)  # fmt: skip


def _type(name: str) -> pa.DataType:
    if name in _TEXT:
        return pa.string()
    if name in _FLAGS:
        return pa.bool_()
    return pa.int64() if name in _COUNTS else pa.float64()


_SCHEMA: Final = pa.schema(
    [(name, _type(name)) for name in _COLUMNS]
    + [column for name in DEPTHS for column in ((f"{name}_returned", pa.float64()), (f"{name}_n", pa.int64()))]
)


def _row(verdict: Verdict, place: int) -> dict[str, Any]:
    one = verdict.scores[place]
    row: dict[str, Any] = {
        "scope": verdict.name, "category": verdict.place.category, "region": verdict.place.region, "rule": one.name,
        "in_force": place == 0, "offered": one.offered, "proposed": place > 0 and place == verdict.chosen,
        "past_balanced_accuracy": one.past_accuracy,
        "past_gain": one.past_gain, "past_gain_error": one.past_error, "past_pictures": verdict.past_pictures,
        "balanced_accuracy": one.accuracy, "precision": one.precision, "recall": one.recall, "flagged": one.flagged,
        "customers": verdict.customers, "pictures": one.pictures,
        "past_false_lapses": one.past_false.share, "past_regulars": one.past_false.n,
        "false_lapses": one.false.share, "regulars": one.false.n,
    }  # fmt: skip
    for depth in one.depths:
        row |= {f"{depth.name}_returned": depth.share, f"{depth.name}_n": depth.n}
    return row


def suggest(
    timeline: Timeline, policy: Policy, *, zone: str, until: int, progress: Callable[[str], None] | None = None
) -> Suggestion:
    """Try rules and levels on the past before `until` (us UTC); propose the best where it is better by more than noise.

    Every month start from the fourth month on whose outcome is known is an origin; the outcome is whether somebody who
    ever ordered does so again within the shop's own horizon as known that day. A rule is chosen on the past origins,
    whose outcomes were known before the untouched ones begin. Scopes: the whole shop (with scopes in the policy: those
    whom none fits) and the policy's own, or if it has none each category and region of at least 200 customers.
    `progress` is called with a few words before each rule. With too little history the policy stays as it is and
    `lacking` says why. BadTime for an unknown zone.
    """
    tell = progress or _tell_nobody
    if timeline.first_at is None or until <= timeline.first_at:
        return _kept(policy, (), _too_few(()) or "")
    labelled = bool(timeline.has & {"category", "region"})
    in_force = Candidate(label(policy.rule), policy.rule, offered=False)
    tell(f"trying the rule in force ({in_force.name})")
    keeping = _keeping_labels(policy) if labelled else policy
    traced = trace(timeline, keeping, zone=zone, until=until)
    origins = _origins(traced)
    lacking = _too_few(origins)
    if lacking:
        return _kept(policy, origins, lacking)
    judged_from = min(origin.at_us for origin in origins if origin.untouched)
    tried = (in_force, *candidates(policy, models=_again(traced, judged_from) >= MODEL_CUSTOMERS))
    models = {one.rule.model for one in tried if one.rule.kind in ASKING} - {Rule().model, *policy.models}
    if models:
        tell("learning what other purchase models say")
        traced = trace(timeline, keeping, zone=zone, until=until, models=sorted(models))
    _lay_origins(timeline, origins, labelled)
    tables = [_counted(traced, keep=True)]
    for one in tried[1:]:
        tell(f"trying {one.name}")
        tables.append(_counted(_under(traced, one.rule), keep=False))
    return _judged(policy, origins, tried, tables, _words(traced) if labelled else {})


def _again(traced: Trace, before: int) -> int:
    """How many had ordered on more days than one."""
    return int(traced.engine.run(_SQL, "suggest", "again", before=before).fetchall()[0][0])


def _tell_nobody(_: str) -> None:
    """Where nobody listens."""


def _keeping_labels(policy: Policy) -> Policy:
    known = policy.scopes or policy.seasons or policy.learn
    return policy if known else replace(policy, scopes=(replace(_NOBODY, rule=policy.rule),))


def _origins(traced: Trace) -> tuple[Origin, ...]:
    """Month starts to choose on, at most PAST, then those to judge on.

    Where a season is in force less than a year cannot tell who stays away: everybody does out of season.
    """
    known = []
    least = SEASON_DAYS if traced.clocks is not None and any(one.seasonal for one in traced.clocks.clocks) else 0.0
    for place, of_shop in list(enumerate(traced.known.horizon.tolist()))[FIRST_MONTH:]:
        horizon = max(of_shop, least)
        month = np.datetime64(traced.terrain.first_month + place, "M")
        day = int(month.astype("datetime64[D]").astype(np.int64))
        ends_at = start_of_day(day + int(horizon), traced.zone)
        if ends_at <= traced.until:
            known.append(Origin(day, horizon, start_of_day(day, traced.zone), ends_at, untouched=False))
    past, kept = _parted(known, UNTOUCHED)
    if len(past) < ENOUGH:
        past, kept = _parted(known, 1)
    return tuple(past[-PAST:] + [replace(origin, untouched=True) for origin in kept])


def _parted(known: list[Origin], untouched: int) -> tuple[list[Origin], list[Origin]]:
    """Those whose outcome was known before the last `untouched` ones began, and these."""
    kept = known[-untouched:]
    return [origin for origin in known if kept and origin.ends_at <= kept[0].at_us], kept


def _under(traced: Trace, rule: Rule) -> Trace:
    """The same lives under one rule for everybody; the population behind it does not depend on rules."""
    scopes = tuple(replace(scope, rule=rule) for scope in traced.policy.scopes)
    policy = replace(traced.policy, rule=rule, scopes=scopes)
    return replace(traced, policy=policy, terrain=replace(traced.terrain, policy=policy))


def _too_few(origins: Sequence[Origin]) -> str | None:
    past = sum(not origin.untouched for origin in origins)
    if past >= ENOUGH - 1:
        return None
    return (
        f"to choose a rule, {ENOUGH - 1} month starts from the fourth month on are needed whose outcome was known "
        f"before the one it is judged on, and there {'is' if past == 1 else 'are'} {past or 'none'}"
    )


def _kept(
    policy: Policy, origins: tuple[Origin, ...], lacking: str, verdicts: tuple[Verdict, ...] = ()
) -> Suggestion:
    return Suggestion(policy, False, origins, verdicts, lacking, kept_text(policy, lacking))


def _lay_origins(timeline: Timeline, origins: Sequence[Origin], labelled: bool) -> None:
    """Make `origins`, `origin_buckets` and what no rule changes: `members`, `outcomes` and an empty `kept`."""
    engine = timeline.engine
    at = np.array([origin.at_us for origin in origins], np.int64)
    ends = np.array([origin.ends_at for origin in origins], np.int64)
    engine.put("origins", pa.table({"place": np.arange(len(at), dtype=np.int32), "at_us": at, "ends_at": ends}))
    first, last = min(timeline.first_at or 0, int(at[0])), max(timeline.last_at or 0, int(ends.max()))
    bucket = np.arange(first // _BUCKET_US, last // _BUCKET_US + 1)
    place = np.searchsorted(at, bucket * _BUCKET_US, side="right")
    engine.put("origin_buckets", pa.table({
        "bucket": bucket + SHIFT_US // _BUCKET_US, "place": place.astype(np.int32), "edge_at": np.r_[at, _NEVER][place],
    }))  # fmt: skip
    if labelled:
        engine.run(_SQL, "orders", "groups")
    engine.run(_SQL, "suggest", "grouped" if labelled else "ungrouped")
    engine.run(_SQL, "suggest", "outcomes")
    engine.run(_SQL, "suggest", "regulars", orders=REGULAR)
    engine.run(_SQL, "suggest", "no_kept")


def _counted(traced: Trace, *, keep: bool) -> pa.Table:
    """How many customers of each kind there were at each origin; `keep`: the others are compared with this rule."""
    tables = []
    for _ in _each_starts(traced):
        traced.run("suggest", "spans")
        traced.run("suggest", "standing")
        if keep:
            traced.run("suggest", "keep")
        tables.append(traced.table("suggest", "counts"))
    return pa.concat_tables(tables)


def _each_starts(traced: Trace) -> Iterator[None]:
    """Make the table `starts` of some customers after others; of all at once where lives must be put together first."""
    if traced.merged:
        traced.merge(list(traced.each_slice(traced.starts)))
        yield
        return
    for begun in traced.each_slice(traced.starts):
        traced.engine.put("starts", pa.table({"c": begun.life, "from_at": begun.from_at, "code": begun.code}))
        yield


def _words(traced: Trace) -> dict[str, list[str]]:
    """The categories and regions of the file, by their codes."""
    found = traced.table("orders", "words").to_pylist()
    return {role: [row["word"] for row in found if row["role"] == role] for role in ("category", "region")}


def _word(words: dict[str, list[str]], role: str, code: int) -> str | None:
    return words[role][code] if code >= 0 else None


class _Counts:
    """The counts of all rules, to be summed up for one scope after another."""

    def __init__(self, tables: Sequence[pa.Table], origins: int) -> None:
        self.shape = (len(tables), origins, 2, 2, 2, len(STAGES))
        every = pa.concat_tables(tables)
        column = {name: every[name].to_numpy().astype(np.int64) for name in every.column_names}
        rule = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
        self.cell = np.ravel_multi_index(
            (rule, *(column[name] for name in ("place", "back", "was_flagged", "regular", "code"))), self.shape
        )
        self.category, self.region, self.n = column["category"], column["region"], column["n"]

    def tallies(self, fits: NDArray[np.bool_]) -> Tallies:
        """Of the rows that fit."""
        n = np.bincount(self.cell[fits], self.n[fits], minlength=int(np.prod(self.shape)))
        every = n.astype(np.int64).reshape(self.shape)
        return Tallies(every.sum(axis=4), every[:, :, 1, :, 1].sum(axis=2))

    def of(self, *, category: int | None = None, region: int | None = None) -> NDArray[np.bool_]:
        """Which rows are of customers of a category or a region."""
        return np.asarray(self.category == category if region is None else self.region == region)

    def under(self, policy: Policy, words: dict[str, list[str]], number: int) -> NDArray[np.bool_]:
        """Which rows are of customers under the policy's scope of that number, 0 for none."""
        if not policy.scopes:
            return np.full(len(self.cell), number == 0)
        pairs, which = np.unique(np.stack([self.category, self.region]), axis=1, return_inverse=True)
        found = [
            policy.scope_for(_word(words, "category", category), _word(words, "region", region)) == number
            for category, region in pairs.T.tolist()
        ]
        return np.array(found, dtype=bool)[which.ravel()]

    def customers(self, fits: NDArray[np.bool_], origin: int) -> int:
        """How many stood at an origin under the rule in force."""
        rule, place = np.unravel_index(self.cell, self.shape)[:2]
        return int(self.n[fits & (rule == 0) & (place == origin)].sum())


def _judged(
    policy: Policy, origins: tuple[Origin, ...], tried: Sequence[Candidate], tables: Sequence[pa.Table],
    words: dict[str, list[str]],
) -> Suggestion:
    counts = _Counts(tables, len(origins))
    past = [place for place, origin in enumerate(origins) if not origin.untouched]
    untouched = list(range(len(past), len(origins)))
    shop = verdict(
        Place(0, None, None, policy.rule), counts.tallies(counts.under(policy, words, 0)), tried, past, untouched, None
    )
    if shop.lacking:
        return _kept(policy, origins, shop.lacking, (shop,))
    verdicts = [shop]
    for place, fits in _places(policy, counts, words, untouched[-1]):
        verdicts.append(verdict(place, counts.tallies(fits), tried, past, untouched, shop))
    new = adopted(policy, tried, verdicts)
    text = proposal_text(verdicts, origins, len(tried))
    return Suggestion(new, new != policy, origins, tuple(verdicts), None, text)


def _places(
    policy: Policy, counts: _Counts, words: dict[str, list[str]], last: int
) -> Iterator[tuple[Place, NDArray[np.bool_]]]:
    """The policy's scopes; without any, each category and region that holds enough customers, not all."""
    for number, scope in enumerate(policy.scopes, start=1):
        yield Place(number, scope.category, scope.region, scope.rule), counts.under(policy, words, number)
    if policy.scopes:
        return
    everybody = counts.customers(counts.under(policy, words, 0), last)
    for role in ("category", "region"):
        for code, word in enumerate(words.get(role, ())):
            fits = counts.of(**{role: code})
            if SCOPE_CUSTOMERS <= counts.customers(fits, last) < everybody:
                yield Place(None, **({"category": None, "region": None} | {role: word}), in_force=policy.rule), fits
