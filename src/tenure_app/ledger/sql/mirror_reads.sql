-- What the mirror reads of the ledger: numbers and codes, no name, no address, no free text. ADBC gives a column of SQLite the type of
-- its first values, so a row that has a value of the right type in each comes first; it is left out again (number 0).

-- name: events_sqlite
SELECT 0 AS number, 0 AS "first", 0 AS person, '' AS kind, 0 AS occurred_at, 0 AS recorded_at, '' AS order_id, 0 AS amount_minor,
    '' AS currency, 0 AS discount_minor, '' AS category, '' AS region, '' AS channel, '' AS reason
UNION ALL
SELECT e.id, e.first_id, e.person_id, e.kind, e.occurred_at, e.recorded_at,
    e.source_id || ':' || e.order_key, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason
FROM tenure_event e WHERE e.id > ? AND e.id <= ?

-- name: events_postgresql
SELECT e.id AS number, e.first_id AS "first", e.person_id AS person, e.kind, e.occurred_at, e.recorded_at,
    e.source_id || ':' || e.order_key AS order_id, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason
FROM tenure_event e WHERE e.position >= $1 AND e.position < $2

-- name: end_sqlite
-- writers wait for each other, so the last number is a number below which nothing will be filled in
SELECT COALESCE(MAX(id), 0) FROM tenure_event

-- name: end_postgresql
-- the oldest transaction that is still open: what it and later ones write is not read yet
SELECT tenure_horizon()

-- name: behind_sqlite
SELECT COUNT(*) FROM tenure_event e WHERE e.id > %s

-- name: behind_postgresql
SELECT COUNT(*) FROM tenure_event e WHERE e.position >= %s

-- name: everybody_sqlite
SELECT 0 AS person, 0 AS draw UNION ALL SELECT p.id, p.draw FROM tenure_person p

-- name: everybody_postgresql
SELECT p.id AS person, p.draw FROM tenure_person p

-- name: people_sqlite
-- whom the news are of; by their numbers somebody could be missed whose transaction began first and ended last
SELECT 0 AS person, 0 AS draw UNION ALL
SELECT p.id, p.draw FROM tenure_person p WHERE p.id IN (SELECT e.person_id FROM tenure_event e WHERE e.id > ? AND e.id <= ?)

-- name: people_postgresql
SELECT p.id AS person, p.draw FROM tenure_person p
WHERE p.id IN (SELECT e.person_id FROM tenure_event e WHERE e.position >= $1 AND e.position < $2)

-- name: merges_sqlite
SELECT 0 AS person, 0 AS canonical UNION ALL SELECT m.person_id, m.canonical_id FROM tenure_merge m WHERE m.ended_at IS NULL

-- name: merges_postgresql
SELECT m.person_id AS person, m.canonical_id AS canonical FROM tenure_merge m WHERE m.ended_at IS NULL
