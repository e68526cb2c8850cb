-- From rows as the ledger has them (`raw`, `raw_people`, `canon`) to the mirror's facts, in DuckDB. Whoever is only known as a device is
-- nobody's customer: what they did lies under their number below zero, where no life is made of it, and where somebody else's word on
-- the same order finds it. What says that people were merged or parted is read to be told, and is no fact of anybody's life.

-- name: no_raw
CREATE OR REPLACE TABLE raw AS SELECT * FROM handed WHERE number > 0

-- name: more_raw
-- whoever is read anew is read whole
INSERT INTO raw SELECT h.* FROM handed h ANTI JOIN raw r ON r.number = h.number WHERE h.number > 0

-- name: no_people
CREATE OR REPLACE TABLE raw_people AS SELECT person, draw, root, hidden FROM handed WHERE person > 0

-- name: more_people
INSERT INTO raw_people SELECT h.person, h.draw, h.root, h.hidden FROM handed h ANTI JOIN raw_people p ON p.person = h.person WHERE h.person > 0

-- name: canon
CREATE OR REPLACE TABLE canon AS SELECT p.person, p.root AS c FROM raw_people p WHERE p.root IS NOT NULL

-- name: any_turned
SELECT COUNT(*) FROM raw r WHERE r.kind IN ('person.merged', 'person.unmerged')

-- name: whose
-- the people of whom there is news
SELECT DISTINCT r.person FROM raw r ORDER BY r.person

-- name: roots
-- whom they are taken for
SELECT DISTINCT p.root FROM raw_people p WHERE p.root IS NOT NULL ORDER BY p.root

-- name: turned
-- who is taken for somebody else than the mirror has it; `canon_now` is the ledger's word
CREATE OR REPLACE TABLE turned AS
SELECT COALESCE(n.person, b.person) AS person, COALESCE(b.c, b.person, n.person) AS before, COALESCE(n.c, n.person, b.person) AS c
FROM canon_now n FULL JOIN canon_before b ON b.person = n.person
WHERE n.person IS NULL OR b.person IS NULL OR n.c <> b.c

-- name: no_turned
CREATE OR REPLACE TABLE turned AS SELECT CAST(NULL AS BIGINT) AS person, CAST(NULL AS BIGINT) AS before, CAST(NULL AS BIGINT) AS c WHERE 1 = 0

-- name: canon_now
CREATE OR REPLACE TABLE canon_now AS SELECT h.person, h.c FROM handed h WHERE h.person > 0

-- name: moving
SELECT t.person FROM turned t ORDER BY t.person

-- name: moved
-- what went from one customer to another, or is somebody's of whom nothing was to be known
CREATE OR REPLACE TABLE moved AS SELECT h.number, h.person FROM handed h WHERE h.number > 0

-- name: anew
-- whose facts are read anew: those who gained or lost some by a merge, and those whom the mirror does not have yet
CREATE OR REPLACE TABLE anew AS
SELECT t.before AS c FROM turned t JOIN moved m ON m.person = t.person
UNION
SELECT t.c FROM turned t JOIN moved m ON m.person = t.person
UNION
SELECT COALESCE(p.root, p.person) FROM raw r JOIN raw_people p ON p.person = r.person
LEFT JOIN drawn_before d ON d.c = COALESCE(p.root, p.person) WHERE d.c IS NULL

-- name: of_anew
SELECT a.c FROM anew a ORDER BY a.c

-- name: anew_hidden
-- of a device that is somebody now, or nobody's again, what lay under the other number goes
INSERT INTO anew SELECT -a.c FROM anew a

-- name: changed
-- numbers of what is new, or new for whom it is of
CREATE OR REPLACE TABLE changed AS
SELECT r.number FROM raw r
UNION
SELECT m.number FROM moved m

-- name: changed_anew
-- and everything of those whom the mirror does not have yet
INSERT INTO changed
SELECT n.number FROM news n LEFT JOIN drawn_before d ON d.c = n.c WHERE d.c IS NULL AND n.c > 0
EXCEPT
SELECT g.number FROM changed g

-- name: news
CREATE OR REPLACE TABLE news AS
SELECT r.number, r."first", CASE WHEN q.hidden = 0 THEN q.person ELSE -q.person END AS c, r.kind, r.occurred_at AS "at", r.recorded_at, r.order_id, r.amount_minor, r.currency,
    r.discount_minor, r.category, r.region, r.channel, r.reason, r.filed = 1 AS filed
FROM raw r JOIN raw_people p ON p.person = r.person JOIN raw_people q ON q.person = COALESCE(p.root, p.person)
WHERE r.kind NOT IN ('person.merged', 'person.unmerged')
ORDER BY c, "at", r.number

-- name: drawn
CREATE OR REPLACE TABLE drawn AS
SELECT p.person AS c, p.draw FROM raw_people p SEMI JOIN news n ON n.c = p.person
ORDER BY c
