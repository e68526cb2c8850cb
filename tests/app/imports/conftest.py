"""Shops of random lives come from the tests of the stage rule."""

import sys
from pathlib import Path

import pytest

from tenure.engine.duckdb import DuckDB

sys.path.append(str(Path(__file__).resolve().parents[2] / "core" / "lifecycle"))


@pytest.fixture
def engine():
    with DuckDB(threads=2) as opened:
        yield opened
