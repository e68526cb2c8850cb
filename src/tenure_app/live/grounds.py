"""By what people are judged between two generations: the policy, the zone and the population of the one in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tenure.lifecycle.known import KnownPopulation
from tenure.lifecycle.policy import DEFAULT
from tenure_app.insight.days import key_of
from tenure_app.insight.store import attach
from tenure_app.ledger.kinds import life_kinds
from tenure_app.ledger.manifest import Lives, Manifest, read_manifest
from tenure_app.ledger.models import PolicyVersion
from tenure_app.ledger.policies import of_text

if TYPE_CHECKING:
    from tenure.lifecycle.policy import Policy

__all__ = ["Grounds", "grounds_of"]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the generation in force was computed by.

    name: of its lives; the same name, the same grounds. known_at: when the ledger was read for it (us UTC), position:
    how far. in_force: whether its policy is the one that was saved last.
    """

    name: str
    lives: Lives
    events: str
    policy: Policy
    zone: str
    known: KnownPopulation
    known_at: int
    position: dict[str, Any]
    in_force: bool

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that lives are computed from."""
        return life_kinds(self.policy)


_learnt: dict[Path, tuple[KnownPopulation, str]] = {}
"""The population and the zone of the file of lives that was read last: parsed once in a process."""


def grounds_of(folder: Path) -> Grounds | None:
    """By what people are judged now; None while there is no generation to judge by. folder: the mirror's.

    Where nobody's life is computed by the policy in force yet, the one before it goes on.
    """
    manifest = read_manifest(folder)
    if manifest is None or not isinstance(manifest.position, dict):
        return None
    saved = list(PolicyVersion.objects.values_list("id", "hash"))
    hashes = [*(said for _, said in saved), *([] if saved else [DEFAULT.hash])]
    for place, said in enumerate([*hashes, DEFAULT.hash]):
        lives = manifest.lives.get(said)
        if lives is not None:
            policy = _policy(saved[place][0]) if place < len(saved) else DEFAULT
            return _made(folder, manifest, lives, policy, in_force=place == 0)
    return None


def _policy(version: int) -> Policy:
    return of_text(PolicyVersion.objects.get(pk=version).toml)


def _made(folder: Path, manifest: Manifest, lives: Lives, policy: Policy, *, in_force: bool) -> Grounds | None:
    base = folder / lives.base
    if base not in _learnt:
        try:
            found = _read(base, policy)
        except duckdb.Error:  # it was replaced between two looks: the next one finds the next generation
            return None
        _learnt.clear()
        _learnt[base] = found
    known, zone = _learnt[base]
    name = f"{key_of(policy, None)}:{lives.base}:{lives.delta or ''}:{manifest.generation}"
    return Grounds(
        name, lives, manifest.events, policy, zone, known, manifest.known_at or 0, manifest.position, in_force
    )


def _read(base: Path, policy: Policy) -> tuple[KnownPopulation, str]:
    with duckdb.connect(":memory:", config={"memory_limit": "32MB", "threads": 1}) as one:
        attach(one, base, "lives")
        text = one.execute("SELECT text FROM lives.population").fetchall()[0][0]
        zone = one.execute("SELECT value FROM lives.meta WHERE name = 'zone'").fetchall()[0][0]
    return KnownPopulation.read(text, policy), zone
