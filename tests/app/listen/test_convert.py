"""From requests to the timeline: each event once, what cannot be put there aside, the next cycle open at the order."""

import datetime as dt
import json

import pytest
from sending import AT, SENT, Sender, converted

from tenure_app import clock
from tenure_app.ledger.models import Event, EventBody, Merge, Person, Shop
from tenure_app.listen import convert as converting
from tenure_app.listen import quarantine, spool
from tenure_app.listen.keys import make_source, set_rules
from tenure_app.listen.models import Opportunity, Quarantined, SpoolMark, Touched
from tenure_app.listen.spool import spool_of, waiting

DAY = 86_400_000_000


@pytest.fixture
def sender(ledger):
    return Sender()


def timeline():
    return list(Event.objects.order_by("id").values_list("kind", "order_key", "amount_minor", "currency"))


def kinds():
    return [kind for kind, *_ in timeline()]


def on(day):
    """An instant some days after AT, as libraries write it."""
    return dt.datetime.fromtimestamp((AT + day * DAY) / 1e6, dt.UTC).isoformat().replace("+00:00", "Z")


def order(sender, number, day=0, total=20, user="u1", name="Order Completed", **more):
    said = {"order_id": str(number), "total": total, "currency": "EUR"}
    return {
        "type": "track", "event": name, "userId": user, "messageId": f"{name} {number} {day} {total}",
        "timestamp": on(day), "properties": {**said, **more},
    }  # fmt: skip


def send(sender, *events):
    answer = sender.post("/v1/batch", {"batch": list(events)})
    assert answer.status_code == 200
    return converted()


def test_an_order_is_on_the_timeline_with_its_money_and_its_person(sender):
    done = send(sender, order(sender, 7, total=19.99))
    assert (done.requests, done.events, done.added) == (1, 1, 1)
    assert ("order.placed", "7", 1999, "EUR") in timeline()
    assert sorted(kinds()) == ["customer.created", "order.placed"]
    (person,) = Person.objects.all()
    assert list(Touched.objects.values_list("person_id", flat=True)) == [person.pk]
    assert not waiting(1)
    body = json.loads(EventBody.objects.get(event__kind="order.placed").body)
    assert body["name"] == "Order Completed"


def test_the_same_said_again_adds_nothing(sender):
    events = [order(sender, 1), order(sender, 2, day=1), {
        "type": "page", "userId": "u1", "messageId": "p1", "timestamp": SENT, "properties": {"path": "/x"},
    }]  # fmt: skip
    first = send(sender, *events, events[0])
    before = timeline()
    assert (first.added, first.known) == (3, 1)
    second = send(sender, *events)
    assert (second.added, second.known, second.quarantined) == (0, 3, 0)
    assert timeline() == before


def test_a_message_id_used_for_something_else_is_put_aside(sender):
    one = {"type": "track", "event": "Seen", "userId": "u1", "messageId": "m1", "timestamp": SENT}
    send(sender, one)
    done = send(sender, {**one, "event": "Heard"})
    assert (done.added, done.quarantined) == (0, 1)
    (kept,) = Quarantined.objects.all()
    assert (kept.code, kept.name) == ("same_message_id", "Heard")
    again = order(sender, 9)
    send(sender, again)
    done = send(sender, {**again, "properties": {**again["properties"], "total": 21}})
    assert (done.added, done.quarantined) == (0, 1)


def test_a_message_id_of_an_order_is_not_taken_for_anything_else(sender):
    said = order(sender, 9)
    send(sender, said)
    other = {"type": "track", "event": "Seen", "userId": "u1", "messageId": said["messageId"], "timestamp": SENT}
    done = send(sender, other)
    assert (done.added, done.quarantined) == (0, 1)


def test_an_order_told_twice_is_one_and_told_otherwise_is_corrected(sender):
    send(sender, order(sender, 5))
    said = order(sender, 5)
    done = send(sender, {**said, "messageId": "of the server"})
    assert (done.added, done.known) == (0, 1)
    done = send(sender, {**order(sender, 5, day=2, total=30), "messageId": "another"})
    assert done.added == 1
    last = Event.objects.order_by("-id").first()
    assert (last.kind, last.first.kind, last.amount_minor) == ("order.corrected", "order.placed", 3000)
    assert last.occurred_at == last.first.occurred_at
    # what was corrected does not come back with a message that was heard before
    assert send(sender, {**said, "messageId": "of the server"}).added == 0
    assert send(sender, order(sender, 5)).added == 0


def test_an_update_of_an_unknown_order_is_kept_and_places_none(sender):
    send(sender, order(sender, 6, name="Order Updated"))
    assert "order.placed" not in kinds()
    assert "order.updated" in kinds()
    send(sender, order(sender, 6))
    send(sender, order(sender, 6, total=25, name="Order Updated"))
    assert kinds()[-1] == "order.corrected"


