"""What whoever runs the server asks of it, and that its log lines hold nothing of people."""

import fcntl
import json
import logging
import re
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from tenure.client import Client as Program
from tenure_app import clock
from tenure_app.api import health, seen
from tenure_app.api.scopes import make_key
from tenure_app.ledger.models import Event, Source
from tenure_app.listen.models import Quarantined, Touched
from tenure_app.listen.receiving import forget, receive
from tenure_app.listen.spool import forget_file
from tenure_app.live.alone import at_work, working_alone
from tenure_app.live.models import Hook, HookMessage
from tenure_app.logs import Lines, Text
from tenure_app.roles import Role, give_role

SAMPLE = re.compile(r'tenure_\w+(\{(\w+="[^"]*",?)+\})? [0-9.e+-]+')


@pytest.fixture
def client():
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def fresh(ledger):
    forget()
    seen.forget()
    yield
    forget_file()


def numbers(client, **more):
    answer = client.get("/metrics", **more)
    assert answer.status_code == 200
    rows = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(row) for row in rows), rows
    return {row.rsplit(" ", 1)[0]: float(row.rsplit(" ", 1)[1]) for row in rows}


@pytest.mark.parametrize("where", ["/livez", "/readyz"])
def test_a_probe_needs_no_name_and_no_key(fresh, where):
    answer = Client(SERVER_NAME="10.1.2.3").get(where)
    assert answer.status_code == 200
    assert Client(SERVER_NAME="10.1.2.3").get("/").status_code == 400
    assert reverse("api-livez") == "/livez"


def test_ready_says_what_waits_and_who_works(fresh, client):
    assert client.get("/readyz").json() == {
        "ready": True, "why": None, "oldest_waits_seconds": 0.0, "worker": False
    }
    source = Source.objects.create(name="till", dialect="tenure")
    receive(source=source.pk, call="batch", body=b"{}", events=1, now=clock.now() - 5_000_000)
    assert 5.0 <= client.get("/readyz").json()["oldest_waits_seconds"] < 60.0


def test_a_worker_is_seen_while_it_works(fresh):
    assert not at_work()
    from django.db import connection

    with working_alone() as leads:
        assert leads
        if connection.vendor == "postgresql":
            assert at_work()
        else:
            # by another process: a lock is its holder's own
            with (settings.TENURE_DATA / "work.lock").open("rb") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            assert at_work()
    assert not at_work()


def test_who_cannot_ask_the_database_is_not_ready_and_lives(fresh, client, monkeypatch):
    def gone(*_):
        raise OperationalError("somebody@example.com")

    monkeypatch.setattr(health, "_why_not", gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["why"]) == (503, "the database does not answer")
    assert client.get("/livez").status_code == 200


def test_tables_of_another_version_are_not_ready(fresh, client, monkeypatch):
    health._migrated.clear()
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one"])
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    health._migrated.clear()


def test_metrics_count_what_was_answered_and_what_waits(fresh, client):
    source = Source.objects.create(name="till", dialect="tenure")
    receive(source=source.pk, call="batch", body=b"{}", events=1, now=clock.now() - 5_000_000)
    Quarantined.objects.create(source=source, received_at=1, call="batch", code="x", reason="x", said="{}")
    hook = Hook.objects.create(url="https://example.com", turned_at=1, made_at=1)
    made_at = clock.now() - 60_000_000
    HookMessage.objects.create(hook=hook, uid="1", kind="x", body="{}", made_at=made_at, due_at=1)
    Touched.objects.create(person_id=Event._meta.get_field("person").related_model.objects.create(
        recorded_at=1, draw=1
    ).pk, since_at=1)  # fmt: skip
    client.get("/livez")
    client.get("/customers/17/?q=somebody@example.com")
    found = numbers(client)
    assert found['tenure_requests_total{method="GET",part="livez",status="200"}'] == 1
    assert found['tenure_requests_total{method="GET",part="console",status="302"}'] == 1
    assert [found[f"tenure_{name}"] for name in (
        "received_waiting", "quarantine_waiting", "people_touched", "hook_messages_due", "worker"
    )] == [1, 1, 1, 1, 0]  # fmt: skip
    assert 5.0 <= found["tenure_received_oldest_seconds"] < 60.0
    assert 60.0 <= found["tenure_hook_messages_oldest_seconds"] < 120.0
    assert not any("example" in name for name in found)
    Hook.objects.update(ended_at=5)  # what is due to an address that ended is told to nobody
    found = numbers(client)
    assert (found["tenure_hook_messages_due"], found["tenure_hook_messages_oldest_seconds"]) == (0, 0)


