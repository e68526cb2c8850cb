"""Facts go into the ledger once; what is said otherwise later is a later event."""

import hashlib
import hmac

import pytest
from django.conf import settings
from facts import a_run, now, order, somebody, take

from tenure_app.ledger import intake
from tenure_app.ledger.models import Event, EventBody, Identity, ImportRun, Person
from tenure_app.ledger.undo import undo
from tenure_app.refused import Refused

pytestmark = pytest.mark.usefixtures("ledger")


def kinds():
    return list(Event.objects.order_by("id").values_list("kind", "amount_minor"))


def test_the_same_facts_twice_add_nothing():
    facts = [order(1), order(2, customer=2, amount=500, body='{"note": "at the door"}')]
    assert take(facts) == {"new": 2, "people": (0, 2)}
    before = list(Event.objects.values_list())
    assert take(facts) == {"same": 2, "people": (2, 0)}
    assert list(Event.objects.values_list()) == before
    assert EventBody.objects.get().body == '{"note": "at the door"}'
    assert Person.objects.count() == 2


def test_overlapping_files_add_only_what_is_new():
    take([order(1), order(2)])
    assert take([order(2), order(3)])["new"] == 1
    assert [event.source_key for event in Event.objects.order_by("id")] == ["order:1", "order:2", "order:3"]


def test_another_content_under_a_known_key_is_a_correction_that_names_the_first():
    take([order(1, amount=1000)])
    assert take([order(1, amount=900)]) == {"corrected": 1, "people": (1, 0)}
    assert take([order(1, amount=900)])["same"] == 1
    assert take([order(1, amount=1000)])["corrected"] == 1
    first, second, third = Event.objects.order_by("id")
    assert kinds() == [("order.placed", 1000), ("order.corrected", 900), ("order.corrected", 1000)]
    assert (second.first_id, third.first_id) == (first.pk, first.pk)


def test_a_state_that_changes_is_a_fact_of_its_own_and_may_change_back():
    def consent(given):
        kind = "consent.given" if given else "consent.denied"
        said = {"kind": kind, "customer": 1, "at": None, "is_state": True, "channel": "email"}
        return [{"key": "consent:email:c1", **said}]

    fates = [take(consent(given)) for given in (True, True, False, False, True)]
    assert [{**fate, "people": None} for fate in fates] == [
        {"new": 1, "people": None}, {"same": 1, "people": None}, {"changed": 1, "people": None},
        {"same": 1, "people": None}, {"changed": 1, "people": None},
    ]  # fmt: skip
    assert [kind for kind, _ in kinds()] == ["consent.given", "consent.denied", "consent.given"]
    assert Event.objects.exclude(first=None).count() == 0
    # the export does not say when: when we learnt of it
    assert all(event.occurred_at == event.recorded_at for event in Event.objects.all())


def test_one_key_in_two_sources_is_two_facts():
    take([order(1)])
    assert take([order(1)], of="another shop")["new"] == 1


def test_the_hash_is_a_keyed_one_of_every_field():
    take([order(1, region="DE", body='{"a": "ü"}')])
    event = Event.objects.get()
    fields = [
        "order.placed", str(event.person_id), "1600000000000000", "1", "1000", "EUR", None, None, "DE", None, None,
        '{"a": "ü"}',
    ]  # fmt: skip
    said = "".join("-" if field is None else f"{len(field.encode())}:{field}" for field in fields)
    whole = hmac.new(settings.TENURE_HASH_KEY.encode(), said.encode(), hashlib.sha256).digest()
    assert bytes(event.fact_hash) == whole[:16]


@pytest.mark.parametrize("change", [
    {"kind": "order.refunded"}, {"customer": 2}, {"at": 1}, {"order_key": "x"}, {"amount_minor": 1},
    {"currency": "USD"}, {"discount_minor": 1}, {"category": "a"}, {"region": "b"}, {"channel": "c"}, {"reason": "d"},
    {"body": "{}"},
])  # fmt: skip
def test_no_field_may_change_unseen(change):
    everybody = [*somebody(1, customer="C1"), *somebody(2, customer="C2")]
    take([order(1)], everybody)
    assert take([{**order(1), **change}], everybody)["corrected"] == 1


# People


def test_somebody_is_found_by_their_id_then_by_their_address():
    take([order(1)], somebody(1, customer="C1", email="Ann@x.de", name="Ann"))
    assert take([order(2)], somebody(1, email="ann@x.de"), of="elsewhere")["people"] == (1, 0)
    assert take([order(3)], somebody(1, customer="C1"), of="elsewhere")["people"] == (0, 1)  # ids are a shop's own
    assert take([order(4)], somebody(1, customer="C1", phone="+4930"))["people"] == (1, 0)
    ann = Event.objects.get(source_key="order:1").person
    said = Identity.objects.filter(person=ann).values_list("kind", "value").order_by("kind")
    assert list(said) == [("customer", "C1"), ("email", "Ann@x.de"), ("name", "Ann"), ("phone", "+4930")]


def test_an_address_that_two_share_is_the_first_ones():
    everybody = [*somebody(1, customer="C1", email="home@x.de"), *somebody(2, customer="C2", email="home@x.de")]
    assert take([order(1), order(2, customer=2)], everybody)["people"] == (0, 2)
    assert take([order(1), order(2, customer=2)], everybody) == {"same": 2, "people": (2, 0)}
    assert Identity.objects.get(kind="email").person == Event.objects.get(source_key="order:1").person


