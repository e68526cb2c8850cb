"""Every route as nobody, as an outsider and in each role; and that a page without a permission does not load."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.urls import get_resolver, reverse

from tenure_app import clock, urls
from tenure_app.ledger.models import FailedSignIn
from tenure_app.roles import Permission, Role, may
from tenure_app.web.routes import page, route

EARLIER, LATER = 14 * 60, 15 * 60
"""Seconds after the first failure; the clock of the shop is pinned all the while."""
ARGUMENTS = {"person": 17, "number": 1, "token": "0" * 16, "name": "000000000000"}
WHO = ("nobody", "outsider", "analyst", "owner")
ROLES = {"nobody": None, "outsider": None, "analyst": Role.ANALYST, "owner": Role.OWNER}

SENT = {
    "import-dry",
    "import-start",
    "import-upload",
    "settings-shop",
    "settings-users",
    "policy-save",
    "policy-preview",
    "import-undo",
    "source-new",
    "source-change",
    "quarantine-decide",
    "customer-merge",
    "customer-unmerge",
}
"""What refuses to do anything without a form or a file."""


def is_page(pattern):
    """A page of the console: the doors for events and the API have walks of their own."""
    found = getattr(getattr(pattern, "callback", None), "permission", None)
    return isinstance(found, Permission) and found is not Permission.SEND


def routes():
    return [one for one in get_resolver().url_patterns if is_page(one) and not one.name.startswith("api-")]


def methods_of(pattern):
    return next(cell.cell_contents for cell in pattern.callback.__closure__ if isinstance(cell.cell_contents, tuple))


def address_of(pattern):
    names = pattern.pattern.converters
    return reverse(pattern.name, kwargs={name: ARGUMENTS[name] for name in names})


@pytest.mark.parametrize("who", WHO)
def test_every_route_lets_in_whom_it_names_and_nobody_else(client_of, who):
    found = {}
    for pattern in routes():
        asked, methods = pattern.callback.permission, methods_of(pattern)
        client = client_of(who)
        answer = client.get(address_of(pattern)) if "GET" in methods else client.post(address_of(pattern))
        if who == "nobody" and asked is not Permission.NONE:
            expected = answer.status_code == 302 and answer["Location"].startswith(reverse("sign-in"))
        elif may(ROLES[who], asked):
            # nothing is there by the made-up numbers and tokens, and nothing was sent along
            expected = answer.status_code in ((200, 302, 404) if not SENT & {pattern.name} else (302, 400, 404))
        else:
            expected = answer.status_code == 403
        if not expected:
            found[pattern.name] = (answer.status_code, asked)
    assert found == {}


def test_the_walk_covers_every_route_of_the_server():
    beside = [one for one in urls.urlpatterns if one not in routes()]
    assert len(routes()) > 25
    named = [one for one in beside if not str(getattr(one, "name", "")).startswith("api-")]
    doors = [one for one in named if getattr(getattr(one, "callback", None), "permission", None) is Permission.SEND]
    assert [str(one.pattern) for one in named if one not in doors] == ["admin/"]
    assert {one.callback.permission for one in routes()} == set(Permission) - {Permission.SEND}


def test_no_page_but_those_for_everybody_is_open_without_signing_in():
    public = {one.name for one in routes() if one.callback.permission is Permission.NONE}
    assert public == {"sign-in", "sign-out", "theme", "language", "sheet"}


def test_a_page_without_a_permission_does_not_load():
    def view(request):
        return HttpResponse("secret")

    with pytest.raises(ImproperlyConfigured, match="declares no permission"):
        route("secret/", view, "secret")
    assert route("open/", page(Permission.SEE)(view), "open").name == "open"


@pytest.mark.parametrize(
    "name",
    [
        "policy-save", "import-upload", "settings-shop", "settings-users", "sign-out", "theme", "source-new",
        "source-change", "quarantine-decide", "customer-merge", "customer-unmerge",
    ],
)  # fmt: skip
def test_what_changes_something_cannot_be_asked_by_a_link(owner, name):
    assert owner.get(address_of(next(one for one in routes() if one.name == name))).status_code == 405


def test_an_analyst_may_do_all_but_the_shops_settings_and_users():
    closed = {one for one in Permission if not may(Role.ANALYST, one)}
    assert closed == {Permission.SETTINGS, Permission.SEND}
    assert all(may(Role.OWNER, one) for one in Permission if one is not Permission.SEND)
    assert not any(may(None, one) for one in Permission if one is not Permission.NONE)


def test_an_analyst_sees_no_way_to_what_is_closed(client_of):
    analyst = client_of("analyst")
    text = analyst.get(reverse("ring")).content.decode()
    assert reverse("imports") in text
    assert reverse("settings") not in text
    assert reverse("policy-edit") in analyst.get(reverse("policy")).content.decode()


def test_the_last_owner_stays_an_owner(owner, users):
    answer = owner.post(reverse("settings-users"), {"user": users["owner"].pk, "role": "analyst"})
    assert answer.status_code == 400
    assert "without an owner" in answer.content.decode()


def test_signing_in_leads_on_but_never_to_another_server(client_of):
    form = {"username": "vera", "password": "boots-in-winter-9"}
    assert client_of("nobody").post(reverse("sign-in"), form | {"next": "/flows/"})["Location"] == "/flows/"
    assert (
        client_of("nobody").post(reverse("sign-in"), form | {"next": "https://elsewhere.example/"})["Location"] == "/"
    )
    assert client_of("nobody").post(reverse("sign-in"), form | {"password": "wrong"}).status_code == 400


@pytest.fixture(autouse=True)
def running(monkeypatch):
    monkeypatch.setattr(clock, "running", lambda: 0)


def sign_in(client, monkeypatch=None, *, name="vera", password="wrong", at=0, **more):
    if monkeypatch:
        monkeypatch.setattr(clock, "running", lambda: at * 1_000_000)
    return client.post(reverse("sign-in"), {"username": name, "password": password}, **more)


@pytest.mark.parametrize("name", ["vera", "nobody-of-this-name"])
def test_guessing_a_password_is_slowed_down_by_name(client_of, monkeypatch, name):
    client = client_of("nobody")
    codes = [sign_in(client, name=name, REMOTE_ADDR=f"10.0.0.{n}").status_code for n in range(7)]
    assert codes == [400] * 5 + [429] * 2
    right = sign_in(client, monkeypatch, name=name.upper(), password="boots-in-winter-9", at=EARLIER)
    assert right.status_code == 429
    assert int(right["Retry-After"]) == 60
    assert "Too many attempts" in right.content.decode()
    later = sign_in(client, monkeypatch, name=name, password="boots-in-winter-9", at=LATER)
    assert later.status_code == (302 if name == "vera" else 400)


def test_guessing_a_name_is_slowed_down_by_address(client_of):
    client = client_of("nobody")
    assert {sign_in(client, name=f"somebody-{n}").status_code for n in range(20)} == {400}
    assert sign_in(client, password="boots-in-winter-9").status_code == 429
    assert sign_in(client, password="boots-in-winter-9", HTTP_X_FORWARDED_FOR="10.9.9.9").status_code == 429
    assert sign_in(client, password="boots-in-winter-9", REMOTE_ADDR="10.0.0.9").status_code == 302


def test_who_signs_in_begins_anew_and_what_is_kept_names_nobody(client_of):
    client = client_of("nobody")
    for _ in range(3):
        assert [sign_in(client).status_code for _ in range(4)] == [400] * 4
        assert sign_in(client, password="boots-in-winter-9").status_code == 302
    sign_in(client)
    kept = list(FailedSignIn.objects.values_list("who", flat=True))
    assert len(kept) == 14
    assert all(re.fullmatch(r"[0-9a-f]{64}", who) for who in kept)
