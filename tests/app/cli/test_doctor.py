"""`tenure doctor` finds what is wrong and says what helps."""

import pytest
from django.conf import settings
from django.db import connection

from tenure.cli import main
from tenure_app.ledger.models import Event, Person, Source


def test_a_new_ledger_is_in_order_but_for_an_owner(tenure):
    code, out, _ = tenure("doctor")
    lines = {line.split()[1]: line for line in out.splitlines()}
    assert code == 0
    assert lines["triggers"] == "ok    triggers   the ledger is append-only"
    assert lines["users"] == "look  users      nobody may sign in as owner; run: tenure user NAME --role owner"
    assert lines["tables"] == "ok    tables     0 events, 0 runs"


def test_a_lost_trigger_is_wrong(tenure):
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER event_is_never_deleted")
    code, out, _ = tenure("doctor")
    assert code == 1
    assert "BAD   triggers   the ledger can be changed: event_is_never_deleted is missing; run: tenure migrate" in out
    assert tenure("migrate")[0] == 0
    assert tenure("doctor")[0] == 0


def test_a_clock_before_the_ledger_is_wrong(tenure):
    Event.objects.create(
        source=Source.objects.create(name="x"), source_key="1", kind="order.placed", occurred_at=1,
        recorded_at=2**60, person=Person.objects.create(recorded_at=1, draw=1), fact_hash=b"",
    )  # fmt: skip
    code, out, _ = tenure("doctor")
    assert code == 1
    assert "is before the ledger's last event; set the machine's clock" in out


def test_a_pinned_clock_is_said(tenure, monkeypatch):
    monkeypatch.setenv("TENURE_PINNED_CLOCK", "2018-01-01T05:00:00Z")
    assert "look  clock      stands still at 2018-01-01T05:00:00Z (TENURE_PINNED_CLOCK)" in tenure("doctor")[1]


def test_secrets_that_others_can_read_are_wrong(tenure):
    folder = settings.TENURE_DATA / "secrets"
    folder.mkdir()
    (folder / "tenure_secret_key").write_text("x")
    (folder / "tenure_secret_key").chmod(0o644)
    code, out, _ = tenure("doctor")
    assert (code, "BAD   secrets" in out) == (1, True)


def test_somebody_is_made_who_may_sign_in(tenure, tmp_path):
    word = tmp_path / "word"
    word.write_text("correct horse battery\n")
    assert tenure("user", "ann", "--role", "owner", "--password-file", word)[:2] == (0, "ann may sign in as owner\n")
    assert "1 may sign in as owner" in tenure("doctor")[1]
    word.write_text("123\n")
    code, _, err = tenure("user", "bob", "--role", "analyst", "--password-file", word)
    assert code == 2
    assert err.startswith("tenure: bob was not made: This password is too short.")


def test_without_the_server_parts_the_verb_says_what_to_install(monkeypatch, capsys):
    from tenure_app.cli import arguments

    monkeypatch.setattr(arguments, "_NEEDED", ("no_such_package_at_all",))
    assert main(["doctor"]) == 2
    assert capsys.readouterr().err == (
        "tenure: tenure doctor: the server parts are not installed (no_such_package_at_all is missing);"
        " pip install 'tenure[app]'\n"
    )


@pytest.mark.parametrize(
    ("name", "says"), [("", "'' was not made: This field cannot be blank."), ("a\nb", "was not made")]
)
def test_a_name_that_is_none_makes_nobody(tenure, tmp_path, name, says):
    word = tmp_path / "word"
    word.write_text("correct horse battery\n")
    code, _, err = tenure("user", name, "--role", "owner", "--password-file", word)
    assert (code, says in err) == (2, True)


def test_a_password_that_cannot_be_read_or_typed_is_said(tenure, tmp_path):
    code, _, err = tenure("user", "ann", "--role", "owner", "--password-file", tmp_path / "none")
    assert (code, "name a file whose first line is the password" in err) == (2, True)
    assert tenure("user", "ann", "--role", "owner")[::2] == (
        2, "tenure: there is nobody to type a password; hand it in with --password-file FILE\n"
    )  # fmt: skip
