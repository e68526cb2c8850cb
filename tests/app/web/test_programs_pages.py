"""Keys of the API and webhooks, as the console makes, shows and ends them."""

import json
import re

import pytest
from django.conf import settings
from django.urls import reverse

from tenure_app import clock
from tenure_app.api.models import ApiKey
from tenure_app.live import hooks
from tenure_app.live.models import Hook, HookAttempt, HookMessage

SCRIPT = "<script>alert(1)</script>"


def text_of(answer, status=200):
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_key_is_shown_once_asks_and_is_revoked(owner, client_of, console):
    assert "No program may ask yet" in text_of(owner.get(reverse("keys")))
    answer = owner.post(reverse("keys"), {"do": "make", "name": f"crm {SCRIPT}", "scope": ["see", "events"]})
    text = text_of(answer)
    (secret,) = set(re.findall(r"tk_[\w-]{20,}", text))
    assert answer["Cache-Control"] == "no-store"
    assert SCRIPT not in text
    key = ApiKey.objects.get()
    assert (key.scopes, key.by) == (["see", "events"], "vera")
    assert secret not in text_of(owner.get(reverse("keys")))
    asks = {"headers": {"authorization": f"Bearer {secret}"}}
    assert client_of("nobody").get("/api/v1/customers", **asks).status_code == 200
    assert owner.post(reverse("keys"), {"do": "revoke", "key": key.pk}).status_code == 302
    assert client_of("nobody").get("/api/v1/customers", **asks).status_code == 401
    assert "revoked" in text_of(owner.get(reverse("keys")))
    assert "no such key" in text_of(owner.post(reverse("keys"), {"do": "revoke", "key": "²"}), 400)


@pytest.mark.parametrize("form", [{"name": "crm"}, {"name": " ", "scope": "see"}, {"name": "crm", "scope": "all"}])
def test_a_key_without_a_name_or_a_scope_is_not_made(owner, form):
    assert "No key was made" in text_of(owner.post(reverse("keys"), {"do": "make", **form}), 400)
    assert not ApiKey.objects.exists()


@pytest.fixture
def hook(console, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_HOOKS_PRIVATE", True)
    return hooks.make_hook("http://127.0.0.1:9/x", ["stage.changed"], by="vera", now=clock.now())


def test_an_address_is_told_and_its_secret_can_be_shown_again(owner, console, monkeypatch):
    monkeypatch.setattr(settings, "TENURE_HOOKS_PRIVATE", True)
    form = {"url": "http://127.0.0.1:9/x", "kind": ["stage.changed"], "note": SCRIPT}
    answer = owner.post(reverse("webhooks"), form)
    one = Hook.objects.get()
    assert answer["Location"] == reverse("webhook-out", args=[one.pk])
    page = owner.get(answer["Location"])
    text = text_of(page)
    assert hooks.secrets_of(one, now=clock.now())[0] in text
    assert page["Cache-Control"] == "no-store"
    assert SCRIPT not in text
    assert SCRIPT not in text_of(owner.get(reverse("webhooks")))
    assert owner.post(reverse("webhook-out", args=[one.pk]), {"do": "turn"}).status_code == 302
    one.refresh_from_db()
    assert "the one before, for a day" in text_of(owner.get(answer["Location"]))


@pytest.mark.parametrize(
    "form",
    [{"url": "http://127.0.0.1/", "kind": "stage.changed"}, {"url": "javascript:alert(1)", "kind": "stage.changed"},
     {"url": "https://crm.example/x"}],
)  # fmt: skip
def test_an_address_that_may_not_be_told_is_refused(owner, console, form):
    assert "The address was not taken" in text_of(owner.post(reverse("webhooks"), form), 400)
    assert not Hook.objects.exists()


def message(hook, state, **more):
    return HookMessage.objects.create(
        hook=hook, uid=f"evt_{HookMessage.objects.count()}", kind="stage.changed", body=json.dumps({"x": SCRIPT}),
        made_at=clock.now(), state=state, **more,
    )  # fmt: skip


def test_what_was_told_is_shown_and_told_again(owner, hook):
    given_up = message(hook, HookMessage.GIVEN_UP, attempts=3)
    message(hook, HookMessage.DUE, due_at=clock.now())
    HookAttempt.objects.create(message=given_up, at=clock.now(), took_us=5_000, status=500, said=SCRIPT)
    HookAttempt.objects.create(message=given_up, at=clock.now(), took_us=9_000, status=None, said="timed out")
    page = reverse("webhook-out", args=[hook.pk])
    text = text_of(owner.get(page))
    for word in ("<b>500</b>", "timed out", "no answer", "given up", "Next try 08:00:00"):
        assert word in text
    assert SCRIPT not in text
    assert text.count('value="again"') == 1
    assert "1 given up" in text_of(owner.get(reverse("webhooks")))
    assert owner.post(page, {"do": "again", "message": given_up.pk}).status_code == 302
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts) == (HookMessage.DUE, 0)
    assert owner.post(page, {"do": "again", "message": 999}).status_code == 400
    assert owner.post(page, {"do": "dance"}).status_code == 400


def test_an_address_is_ended_after_asking(owner, hook):
    page = reverse("webhook-out", args=[hook.pk])
    assert "tick the box" in text_of(owner.post(page, {"do": "end"}), 400)
    assert owner.post(page, {"do": "end", "sure": "yes"}).status_code == 302
    hook.refresh_from_db()
    assert hook.ended_at == clock.now()
    text = text_of(owner.get(page))
    assert "whsec_" not in text
    assert "ended" in text
