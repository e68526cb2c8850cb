"""Whose an event over the wire is: found by an id, made known, joined where a sender says so, and never by accident."""

import json

import duckdb
import pytest
from facts import source
from heard import hear, root, said

from tenure_app.dialects.said import ALIAS, LINK
from tenure_app.ledger import merging
from tenure_app.ledger.ids import address, identifying, telephone
from tenure_app.ledger.models import Account, Event, EventBody, Identity, Membership, Merge, Person, Trait

GENERIC = (
    "", " ", "null", "NULL", "undefined", "None", "nil", "NaN", "anonymous", "Guest", "user", "unknown", "test", "0",
    "-1", "true", "False", "[object Object]", "00000000-0000-0000-0000-000000000000", "xxxxx", "-----", "1111111",
    "a\x00b", "\ud800", "x" * 3 + "y" * 500,
)  # fmt: skip


# Ids


@pytest.mark.parametrize("word", GENERIC)
def test_generic_ids_identify_nobody(word):
    assert identifying(word) is None


@pytest.mark.parametrize("word", ["7", "11", "K", "C-77", " u1 ", "null-1", "0815", "ünï", "a@b.de"])
def test_other_ids_do(word):
    assert identifying(word) == word.strip()


@pytest.mark.parametrize(("word", "found"), [
    (" Ann@X.de ", "ann@x.de"), ("example@example.com", None), ("test@test.com", None), ("user@example.com", None),
    ("null@null", None), ("undefined@shop.de", None), ("ann@example.com", "ann@example.com"), ("a b@c.de", None),
    ("a@b@c", None), (None, None), ("noreply@example.org", None), ("aaa@test.com", None),
])  # fmt: skip
def test_addresses_are_looked_for_in_one_spelling(word, found):
    assert address(word) == found


@pytest.mark.parametrize(("word", "found"), [
    ("0049 30 123 45", "+493012345"), ("+49 (30) 12345", "+493012345"), ("030/12345", "03012345"), ("12345", None),
    ("0000000", None), ("1111111", None), (None, None),
])  # fmt: skip
def test_telephone_numbers_are_looked_for_in_one_spelling(word, found):
    assert telephone(word) == found


@pytest.mark.usefixtures("sqlite_ledger")
def test_addresses_and_numbers_are_matched_as_imports_match_them():
    from tenure.engine.base import statements

    words = ["Ann@X.de", "ann@x", "a b@c.de", "0049 30 123 45", "+49 (30) 12345", "030/12345", "12345", "000000"]
    with duckdb.connect() as one:
        for name in ("email", "phone"):
            one.execute(statements("tenure_app.imports", "cells")[name])
        for word in words:
            ours = (address(word), telephone(word))
            theirs = one.execute("SELECT import_email($x), import_phone($x)", {"x": word}).fetchall()[0]
            assert ours == theirs, word


# Who it is


@pytest.mark.usefixtures("ledger")
def test_a_device_is_somebody_anonymous_until_they_say_who_they_are():
    whose = hear(said(anonymous="d1"), said(anonymous="d1"), said(anonymous="d2"))
    one, same, other = whose.people
    assert (one == same, one == other, whose.new, whose.merged) == (True, False, [], [])
    assert set(Person.objects.values_list("anonymous", flat=True)) == {True}
    whose = hear(said(LINK, user="u1", anonymous="d1"), said(anonymous="d1"), said(user="u1"))
    ann = whose.people[0]
    assert whose.people == [ann, one, ann]
    assert [person for person, _ in whose.new] == [ann]
    assert set(whose.merged) == {ann, one}
    assert (root(one), root(other), Person.objects.get(pk=ann).anonymous) == (ann, other, False)
    (merge,) = Merge.objects.all()
    assert (merge.person_id, merge.canonical_id, merge.why, merge.by, merge.ended_at) == (one, ann, "device", "", None)


@pytest.mark.usefixtures("ledger")
def test_within_one_chunk_it_is_as_in_many():
    events = [
        said(anonymous="d1"), said(LINK, user="u1", anonymous="d1", email="a@x.de"),
        said(LINK, user="u2", email="A@x.de"), said(LINK, anonymous="d2", email="b@x.de"),
        said(LINK, user="u3", email="b@x.de"), said(user="u4", anonymous="d2"),
        said(ALIAS, user="u4", previous="u3"), said(ALIAS, user="u5", previous="nobody yet"), said(user="nobody yet"),
        said(anonymous="d2"), said(phone="+49 30 12345"), said(LINK, user="u6", phone="+493012345"),
    ]  # fmt: skip
    hear(*events, of="one", chunk=1)
    at_once = hear(*events, of="two")  # the addresses are known by now: each source has its own customers
    assert len(at_once.people) == len(events)
    apart = groups("one")
    together = groups("two")
    assert apart == together


