"""What is said in both languages: ordinals, the rule, forms out of date, undoing, and a day before anybody."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from test_importing import ORDERS

from tenure.lifecycle.policy import DEFAULT
from tenure_app.ledger.models import Event, ImportRun, Source
from tenure_app.web import words
from tenure_app.web.pages.imports import without_options
from tenure_app.web.rules import ruling


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "first"), (11, "11th"), (12, "12th"), (21, "21st"), (22, "22nd"), (103, "103rd"), (111, "111th")],
)
def test_an_ordinal_ends_as_english_has_it(n, said):
    assert words.ordinal(n) == said


def test_the_rule_in_german():
    with translation.override("de"):
        said = " ".join(ruling(DEFAULT))
        assert "aktiv ab der zweiten" in said
        assert words.ordinal(21) == words.ordinal_from(21) == "21."
        assert words.decimal(0.25) == "0,25"


@pytest.mark.parametrize(("language", "said"), [("en", "This form is out of date"), ("de", "Formular ist veraltet")])
def test_a_form_without_its_mark_is_refused_in_the_consoles_words(users, language, said):
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    client.force_login(users["owner"])
    answer = client.post(reverse("sign-out"), headers={"accept-language": language})
    assert answer.status_code == 403
    assert said in answer.content.decode()


def test_an_undoing_says_what_it_undid_and_how_much(owner):
    source = Source.objects.create(name="orders")
    shared = {"file_name": "orders.csv", "file_hash": "0", "source": source, "began_at": 1, "ended_at": 2, "by": "vera"}
    counts = {"reversed": 1234, "restored": 56, "left": 7}
    run = ImportRun.objects.create(format="undo", options={"undoes": 41}, state=ImportRun.DONE, counts=counts, **shared)
    text = owner.get(reverse("import-run", args=[run.pk])).content.decode()
    assert "Everything that run 41 brought" in text
    assert all(f"<dd>{n}</dd>" in text for n in ("1,234", "56", "7"))
    assert "What it brought" not in text


def test_notes_speak_of_the_form_and_not_of_the_command():
    note = "the times carry no zone: read as times in UTC; if that is wrong, --times-in ZONE"
    assert "--" not in without_options(note)


def test_a_day_before_anybody_leads_to_today(owner):
    from tenure_app.imports.runs import Asked, run

    early = {"as_of": "1950-01-01"}
    assert "Nobody is here yet" in owner.get(reverse("ring"), early).content.decode()
    file = settings.TENURE_DATA / "orders.csv"
    file.write_text(ORDERS, encoding="utf-8")
    run(Asked(file, currency="EUR"), by="vera", now=lambda: 1, progress=lambda *_: None)
    assert Event.objects.exists()
    text = owner.get(reverse("ring"), early).content.decode()
    assert "Nobody was known then" in text
    assert f'href="{reverse("ring")}">Go to today' in text
