"""The comparison with lifetimes measures what it says: the same customers, a judge who belongs to neither side."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"
DATASETS = Path(importlib.util.find_spec("lifetimes").origin).parent / "datasets"
LOCK = ROOT / "requirements" / "peers.txt"


@pytest.fixture
def peers(monkeypatch):
    """The comparison as a module."""
    monkeypatch.syspath_prepend(str(HERE))
    import peers

    return peers


@pytest.fixture
def judge(monkeypatch):
    """The judge as a module."""
    monkeypatch.syspath_prepend(str(HERE))
    import peers_judge

    return peers_judge


@pytest.fixture
def made(monkeypatch):
    """A function from a number of customers to their columns."""
    monkeypatch.syspath_prepend(str(HERE))
    import peers_data

    return lambda customers: peers_data.made(customers, DATASETS)


# The customers


def test_the_sample_of_cdnow_is_the_published_one(made):
    sample = made(2_357)
    assert (len(sample["x"]), sample["x"].sum(), len(sample["bought"])) == (2_357, 2_457, 946)
    assert (len(sample["day"]), round(sample["amount"].sum(), 2)) == (6_919, 244_091.94)
    assert round(7 * sample["t_x"].sum()) == 112_949


def test_drawn_customers_are_the_same_every_time_and_such_as_there_may_be(made):
    one, other = made(3_000), made(3_000)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    x, t_x, age = one["x"], one["t_x"] * 7, one["age"] * 7
    assert (len(x), age.min(), age.max()) == (3_000, 189, 273)
    assert np.abs(t_x - np.round(t_x)).max() < 1e-9
    assert ((t_x <= age) & ((x > 0) == (t_x > 0)) & (x <= t_x)).all()
    assert 0.37 < np.mean(x > 0) < 0.43
    assert (one["bought"] == x[x > 0]).all()
    assert (np.diff(one["day"]) >= 0).all()
    assert len(np.unique(one["customer"])) == 3_000


# The judge


PUBLISHED = {
    "bg_nbd": ([0.2425945, 4.4136019, 0.7929199, 2.4258881], -9582.4292),
    "pareto_nbd": ([0.55315, 10.57633, 0.60625, 11.67150], -9594.9762),
    "gamma_gamma": ([6.2496, 3.7442, 15.4435], -4055.9177),
}


@pytest.mark.parametrize("task", PUBLISHED)
def test_the_judge_knows_the_published_likelihoods(judge, made, task):
    parameters, printed = PUBLISHED[task]
    likelihood, names = judge.FITS[task]
    sample = made(2_357)
    assert likelihood(parameters, *(sample[name] for name in names)) == pytest.approx(printed, abs=5e-4)


def test_the_judges_pareto_holds_on_both_sides_of_equal_scales(judge):
    x, t_x, age = np.array([0.0, 3.0, 5.0, 2.0]), np.array([0.0, 20.0, 30.0, 9.0]), np.array([30.0, 38.0, 30.0, 10.0])
    low, at, high = (judge.pareto_nbd([0.6, alpha, 0.6, 11.0], x, t_x, age) for alpha in (10.9999, 11.0, 11.0001))
    assert low + high == pytest.approx(2 * at, abs=1e-7)
    assert np.isfinite(at)


def test_the_judge_sees_what_differs(judge):
    one = {"expected": np.array([1.0, 2.0, 0.0]), "alive": np.array([1.0, 0.5, 1.0])}
    assert judge.predict(one, one) == 0.0
    assert judge.predict(one, {**one, "alive": np.array([1.0, 0.25, 1.0])}) == 0.5
    assert judge.predict(one, {**one, "alive": np.array([1.0, np.nan, 1.0])}) == np.inf
    all_ = {name: np.array([4.0, 0.0]) for name in ("customer", "x", "t_x", "age")}
    mine, theirs = {**all_, "spent": np.array([5.0, np.nan])}, {**all_, "spent": np.array([5.0, 0.0])}
    assert judge.summary(mine, theirs) == 0  # who came once has no mean
    assert judge.summary(mine, {**theirs, "spent": np.array([5.1, 0.0])}) == 1
    assert judge.summary(mine, {**theirs, "age": np.array([4.0, 1.0])}) == 1
    assert judge.summary(mine, {name: values[:1] for name, values in theirs.items()}) == 2


# What is said of it


def run(seconds, **more):
    taken = {"cpu_seconds": seconds, "first_seconds": seconds, "peak_bytes": 100_000_000, "above_bytes": 5_000_000}
    return {"seconds": seconds, **taken, "n": 1_000_000, **more}


def test_ours_may_not_be_lower_and_theirs_may(peers):
    assert peers.compared(-9582.42921, -9582.42921) == ("the same", True)
    assert peers.compared(-9582.42, -9582.4292) == ("the same", True)
    assert peers.compared(-9582.0, -9583.5) == ("lifetimes stopped 1.5 lower", True)
    assert peers.compared(-9582.43, -9582.42) == ("TENURE IS LOWER by 0.01", False)


def test_the_table_shows_medians_ratios_within_a_turn_and_bars(peers):
    # the machine was twice as slow in the second turn
    runs = {
        "lifetimes": [peers.Run(**run(seconds)) for seconds in (12.0, 30.0)],
        "tenure": [peers.Run(**run(seconds, distinct=100_000)) for seconds in (0.3, 0.6)],
    }
    row = peers.Row("bg_nbd", 1_000_000, runs, {"lifetimes": -2.0, "tenure": -2.0}, "the same")
    heading, line = peers.table([row])
    assert dict(zip(heading, line, strict=True)) == {
        "task": "BG/NBD, fit", "of": "1,000,000 (100,000 distinct)", "lifetimes, s": "21 (12 .. 30)",
        "tenure, s": "0.45 (0.3 .. 0.6)", "times": "45.0", "goal": "100", "bar": "40", "reached": "reached",
        "lifetimes, peak": "100 MB (+5)", "tenure, peak": "100 MB (+5)", "lifetimes, ln L": "-2.0000",
        "tenure, ln L": "-2.0000", "found": "the same",
    }  # fmt: skip
    runs["tenure"] = [peers.Run(**run(0.5)) for _ in range(2)]
    assert dict(zip(heading, peers.table([row])[1], strict=True))["reached"] == "reached"
    runs["tenure"] = [peers.Run(**run(0.8)) for _ in range(2)]
    assert dict(zip(heading, peers.table([row])[1], strict=True))["reached"] == "NOT REACHED"


def test_who_takes_long_takes_one_turn(peers, monkeypatch):
    asked = []

    def measured(side, python, task, folder, parameters):
        asked.append(side)
        return None if side == "pymc" else peers.Run(**run({"lifetimes": 280.0, "tenure": 1.0}[side]))

    monkeypatch.setattr(peers, "measured", measured)
    turns = peers.take_turns(dict.fromkeys(("lifetimes", "tenure", "pymc")), "bg_nbd", Path(), 3, None)
    assert asked == ["lifetimes", "tenure", "pymc", "tenure", "tenure"]
    assert {side: len(runs) for side, runs in turns.items()} == {"lifetimes": 1, "tenure": 3, "pymc": 0}
    assert peers.ratio(peers.Row("bg_nbd", 5, turns)) == 280.0


# The environments


def test_an_environment_is_made_once_for_what_it_is_made_of(peers, monkeypatch, tmp_path):
    commands = []

    def pretended(command, **_):
        commands.append(command)
        (tmp_path / "one").mkdir(exist_ok=True)

    monkeypatch.setattr(peers.subprocess, "run", pretended)
    monkeypatch.setattr(peers, "PYTHON", sys.version_info[:2])
    for key in ("a", "a", "b"):
        assert peers.environment("one", tmp_path, ["x==1"], key) == tmp_path / "one" / "bin" / "python"
    assert [command[1:4] for command in commands] == [["-m", "venv", "--clear"], ["-m", "pip", "install"]] * 2
    monkeypatch.setattr(peers, "PYTHON", (3, 2))
    with pytest.raises(SystemExit, match=r"need Python 3\.2"):
        peers.environment("other", tmp_path, ["x==1"], "a")


def test_without_pymc_marketing_the_rest_is_measured(peers, monkeypatch, tmp_path, capsys):
    def refused(*_):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(peers, "environment", refused)
    sides = peers.pythons(tmp_path, pymc=True, lifetimes=Path(sys.executable))
    assert list(sides) == ["lifetimes", "tenure"]
    assert "pymc-marketing==0.19.2 could not be installed here: it is left out" in capsys.readouterr().err


def test_the_lock_holds_what_the_makefile_asks_for_with_hashes_and_names_no_host():
    text = LOCK.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", text)
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"://|--index|--find-links|file:", text) == []
    asked = re.search(r"^PEERS := (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split()
    assert "lifetimes==0.11.3" in asked
    assert set(asked) <= {entry.split(" ")[0] for entry in entries}


# All of it


def test_both_sides_are_measured_and_find_the_same(tmp_path):
    words = ["--sizes", "2357", "--runs", "1", "--lifetimes", sys.executable, "--home", str(tmp_path)]
    command = [sys.executable, str(HERE / "peers.py"), *words]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["rows"]
    assert [row["task"] for row in rows] == ["bg_nbd", "pareto_nbd", "gamma_gamma", "predict", "summary"]
    for row in rows:
        for runs in row["runs"].values():
            assert runs[0]["seconds"] > 0
            assert runs[0]["peak_bytes"] > 10_000_000
    assert [row["likelihoods"].get("tenure") for row in rows[:3]] == pytest.approx([-9582.4292, -9594.9762, -4055.9177])
    assert [row["verdict"] for row in rows if row["task"] != "predict"] == ["the same"] * 4
    table = [line for line in told.stdout.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in table] == [14] * 7
    assert "lifetimes 0.11.3" in told.stdout