def test_a_new_name_is_kept_beside_the_old_one():
    take([order(1)], somebody(1, customer="C1", name="Ann Archer"))
    take([order(1)], somebody(1, customer="C1", name="Ann Baker"))
    take([order(1)], somebody(1, customer="C1", name="Ann Baker"))
    assert list(Identity.objects.filter(kind="name").order_by("id").values_list("value", flat=True)) == [
        "Ann Archer", "Ann Baker",
    ]  # fmt: skip


def test_people_draw_as_the_core_draws_their_ids():
    import numpy as np

    from tenure.lifecycle.population import draws

    take([order(1), order(2, customer=2)], [*somebody(1, customer="12346"), *somebody(2, customer="7")])
    found = dict(Identity.objects.filter(kind="customer").values_list("match", "person__draw"))
    assert found == {str(n): int(draws(np.array([n]))[0]) for n in (12346, 7)}


# Undoing


def test_undoing_takes_back_what_only_this_run_said():
    run = a_run()
    take([order(1), order(2)], run=run)
    undone = undo(run, by="ann", now=now)
    assert (undone.reversed, undone.restored, undone.left) == (2, 0, 0)
    assert kinds()[2:] == [("order.reversed", 1000), ("order.reversed", 1000)]
    run.refresh_from_db()
    assert run.state == ImportRun.UNDONE
    # and its file may be imported again
    assert take([order(1), order(2)])["corrected"] == 2


def test_undoing_a_correction_brings_back_what_was_said_before():
    take([order(1, amount=1000, body='{"n": 1}')])
    run = a_run()
    take([order(1, amount=900, body='{"n": 2}')], run=run)
    assert undo(run, by="", now=now).restored == 1
    assert kinds() == [("order.placed", 1000), ("order.corrected", 900), ("order.corrected", 1000)]
    assert EventBody.objects.get(event=Event.objects.latest("id")).body == '{"n": 1}'
    assert take([order(1, amount=1000, body='{"n": 1}')])["same"] == 1


def test_undoing_leaves_what_a_later_run_says():
    run = a_run()
    take([order(1, amount=1000), order(2)], run=run)
    take([order(1, amount=900)], run=a_run())
    undone = undo(run, by="", now=now)
    assert (undone.reversed, undone.restored, undone.left) == (1, 0, 1)


@pytest.mark.parametrize("order_of_undoing", [(0, 1), (1, 0)])
def test_nothing_is_left_when_both_runs_are_undone(order_of_undoing):
    runs = [a_run(), a_run()]
    take([order(1, amount=1000)], run=runs[0])
    take([order(1, amount=900)], run=runs[1])
    for place in order_of_undoing:
        undo(runs[place], by="", now=now)
    assert Event.objects.latest("id").kind == "order.reversed"
    assert take([order(1, amount=900)], run=a_run())["corrected"] == 1


def test_undoing_the_first_of_three_leaves_the_last_and_the_middle_one_comes_back():
    runs = [a_run(), a_run(), a_run()]
    for run, amount in zip(runs, (1, 2, 3), strict=True):
        take([order(1, amount=amount)], run=run)
    assert undo(runs[0], by="", now=now).left == 1
    assert undo(runs[2], by="", now=now).restored == 1
    assert (Event.objects.latest("id").kind, Event.objects.latest("id").amount_minor) == ("order.corrected", 2)
    assert undo(runs[1], by="", now=now).reversed == 1


def test_a_correction_of_what_was_taken_back_is_taken_back_too():
    first, second = a_run(), a_run()
    take([order(1)], run=first)
    undo(first, by="", now=now)
    take([order(1, amount=5)], run=second)
    assert undo(second, by="", now=now).reversed == 1
    assert [kind for kind, _ in kinds()] == ["order.placed", "order.reversed", "order.corrected", "order.reversed"]


@pytest.mark.parametrize(("state", "code"), [("running", "run_under_way"), ("undone", "undone_already")])
def test_what_cannot_be_undone_is_refused(state, code):
    run = a_run(state=state)
    with pytest.raises(Refused) as refused:
        undo(run, by="", now=now)
    assert refused.value.code == code
    assert ImportRun.objects.count() == 1


def test_another_hash_key_is_refused(monkeypatch):
    intake.check_key()
    intake.check_key()
    monkeypatch.setattr(settings, "TENURE_HASH_KEY", "another")
    with pytest.raises(Refused) as refused:
        intake.check_key()
    assert refused.value.code == "another_hash_key"


def test_names_and_addresses_are_kept_as_they_are_searched():
    take([order(1)], somebody(1, customer="Ä-9", email="Ann@x.de", name=" Ann  Mary O'Neil "))
    take([order(2)], somebody(1, customer="Ä-9", name="Zoë"))
    said = Identity.objects.order_by("id").values_list("kind", "folded", "turned")
    assert sorted(said) == [
        ("customer", "ä-9", None),
        ("email", "ann@x.de", None),
        ("name", "ann mary o'neil", "o'neil ann mary"),
        ("name", "zoë", None),
    ]
