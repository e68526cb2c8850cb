-- Whose the events over the wire are. `keys` are a JSON list on SQLite, an array on PostgreSQL; what is written takes a row at a time on
-- SQLite, a list for each column on PostgreSQL.

-- name: known_sqlite
SELECT i.match, p.id, p.root, p.anonymous, r.anonymous
FROM json_each(%s) k CROSS JOIN tenure_identity i CROSS JOIN tenure_person p LEFT JOIN tenure_person r ON r.id = p.root
WHERE i.kind = %s AND i.match = k.value AND i.source_id = %s AND p.id = i.person_id

-- name: known_postgresql
SELECT i.match, p.id, p.root, p.anonymous, r.anonymous
FROM unnest(%s::text[]) k CROSS JOIN LATERAL (
    SELECT * FROM tenure_identity i WHERE i.match = k AND i.kind = %s AND i.source_id = %s OFFSET 0
) i CROSS JOIN LATERAL (SELECT * FROM tenure_person p WHERE p.id = i.person_id OFFSET 0) p LEFT JOIN tenure_person r ON r.id = p.root

-- name: known_everywhere_sqlite
SELECT i.match, p.id, p.root, p.anonymous, r.anonymous
FROM json_each(%s) k CROSS JOIN tenure_identity i CROSS JOIN tenure_person p LEFT JOIN tenure_person r ON r.id = p.root
WHERE i.kind = %s AND i.match = k.value AND i.source_id IS NULL AND p.id = i.person_id

-- name: known_everywhere_postgresql
SELECT i.match, p.id, p.root, p.anonymous, r.anonymous
FROM unnest(%s::text[]) k CROSS JOIN LATERAL (
    SELECT * FROM tenure_identity i WHERE i.match = k AND i.kind = %s AND i.source_id IS NULL OFFSET 0
) i CROSS JOIN LATERAL (SELECT * FROM tenure_person p WHERE p.id = i.person_id OFFSET 0) p LEFT JOIN tenure_person r ON r.id = p.root

-- name: holders_sqlite
-- of these roots those whose group has a customer's id of the source
SELECT k.value FROM json_each(%s) k WHERE EXISTS (
    SELECT 1 FROM (SELECT k.value AS id UNION ALL SELECT p.id FROM tenure_person p WHERE p.root = k.value) g
    CROSS JOIN tenure_identity i WHERE i.person_id = g.id AND i.kind = 'customer' AND i.source_id = %s
)

-- name: holders_postgresql
SELECT k FROM unnest(%s) k WHERE EXISTS (
    SELECT 1 FROM (SELECT k AS id UNION ALL SELECT p.id FROM tenure_person p WHERE p.root = k) g
    JOIN tenure_identity i ON i.person_id = g.id WHERE i.kind = 'customer' AND i.source_id = %s
)

-- name: hidden_sqlite
SELECT p.id FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.id = k.value AND p.anonymous

-- name: hidden_postgresql
SELECT p.id FROM tenure_person p WHERE p.id = ANY(%s) AND p.anonymous

-- name: above_sqlite
-- the anonymous ones whom somebody hangs below by the merges in force; above somebody known everybody is
WITH RECURSIVE line (person) AS (
    SELECT p.id FROM json_each(%s) k CROSS JOIN tenure_merge m CROSS JOIN tenure_person p
    WHERE m.person_id = k.value AND m.ended_at IS NULL AND p.id = m.canonical_id AND p.anonymous
    UNION
    SELECT p.id FROM line l CROSS JOIN tenure_merge m CROSS JOIN tenure_person p
    WHERE m.person_id = l.person AND m.ended_at IS NULL AND p.id = m.canonical_id AND p.anonymous
)
SELECT l.person FROM line l

-- name: above_postgresql
WITH RECURSIVE line (person) AS (
    SELECT p.id FROM tenure_merge m JOIN tenure_person p ON p.id = m.canonical_id
    WHERE m.person_id = ANY(%s) AND m.ended_at IS NULL AND p.anonymous
    UNION
    SELECT p.id FROM line l JOIN tenure_merge m ON m.person_id = l.person JOIN tenure_person p ON p.id = m.canonical_id
    WHERE m.ended_at IS NULL AND p.anonymous
)
SELECT l.person FROM line l

-- name: lines_sqlite
-- of these and of all above them the anonymous one right above
WITH RECURSIVE line (person, above) AS (
    SELECT m.person_id, p.id FROM json_each(%s) k CROSS JOIN tenure_merge m CROSS JOIN tenure_person p
    WHERE m.person_id = k.value AND m.ended_at IS NULL AND p.id = m.canonical_id AND p.anonymous
    UNION
    SELECT m.person_id, p.id FROM line l CROSS JOIN tenure_merge m CROSS JOIN tenure_person p
    WHERE m.person_id = l.above AND m.ended_at IS NULL AND p.id = m.canonical_id AND p.anonymous
)
SELECT l.person, l.above FROM line l

-- name: lines_postgresql
WITH RECURSIVE line (person, above) AS (
    SELECT m.person_id, p.id FROM tenure_merge m JOIN tenure_person p ON p.id = m.canonical_id
    WHERE m.person_id = ANY(%s) AND m.ended_at IS NULL AND p.anonymous
    UNION
    SELECT m.person_id, p.id FROM line l JOIN tenure_merge m ON m.person_id = l.above JOIN tenure_person p ON p.id = m.canonical_id
    WHERE m.ended_at IS NULL AND p.anonymous
)
SELECT l.person, l.above FROM line l

-- name: people_sqlite
INSERT INTO tenure_person (id, recorded_at, draw, root, anonymous) VALUES (?, ?, ?, ?, ?)

-- name: people_postgresql
INSERT INTO tenure_person (id, recorded_at, draw, root, anonymous)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[])

-- name: identities_sqlite
INSERT INTO tenure_identity (person_id, source_id, kind, value, match, recorded_at, folded, turned) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: identities_postgresql
INSERT INTO tenure_identity (person_id, source_id, kind, value, match, recorded_at, folded, turned)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[])

-- name: shown_sqlite
UPDATE tenure_person SET anonymous = FALSE WHERE id = ?

-- name: shown_postgresql
UPDATE tenure_person p SET anonymous = FALSE FROM unnest(%s::bigint[]) s(id) WHERE p.id = s.id
