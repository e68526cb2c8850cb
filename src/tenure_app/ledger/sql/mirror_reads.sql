-- What the mirror reads of the ledger: numbers and codes, no name, no address, no free text. ADBC gives a column of SQLite the type of
-- its first values, so a row that has a value of the right type in each comes first; it is left out again (number 0). Lists are handed
-- over as text: JSON on SQLite, with commas between on PostgreSQL. What files brought (run_id) is read whatever it is: whoever a file
-- knows only by visits is a prospect; over the wire everybody known has a customer.created.

-- name: events_sqlite
SELECT 0 AS number, 0 AS "first", 0 AS person, '' AS kind, 0 AS occurred_at, 0 AS recorded_at, '' AS order_id, 0 AS amount_minor,
    '' AS currency, 0 AS discount_minor, '' AS category, '' AS region, '' AS channel, '' AS reason,
    0 AS filed
UNION ALL
SELECT e.id, e.first_id, e.person_id, e.kind, e.occurred_at, e.recorded_at,
    e.source_id || ':' || e.order_key, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason,
    CASE WHEN e.run_id IS NULL THEN 0 ELSE 1 END AS filed
FROM tenure_event e WHERE e.id > ? AND e.id <= ? AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(?) w))

-- name: events_postgresql
SELECT e.id AS number, e.first_id AS "first", e.person_id AS person, e.kind, e.occurred_at, e.recorded_at,
    e.source_id || ':' || e.order_key AS order_id, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason,
    CASE WHEN e.run_id IS NULL THEN 0 ELSE 1 END AS filed
FROM tenure_event e WHERE e.position >= $1 AND e.position < $2 AND (e.run_id IS NOT NULL OR e.kind = ANY(string_to_array($3, ',')))

-- name: events_of_sqlite
-- of some people, as far as is read now
SELECT 0 AS number, 0 AS "first", 0 AS person, '' AS kind, 0 AS occurred_at, 0 AS recorded_at, '' AS order_id, 0 AS amount_minor,
    '' AS currency, 0 AS discount_minor, '' AS category, '' AS region, '' AS channel, '' AS reason,
    0 AS filed
UNION ALL
SELECT e.id, e.first_id, e.person_id, e.kind, e.occurred_at, e.recorded_at,
    e.source_id || ':' || e.order_key, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason,
    CASE WHEN e.run_id IS NULL THEN 0 ELSE 1 END AS filed
FROM json_each(?) k CROSS JOIN tenure_event e
WHERE e.person_id = k.value AND e.id <= ? AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(?) w))

-- name: events_of_postgresql
SELECT e.id AS number, e.first_id AS "first", e.person_id AS person, e.kind, e.occurred_at, e.recorded_at,
    e.source_id || ':' || e.order_key AS order_id, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason,
    CASE WHEN e.run_id IS NULL THEN 0 ELSE 1 END AS filed
FROM tenure_event e
WHERE e.person_id = ANY(string_to_array($1, ',')::bigint[]) AND e.position < $2 AND (e.run_id IS NOT NULL OR e.kind = ANY(string_to_array($3, ',')))

-- name: end_sqlite
-- writers wait for each other, so the last number is a number below which nothing will be filled in
SELECT COALESCE(MAX(id), 0) FROM tenure_event

-- name: end_postgresql
-- the oldest transaction that is still open: what it and later ones write is not read yet
SELECT tenure_horizon()

-- name: last_sqlite
SELECT COALESCE(MAX(id), 0) FROM tenure_event WHERE id <= ?

-- name: last_postgresql
SELECT COALESCE((SELECT e.id FROM tenure_event e WHERE e.position < $1 ORDER BY e.id DESC LIMIT 1), 0)

-- name: behind_sqlite
SELECT COUNT(*) FROM tenure_event e WHERE e.id > %s AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(%s) w))

-- name: behind_postgresql
SELECT COUNT(*) FROM tenure_event e WHERE e.position >= %s AND (e.run_id IS NOT NULL OR e.kind = ANY(%s))

-- name: everybody_sqlite
SELECT 0 AS person, 0 AS draw, 0 AS root, 0 AS hidden UNION ALL
SELECT p.id, p.draw, p.root, CAST(p.anonymous AS INTEGER) FROM tenure_person p

-- name: everybody_postgresql
SELECT p.id AS person, p.draw, p.root, CAST(p.anonymous AS INTEGER) AS hidden FROM tenure_person p

-- name: people_sqlite
SELECT 0 AS person, 0 AS draw, 0 AS root, 0 AS hidden UNION ALL
SELECT p.id, p.draw, p.root, CAST(p.anonymous AS INTEGER) FROM json_each(?) k CROSS JOIN tenure_person p WHERE p.id = k.value

