"""Requests that are carried out once however often they are sent: what was answered is kept by their own word.

The word, what is done and the answer are one transaction. Who sends the same while the first is under way waits for it
and gets its answer; who was killed half-way has done nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.http import HttpResponse

from tenure_app import clock
from tenure_app.api.auth import found_by_key
from tenure_app.api.models import KeptAnswer
from tenure_app.api.problems import Problem, answer_to
from tenure_app.live.clearing import KEPT_US

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tenure_app.api.models import ApiKey

__all__ = ["HEADER", "KEPT_US", "LONGEST", "PATTERN", "once"]

HEADER: Final = "Idempotency-Key"
LONGEST: Final = 255
"""Characters of a word."""
PATTERN: Final = "^[!-~]+$"
"""Of a word: what a header carries without a doubt of how it is meant."""
_REPLAYED: Final = "Idempotent-Replayed"
Run = Callable[..., HttpResponse]


def once(run: Run) -> Run:
    """Wraps a POST: sent again with the same word of the same key, it is answered as before, without a secret that was
    shown then. Problem 409 for another request with the word of an earlier one."""

    @wraps(run)
    def carried_out(request: HttpRequest, **given: Any) -> HttpResponse:
        word = request.headers.get(HEADER)
        if request.method != "POST" or word is None:
            return run(request, **given)
        try:
            caller = found_by_key(request)
            if caller is None or caller.key is None:
                return run(request, **given)  # somebody who is signed in, or nobody
            if len(word) > LONGEST or not re.fullmatch(PATTERN, word):
                raise Problem(422, "bad_word", f"{HEADER} has 1 to {LONGEST} characters as in {PATTERN}")
            return _once(request, caller.key, word, lambda: run(request, **given))
        except Exception as error:  # noqa: BLE001 - this lies outside the API's own handlers: its problems are the same
            return answer_to(request, error)

    return carried_out


def _once(request: HttpRequest, key: ApiKey, word: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    asked, now = _asked(request), clock.running()
    KeptAnswer.objects.filter(key=key, at__lt=now - KEPT_US).delete()
    before = KeptAnswer.objects.filter(key=key, word=word).first()
    if before is not None:
        return _again(before, asked)
    try:
        with transaction.atomic():
            kept = KeptAnswer.objects.create(key=key, word=word, asked=asked, at=now)
            answer = act()
            if answer.status_code < 300:
                kept.status, kept.body = answer.status_code, _without_secret(answer.content)
                kept.save(update_fields=["status", "body"])
            else:
                transaction.set_rollback(True)  # nothing was done: it may be tried again
        return answer
    except IntegrityError:
        # the same was under way, and is done by now
        before = KeptAnswer.objects.filter(key=key, word=word).first()
        if before is None:
            raise Problem(409, "in_progress", "the same request was under way; send it again", after=1) from None
        return _again(before, asked)


def _again(before: KeptAnswer, asked: str) -> HttpResponse:
    if before.asked != asked:
        raise Problem(409, "word_taken", f"another request had this {HEADER}; take a new one")
    answer = HttpResponse(before.body, content_type="application/json; charset=utf-8", status=before.status or 200)
    answer[_REPLAYED] = "true"
    return answer


def _asked(request: HttpRequest) -> str:
    said = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(said).hexdigest()


def _without_secret(content: bytes) -> str:
    """The answer as it is kept: a secret is shown once and lies nowhere."""
    said = json.loads(content) if content else None
    if isinstance(said, dict) and "secret" in said:
        said["secret"] = None
    return "" if said is None else json.dumps(said)
