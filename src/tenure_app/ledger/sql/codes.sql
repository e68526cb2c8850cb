-- Traits as codes: chosen in DuckDB, the book of codes in the ledger's database.

-- name: chosen
-- One word of each person on each trait. Whoever said more than 500 characters said nothing that can be asked for: longer text does
-- not fit into the book's index.
CREATE OR REPLACE TABLE chosen AS
SELECT t.c, t.name, t.value, t.guessed FROM told t WHERE t.c > 0
QUALIFY ROW_NUMBER() OVER (PARTITION BY t.c, t.name ORDER BY t.guessed, t.said_at DESC, t.value) = 1 AND length(t.value) <= 500

-- name: values
-- nothing said is no value
SELECT DISTINCT c.name, c.value FROM chosen c WHERE c.value <> 'null'

-- name: coded
CREATE OR REPLACE TABLE coded AS
SELECT c.c, c.name, b.code, c.guessed = 1 AS guessed FROM chosen c JOIN book b ON b.name = c.name AND b.value = c.value

-- name: book_sqlite
INSERT INTO tenure_traitcode (name, value) VALUES (?, ?) ON CONFLICT (name, value) DO NOTHING

-- name: book_postgresql
INSERT INTO tenure_traitcode (name, value) SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT (name, value) DO NOTHING

-- name: book_of_sqlite
SELECT b.name, b.value, b.id FROM json_each(%s) k CROSS JOIN tenure_traitcode b WHERE b.name = k.value

-- name: book_of_postgresql
SELECT b.name, b.value, b.id FROM tenure_traitcode b WHERE b.name = ANY(%s)

-- name: forget_sqlite
DELETE FROM tenure_traitcode WHERE id = ?

-- name: forget_postgresql
DELETE FROM tenure_traitcode b USING unnest(%s::bigint[]) f(id) WHERE b.id = f.id
