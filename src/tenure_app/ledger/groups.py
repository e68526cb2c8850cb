"""Who is taken for whom, as the ledger has it and as a few merges change it, written in a few statements.

Merges in force are a forest: `person` stood for themselves when theirs began, `canonical` is whom they were found to
be. Nobody known hangs below somebody anonymous, so whatever part is cut off again is somebody's or nobody's as a
whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tenure_app.ledger.bulk import new_ids
from tenure_app.ledger.lists import ask, write
from tenure_app.ledger.own import append_own

__all__ = ["MERGED", "Groups"]

MERGED: Final = "person.merged"
"""Appended for whoever is taken for somebody else from now on."""


@dataclass(slots=True)
class Groups:
    """The groups of some people. root: whom the ledger takes them for; hidden: who of them, roots among them, is
    anonymous; fresh: who is not in the ledger yet."""

    root: dict[int, int] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)
    joins: list[tuple[int, int, str]] = field(default_factory=list)
    """(person, canonical, why)."""
    below: dict[int, int] = field(default_factory=dict)
    """Whom the joined hang below: person to canonical."""
    touched: dict[int, None] = field(default_factory=dict)
    """Roots as they were before and are after, each once."""
    _moved: dict[int, int] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)
    _parted: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Merges that were ended, (person, canonical), by the root of either."""

    def add(self, person: int, root: int | None, anonymous: bool, root_anonymous: bool | None) -> None:
        """What the ledger says of somebody and of whom they are taken for."""
        if root is not None:
            self.root[person] = root
            if root_anonymous:
                self.hidden.add(root)
        if anonymous:
            self.hidden.add(person)

    def of(self, person: int) -> int:
        """Whom somebody is taken for by now."""
        root = self.root.get(person, person)
        if root not in self._moved:
            return root
        way = []
        while root in self._moved:
            way.append(root)
            root = self._moved[root]
        for each in way:
            self._moved[each] = root
        return root

    def hold(self, people: set[int], *, sized: set[int]) -> None:
        """Keep others from merging these roots until the transaction ends, look again whom they are taken for by now,
        and learn who was parted from whom. sized: those whose groups may be compared."""
        asked = {self.of(one) for one in people} - self.fresh
        while asked:
            self._lock(asked)
            asked = self._parted_meanwhile(people)
        roots = sorted({self.of(one) for one in people} - self.fresh)
        for person, canonical, root in ask("merging", "parted", roots):
            self.root.setdefault(canonical, root)
            for one in {self.of(person), self.of(canonical)}:
                self._parted.setdefault(one, []).append((person, canonical))
        self._sizes.update(ask("merging", "sizes", sorted({self.of(one) for one in sized} - self.fresh)))

    def _lock(self, asked: set[int]) -> None:
        """Hold these, and whomever they were merged into."""
        while asked:
            rows = ask("merging", "held", sorted(asked))
            asked = set()
            for person, root, anonymous in rows:
                (self.hidden.add if anonymous else self.hidden.discard)(person)
                if root is not None:
                    self._moved[person] = root
                    asked.add(root)

    def _parted_meanwhile(self, people: set[int]) -> set[int]:
        """Whom those are taken for by now who were parted before their roots were held: to be held too."""
        turned: set[int] = set()
        for person, root, _, _ in ask("merging", "known", sorted(people & self.root.keys())):
            before = self.of(person)
            self.root[person] = person if root is None else root
            if self.of(person) != before:
                turned.add(self.of(person))
        return turned

    def were_parted(self, one: int, other: int) -> bool:
        """Whether somebody's word ended a merge between the two groups: what joins people by itself heeds it."""
        roots = {self.of(one), self.of(other)}
        few = min((self._parted.get(root, []) for root in roots), key=len)
        return any({self.of(person), self.of(canonical)} == roots for person, canonical in few)

    def join(self, one: int, other: int, why: str) -> bool:
        """Take two people and their groups for one person; False where they are already.

        Whoever is known stands for both, else whoever has the larger group, else the lower number.
        """
        ours, theirs = self.of(one), self.of(other)
        if ours == theirs:
            return False
        loser, winner, found = (theirs, ours, one) if self._rank(ours) < self._rank(theirs) else (ours, theirs, other)
        if found in self.hidden and loser not in self.hidden:
            found = winner
        self.joins.append((loser, found, why))
        self.below[loser] = found
        self._moved[loser] = winner
        self._sizes[winner] = self._sizes.get(winner, 1) + self._sizes.get(loser, 1)
        few, many = sorted((self._parted.pop(each, []) for each in (loser, winner)), key=len)
        self._parted[winner] = many
        many += few
        self.touched[loser] = self.touched[winner] = None
        return True

    def _rank(self, root: int) -> tuple[bool, int, int]:
        return root in self.hidden, -self._sizes.get(root, 1), root

    def write(self, *, by: str, now: int) -> list[int]:
        """Write the merges down, for every member whom they are taken for, and events that say so; the merges' numbers.
        Whoever is not in the ledger yet is left to whoever writes them."""
        if not self.joins:
            return []
        ids = new_ids("tenure_merge", len(self.joins))
        write("merging", "merges", [
            (number, person, canonical, now, why, by)
            for number, (person, canonical, why) in zip(ids, self.joins, strict=True)
        ])  # fmt: skip
        moves = sorted((self.of(old), old) for old in self._moved if old not in self.fresh)
        write("merging", "members", moves)
        write("merging", "roots", moves)
        append_own([
            (f"merge:{number}", MERGED, person, now, {"into": canonical, "why": why, **({"by": by} if by else {})})
            for number, (person, canonical, why) in zip(ids, self.joins, strict=True)
        ], now=now)  # fmt: skip
        return ids
