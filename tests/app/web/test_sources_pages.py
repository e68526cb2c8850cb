"""Sources and quarantine: who may send, what came, what could not be kept and what becomes of it."""

import json
import re
from pathlib import Path

import pytest
from django.urls import reverse
from sending import Sender, converted

import tenure_app
from tenure_app import clock
from tenure_app.ledger.models import Event, Source
from tenure_app.listen import receiving
from tenure_app.listen.keys import make_source, secret_of
from tenure_app.listen.models import Quarantined, SourceKey
from tenure_app.web import recent
from tenure_app.web.pages.quarantine import HOPELESS, REASONS

SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
def sender(console):
    return Sender()


def text_of(answer, status=200):
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_source_is_made_and_its_key_is_shown_once(owner, console):
    assert "Nobody sends by themselves yet" in text_of(owner.get(reverse("sources")))
    answer = owner.post(reverse("source-new"), {"name": " Web ", "dialect": "segment"})
    one = Source.objects.get(name="web")
    assert answer["Location"] == reverse("source", args=[one.pk])
    assert "THE-KEY" in text_of(owner.get(answer["Location"]))
    shown = owner.post(reverse("source-change", args=[one.pk]), {"do": "key"})
    text = text_of(shown)
    (secret,) = set(re.findall(r"wk_[\w-]+", text))
    assert text.count(secret) > 3  # in what is to be pasted, too
    assert shown["Cache-Control"] == "no-store"
    key = SourceKey.objects.get()
    assert (key.by, key.hint) == ("vera", secret[-4:])
    for page in (reverse("source", args=[one.pk]), reverse("sources")):
        later = text_of(owner.get(page))
        assert secret not in later
        assert f"…{key.hint}" in later


def test_a_revoked_key_opens_nothing(owner, sender):
    assert sender.batch(sender.order(1)).status_code == 200
    page = reverse("source-change", args=[sender.source.pk])
    assert owner.post(page, {"do": "revoke", "key": sender.key.pk}).status_code == 302
    receiving.forget()
    assert sender.batch(sender.order(2)).status_code == 401
    assert "revoked" in text_of(owner.get(reverse("source", args=[sender.source.pk])))
    other = make_source("other", "segment", now=1)
    assert "no such key" in text_of(
        owner.post(reverse("source-change", args=[other.pk]), {"do": "revoke", "key": sender.key.pk}), 400
    )


@pytest.mark.parametrize(
    ("name", "dialect", "said"),
    [("web", "segment", "web already"), ("Üb er", "segment", "a name has small"), ("new", "x", "choose what")],
)
def test_what_is_no_source_is_refused_in_words(owner, sender, name, dialect, said):
    assert re.search(said, text_of(owner.post(reverse("source-new"), {"name": name, "dialect": dialect}), 400))
    assert Source.objects.filter(dialect__gt="").count() == 1


def test_the_stream_shows_what_came_whose_it_was_and_what_is_odd(owner, sender):
    sender.batch(
        {"event": SCRIPT, "userId": "u1", "timestamp": "2025-12-01T10:00:00.000Z"},
        {**sender.order("A7", total=20.5), "timestamp": "2025-12-10T07:00:00.000Z"},
        {"type": "page", "anonymousId": "d1", "timestamp": "2026-12-10T07:00:00.000Z"},
        sentAt="2025-12-10T07:00:00.000Z",
    )
    converted()
    page = reverse("source", args=[sender.source.pk])
    text = text_of(owner.get(page))
    assert "&lt;script&gt;" in text
    assert SCRIPT not in text
    assert "told more than a day late" in text
    assert "lies in the future" in text
    assert "€20.50" in text
    assert "A7" in text
    known, visitor = (Event.objects.get(source=sender.source, kind=kind).person_id for kind in (
        "order.placed", "page.viewed",
    ))  # fmt: skip
    assert f'href="{reverse("customer", args=[known])}"' in text
    assert f"Visitor {visitor}" in text
    only = text_of(owner.get(page, {"kind": "order.placed"}))
    assert "A7" in only
    assert f"Visitor {visitor}" not in only
    assert owner.get(page, {"kind": "x"}).status_code == 400


