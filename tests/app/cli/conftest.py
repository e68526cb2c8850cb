"""The command as people type it, in this process, so that it meets the test's own ledger."""

import io
import sys

import pytest

from tenure.cli import main


@pytest.fixture
def tenure(monkeypatch, capsys, sqlite_ledger):
    """A function that runs a command line: exit code, what it said, what it complained of."""

    def run(*words):
        try:
            code = main([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return run


@pytest.fixture
def orders(tmp_path):
    """A small file of orders."""
    file = tmp_path / "orders.csv"
    file.write_text(
        "customer_id,order_id,order_date,amount,currency\n"
        "C1,1001,2024-01-05 10:00,10.00,EUR\nC2,1002,2024-01-06 11:00,20.00,EUR\n,1003,2024-01-07 12:00,30.00,EUR\n"
        "C1,1004,2024-02-05 10:00,abc,EUR\nC1,1005,2024-03-05 10:00,15.00,EUR\n",
        encoding="utf-8",
    )
    return file
