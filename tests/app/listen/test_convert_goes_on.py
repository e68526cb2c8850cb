"""Nothing that is sent holds up what is sent after it, and orders of which not every word found somebody stay whole."""

import json

import pytest
from django.db import OperationalError
from sending import AT, SENT, Sender, converted

from tenure_app import clock
from tenure_app.ledger.models import Event, Source
from tenure_app.listen import convert as converting
from tenure_app.listen import quarantine, spool
from tenure_app.listen.keys import make_source
from tenure_app.listen.models import Quarantined, Touched

WRONG = "unreadable"


@pytest.fixture
def sender(ledger):
    return Sender()


def orders():
    """What the timeline says of orders, in its order: kind, amount, whose."""
    found = Event.objects.filter(kind__startswith="order.").order_by("pk")
    return list(found.values_list("kind", "amount_minor", "person__identities__match"))


def said(sender, *events):
    assert sender.batch(*events).status_code == 200
    return converted()


def aside():
    return list(Quarantined.objects.order_by("pk").values_list("code", flat=True))


# One that cannot be read


def test_more_mistakes_than_a_statement_has_places_for(sender):
    numbers = {"batch": list(range(260_000))}
    assert sender.post("/v1/batch", numbers).status_code == 200
    done = said(sender, sender.order(1))
    assert done.added == 1
    assert aside() == ["invalid_body"] * 2_500 + ["too_many"]


def test_an_order_id_that_looks_like_another_ones_version(sender):
    said(sender, sender.order("o1"), sender.order("o1\x1f2"))
    said(sender, sender.order("o1", total=30))
    assert orders() == [("order.placed", 2000, "u1"), ("order.corrected", 3000, "u1")]
    assert aside() == ["bad_id"]


def test_a_mistake_of_ours_keeps_one_request_aside_and_a_retry_brings_it(sender, monkeypatch):
    right = converting.write_events

    def wrong(source, kept, *more, **named):
        if any(one.said.order_key == "7" for one in kept):
            raise ValueError("a mistake of ours")
        return right(source, kept, *more, **named)

    monkeypatch.setattr(converting, "write_events", wrong)
    for number in (6, 7, 8):
        sender.batch(sender.order(number))
    assert converted().added == 2
    assert aside() == [WRONG]
    assert json.loads(Quarantined.objects.get().said)["batch"][0]["properties"]["order_id"] == "7"
    monkeypatch.setattr(converting, "write_events", right)
    assert quarantine.retry(quarantine.waiting(), now=clock.now()) == 1
    assert converted().added == 1
    assert len(orders()) == 3


def test_a_database_that_fails_is_no_fault_of_the_request(sender, monkeypatch):
    def full(*_, **__):
        raise OperationalError("database or disk is full")

    sender.batch(sender.order(1))
    with monkeypatch.context() as patch:
        patch.setattr(converting, "write_events", full)
        with pytest.raises(OperationalError):
            converted()
    assert aside() == []
    assert converted().added == 1


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_source_that_the_ledger_does_not_have():
    """A ledger that was restored beside the requests of a newer one."""
    sender = Sender()
    spool.append(source=4711, call="batch", body=b'{"batch":[]}', events=0, now=clock.now())
    assert said(sender, sender.order(1)).added == 1
    (kept,) = Quarantined.objects.all()
    assert (kept.code, kept.source, kept.said) == ("no_dialect", Source.objects.get(name="tenure"), '{"batch":[]}')


@pytest.mark.usefixtures("ledger")
def test_no_more_is_read_at_once_than_was_asked_for():
    sender = Sender()
    for number in range(5):
        sender.batch(*(sender.order(f"{number}-{n}") for n in range(100)))
    assert converting.convert(now=clock.now, most=150).events == 200
    assert converted().events == 300


