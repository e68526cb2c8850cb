"""A server and a worker for the tests of a file, on each database; begun once, for it is the clients that are asked."""

import contextlib

import pytest
import recorder as recording
from databases import use
from django.conf import settings
from django.db import connections
from served import Served


@contextlib.contextmanager
def begun(request, tmp_path_factory, vendor, **said):
    """A ledger of its own for somebody's processes; everything is ended afterwards."""
    databases = request.getfixturevalue("sqlite_databases" if vendor == "sqlite" else "postgres_databases")
    url, folder = databases.fresh(), tmp_path_factory.mktemp("served")
    here = Served(url, folder, **said)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "TENURE_DATA", folder)
        here.point()
        try:
            yield here
        finally:
            here.end()
            connections["default"].close()
            use(url)
            connections["default"].close()
            databases.drop(url)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def live(request, tmp_path_factory):
    """`tenure serve` and `tenure work` over an empty ledger of each database."""
    with begun(request, tmp_path_factory, request.param) as here:
        here.serve().work()
        yield here


@pytest.fixture
def recorder(live):
    """The address that a client is given, and all that it asks there."""
    live.point()
    one = recording.Recorder(live.port)
    yield one
    one.stop()
