"""The benchmark measures what it says: the same orders every time, every job's result looked at."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

HERE = Path(__file__).resolve().parent.parent / "benchmarks"


def run(*words, cwd):
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """1,000 customers of the benchmark."""
    path = tmp_path_factory.mktemp("bench") / "orders.parquet"
    run(HERE / "orders.py", "--customers", 1_000, "--out", path, cwd=path.parent)
    return path


def test_the_same_arguments_give_the_same_file(orders, tmp_path):
    run(HERE / "orders.py", "--customers", 1_000, "--out", tmp_path / "again.parquet", cwd=tmp_path)
    assert (tmp_path / "again.parquet").read_bytes() == orders.read_bytes()


def test_every_customer_has_an_order_across_pieces(tmp_path):
    run(HERE / "orders.py", "--customers", 60_000, "--out", tmp_path / "more.parquet", cwd=tmp_path)
    customers = pyarrow.parquet.read_table(tmp_path / "more.parquet", columns=["customer_id"])["customer_id"]
    assert sorted(customers.unique().to_pylist()) == list(range(1, 60_001))


def test_the_orders_are_in_order_of_time_within_36_months(orders):
    at = pyarrow.parquet.read_table(orders)["at"].to_numpy()
    assert (at[1:] >= at[:-1]).all()
    assert str(at[0])[:4] == "2023"
    assert str(at[-1])[:4] == "2025"


@pytest.mark.parametrize("job", ["floor", "floor_times", "stages", "history", "pandas"])
def test_a_job_sees_every_customer_and_tells_what_it_took(orders, tmp_path, job):
    out = tmp_path / ("out.json" if job.startswith("floor") else "out.parquet")
    told = json.loads(run(HERE / "job.py", job, orders, "--out", out, cwd=tmp_path).splitlines()[-1])
    assert told["customers"] == 1_000
    assert told["seconds"] > 0
    assert told["peak_bytes"] > 10_000_000


def measured(monkeypatch, **jobs):
    """The benchmark as a module, and turns with these seconds (and gigabytes)."""
    monkeypatch.syspath_prepend(str(HERE))
    import bench

    turns = {
        job: [bench.Run(seconds, seconds, 0.1, int(peak * 1e9), 10, 5) for seconds, peak in runs]
        for job, runs in jobs.items()
    }
    return bench, turns


def test_ratios_are_taken_within_a_turn(monkeypatch):
    # the machine was twice as slow in the second turn: the medians' ratio would be 10 / 1.5
    bench, turns = measured(monkeypatch, floor=[(1.0, 0.1), (2.0, 0.1)], stages=[(8.0, 1.0), (12.0, 1.0)])
    assert bench.ratio(turns, "stages", "floor") == 7.0
    assert bench.ratio(turns, "history", "floor") is None


def test_bars_are_those_of_the_size(monkeypatch):
    bench, turns = measured(
        monkeypatch, floor=[(1.0, 0.1)], stages=[(12.0, 1.5)], history=[(20.5, 1.6)], pandas=[(60.0, 2.0)]
    )
    assert [(bar.measured, bar.reached) for bar in bench.bars("1m", turns, {"tenure --help": 0.31})] == [
        ("12.0", True), ("20.5", False), ("5.0", True), ("1.50", True), ("1.60", False), ("0.31", False),
    ]  # fmt: skip
    assert [bar.what for bar in bench.bars("5m", turns, {})][-2:] == ["stages: at most 8 GB", "history: at most 8 GB"]


def test_a_job_that_lost_customers_stops_the_benchmark(monkeypatch):
    bench, turns = measured(monkeypatch, floor=[(1.0, 0.1)], stages=[(8.0, 1.0)])
    bench.check(turns)
    turns["stages"] = [bench.Run(8.0, 8.0, 0.1, 10, 4, 4)]
    with pytest.raises(SystemExit, match="disagree"):
        bench.check(turns)
