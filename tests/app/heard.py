"""Events over the wire, as a dialect reads them, put on the timeline in short."""

import itertools

from django.db import transaction
from facts import source

from tenure_app.dialects.said import Said
from tenure_app.ledger.bulk import new_ids
from tenure_app.ledger.identity import Recogniser
from tenure_app.ledger.models import Event, Identity, Membership, Person, Trait

NUMBERS = itertools.count(1)
START = 1_700_000_000_000_000


def said(asks="event", at=None, **more):
    number = next(NUMBERS)
    at = START + number * 1_000_000 if at is None else at
    return Said(**{"key": f"m:{number}", "kind": "page.viewed", "at": at, "asks": asks, **more})


def hear(*events, of="web", visits="unless_refused", at=1_800_000_000_000_000, chunk=None):
    """Recognise the people of events and append these; whose they are."""
    number = source(of).pk
    who = Recogniser(number, visits=visits)
    parts = [events] if chunk is None else [events[n : n + chunk] for n in range(0, len(events), chunk)]
    people, new, merged = [], [], []
    for part in parts:
        with transaction.atomic():
            whose = who.recognise(part, now=at)
            append(number, part, whose, at)
        people, new, merged = people + whose.people, new + whose.new, merged + whose.merged
    return type(whose)(people, new, merged)


def append(number, part, whose, now):
    """Write the events as the worker does."""
    rows = [(one.key, one.kind, person, one.at, one) for one, person in zip(part, whose.people, strict=True) if person]
    rows += [(f"known:p{person}", "customer.created", person, at, None) for person, at in whose.new]
    Event.objects.bulk_create([
        Event(id=one, source_id=number, source_key=key, kind=kind, person_id=person, occurred_at=at, recorded_at=now,
              fact_hash=b"0" * 16, **order_of(said))
        for one, (key, kind, person, at, said) in zip(new_ids("tenure_event", len(rows)), rows, strict=True)
    ])  # fmt: skip


def order_of(one):
    if one is None or one.order_key is None:
        return {}
    return {"order_key": one.order_key, "amount_minor": one.amount_minor, "currency": one.currency}


def root(person):
    return Person.objects.values_list("root", flat=True).get(pk=person) or person


def everything():
    """Of each person: whom they are taken for, their events, identities, traits and accounts."""
    told = {
        one.pk: {"root": one.root, "anonymous": one.anonymous, "draw": one.draw, "events": [], "identities": [],
                 "traits": [], "accounts": []}
        for one in Person.objects.all()
    }  # fmt: skip
    for person, *row in Event.objects.exclude(source__name="tenure").order_by("pk").values_list(
        "person_id", "source_key", "kind", "occurred_at", "amount_minor"
    ):
        told[person]["events"].append(row)
    for model, name, *fields in (
        (Identity, "identities", "kind", "value", "match", "source_id"),
        (Trait, "traits", "name", "value", "said_at", "guessed", "source_id"),
        (Membership, "accounts", "account__key", "began_at", "ended_at"),
    ):
        for person, *row in model.objects.order_by("pk").values_list("person_id", *fields):
            told[person][name].append(row)
    return told
