-- What events say of people: traits, names, accounts. `keys` are a JSON list on SQLite, an array on PostgreSQL; what is written takes a
-- row at a time on SQLite, a list for each column on PostgreSQL.

-- name: guesses_sqlite
SELECT t.person_id, t.name, t.value, t.said_at FROM json_each(%s) k CROSS JOIN tenure_trait t
WHERE t.person_id = k.value AND t.source_id = %s AND t.guessed

-- name: guesses_postgresql
SELECT t.person_id, t.name, t.value, t.said_at FROM tenure_trait t
WHERE t.person_id = ANY(%s) AND t.source_id = %s AND t.guessed

-- name: traits_sqlite
-- the newest word of a source holds
INSERT INTO tenure_trait (person_id, source_id, name, value, said_at, guessed) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (person_id, name, source_id, guessed) DO UPDATE SET value = excluded.value, said_at = excluded.said_at
WHERE excluded.said_at >= tenure_trait.said_at

-- name: traits_postgresql
INSERT INTO tenure_trait (person_id, source_id, name, value, said_at, guessed)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::bigint[], %s::boolean[])
ON CONFLICT (person_id, name, source_id, guessed) DO UPDATE SET value = excluded.value, said_at = excluded.said_at
WHERE excluded.said_at >= tenure_trait.said_at

-- name: names_sqlite
SELECT i.person_id, i.kind, i.value FROM json_each(%s) k CROSS JOIN tenure_identity i WHERE i.person_id = k.value

-- name: names_postgresql
SELECT i.person_id, i.kind, i.value FROM tenure_identity i WHERE i.person_id = ANY(%s)

-- name: accounts_sqlite
SELECT a.key, a.id, a.traits, a.name FROM json_each(%s) k CROSS JOIN tenure_account a WHERE a.key = k.value AND a.source_id = %s

-- name: accounts_postgresql
SELECT a.key, a.id, a.traits, a.name FROM tenure_account a WHERE a.key = ANY(%s) AND a.source_id = %s
ORDER BY a.id FOR NO KEY UPDATE

-- name: new_accounts_sqlite
INSERT INTO tenure_account (id, source_id, key, name, traits, recorded_at) VALUES (?, ?, ?, ?, ?, ?)

-- name: new_accounts_postgresql
INSERT INTO tenure_account (id, source_id, key, name, traits, recorded_at)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::bigint[])

-- name: changed_accounts_sqlite
UPDATE tenure_account SET name = ?, traits = ? WHERE id = ?

-- name: changed_accounts_postgresql
UPDATE tenure_account a SET name = n.name, traits = n.traits
FROM unnest(%s::text[], %s::text[], %s::bigint[]) n(name, traits, id) WHERE a.id = n.id

-- name: members_sqlite
SELECT m.person_id, m.account_id, m.began_at, m.ended_at FROM json_each(%s) k CROSS JOIN tenure_membership m WHERE m.person_id = k.value

-- name: members_postgresql
SELECT m.person_id, m.account_id, m.began_at, m.ended_at FROM tenure_membership m WHERE m.person_id = ANY(%s)

-- name: memberships_sqlite
INSERT INTO tenure_membership (person_id, account_id, began_at, ended_at) VALUES (?, ?, ?, ?)
ON CONFLICT (person_id, account_id) DO UPDATE SET ended_at = excluded.ended_at

-- name: memberships_postgresql
INSERT INTO tenure_membership (person_id, account_id, began_at, ended_at)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (person_id, account_id) DO UPDATE SET ended_at = excluded.ended_at
