"""Many merges take as long as there are many, and no longer: thousands of devices of one person, thousands of ids one
after the other. TENURE_STORM=100000 asks for the full count, --log-cli-level=INFO for the seconds."""

import logging
import os
import time
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from facts import source
from heard import hear, root, said

from tenure_app.dialects.said import ALIAS, LINK
from tenure_app.ledger import merging
from tenure_app.ledger.groups import Groups
from tenure_app.ledger.identity import Recogniser
from tenure_app.ledger.models import Identity, Merge, Person

LOG = logging.getLogger("storm")
HOW_MANY = int(os.environ.get("TENURE_STORM", "2000"))
CHUNK = 500
SLOWER = 3.0
"""The second half may take so many times the first one: with what grows with the square it is three times, too, but
only in the full count."""


def recognise(events, chunk=CHUNK):
    """Seconds each half of the chunks took."""
    who = Recogniser(source("web").pk, visits="unless_refused")
    took = []
    for start in range(0, len(events), chunk):
        began = time.perf_counter()
        with transaction.atomic():
            who.recognise(events[start : start + chunk], now=1)
        took.append(time.perf_counter() - began)
    half = len(took) // 2
    return sum(took[:half]), sum(took[half:])


def told(what, first, second):
    LOG.info("%s: %s: %d in %.1f s (%.1f + %.1f)", connection.vendor, what, HOW_MANY, first + second, first, second)


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("known_before", [False, True])
def test_many_devices_of_one_person(known_before):
    if known_before:
        recognise([said(anonymous=f"d{n}") for n in range(HOW_MANY)])
    seconds = recognise([said(LINK, user="u1", anonymous=f"d{n}") for n in range(HOW_MANY)])
    told("devices known before" if known_before else "new devices", *seconds)
    ann = Identity.objects.get(match="u1").person_id
    assert Person.objects.filter(root=ann).count() == HOW_MANY
    assert Merge.objects.filter(ended_at=None, canonical=ann).count() == HOW_MANY
    assert len(merging.members(ann)) == HOW_MANY + 1
    began = time.perf_counter()
    parted = merging.unmerge(Merge.objects.order_by("pk")[HOW_MANY // 2].pk, by="", now=2)
    LOG.info("unmerge of one: %.2f s", time.perf_counter() - began)
    assert (parted.members, root(parted.person)) == ([], parted.person)
    assert Person.objects.filter(root=ann).count() == HOW_MANY - 1
    assert seconds[1] < SLOWER * seconds[0] + 0.5


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("way", ["rising", "falling", "pairs first"])
def test_a_chain_of_aliases(way):
    ids = list(range(1, HOW_MANY + 1))
    pairs = list(pairwise(ids))
    if way == "falling":
        pairs.reverse()
    elif way == "pairs first":  # groups of two, of four, of eight: each merge is one of equals
        pairs.sort(key=lambda pair: (pair[0] & -pair[0]).bit_length())
    seconds = recognise([said(ALIAS, user=f"u{b}", previous=f"u{a}") for a, b in pairs])
    told(f"aliases, {way}", *seconds)
    (only,) = {above or one for one, above in Person.objects.values_list("pk", "root")}
    assert Person.objects.filter(root=only).count() == HOW_MANY - 1
    began = time.perf_counter()
    middle = Merge.objects.order_by("pk")[HOW_MANY // 2]
    parted = merging.unmerge(middle.pk, by="", now=2)
    LOG.info("unmerge of one: %.2f s, %d with them", time.perf_counter() - began, len(parted.members))
    assert Person.objects.filter(root=parted.person).count() == len(parted.members)
    if way != "pairs first":  # there each of the later ones is larger: n log n in all
        assert seconds[1] < SLOWER * seconds[0] + 0.5


@pytest.mark.usefixtures("ledger")
def test_a_storm_by_hand_is_as_good_as_over_the_wire():
    people = hear(*[said(user=f"u{n}") for n in range(200)]).people
    for one, other in pairwise(people):
        merging.merge(other, one, by="ben", now=3)
    assert Person.objects.filter(root=people[0]).count() == 199


@pytest.mark.usefixtures("ledger")
def test_many_who_were_parted_are_told_apart_at_once(monkeypatch):
    """Each of them is asked about those whom they were parted from themselves, not about everybody."""
    recognise([said(LINK, user="u1", anonymous=f"d{n}") for n in range(CHUNK)])
    for merge in Merge.objects.all():
        merging.unmerge(merge.pk, by="", now=2)
    looks, real = [], Groups.of
    monkeypatch.setattr(Groups, "of", lambda groups, person: looks.append(person) or real(groups, person))
    recognise([said(LINK, user="u1", anonymous=f"d{n}") for n in range(CHUNK)])
    assert not Merge.objects.filter(ended_at=None).exists()
    assert len(looks) < 30 * CHUNK


@pytest.mark.usefixtures("ledger")
def test_many_who_turn_out_to_be_customers_are_looked_for_at_once():
    """Also where they hang below one another: who stands above whom is asked once."""
    recognise([said(ALIAS, anonymous="d", previous="u0"), *(
        said(ALIAS, anonymous=f"u{n}", previous=f"u{n + 1}") for n in range(100)
    )])  # fmt: skip
    assert not Person.objects.filter(anonymous=False).exists()
    with CaptureQueriesContext(connection) as asked:
        recognise([said(user=f"u{n}") for n in (*range(50, 0, -1), *range(51, 101))])
    assert len(asked) < 30
    above = dict(Merge.objects.values_list("person_id", "canonical_id"))
    hidden = dict(Person.objects.values_list("pk", "anonymous"))
    assert [one for one in above if not hidden[one] and hidden[above[one]]] == []
    assert not any(hidden[person] for person in Identity.objects.filter(kind="customer").values_list(
        "person_id", flat=True) if person != Identity.objects.get(kind="customer", match="u0").person_id)  # fmt: skip
