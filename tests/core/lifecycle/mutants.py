"""The list of mutants (mutants.toml): single changes of the rule in the engine."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class Mutant(NamedTuple):
    """A rule, the file under src/tenure that it is broken in, what replaces what there, and a shop that notices."""

    rule: str
    file: str
    old: str
    new: str
    seed: int = 0
    sampled: bool = False


MUTANTS = tuple(
    Mutant(**one)
    for one in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["mutant"]
)
