"""Tenure as it runs for a shop: `tenure serve` and `tenure work` as processes of their own."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from databases import free_port, use
from django.conf import settings
from django.db import connections

from tenure_app import clock
from tenure_app.ledger.models import Event, EventBody, Identity, Source
from tenure_app.listen import spool
from tenure_app.listen.keys import make_key, make_source
from tenure_app.listen.models import OtherKey, Quarantined, Touched

PATIENCE = 120
"""Seconds within which what is begun must have come to its end."""


def until(holds, what, patience=PATIENCE):
    """Wait until `holds()` is true, asked again and again; what it was then."""
    ends = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < ends, f"waited {patience} s in vain: {what}"
        time.sleep(0.02)
    return found


class Served:
    """A ledger with its processes. `web` and `workers` are begun, killed and begun again by the tests."""

    def __init__(self, url, folder, *, port=None, **said):
        self.url, self.folder, self.port = url, folder, port or free_port()
        self.web, self.workers, self.keys = None, [], {}
        unset = {name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "DATABASE_"))}
        self.environment = {
            **unset, "DATABASE_URL": url, "TENURE_DATA": str(folder), "TENURE_HASH_KEY": settings.TENURE_HASH_KEY,
            **said,
        }  # fmt: skip

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def point(self):
        """Django of this process at the same ledger."""
        spool.forget_file()
        use(self.url)
        return self

    def begin(self, *words, wrap=(), **said):
        with (self.folder / "processes.log").open("ab") as log:
            return subprocess.Popen(
                [*wrap, sys.executable, "-m", "tenure", *words], env={**self.environment, **said},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def serve(self, *words, **more):
        self.web = self.begin("serve", "--port", str(self.port), *words, **more)
        until(lambda: self.lives() or self.web.poll() is not None, f"tenure serve answers; {self.log()}")
        assert self.web.poll() is None, self.log()
        return self

    def work(self, **more):
        self.workers.append(self.begin("work", **more))
        return self

    def log(self):
        file = self.folder / "processes.log"
        return file.read_text(encoding="utf-8", errors="replace")[-3000:] if file.exists() else ""

    def lives(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/livez")[0] == 200
        return False

    def ask(self, method, path, body=None, headers=None, timeout=20):
        """(status, headers, body) of one request."""
        one = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            one.request(method, path, body, headers or {})
            answer = one.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            one.close()

    def source(self, name, dialect="segment"):
        """A new source's key."""
        found = Source.objects.filter(name=name).first() or make_source(name, dialect, now=clock.now())
        self.keys[name] = make_key(found, by="test", now=clock.now())[1]
        return self.keys[name]

    def drained(self, patience=PATIENCE):
        """Wait until everything that was received is on the timeline and was followed."""
        until(self.nothing_waits, f"the worker comes round to what waits; {self.log()}", patience)
        return self

    def nothing_waits(self):
        # who is touched later is somebody whose events lie ahead
        return spool.ends() is None and not Touched.objects.filter(since_at__lte=clock.running()).exists()

    def kill_web(self):
        kill(self.web)

    def end(self):
        for one in [self.web, *self.workers]:
            if one is not None:
                kill(one)
        self.web, self.workers = None, []
        for number in self.left_over():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def left_over(self):
        """What a killed worker had begun beside itself goes on for a while: processes with our data folder."""
        ours = f"TENURE_DATA={self.folder}".encode()
        for file in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if ours in file.read_bytes().split(b"\0"):
                    yield int(file.parent.name)


def kill(child):
    """SIGKILL to a process and all that it began."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextlib.contextmanager
def begun(databases, folder, **said):
    """A fresh ledger for somebody's processes, and Django of this one at it; everything is ended afterwards."""
    url = databases.fresh()
    here = Served(url, folder, **said).point()
    try:
        yield here
    finally:
        here.end()
        here.point()
        connections["default"].close()
        databases.drop(url)


def messages(name):
    """Of a source's events: [(message's id, number of the event)], whichever key the event itself is known by."""
    plain = Event.objects.filter(source__name=name, source_key__startswith="m:").values_list("source_key", "id")
    others = OtherKey.objects.filter(source__name=name).values_list("key", "event_id")
    return [(key.removeprefix("m:"), number) for key, number in plain] + [(key, number) for key, number in others]


def timeline(name):
    """What a source said, as the ledger has it, in the order of its times."""
    rows = []
    whose = dict(Identity.objects.filter(kind="customer", source__name=name).values_list("person_id", "value"))
    found = dict(messages(name))
    ids = {number: key for key, number in found.items()}
    bodies = dict(EventBody.objects.filter(event__source__name=name).values_list("event_id", "body"))
    for one in Event.objects.filter(source__name=name).exclude(source_key__startswith="known:").order_by("occurred_at"):
        told = json.loads(bodies.get(one.pk) or "{}")
        rows.append({
            "id": ids.get(one.pk), "kind": one.kind, "at": one.occurred_at, "flag": one.flag,
            "user": whose.get(one.person_id), "order": one.order_key, "minor": one.amount_minor,
            "currency": one.currency, "name": told.get("name"),
            "said": {key: value for key, value in told.get("properties", {}).items() if key != "context"},
            "traits": told.get("traits", {}), "account": told.get("account"),
            "account_traits": told.get("account_traits", {}),
        })  # fmt: skip
    return rows


def quarantined(name):
    return list(Quarantined.objects.filter(source__name=name).values_list("code", "name", "said"))