def test_the_image_is_asked_whether_it_lives_and_a_worker_is_not_asked():
    deploy = Path(__file__).resolve().parents[3] / "deploy"
    (asked,) = re.findall(r"HEALTHCHECK .*urlopen\('http://127.0.0.1:8765(/\w+)'", (deploy / "Dockerfile").read_text())
    assert Client(SERVER_NAME="whatever.example").get(asked).status_code == 200
    compose = (deploy / "compose.yaml").read_text()
    parts = dict(re.findall(r"^  (\w+):\n((?:(?: {4}.*)?\n)+)", compose, re.MULTILINE))
    off = {name for name, part in parts.items() if "healthcheck: {disable: true}" in part}
    serves = {name for name, part in parts.items() if "image: tenure" in part and "command:" not in part}
    assert (off, serves) == ({"tables", "worker"}, {"console"})
    assert "TENURE_TLS: ${TENURE_TLS:-}" in compose


def test_metrics_are_for_this_machine_and_for_who_may_see(fresh, client, monkeypatch):
    see, other = (make_key("a", [scope], by="", now=1)[1] for scope in ("see", "events"))
    outside = {"REMOTE_ADDR": "10.0.0.9"}

    def asked(key=None, **more):
        return client.get("/metrics", headers={"Authorization": f"Bearer {key}"} if key else {}, **more).status_code

    assert [asked(), asked(**outside), asked(HTTP_X_FORWARDED_FOR="10.0.0.9")] == [200, 401, 401]
    assert [asked(key, **outside) for key in (see, other, "tk_x")] == [200, 401, 401]
    monkeypatch.setattr(settings, "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"))
    assert asked() == 401
    user = User.objects.create_user("vera", password="boots-in-winter-9")
    client.force_login(user)
    assert asked(**outside) == 401
    give_role(user, Role.ANALYST)
    assert asked(**outside) == 200


# Log lines


def record(name, message, *args, told=None, error=None):
    one = logging.LogRecord(name, logging.ERROR, "x.py", 1, message, args, error)
    if told is not None:
        one.told = told
    return json.loads(Lines().format(one))


def test_a_line_is_json_and_says_when(monkeypatch):
    said = record("tenure.worker", "request %s could not be read", 5, told={"ms": 1.5})
    assert (said["said"], said["ms"], said["level"]) == ("request 5 could not be read", 1.5, "ERROR")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["at"])


def test_what_others_log_stands_without_its_values():
    said = record("django.request", "Not Found: %s", "/customers/somebody@example.com")
    assert said["said"] == "Not Found: %s"


def test_an_error_is_its_kind_and_place():
    try:
        raise ValueError("somebody@example.com")
    except ValueError:
        said = record("tenure.api", "a request failed", error=sys.exc_info())
    assert said["error"] == "ValueError"
    assert said["where"][-1].endswith("test_an_error_is_its_kind_and_place")
    assert "example.com" not in json.dumps(said)


