"""Operations about customers: who they are, what is said of them, where they stand, what happened to them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query

from tenure_app.api import schemas, schemas_pictures
from tenure_app.api.asked import AsOf, Cursor, Detail, KnownAt, Limit, Number, StageName, codes_of, moment
from tenure_app.api.auth import Guarded, asks
from tenure_app.api.paging import USUAL, after, cursor
from tenure_app.api.problems import Problem
from tenure_app.api.scopes import Scope
from tenure_app.insight.reading import col, lit
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.models import Event, Identity, Membership, Person, Trait
from tenure_app.ledger.names import found
from tenure_app.live.models import Standing

__all__ = ["get_customer", "get_history", "list_customers", "list_events", "people_router"]

people_router = Guarded(tags=["customers"])


@people_router.get("/customers", response=schemas.CustomerPage)
@asks(Scope.SEE)
def list_customers(
    request: HttpRequest,  # noqa: ARG001
    stage: StageName = None,
    detail: Detail = None,
    q: Annotated[schemas.Text | None, Query(max_length=200, description="begin of an id, an address or a name")] = None,
    account: Annotated[int | None, Query(ge=1, le=schemas.MOST, description="an account's number")] = None,
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Customers by number: everybody who is known, or those who stand in a stage now, are found by words, belong to an
    account."""
    there = Person.objects.filter(root=None, anonymous=False)
    codes = codes_of(stage, detail)
    if codes is not None:
        there = there.filter(standing__code__in=codes)
    if q is not None:
        there = there.filter(pk__in=found(q))
    if account is not None:
        members = Membership.objects.filter(account_id=account, ended_at=None).select_related("person")
        there = there.filter(pk__in={one.person.root or one.person_id for one in members})
    return _page(there, f"customers {stage} {detail} {q} {account}", cursor, limit)


def _page(there: QuerySet[Person], name: str, said: str | None, limit: int) -> dict[str, Any]:
    behind = after(name, said, 1)
    if behind is not None:
        there = there.filter(pk__gt=behind[0])
    people = list(there.order_by("pk")[: limit + 1])
    items = _customers(people[:limit])
    following = cursor(name, [items[-1]["id"]]) if len(people) > limit else None
    return {"items": items, "next": following}


@people_router.get("/customers/{id}", response=schemas.Customer)
@asks(Scope.SEE)
def get_customer(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002 - as the address has it
    because: Annotated[bool, Query(description="also say why they stand there, as of the last picture")] = False,
) -> dict[str, Any]:
    """A customer. A number that is taken for another's answers as that one, whose `id` is in the answer."""
    person = _whole(id)
    (told,) = _customers([person])
    if because:
        told["because"] = moment(None, None).reading().because([person.pk]).get(person.pk)
    return told


def _whole(number: int) -> Person:
    """Whom a number stands for. Problem where it is nobody's, or a visitor's whom nobody knows."""
    person = Person.objects.filter(pk=number).first()
    if person is not None and person.root is not None:
        person = Person.objects.filter(pk=person.root).first()
    if person is None or person.anonymous:
        raise Problem(404, "no_such_customer", f"there is no customer {number}")
    return person


def _customers(people: Sequence[Person]) -> list[dict[str, Any]]:
    """What there is to say of some people, who stand for themselves."""
    numbers = [one.pk for one in people]
    merged: defaultdict[int, list[int]] = defaultdict(list)
    root_of = dict(zip(numbers, numbers, strict=True))
    for number, root in Person.objects.filter(root__in=numbers).order_by("pk").values_list("pk", "root"):
        merged[root].append(number)
        root_of[number] = root
    theirs = Q(person__in=numbers) | Q(person__root__in=numbers)
    identities, traits, accounts = _identities(theirs, root_of), _traits(theirs, root_of), _accounts(theirs, root_of)
    standings = {one.person_id: one for one in Standing.objects.filter(person__in=numbers)}
    return [
        {
            "id": one.pk, "recorded_at": one.recorded_at, "identities": identities[one.pk], "traits": traits[one.pk],
            "accounts": accounts[one.pk], "merged": merged[one.pk], "because": None,
            "standing": _standing(standings[one.pk]) if one.pk in standings else None,
        }
        for one in people
    ]  # fmt: skip


def _identities(theirs: Q, root_of: dict[int, int]) -> defaultdict[int, list[dict[str, Any]]]:
    out: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in Identity.objects.filter(theirs).select_related("source").order_by("kind", "-recorded_at", "-pk"):
        source = one.source.name if one.source else None
        said = {"kind": one.kind, "value": one.value, "source": source, "recorded_at": one.recorded_at}
        out[root_of[one.person_id]].append(said)
    return out


