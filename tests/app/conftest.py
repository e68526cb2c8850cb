"""What the tests of the application share: a ledger on each database, fresh for every test."""

import contextlib
import os
import warnings

import pytest
import server_parts

server_parts.ready()

from databases import Cluster, PostgresDatabases, SqliteDatabases, postgres_binaries, use  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

VENDORS = ("sqlite", "postgresql")
settings.PASSWORD_HASHERS = ["quick_hasher.Quick"]


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory):
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL server of our own; skips, saying what to install, where there is none."""
    binaries = postgres_binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed; .ci/run installs it and never skips")
        warnings.warn_explicit("PostgreSQL is not installed: its tests are skipped", UserWarning, __file__, 1)
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = Cluster(binaries)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_databases(cluster):
    return PostgresDatabases(cluster)


@pytest.fixture(params=VENDORS)
def databases(request):
    """Fresh databases of each vendor."""
    return request.getfixturevalue("sqlite_databases" if request.param == "sqlite" else "postgres_databases")


@contextlib.contextmanager
def pointed_at(databases, tmp_path, monkeypatch):
    """Django at a fresh copy, with a data folder of its own."""
    url = databases.fresh()
    use(url)
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setattr(settings, "TENURE_DATA", folder)
    monkeypatch.setenv("TENURE_DATA", str(folder))
    monkeypatch.setenv("DATABASE_URL", url)
    yield url
    connections["default"].close()
    databases.drop(url)


@pytest.fixture
def ledger(databases, tmp_path, monkeypatch):
    """An empty ledger on each database; gives its DATABASE_URL."""
    with pointed_at(databases, tmp_path, monkeypatch) as url:
        yield url


@pytest.fixture
def sqlite_ledger(sqlite_databases, tmp_path, monkeypatch):
    """An empty ledger where the database does not matter."""
    with pointed_at(sqlite_databases, tmp_path, monkeypatch) as url:
        yield url


@pytest.fixture
def postgres_ledger(postgres_databases, tmp_path, monkeypatch):
    """An empty ledger on PostgreSQL."""
    with pointed_at(postgres_databases, tmp_path, monkeypatch) as url:
        yield url
