"""Operations about the rule: those that were in force, another one tried, another one put in force."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Status

from tenure_app import clock
from tenure_app.api import schemas
from tenure_app.api.asked import AsOf, Cursor, KnownAt, Limit, Number, moment
from tenure_app.api.auth import Guarded, asks, caller_of
from tenure_app.api.paging import USUAL, after, cursor
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import Scope
from tenure_app.insight.moving import changed
from tenure_app.insight.opening import opened
from tenure_app.insight.stages import STAGES
from tenure_app.ledger import actions
from tenure_app.ledger.models import PolicyVersion
from tenure_app.ledger.policies import of_text

__all__ = ["get_policy", "list_policies", "policies_router", "preview_policy", "save_policy"]

policies_router = Guarded(tags=["policies"])


def _told(one: PolicyVersion, last: int) -> dict[str, Any]:
    return {
        "number": one.pk, "hash": one.hash, "saved_at": one.saved_at, "by": one.by or None, "note": one.note or None,
        "in_force": one.pk == last, "toml": one.toml,
    }  # fmt: skip


def _last() -> int:
    return PolicyVersion.objects.values_list("pk", flat=True).first() or 0


@policies_router.get("/policies", response=schemas.PolicyPage)
@asks(Scope.SEE)
def list_policies(
    request: HttpRequest,  # noqa: ARG001
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """The rules that were put in force, the newest first; where there is none the standard rule is in force."""
    there, behind = PolicyVersion.objects.order_by("-pk"), after("policies", cursor, 1)
    if behind is not None:
        there = there.filter(pk__lt=behind[0])
    found, last = list(there[: limit + 1]), _last()
    items = [_told(one, last) for one in found[:limit]]
    return {"items": items, "next": _following(items, len(found) > limit)}


def _following(items: list[dict[str, Any]], more: bool) -> str | None:
    return cursor("policies", [items[-1]["number"]]) if more else None


@policies_router.post("/policies", response={201: schemas.Policy})
@asks(Scope.POLICY)
def save_policy(request: HttpRequest, new: schemas.NewPolicy) -> Status[dict[str, Any]]:
    """Put another rule in force: everybody is judged by it from then on."""
    saved = actions.save_policy(of_text(new.toml), note=new.note, by=caller_of(request).name, now=clock.now())
    return Status(201, _told(saved, saved.pk))



@policies_router.post("/policies/preview", response=schemas.PolicyChange)
@asks(Scope.POLICY)
def preview_policy(
    request: HttpRequest,  # noqa: ARG001
    new: schemas.Written,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Who would stand elsewhere by another rule, as of the first instant of a day. Everybody is judged by it first;
    503 until they are."""
    policy, at = of_text(new.toml), moment(as_of, known_at)
    here = at.reading()
    there = opened(at.day_at, zone=at.zone, known_at=at.known_at, policy=policy)
    found = changed(here, there)
    told = [
        {
            "from_stage": STAGES[a][0], "from_detail": STAGES[a][1], "to_stage": STAGES[b][0],
            "to_detail": STAGES[b][1], "customers": n,
        }
        for (a, b), n in found.moves.items()
    ]  # fmt: skip
    return {
        "as_of": here.as_of, "policy": here.policy.hash, "other": policy.hash, "customers": found.customers,
        "changed": len(found.c), "moves": told,
    }  # fmt: skip


@policies_router.get("/policies/{number}", response=schemas.Policy)
@asks(Scope.SEE)
def get_policy(
    request: HttpRequest,  # noqa: ARG001
    number: Number,
) -> dict[str, Any]:
    """One of them."""
    found = PolicyVersion.objects.filter(pk=number).first()
    if found is None:
        raise Problem(404, "no_such_policy", f"there is no policy of number {number}")
    return _told(found, _last())
