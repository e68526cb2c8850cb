"""The admin: for owners alone, read-only but for the users, under a policy of its own that no other page has."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import get_resolver, reverse

from tenure_app.ledger.models import ImportRun, Source
from tenure_app.roles import Role, role_of

OPEN = ("/admin/login/", "/admin/logout/")


def addresses(patterns=None, before="/"):
    """Every address of the admin, with 1 for what is asked."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        said = str(one.pattern)
        if patterns is None and said != "admin/":
            continue
        if hasattr(one, "url_patterns"):
            yield from addresses(one.url_patterns, before + said)
        elif one.name:
            names = one.pattern.converters
            yield reverse(f"admin:{one.name}", kwargs=dict.fromkeys(names, 1)) if names else before + said


@pytest.fixture
def run(console):
    source = Source.objects.create(name="orders")
    return ImportRun.objects.create(format="orders", file_name="a.csv", file_hash="0", source=source, began_at=0)


def test_the_walk_finds_the_admins_pages():
    found = list(addresses())
    assert len(found) > 25
    assert {"/admin/", "/admin/auth/user/", "/admin/tenure/identity/1/change/"} <= set(found)


@pytest.mark.parametrize("who", ["nobody", "outsider", "analyst"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_but_an_owner_gets_in(client_of, who, method):
    client, wrong = client_of(who), {}
    for address in addresses():
        if address in OPEN:
            continue
        answer = getattr(client, method)(address)
        sent = answer.status_code == 302 and answer["Location"].startswith(reverse("sign-in"))
        if not (sent if who == "nobody" else answer.status_code == 403):
            wrong[address] = answer.status_code
    assert wrong == {}


def test_staff_without_a_role_stay_outside(client_of, users):
    User.objects.filter(pk=users["outsider"].pk).update(is_staff=True)
    assert client_of("outsider").get("/admin/").status_code == 403


def test_one_signs_in_and_out_at_the_consoles_own_page(owner):
    assert owner.get("/admin/login/")["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert owner.post("/admin/logout/")["Location"] == "/sign-in/"
    assert owner.get("/admin/").status_code == 302


def test_owners_see_the_tables_and_change_none(owner, run):
    for table in ("source", "importrun", "policyversion", "identity"):
        assert owner.get(f"/admin/tenure/{table}/").status_code == 200
        assert owner.get(f"/admin/tenure/{table}/1/change/").status_code == 200
        assert owner.get(f"/admin/tenure/{table}/add/").status_code == 403
        for what in ("1/change", "1/delete", "add"):
            assert owner.post(f"/admin/tenure/{table}/{what}/", {"name": "x", "file_name": "x"}).status_code == 403
    assert ImportRun.objects.get(pk=run.pk).file_name == "a.csv"
    assert "Dahl" in owner.get("/admin/tenure/identity/", {"q": "dahl"}).content.decode()
    assert "Dahl" not in owner.get("/admin/tenure/identity/", {"q": "nobody"}).content.decode()


def form_of(user, **more):
    groups = list(user.groups.values_list("pk", flat=True))
    return {"username": user.username, "email": "", "is_active": "on", "groups": groups} | more


def test_users_are_edited_but_an_owner_stays(owner, users):
    vera, ann = users["owner"], users["analyst"]
    owners = Group.objects.get(name="owner").pk
    answer = owner.post(f"/admin/auth/user/{vera.pk}/change/", form_of(vera, groups=[]))
    assert "without an owner" in answer.content.decode()
    assert role_of(User.objects.get(pk=vera.pk)) is Role.OWNER
    answer = owner.post(f"/admin/auth/user/{ann.pk}/change/", form_of(ann, first_name="Ann", groups=[owners]))
    assert answer.status_code == 302
    assert (User.objects.get(pk=ann.pk).first_name, role_of(User.objects.get(pk=ann.pk))) == ("Ann", Role.OWNER)
    assert owner.post(f"/admin/auth/user/{ann.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_policy_is_relaxed_for_the_admin_alone(owner):
    console = {name: owner.get(reverse(name))["Content-Security-Policy"] for name in ("ring", "settings", "customers")}
    assert not [name for name, said in console.items() if "unsafe" in said]
    said = dict(
        part.strip().split(" ", 1) for part in owner.get("/admin/")["Content-Security-Policy"].split(";") if part
    )
    assert said["script-src"] == "'self' 'unsafe-eval'"
    assert said["style-src"] == "'self' 'unsafe-inline'"
    assert "unsafe" not in owner.get("/settings/")["Content-Security-Policy"]
