-- Who is taken for whom. `keys` are a JSON list on SQLite, an array on PostgreSQL; what is written takes a row at a time on SQLite, a
-- list for each column on PostgreSQL.

-- name: held_sqlite
-- the transaction holds the only writer's lock
SELECT p.id, p.root, p.anonymous FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.id = k.value

-- name: held_postgresql
SELECT p.id, p.root, p.anonymous FROM tenure_person p WHERE p.id = ANY(%s) ORDER BY p.id FOR NO KEY UPDATE

-- name: parted_sqlite
SELECT m.person_id, m.canonical_id, COALESCE(c.root, c.id)
FROM json_each(%s) k CROSS JOIN tenure_merge m CROSS JOIN tenure_person c
WHERE m.person_id = k.value AND m.ended_at IS NOT NULL AND c.id = m.canonical_id

-- name: parted_postgresql
SELECT m.person_id, m.canonical_id, COALESCE(c.root, c.id) FROM tenure_merge m JOIN tenure_person c ON c.id = m.canonical_id
WHERE m.person_id = ANY(%s) AND m.ended_at IS NOT NULL

-- name: sizes_sqlite
-- a thousand are many: nobody counts a hundred thousand again and again
SELECT k.value, 1 + (SELECT COUNT(*) FROM (SELECT 1 FROM tenure_person p WHERE p.root = k.value LIMIT 1000)) FROM json_each(%s) k

-- name: sizes_postgresql
SELECT k, 1 + (SELECT COUNT(*) FROM (SELECT 1 FROM tenure_person p WHERE p.root = k LIMIT 1000) few) FROM unnest(%s) k

-- name: merges_sqlite
INSERT INTO tenure_merge (id, person_id, canonical_id, began_at, why, "by") VALUES (?, ?, ?, ?, ?, ?)

-- name: merges_postgresql
INSERT INTO tenure_merge (id, person_id, canonical_id, began_at, why, "by")
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])

-- name: members_sqlite
UPDATE tenure_person SET root = ? WHERE root = ? AND root IS NOT NULL

-- name: members_postgresql
UPDATE tenure_person p SET root = m.root FROM unnest(%s::bigint[], %s::bigint[]) m(root, old) WHERE p.root = m.old AND p.root IS NOT NULL

-- name: roots_sqlite
UPDATE tenure_person SET root = ? WHERE id = ?

-- name: roots_postgresql
UPDATE tenure_person p SET root = m.root FROM unnest(%s::bigint[], %s::bigint[]) m(root, old) WHERE p.id = m.old

-- name: known_sqlite
SELECT p.id, p.root, p.anonymous, r.anonymous
FROM json_each(%s) k CROSS JOIN tenure_person p LEFT JOIN tenure_person r ON r.id = p.root WHERE p.id = k.value

-- name: known_postgresql
SELECT p.id, p.root, p.anonymous, r.anonymous
FROM tenure_person p LEFT JOIN tenure_person r ON r.id = p.root WHERE p.id = ANY(%s)

-- name: in_force_sqlite
SELECT m.person_id, m.canonical_id FROM json_each(%s) k CROSS JOIN tenure_person p CROSS JOIN tenure_merge m
WHERE p.root = k.value AND m.person_id = p.id AND m.ended_at IS NULL

-- name: in_force_postgresql
SELECT m.person_id, m.canonical_id FROM tenure_person p JOIN tenure_merge m ON m.person_id = p.id
WHERE p.root = ANY(%s) AND m.ended_at IS NULL

-- name: suggestions_sqlite
-- each pair once, by an e-mail address rather than by a number
SELECT t.one, t.two, t.kind, t.value FROM (
    SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.one, s.two ORDER BY s.kind, s.id) AS place FROM (
        SELECT MIN(COALESCE(p.root, p.id), COALESCE(o.root, o.id)) AS one, MAX(COALESCE(p.root, p.id), COALESCE(o.root, o.id)) AS two,
            i.kind, i.value, i.id
        FROM tenure_identity i
        JOIN tenure_person p ON p.id = i.person_id
        JOIN tenure_identity f ON f.kind = i.kind AND f.match = i.folded AND f.source_id IS NULL
        JOIN tenure_person o ON o.id = f.person_id
        WHERE i.match IS NULL AND i.folded IS NOT NULL AND i.kind IN ('email', 'phone')
    ) s
    WHERE s.one <> s.two AND NOT EXISTS (
        SELECT 1 FROM tenure_merge m JOIN tenure_person a ON a.id = m.person_id JOIN tenure_person b ON b.id = m.canonical_id
        WHERE m.person_id IN (s.one, s.two) AND m.ended_at IS NOT NULL
            AND COALESCE(a.root, a.id) IN (s.one, s.two) AND COALESCE(b.root, b.id) IN (s.one, s.two)
    )
) t
WHERE t.place = 1 ORDER BY t.id DESC LIMIT (SELECT k.value FROM json_each(%s) k)

-- name: suggestions_postgresql
-- each pair once, by an e-mail address rather than by a number
SELECT t.one, t.two, t.kind, t.value FROM (
    SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.one, s.two ORDER BY s.kind, s.id) AS place FROM (
        SELECT LEAST(COALESCE(p.root, p.id), COALESCE(o.root, o.id)) AS one, GREATEST(COALESCE(p.root, p.id), COALESCE(o.root, o.id)) AS two,
            i.kind, i.value, i.id
        FROM tenure_identity i
        JOIN tenure_person p ON p.id = i.person_id
        JOIN tenure_identity f ON f.kind = i.kind AND f.match = i.folded AND f.source_id IS NULL
        JOIN tenure_person o ON o.id = f.person_id
        WHERE i.match IS NULL AND i.folded IS NOT NULL AND i.kind IN ('email', 'phone')
    ) s
    WHERE s.one <> s.two AND NOT EXISTS (
        SELECT 1 FROM tenure_merge m JOIN tenure_person a ON a.id = m.person_id JOIN tenure_person b ON b.id = m.canonical_id
        WHERE m.person_id IN (s.one, s.two) AND m.ended_at IS NOT NULL
            AND COALESCE(a.root, a.id) IN (s.one, s.two) AND COALESCE(b.root, b.id) IN (s.one, s.two)
    )
) t
WHERE t.place = 1 ORDER BY t.id DESC LIMIT (SELECT k FROM unnest(%s) k)
