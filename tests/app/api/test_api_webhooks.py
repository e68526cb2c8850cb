"""Who is told outside, over the API: made, shown a secret once, turned, ended; what they were told."""

import json

import pytest
from django.conf import settings

from tenure_app.live.models import Hook, HookAttempt, HookMessage

NEW = {"url": "https://93.184.216.34/told", "kinds": ["stage.changed"], "note": "the till"}


@pytest.fixture
def hook(asking):
    made = asking.post("/webhooks", NEW)
    assert made.status == 201, made.json
    return made.json


def test_a_webhook_shows_its_secret_once(asking, hook):
    assert hook["secret"].startswith("whsec_")
    (listed,) = asking.all("/webhooks", limit=1)
    assert listed == {name: value for name, value in hook.items() if name != "secret"}
    assert (listed["by"], listed["waiting"], listed["given_up"]) == ("key a program", 0, 0)
    turned = asking.post(f"/webhooks/{hook['id']}/secret").json
    assert turned["secret"] not in (None, hook["secret"])
    again = asking.post(f"/webhooks/{hook['id']}/secret")
    assert (again.status, again.json["code"]) == (409, "turned_today")


def test_a_webhook_that_ended_is_told_nothing(asking, hook):
    HookMessage.objects.create(hook_id=hook["id"], uid="1", kind="stage.changed", body="{}", made_at=1, due_at=1)
    assert asking.get("/webhooks").json["items"][0]["waiting"] == 1
    ended = asking.delete(f"/webhooks/{hook['id']}").json
    assert (ended["waiting"], ended["given_up"], ended["ended_at"] is not None) == (0, 1, True)
    assert asking.post(f"/webhooks/{hook['id']}/secret").json["code"] == "hook_ended"
    assert asking.delete("/webhooks/999").json["code"] == "no_such_webhook"


def test_what_was_told_is_listed_and_told_once_more(asking, hook):
    body = {"type": "stage.changed", "data": {"customer": 1}}
    for n in range(3):
        message = HookMessage.objects.create(
            hook_id=hook["id"], uid=str(n), kind="stage.changed", body=json.dumps(body), made_at=n,
            state=HookMessage.DELIVERED, attempts=2,
        )  # fmt: skip
        for status in (500, 204):
            HookAttempt.objects.create(message=message, at=status, took_us=1, status=status)
    told = asking.all(f"/webhooks/{hook['id']}/messages", limit=2)
    assert [(one["uid"], one["status"], one["body"]) for one in told] == [(uid, 204, body) for uid in "210"]
    where = f"/webhooks/{hook['id']}/messages/{told[0]['id']}/redeliver"
    once_more = asking.post(where)
    assert (once_more.status, once_more.json["state"], once_more.json["attempts"]) == (200, "due", 0)
    assert asking.post(where).json["code"] == "still_due"
    assert asking.post(f"/webhooks/999/messages/{told[0]['id']}/redeliver").json["code"] == "no_such_message"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"url": "https://127.0.0.1/"}, 422), ({"url": "https://[::1]/"}, 422),
        ({"url": "http://169.254.169.254/"}, 422),
        ({"url": "file:///etc/passwd"}, 422), ({"url": "x"}, 422), ({"kinds": ["order.placed"]}, 422),
        ({"kinds": []}, 422),
        ({"url": "https://93.184.216.34/\0"}, 422),
    ],
)  # fmt: skip
def test_what_is_no_address_outside_is_refused(asking, more, status):
    answer = asking.post("/webhooks", {**NEW, **more})
    assert answer.status == status, answer.json
    assert not Hook.objects.exists()
    assert settings.TENURE_HOOKS_PRIVATE is False
