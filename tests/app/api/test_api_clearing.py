"""What is done with goes after its time, in batches; what anybody may still need stays."""

import pytest

from tenure_app.api import kept
from tenure_app.api.models import KeptAnswer
from tenure_app.api.scopes import make_key
from tenure_app.ledger.models import Source
from tenure_app.listen.models import Quarantined
from tenure_app.live import clearing
from tenure_app.live.clearing import CLEARED_US, KEPT_US, clear
from tenure_app.live.models import Hook, HookAttempt, HookMessage

NOW = 1_750_000_000_000_000
OLD, YOUNG = NOW - CLEARED_US - 1, NOW - CLEARED_US

pytestmark = pytest.mark.usefixtures("ledger")


def quarantined(state, ended_at, n=1):
    source, _ = Source.objects.get_or_create(name="web", dialect="segment")
    return Quarantined.objects.bulk_create([
        Quarantined(
            source=source, received_at=1, call="batch", code="x", reason="x", said="{}", state=state, ended_at=ended_at
        ) for _ in range(n)
    ])  # fmt: skip


def message(hook, uid, state, made_at, *tried):
    one = HookMessage.objects.create(
        hook=hook, uid=uid, kind="x", body="{}", made_at=made_at, state=state, due_at=1 if state == "due" else None
    )
    for at in tried:
        HookAttempt.objects.create(message=one, at=at, took_us=1, status=500)


def test_decided_quarantine_goes_after_its_time():
    for state in ("waiting", "retried", "dropped"):
        quarantined(state, None if state == "waiting" else OLD)
        quarantined(state, None if state == "waiting" else YOUNG)
    assert clear(now=NOW) == 2
    assert sorted(Quarantined.objects.values_list("state", "ended_at")) == [
        ("dropped", YOUNG), ("retried", YOUNG), ("waiting", None), ("waiting", None),
    ]  # fmt: skip
    assert clear(now=NOW) == 0


def test_messages_that_were_told_or_given_up_go_with_their_attempts():
    lives = Hook.objects.create(url="https://a.example", turned_at=1, made_at=1)
    ended = Hook.objects.create(url="https://b.example", turned_at=1, made_at=1, ended_at=2)
    for state in ("delivered", "given_up", "due"):
        message(lives, f"old {state}", state, OLD, OLD, OLD)
        message(lives, f"young {state}", state, YOUNG, NOW)
    message(lives, "told anew", "delivered", OLD, OLD, NOW)
    message(ended, "due to nobody", "due", OLD)
    assert clear(now=NOW) == 3 + 4
    assert set(HookMessage.objects.values_list("uid", flat=True)) == {
        "old due", "young delivered", "young given_up", "young due", "told anew",
    }  # fmt: skip
    assert HookAttempt.objects.count() == 2 + 3 + 2
    assert clear(now=NOW) == 0


def test_answers_are_kept_for_as_long_as_the_api_says():
    key, _ = make_key("a program", ["see"], by="", now=1)
    for word, at in (("old", NOW - KEPT_US - 1), ("young", NOW - KEPT_US)):
        KeptAnswer.objects.create(key=key, word=word, asked="x", at=at)
    assert clear(now=NOW) == 1
    assert KeptAnswer.objects.get().word == "young"
    assert kept.KEPT_US == KEPT_US


def test_so_many_go_at_once():
    quarantined("dropped", OLD, n=2 * clearing._AT_ONCE + 1)
    assert [clear(now=NOW) for _ in range(4)] == [1_000, 1_000, 1, 0]
