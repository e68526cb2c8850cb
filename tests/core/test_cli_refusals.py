"""The command when it cannot do what it was asked: one line, the right exit code, nothing half written."""

import os
import pty
import re
import resource
import signal
import subprocess
import sys

import pytest
from commands import AS_OF, STAGES, TENURE, done, read_csv, refused, tenure

from tenure.cli import main

REFUSALS = [
    (("stages", "nofile.csv", *AS_OF), "nofile.csv: there is no such file; check the name and the folder"),
    (("stages", "folder", *AS_OF), "folder: this is a folder; name the files in it"),
    (("stages", "empty.csv", *AS_OF), None),
    (("stages", "broken.parquet", *AS_OF), None),
    (("stages", "orders.csv", "--as-of", "2024-13-01"), None),
    (("stages", "orders.csv", "--as-of", "yesterday"), None),
    (("stages", "orders.csv", *AS_OF, "--timezone", "Europe/Berln"),
     "unknown time zone 'Europe/Berln': did you mean Europe/Berlin or Europe/Belfast?"),
    (("stages", "orders.csv", *AS_OF, "--times-in", "Mars"), None),
    (("stages", "orders.csv", *AS_OF, "--at", "when"), None),
    (("stages", "orders.csv", *AS_OF, "--policy", "bad.toml"),
     'bad.toml: "x": no such table; known are stages, rhythm, scope, seasons, season, regions'),
    (("stages", "orders.csv", *AS_OF, "--policy", "none.toml"), None),
    (("stages", "orders.csv", *AS_OF, "--out", "out.xlsx"),
     "cannot write out.xlsx: the name must end in .parquet, .csv or .json"),
    (("stages", "orders.csv", *AS_OF, "--out", "out"),
     "cannot write out: the name must end in .parquet, .csv or .json"),
    (("stages", "orders.csv", *AS_OF, "--out", "folder.csv"),
     "cannot write folder.csv: there is a folder of that name; choose another name"),
    (("stages", "orders.csv", *AS_OF, "--out", "nowhere/out.csv"),
     "cannot write nowhere/out.csv: there is no folder nowhere; make it first"),
    (("stages", "orders.csv", *AS_OF, "--out", "pipe.csv"),
     "cannot write pipe.csv: what is there is no ordinary file; choose another name"),
    (("stages", "orders.csv", *AS_OF, "--out", "orders.csv"),
     "cannot write orders.csv: it is one of the files to be read; choose another name"),
    (("stages", "orders.csv", *AS_OF, "--rejects", "rejects.txt"),
     "cannot write rejects.txt: the name must end in .parquet, .csv or .json"),
    (("report", "orders.csv", *AS_OF, "--out", "page.pdf"),
     "cannot write page.pdf: the name must end in .html or .htm"),
    (("simulate", "--out", "s.json"), "cannot write s.json: the name must end in .parquet or .csv"),
    (("simulate", "--out", "s.csv", "--season-months", "may"), None),
    (("explain", "orders.csv", "--customer", "7", *AS_OF), "no customer 7 in the orders: the nearest are 1, 2"),
    (("explain", "orders.csv", "--customer", "2", "--as-of", "2024-01-20"), None),
    (("stages", "orders.csv"), "the following arguments are required: --as-of; see tenure stages --help"),
    (("stages", *AS_OF), "the following arguments are required: FILE; see tenure stages --help"),
    (("flows", "orders.csv", "--every", "year"), None),
    (("nonsense",), None),
    ((), "the following arguments are required: VERB; see tenure --help"),
]


