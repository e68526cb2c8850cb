"""The floor for `make bench-intake`: a bare handler that decodes a batch and writes its events into the same tables."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import msgspec

URL = os.environ["DATABASE_URL"]
SOURCE = int(os.environ["FLOOR_SOURCE"])
PERSON = int(os.environ["FLOOR_PERSON"])
EVENT = (
    "INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at, fact_hash, position)"
    " VALUES (?, ?, 'event.other', ?, 1, 1, x'00', 0)"
)
OURS = threading.local()


def to_sqlite(batch: list[dict[str, Any]]) -> None:
    """One transaction, by executemany."""
    import sqlite3

    one = getattr(OURS, "one", None)
    if one is None:
        one = OURS.one = sqlite3.connect(URL.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        one.execute("PRAGMA synchronous=FULL")
        one.execute("PRAGMA cache_size=-32000")
    one.execute("BEGIN IMMEDIATE")
    one.executemany(EVENT, [(SOURCE, event["messageId"], PERSON) for event in batch])
    one.executemany(
        "INSERT INTO tenure_eventbody (event_id, body)"
        " SELECT id, ? FROM tenure_event WHERE source_id = ? AND source_key = ?",
        [(msgspec.json.encode(event["properties"]).decode(), SOURCE, event["messageId"]) for event in batch],
    )
    one.execute("COMMIT")


def to_postgres(batch: list[dict[str, Any]]) -> None:
    """One transaction, by COPY."""
    import psycopg

    one = getattr(OURS, "one", None)
    if one is None:
        one = OURS.one = psycopg.connect(URL, autocommit=True)
    with one.transaction(), one.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('tenure_event', 'id')) FROM generate_series(1, %s)", [len(batch)]
        )
        ids = [number for (number,) in cursor.fetchall()]
        with cursor.copy(
            "COPY tenure_event (id, source_id, source_key, kind, person_id, occurred_at, recorded_at, fact_hash)"
            " FROM STDIN"
        ) as copying:
            for number, event in zip(ids, batch, strict=True):
                copying.write_row((number, SOURCE, event["messageId"], "event.other", PERSON, 1, 1, b"\0"))
        with cursor.copy("COPY tenure_eventbody (event_id, body) FROM STDIN") as copying:
            for number, event in zip(ids, batch, strict=True):
                copying.write_row((number, msgspec.json.encode(event["properties"]).decode()))


WRITE = to_sqlite if URL.startswith("sqlite") else to_postgres


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Read, decode, write, answer."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    WRITE(msgspec.json.decode(body)["batch"])
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"success":true}']
