"""The doors: who gets in, what is taken, and what is answered to what cannot be."""

import base64
import gzip
import json
import zlib

import pytest
from django.conf import settings
from django.db import connection
from sending import Sender

from tenure_app import clock
from tenure_app.api.doors import MOST_BYTES
from tenure_app.listen import receiving
from tenure_app.listen.keys import keep_secret, make_key, make_source, revoke_key
from tenure_app.listen.spool import waiting

TRACK = {"type": "track", "event": "Seen", "userId": "u1", "messageId": "m1"}


@pytest.fixture
def sender(ledger):
    return Sender()


def basic(word):
    return "Basic " + base64.b64encode(word.encode()).decode()


@pytest.mark.parametrize("call", [*"tipsga", "track", "identify", "page", "screen", "group", "alias"])
def test_every_call_is_taken_and_written_down(sender, call):
    answer = sender.post(f"/v1/{call}", TRACK)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (one,) = waiting(9)
    assert json.loads(one.body) == TRACK
    assert len(one.call) > 1


@pytest.mark.parametrize("call", ["batch", "b", "import"])
def test_batches_are_taken_packed_or_not(sender, call):
    for packed in (False, True):
        answer = sender.post(f"/v1/{call}", {"batch": [TRACK, TRACK]}, packed=packed)
        assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert [one.events for one in waiting(9)] == [2, 2]


def test_the_key_may_stand_in_three_places(sender):
    body = json.dumps({**TRACK, "writeKey": sender.secret}).encode()
    ways = [
        sender.client.post("/v1/t", body, content_type="text/plain"),
        sender.client.post("/v1/t", body, content_type="application/x-www-form-urlencoded"),
        sender.client.post("/v1/track", json.dumps(TRACK), content_type="text/plain",
                           headers={"authorization": f"Bearer {sender.secret}"}),
        sender.client.post(f"/beacon/v1/batch?writeKey={sender.secret}", json.dumps({"batch": [TRACK]}),
                           content_type="text/plain"),
    ]  # fmt: skip
    assert [one.status_code for one in ways] == [200] * 4


def test_who_shows_no_key_or_a_wrong_one_is_turned_away_with_code_and_message(sender):
    nobody = sender.client.post("/v1/t", json.dumps(TRACK), content_type="text/plain")
    wrong = sender.post("/v1/track", TRACK, key="wk_wrong")
    for answer, code in ((nobody, "no_key"), (wrong, "unknown_key")):
        assert answer.status_code == 401
        assert answer.json()["code"] == code
        assert answer.json()["message"]
    assert not waiting(1)


def test_a_revoked_key_lets_nobody_in_and_a_second_one_still_does(sender):
    _, second = make_key(sender.source, by="test", now=clock.now())
    revoke_key(sender.key, now=clock.now())
    receiving.forget()
    assert sender.post("/v1/track", TRACK).status_code == 401
    assert sender.post("/v1/track", TRACK, key=second).status_code == 200


def test_no_key_is_kept(sender):
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest, hint FROM tenure_sourcekey")
        ((digest, hint),) = cursor.fetchall()
    assert sender.secret not in digest
    assert sender.secret.endswith(hint)
    assert len(hint) == 4