def groups(of):
    """Customers and devices of a source that are one person."""
    found = {}
    for match, kind, person, above in Identity.objects.filter(source__name=of, match__isnull=False).values_list(
        "match", "kind", "person_id", "person__root"
    ):
        found.setdefault(above or person, set()).add((kind, match))
    return sorted(map(sorted, found.values()))


@pytest.mark.usefixtures("ledger")
def test_an_event_whose_every_id_is_generic_is_nobodys():
    whose = hear(
        said(user="null"), said(user="0", anonymous="undefined", email="test@test.com"),
        said(user="guest", anonymous="d1"),
    )  # fmt: skip
    assert whose.people[:2] == [None, None]
    assert whose.people[2] is not None
    assert Person.objects.count() == 1


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("word", ["null", "0", "guest", "undefined"])
def test_generic_ids_never_make_one_of_many(word):
    people = [
        hear(
            said(LINK, user=f"u{n}", anonymous=word, email=f"{word}@{word}", phone="0000000"),
            said(ALIAS, user=f"u{n}", previous=word), said(LINK, user=word, anonymous=f"d{n}"),
        ).people for n in range(5)
    ]  # fmt: skip
    assert len({root(person) for each in people for person in each}) == 10
    assert not Merge.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_events_that_carry_two_ids_join_nobody_unless_they_say_so():
    events = (said(anonymous="d1"), said(user="u1", anonymous="d1"), said(user="u2", email="a@x.de"))
    one, other, third = hear(*events).people
    assert len({root(one), root(other), root(third)}) == 3
    assert not Merge.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_a_shared_device_stays_with_whom_it_was_linked_first():
    hear(said(anonymous="d1"), said(LINK, user="u1", anonymous="d1"))
    whose = hear(said(LINK, user="u2", anonymous="d1"), said(anonymous="d1"))
    two, device = whose.people
    assert root(device) == Identity.objects.get(match="u1").person_id
    assert root(two) == two
    assert Merge.objects.count() == 1


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(("visits", "choice", "joined"), [
    ("unless_refused", None, True), ("unless_refused", True, True), ("unless_refused", False, False),
    ("if_agreed", None, False), ("if_agreed", True, True), ("if_agreed", False, False), ("never", True, False),
])  # fmt: skip
def test_visits_from_before_become_theirs_only_if_their_choice_allows(visits, choice, joined):
    before = hear(said(anonymous="d1"), visits=visits).people[0]
    links = [said(LINK, user="u1", anonymous=device, choice=choice) for device in ("d1", "d2")]
    ann = hear(*links, visits=visits)
    assert (root(before) == ann.people[0]) is joined
    after = hear(said(anonymous="d2"), visits=visits).people[0]
    assert (root(after) == ann.people[0]) is joined


# Addresses


@pytest.mark.usefixtures("ledger")
def test_a_customer_who_gives_the_address_of_a_guest_is_that_guest():
    guest = hear(said(email="ann@x.de")).people[0]
    ann = hear(said(LINK, user="u1", email="ANN@x.de ")).people[0]
    assert root(ann) == guest
    assert Merge.objects.get().why == "address"
    assert hear(said(email="ann@x.de")).people == [guest]


@pytest.mark.usefixtures("ledger")
def test_two_customers_of_one_source_with_one_address_are_suggested_not_merged():
    one = hear(said(LINK, user="u1", email="family@x.de", phone="+49 30 12345")).people[0]
    twice = [said(LINK, user="u2", email="family@x.de", phone="+49 30 12345") for _ in range(2)]
    other = hear(*twice).people[0]
    assert root(other) == other
    assert merging.suggestions(9) == [merging.Suggestion(one, other, "email", "family@x.de")]
    assert Identity.objects.filter(person=other, kind="email", match=None, folded="family@x.de").count() == 1
    assert hear(said(email="family@x.de")).people == [one]
    third = hear(said(LINK, user="c1", email="family@x.de"), of="another shop").people[0]
    assert root(third) == one, "a source of its own knows them by another id"
    four = hear(said(LINK, user="c2", email="family@x.de"), of="another shop").people[0]
    assert root(four) == four
    merge = merging.merge(one, other, by="ben", now=7)
    assert [(each.person, each.other) for each in merging.suggestions(9)] == [(one, four)]
    merging.unmerge(merge.pk, by="ben", now=8)
    pairs = [(each.person, each.other) for each in merging.suggestions(9)]
    assert (one, other) not in pairs, "somebody said that they are two"


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("chunk", [None, 1])
def test_two_known_customers_who_give_one_new_address_are_suggested_not_merged(chunk):
    """Also where one owns it by somebody else of their group: a guest, a device of which an alias speaks."""
    one, two, three, four, five = hear(*[said(user=f"u{n}") for n in range(1, 6)]).people
    hear(said(email="guest@x.de"), said(LINK, user="u3", anonymous="d3"))
    hear(
        said(LINK, user="u1", email="family@x.de"), said(LINK, user="u2", email="family@x.de"),
        said(ALIAS, user="u4", previous="guest@x.de"), said(LINK, user="u5", email="guest@x.de"),
        said(ALIAS, anonymous="d3", previous="other@x.de"), said(LINK, user="u5", email="other@x.de"), chunk=chunk,
    )  # fmt: skip
    assert [root(each) for each in (one, two, three, five)] == [one, two, three, five]
    assert {frozenset((each.person, each.other)) for each in merging.suggestions(9)} >= {
        frozenset((one, two)), frozenset((root(four), five)),
    }  # fmt: skip


