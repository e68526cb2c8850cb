"""What `suggest` says: a few sentences, then the rules side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tenure.lifecycle.choosing import Score, Verdict, label
from tenure.lifecycle.policy import Policy
from tenure.lifecycle.words import MONTHS
from tenure.periods import date_of

__all__ = ["Origin", "kept_text", "proposal_text"]

_HEADER: Final = (
    "rule", "past", "gain", "accuracy", "precision", "recall", "flagged", "false",
    "active", "short", "long", "seasonal", "inactive",
)  # fmt: skip
_LEGEND: Final = (
    "past: balanced accuracy where the rule was chosen (.500 is chance); gain: its lead over the rule in force there,",
    "+- one standard error. The rest is of the untouched month starts: balanced accuracy, precision and recall of the",
    "flag, the share flagged, of regular customers (four orders) who came back the share flagged all the same (n), and",
    "of the customers at each stage the share who ordered in time (n); n: customers x month starts.",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A month start whose outcome is known: its day, the shop's horizon then, and the instants between which an order
    counts as coming back. `untouched`: whether it is kept for judging.
    """

    day: int
    horizon_days: float
    at_us: int
    ends_at: int
    untouched: bool


def kept_text(policy: Policy, lacking: str) -> str:
    """Why nothing is proposed, and what is used."""
    return (
        f"Too little history to compare rules: {lacking}.\nThe policy stays as it is: {label(policy.rule)}. "
        "Its numbers come from the shop's orders as far as they go, and from standard values for the rest.\n"
    )


def proposal_text(verdicts: Sequence[Verdict], origins: Sequence[Origin], rules: int) -> str:
    """What was tried on whom, what is proposed for each scope, and the rules of the whole shop side by side."""
    past = [origin for origin in origins if not origin.untouched]
    untouched = [origin for origin in origins if origin.untouched]
    shop = verdicts[0]
    sentences = [
        _asked(shop, rules, past),
        _counted_on(shop, untouched),
        *(_said(one, shop) for one in verdicts),
    ]
    return "\n".join([*sentences, "", *_side_by_side(shop), "", *_LEGEND]) + "\n"


def _asked(shop: Verdict, rules: int, past: Sequence[Origin]) -> str:
    return (
        f"{rules} rules said who was lapsed or inactive on {_months(past)} (n = {shop.past_pictures:,}, customers x "
        f"month starts). Right was to flag whoever then did not order within {_days(past)}."
    )


def _counted_on(shop: Verdict, untouched: Sequence[Origin]) -> str:
    return (
        f"What the choice was worth is shown on {_months(untouched)}, which had no part in it "
        f"(n = {shop.scores[0].pictures:,}; {shop.customers:,} customers; {_days(untouched)})."
    )


def _months(origins: Sequence[Origin]) -> str:
    first, last = _month(origins[0].day), _month(origins[-1].day)
    return f"1 {first}" if len(origins) == 1 else f"{len(origins)} month starts, 1 {first} to 1 {last}"


def _month(day: int) -> str:
    on = date_of(day)
    return f"{MONTHS[on.month - 1]} {on.year}"


def _days(origins: Sequence[Origin]) -> str:
    horizons = sorted({origin.horizon_days for origin in origins})
    return f"the shop's own {' or '.join(f'{days:g}' for days in horizons)} days"


def _said(one: Verdict, shop: Verdict) -> str:
    """One sentence on a scope."""
    name = one.name[0].upper() + one.name[1:]
    kept, chosen = one.scores[0], one.scores[one.chosen]
    if one.lacking:
        return f"{name}: too little to choose on ({one.lacking}); used instead, as before: {chosen.name}."
    if one.place.number is None and shop.chosen and one.chosen == shop.chosen:
        return f"{name}: as the whole shop, {chosen.name} ({_figures(kept, chosen)})."
    if one.chosen:
        change = f"{name}: change from {kept.name} to {chosen.name}. "
        return f"{change}{_figures(kept, chosen)}{_held(kept, chosen)}.{_fixed(chosen)}"
    if one.place.number is None and shop.chosen:
        return f"{name}: keep {kept.name}, which {shop.scores[shop.chosen].name} does not match here."
    others = [score for score in one.scores if score.offered and score.past_gain is not None]
    if turned_away := [score for score in others if score.ahead]:
        best = max(turned_away, key=lambda score: score.past_accuracy or 0.0)
        return (
            f"{name}: keep {kept.name}. The best on the past, {best.name} ({_gain(best)}), called "
            f"{_share(best.past_false.share)} of the regular customers who came back lapsed, {kept.name} "
            f"{_share(kept.past_false.share)} (n = {best.past_false.n:,}, customers x month starts): whether it is "
            "worth that is for you to say."
        )
    best = max(others, key=lambda score: score.past_gain or 0.0)
    return (
        f"{name}: keep {kept.name}; no other rule was better by more than .01 and twice its standard error "
        f"(the nearest, {best.name}: {_gain(best)})."
    )


def _figures(kept: Score, chosen: Score) -> str:
    return (
        f"Balanced accuracy {_share(kept.past_accuracy)} to {_share(chosen.past_accuracy)} on the past, "
        f"{_share(kept.accuracy)} to {_share(chosen.accuracy)} on the untouched month starts"
    )


def _held(kept: Score, chosen: Score) -> str:
    if kept.accuracy is None or chosen.accuracy is None or chosen.accuracy > kept.accuracy:
        return ""
    return ", where it did not hold up: wait for more history, or take it as a matter of taste"


def _fixed(chosen: Score) -> str:
    if chosen.kind != "window":
        return ""
    return " It is one limit for everybody: who buys more seldom than that is called lapsed before every order."


def _side_by_side(shop: Verdict) -> list[str]:
    """Columns of equal width; the rule in force and the chosen one are marked. No column for a stage of nobody."""
    rows = [_HEADER, *(_cells(shop, place) for place in range(len(shop.scores)))]
    shown = [i for i in range(len(_HEADER)) if i < 7 or any(row[i] != "-" for row in rows[1:])]
    widths = [max(len(row[i]) for row in rows) for i in shown]
    lines = []
    for row in rows:
        cells = [row[i].ljust(width) if i == 0 else row[i].rjust(width) for i, width in zip(shown, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cells(shop: Verdict, place: int) -> tuple[str, ...]:
    one = shop.scores[place]
    marks = ["in force"] * (place == 0) + ["proposed"] * (place == shop.chosen != 0)
    marks += ["not offered"] * (place > 0 and not one.offered)
    name = f"{one.name} ({', '.join(marks)})" if marks else one.name
    figures = (one.accuracy, one.precision, one.recall, one.flagged)
    shares = [(one.false.share, one.false.n), *((depth.share, depth.n) for depth in one.depths)]
    counted = (f"{_share(share)} ({n:,})" if n else "-" for share, n in shares)
    return (name, _share(one.past_accuracy), "" if place == 0 else _gain(one), *map(_share, figures), *counted)


def _gain(one: Score) -> str:
    if one.past_gain is None or one.past_error is None:
        return "-"
    # adding 0 turns -0.000 into 0.000
    return f"{round(one.past_gain, 3) + 0.0:+.3f} +- {one.past_error:.3f}".replace("0.", ".")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}".removeprefix("0")
