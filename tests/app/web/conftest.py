"""The console over a made-up shop: people of each kind, a client for each, and a server for browsers."""

import importlib
import pkgutil
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.test import Client
from made_up_shop import END, ZONE, MadeUpShop
from sending import Sender, converted

from tenure.lifecycle.policy import dumps
from tenure.periods import parse_instant
from tenure_app import clock
from tenure_app.clock import PINNED_BY
from tenure_app.insight import forecasts, opening, reading
from tenure_app.ledger.models import Identity, Person, PolicyVersion, Shop
from tenure_app.live.models import Hook, HookAttempt, HookMessage, Standing
from tenure_app.roles import Role, give_role
from tenure_app.web import pages

NOW = f"{END}T08:00+01:00"
NAMED = 17
"""Somebody with a name and an address."""


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    made_up = MadeUpShop(tmp_path_factory.mktemp("shop"), 1_500)
    yield made_up
    made_up.engine.__exit__(None, None, None)


@pytest.fixture
def console(sqlite_ledger, shop, monkeypatch):
    """The console of the made-up shop on a ledger of its own, its clock pinned to the shop's last day."""
    monkeypatch.setenv(PINNED_BY, NOW)
    for module in pkgutil.iter_modules(pages.__path__):
        found = importlib.import_module(f"tenure_app.web.pages.{module.name}")
        if hasattr(found, "opened"):
            monkeypatch.setattr(found, "opened", shop.opened)
    monkeypatch.setattr(forecasts, "_laid", lambda reading, horizon: shop.foreseen(
        reading, horizon, forecasts._result(reading, horizon)
    ))
    Shop.objects.create(pk=1, name="Støvler & sko", zone=ZONE, currency="EUR")
    toml = dumps(shop.policy)
    PolicyVersion.objects.create(
        hash=shop.policy.hash, toml=toml, saved_at=parse_instant(END, ZONE), by="vera", note=""
    )
    people = [Person(pk=number, recorded_at=0, draw=number) for number in range(1, 60)]
    Person.objects.bulk_create(people)
    for kind, value, match, folded, turned in (
        ("name", '=Åse <b>"of" Dahl', None, '=åse <b>"of" dahl', 'dahl =åse <b>"of"'),
        ("email", "Ase@example.com", "ase@example.com", "ase@example.com", None),
    ):
        Identity.objects.create(
            person_id=NAMED, kind=kind, value=value, match=match, folded=folded, turned=turned, recorded_at=0
        )
    return shop


@pytest.fixture
def forgetful():
    """For tests with ledgers of their own, whose generations have the same names: nothing is remembered of others."""
    reading._memory.clear()
    yield
    reading._memory.clear()
    opening._shelves.clear()


def made(name, role, **more):
    user = User.objects.create_user(name, password="boots-in-winter-9", **more)
    give_role(user, role)
    return user


@pytest.fixture
def users(console):
    """One of each: owner, analyst, and an outsider, who is signed in and has no role."""
    return {
        "owner": made("vera", Role.OWNER),
        "analyst": made("ann", Role.ANALYST),
        "outsider": made("otto", None),
    }


@pytest.fixture
def client_of(users):
    """A client who is signed in as one of these, or as nobody."""

    def give(who):
        client = Client(SERVER_NAME="localhost")
        if who in users:
            client.force_login(users[who])
        return client

    return give


@pytest.fixture
def owner(client_of):
    return client_of("owner")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def wired(console):
    """A source, number 1, with a key: people whom it knows, a prospect, a visitor, an event in quarantine; an address
    outside that was told something."""
    sender = Sender()
    traits = {"name": "Ann Longname-Svendsen", "email": "ann@post.example", "preferredChannel": "SMS"}
    sender.batch(
        {"type": "page", "anonymousId": "device-1", "context": {"locale": "nb-NO"}},
        {"type": "identify", "anonymousId": "device-1", "userId": "u1", "traits": traits},
        {"type": "identify", "userId": "u2", "traits": {"email": "ann@post.example"}},
        {"event": "Checkout Started", "userId": "u1"}, {"event": "Odd " + 60 * "x", "anonymousId": "device-2"},
        {"event": "Order Completed", "userId": "u1", "properties": {"total": "gratis"}}, {"event": "Looked"},
    )  # fmt: skip
    converted()
    for person in Person.objects.filter(root=None, anonymous=False, pk__gt=59):
        stands = {"code": 0, "since_at": clock.now() - 9, "orders": 0, "occasions": 0, "computed_at": clock.now()}
        Standing.objects.create(person=person, policy=console.policy.hash, **stands)
    hook = Hook.objects.create(url="https://crm.example/tenure", kinds=["stage.changed"], turned_at=0, made_at=0)
    told = {"uid": "evt_1", "kind": "stage.changed", "body": "{}", "made_at": 0, "state": HookMessage.GIVEN_UP}
    message = HookMessage.objects.create(hook=hook, **told)
    HookAttempt.objects.create(message=message, at=0, took_us=5_000, status=500, said="no")
    return sender


@pytest.fixture
def address(users):
    """The console on a port of this machine."""
    server = WSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
