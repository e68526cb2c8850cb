"""Every operation of the API as nobody, with a key without the scope, with it, and with a revoked one; and that an
operation without a scope does not load."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import get_resolver

from tenure_app.api.ask import api, operations
from tenure_app.api.auth import Guarded, asks, scope_of
from tenure_app.api.scopes import PERMISSIONS, Scope
from tenure_app.roles import Permission, Role, give_role, may

WHO = ("nobody", "without", "revoked", "with")
REFUSED = {"nobody": 401, "without": 403, "revoked": 401}


def addresses():
    return [one for one in get_resolver().url_patterns if str(getattr(one, "name", "")).startswith("api-")]


def address(where):
    return re.sub(r"\{\w+\}", "999999", where)


def asked(one, where, method):
    data = {"data": {}} if method in ("POST", "PUT") else {}
    return getattr(one, method.lower())(address(where), **data)


@pytest.mark.parametrize("who", WHO)
def test_every_operation_lets_in_whom_it_names_and_nobody_else(shop, key_of, nobody, who):
    wrong = {}
    for where, method, operation in operations():
        scope = scope_of(operation.view_func)
        others = [one for one in Scope if one is not scope]
        one = {
            "nobody": lambda: nobody, "without": lambda others=others: key_of(*others),
            "revoked": lambda: key_of(revoked=True), "with": lambda scope=scope: key_of(scope),
        }[who]()  # fmt: skip
        answer = asked(one, where, method)
        if who == "with":
            good = answer.status in (200, 201, 202, 204, 404, 409, 422, 503)
        else:
            good = answer.status == REFUSED[who]
        if not good:
            wrong[method, where] = (answer.status, answer.json)
    assert wrong == {}


@pytest.mark.parametrize("role", [None, Role.ANALYST, Role.OWNER])
def test_who_is_signed_in_may_what_their_role_allows(shop, role):
    user = User.objects.create_user("vera", password="boots-in-winter-9")
    give_role(user, role)
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    client.force_login(user)
    wrong = {}
    for where, method, operation in operations():
        permission = PERMISSIONS[scope_of(operation.view_func)]
        path = f"/api/v1{address(where)}"
        answer = getattr(client, method.lower())(path, data={}, content_type="application/json")
        said = answer.json()["code"] if answer.status_code >= 400 else ""
        if not may(role, permission):
            good = (answer.status_code, said) == (403, "not_allowed")
        elif method == "GET":
            good = answer.status_code in (200, 404, 422, 503)
        else:
            good = (answer.status_code, said) == (403, "no_token")
        if not good:
            wrong[method, where] = (answer.status_code, said)
    assert wrong == {}


def test_the_walk_covers_every_address_of_the_api():
    served = {
        (f"/{str(one.pattern).removeprefix('api/v1/')}".replace("<", "{").replace(">", "}"), method): scope
        for one in addresses() for method, scope in getattr(one.callback, "scopes", {}).items()
    }  # fmt: skip
    assert served == {(where, method): scope_of(one.view_func) for where, method, one in operations()}
    rest = [one.name for one in addresses() if not hasattr(one.callback, "scopes")]
    assert rest == ["api-docs", "api-missing", "api-livez", "api-readyz", "api-metrics"]
    document = api.get_openapi_schema(path_prefix="")["paths"]
    written = {(where, method.upper()) for where, methods in document.items() for method in methods}
    assert written == set(served) - {("/openapi.json", "GET")}


def test_an_operation_without_a_scope_does_not_load():
    def secrets(request):
        return {}

    with pytest.raises(ImproperlyConfigured, match="declares no scope"):
        Guarded().get("/secrets")(secrets)
    with pytest.raises(ImproperlyConfigured, match="declares no scope"):
        api.get("/secrets")(secrets)
    guarded = Guarded()
    guarded.get("/secrets", auth=None)(asks(Scope.SEE)(secrets))
    (operation,) = guarded.path_operations["/secrets"].operations
    assert len(operation.auth_callbacks) == 2


def test_what_is_signed_in_needs_what_a_key_needs():
    assert set(PERMISSIONS) == set(Scope)
    assert not {Permission.NONE, Permission.SEND} & set(PERMISSIONS.values())


@pytest.mark.parametrize("header", ["Bearer", "Bearer tk_", "Bearer \x7f", "Digest x", "Bearer tk_ü", "tk_x"])
def test_what_is_no_key_is_nobodys(shop, nobody, header):
    answer = nobody.get("/customers", headers={"Authorization": header})
    assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_page_of_another_site_cannot_act_as_who_is_signed_in(shop):
    user = User.objects.create_user("vera", password="boots-in-winter-9")
    give_role(user, Role.OWNER)
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    client.force_login(user)
    sent = {"data": '{"toml": ""}', "content_type": "application/json"}
    assert client.post("/api/v1/policies", **sent).json()["code"] == "no_token"
    token = re.search(r'data-csrf-token="(\w+)"', client.get("/api/docs").content.decode())[1]
    answer = client.post("/api/v1/policies", **sent, headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json()["by"]) == (201, "vera")
