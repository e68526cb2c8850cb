"""From an event over the API to the timeline over the API, on both databases; and two APIs at one address."""

import base64

import pytest

from tenure_app import clock
from tenure_app.api import limits
from tenure_app.ledger.models import Event
from tenure_app.listen.convert import convert
from tenure_app.listen.keys import make_key, make_source
from tenure_app.listen.receiving import forget
from tenure_app.listen.spool import forget_file

AT = "2026-09-21T13:33:20Z"


@pytest.fixture
def till(ledger, key_of):
    """Somebody with a key for everything, over an empty ledger with one source of its own words."""
    limits.forget()
    forget()
    asking = key_of()
    assert asking.post("/sources", {"name": "till", "dialect": "tenure"}).status == 201
    yield asking
    forget_file()


def sent(asking, *events):
    answer = asking.post("/events", {"source": "till", "events": list(events)})
    assert answer.status == 200, answer.json
    convert(now=clock.now)
    return answer.json


def order(number, customer="C1", **more):
    return {
        "key": f"receipt-{number}", "kind": "order.placed", "customer": customer, "order": str(number), "at": AT,
        "amount_minor": 1999, "currency": "EUR", **more,
    }  # fmt: skip


def test_what_is_said_is_on_the_timeline_once(till):
    said = [order(1, email="Ada@example.com", traits={"size": 42}), order(2, properties={"till": 3})]
    for _ in range(2):
        assert sent(till, *said) == {"received": 2, "refused": []}
    (person,) = till.all("/customers", q="ada@")
    assert {(one["kind"], one["value"]) for one in person["identities"]} >= {("customer", "C1")}
    assert [(one["name"], one["value"], one["source"]) for one in person["traits"]] == [("size", 42, "till")]
    told = [one for one in till.all(f"/customers/{person['id']}/timeline", limit=1) if one["kind"] == "order.placed"]
    assert sorted((one["order"], one["amount_minor"], one["occurred_at"]) for one in told) == [
        ("1", 1999, AT), ("2", 1999, AT)
    ]
    assert Event.objects.filter(kind="order.placed").count() == 2


def test_a_bad_event_waits_in_quarantine_with_its_reason(till):
    told = sent(till, order(1), order(2, amount_minor="19.99"), order(3, customer="C2"))
    assert [(one["place"], one["code"]) for one in told["refused"]] == [(1, "bad_amount")]
    (waits,) = till.all("/quarantine")
    assert (waits["code"], waits["reason"]) == ("bad_amount", told["refused"][0]["reason"])
    assert len(till.all("/customers", limit=1)) == 2
    assert till.post(f"/quarantine/{waits['id']}/retry").json == {"retried": 1}
    convert(now=clock.now)
    (again,) = till.all("/quarantine")
    assert (again["code"], again["id"] > waits["id"]) == ("bad_amount", True)


def test_the_key_of_another_order_waits_in_quarantine(till):
    sent(till, order(1))
    sent(till, {**order(9), "key": "receipt-1"})
    assert len(till.all("/quarantine")) == 1


def test_basic_credentials_lead_to_customerios_door_and_nothing_else_does(ledger, key_of):
    forget()
    _, secret = make_key(make_source("cio", "customerio", now=1), by="", now=1)
    word = base64.b64encode(f"site:{secret}".encode()).decode()
    asking = key_of()
    basic = {"headers": {"Authorization": f"Basic {word}"}, "content_type": "application/json"}
    try:
        for method, where in (("put", "/customers/5"), ("post", "/customers/5/events"), ("post", "/events")):
            body = b'{"email": "ada@example.com", "name": "x", "anonymous_id": "d1"}'
            answer = getattr(asking.client, method)(f"/api/v1{where}", body, **basic)
            assert (answer.status_code, answer.json()) == (200, {}), (where, answer.json())
        ours = asking.client.put("/api/v1/customers/5", b"{}", headers=asking.headers)
        assert (ours.status_code, ours.json()["code"]) == (405, "method_not_allowed")
        nobody = asking.client.put("/api/v1/customers/5", b"{}")
        assert (nobody.status_code, nobody.json()["code"]) == (401, "no_key")
        wrong = asking.client.get("/api/v1/customers", **basic)
        assert (wrong.status_code, wrong.json()["code"]) == (401, "no_key")
        assert asking.get("/customers").status == 200
    finally:
        forget_file()