BROKEN = {
    "no JSON": b"{",
    "no object": b"[1, 2]",
    "another thing": b'"batch"',
    "no UTF-8": b'{"batch": ["\xff"]}',
    "deep": b'{"batch":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a gzip cut off": gzip.compress(b'{"batch": []}' * 100)[:40],
    "no gzip": b"\x1f\x8bnothing",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_answered_400_with_a_code(sender, body):
    answer = sender.post("/v1/batch", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"success", "code", "message"}
    assert not waiting(1)


def test_a_bomb_is_turned_away_before_it_is_unpacked(sender):
    packing = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    bomb = b"".join([packing.compress(b"\0" * (1 << 20)) for _ in range(200)] + [packing.flush()])
    assert len(bomb) < MOST_BYTES
    answer = sender.post("/v1/batch", bomb)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert sender.post("/v1/batch", b" " * (MOST_BYTES + 1)).status_code == 413


def test_another_sites_page_may_send(sender):
    asked = sender.client.options("/v1/t", headers={
        "origin": "https://shop.example", "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-retry-count,anonymousid,sentat",
    })  # fmt: skip
    assert asked.status_code == 204
    allowed = {word.strip() for word in asked["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "x-retry-count", "anonymousid", "sentat"} <= allowed
    assert asked["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked["Access-Control-Allow-Methods"]
    answer = sender.post("/v1/t", TRACK, origin="https://shop.example")
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")


def test_too_much_that_waits_is_answered_429_with_when_to_come_again(sender, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_BACKLOG", 2)
    for _ in range(2):
        assert sender.post("/v1/track", TRACK).status_code == 200
    receiving.forget()
    answer = sender.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_much_waits")
    assert int(answer["Retry-After"]) > 0


def test_browsers_libraries_are_told_where_to_send(sender):
    told = sender.client.get(f"/v1/projects/{sender.secret}/settings").json()
    assert told["integrations"]["Segment.io"]["apiHost"] == "testserver/v1"
    config = sender.client.get("/sourceConfig/", {"writeKey": sender.secret}).json()
    assert (config["source"]["enabled"], config["source"]["destinations"]) == (True, [])
    assert sender.client.get("/v1/projects/wk_wrong/settings").status_code == 401


def test_ids_of_customer_io_keep_their_slashes(ledger):
    sender = Sender("cio", "customerio")
    headers = {"authorization": basic(f"site:{sender.secret}")}
    asked = [
        ("put", "/api/v1/customers/user%2F1%20%C3%BC", "PUT /customers/user%2F1%20%C3%BC"),
        ("post", "/api/v1/customers/user%2F1/events", "POST /customers/user%2F1/events"),
        ("put", "/api/v1/customers/5/devices", "PUT /customers/5/devices"),
        ("delete", "/api/v1/customers/5/devices/a%2Fb", "DELETE /customers/5/devices/a%2Fb"),
        ("delete", "/api/v1/customers/5", "DELETE /customers/5"),
        ("post", "/api/v1/customers/5/suppress", "POST /customers/5/suppress"),
        ("post", "/api/v1/merge_customers", "POST /merge_customers"),
        ("post", "/api/v1/events", "POST /events"),
    ]
    bodies = {"PUT /customers/5/devices": {"device": {"id": "d", "platform": "ios"}}}
    for method, where, call in asked:
        body = bodies.get(call, {"name": "x", "primary": {"id": "1"}, "secondary": {"id": "2"}})
        ask = getattr(sender.client, method)
        answer = ask(where, json.dumps(body), content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {})
    assert [one.call for one in waiting(99)] == [call for _, _, call in asked]


def test_the_dialect_of_the_key_decides(sender):
    other = Sender("cio", "customerio")
    assert sender.post("/v1/track", TRACK, key=other.secret).json()["code"] == "another_dialect"


def test_a_webhook_without_its_signature_is_turned_away(ledger):
    source = make_source("pay", "stripe", now=1)
    keep_secret(source, "whsec_test")
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM tenure_source WHERE name = 'pay'")
        assert "whsec_test" not in cursor.fetchone()[0]
    client = Sender().client
    signed = {"stripe-signature": "t=1,v1=00"}
    answer = client.post("/hooks/pay", b"{}", content_type="application/json", headers=signed)
    assert answer.status_code == 401
    assert client.post("/hooks/nothing", b"{}", content_type="application/json").status_code == 404
    assert not waiting(1)


def test_other_methods_and_calls_are_said_to_be_none(sender):
    assert sender.client.get("/v1/track").status_code == 405
    assert sender.post("/v1/nothing", TRACK).json()["code"] == "no_such_call"