def test_the_stream_asks_again_and_is_answered_only_when_there_is_news(owner, sender):
    sender.batch(sender.order(1))
    converted()
    page = reverse("source", args=[sender.source.pk])
    whole = owner.get(page).content.decode()
    again = re.search(r'hx-get="([^"]+)"', whole)[1].replace("&amp;", "&")
    assert "every 2s" in whole
    asks = {"headers": {"HX-Request": "true", "HX-Target": "stream"}}
    assert owner.get(again, **asks).status_code == 204
    sender.batch(sender.order(2))
    converted()
    part = owner.get(again, **asks).content.decode()
    assert part.startswith('<div id="stream"')
    assert "<html" not in part
    assert "every 2s" not in owner.get(page, {"stands": "1"}).content.decode()


def test_what_came_is_counted_by_hour_and_day(owner, sender, monkeypatch):
    sender.batch(*(sender.order(n) for n in range(7)))
    converted()
    n = Event.objects.filter(source=sender.source).count()
    assert recent.lately(clock.now())[sender.source.pk] == recent.Lately(n, n, clock.now())
    hour = 3_600_000_000
    assert recent.lately(clock.now() + 2 * hour)[sender.source.pk] == recent.Lately(0, n, clock.now())
    assert recent.lately(clock.now() + 25 * hour)[sender.source.pk] == recent.Lately(0, 0, clock.now())
    monkeypatch.setattr(recent, "LOOKED", 3)
    assert recent.lately(clock.now())[sender.source.pk] == recent.Lately(3, 3, clock.now(), least=True)
    assert f"{3}" in text_of(owner.get(reverse("sources")))


def test_events_far_back_are_found_among_those_of_others(owner, sender, monkeypatch):
    monkeypatch.setattr(recent, "_FIRST", 2)
    sender.batch(sender.order(1))
    converted()
    other = Sender("busy")
    other.batch(*(other.order(n) for n in range(30)))
    converted()
    assert len(recent.latest(sender.source.pk, 50)) == Event.objects.filter(source=sender.source).count()


def test_a_signing_secret_is_kept_and_never_shown(owner, console):
    one = make_source("stripe", "stripe", now=1)
    assert "no signing secret yet" in text_of(owner.get(reverse("sources")))
    page = reverse("source-change", args=[one.pk])
    assert owner.post(page, {"do": "secret", "secret": " whsec_very-secret "}).status_code == 302
    one.refresh_from_db()
    assert secret_of(one) == "whsec_very-secret"
    assert "very-secret" not in text_of(owner.get(reverse("source", args=[one.pk])))
    assert owner.post(page, {"do": "key"}).status_code == 400
    assert owner.post(page, {"do": "dance"}).status_code == 400


def test_rules_of_a_source_are_a_form(owner, sender):
    page = reverse("source-change", args=[sender.source.pk])
    form = {"do": "rules", "theirs": ["Trial Begun", " ", SCRIPT], "ours": ["customer.created", "event.other", ""],
            "currency": "NOK"}  # fmt: skip
    assert owner.post(page, form).status_code == 302
    sender.source.refresh_from_db()
    kinds = {"trial begun": "customer.created", SCRIPT: ""}
    assert sender.source.rules == {"kinds": kinds, "currency": "NOK"}
    text = text_of(owner.get(reverse("source", args=[sender.source.pk])))
    assert 'value="trial begun"' in text
    assert SCRIPT not in text
    assert owner.post(page, form | {"ours": ["no.kind", "", ""]}).status_code == 400
    assert owner.post(page, form | {"currency": "EURO"}).status_code == 400


def test_an_analyst_looks_and_changes_nothing(client_of, sender):
    analyst = client_of("analyst")
    text = text_of(analyst.get(reverse("source", args=[sender.source.pk])))
    assert f"…{sender.key.hint}" in text
    assert reverse("source-change", args=[sender.source.pk]) not in text
    assert reverse("source-new") not in text_of(analyst.get(reverse("sources")))


# Quarantine


def own_events(source, *events):
    body = json.dumps({"events": list(events)}).encode()
    receiving.receive(source=source.pk, call="batch", body=body, events=len(events), now=clock.now())
    converted()


