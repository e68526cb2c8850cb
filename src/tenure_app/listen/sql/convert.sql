-- What the worker reads and writes when it puts requests on the timeline. `keys` as in ledger/sql/lookups.sql.

-- name: messages_sqlite
SELECT o.key, lower(hex(o.fact_hash)) FROM json_each(%s) k CROSS JOIN tenure_otherkey o WHERE o.source_id = %s AND o.key = k.value

-- name: messages_postgresql
SELECT o.key, encode(o.fact_hash, 'hex') FROM tenure_otherkey o WHERE o.key = ANY(%s) AND o.source_id = %s

-- name: kept_aside_sqlite
SELECT q.digest FROM json_each(%s) k CROSS JOIN tenure_quarantined q WHERE q.digest = k.value AND q.source_id = %s AND q.state <> %s

-- name: kept_aside_postgresql
SELECT q.digest FROM tenure_quarantined q WHERE q.digest = ANY(%s) AND q.source_id = %s AND q.state <> %s

-- name: touched_sqlite
-- another instant than before in any case: who is just looking at them takes away only the touch that they saw
INSERT INTO tenure_touched (person_id, since_at) VALUES (?, ?) ON CONFLICT (person_id)
DO UPDATE SET since_at = CASE WHEN tenure_touched.since_at = excluded.since_at THEN excluded.since_at - 1 ELSE excluded.since_at END

-- name: touched_postgresql
INSERT INTO tenure_touched (person_id, since_at) SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT (person_id)
DO UPDATE SET since_at = CASE WHEN tenure_touched.since_at = excluded.since_at THEN excluded.since_at - 1 ELSE excluded.since_at END

-- name: roots_sqlite
SELECT p.id, COALESCE(p.root, p.id) FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.id = k.value

-- name: roots_postgresql
SELECT p.id, COALESCE(p.root, p.id) FROM tenure_person p WHERE p.id = ANY(%s)
