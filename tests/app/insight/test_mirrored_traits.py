"""Traits that segments may use lie in the mirror as codes, follow the people, and leave with them."""

import duckdb
import pytest
from facts import now, order, somebody, take
from heard import hear, said

from tenure.lifecycle.policy import DEFAULT
from tenure_app.dialects.said import LINK
from tenure_app.insight.refresh import refresh
from tenure_app.ledger import merging
from tenure_app.ledger.actions import describe_shop
from tenure_app.ledger.manifest import read_manifest
from tenure_app.ledger.models import Identity, Merge, Trait, TraitCode

NAMES = ("plan", "language", "a,\"b")


def brought(folder, names=NAMES, **more):
    return refresh(folder, DEFAULT, zone="UTC", now=now(), progress=lambda *_: None, traits=names, **more)


def rows(folder):
    """(customer, name, value, guessed) as the file and the book say it."""
    book = {one.pk: (one.name, one.value) for one in TraitCode.objects.all()}
    with duckdb.connect(str(folder / read_manifest(folder).traits.file), read_only=True) as one:
        found = one.execute("SELECT c, name, code, guessed FROM traits ORDER BY c, name").fetchall()
    assert {code for _, _, code, _ in found} == set(book), "the book knows what is there, and nothing else"
    assert all(book[code][0] == name for _, name, code, _ in found)
    return {(c, name): (book[code][1], guessed) for c, name, code, guessed in found}


def same(folder, names=NAMES):
    brought(folder, names)
    step = rows(folder)
    brought(folder.with_name("anew"), names, anew=True)
    assert rows(folder.with_name("anew")) == step
    return step


@pytest.mark.usefixtures("ledger")
def test_traits_follow_people_and_leave_with_them(tmp_path):
    mirror = tmp_path / "mirror"
    take([order(1)], somebody(1, customer="C1"))
    secret = "Ann's own words"
    stated = {"plan": "pro", "note": secret, "a,\"b": 1}
    hear(said(LINK, user="u1", traits=stated, guesses={"language": "en", "plan": "free"}))
    hear(said(LINK, user="u2", traits={"plan": "pro", "language": None}))
    one, two = (Identity.objects.get(match=user).person_id for user in ("u1", "u2"))
    assert same(mirror) == {
        (one, "plan"): ('"pro"', False), (one, "language"): ('"en"', True), (one, "a,\"b"): ("1", False),
        (two, "plan"): ('"pro"', False),
    }  # fmt: skip
    for file in mirror.glob("*.duckdb"):
        assert b"pro" not in file.read_bytes() or not file.name.startswith("traits")
        assert secret.encode() not in file.read_bytes()
    hear(said(LINK, user="u2", traits={"plan": "free"}), said(LINK, user="u1", traits={"language": "de"}))
    found = same(mirror)
    assert (found[two, "plan"], found[one, "language"]) == (('"free"', False), ('"de"', False))
    file = read_manifest(mirror).traits.file
    assert brought(mirror).manifest.traits.file == file, "nothing was said since"
    hear(said(user="u1"))
    same(mirror)
    Trait.objects.filter(person_id=two).delete()
    hear(said(user="u2"))
    assert {c for c, _ in same(mirror)} == {one}
    assert not TraitCode.objects.filter(value='"free"').exists()


@pytest.mark.usefixtures("ledger")
def test_traits_of_merged_people_are_of_whom_they_are_taken_for(tmp_path):
    mirror = tmp_path / "mirror"
    take([order(1)], somebody(1, customer="C1"))
    hear(said(LINK, anonymous="d1", traits={"plan": "of a visitor"}), said(LINK, user="u1", traits={"language": "de"}))
    hear(said(LINK, user="u2", traits={"plan": "pro"}, at=5), said(LINK, user="u3", traits={"plan": "new"}, at=9))
    one, two, three = (Identity.objects.get(match=user).person_id for user in ("u1", "u2", "u3"))
    assert {c for c, _ in same(mirror)} == {one, two, three}
    hear(said(LINK, user="u1", anonymous="d1"))
    assert same(mirror)[one, "plan"] == ('"of a visitor"', False)
    merge = merging.merge(three, two, by="ben", now=now())
    found = same(mirror)
    assert (found[two, "plan"], (three, "plan") in found) == (('"new"', False), False)
    merging.unmerge(merge.pk, by="ben", now=now())
    merging.unmerge(Merge.objects.get(why="device").pk, by="ben", now=now())
    found = same(mirror)
    assert (found[two, "plan"], found[three, "plan"]) == (('"pro"', False), ('"new"', False))
    assert (one, "plan") not in found


@pytest.mark.usefixtures("sqlite_ledger")
def test_what_is_not_asked_for_any_more_goes(tmp_path):
    mirror = tmp_path / "mirror"
    take([order(1)], somebody(1, customer="C1"))
    hear(said(LINK, user="u1", traits={"plan": "pro", "language": "de"}))
    assert len(same(mirror)) == 2
    assert set(same(mirror, ["plan"])) == {(Identity.objects.get(match="u1").person_id, "plan")}
    assert brought(mirror, ()).manifest.traits is None
    assert not TraitCode.objects.exists()
    assert brought(mirror, ()).manifest.traits is None


@pytest.mark.usefixtures("sqlite_ledger")
def test_no_other_way_with_visits_is_taken():
    from tenure_app.refused import Refused

    with pytest.raises(Refused):
        describe_shop(visits="always")
