-- What prospects did, by the events of themselves and of whoever is taken for them. Lists are JSON on SQLite, arrays on PostgreSQL.

-- name: taken_for_sqlite
SELECT p.id, p.root FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.root = k.value

-- name: taken_for_postgresql
SELECT p.id, p.root FROM tenure_person p WHERE p.root = ANY(%s)

-- name: done_sqlite
SELECT e.person_id, e.kind, e.occurred_at FROM json_each(%s) k CROSS JOIN tenure_event e
WHERE e.person_id = k.value AND e.kind IN (SELECT w.value FROM json_each(%s) w) AND e.occurred_at >= %s AND e.occurred_at < %s

-- name: done_postgresql
SELECT e.person_id, e.kind, e.occurred_at FROM tenure_event e
WHERE e.person_id = ANY(%s) AND e.kind = ANY(%s) AND e.occurred_at >= %s AND e.occurred_at < %s