def test_a_correction_in_the_same_request_names_the_order_before_it(sender):
    send(sender, order(sender, 8), order(sender, 8, total=22, name="Order Updated"))
    first, last = Event.objects.filter(order_key="8").order_by("id")
    assert last.first_id == first.pk


BAD = {
    "nobody": {"type": "track", "event": "Seen", "messageId": "b1"},
    "no_event_name": {"type": "track", "userId": "u", "messageId": "b2"},
    "unknown_type": {"type": "dance", "userId": "u", "messageId": "b3"},
    "generic_id": {"type": "track", "event": "Seen", "userId": "undefined", "messageId": "b4"},
    "bad_amount": {
        "type": "track", "event": "Order Completed", "userId": "u", "messageId": "b5", "properties": {
            "order_id": "1", "total": "much", "currency": "EUR"},
    },
}  # fmt: skip


@pytest.mark.parametrize("code", BAD)
def test_a_bad_event_in_a_good_batch_is_put_aside_with_its_reason(sender, code):
    good = {"type": "track", "event": "Seen", "userId": "u1", "messageId": "g1", "timestamp": SENT}
    done = send(sender, good, BAD[code], {**good, "messageId": "g2"})
    assert (done.added, done.quarantined) == (2, 1)
    (kept,) = Quarantined.objects.all()
    assert kept.code == code
    assert kept.reason
    assert BAD[code]["messageId"] in kept.said
    assert done.events == done.added + done.known + done.quarantined


def test_what_was_put_aside_is_tried_again_after_the_rule_was_mended(sender):
    said = order(sender, 3, currency="Taler")
    assert send(sender, said).quarantined == 1
    assert quarantine.by_code()[0][2:] == ("bad_currency", 1)
    assert quarantine.retry(quarantine.waiting(), now=clock.now()) == 1
    assert converted().quarantined == 1
    states = list(Quarantined.objects.order_by("id").values_list("state", flat=True))
    assert states == ["retried", "waiting"]
    assert [json.loads(line)["code"] for line in quarantine.lines(quarantine.waiting())] == ["bad_currency"]
    assert quarantine.drop(quarantine.waiting(), now=clock.now()) == 1
    assert not quarantine.waiting().exists()


def test_a_time_is_set_right_by_the_instant_of_sending(sender):
    said = {"type": "track", "event": "Seen", "userId": "u1", "messageId": "m", "timestamp": on(-400)}
    before = clock.now()
    sender.post("/v1/batch", {"batch": [said], "sentAt": on(-399)})
    converted()
    one = Event.objects.get(kind__startswith="event")
    assert 0 <= one.occurred_at - (before - DAY) < 60_000_000
    assert one.flag == "skewed"


def test_another_kind_by_the_sources_own_rule(sender):
    set_rules(sender.source, kinds={"Trial begun": "customer.created"}, currency=None)
    send(sender, {"type": "track", "event": "Trial begun", "userId": "u1", "messageId": "t", "timestamp": SENT})
    assert kinds().count("customer.created") == 2


def test_a_visitor_who_says_who_they_are_brings_their_visits_along(sender):
    visit = {"type": "page", "anonymousId": "device-1", "messageId": "v1", "timestamp": SENT}
    send(sender, visit)
    assert kinds() == ["page.viewed"]
    assert not Touched.objects.exists()
    send(sender, {
        "type": "identify", "anonymousId": "device-1", "userId": "u1", "messageId": "i1", "timestamp": SENT,
        "traits": {"email": "ann@example.com", "plan": "gold"},
    })  # fmt: skip
    (merge,) = Merge.objects.all()
    assert merge.person.anonymous
    assert not merge.canonical.anonymous
    assert set(kinds()) == {"page.viewed", "customer.identified", "customer.created", "person.merged"}
    assert {one.person_id for one in Touched.objects.all()} == {merge.canonical_id}


def test_visits_stay_nobodys_where_the_shop_joins_none(sender):
    Shop.objects.update_or_create(pk=1, defaults={"visits": "never"})
    send(sender, {"type": "page", "anonymousId": "d", "messageId": "v", "timestamp": SENT})
    send(sender, {"type": "identify", "anonymousId": "d", "userId": "u1", "messageId": "i", "timestamp": SENT})
    assert not Merge.objects.exists()


def open_cycles():
    return list(Opportunity.objects.filter(ended_at=None).order_by("person_id").values_list("cycle", flat=True))


