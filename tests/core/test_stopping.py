"""The command that is stopped from outside, and the command whose output goes nowhere."""

import json
import os
import signal
import subprocess
import time

import duckdb
import pytest
from commands import AS_OF, TENURE, refused, tenure

from tenure.cli import main
from tenure.cli.stopping import Stopping, is_interruption


@pytest.mark.parametrize("made", [
    KeyboardInterrupt(), duckdb.InterruptException("INTERRUPT Error: Interrupted!"), RuntimeError("Query interrupted"),
])  # fmt: skip
def test_all_words_for_an_interruption_are_known_and_so_is_what_was_made_of_them(made):
    assert is_interruption(made)
    wrapped = OSError("it may be damaged")
    wrapped.__cause__ = made
    assert is_interruption(wrapped)
    assert not is_interruption(RuntimeError("Query interrupted us"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [0.6, 1.2])
def test_a_stopped_reading_ends_quietly_and_leaves_nothing_behind(tmp_path, number, code, seconds):
    made = "COPY (SELECT i * 7919 % 3000017 AS customer, make_timestamptz(1600000000000000 + i * 20000000) AS \"at\""
    duckdb.sql(f"{made} FROM range(6000000) t(i)) TO '{tmp_path / 'orders.parquet'}'")
    (tmp_path / "spill").mkdir()
    for wait in (seconds, seconds / 2, seconds / 4):
        running = subprocess.Popen(
            [str(TENURE), "history", "orders.parquet", "--out", "out.parquet"], cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path / "spill")},
        )  # fmt: skip
        while not list((tmp_path / "spill").iterdir()):
            time.sleep(0.01)
        time.sleep(wait)
        running.send_signal(number)
        told = running.communicate(timeout=60)
        if running.returncode:
            break
        (tmp_path / "out.parquet").unlink()  # done before it was told to stop: sooner, then
    assert (running.returncode, *told) == (code, b"", b"")
    assert {path.name for path in tmp_path.iterdir()} == {"orders.parquet", "spill"}
    assert list((tmp_path / "spill").iterdir()) == []


def test_signals_are_as_they_were_after_a_command(desk, monkeypatch):
    monkeypatch.chdir(desk)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main(["history", "orders.csv", "--out", "out.csv"]) == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_who_ignores_a_signal_goes_on_ignoring_it():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            os.kill(os.getpid(), signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert stopping.signal is None


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no disk that is always full")
@pytest.mark.parametrize("asked", [
    ("stages", "orders.csv", *AS_OF),
    ("explain", "orders.csv", "--customer", "1", *AS_OF, "--json"),
    ("report", "orders.csv", *AS_OF),
    ("--help",),
], ids=" ".join)  # fmt: skip
def test_an_output_that_is_full_is_said_in_one_line(desk, asked):
    with open("/dev/full", "w", encoding="utf-8") as full:
        told = subprocess.run(
            [str(TENURE), *asked], cwd=desk, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (told.returncode, told.stderr) == (2, "tenure: cannot write the output: No space left on device\n")


def test_an_output_that_is_closed_is_said_where_something_is_to_be_written(desk):
    def closed(*asked):
        told = subprocess.run(
            [str(TENURE), *asked], cwd=desk, stderr=subprocess.PIPE, text=True, check=False,
            preexec_fn=lambda: os.close(1),
        )  # fmt: skip
        return told.returncode, told.stderr

    for verb in ("stages", "report"):
        assert closed(verb, "orders.csv", *AS_OF) == (2, "tenure: cannot write the output: it is closed\n")
    assert closed("stages", "orders.csv", *AS_OF, "--out", "out.csv") == (0, "")
    assert (desk / "out.csv").read_text().count("\n") == 3


def test_suggest_does_not_write_over_the_policy_that_it_reads(desk):
    told = refused(desk, "suggest", "orders.csv", "--policy", "policy.toml", "--out", "./policy.toml")
    assert told == "cannot write policy.toml: it is one of the files to be read; choose another name"


def test_an_unknown_id_of_any_length_fits_into_a_line(desk):
    asked = ("explain", "orders.csv", *AS_OF, "--customer")
    for long in ("x" * 5000, "9" * 5000):
        told = refused(desk, *asked, long)
        assert told.startswith(f"no customer {long[:39]}… in the orders: the nearest are ")
        assert len(told) < 120
    (desk / "long.csv").write_text(f"customer,at\n{'a' * 50},2024-01-10T10:00Z\n", encoding="utf-8")
    told = refused(desk, asked[0], "long.csv", *asked[2:], "b")
    assert told == f"no customer b in the orders: the nearest are {'a' * 39}…"
    found = tenure(desk, asked[0], "long.csv", *asked[2:], "a" * 50, "--json").stdout
    assert json.loads(found)["customer_id"] == "a" * 50