def test_after_a_rule_was_mended_an_event_is_tried_again(owner, console):
    one = make_source("app", "tenure", now=1)
    own_events(one, {"key": "1", "kind": "trial begun", "customer": "7"})
    text = text_of(owner.get(reverse("quarantine"), {"source": one.pk, "code": "bad_kind"}))
    assert "1 event could not be put on the timeline" in text
    assert "No rule of the source knows this kind of event" in text
    assert "trial begun" in text
    owner.post(reverse("source-change", args=[one.pk]), {
        "do": "rules", "theirs": ["trial begun"], "ours": ["trial.started"],
    })  # fmt: skip
    answer = owner.post(reverse("quarantine-decide"), {"source": one.pk, "code": "bad_kind", "do": "retry"})
    assert answer.status_code == 302
    converted()
    assert Event.objects.get(source=one, kind="trial.started").occurred_at == clock.now()
    assert "Nothing waits" in text_of(owner.get(reverse("quarantine")))
    assert Quarantined.objects.get().state == Quarantined.RETRIED


def test_what_still_cannot_be_read_comes_back(owner, sender):
    sender.batch({"event": "Looked"}, {"event": "Looked"})
    converted()
    first = Quarantined.objects.earliest("pk")
    assert owner.post(reverse("quarantine-decide"), {"number": first.pk, "do": "retry"}).status_code == 302
    converted()
    states = list(Quarantined.objects.order_by("pk").values_list("state", "code"))
    assert states == [("retried", "nobody"), ("waiting", "nobody"), ("waiting", "nobody")]


def test_where_another_try_cannot_help_none_is_offered(owner, sender):
    sender.batch(*({"event": name, "userId": "u1", "messageId": "same"} for name in "AB"))
    converted()
    asked = {"source": sender.source.pk, "code": "same_message_id"}
    text = text_of(owner.get(reverse("quarantine"), asked))
    assert "Its sender has to give each message an id of its own" in text
    assert 'value="retry"' not in text
    for form in (asked, {"number": Quarantined.objects.get().pk}):
        answer = owner.post(reverse("quarantine-decide"), {**form, "do": "retry"})
        assert "it cannot help" in text_of(answer, 400)
    assert Quarantined.objects.get().state == Quarantined.WAITING


def test_dropping_many_asks_first_and_leaves_the_others(owner, sender):
    sender.batch({"event": "Looked"}, {"event": "Looked"}, {"event": "", "userId": "u"})
    converted()
    form = {"source": sender.source.pk, "code": "nobody", "do": "drop"}
    assert "tick the box" in text_of(owner.post(reverse("quarantine-decide"), form), 400)
    assert owner.post(reverse("quarantine-decide"), form | {"sure": "yes"}).status_code == 302
    assert list(Quarantined.objects.filter(state="waiting").values_list("code", flat=True)) == ["no_event_name"]
    for wrong in ({"do": "drop", "sure": "yes"}, {"do": "drop", "sure": "yes", "source": 1}, {"number": "²"}):
        assert owner.post(reverse("quarantine-decide"), wrong).status_code == 400
    assert Quarantined.objects.filter(state="waiting").count() == 1


def test_the_file_has_what_was_said_and_the_page_shows_it_harmless(owner, sender):
    sender.batch({"event": "Looked", "properties": {"text": SCRIPT}}, {"event": "", "userId": "u"})
    converted()
    answer = owner.get(reverse("quarantine-file"), {"code": "nobody"})
    (line,) = b"".join(answer.streaming_content).decode().splitlines()
    said = json.loads(line)
    assert said["event"]["properties"]["text"] == SCRIPT
    assert (said["source"], said["code"]) == ("web", "nobody")
    text = text_of(owner.get(reverse("quarantine")))
    assert SCRIPT not in text
    assert "&lt;script&gt;" in text


def test_quarantine_is_shown_in_pages(owner, sender):
    sender.batch(*({"event": "Looked", "properties": {"n": n}} for n in range(30)))
    converted()
    first = owner.get(reverse("quarantine")).content.decode()
    following = re.search(r'class="pager"><a href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = owner.get(following).content.decode()
    shown = [re.findall(r'name="number" value="(\d+)"', text) for text in (first, second)]
    assert [len(numbers) for numbers in shown] == [25, 5]
    assert len({*shown[0], *shown[1]}) == 30


def test_every_reason_of_the_dialects_has_words():
    folder = Path(tenure_app.__file__).parent
    files = [path for part in ("dialects", "listen") for path in (folder / part).glob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    codes = {code for text in texts for code in re.findall(r'(?:Unusable|Bad)\(\s*"(\w+)"', text)}
    assert len(codes) > 20
    assert codes - set(REASONS) == set()
    assert set(HOPELESS) <= codes
