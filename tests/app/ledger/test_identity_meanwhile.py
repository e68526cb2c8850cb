"""Somebody on a page merges or parts the people whom the worker is about to join: it waits, and looks again."""

import threading

import pytest
from django.db import connection
from heard import hear, root, said

from tenure_app.dialects.said import ALIAS, LINK
from tenure_app.ledger import identity, merging
from tenure_app.ledger.groups import Groups
from tenure_app.ledger.models import Identity, Merge, Person


def after(monkeypatch, owner, name, do):
    """Have another connection do something right after a method was carried out for the first time."""
    real = getattr(owner, name)

    def elsewhere():
        do()
        connection.close()

    def carried_out(*words, **more):
        told = real(*words, **more)
        monkeypatch.setattr(owner, name, real)
        one = threading.Thread(target=elsewhere)
        one.start()
        one.join(20)
        return told

    monkeypatch.setattr(owner, name, carried_out)


def are_sound():
    """Everybody is taken for whom the merges in force lead to."""
    above = dict(Merge.objects.filter(ended_at=None).values_list("person_id", "canonical_id"))
    for person, told in Person.objects.values_list("pk", "root"):
        last = person
        while last in above:
            last = above[last]
        assert (told or person) == last


def whose(match):
    return Identity.objects.filter(match=match).values_list("person_id", flat=True).first()


def larger(user):
    """Somebody whose group is large enough to stand for others as well."""
    return [said(LINK, user=user, anonymous=f"{user} {n}") for n in range(5)]


JOINS = {
    "a new device": said(LINK, user="u2", anonymous="new"),
    "a device of a number": said(LINK, phone="+49 30 12345", anonymous="new"),
    "a device of an address": said(LINK, email="two@x.de", anonymous="new"),
    "a guest of this chunk": said(LINK, user="u2", email="new@x.de"),
    "a device by an alias": said(ALIAS, anonymous="d2", previous="new"),
    "by an alias": said(ALIAS, user="u2", previous="new"),
}


@pytest.mark.usefixtures("postgres_ledger")
@pytest.mark.parametrize("way", JOINS)
def test_a_merge_between_looking_and_joining_is_seen(way, monkeypatch):
    known = said(LINK, user="u2", phone="+49 30 12345", email="two@x.de", anonymous="d2")
    one, two = hear(*larger("u1"), known).people[-2:]
    after(monkeypatch, identity._Chunk, "_look_up", lambda: merging.merge(two, one, by="ben", now=1))
    guest = [said(email="new@x.de")] if way == "a guest of this chunk" else []
    hear(*guest, JOINS[way])
    assert root(two) == one
    assert root(whose("new@x.de" if guest else "new")) == root(two)
    are_sound()


@pytest.mark.usefixtures("postgres_ledger")
def test_an_unmerge_between_looking_and_joining_is_seen(monkeypatch):
    one, two = hear(said(user="u1"), said(user="u2")).people
    merge = merging.merge(one, two, by="ben", now=1)
    after(monkeypatch, identity._Chunk, "_look_up", lambda: merging.unmerge(merge.pk, by="ben", now=2))
    hear(said(LINK, user="u2", anonymous="new"))
    assert (root(two), root(whose("new"))) == (two, two)
    are_sound()


@pytest.mark.usefixtures("postgres_ledger")
def test_an_unmerge_further_up_is_seen_by_another_one(monkeypatch):
    one, two, three = hear(*larger("u0"), said(user="u1"), said(user="u2")).people[-3:]
    lower = merging.merge(two, three, by="ben", now=1)
    upper = merging.merge(one, two, by="ben", now=1)
    device = hear(said(LINK, user="u2", anonymous="d"), said(anonymous="d")).people[1]
    after(monkeypatch, merging, "root_of", lambda: merging.unmerge(upper.pk, by="ben", now=2))
    parted = merging.unmerge(lower.pk, by="ann", now=3)
    assert (parted.root, parted.members) == (two, [device])
    assert [root(each) for each in (one, two, three, device)] == [one, two, three, three]
    are_sound()


@pytest.mark.usefixtures("sqlite_ledger")
def test_who_says_again_what_is_known_holds_nobody(monkeypatch):
    said_so = {"user": "u1", "anonymous": "d1", "email": "a@x.de", "phone": "+49 30 12345"}
    hear(said(LINK, **said_so), said(ALIAS, user="u1", previous="u2"), said(anonymous="d9"))
    held = []
    monkeypatch.setattr(Groups, "hold", lambda _, people, **__: held.append(people))
    hear(
        said(LINK, **said_so), said(LINK, user="u1"), said(LINK, anonymous="d9"), said(user="u1", anonymous="d9"),
        said(ALIAS, user="u1", previous="u2"), said(LINK, user="u1", anonymous="d9", choice=False), said(user="new"),
    )  # fmt: skip
    assert held == []