@pytest.mark.usefixtures("ledger")
def test_a_telephone_number_joins_nobody():
    one = hear(said(LINK, user="u1", phone="+49 30 12345")).people[0]
    other = hear(said(LINK, user="c1", phone="0049 30 12345"), of="another shop").people[0]
    assert root(other) == other
    assert merging.suggestions(9) == [merging.Suggestion(one, other, "phone", "0049 30 12345")]


@pytest.mark.usefixtures("ledger")
def test_a_visitor_who_leaves_an_address_is_known_by_it():
    before = hear(said(anonymous="d1")).people[0]
    whose = hear(said(LINK, anonymous="d1", email="ann@x.de", at=5))
    assert whose.new == [(whose.people[0], 5)]
    assert root(before) == whose.people[0]
    assert hear(said(LINK, anonymous="d1", traits={"a": 1})).people == [before]


# Aliases


@pytest.mark.usefixtures("ledger")
def test_an_alias_makes_one_of_two_whatever_they_are():
    one, other, device = hear(said(user="u1"), said(user="u2"), said(anonymous="d1")).people
    pairs = (("u1", "u2"), ("u2", "d1"), ("u1", "u1"))
    hear(*(said(ALIAS, user=user, previous=previous) for user, previous in pairs))
    assert {root(each) for each in (one, other, device)} == {one}
    assert [merge.why for merge in Merge.objects.all()] == ["alias", "alias"]


@pytest.mark.usefixtures("ledger")
def test_an_alias_may_name_either_by_an_address():
    one, other = hear(said(LINK, user="u1", email="a@x.de"), said(LINK, user="u2", email="b@x.de")).people
    hear(said(ALIAS, user="A@x.de", email="A@x.de", previous="b@x.de"))
    assert {root(one), root(other)} == {one}
    assert not Identity.objects.filter(kind="customer", match__contains="@").exists()


@pytest.mark.usefixtures("ledger")
def test_whoever_an_alias_speaks_of_first_is_found_later():
    ann = hear(said(ALIAS, user="u1", previous="old")).people[0]
    whose = hear(said(user="old", at=9))
    assert root(whose.people[0]) == ann
    assert whose.new == [(whose.people[0], 9)], "they are a customer of their own, whoever parts them"
    device = hear(said(ALIAS, user="u2", previous="device")).people[0]
    whose = hear(said(anonymous="device"))
    assert (root(whose.people[0]), whose.new) == (device, [])


@pytest.mark.usefixtures("ledger")
def test_nobody_known_hangs_below_somebody_anonymous():
    """Two devices are one by an alias, and one of their ids turns out to be a customer's."""
    for chunk in (None, 1):
        source_name = f"web {chunk}"
        hear(said(ALIAS, anonymous="d1", previous="d2"), said(user="d2"), of=source_name, chunk=chunk)
        for merge in Merge.objects.all():
            assert merge.person.anonymous or not merge.canonical.anonymous
        one = Identity.objects.get(kind="customer", match="d2", source=source(source_name)).person_id
        assert not Person.objects.get(pk=root(one)).anonymous


# What they say


@pytest.mark.usefixtures("ledger")
def test_the_newest_word_on_a_trait_holds_and_guesses_are_told_apart():
    hear(
        said(LINK, user="u1", at=200, traits={"plan": "pro", "language": "de"}, guesses={"language": "en"}),
        said(LINK, user="u1", at=100, traits={"plan": "old", "size": {"feet": 43}}),
    )  # fmt: skip
    hear(said(LINK, user="u1", at=150, traits={"plan": "middle"}, guesses={"language": "fr"}))
    hear(said(LINK, user="u1", at=300, traits={"plan": None}), of="another shop")
    told = {
        (one.source.name, one.name, one.guessed): (json.loads(one.value), one.said_at) for one in Trait.objects.all()
    }  # fmt: skip
    assert told == {
        ("web", "plan", False): ("pro", 200), ("web", "language", False): ("de", 200),
        ("web", "language", True): ("en", 200),
        ("web", "size", False): ({"feet": 43}, 100), ("another shop", "plan", False): (None, 300),
    }  # fmt: skip
    hear(said(user="u1", at=400, guesses={"language": "fr"}))
    assert Trait.objects.get(guessed=True).value == '"fr"'


