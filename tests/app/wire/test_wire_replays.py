"""What the published libraries sent once, byte for byte, sent to the doors twice: the second time adds nothing.

`recorded/*.json` are made by the tests of the libraries themselves: WIRE_RECORD=1 pytest tests/app/wire -k sqlite.
"""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from served import messages

from tenure_app import clock
from tenure_app.clock import PINNED_BY
from tenure_app.listen import receiving
from tenure_app.listen.convert import convert
from tenure_app.listen.keys import make_key, make_source
from tenure_app.listen.spool import waiting

FILES = sorted((Path(__file__).resolve().parent / "recorded").glob("*.json"))
LARGEST = 300_000
"""Bytes of all of them: they are in the repository."""


def replayed(file, key):
    """Send each request of a file as it was; the answers' codes."""
    client, codes = Client(), []
    for one in json.loads(file.read_text(encoding="utf-8")):
        body = base64.b64decode(one["body"]).replace(b"KEY", key.encode())
        headers = {}
        for name, value in one["headers"]:
            user = {"Basic KEY:": f"{key}:", "Basic SITE:KEY": f"site:{key}"}.get(value)
            headers[name] = f"Basic {base64.b64encode(user.encode()).decode()}" if user else value
        kind = headers.pop("content-type", "")
        answer = client.generic(
            one["method"], one["path"].replace("KEY", key), gzip.compress(body) if one["packed"] else body, kind,
            headers=headers,
        )  # fmt: skip
        codes.append(answer.status_code)
    return codes


def told():
    """Every row of every table but the server's own marks."""
    left_out = {"Touched", "SpoolMark"}
    return {
        model.__name__: sorted(map(repr, model.objects.values_list()))
        for model in apps.get_app_config("tenure").get_models() if model.__name__ not in left_out
    }  # fmt: skip


def test_there_are_recordings_of_every_library_and_they_are_small():
    names = {file.stem for file in FILES}
    assert {
        "segment", "segment-packed", "segment-retry", "rudder", "rudder-retry", "cio", "node-segment", "node-rudder",
        "node-customerio", "browser-segment", "browser-rudder", "leaving-segment", "leaving-rudder",
    } <= names  # fmt: skip
    assert sum(file.stat().st_size for file in FILES) < LARGEST


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_sent_twice_it_is_there_once(ledger, file, monkeypatch):
    monkeypatch.setenv(PINNED_BY, "2026-12-01T12:00:00Z")
    receiving.forget()
    dialect = "customerio" if file.stem.startswith("cio") else "segment"
    source = make_source("web", dialect, now=clock.now())
    _, key = make_key(source, by="test", now=clock.now())
    said = [
        event["messageId"]
        for one in json.loads(file.read_text(encoding="utf-8")) if one["body"] and dialect == "segment"
        for event in events_of(base64.b64decode(one["body"]))
    ]  # fmt: skip
    assert set(replayed(file, key)) <= {200, 204}
    assert waiting(1)
    first = convert(now=clock.now)
    once = told()
    if said and file.stem != "astray":
        assert Counter(number for number, _ in messages("web")) == Counter(set(said))
    assert first.added
    assert set(replayed(file, key)) <= {200, 204}
    monkeypatch.setenv(PINNED_BY, "2026-12-01T12:00:20Z")
    second = convert(now=clock.now)
    assert (second.added, second.requests) == (0, first.requests)
    assert {name for name, rows in told().items() if rows != once[name]} == set()


def events_of(body):
    found = json.loads(body)
    return found.get("batch", [found])
