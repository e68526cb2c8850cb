-- Orders of some people, and of whoever is taken for them, every word on each in the order of the ledger.

-- name: orders_sqlite
WITH asked AS (SELECT k.value AS id FROM json_each(%s) k), whose AS (
    SELECT a.id, a.id AS root FROM asked a
    UNION SELECT m.id, m.root FROM asked a CROSS JOIN tenure_person m WHERE m.root = a.id
)
SELECT e.id, e.first_id, w.root, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM whose w CROSS JOIN tenure_event e WHERE e.person_id = w.id
    AND e.kind IN ('order.placed', 'order.refunded', 'order.cancelled', 'order.corrected', 'order.reversed')
ORDER BY e.id

-- name: orders_postgresql
WITH asked AS (SELECT k AS id FROM unnest(%s::bigint[]) k), whose AS (
    SELECT a.id, a.id AS root FROM asked a
    UNION SELECT m.id, m.root FROM asked a CROSS JOIN LATERAL (SELECT * FROM tenure_person m WHERE m.root = a.id OFFSET 0) m
)
SELECT e.id, e.first_id, w.root, e.kind, e.occurred_at, e.source_id || ':' || e.order_key, e.amount_minor
FROM whose w CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.person_id = w.id OFFSET 0) e
WHERE e.kind IN ('order.placed', 'order.refunded', 'order.cancelled', 'order.corrected', 'order.reversed')
ORDER BY e.id

-- name: ended_sqlite
UPDATE tenure_opportunity SET ended_at = ?, ended_by_id = ? WHERE id = ?

-- name: ended_postgresql
UPDATE tenure_opportunity o SET ended_at = s.ended_at, ended_by_id = s.ended_by
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) s(ended_at, ended_by, id) WHERE o.id = s.id
