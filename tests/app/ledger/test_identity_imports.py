"""Files and events over the wire mean the same people, whichever comes first and even at the same time."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from facts import order, somebody, source, take
from heard import everything, hear, root, said

from tenure_app.dialects.said import ALIAS, LINK
from tenure_app.ledger import people
from tenure_app.ledger.identity import Recogniser
from tenure_app.ledger.ids import draw_of, scattered
from tenure_app.ledger.models import Event, Identity, Person


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("customer", ["C-77", "4711", "0", "-5", "0815", "ünï", "123456789012345678901"])
def test_the_draw_is_the_one_that_a_file_would_give(customer):
    take([order(1)], [{"customer": 1, "kind": "customer", "value": customer, "match": customer, "rank": 1}])
    assert Person.objects.get().draw == draw_of(customer)


@pytest.mark.usefixtures("ledger")
def test_an_address_draws_by_the_persons_number():
    person = hear(said(user="ann@x.de")).people[0]
    assert Person.objects.get(pk=person).draw == scattered(person)
    take([order(1)], [{"customer": 1, "kind": "customer", "value": "b@x.de", "match": "b@x.de", "rank": 1}])
    last = Person.objects.order_by("-pk").first()
    assert last.draw == scattered(last.pk)


@pytest.mark.usefixtures("ledger")
def test_files_and_events_of_a_source_mean_the_same_people():
    known = hear(said(LINK, user="C1", email="ann@x.de")).people[0]
    take([order(1), order(2, customer=2)], [*somebody(1, email="ann@x.de"), *[
        {"customer": 2, "kind": "customer", "value": "C2", "match": "C2", "rank": 1}]], of="web")  # fmt: skip
    assert Event.objects.get(order_key="1").person_id == known
    assert hear(said(user="C2")).people == [Event.objects.get(order_key="2").person_id]


@pytest.mark.usefixtures("ledger")
def test_whom_a_file_knows_is_nobody_anonymous():
    hear(said(ALIAS, anonymous="d1", previous="C1"))
    take([order(1)], [{"customer": 1, "kind": "customer", "value": "C1", "match": "C1", "rank": 1}], of="web")
    person = Event.objects.get(order_key="1").person
    assert not person.anonymous
    assert not Person.objects.get(pk=root(person.pk)).anonymous


@pytest.mark.usefixtures("postgres_ledger")
def test_two_workers_who_make_the_same_person_known_at_once():
    number = source("web").pk
    who = Recogniser(number, visits="never")
    begun, go_on = threading.Event(), threading.Event()
    failed = []

    def slow():
        try:
            with transaction.atomic():
                who.recognise([said(user="u1"), said(user="u2")], now=1)
                begun.set()
                go_on.wait(20)
        finally:
            connection.close()

    def other():
        begun.wait(20)
        for _ in range(3):
            try:
                with transaction.atomic():
                    failed.append(who.recognise([said(user="u3"), said(user="u2")], now=1).people)
                break
            except IntegrityError as error:
                failed.append(error)
        connection.close()

    threads = [threading.Thread(target=each) for each in (slow, other)]
    for thread in threads:
        thread.start()
    begun.wait(20)
    threading.Event().wait(0.5)  # the other one waits for the first by now
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert isinstance(failed[0], IntegrityError)
    assert failed[1][1] == Identity.objects.get(match="u2").person_id
    assert Person.objects.count() == 3


@pytest.mark.usefixtures("ledger")
def test_nothing_of_anybody_changes_when_an_event_is_heard_again():
    events = [
        said(anonymous="d1"), said(LINK, user="u1", anonymous="d1", email="a@x.de", traits={"name": "Ann A", "n": 1}),
        said(LINK, user="u2", email="a@x.de", phone="+493012345"), said(ALIAS, user="u3", previous="u2"),
        said(user="u1", account="acme", account_traits={"name": "ACME"}),
    ]  # fmt: skip
    hear(*events)
    before = everything()
    whose = Recogniser(source("web").pk, visits="unless_refused").recognise(events, now=9)
    assert (everything(), whose.new, whose.merged) == (before, [], [])


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("step", ["_make_strangers_known", "_hear_news"])
def test_an_import_goes_on_where_events_made_its_people_known_meanwhile(step, monkeypatch):
    """Another connection writes the same people down between the import's looking and its writing."""
    named = [*named_so(9, customer="C9", email="nine@x.de")]
    take([order(9, customer=9)], named, of="web")
    original, hindered = getattr(people, step), []

    def in_another_connection():
        hear(said(LINK, user="C2", email="two@x.de"), said(LINK, user="C8", email="other9@x.de"))
        connection.close()

    def meanwhile(*told):
        thread = threading.Thread(target=in_another_connection)
        thread.start()
        thread.join()
        original(*told)

    def again(error, found=people.collided):
        hindered.append(found(error))
        return hindered[-1]

    monkeypatch.setattr(people, step, meanwhile)
    monkeypatch.setattr(people, "collided", again)
    named = [
        *named_so(1, customer="C1", email="one@x.de"), *named_so(2, customer="C2", email="two@x.de", name="Two"),
        *named_so(9, customer="C9", email="other9@x.de", name="Nine"),
    ]  # fmt: skip
    told = take([order(1, customer=1), order(2, customer=2), order(3, customer=9)], named, of="web")
    assert told["new"] == 3
    assert hindered == [True]
    assert Identity.objects.filter(kind="customer").count() == 4
    assert Event.objects.get(order_key="2").person_id == Identity.objects.get(match="C2").person_id
    assert Event.objects.get(order_key="3").person_id == Identity.objects.get(match="C9").person_id
    assert set(Identity.objects.filter(kind="name").values_list("value", flat=True)) == {"Two", "Nine"}


def named_so(number, /, **told):
    """As `somebody`, with the customer's id as an export spells it."""
    found = somebody(number, **told)
    return [{**one, "match": one["value"]} if one["kind"] == "customer" else one for one in found]


@pytest.mark.usefixtures("ledger")
def test_two_customers_of_a_file_who_are_one_person_say_what_they_say_once():
    one = hear(said(LINK, user="C1", email="old@x.de")).people[0]
    told = [*named_so(1, customer="C1", email="new@x.de"), *named_so(2, email="old@x.de", phone="030 12345")]
    take([order(1, customer=1), order(2, customer=2)], told, of="web")
    assert set(Event.objects.filter(kind="order.placed").values_list("person_id", flat=True)) == {one}
    assert sorted(Identity.objects.values_list("kind", "value")) == [
        ("customer", "C1"), ("email", "new@x.de"), ("email", "old@x.de"), ("phone", "030 12345"),
    ]
