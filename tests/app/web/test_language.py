"""Every message has its German words, the catalogue is that of the code, and the core's sentences are said again."""

import re

import pytest
from django.utils import translation
from django.utils.translation import to_locale

from tenure.lifecycle.words import bar, sentences, share
from tenure_app.locale import make
from tenure_app.web import words
from tenure_app.web.because import told

pytest.importorskip("babel", reason="Babel makes the catalogues")
SLOTS = re.compile(r"\{(\w*)\}|%\((\w+)\)s")


@pytest.fixture(scope="module")
def german():
    return make.catalogue("de")


def entries(catalogue):
    for one in catalogue:
        if one.id:
            ids = one.id if isinstance(one.id, tuple) else (one.id,)
            said = one.string if isinstance(one.string, tuple) else (one.string,)
            yield ids, said


def test_every_message_has_words(german):
    assert len(german) > 450
    assert [ids[0] for ids, said in entries(german) if not all(said)] == []


def test_the_words_name_what_the_message_names(german):
    def slots(text):
        return {a or b for a, b in SLOTS.findall(text)}

    wrong = [ids[0] for ids, said in entries(german) for one in said if not slots(one) <= set().union(*map(slots, ids))]
    lost = [
        ids[-1]
        for ids, said in entries(german)
        if slots(said[-1]) != slots(ids[-1]) and not ids[-1].startswith(("Who", "{n}th"))
    ]
    assert (wrong, lost) == ([], [])


def test_brackets_of_sentences_are_kept(german):
    assert [
        ids[0] for ids, said in entries(german) if "[" in ids[0] and not all("[" in one and "]" in one for one in said)
    ] == []


def test_the_files_are_those_of_the_code(german):
    po, mo = make.written(german)
    folder = make.HERE / to_locale("de") / "LC_MESSAGES"
    assert (folder / "django.po").read_bytes() == po, "run: python -m tenure_app.locale.make"
    assert (folder / "django.mo").read_bytes() == mo, "run: python -m tenure_app.locale.make"


@pytest.mark.parametrize("odds", [1, 0.4, 0.15, 1.5])
def test_every_sentence_of_the_core_can_be_said_in_german(odds):
    with translation.override("de"):
        for one in sentences():
            shared = {
                "horizon": 90,
                "bar": bar(odds, 0.2, 0.46, "Oct 2026", 3412, thin=one.thin),
                "floor": share(0.9),
                "cap": share(0.95),
                "n": "12",
            }
            english = one.said(
                {**shared, "silent": "74 days", "within": "1,060 days", "chance": "just under 46", "due": "18 Oct 2026"}
            )
            said, language = told(english)
            assert language == "de", english
            assert not re.search(r"\b(days|order|overdue|their|within)\b", said), said


def test_a_sentence_nobody_knows_stays_english():
    with translation.override("de"):
        assert told("Something else altogether.") == ("Something else altogether.", "en")
        assert told("Asked on 4 Mar 2025 not to be contacted (unsubscribed).")[0] == (
            "Bat am 4.\u00a0Mär\u00a02025, nicht angesprochen zu werden (unsubscribed)."
        )


@pytest.mark.parametrize(
    ("minor", "currency", "english", "german"),
    [
        (26_800, "EUR", "€268", "268\u00a0€"),
        (268, "EUR", "€2.68", "2,68\u00a0€"),
        (-1_234_50, "USD", "−$1,235", "−1.235\u00a0$"),
        (37_50, "EUR", "€37.50", "37,50\u00a0€"),
        (5_000, "JPY", "¥5,000", "5.000\u00a0¥"),
        (None, "EUR", "—", "—"),
        (900, "NOK", "NOK\u00a09", "9\u00a0NOK"),
    ],
)
def test_money_is_written_as_people_write_it(minor, currency, english, german):
    with translation.override("en"):
        assert words.amount(minor, currency) == english
    with translation.override("de"):
        assert words.amount(minor, currency) == german


def test_shares_have_a_no_break_space_and_never_lie():
    with translation.override("en"):
        assert [words.percent(one) for one in (0, 0.001, 0.46, 0.999, 1)] == [
            "0\u00a0%",
            "under\u00a01\u00a0%",
            "46\u00a0%",
            "over\u00a099\u00a0%",
            "100\u00a0%",
        ]
        assert [words.change(one) for one in (1234, -27, 0)] == ["+1,234", "−27", "±0"]
