"""`tenure source`: who may send events, with which key; secrets shown once and never again."""

import pytest

from tenure_app.ledger.models import Source
from tenure_app.listen.keys import secret_of
from tenure_app.listen.models import SourceKey


def test_a_source_is_made_with_a_key_that_is_shown_once(tenure):
    assert tenure("source") == (0, "", "")
    code, told, _ = tenure("source", "web", "--speaks", "segment", "--key")
    secret = told.split()[-1]
    assert code == 0
    assert secret.startswith("wk_")
    listed = tenure("source")[1]
    assert listed.startswith(f"web: speaks segment; …{secret[-4:]} of ")
    assert told.startswith(listed)
    assert secret not in listed


def test_two_keys_hold_at_once_until_one_is_revoked(tenure):
    tenure("source", "web", "--speaks", "segment", "--key")
    second = tenure("source", "web", "--key")[1].split()[-1]
    assert SourceKey.objects.filter(revoked_at=None).count() == 2
    assert ", revoked" in tenure("source", "web", "--revoke", second[-4:])[1]
    assert SourceKey.objects.filter(revoked_at=None).count() == 1
    code, _, error = tenure("source", "web", "--revoke", second[-4:])
    assert (code, "no key in use" in error) == (2, True)


def test_what_a_webhook_is_signed_with_comes_from_a_file(tenure, tmp_path):
    file = tmp_path / "secret"
    file.write_text("whsec_abc\nanything else\n")
    _, told, _ = tenure("source", "pay", "--speaks", "stripe", "--secret-file", file)
    assert told == "pay: speaks stripe; its signing secret is known\n"
    assert secret_of(Source.objects.get(name="pay")) == "whsec_abc"


def test_its_names_and_its_currency_are_kept_beside_those_before(tenure):
    tenure("source", "web", "--speaks", "segment", "--kind", "Trial Begun=customer.created", "--currency", "EUR")
    tenure("source", "web", "--kind", "Seen=page.viewed")
    assert Source.objects.get(name="web").rules == {
        "kinds": {"trial begun": "customer.created", "seen": "page.viewed"}, "currency": "EUR",
    }  # fmt: skip


@pytest.mark.parametrize(("words", "said"), [
    (("web",), "make it with --speaks"),
    (("Web!", "--speaks", "segment"), "is no name for one"),
    (("tenure", "--speaks", "segment"), "what Tenure itself writes"),
    (("web", "--speaks", "klingon"), "klingon"),
    (("own", "--speaks", "tenure", "--key"), "tenure key add NAME --scope events"),
    (("pay", "--speaks", "stripe", "--key"), "give its signing secret instead"),
    (("web", "--speaks", "segment", "--secret-file", __file__), "make one with: tenure source web --key"),
    (("pay", "--speaks", "stripe", "--secret-file", "nowhere"), "whose first line is the secret"),
    (("web", "--speaks", "segment", "--kind", "Seen"), "write NAME=KIND"),
    (("web", "--speaks", "segment", "--kind", "Seen=sighted"), "no kind of event"),
    (("web", "--speaks", "segment", "--currency", "EURO"), "nothing was saved"),
    (("web", "--speaks", "segment", "--revoke", "abcd"), "no key in use of web ends with 'abcd'"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_a_line(tenure, words, said):
    code, _, error = tenure("source", *words)
    assert (code, error.count("\n")) == (2, 1)
    assert said in error
    assert not SourceKey.objects.exists()
