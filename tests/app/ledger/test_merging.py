"""Merged and parted again, everybody is as they were: whose events, identities, traits and accounts are, and who stands
where. TENURE_EXAMPLES asks for more lives than those that are drawn here."""

import itertools
import os

import pytest
from django.db import connection
from facts import now, order, somebody, take
from heard import everything, hear, root, said
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mirrored import lives

from tenure.lifecycle.policy import DEFAULT
from tenure_app.dialects.said import ALIAS, EVENT, LINK
from tenure_app.insight.refresh import refresh
from tenure_app.ledger import merging
from tenure_app.ledger.models import Event, Identity, Merge, Person
from tenure_app.refused import Refused

MORE = int(os.environ.get("TENURE_EXAMPLES") or 0)
DAY = 86_400_000_000
START = 1_690_000_000_000_000


def of(pool, n):
    return st.one_of(st.none(), st.integers(1, n).map(lambda number: f"{pool}{number}"))


EVENTS = st.builds(
    dict, asks=st.sampled_from([EVENT, EVENT, LINK, LINK, ALIAS]), user=of("u", 4), anonymous=of("d", 4),
    previous=of("u", 4) | of("d", 4) | of("old", 2), email=of("mail", 3), phone=of("+49 30 1234", 2),
    choice=st.sampled_from([None, None, True, False]),
    traits=st.dictionaries(st.sampled_from(["plan", "name", "size"]), st.integers(0, 9)),
    guesses=st.dictionaries(st.just("language"), st.sampled_from(["de", "en"])), account=of("firm", 2),
    order=st.booleans(), day=st.integers(0, 300), source=st.sampled_from(["web", "web", "shop"]),
)  # fmt: skip
FILES = st.lists(st.tuples(st.integers(1, 6), of("mail", 3), st.integers(0, 300)), min_size=1, max_size=4)
LIVES = st.lists(st.one_of(EVENTS, EVENTS, EVENTS, FILES), min_size=2, max_size=12)
TURNS = itertools.count(1)


def live(steps):
    """Put a drawn life on the timeline, events and files of orders, of people whom no life before it knows."""
    number, turn = 0, next(TURNS)
    for step in steps:
        number += 1
        if isinstance(step, list):
            take([order(f"{number}-{n}", customer=who, at=START + day * DAY) for n, (who, _, day) in enumerate(step)], [
                one for who, mail in {who: mail for who, mail, _ in step}.items()
                for one in somebody(who, customer=f"u{who}", **({"email": f"{mail}@x{turn}.de"} if mail else {}))
            ], of=f"shop {turn}")  # fmt: skip
            continue
        told = {key: value for key, value in step.items() if key not in ("order", "day", "source")}
        told["email"] = f"{told['email']}@x{turn}.de" if told["email"] else None
        told["phone"] = told["phone"] and f"{told['phone']}{turn}"
        if step["order"]:
            told |= {"kind": "order.placed", "order_key": f"e{number}", "amount_minor": 100 + number, "currency": "EUR"}
        hear(said(at=START + step["day"] * DAY, **told), of=f"{step['source']} {turn}", at=START + 400 * DAY + number)


def is_sound():
    """Roots follow from the merges in force, and nobody known hangs below somebody anonymous."""
    above = dict(Merge.objects.filter(ended_at=None).values_list("person_id", "canonical_id"))
    hidden = dict(Person.objects.values_list("pk", "anonymous"))
    for person, told in Person.objects.values_list("pk", "root"):
        last = person
        while last in above:
            assert hidden[last] or not hidden[above[last]], "somebody known hangs below a device"
            last = above[last]
        assert (told or person) == last
        assert told != person


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def examples(few):
    return settings(
        max_examples=MORE or few, deadline=None, suppress_health_check=QUIET, derandomize=not MORE, database=None
    )


@pytest.mark.usefixtures("ledger")
@examples(16)
@given(steps=LIVES, pairs=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=4),
       dice=st.randoms(use_true_random=False))  # fmt: skip
def test_merged_and_parted_again_everybody_is_as_before(steps, pairs, dice):
    last = Person.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    live(steps)
    is_sound()
    before = everything()
    people = sorted(person for person in before if person > last)
    events = Event.objects.exclude(source__name="tenure").count()
    if not people:
        return
    merges = []
    for one, other in pairs:
        one, other = people[one % len(people)], people[other % len(people)]
        was = {root(one), root(other)}
        merge = merging.merge(one, other, by="ben", now=now())
        is_sound()
        assert (merge is None) == (len(was) == 1)
        assert root(one) == root(other)
        if merge is not None:
            merges.append(merge.pk)
            ways = {"events", "identities", "traits", "accounts"}
            after = everything()
            assert {n: {way: after[n][way] for way in ways} for n in after} == {
                n: {way: before[n][way] for way in ways} for n in before
            }
    dice.shuffle(merges)
    for merge in merges:
        merging.unmerge(merge, by="ben", now=now())
        is_sound()
    assert everything() == before
    assert Event.objects.exclude(source__name="tenure").count() == events


