"""Writes the pages of this folder that are made from the code: events.md and sentences.md. A test holds them to it.

python docs/reference/make.py
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tenure.events import KINDS, SYNONYMS
from tenure.lifecycle.words import KINDS as RULES
from tenure.lifecycle.words import SHARED, SLOTS, STANCES, STATES, sentences

HERE = Path(__file__).resolve().parent

EVENTS = """# Kinds of events

Made from `tenure.events` by `docs/reference/make.py`. What each kind does to stages is in [rules.md](rules.md),
sections 2, 3 and 8.

A file says the kind of a row in its type column (`--type NAME` where the name does not tell). A row without one is
`order.placed`. The kind may be written as below or as one of the other names, in any case; a row of any other kind is
rejected with its line, never guessed at.
"""

SENTENCES = """# Sentences

Made from `tenure.lifecycle.words` by `docs/reference/make.py`. A picture has one such sentence for every customer, in
the column `because`.

## Slots

| slot | what stands there |
|---|---|
"""

MEANINGS = {
    "silent": "whole days (`1 day`, `62 days`) since the last occasion, up to the last day known",
    "within": "days, written likewise, rounded up: the gap, floor, cap or limit that the stage was judged by; on time,"
    " the next one",
    "due": "the day on which short-lapsed begins",
    "horizon": "days ahead for which the chance is meant",
    "chance": "the chance to order within them, in per cent",
    "bar": "what the chance is held against: the shop's average (in per cent, of the snapshot at the start of the month"
    " of the last occasion, with its n), or a mark in the policy's odds to it",
    "floor": "the share of gaps that the policy's floor or quantile stands for: nine of ten, 19 of 20, 99 of 100",
    "cap": "the share of gaps that the policy's cap stands for",
    "n": "how many customers it was taken from",
}
ABOUT = {
    "rhythm": "the default: gaps and chance together, with a cap",
    "quantile": "one's own gaps alone",
    "chance": "the chance alone",
    "window": "fixed days",
}
OCCASIONS = ("first", "second", "later", "first or second and something else since")
STANCE_NAMES = {
    "prospect": "never bought, or no order counts any more",
    "left": "left explicitly",
    "asked": "refused contact",
    "erased": "asked to be forgotten",
    "alone": "inactive by silence and not to be contacted: said after the rhythm's sentence",
}


def events_page() -> str:
    """The text of events.md."""
    rows = []
    for kind, meaning in KINDS.items():
        others = ", ".join(word for word, meant in SYNONYMS.items() if meant == kind)
        rows.append((f"`{kind}`", meaning, others))
    return EVENTS + "\n" + _table(("kind", "the customer, or what happened", "also written"), rows)


def sentences_page() -> str:
    """The text of sentences.md."""
    slots = sorted((*SLOTS, *SHARED), key=list(MEANINGS).index)
    parts = [SENTENCES + "".join(f"| `{slot}` | {MEANINGS[slot]} |\n" for slot in slots)]
    head = ("after the", "who is", "because of", "sentence", "with too little history it ends")
    for number, name in enumerate(RULES):
        parts.append(f"\n## Kind `{name}`: {ABOUT[name]}\n\n" + _table(head, _rows(number)))
    rows = [(STANCE_NAMES[said], _stance(*words)) for said, words in STANCES.items()]
    parts.append("\n## Those whom the rhythm does not judge\n\n" + _table(("who", "sentence"), rows))
    return "".join(parts)


def _rows(kind: int) -> Iterable[tuple[str, ...]]:
    """One row for each sentence of a rule, those of several states once."""
    found: dict[tuple[int, str, str], list[tuple[str, bool]]] = {}
    later = {(one.state, one.by_chance, one.thin): one.text for one in sentences() if one.kind == kind and one.nth == 2}
    mine = [
        one for one in sentences()
        if one.kind == kind and (one.nth < 3 or one.text != later[one.state, one.by_chance, one.thin])
    ]  # fmt: skip
    thin = {(one.nth, one.state, one.by_chance): one.text for one in mine if one.thin}
    for one in mine:
        if not one.thin:
            key = one.nth, one.text, thin[one.nth, one.state, one.by_chance]
            found.setdefault(key, []).append((STATES[one.state], one.by_chance))
    for (nth, text, other), when in found.items():
        states = ", ".join(dict.fromkeys(state for state, _ in when))
        reasons = {by_chance for _, by_chance in when}
        other_reason = "the gaps" if states == "on time" else "the cap"
        why = "" if len(reasons) == 2 else "the chance" if True in reasons else other_reason
        yield OCCASIONS[nth], states, why, text, _ending(text, other)


def _ending(text: str, other: str) -> str:
    """What `other` says differently, from the last word that both begin with."""
    same = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    start = max(other.rfind(" ", 0, same) + 1, 0)
    return "… " + other[start:]


def _stance(before: str, after: str, last: str | None) -> str:
    """A stance's sentence with its slots; `alone` has a reason where the others have a day."""
    first = "{reason}" if before == STANCES["alone"][0] else "{day}"
    return (before + first + after + (f"{{reason}}{last}" if last else "")).strip()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


PAGES = {"events.md": events_page, "sentences.md": sentences_page}

if __name__ == "__main__":
    for page, text in PAGES.items():
        (HERE / page).write_text(text(), encoding="utf-8", newline="\n")