@pytest.fixture
def traps(desk, monkeypatch):
    """The shop's folder with things in it that cannot be used, as the working folder."""
    for name in ("folder", "folder.csv"):
        (desk / name).mkdir()
    (desk / "bad.toml").write_text("x = 1", encoding="utf-8")
    (desk / "empty.csv").write_text("", encoding="utf-8")
    (desk / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    os.mkfifo(desk / "pipe.csv")
    monkeypatch.chdir(desk)
    return desk


@pytest.mark.parametrize(("asked", "line"), REFUSALS, ids=[" ".join(asked) for asked, _ in REFUSALS])
def test_what_cannot_be_done_is_one_line(traps, capsys, asked, line):
    before = {path.name for path in traps.iterdir()}
    try:
        code = main(asked)
    except SystemExit as end:
        code = end.code
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert re.fullmatch(r"tenure: [^\n]+\n", told.err)
    assert line is None or told.err == f"tenure: {line}\n"
    assert {path.name for path in traps.iterdir()} == before


@pytest.mark.parametrize("asked", [
    ("stages", "nofile.csv", *AS_OF),
    ("stages", "orders.csv", "--as-of", "2024-13-01"),
    ("stages", "orders.csv", *AS_OF, "--timezone", "Europe/Berln"),
    ("stages", "orders.csv", *AS_OF, "--at", "when"),
    ("stages", "orders.csv", *AS_OF, "--policy", "bad.toml"),
    ("stages", "orders.csv", *AS_OF, "--out", "nowhere/out.csv"),
    ("stages", "orders.csv", *AS_OF, "--out", "folder.csv"),
    ("stages", "orders.csv"),
], ids=" ".join)  # fmt: skip
def test_a_process_that_refuses_says_one_line_and_no_traceback(traps, asked):
    refused(traps, *asked)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_before_anything_is_computed(desk):
    (desk / "closed").mkdir(mode=0o500)
    assert refused(desk, *STAGES, "--out", "closed/out.csv").startswith("cannot write closed/out.csv: no permission")


@pytest.mark.parametrize("ending", ["parquet", "csv", "json"])
def test_a_full_disk_is_said_and_leaves_what_was_there(desk, ending):
    """No file may grow beyond 100 bytes: the writing starts and fails."""
    (desk / f"out.{ending}").write_text("old", encoding="utf-8")
    told = subprocess.run(
        [str(TENURE), *STAGES, "--out", f"out.{ending}"], cwd=desk, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )  # fmt: skip
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"tenure: cannot write out.{ending}: File too large\n"
    assert (desk / f"out.{ending}").read_text() == "old"
    assert {path.name for path in desk.iterdir()} == {"orders.csv", "policy.toml", f"out.{ending}"}


def test_the_longest_name_can_be_written_and_a_longer_one_is_refused(desk):
    name = "x" * 251 + ".csv"
    done(desk, *STAGES, "--out", name)
    assert len(read_csv(desk / name)) == 2
    assert refused(desk, *STAGES, "--out", f"x{name}") == f"cannot write x{name}: File name too long"


def test_a_file_of_which_no_row_can_be_used_is_a_bad_file(desk):
    (desk / "bad.csv").write_text("customer,at\n1,soon\n,2024-01-01\n2,later\n", encoding="utf-8")
    says = (
        "none of the 3 rows can be used: 2 bad_time (the time is missing or cannot be read), 1 missing_customer"
        " (no customer id); "
    )
    for verb, *rest in (("stages", *AS_OF), ("history",), ("flows",), ("suggest",), ("report", *AS_OF)):
        told = refused(desk, verb, "bad.csv", *rest)
        assert told == f"{says}see them with --rejects FILE (rejects= in Python)"
    told = refused(desk, "explain", "bad.csv", "--customer", "1", *AS_OF, "--rejects", "out.csv")
    assert told == f"{says}they are in out.csv"
    assert [row["code"] for row in read_csv(desk / "out.csv")] == ["bad_time", "missing_customer", "bad_time"]
    (desk / "one.csv").write_text("customer,at\n1,soon\n", encoding="utf-8")
    assert refused(desk, "history", "one.csv").startswith("the only row cannot be used: 1 bad_time (")


def test_nothing_is_known_before_the_first_row(desk, monkeypatch, capsys):
    monkeypatch.chdir(desk)
    for as_of in ("0001-01-01", "1969-12-31", "2024-01-10", "2024-01-10T10:00Z"):
        assert main(["stages", "orders.csv", "--as-of", as_of]) == 0
        assert main(["history", "orders.csv", "--until", as_of]) == 0
        assert capsys.readouterr() == (f"0 customers as of {as_of}\n0 intervals of 0 customers\n", "")
    done(desk, "stages", "orders.csv", "--as-of", "1969-12-31", "--out", "out.csv")
    assert (desk / "out.csv").read_text().startswith("customer_id,stage,detail,reason,since,because,")
    assert read_csv(desk / "out.csv") == []


def test_the_last_day_there_is_can_be_asked_for(desk):
    later = "the day asked for is 2,913,123 days later: everybody looks silent"
    note = f"tenure: note: the last row is of 2024-02-20, {later}\n"
    told = tenure(desk, *STAGES[:3], "9999-12-31")
    assert (told.returncode, told.stdout[:28], told.stderr) == (0, "2 customers as of 9999-12-31", note)
    (desk / "season.toml").write_text("[[season]]\nmonths = [11, 12, 1]\n", encoding="utf-8")
    for as_of in ("9999-12-31T12:00", "0001-01-01"):
        asked = ("report", "orders.csv", "--as-of", as_of, "--policy", "season.toml", "--out", "page.html")
        told = tenure(desk, *asked)
        assert (told.returncode, told.stderr) == (0, note if as_of > "2025" else "")
    told = tenure(desk, "explain", "orders.csv", "--customer", "1", "--as-of", "9999-12-31")
    assert (told.returncode, told.stderr) == (0, note)


@pytest.mark.parametrize(("as_of", "said"), [("2025-02-19", False), ("2025-02-20", True)])
def test_rows_that_end_more_than_a_year_before_are_remarked_on(desk, as_of, said):
    note = "tenure: note: the last row is of 2024-02-20, the day asked for is 366 days later: everybody looks silent\n"
    assert tenure(desk, *STAGES[:3], as_of).stderr == (note if said else "")


# How it ends


PLANTED = """
import sys
from tenure.cli import jobs, main
def fail(asked):
    raise {error}
jobs.run = fail
sys.exit(main(["stages", "orders.csv", "--as-of", "2024-03-01"]))
"""


def planted(error, **environment):
    """The command as it meets an error from inside."""
    return subprocess.run(
        [sys.executable, "-c", PLANTED.format(error=error)], capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_a_mistake_of_ours_is_one_line_and_the_traceback_only_on_demand():
    told = planted("ZeroDivisionError('division\\nby zero')")
    assert (told.returncode, told.stdout) == (70, "")
    assert told.stderr == (
        "tenure: this is a mistake of ours: please report it with what TENURE_DEBUG=1 shows"
        " (ZeroDivisionError: division)\n"
    )
    debugged = planted("ZeroDivisionError('division')", TENURE_DEBUG="1")
    assert "Traceback (most recent call last)" in debugged.stderr
    assert debugged.stderr.splitlines()[-1].startswith("tenure: this is a mistake of ours")


@pytest.mark.parametrize(("error", "code", "said"), [
    ("KeyboardInterrupt", 130, ""),
    ("MemoryError", 1, "tenure: there is not enough memory for this; free some, or take a larger machine\n"),
    ("__import__('duckdb').OutOfMemoryException('x')", 1,
     "tenure: there is not enough memory for this; free some, or take a larger machine\n"),
    ("__import__('duckdb').InterruptException('x')", 130, ""),
    ("__import__('tenure.errors').errors.BadFile('two\\nlines')", 2, "tenure: two lines\n"),
    ("__import__('tenure.errors').errors.CurrencyMismatch('EUR and USD')", 1, "tenure: EUR and USD\n"),
])  # fmt: skip
def test_the_exit_code_is_that_of_the_error(error, code, said):
    told = planted(error)
    assert (told.returncode, told.stdout, told.stderr) == (code, "", said)


def test_an_interrupted_command_ends_quietly(desk):
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [str(TENURE), "simulate", "--out", "s.csv", "--customers", "10000000"], cwd=desk,
        stdout=subprocess.PIPE, stderr=theirs,
    )  # fmt: skip
    assert os.read(ours, 100) == b"simulating ..."
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=60)[0] == b""
    os.close(theirs)
    assert os.read(ours, 1000) == b"\r\n"
    os.close(ours)
    assert running.returncode == 130
    assert {path.name for path in desk.iterdir()} == {"orders.csv", "policy.toml"}


def test_a_reader_who_leaves_early_is_no_error(desk):
    running = subprocess.Popen(
        [str(TENURE), "report", "orders.csv", "--as-of", "2024-03-01"], cwd=desk,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(timeout=60) == 141


def test_steps_and_seconds_are_for_terminals_only(desk):
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(TENURE), *STAGES, "--out", "out.csv"], cwd=desk, stderr=theirs) as running:
        running.wait(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode().replace("\r\n", "\n")
    os.close(ours)
    assert re.sub(r"\d+\.\d", "N", shown) == "reading ... N s\nplacing every customer ... N s\nwriting ... N s\n"


def test_a_page_is_not_written_into_a_terminal(desk):
    ours, theirs = pty.openpty()
    told = subprocess.run(
        [str(TENURE), "report", "orders.csv", "--as-of", "2024-03-01"], cwd=desk,
        stdout=theirs, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)
    assert told.returncode == 2
    says = "a page is not for reading in a terminal: say where to write it with --out report.html"
    assert told.stderr == f"tenure: {says}\n"