-- name: people_postgresql
SELECT p.id AS person, p.draw, p.root, CAST(p.anonymous AS INTEGER) AS hidden
FROM tenure_person p WHERE p.id = ANY(string_to_array($1, ',')::bigint[])

-- name: members_sqlite
-- who is taken for some people
SELECT 0 AS person UNION ALL SELECT p.id FROM json_each(?) k CROSS JOIN tenure_person p WHERE p.root = k.value

-- name: members_postgresql
SELECT p.id AS person FROM tenure_person p WHERE p.root = ANY(string_to_array($1, ',')::bigint[])

-- name: canon_sqlite
-- who is taken for whom
SELECT 0 AS person, 0 AS c UNION ALL SELECT p.id, p.root FROM tenure_person p WHERE p.root IS NOT NULL

-- name: canon_postgresql
SELECT p.id AS person, p.root AS c FROM tenure_person p WHERE p.root IS NOT NULL

-- name: traits_sqlite
-- of everybody who is known, by whom they are taken for
SELECT 0 AS c, '' AS name, '' AS value, 0 AS said_at, 0 AS guessed
UNION ALL
SELECT COALESCE(p.root, p.id), t.name, t.value, t.said_at, CAST(t.guessed AS INTEGER)
FROM tenure_trait t CROSS JOIN tenure_person p LEFT JOIN tenure_person r ON r.id = p.root
WHERE t.name IN (SELECT w.value FROM json_each(?) w) AND p.id = t.person_id AND NOT COALESCE(r.anonymous, p.anonymous)

-- name: traits_postgresql
SELECT COALESCE(p.root, p.id) AS c, t.name, t.value, t.said_at, CAST(t.guessed AS INTEGER) AS guessed
FROM tenure_trait t JOIN tenure_person p ON p.id = t.person_id LEFT JOIN tenure_person r ON r.id = p.root
WHERE t.name IN (SELECT json_array_elements_text($1::json)) AND NOT COALESCE(r.anonymous, p.anonymous)

-- name: traits_of_sqlite
SELECT 0 AS c, '' AS name, '' AS value, 0 AS said_at, 0 AS guessed
UNION ALL
SELECT COALESCE(p.root, p.id), t.name, t.value, t.said_at, CAST(t.guessed AS INTEGER)
FROM json_each(?) k CROSS JOIN tenure_trait t CROSS JOIN tenure_person p LEFT JOIN tenure_person r ON r.id = p.root
WHERE t.person_id = k.value AND t.name IN (SELECT w.value FROM json_each(?) w) AND p.id = t.person_id
    AND NOT COALESCE(r.anonymous, p.anonymous)

-- name: traits_of_postgresql
SELECT COALESCE(p.root, p.id) AS c, t.name, t.value, t.said_at, CAST(t.guessed AS INTEGER) AS guessed
FROM tenure_trait t JOIN tenure_person p ON p.id = t.person_id LEFT JOIN tenure_person r ON r.id = p.root
WHERE t.person_id = ANY(string_to_array($1, ',')::bigint[]) AND t.name IN (SELECT json_array_elements_text($2::json))
    AND NOT COALESCE(r.anonymous, p.anonymous)

-- name: spoke_sqlite
-- whoever something was recorded of since, whom they are taken for, and who lost them: what is said of people comes with an event
SELECT 0 AS c
UNION
SELECT e.person_id FROM tenure_event e WHERE e.id > ?1 AND e.id <= ?2
UNION
SELECT p.root FROM tenure_event e JOIN tenure_person p ON p.id = e.person_id WHERE e.id > ?1 AND e.id <= ?2 AND p.root IS NOT NULL
UNION
SELECT COALESCE(p.root, p.id) FROM tenure_event e JOIN tenure_merge m ON m.person_id = e.person_id
JOIN tenure_person p ON p.id = m.canonical_id WHERE e.id > ?1 AND e.id <= ?2 AND e.kind = 'person.unmerged'

-- name: spoke_postgresql
SELECT e.person_id AS c FROM tenure_event e WHERE e.position >= $1 AND e.position < $2
UNION
SELECT p.root FROM tenure_event e JOIN tenure_person p ON p.id = e.person_id
WHERE e.position >= $1 AND e.position < $2 AND p.root IS NOT NULL
UNION
SELECT COALESCE(p.root, p.id) FROM tenure_event e JOIN tenure_merge m ON m.person_id = e.person_id
JOIN tenure_person p ON p.id = m.canonical_id WHERE e.position >= $1 AND e.position < $2 AND e.kind = 'person.unmerged'
