"""What tests of the core share: a folder with orders, in which commands run."""

import pytest
from commands import ORDERS, WINDOW


@pytest.fixture
def desk(tmp_path):
    """A folder with orders and a policy."""
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "policy.toml").write_text(WINDOW, encoding="utf-8")
    return tmp_path