@pytest.mark.usefixtures("ledger")
@examples(3)
@given(steps=LIVES, pair=st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_everybody_stands_where_they_stood(tmp_path, steps, pair):
    folder = tmp_path / f"mirror-{now()}"
    live([*steps, [(1, "mail1", 3), (2, None, 200), (1, "mail1", 80)]])

    def pictured():
        refresh(folder, DEFAULT, zone="UTC", now=now(), progress=lambda *_: None)
        return lives(folder)

    before = pictured()
    known = list(Person.objects.filter(anonymous=False, root=None).order_by("pk").values_list("pk", flat=True))
    merge = merging.merge(known[pair[0] % len(known)], known[pair[1] % len(known)], by="ben", now=now())
    if merge is not None:
        both = {merge.person_id, root(merge.person_id)}
        merged = pictured()
        assert {row[0] for row in merged["history"]} == {row[0] for row in before["history"]} - {merge.person_id}
        merging.unmerge(merge.pk, by="ben", now=now())
        assert both - {root(one) for one in both} == set()
    assert pictured() == before


@pytest.mark.usefixtures("ledger")
def test_the_known_one_stands_for_both_then_the_larger_group_then_the_lower_number():
    device, one, two, three, four = hear(said(anonymous="d1"), *[said(user=f"u{n}") for n in range(4)]).people
    merging.merge(one, device, by="ben", now=1)
    assert (root(device), root(one)) == (one, one)
    merging.merge(three, four, by="ben", now=1)
    assert root(four) == three
    merging.merge(two, four, by="ben", now=1)
    assert root(two) == three, "three has the larger group"
    merging.merge(two, one, by="ben", now=1)
    assert (root(one), root(device)) == (three, three)
    assert merging.members(three) == [three, device, one, two, four]
    assert merging.root_of(device) == three
    assert merging.root_of(10**9) == 10**9


@pytest.mark.usefixtures("ledger")
def test_an_unmerge_takes_along_whom_it_was_found_by():
    """A device that was found to be u2's stays u2's, though u2 was taken for u1 at the time."""
    one, two = hear(said(user="u1"), said(user="u2")).people
    merge = merging.merge(one, two, by="ben", now=1)
    device = hear(said(anonymous="d1"), said(LINK, user="u2", anonymous="d1")).people[0]
    assert root(device) == one
    parted = merging.unmerge(merge.pk, by="ben", now=2)
    assert (parted.person, parted.root, parted.members) == (two, one, [device])
    assert (root(device), root(two), root(one)) == (two, two, one)


@pytest.mark.usefixtures("ledger")
def test_whom_somebody_parted_nothing_but_an_alias_joins_again():
    hear(said(anonymous="d1"), said(LINK, user="u1", anonymous="d1"))
    hear(said(email="a@x.de"), said(LINK, user="u2", email="a@x.de"))
    for merge in Merge.objects.all():
        merging.unmerge(merge.pk, by="ben", now=2)
    device = Identity.objects.get(match="d1").person_id
    hear(said(LINK, user="u1", anonymous="d1"), said(LINK, user="u2", email="a@x.de"))
    assert not Merge.objects.filter(ended_at=None).exists()
    hear(said(ALIAS, user="u1", previous="d1"))
    assert root(device) == Identity.objects.get(match="u1").person_id


@pytest.mark.usefixtures("ledger")
def test_what_cannot_be_merged_or_parted_is_refused():
    one, two = hear(said(user="u1"), said(user="u2")).people
    with pytest.raises(Refused) as told:
        merging.merge(one, 10**9, by="", now=1)
    assert told.value.code == "unknown_person"
    assert merging.merge(one, one, by="", now=1) is None
    merge = merging.merge(one, two, by="", now=1)
    assert merging.merge(two, one, by="", now=1) is None
    merging.unmerge(merge.pk, by="", now=2)
    for number, code in ((merge.pk, "parted_already"), (10**9, "unknown_merge")):
        with pytest.raises(Refused) as told:
            merging.unmerge(number, by="", now=3)
        assert told.value.code == code


@pytest.mark.usefixtures("postgres_ledger")
def test_two_who_merge_the_same_people_at_once():
    """Whoever comes second waits and looks again: the groups are one, and nobody is lost."""
    import threading

    from django.db import transaction

    people = hear(*[said(user=f"u{n}") for n in range(4)]).people
    merged, go_on = threading.Event(), threading.Event()

    def first():
        with transaction.atomic():
            merging.merge(people[0], people[1], by="one", now=1)
            merged.set()
            go_on.wait(20)
        connection.close()

    def second():
        merged.wait(20)
        threading.Timer(0.3, go_on.set).start()
        merging.merge(people[1], people[2], by="two", now=1)
        connection.close()

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    is_sound()
    assert {root(person) for person in people[:3]} == {people[0]}
