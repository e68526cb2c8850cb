"""Clocks a year off, the client's and the server's: every event is kept, in its order, and flagged.

`make test` has the server's clock a year ahead, `make torture` behind as well.
"""

import base64
import datetime as dt
import json
import os

import pytest
import segment.analytics.client
from acts import instant
from django.conf import settings
from served import begun, messages, quarantined, timeline

from tenure_app import clock
from tenure_app.ledger.models import Event
from tenure_app.listen.models import Touched
from tenure_app.live.models import Standing

YEAR = 366 * 86_400_000_000


def told(served, key, off, name):
    """Three events a minute apart by a clock that is off by some microseconds, sent by the same clock."""
    now = clock.running() + off
    at = [dt.datetime.fromtimestamp((now - minutes * 60_000_000) / 1e6, dt.UTC).isoformat() for minutes in (2, 1, 0)]
    events = [
        {"type": "track", "event": "Order Completed", "userId": name, "messageId": f"{name}-{n}", "timestamp": one,
         "properties": {"order_id": f"{name}-{n}", "total": 10 + n, "currency": "EUR"}}
        for n, one in enumerate(at)
    ]  # fmt: skip
    word = base64.b64encode(f"{key}:".encode()).decode()
    body = json.dumps({"batch": events, "sentAt": at[-1]})
    assert served.ask("POST", "/v1/batch", body, {"Authorization": f"Basic {word}"})[0] == 200


@pytest.mark.parametrize(("off", "name"), [(-YEAR, "slow"), (YEAR, "fast")])
def test_a_clients_clock_a_year_off_is_set_right(live, recorder, off, name):
    told(live, live.source(name), off, name)
    now = clock.running()
    live.drained()
    rows = timeline(name)
    assert [row["order"] for row in rows] == [f"{name}-0", f"{name}-1", f"{name}-2"]
    assert [round((row["at"] - now) / 60_000_000) for row in rows] == [-2, -1, 0]
    assert {row["flag"] for row in rows} == {"skewed"}
    assert quarantined(name) == []


FAST_AND_SLOW = [YEAR] if os.environ.get("TENURE_KILLS") is None else [YEAR, -YEAR]


@pytest.fixture(params=FAST_AND_SLOW, ids=["fast", "slow"][: len(FAST_AND_SLOW)])
def wrong(request, sqlite_databases, tmp_path, monkeypatch):
    """A server whose clock stands still, a year away."""
    monkeypatch.setattr(settings, "TENURE_DATA", tmp_path)
    at = clock.running() + request.param
    stands = dt.datetime.fromtimestamp(at / 1e6, dt.UTC).isoformat()
    with begun(sqlite_databases, tmp_path, **{clock.PINNED_BY: stands}) as served:
        yield served.serve().work(), at


def test_a_servers_clock_a_year_off_loses_nothing_and_is_put_right_by_a_restart(wrong):
    served, at = wrong
    errors = []
    client = segment.analytics.client.Client(
        served.source("shop"), host=served.address, on_error=lambda *said: errors.append(said)
    )  # fmt: skip
    for n in range(5):
        order = {"order_id": f"O-{n}", "total": 10, "currency": "EUR"}
        client.track("u1", "Order Completed", order, timestamp=instant(10 * n), message_id=f"m-{n}")
    client.flush()
    served.drained()
    rows = timeline("shop")
    assert [row["order"] for row in rows] == [f"O-{n}" for n in range(5)]
    assert {row["flag"] for row in rows} == {"skewed"}
    assert all(abs(row["at"] - at) < 3_600_000_000 for row in rows)
    served.end()
    served.environment.pop(clock.PINNED_BY)
    served.serve().work()
    client.track("u2", "Order Completed", {"order_id": "right", "total": 1, "currency": "EUR"}, message_id="m-right")
    client.flush()
    client.shutdown()
    served.drained()
    assert errors == []
    assert len(messages("shop")) == 6
    last = Event.objects.get(order_key="right")
    assert abs(last.occurred_at - clock.running()) < 60_000_000
    assert Standing.objects.filter(person=last.person_id).exists()
    # who bought in what is the future now is looked at again when it comes
    ahead = at > clock.running()
    assert Touched.objects.filter(since_at__gt=clock.running()).count() == ahead
