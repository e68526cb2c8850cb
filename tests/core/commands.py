"""Running the command `tenure`, as a process or in this one, for the tests of it."""

import contextlib
import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenure.cli import main

TENURE = Path(sys.executable).with_name("tenure")

ORDERS = """customer,order_id,date,amount,currency,category
1,a,2024-01-10T10:00Z,10.00,EUR,books
1,b,2024-01-20T10:00Z,5.00,EUR,books
2,c,2024-01-25T23:30Z,7.50,EUR,boots
1,d,2024-02-20T10:00Z,5.00,EUR,books
"""
WINDOW = '[rhythm]\nkind = "window"\ndays = [30, 60, 90]\n'
AS_OF = ("--as-of", "2024-03-01")
STAGES = ("stages", "orders.csv", *AS_OF, "--policy", "policy.toml")


def tenure(folder, *arguments, **environment):
    """A command that ran in a folder: its exit code and what it said."""
    return subprocess.run(
        [str(TENURE), *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "100", **environment}, timeout=120,
    )  # fmt: skip


def done(folder, *arguments):
    """The output of a command that must succeed and has nothing to remark, run in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
    ):  # fmt: skip
        patch.setenv("COLUMNS", "100")
        code = main([str(argument) for argument in arguments])
    assert (code, err.getvalue()) == (0, "")
    return out.getvalue()


def refused(folder, *arguments, code=2):
    """The one line of a command that must fail, without its `tenure: `."""
    told = tenure(folder, *arguments)
    assert (told.returncode, told.stdout) == (code, "")
    assert told.stderr.startswith("tenure: ")
    assert told.stderr.endswith("\n")
    assert told.stderr.count("\n") == 1
    return told.stderr.removeprefix("tenure: ").rstrip("\n")


def read_csv(path):
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
