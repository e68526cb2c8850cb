"""The database itself refuses to change what was written."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from tenure_app.ledger import append_only
from tenure_app.ledger.models import Event, Person, PolicyVersion, Source


@pytest.fixture
def event(ledger):
    source = Source.objects.create(name="shop")
    person = Person.objects.create(recorded_at=1, draw=1)
    return Event.objects.create(
        source=source, source_key="order:1", kind="order.placed", person=person, occurred_at=5, recorded_at=6,
        fact_hash=b"0" * 16,
    )  # fmt: skip


CHANGES = {
    "an update": "UPDATE tenure_event SET amount_minor = 7",
    "an update by number": "UPDATE tenure_event SET amount_minor = 7 WHERE id = {id}",
    "a delete": "DELETE FROM tenure_event WHERE id = {id}",
    "an update of a policy": "UPDATE tenure_policyversion SET hash = 'x'",
    "a delete of a policy": "DELETE FROM tenure_policyversion",
}
ROW = (
    "(id, source_id, source_key, kind, person_id, occurred_at, recorded_at, fact_hash)"
    " VALUES ({id}, {source}, '{key}', 'x', {person}, 1, 1, '')"
)
OF_SQLITE = {
    "a replacement by number": f"INSERT OR REPLACE INTO tenure_event {ROW.replace('{key}', 'order:2')}",
    "a replacement by key": (
        f"INSERT OR REPLACE INTO tenure_event {ROW.replace('{id}', '77').replace('{key}', 'order:1')}"
    ),
    "a replacement with triggers kept from recursing": (
        f"PRAGMA recursive_triggers=OFF; INSERT OR REPLACE INTO tenure_event {ROW.replace('{key}', 'order:1')}"
    ),
}
OF_POSTGRESQL = {
    "a truncation": "TRUNCATE tenure_event CASCADE",
    "an upsert": (
        f"INSERT INTO tenure_event {ROW.replace('{key}', 'order:1')} ON CONFLICT (id) DO UPDATE SET kind = 'x'"
    ),
    "an update as a replica": "SET session_replication_role = replica; UPDATE tenure_event SET kind = 'x'",
}


def everything():
    return list(Event.objects.values_list()), list(PolicyVersion.objects.values_list())


def refused(event, statement):
    said = statement.format(id=event.pk, source=event.source_id, person=event.person_id)
    *before, last = said.split("; ")
    with connection.cursor() as cursor:
        for one in before:
            cursor.execute(one)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(last)


def every_change():
    return {**CHANGES, **(OF_SQLITE if connection.vendor == "sqlite" else OF_POSTGRESQL)}


def try_all(event):
    PolicyVersion.objects.create(hash="abc", toml="", saved_at=1)
    before = everything()
    for statement in every_change().values():
        refused(event, statement)
    assert everything() == before


def test_what_was_written_stays_whoever_tries(event):
    try_all(event)


def test_migrating_again_makes_the_triggers_anew(event):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # what Django does when it changes a column
            cursor.execute("DROP TRIGGER event_is_never_changed")
        else:
            cursor.execute("DROP TRIGGER event_is_never_changed ON tenure_event")
    assert append_only.missing(connection) == ["event_is_never_changed"]
    call_command("migrate", verbosity=0)
    assert append_only.missing(connection) == []
    try_all(event)


@pytest.mark.usefixtures("postgres_ledger")
def test_a_trigger_that_is_switched_off_is_missing():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tenure_event DISABLE TRIGGER event_is_never_changed")
    assert append_only.missing(connection) == ["event_is_never_changed"]
