"""Which rhythm would have suited this shop best: rules tried on its own past, and what the choice was worth afterwards.

Every rule is one tracing of all lives; as no rule looks ahead, the pictures of all months are read off it. The pictures are counted
in the engine beside who ordered within the shop's own horizon, so only counts leave it. docs/explanation/rhythm.md says why it is done so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.lifecycle.choosing import DEPTHS, Candidate, Score, Tallies, Verdict, candidates, label, score
from tenure.lifecycle.policy import Policy, Rule, Scope
from tenure.lifecycle.trace import STAGES, Trace, trace
from tenure.periods import date_of, start_of_day

if TYPE_CHECKING:
    from tenure.read import Timeline

__all__ = ["Origin", "Suggestion", "suggest"]

FIRST_MONTH: Final = 3
"""Months of the file before the first origin."""
PAST: Final = 12
"""At most so many month starts are chosen on, the latest."""
UNTOUCHED: Final = 3
"""At most so many are kept for judging, and only one if fewer than ENOUGH would be left to choose on."""
ENOUGH: Final = 3
FEWEST_CUSTOMERS: Final = 50
SCOPE_CUSTOMERS: Final = 200

_SQL: Final = "tenure.lifecycle"
_BUCKET_US: Final = 21_600_000_000
_BUCKETS_BEFORE_1970: Final = 400_000_000  # as in the SQL: instants are shifted so that dividing rounds down
_NEVER: Final = 9_000_000_000_000_000_000
_NOBODY: Final = Scope(category="\N{NULL}")
"""A scope that fits nobody: with one, the tracing keeps every order's category and region."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Origin:
    """A month start whose outcome is known: its day, the shop's horizon then, and the two instants between which an order counts.

    `untouched`: whether it is kept for judging.
    """

    day: int
    horizon_days: float
    at_us: int
    ends_at: int
    untouched: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The policy to use, and what speaks for it. `verdicts[0]` is the whole shop; empty if too little is known to try anything."""

    policy: Policy
    changed: bool
    origins: tuple[Origin, ...]
    verdicts: tuple[Verdict, ...]
    lacking: str | None
    text: str

    def table(self) -> pa.Table:
        """One row per scope and rule, the rule in force first; absent is null.

        scope, category, region, rule, in_force, offered, proposed, past_balanced_accuracy, past_gain, past_gain_error, past_pictures,
        balanced_accuracy, precision, recall, flagged, customers, pictures, and for active, short, long, seasonal and inactive NAME_returned
        (share who ordered) and NAME_n. `past_` is the period of the choice, the rest the untouched one; see `Score` and `Verdict`.
        """
        rows = [_row(verdict, place) for verdict in self.verdicts for place in range(len(verdict.scores))]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)


_TEXT: Final = ("scope", "category", "region", "rule")
_FLAGS: Final = ("in_force", "offered", "proposed")
_COUNTS: Final = ("past_pictures", "customers", "pictures")
_COLUMNS: Final = (
    *_TEXT, *_FLAGS, "past_balanced_accuracy", "past_gain", "past_gain_error", "past_pictures", "balanced_accuracy", "precision",
    "recall", "flagged", "customers", "pictures",
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
        "scope": verdict.name, "category": verdict.category, "region": verdict.region, "rule": one.name, "in_force": place == 0,
        "offered": one.offered, "proposed": place > 0 and place == verdict.chosen, "past_balanced_accuracy": one.past_accuracy,
        "past_gain": one.past_gain, "past_gain_error": one.past_error, "past_pictures": verdict.past_pictures,
        "balanced_accuracy": one.accuracy, "precision": one.precision, "recall": one.recall, "flagged": one.flagged,
        "customers": verdict.customers, "pictures": one.pictures,
    }  # fmt: skip
    for depth in one.depths:
        row |= {f"{depth.name}_returned": depth.share, f"{depth.name}_n": depth.n}
    return row


def suggest(
    timeline: Timeline, policy: Policy, *, zone: str, until: int, progress: Callable[[str], None] | None = None
) -> Suggestion:
    """Try rules and levels on the past before `until` (us UTC) and propose the best, where it is better by more than noise.

    Every month start from the fourth month on whose outcome is known is an origin; the outcome is whether somebody who ever ordered
    does so again within the shop's own horizon as known that day. A rule is chosen on the past origins whose outcome was known
    before the untouched ones begin. Scopes: the whole shop (with scopes in the policy, those whom none fits), the policy's own, and each
    category and region of at least 200 customers. `progress` is called with a few words before each rule. With too little
    history the policy stays as it is and `lacking` says why. BadTime for an unknown zone.
    """
    tell = progress or _tell_nobody
    labelled = bool(timeline.has & {"category", "region"})
    in_force = Candidate(label(policy.rule), policy.rule, offered=False)
    tell(f"trying the rule in force ({in_force.name})")
    traced = trace(timeline, _keeping_labels(policy) if labelled else policy, zone=zone, until=until)
    origins = _origins(traced)
    lacking = _too_few(origins)
    if lacking:
        return _kept(policy, origins, lacking)
    _lay_origins(timeline, origins, labelled)
    tried = (in_force, *candidates(policy))
    tables = [_counted(traced, keep=True)]
    for one in tried[1:]:
        tell(f"trying {one.name}")
        rule_alone = replace(policy, rule=one.rule, scopes=())
        tables.append(_counted(trace(timeline, rule_alone, zone=zone, until=until), keep=False))
    return _judged(policy, origins, tried, tables, _words(traced) if labelled else {})


def _tell_nobody(_: str) -> None:
    """Where nobody listens."""


def _keeping_labels(policy: Policy) -> Policy:
    return policy if policy.scopes else replace(policy, scopes=(replace(_NOBODY, rule=policy.rule),))


def _origins(traced: Trace) -> tuple[Origin, ...]:
    """Those to choose on, at most PAST, then those to judge on; all whose outcome is known if that is too few to do either."""
    known = []
    snapshots = traced.table("dues", "all_snapshots")
    months, horizons = snapshots["month"].to_pylist(), snapshots["horizon"].to_pylist()
    for month, horizon in list(zip(months, horizons, strict=True))[FIRST_MONTH:]:
        day = int(np.datetime64(month, "M").astype("datetime64[D]").astype(np.int64))
        ends_at = start_of_day(day + int(horizon), traced.zone)
        if ends_at <= traced.until:
            known.append(Origin(day, horizon, start_of_day(day, traced.zone), ends_at, False))
    for untouched in (UNTOUCHED, 1):
        kept = [replace(origin, untouched=True) for origin in known[-untouched:]]
        past = [origin for origin in known if kept and origin.ends_at <= kept[0].at_us]
        if len(past) >= ENOUGH:
            break
    return tuple(past[-PAST:] + kept)


def _too_few(origins: Sequence[Origin]) -> str | None:
    past = sum(not origin.untouched for origin in origins)
    if past >= ENOUGH - 1:
        return None
    return (
        f"to choose a rule, {ENOUGH - 1} month starts from the fourth month on are needed whose outcome was known before the one it is "
        f"judged on, and there {'is' if past == 1 else 'are'} {past or 'none'}"
    )


def _kept(policy: Policy, origins: tuple[Origin, ...], lacking: str, verdicts: tuple[Verdict, ...] = ()) -> Suggestion:
    text = (
        f"Too little history to compare rules: {lacking}.\nThe policy stays as it is: {label(policy.rule)}. "
        "Its numbers come from the shop's orders as far as they go, and from standard values for the rest."
    )
    return Suggestion(policy, False, origins, verdicts, lacking, text)


def _lay_origins(timeline: Timeline, origins: Sequence[Origin], labelled: bool) -> None:
    """Make `origins`, `origin_buckets` and what does not depend on a rule: `members`, `outcomes` and an empty `kept`."""
    engine = timeline.engine
    at = np.array([origin.at_us for origin in origins], np.int64)
    ends = np.array([origin.ends_at for origin in origins], np.int64)
    engine.put("origins", pa.table({"place": np.arange(len(at), dtype=np.int32), "at_us": at, "ends_at": ends}))
    first, last = min(timeline.first_at or 0, int(at[0])), max(timeline.last_at or 0, int(ends.max()))
    bucket = np.arange(first // _BUCKET_US, last // _BUCKET_US + 1)
    place = np.searchsorted(at, bucket * _BUCKET_US, side="right")
    engine.put("origin_buckets", pa.table({
        "bucket": bucket + _BUCKETS_BEFORE_1970, "place": place.astype(np.int32), "edge_at": np.r_[at, _NEVER][place],
    }))  # fmt: skip
    if labelled:
        engine.run(_SQL, "orders", "groups")
    engine.run(_SQL, "suggest", "grouped" if labelled else "ungrouped")
    engine.run(_SQL, "suggest", "outcomes")
    engine.run(_SQL, "suggest", "no_kept")


def _counted(traced: Trace, *, keep: bool) -> pa.Table:
    """How many customers there were of each kind at each origin; `keep`: this is the rule that the others are compared with."""
    tables = []
    for _ in traced.each_slice():
        traced.run("suggest", "spans")
        traced.run("suggest", "standing")
        if keep:
            traced.run("suggest", "keep")
        tables.append(traced.table("suggest", "counts"))
    return pa.concat_tables(tables)


def _words(traced: Trace) -> dict[str, list[str]]:
    """The categories and regions of the file, by their codes."""
    found = traced.table("orders", "words").to_pylist()
    return {role: [row["word"] for row in found if row["role"] == role] for role in ("category", "region")}


class _Counts:
    """The counts of all rules, to be summed up for one scope after another."""

    def __init__(self, tables: Sequence[pa.Table], origins: int) -> None:
        self.shape = (len(tables), origins, 2, 2, len(STAGES))
        every = pa.concat_tables(tables)
        column = {name: every[name].to_numpy().astype(np.int64) for name in every.column_names}
        rule = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
        self.cell = np.ravel_multi_index(
            (rule, column["place"], column["back"], column["was_flagged"], column["code"]), self.shape
        )
        self.category, self.region, self.n = column["category"], column["region"], column["n"]

    def tallies(self, fits: NDArray[np.bool_]) -> Tallies:
        """Of the rows that fit."""
        n = np.bincount(self.cell[fits], self.n[fits], minlength=int(np.prod(self.shape)))
        return Tallies(n.astype(np.int64).reshape(self.shape))

    def of(self, category: int | None, region: int | None) -> NDArray[np.bool_]:
        """Rows of customers of a category, a region, both or (neither given) all."""
        fits = np.ones(len(self.cell), dtype=bool)
        for codes, wanted in ((self.category, category), (self.region, region)):
            if wanted is not None:
                fits &= codes == wanted
        return fits
