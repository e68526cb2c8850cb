"""A server and a worker on each database, begun once for all tests of this folder that only ask them."""

import os
import sys
from pathlib import Path

import pytest
from django.conf import settings

# where everybody stands by the file verbs: what the tests of live stages compare with
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "live"))

import recorder as recording
from served import begun


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def live(request, tmp_path_factory):
    """`tenure serve` and `tenure work` over an empty ledger of each database."""
    databases = request.getfixturevalue("sqlite_databases" if request.param == "sqlite" else "postgres_databases")
    with begun(databases, tmp_path_factory.mktemp("served")) as here:
        here.serve().work()
        yield here


@pytest.fixture
def recorder(live, monkeypatch):
    """The address that a client is given, and all that it asks there."""
    monkeypatch.setattr(settings, "TENURE_DATA", live.folder)
    live.point()
    one = recording.Recorder(live.port)
    before = set(live.keys)
    yield one
    one.stop()
    if os.environ.get("WIRE_RECORD") and live.url.startswith("sqlite"):
        (name,) = set(live.keys) - before
        recording.write(one, name, live.keys[name])
