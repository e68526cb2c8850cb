"""Each single change of the rule in the engine is caught by holding it against the oracle on generated lives.

The mutants are listed in mutants.toml. A run of all tests judges every fourteenth of them on the shop that has caught
it; TENURE_EXAMPLES asks for all, and a mutant that its shop misses is held against so many shops at most.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import MUTANTS
from mutating import changed, of_oracle, path_of

EXAMPLES = os.environ.get("TENURE_EXAMPLES")
CHOSEN = MUTANTS if EXAMPLES else MUTANTS[::14]
SHOPS = min(int(EXAMPLES or 20), 400)
PROCESSES = 2


def judged(names, **asked):
    """The verdicts on mutants by rule: (seed of the shop that caught it or None, what was said)."""
    told = subprocess.run(
        [sys.executable, Path(__file__).with_name("mutating.py")],
        input=json.dumps({"names": names, "seeds": SHOPS, "processes": PROCESSES} | asked),
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    verdicts = [json.loads(line) for line in told.stdout.splitlines()]
    assert sorted(rule for rule, *_ in verdicts) == sorted(names)
    return {rule: (seed, said) for rule, seed, said, _ in verdicts}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_what_a_mutant_replaces_is_in_the_engine(mutant):
    text = changed(mutant)
    assert text != path_of(mutant).read_text(encoding="utf-8")
    if path_of(mutant).suffix == ".py":
        compile(text, mutant.file, "exec")


def test_mutants_have_names_of_their_own():
    assert len({mutant.rule for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)


def test_the_oracle_loads_nothing_that_a_mutant_changes():
    look = "import sys, tenure.lifecycle.oracle\nprint(*[name for name in sys.modules if name.startswith('tenure.')])"
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    assert "tenure.lifecycle.oracle" in told
    assert [name for name in told if not of_oracle(name)] == []


@pytest.mark.generated
def test_each_single_change_of_a_rule_is_caught():
    verdicts = judged([mutant.rule for mutant in CHOSEN])
    assert {rule: said for rule, (seed, said) in verdicts.items() if seed is None} == {}


@pytest.mark.generated
@pytest.mark.parametrize("sampled", [False, True])
def test_the_engine_unchanged_is_not_caught(sampled):
    seeds = sorted({mutant.seed for mutant in CHOSEN if mutant.sampled == sampled})
    seeds = seeds if EXAMPLES else seeds[:4]
    rule = "nothing, sampled" if sampled else "nothing"
    assert judged([rule], first=seeds, seeds=0) == {rule: (None, "")}
