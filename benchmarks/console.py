"""A console in a process of its own, asked over loopback as a browser asks, and watched from outside."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

TICK = os.sysconf("SC_CLK_TCK")


class Console:
    """`tenure serve` on a free port, signed in as an owner made for this."""

    def __init__(self) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        word = _owner()
        command = [sys.executable, "-m", "tenure", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        for _ in range(200):
            try:
                form = self.get("/sign-in/")
                break
            except OSError:
                time.sleep(0.1)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token is not None
        said = urlencode({"csrfmiddlewaretoken": token[1], "username": "bench", "password": word}).encode()
        place = self.address("/sign-in/")
        self.opener.open(urllib.request.Request(place, said, {"Referer": place})).read()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()

    def address(self, path: str) -> str:
        """The whole address of a page."""
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str) -> str:
        """A page's text."""
        text: str = self.opener.open(self.address(path), timeout=120).read().decode()
        return text

    def seconds(self, path: str) -> float:
        """How long until a page is there, with its picture: while it is only being computed it is asked for again."""
        began = time.perf_counter()
        while 'aria-busy="true"' in self.get(path):
            time.sleep(0.05)
        return time.perf_counter() - began

    def days(self, n: int) -> list[str]:
        """Days spread over the last years of the ledger, each once."""
        from django.conf import settings
        from django.db.models import Max, Min

        from tenure.periods import date_of, day_of
        from tenure_app.ledger.models import Event

        assert settings.configured
        span = Event.objects.aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
        first, last = (date_of(day_of(span[name], "UTC")) for name in ("first", "last"))
        whole = (last - first).days
        return [str(first + timedelta(days=whole * place // (n + 1))) for place in range(1, n + 1)]

    def paths(self) -> dict[str, str]:
        """Pages by name, all of one day near the end."""
        day = self.days(20)[-1]
        on = f"?as_of={day}"
        person = re.search(r"/customers/(\d+)/", self.get(f"/customers/{on}"))
        assert person is not None
        paths = {
            "ring": f"/{on}", "customers": f"/customers/{on}", "customers, lapsed": f"/customers/{on}&stage=lapsed",
            "customer": f"/customers/{person[1]}/{on}", "flows": f"/flows/{on}", "cohorts": f"/cohorts/{on}",
            "discounts": f"/discounts/{on}", "policy": f"/policy/{on}", "import": f"/imports/{on}",
        }  # fmt: skip
        for path in paths.values():
            self.seconds(path)
        return paths

    def rss(self) -> int:
        """Resident bytes of the largest process of the server."""
        return max(_status(pid, "VmRSS") for pid in self.processes())

    def idle(self, seconds: float) -> float:
        """Share of a core that the server takes while nobody asks."""
        before = sum(_ticks(pid) for pid in self.processes())
        time.sleep(seconds)
        return (sum(_ticks(pid) for pid in self.processes()) - before) / TICK / seconds

    def processes(self) -> list[int]:
        """The server's own processes."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]


def _owner() -> str:
    from django.contrib.auth import get_user_model

    from tenure_app.roles import Role, give_role

    word = secrets.token_hex(8)
    people: Any = get_user_model()
    user = people.objects.filter(username="bench").first() or people(username="bench")
    user.set_password(word)
    user.save()
    give_role(user, Role.OWNER)
    return word


def _status(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