def _traits(theirs: Q, root_of: dict[int, int]) -> defaultdict[int, list[dict[str, Any]]]:
    """The newest of each name; what was stated holds before what was guessed."""
    newest: dict[tuple[int, str], Trait] = {}
    for one in Trait.objects.filter(theirs).select_related("source").order_by("-guessed", "said_at", "pk"):
        newest[root_of[one.person_id], one.name] = one
    out: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for (root, name), one in sorted(newest.items(), key=lambda item: item[0]):
        out[root].append({
            "name": name, "value": json.loads(one.value), "source": one.source.name, "said_at": one.said_at,
            "guessed": one.guessed,
        })  # fmt: skip
    return out


def _accounts(theirs: Q, root_of: dict[int, int]) -> defaultdict[int, list[dict[str, Any]]]:
    out: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    there = Membership.objects.filter(theirs, ended_at=None).select_related("account__source")
    for one in there.order_by("began_at", "pk"):
        account = one.account
        out[root_of[one.person_id]].append({
            "id": account.pk, "source": account.source.name, "key": account.key, "name": account.name or None,
            "began_at": one.began_at,
        })  # fmt: skip
    return out


def _standing(one: Standing) -> dict[str, Any]:
    stage, detail = STAGES[one.code]
    names = (
        "orders", "occasions", "first_order_at", "last_order_at", "expected_at", "overdue_at", "long_overdue_at",
        "inactive_at", "policy", "computed_at",
    )  # fmt: skip
    return {
        "stage": stage, "detail": detail, "since": one.since_at, "next_change_at": one.next_at,
        "reason": one.reason or None, "cycle": one.occasions + 1, **{name: getattr(one, name) for name in names},
    }  # fmt: skip


@people_router.get("/customers/{id}/timeline", response=schemas.EventPage)
@asks(Scope.SEE)
def list_events(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
    cursor: Cursor = None,
    limit: Limit = USUAL,
) -> dict[str, Any]:
    """Everything that was recorded for a customer and for those who are taken for them, the newest first; corrections
    are events of their own."""
    person = _whole(id)
    name = f"timeline {person.pk}"
    there = Event.objects.filter(Q(person=person.pk) | Q(person__in=Person.objects.filter(root=person.pk).values("pk")))
    behind = after(name, cursor, 2)
    if behind is not None:
        at, number = behind
        there = there.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, pk__lt=number))
    there = there.select_related("source", "payload").order_by("-occurred_at", "-pk")
    events = list(there[: limit + 1])
    shown = events[:limit]
    following = _cursor(name, shown[-1]) if len(events) > limit else None
    return {"items": [_event(one, person.pk) for one in shown], "next": following}


def _cursor(name: str, last: Event) -> str:
    return cursor(name, [last.occurred_at, last.pk])


def _event(one: Event, root: int) -> dict[str, Any]:
    payload = getattr(one, "payload", None)
    names = (
        "kind", "occurred_at", "recorded_at", "amount_minor", "currency", "discount_minor", "category", "region",
        "channel", "reason", "flag",
    )  # fmt: skip
    return {
        "id": one.pk, "source": one.source.name, "key": one.source_key, "customer": root, "order": one.order_key,
        "first": one.first_id, "body": json.loads(payload.body) if payload and payload.body else None,
        **{name: getattr(one, name) for name in names},
    }  # fmt: skip


@people_router.get("/customers/{id}/history", response=schemas_pictures.History)
@asks(Scope.SEE)
def get_history(
    request: HttpRequest,  # noqa: ARG001
    id: Number,  # noqa: A002
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """The stages of a customer's life up to an instant, from the pictures; what happened since `read_at` is not in
    them yet. Empty for who was not known then."""
    person, at = _whole(id), moment(as_of, known_at)
    reading = at.reading()
    there = reading.table("history").filter((col("c") == lit(person.pk)) & (col("from_at") < lit(at.as_of)))
    rows = there.select(col("from_at"), col("to_at"), col("code")).sort(col("from_at")).fetchall()
    intervals = [
        {
            "stage": STAGES[code][0], "detail": STAGES[code][1], "begins": begins,
            "ends": ends if ends is not None and ends < at.as_of else None,
        }
        for begins, ends, code in rows
    ]  # fmt: skip
    return {
        "customer": person.pk, "as_of": at.as_of, "known_at": at.known_at, "read_at": at.read_at(),
        "policy": reading.policy.hash, "intervals": intervals,
    }  # fmt: skip
