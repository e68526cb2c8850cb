-- What the ledger already knows of keys and people. `keys` is a JSON list on SQLite (json_each), an array on PostgreSQL. There, what is
-- asked for each request is asked key by key (LATERAL ... OFFSET 0): before a growing table is analyzed, and while it is small, the
-- planner would read all of it.

-- name: versions_sqlite
SELECT e.source_key, e.id, lower(hex(e.fact_hash)), e.kind
FROM json_each(%s) k CROSS JOIN tenure_event e WHERE e.source_id = %s AND e.source_key = k.value

-- name: versions_postgresql
SELECT e.source_key, e.id, encode(e.fact_hash, 'hex'), e.kind
FROM unnest(%s::text[]) k CROSS JOIN LATERAL (
    SELECT * FROM tenure_event e WHERE e.source_key = k AND e.source_id = %s OFFSET 0
) e

-- name: later_sqlite
SELECT e.first_id, e.id, lower(hex(e.fact_hash)), e.kind, e.person_id
FROM json_each(%s) k CROSS JOIN tenure_event e WHERE e.first_id = k.value ORDER BY e.id

-- name: later_postgresql
SELECT e.first_id, e.id, encode(e.fact_hash, 'hex'), e.kind, e.person_id
FROM unnest(%s::bigint[]) k CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.first_id = k OFFSET 0) e ORDER BY e.id

-- name: people_sqlite
SELECT i.match, i.person_id FROM json_each(%s) k CROSS JOIN tenure_identity i
WHERE i.kind = %s AND i.match = k.value AND i.source_id IS NULL

-- name: people_of_source_sqlite
SELECT i.match, i.person_id FROM json_each(%s) k CROSS JOIN tenure_identity i
WHERE i.kind = %s AND i.match = k.value AND i.source_id = %s

-- name: people_postgresql
SELECT i.match, i.person_id FROM tenure_identity i WHERE i.match = ANY(%s) AND i.kind = %s AND i.source_id IS NULL

-- name: people_of_source_postgresql
SELECT i.match, i.person_id FROM tenure_identity i WHERE i.match = ANY(%s) AND i.kind = %s AND i.source_id = %s

-- name: said_sqlite
SELECT i.person_id, i.kind, i.value FROM json_each(%s) k CROSS JOIN tenure_identity i WHERE i.person_id = k.value AND i.match IS NULL

-- name: said_postgresql
SELECT i.person_id, i.kind, i.value FROM tenure_identity i WHERE i.person_id = ANY(%s) AND i.match IS NULL

-- name: last_number_sqlite
SELECT seq FROM sqlite_sequence WHERE name = %s

-- name: numbers_postgresql
SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)
