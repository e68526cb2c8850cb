"""Outgoing webhooks: signed as Standard Webhooks says, tried again, given up, and told who may be told."""

import http.server
import json
import threading
import time

import pytest
from django.conf import settings
from facts import a_run, now, order, take
from living import touch, up_to_date
from standardwebhooks import Webhook, WebhookVerificationError

from tenure_app import clock
from tenure_app.live.asking import rows_of
from tenure_app.live.clearing import CLEARED_US
from tenure_app.live.delivery import AGAIN, Delivery
from tenure_app.live.follow import follow
from tenure_app.live.hooks import end_hook, make_hook, redeliver, secrets_of, turn_secret
from tenure_app.live.models import HookAttempt, HookMessage
from tenure_app.live.telling import tell_of_imports
from tenure_app.refused import Refused

DAY = 86_400_000_000
START = 1_700_000_000_000_000


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def receiver(monkeypatch):
    """A server outside that happens to be on this machine."""
    monkeypatch.setattr(settings, "TENURE_HOOKS_PRIVATE", True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    server.got, server.statuses = [], []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def made(receiver, *kinds, at=None):
    url = f"http://127.0.0.1:{receiver.server_port}/told"
    return make_hook(url, kinds or ["stage.changed"], by="", now=at or clock.running())


def told(delivery):
    """Tell what is due until nothing is."""
    while delivery.turn(wait_for=5.0) or delivery.under_way:
        pass


class Later:
    """A clock that runs, and can be put on."""

    def __init__(self):
        self.more = 0

    def __call__(self):
        return clock.running() + self.more

    def on(self, seconds):
        self.more += int(seconds * 1_000_000)


@pytest.fixture
def later():
    return Later()


@pytest.fixture
def delivery(later):
    one = Delivery(later)
    yield one
    one.end()


def somebody_moves():
    take([order("o1", at=START - 1)])
    up_to_date(START)
    touch(at=START)
    assert follow(now=START).moved == 1


@pytest.mark.usefixtures("ledger")
def test_a_move_is_told_signed_and_once(receiver, delivery):
    hook = made(receiver)
    made(receiver, "import.finished")
    somebody_moves()
    told(delivery)
    ((headers, body),) = receiver.got
    said = Webhook(secrets_of(hook, now=clock.running())[0]).verify(body, headers)
    assert (said["type"], said["data"]["from"], said["data"]["to"]) == ("stage.changed", None, "new")
    assert set(said) == {"type", "timestamp", "data"}
    assert set(said["data"]) == {
        "person", "from", "to", "cause", "policy", "orders", "occasions", "first_order_at", "last_order_at",
        "expected_at", "overdue_at", "long_overdue_at", "inactive_at",
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets_of(hook, now=clock.running())[0]).verify(body + b" ", headers)
    message = HookMessage.objects.get()
    assert (message.state, message.attempts) == ("delivered", 1)
    assert HookAttempt.objects.get().status == 204
    told(delivery)
    assert len(receiver.got) == 1


@pytest.mark.usefixtures("ledger")
def test_what_nobody_takes_is_tried_again_and_given_up_in_the_end(receiver, delivery, later):
    made(receiver)
    somebody_moves()
    receiver.statuses = [500, 302, 404, 429, 503, 500, 500, 500]
    for tries, seconds in enumerate((0.0, *AGAIN), 1):
        for share in (0.85, 0.4):
            assert len(receiver.got) == tries - 1  # nobody is asked before their time
            later.on(seconds * share)
            delivery._hooks.clear()  # an address rests in the world's time
            told(delivery)
            if not seconds:
                break
        assert len(receiver.got) == tries
    message = HookMessage.objects.get()
    assert (message.state, message.attempts, message.due_at) == ("given_up", 7, None)
    assert [one.status for one in HookAttempt.objects.order_by("pk")] == [500, 302, 404, 429, 503, 500, 500]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    redeliver(message, now=later())
    receiver.statuses = []
    delivery._hooks.clear()
    told(delivery)
    assert HookMessage.objects.get().state == "delivered"


@pytest.mark.usefixtures("sqlite_ledger")
def test_who_says_gone_is_told_nothing_any_more(receiver, delivery):
    hook = made(receiver)
    somebody_moves()
    receiver.statuses = [410]
    told(delivery)
    hook.refresh_from_db()
    assert hook.ended_at is not None
    assert HookMessage.objects.get().state == "given_up"
    with pytest.raises(Refused, match="told nothing any more"):
        redeliver(HookMessage.objects.get(), now=now())


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(("status", "state"), [(500, "given_up"), (204, "delivered")])
def test_an_address_that_ends_while_it_is_told_is_told_nothing_more(receiver, delivery, later, status, state):
    hook = made(receiver)
    somebody_moves()
    receiver.statuses = [status]
    delivery.turn()
    assert delivery.under_way == 1
    end_hook(hook, now=later())
    told(delivery)
    message = HookMessage.objects.get()
    assert (message.state, message.attempts, message.due_at, message.leased_until) == (state, 1, None, None)
    assert HookAttempt.objects.get().status == status


@pytest.mark.usefixtures("ledger")
def test_what_is_due_to_an_address_that_ended_keeps_nobody_awake(receiver, delivery):
    hook = made(receiver)
    HookMessage.objects.create(hook=hook, uid="1", kind="x", body="{}", made_at=1, due_at=1)
    assert rows_of("due", 0, 0, 5) in ([(1,)], [(True,)])
    hook.ended_at = 2
    hook.save()
    assert rows_of("due", 0, 0, 5) in ([(0,)], [(False,)])
    told(delivery)
    assert receiver.got == []


@pytest.mark.usefixtures("sqlite_ledger")
def test_the_secret_before_signs_along_for_a_day(receiver, delivery, later):
    hook = made(receiver)
    (before,) = secrets_of(hook, now=later())
    after = turn_secret(hook, now=later())
    assert before != after
    with pytest.raises(Refused, match="less than a day"):
        turn_secret(hook, now=later())
    somebody_moves()
    told(delivery)
    ((headers, body),) = receiver.got
    for secret in (before, after):
        assert Webhook(secret).verify(body, headers)["type"] == "stage.changed"
    assert secrets_of(hook, now=later() + DAY) == [after]


@pytest.mark.usefixtures("ledger")
def test_who_is_killed_while_telling_leaves_it_to_the_next(receiver, later):
    made(receiver)
    somebody_moves()
    killed = Delivery(later)
    killed._tell = lambda *_: None  # leased, and then nothing
    killed.turn()
    other = Delivery(later)
    told(other)
    assert receiver.got == []
    later.on(61)
    told(other)
    assert len(receiver.got) == 1
    other.end()


@pytest.mark.usefixtures("ledger")
def test_two_workers_tell_each_thing_once(receiver, later):
    made(receiver)
    take([order(f"o{n}", customer=n, at=START - 1) for n in range(30)])
    up_to_date(START)
    touch(at=START)
    assert follow(now=START).moved == 30
    both = [Delivery(later), Delivery(later)]
    until = time.monotonic() + 20
    while HookMessage.objects.exclude(state="delivered").exists() and time.monotonic() < until:
        for one in both:
            one.turn(wait_for=0.05)
    assert sorted(json.loads(body)["data"]["person"] for _, body in receiver.got) == sorted(
        json.loads(one.body)["data"]["person"] for one in HookMessage.objects.all()
    )
    assert len(receiver.got) == 30
    for one in both:
        one.end()


@pytest.mark.usefixtures("ledger")
def test_a_finished_import_is_told_to_who_asked_before(receiver, delivery):
    a_run(ended_at=START, counts={"facts": 1})
    hook = made(receiver, "import.finished", at=START + 1)
    run = a_run(ended_at=START + 2, counts={"facts": 7, "added": 5, "people": 3})
    run.file_name = "anna@example.org.csv"
    run.save()
    a_run(ended_at=START + 3, state="undone")
    assert (tell_of_imports(now=START + 9), tell_of_imports(now=START + 9)) == (1, 0)
    told(delivery)
    ((headers, body),) = receiver.got
    assert Webhook(secrets_of(hook, now=clock.running())[0]).verify(body, headers)["data"] == {
        "run": run.pk, "format": "orders", "facts": 7, "added": 5, "corrected": 0, "duplicates": 0, "people": 3,
    }  # fmt: skip
    assert b"anna" not in body
    # of one that ended so long ago that what was told of it may be cleared away, nobody is told again
    HookMessage.objects.all().delete()
    assert tell_of_imports(now=START + 3 + CLEARED_US) == 0


@pytest.mark.usefixtures("sqlite_ledger")
def test_an_address_that_is_none_is_refused_and_one_that_ended_is_not_told(receiver, delivery):
    for url, kinds in (("nowhere", ["stage.changed"]), ("https://a.example/", []), ("https://a.example/", ["all"])):
        with pytest.raises(Refused, match="was not taken"):
            make_hook(url, kinds, by="", now=1)
    hook = made(receiver)
    end_hook(hook, now=5)
    somebody_moves()
    assert not HookMessage.objects.exists()
    with pytest.raises(Refused, match="told nothing"):
        turn_secret(hook, now=6)


@pytest.mark.usefixtures("sqlite_ledger")
def test_what_was_allowed_is_not_told_where_it_is_not_any_more(receiver, delivery, monkeypatch):
    made(receiver)
    somebody_moves()
    monkeypatch.setattr(settings, "TENURE_HOOKS_PRIVATE", False)
    told(delivery)
    assert receiver.got == []
    assert "private network" in HookAttempt.objects.get().said or "port" in HookAttempt.objects.get().said
