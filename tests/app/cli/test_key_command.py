"""`tenure key`: made, shown once, listed without its secret, revoked."""

import pytest

from tenure_app.api.models import ApiKey
from tenure_app.api.scopes import Scope
from tenure_app.cli.arguments import DIALECTS, SCOPES
from tenure_app.dialects import reading


def test_a_key_is_shown_once_and_revoked_by_its_last_letters(tenure):
    assert tenure("key", "list")[1] == "there are no keys\n"
    code, told, _ = tenure("key", "add", "the till", "--scope", "events", "--scope", "see")
    secret = told.splitlines()[-1]
    kept = ApiKey.objects.get()
    assert (code, kept.name, kept.scopes, kept.by) == (0, "the till", ["events", "see"], "the command line")
    assert secret.startswith("tk_")
    assert len(secret) == 35
    listed = tenure("key", "list")[1]
    assert "the till" in listed
    assert f"…{secret[-4:]}" in listed
    assert secret not in listed
    assert tenure("key", "revoke", secret[-4:])[0] == 0
    assert ApiKey.objects.get().revoked_at is not None
    code, _, error = tenure("key", "revoke", secret[-4:])
    assert (code, "no key that holds" in error) == (2, True)


@pytest.mark.parametrize(
    "words", [("key", "add", "x", "--scope", "see"), ("source", "x", "--speaks", "segment", "--key")]
)
def test_the_last_letters_of_a_key_never_look_like_an_option(tenure, monkeypatch, words):
    drawn = ["dashed-abc", "dashed----", "plain5ab-"]
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: drawn.pop(0))
    told = tenure(*words)[1]
    assert told.split()[-1].endswith("_plain5ab-")
    assert drawn == []
    revoke = ("key", "revoke") if words[0] == "key" else ("source", "x", "--revoke")
    assert tenure(*revoke, "5ab-")[0] == 0


@pytest.mark.parametrize(
    "words", [("add",), ("revoke",), ("add", "x"), ("add", " ", "--scope", "see"), ("add", "x", "--scope", "all")]
)
def test_what_is_no_key_is_refused_in_a_line(tenure, words):
    code, _, error = tenure("key", *words)
    assert (code, error.count("\n")) == (2, 1)
    assert not ApiKey.objects.exists()


def test_the_commands_offer_the_scopes_and_dialects_there_are():
    assert set(SCOPES) == set(Scope)
    assert DIALECTS == reading.DIALECTS