@pytest.mark.usefixtures("ledger")
def test_what_is_kept_aside_is_kept_as_it_was_sent():
    sender = Sender()
    guest, first = sender.whole(userId="guest", event="Seen"), sender.whole(userId="ann", event="Seen")
    again = {**first, "event": "Heard"}
    sender.post("/v1/batch", {"batch": [guest, first, again], "sentAt": SENT})
    converted()
    kept = {one.code: json.loads(one.said) for one in Quarantined.objects.all()}
    assert kept == {"generic_id": guest, "same_message_id": again}


# Words on an order of which some find nobody


def test_whoever_an_order_finds_first_has_it_and_later_words_correct_it(sender):
    update = {"event": "Order Updated", "userId": "ann"}
    said(sender, sender.order("o1", user="guest"), {**sender.order("o1", total=110), **update},
         {**sender.order("o1", total=120), **update})  # fmt: skip
    said(sender, sender.order("o1", total=130, user="ann"))
    assert orders() == [
        ("order.placed", 11000, "ann"), ("order.corrected", 12000, "ann"), ("order.corrected", 13000, "ann"),
    ]  # fmt: skip
    assert aside() == ["generic_id"]


def test_a_word_that_finds_nobody_leaves_no_gap(sender):
    said(sender, sender.order("o1", user="ann"), sender.order("o1", total=25, user="guest"),
         sender.order("o1", total=30, user="ann"))  # fmt: skip
    said(sender, sender.order("o1", total=35, user="ann"))
    assert [amount for _, amount, _ in orders()] == [2000, 3000, 3500]


def test_a_late_retry_of_a_message_that_agreed_turns_nothing_back(sender):
    first, second = (sender.whole(**sender.order("o1", total=100)) for _ in range(2))
    third = sender.whole(**sender.order("o1", total=120))
    for events in ([first, second], [third], [second]):
        assert sender.post("/v1/batch", {"batch": events, "sentAt": SENT}).status_code == 200
        converted()
    assert [amount for _, amount, _ in orders()] == [10000, 12000]


def test_an_order_that_goes_from_one_to_the_next_touches_who_had_it_last(sender):
    for who in ("ann", "ben"):
        said(sender, sender.order("o1", user=who))
    Touched.objects.all().delete()
    said(sender, sender.order("o1", user="cid"))
    whose = set(Touched.objects.values_list("person__identities__match", flat=True))
    assert {"ben", "cid"} <= whose


def test_a_refund_that_names_only_an_order_is_whose_the_order_is_by_now(ledger):
    source = make_source("shop", "shopify", now=1)

    def hear(topic, body):
        spool.append(source=source.pk, call=f"{topic} {topic}-{body} -"[:200], body=json.dumps(body).encode(), events=1,
                     now=AT)  # fmt: skip
        return converted()

    placed = {"id": 7, "created_at": "2026-09-21T10:00:00Z", "total_price": "20.00", "currency": "EUR"}
    for customer in (5, 6):
        hear("orders/updated" if customer == 6 else "orders/create", {**placed, "customer": {"id": customer}})
    refund = {"id": 70, "order_id": 7, "created_at": "2026-09-22T10:00:00Z", "transactions": [
        {"kind": "refund", "status": "success", "amount": "20.00", "currency": "EUR"}]}  # fmt: skip
    hear("refunds/create", refund)
    assert [(kind, who) for kind, _, who in orders()] == [
        ("order.placed", "5"), ("order.corrected", "6"), ("order.refunded", "6"),
    ]  # fmt: skip


def test_a_retry_that_crosses_the_hour_is_known_and_the_same_of_hours_later_is_not(ledger):
    source = make_source("mail", "customerio", now=1)
    hour = 3_600_000_000
    turn = AT // hour * hour + hour
    added = []
    for at in (turn - 1, turn + 1, turn + 3 * hour):
        spool.append(source=source.pk, call="POST /customers/5/events", body=b'{"name": "purchase"}', events=1, now=at)
        added.append(converted().added)
    assert added == [1, 0, 1]