@pytest.mark.usefixtures("ledger")
def test_traits_that_no_database_keeps_are_left_out():
    wild = {
        "x" * 101: 1, "": 2, "large": "x" * 9000, "a\x00": 3, "half": "\ud800", "zero": "a\x00b", "fine": float("nan"),
        "\ud800": 1,
    }  # fmt: skip
    hear(said(LINK, user="u1", traits=wild, account="\ud800", account_traits=wild))
    assert dict(Trait.objects.values_list("name", "value")) == {"zero": '"a\\u0000b"', "fine": "null"}


@pytest.mark.usefixtures("ledger")
def test_people_are_called_by_their_names_and_found_by_them():
    hear(said(LINK, user="u1", traits={"first_name": "Ann", "last_name": " Archer "}))
    hear(said(LINK, user="u1", traits={"firstName": "Ann", "lastName": "Archer", "company": {"name": "ACME GmbH"}}))
    hear(said(LINK, user="u2", traits={"name": "Bob", "company": "Bows & Co", "username": "bob7"}))
    rows = Identity.objects.filter(match=None).values_list("kind", "value", "folded", "turned")
    assert sorted(rows) == [
        ("company", "ACME GmbH", "acme gmbh", None), ("company", "Bows & Co", "bows & co", None),
        ("name", "Ann Archer", "ann archer", "archer ann"), ("name", "Bob", "bob", None),
        ("username", "bob7", "bob7", None),
    ]  # fmt: skip


@pytest.mark.usefixtures("ledger")
def test_people_belong_to_accounts():
    hear(
        said(user="u1", account="acme", at=100, account_traits={"name": "ACME", "plan": "pro"}),
        said(user="u2", account="acme", at=90),
    )  # fmt: skip
    hear(
        said(user="u1", account="acme", at=50, account_traits={"plan": "old", "seats": 3}),
        said(user="u1", account="other", at=60),
    )  # fmt: skip
    acme = Account.objects.get(key="acme")
    assert acme.name == "ACME"
    assert json.loads(acme.traits) == {"name": ["ACME", 100], "plan": ["pro", 100], "seats": [3, 50]}
    assert Membership.objects.count() == 3
    Membership.objects.filter(account=acme).update(ended_at=200)
    hear(said(user="u1", account="acme", at=150), said(user="u2", account="acme", at=300))
    ended = dict(Membership.objects.filter(account=acme).values_list("person__identities__match", "ended_at"))
    assert ended == {"u1": 200, "u2": None}


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("chunk", [None, 1])
def test_whoever_leaves_an_account_is_no_member_until_they_come_back(chunk):
    def one(user, at, kind="account.joined", account="acme"):
        return said(user=user, account=account, at=at, kind=kind)

    def spans():
        told = Membership.objects.order_by("pk").values_list("person__identities__match", "began_at", "ended_at")
        return [each for each in told if each[0]]

    left = "account.left"
    hear(
        one("u1", 100), one("u1", 200, left), one("u1", 250, left), one("u2", 50, left), one("u3", 100, left),
        one("u3", 150), one("u4", 100), one("u4", 200, left), one("u4", 150), one("u5", 10, left, "other"), chunk=chunk,
    )  # fmt: skip
    assert spans() == [("u1", 100, 200), ("u3", 150, None), ("u4", 100, 200)]
    hear(one("u1", 300), one("u3", 120, left), one("u4", 300), one("u4", 400, left), chunk=chunk)
    assert spans() == [("u1", 100, None), ("u3", 150, None), ("u4", 100, 400)]


@pytest.mark.usefixtures("ledger")
def test_merges_are_on_the_timeline():
    hear(said(anonymous="d1"), said(LINK, user="u1", anonymous="d1"))
    merge = Merge.objects.get()
    merging.unmerge(merge.pk, by="ben", now=9)
    told = [
        (one.kind, one.person_id, one.source_key, json.loads(EventBody.objects.get(event=one).body))
        for one in Event.objects.filter(source__name="tenure")
    ]  # fmt: skip
    ann = Identity.objects.get(match="u1").person_id
    assert told == [
        ("person.merged", merge.person_id, f"merge:{merge.pk}", {"into": ann, "why": "device"}),
        ("person.unmerged", merge.person_id, f"unmerge:{merge.pk}", {"from": ann, "by": "ben"}),
    ]