def test_a_requests_line_holds_nothing_of_people(fresh, client, caplog):
    caplog.set_level(logging.INFO, "tenure.request")
    client.get("/customers/17/?q=somebody@example.com", headers={"X-Forwarded-For": "10.9.8.7"})
    client.put("/api/v1/customers/somebody@example.com", b"{}", headers={"Authorization": "Basic eDp5"})
    lines = [Lines().format(one) for one in caplog.records if one.name == "tenure.request"]
    told = [json.loads(line) for line in lines]
    assert [(one["part"], one["method"], one["route"]) for one in told] == [
        ("console", "GET", "customers/<int:person>/"), ("api", "PUT", None)
    ]
    assert not re.search(r"example|10\.9|eDp5", "".join(lines))


def test_a_real_servers_log_holds_nothing_of_people(server, shop):
    """As it stands by default: text, from warnings on."""
    url, secret = server
    list(Program(url, secret, patience=60.0).list_sources())  # it is there
    bearer = {"Authorization": f"Bearer {secret}"}
    for method, where, headers in (
        ("PUT", "/api/v1/customers/ann@example.org", {}), ("GET", "/v1/projects/wk_hers/settings", {}),
        ("GET", "/api/v1/customers/ann@example.org", bearer), ("GET", "/api/v1/ann@example.org", bearer),
        ("GET", "/ann@example.org", {}), ("POST", "/sign-in/?next=ann@example.org", {}),
    ):  # fmt: skip
        asked = urllib.request.Request(url + where, b"{}" if method != "GET" else None, headers, method=method)
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(asked)
        refused.value.close()
        assert 400 <= refused.value.code < 500, where
    log = (shop / "server.log").read_text(encoding="utf-8")
    assert not re.search(r"ann|wk_hers|example|tk_", log), log


@pytest.fixture
def text():
    """What a logger's records are as text, by the settings' own formatter."""
    assert settings.LOGGING["formatters"]["plain"]["()"] == "tenure_app.logs.Text"
    told = []

    class Kept(logging.Handler):
        def emit(self, one):
            told.append(Text().format(one))

    handler = Kept()
    logging.getLogger().addHandler(handler)
    yield told
    logging.getLogger().removeHandler(handler)


def test_a_page_that_fails_is_found_in_the_log_without_an_address(fresh, text, monkeypatch):
    def failing(*_, **__):
        raise ZeroDivisionError("somebody@example.com")

    monkeypatch.setattr("tenure_app.web.pages.session.show", failing)
    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    assert client.get("/sign-in/?next=/customers/somebody@example.com").status_code == 500
    (line,) = [one for one in text if "django.request" in one]
    assert "django.request: GET sign-in/: 500 (ZeroDivisionError)\n" in line
    assert re.search(r"\.py:\d+ failing$", line)
    assert "example.com" not in line


def test_a_line_of_json_about_a_request_says_its_route():
    one = logging.LogRecord("django.request", logging.ERROR, "x.py", 1, "%s: %s", ("Internal", "/ann"), None)
    one.request = RequestFactory().get("/customers/17/?q=ann")
    one.request.resolver_match = resolve("/customers/17/")
    said = json.loads(Lines().format(one))
    assert (said["method"], said["route"]) == ("GET", "customers/<int:person>/")
    assert "ann" not in json.dumps(said)


def test_a_line_for_people_leaves_out_addresses_and_keeps_words():
    request = RequestFactory().get("/customers/somebody@example.com")
    said = logging.LogRecord("django.security.csrf", logging.WARNING, "x.py", 1, "Forbidden (%s): %s", ("a", "b"), None)
    said.request, said.status_code = request, 403
    assert Text().format(said).endswith("WARNING django.security.csrf: GET no route: 403")
    said = logging.LogRecord("tenure.worker", logging.ERROR, "x.py", 1, "%s failed", ("hooks",), None)
    assert Text().format(said).endswith("ERROR tenure.worker: hooks failed")


def test_refusals_are_not_said_by_django():
    assert settings.LOGGING["loggers"]["django.request"]["level"] == "ERROR"
    assert not logging.getLogger("django.request").isEnabledFor(logging.WARNING)
