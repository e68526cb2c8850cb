-- Events that Tenure appends itself: a row at a time on SQLite, a list for each column on PostgreSQL.

-- name: events_sqlite
INSERT INTO tenure_event (id, source_id, source_key, kind, person_id, occurred_at, recorded_at, fact_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: events_postgresql
INSERT INTO tenure_event (id, source_id, source_key, kind, person_id, occurred_at, recorded_at, fact_hash)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[])

-- name: bodies_sqlite
INSERT INTO tenure_eventbody (event_id, body) VALUES (?, ?)

-- name: bodies_postgresql
INSERT INTO tenure_eventbody (event_id, body) SELECT * FROM unnest(%s::bigint[], %s::text[])