def test_the_next_cycle_opens_with_the_order(sender):
    send(sender, order(sender, 1))
    assert open_cycles() == [2]
    send(sender, order(sender, 2, day=0, total=5))
    assert open_cycles() == [2]  # the same day: one occasion
    send(sender, order(sender, 3, day=40))
    assert open_cycles() == [3]
    one = Opportunity.objects.get(ended_at=None)
    assert one.opened_by.order_key == "3"
    assert one.opened_at == one.opened_by.occurred_at
    before = Opportunity.objects.get(cycle=2)
    assert before.ended_by.order_key == "3"


def test_an_order_taken_back_opens_the_earlier_cycle_again(sender):
    send(sender, order(sender, 1), order(sender, 3, day=40))
    assert open_cycles() == [3]
    send(sender, order(sender, 3, day=41, name="Order Refunded"))
    assert open_cycles() == [2]
    again = Opportunity.objects.get(ended_at=None)
    assert again.opened_by.order_key == "1"
    send(sender, order(sender, 1, day=42, name="Order Cancelled"))
    assert open_cycles() == [1]


def test_a_thousand_orders_open_a_thousand_cycles(sender):
    for start in range(0, 1000, 100):
        send(sender, *(order(sender, n, user=f"u{n}") for n in range(start, start + 100)))
    assert open_cycles() == [2] * 1000


def test_a_mistake_of_ours_in_reading_one_request_holds_up_no_other(sender, monkeypatch, caplog):
    real = converting.parse

    def stumbling(dialect, call, body, **more):
        if b"stumble" in body:
            raise ZeroDivisionError
        return real(dialect, call, body, **more)

    monkeypatch.setattr(converting, "parse", stumbling)
    good = {"type": "track", "event": "Seen", "userId": "u1", "messageId": "g", "timestamp": SENT}
    sender.batch({**good, "event": "stumble"})
    done = send(sender, good)
    assert (done.added, done.quarantined) == (1, 1)
    assert Quarantined.objects.get().code == "unreadable"
    assert "ZeroDivisionError" in caplog.text


def test_killed_before_the_end_of_its_transaction_nothing_is_there_and_then_everything(sender, monkeypatch):
    sender.post("/v1/batch", {"batch": [order(sender, 1), order(sender, 2, day=1)], "sentAt": SENT})

    def dying(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as dead:
        dead.setattr(converting, "turn_cycles", dying)
        with pytest.raises(KeyboardInterrupt):
            converted()
    assert (Event.objects.count(), len(waiting(9)), Person.objects.count()) == (0, 1, 0)
    assert converted().added == 2
    assert not waiting(1)


def test_killed_between_the_ledger_and_the_clearing_away_nothing_is_done_twice(sender, monkeypatch):
    bad = {"type": "track", "userId": "u1", "messageId": "b"}
    sender.post("/v1/batch", {"batch": [order(sender, 1), bad]})

    def dying(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dead:
        dead.setattr(converting, "clear_away", dying)
        with pytest.raises(KeyboardInterrupt):
            converted()
    before = timeline()
    assert converted().events == 0
    assert (timeline(), Quarantined.objects.count()) == (before, 1)
    assert send(sender, order(sender, 2, day=1)).added == 1


def test_a_lost_file_of_requests_gives_no_number_twice(sqlite_ledger):
    sender = Sender()
    for n in range(3):
        send(sender, order(sender, n, day=n))
    assert SpoolMark.objects.get().upto == 3
    spool.forget_file()
    for path in spool_of(sqlite_ledger.removeprefix("sqlite:///")).parent.glob("*.received.sqlite3*"):
        path.unlink()
    assert send(sender, order(sender, 9, day=9)).added == 1
    assert SpoolMark.objects.get().upto == 4


def test_what_names_only_an_order_is_whose_the_order_is(ledger):
    source = make_source("shop", "shopify", now=1)
    placed = {"id": 7, "created_at": "2026-09-21T10:00:00Z", "total_price": "20.00", "currency": "EUR",
              "customer": {"id": 5, "email": "ann@example.com"}}  # fmt: skip
    refund = {"id": 70, "order_id": 7, "created_at": "2026-09-22T10:00:00Z", "transactions": [
        {"kind": "refund", "status": "success", "amount": "20.00", "currency": "EUR"}]}  # fmt: skip

    def hear(topic, body):
        spool.append(source=source.pk, call=f"{topic} {topic}-id -", body=json.dumps(body).encode(), events=1, now=AT)
        return converted()

    assert hear("refunds/create", refund).quarantined == 1
    assert Quarantined.objects.get().code == "unknown_order"
    assert hear("orders/create", placed).added == 1
    assert open_cycles() == [2]
    assert quarantine.retry(quarantine.waiting(), now=clock.now()) == 1
    assert converted().added == 1
    back = Event.objects.get(kind="order.refunded")
    assert back.person_id == Event.objects.get(kind="order.placed").person_id
    assert open_cycles() == [1]
