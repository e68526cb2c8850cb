"""A small shop behind the API: imported and judged once, copied for every test; keys with all scopes, with one, with
none, revoked."""

import os
import shutil
import subprocess
import sys

import pytest
from api_asking import Asking
from databases import free_port, use
from django.conf import settings
from django.db import connections

from tenure.lifecycle.policy import DEFAULT
from tenure_app import background
from tenure_app.api import limits
from tenure_app.api.scopes import Scope, make_key, revoke_key
from tenure_app.clock import PINNED_BY
from tenure_app.imports.runs import Asked, run
from tenure_app.insight import opening, reading
from tenure_app.insight.refresh import refresh
from tenure_app.ledger.models import Shop
from tenure_app.listen.receiving import forget
from tenure_app.listen.spool import forget_file

ZONE, DAY = "Europe/Oslo", "2025-06-02"


def orders():
    """Fifty people of different habits; customer 1 buys often, customer 2 stopped, customer 3 ordered once."""
    lines = ["customer_id,order_id,order_date,amount,currency,email,name"]
    for person in range(1, 51):
        step, last = 20 + person, 1000 if person % 3 else 600
        for n, day in enumerate(range(person, last, step)):
            month, on = divmod(day, 28)
            at = f"{2023 + month // 12}-{month % 12 + 1:02}-{on + 1:02} 10:00"
            lines.append(f"C{person},{person}-{n},{at},{10 + person}.50,EUR,c{person}@example.com,Customer {person}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def kept_shop(sqlite_databases, tmp_path_factory):
    """The ledger's file and the mirror's folder of the shop, to be copied."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        url = sqlite_databases.fresh()
        use(url)
        patch.setattr(settings, "TENURE_DATA", folder)
        patch.setenv("TENURE_DATA", str(folder))
        patch.setenv("DATABASE_URL", url)
        Shop.objects.create(pk=1, name="Boots", zone=ZONE, currency="EUR")
        (folder / "orders.csv").write_text(orders(), encoding="utf-8")
        run(Asked(folder / "orders.csv", currency="EUR"), by="vera", now=lambda: 1, progress=lambda *_: None)
        refresh(folder / "mirror", DEFAULT, zone=ZONE, now=2, progress=lambda *_: None)
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections["default"].close()
    shutil.copy(url.removeprefix("sqlite:///"), folder / "ledger.sqlite3")
    return folder


@pytest.fixture
def shop(kept_shop, tmp_path, monkeypatch):
    """The shop on a ledger and a data folder of the test's own, its clock at the morning of DAY; no process
    of its own is begun."""
    folder = tmp_path / "data"
    shutil.copytree(kept_shop, folder)
    url = f"sqlite:///{folder / 'ledger.sqlite3'}"
    use(url)
    monkeypatch.setattr(settings, "TENURE_DATA", folder)
    for name, value in (("TENURE_DATA", str(folder)), ("DATABASE_URL", url), (PINNED_BY, f"{DAY}T08:00+02:00")):
        monkeypatch.setenv(name, value)
    begun = []
    monkeypatch.setattr(background, "begin", lambda words, *_: begun.append(words) or 4_194_305)
    limits.forget()
    forget()
    opening._shelves.clear()
    reading._memory.clear()
    yield folder
    opening._shelves.clear()
    reading._memory.clear()
    forget_file()
    connections["default"].close()


@pytest.fixture
def key_of():
    """A function that makes a key of these scopes, and gives who asks with it."""

    def give(*scopes, revoked=False):
        key, secret = make_key("a program", scopes or list(Scope), by="vera", now=1)
        if revoked:
            revoke_key(key, now=2)
        return Asking(secret)

    return give


@pytest.fixture
def nobody():
    return Asking()


@pytest.fixture
def asking(shop, key_of):
    """Somebody with a key for everything, over the shop."""
    return key_of()


@pytest.fixture
def server(shop):
    """`tenure serve` over the shop, as a process of its own; its address and a key for everything."""
    _, secret = make_key("a program", ["see", "events", "import", "policy", "settings"], by="", now=1)
    port = free_port()
    env = {**os.environ, "TENURE_DATA": str(shop), "DATABASE_URL": f"sqlite:///{shop / 'ledger.sqlite3'}"}
    with (shop / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenure", "serve", "--port", str(port)], env=env, stdout=log, stderr=log
        )
        yield f"http://127.0.0.1:{port}", secret
        process.terminate()
        process.wait(20)
