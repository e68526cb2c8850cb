-- Orders of some people, and of whoever is taken for them, every word on each. Lists are JSON on SQLite, arrays on PostgreSQL.

-- name: had_sqlite
-- who had an order before one of these words on it
WITH changed AS (
    SELECT e.id, e.first_id FROM json_each(%s) k CROSS JOIN tenure_event e WHERE e.id = k.value AND e.first_id IS NOT NULL
)
SELECT e.id, f.person_id FROM changed e CROSS JOIN tenure_event f WHERE f.id = e.first_id
UNION
SELECT e.id, f.person_id FROM changed e CROSS JOIN tenure_event f WHERE f.first_id = e.first_id AND f.id < e.id
ORDER BY 1

-- name: had_postgresql
SELECT e.id, f.person_id
FROM unnest(%s::bigint[]) k CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.id = k AND e.first_id IS NOT NULL OFFSET 0) e
CROSS JOIN LATERAL (
    SELECT a.person_id FROM tenure_event a WHERE a.id = e.first_id
    UNION SELECT b.person_id FROM tenure_event b WHERE b.first_id = e.first_id AND b.id < e.id
) f
ORDER BY e.id

-- name: orders_sqlite
-- what nobody but a device did is nobody's
WITH asked AS (SELECT p.id FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.id = k.value AND NOT p.anonymous), whose AS (
    SELECT a.id, a.id AS root FROM asked a
    UNION SELECT m.id, m.root FROM asked a CROSS JOIN tenure_person m WHERE m.root = a.id
)
SELECT e.id, e.first_id, w.root, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM whose w CROSS JOIN tenure_event e WHERE e.person_id = w.id
    AND e.kind IN ('order.placed', 'order.refunded', 'order.cancelled', 'order.corrected', 'order.reversed')

-- name: orders_postgresql
WITH asked AS (SELECT p.id FROM tenure_person p WHERE p.id = ANY(%s) AND NOT p.anonymous), whose AS (
    SELECT a.id, a.id AS root FROM asked a
    UNION SELECT m.id, m.root FROM asked a CROSS JOIN LATERAL (SELECT * FROM tenure_person m WHERE m.root = a.id OFFSET 0) m
)
SELECT e.id, e.first_id, w.root, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM whose w CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.person_id = w.id OFFSET 0) e
WHERE e.kind IN ('order.placed', 'order.refunded', 'order.cancelled', 'order.corrected', 'order.reversed')

-- name: later_sqlite
-- somebody else may have the last word or the first; who is only a device has a number below zero, as in the mirror
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM json_each(%s) k CROSS JOIN tenure_event e CROSS JOIN tenure_person p WHERE e.first_id = k.value AND p.id = e.person_id

-- name: later_postgresql
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM unnest(%s::bigint[]) k CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.first_id = k OFFSET 0) e
JOIN tenure_person p ON p.id = e.person_id

-- name: first_sqlite
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM json_each(%s) k CROSS JOIN tenure_event e CROSS JOIN tenure_person p WHERE e.id = k.value AND p.id = e.person_id

-- name: first_postgresql
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM tenure_event e JOIN tenure_person p ON p.id = e.person_id WHERE e.id = ANY(%s)

-- name: ended_sqlite
UPDATE tenure_opportunity SET ended_at = ?, ended_by_id = ? WHERE id = ?

-- name: ended_postgresql
UPDATE tenure_opportunity o SET ended_at = s.ended_at, ended_by_id = s.ended_by
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) s(ended_at, ended_by, id) WHERE o.id = s.id

-- name: opened_again_sqlite
UPDATE tenure_opportunity SET ended_at = NULL, ended_by_id = NULL WHERE id = ?

-- name: opened_again_postgresql
UPDATE tenure_opportunity o SET ended_at = NULL, ended_by_id = NULL FROM unnest(%s::bigint[]) s(id) WHERE o.id = s.id
