"""Events over the API are stored before they are answered, refused one by one, kept in quarantine; sources, keys."""

import json

import pytest
from django.conf import settings

from tenure_app.dialects import own
from tenure_app.dialects.said import LINK, Bad, Rules, Said
from tenure_app.ledger.models import ImportRun, Source
from tenure_app.listen import quarantine
from tenure_app.listen.models import Quarantined, SourceKey
from tenure_app.listen.receiving import sender
from tenure_app.listen.spool import waiting

AT = "2025-05-01T12:00:00Z"
NOW = 1_748_844_000_000_000
ORDER = {"key": "a1", "kind": "order.placed", "customer": "C1", "order": "77", "amount_minor": 1999, "at": AT}


@pytest.fixture
def till(asking):
    return asking.post("/sources", {"name": "till", "dialect": "tenure"}).json


def sent(asking, *events, source="till", **more):
    return asking.post("/events", {"source": source, "events": list(events)}, **more)


def read(*events, rules=None):
    body = json.dumps({"events": events}).encode()
    return list(own.parse(own.CALL, body, NOW, rules or Rules(currency="EUR")))


def test_events_are_stored_as_they_came(asking, till):
    answer = sent(asking, ORDER, {**ORDER, "key": "a2", "amount_minor": 19.99}, {**ORDER, "key": "a3", "kind": "oops"})
    assert (answer.status, answer.json["received"]) == (200, 3)
    assert [(one["place"], one["code"]) for one in answer.json["refused"]] == [(1, "bad_amount"), (2, "bad_kind")]
    (kept,) = waiting(9)
    assert (kept.source, kept.call, kept.events) == (till["id"], own.CALL, 3)
    assert len(list(own.parse(kept.call, bytes(kept.body), kept.received_at, Rules(currency="EUR")))) == 3


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"), (b"{", 400, "invalid_json"), (b"\xff", 400, "invalid_json"),
        (b'{"events":' + b"[" * 100_000, 400, "invalid_json"),
        (b"[]", 422, "invalid_body"), (b'{"events": [{}]}', 422, "invalid_body"),
        (b'{"source": "till"}', 422, "invalid_body"), (b'{"source": "till", "events": []}', 422, "invalid_body"),
        (b'{"source": "nobody", "events": [{}]}', 422, "no_such_source"),
        (b'{"source": "a\\u0000", "events": [{}]}', 422, "no_such_source"),
        (b'{"source": "till", "events": [' + b",".join([b"{}"] * 1001) + b"]}", 422, "too_many"),
        (b'{"source": "till", "events": ["' + b"x" * 3_000_000 + b'"]}', 413, "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_nothing_is_stored(asking, till, body, status, code):
    answer = asking.client.post(
        "/api/v1/events", body, content_type="application/json", headers=asking.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert waiting(9) == []


def test_who_sends_too_much_is_asked_to_wait(asking, till, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_BACKLOG", 0)
    answer = sent(asking, ORDER)
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (429, "too_much_waits", "5")


def test_an_event_says_what_the_ledger_keeps():
    (one,) = read({
        **ORDER, "email": "A@example.com", "anonymous": "d1", "account": "acme", "discount_minor": 100,
        "category": "boots", "region": "Oslo", "channel": "shop", "traits": {"size": 42}, "properties": {"lines": []},
    })  # fmt: skip
    assert isinstance(one, Said)
    assert (one.key, one.message, one.kind, one.order_key) == ("order:77", "a1", "order.placed", "77")
    assert (one.at, one.flag) == (1_746_100_800_000_000, "late")
    assert (one.user, one.email, one.anonymous, one.account, one.asks) == ("C1", "A@example.com", "d1", "acme", LINK)
    assert (one.amount_minor, one.currency, one.discount_minor) == (1999, "EUR", 100)
    assert (one.category, one.region, one.channel) == ("boots", "Oslo", "shop")
    assert (one.traits, one.properties) == ({"size": 42}, {"lines": []})
    assert set(own.FIELDS) >= set(ORDER)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"key": None}, "bad_key"), ({"key": " "}, "bad_key"), ({"key": "x" * 201}, "bad_key"),
        ({"kind": 5}, "bad_kind"),
        ({"amount": 19}, "unknown_field"), ({"amount_minor": -1}, "bad_amount"), ({"amount_minor": True}, "bad_amount"),
        ({"amount_minor": 10**16}, "bad_amount"), ({"currency": "EURO"}, "bad_currency"), ({"at": "soon"}, "bad_time"),
        ({"at": "1066-10-14"}, "time_out_of_range"), ({"customer": None}, "nobody"), ({"customer": ["x"]}, "bad_id"),
        ({"customer": "\0"}, "bad_text"), ({"properties": []}, "invalid_body"),
        ({"properties": {"x": "y" * 200_000}}, "event_too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_says_why(more, code):
    (one,) = read({**ORDER, **more})
    assert isinstance(one, Bad)
    assert (one.code, bool(one.reason), json.loads(one.said)["order"]) == (code, True, "77")


def test_a_name_of_ones_own_means_what_the_source_says():
    own_name = {**ORDER, "kind": "Visited Till", "order": None, "amount_minor": None}
    assert read(own_name)[0].code == "bad_kind"
    told = [read(own_name, rules=Rules(kinds={"visited till": kind}))[0].kind for kind in ("page.viewed", "")]
    assert told == ["page.viewed", "event.other"]
    assert read({**own_name, "kind": "event.other", "name": "Visited"})[0].name == "Visited"


def test_without_a_currency_an_amount_is_not_guessed():
    assert read(ORDER, rules=Rules())[0].code == "bad_currency"
    unpriced = read({**ORDER, "amount_minor": None}, rules=Rules())[0]
    assert (unpriced.amount_minor, unpriced.currency) == (None, None)


def test_an_event_out_of_quarantine_is_read_as_it_was(asking, till):
    raw = json.dumps(ORDER)
    waits = Quarantined.objects.create(
        source_id=till["id"], received_at=5, call=own.CALL, code="bad_kind", reason="x", name="oops", said=raw
    )
    listed = asking.all("/quarantine", limit=1, source=till["id"], code="bad_kind")
    assert [(one["id"], one["said"], one["source"]) for one in listed] == [(waits.pk, raw, "till")]
    assert asking.get("/sources").json["items"][-1]["waiting"] == 1
    assert asking.post(f"/quarantine/{waits.pk}/retry").json == {"retried": 1}
    (again,) = waiting(9)
    assert again.received_at == 5
    assert own.count(again.call, bytes(again.body)) == 1
    assert read(ORDER)[0] == next(own.parse(again.call, bytes(again.body), NOW, Rules(currency="EUR")))
    twice = asking.post(f"/quarantine/{waits.pk}/retry")
    assert (twice.status, twice.json["code"]) == (409, "already_decided")
    assert asking.post("/quarantine/999/retry").json["code"] == "not_quarantined"


def test_what_no_other_try_can_help_is_not_tried_again(asking, till):
    for code in quarantine.HOPELESS:
        one = Quarantined.objects.create(
            source_id=till["id"], received_at=5, call=own.CALL, code=code, reason=f"because {code}", name="x", said="{}"
        )
        answer = asking.post(f"/quarantine/{one.pk}/retry")
        assert (answer.status, answer.json["code"]) == (409, "hopeless")
        assert answer.json["detail"].endswith(f"because {code}")
        one.refresh_from_db()
        assert one.state == Quarantined.WAITING
    assert waiting(9) == []


def test_the_page_says_of_everything_hopeless_what_would_help():
    from tenure_app.web.pages import quarantine as shown

    assert set(shown.HOPELESS) == set(shown._HELPS) == set(quarantine.HOPELESS)


def test_a_source_that_keys_of_the_api_serve_has_none_of_its_own(asking, till):
    answer = asking.post(f"/sources/{till['id']}/keys")
    assert (answer.status, answer.json["code"]) == (422, "by_api")


def test_a_source_gets_keys_which_are_shown_once(asking):
    till = asking.post("/sources", {"name": "web", "dialect": "segment"}).json
    made = asking.post(f"/sources/{till['id']}/keys").json
    assert sender(made["secret"]).name == "web"
    assert made["secret"].endswith(made["hint"])
    listed = [one for one in asking.all("/sources", limit=1) if one["id"] == till["id"]]
    assert [key["id"] for key in listed[0]["keys"]] == [made["id"]]
    assert made["secret"] not in json.dumps(listed)
    gone = asking.delete(f"/sources/{till['id']}/keys/{made['id']}")
    assert gone.json["revoked_at"] is not None
    assert not SourceKey.objects.filter(revoked_at=None).exists()
    assert asking.delete(f"/sources/999/keys/{made['id']}").json["code"] == "no_such_key"
    assert asking.post("/sources/999/keys").json["code"] == "no_such_source"


def test_a_source_has_one_name_and_one_dialect(asking, till):
    codes = [
        asking.post("/sources", {"name": name, "dialect": dialect}).json["code"]
        for name, dialect in (("till", "tenure"), ("A b", "tenure"), ("x", "latin"), ("tenure", "tenure"))
    ]
    assert codes == ["source_exists", "bad_name", "bad_dialect", "bad_name"]
    assert Source.objects.filter(dialect="tenure").count() == 1


def test_imports_are_listed_with_what_came_of_them(asking):
    (one,) = asking.all("/imports")
    run = ImportRun.objects.get()
    assert (one["id"], one["state"], one["file"], one["counts"]) == (run.pk, "done", "orders.csv", run.counts)
