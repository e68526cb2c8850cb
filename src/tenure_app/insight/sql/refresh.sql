-- Whom the news touch, and what is known of them by now. `news`, `drawn`, `anew`, `changed` and `canon` are what the ledger gave, `facts`
-- what was known before.

-- name: touched
-- whoever the news speak of, who lost their facts to another one, and whose earlier word the news correct or take back
CREATE OR REPLACE TABLE now_touched AS
SELECT n.c FROM news n
UNION
SELECT a.c FROM anew a SEMI JOIN facts f ON f.c = a.c
UNION
SELECT f.c FROM facts f JOIN (SELECT DISTINCT n."first" FROM news n WHERE n."first" IS NOT NULL) r
    ON f.number = r."first" OR f."first" = r."first"

-- name: their_facts
CREATE OR REPLACE TABLE their_facts AS
SELECT f.* FROM facts f JOIN now_touched t ON t.c = f.c ANTI JOIN anew a ON a.c = f.c
UNION ALL
SELECT n.* FROM news n

-- name: their_draws
CREATE OR REPLACE TABLE their_draws AS
SELECT d.c, d.draw FROM drawn d JOIN now_touched t ON t.c = d.c
UNION ALL
SELECT k.c, k.draw FROM drawn_before k JOIN now_touched t ON t.c = k.c ANTI JOIN drawn d ON d.c = k.c ANTI JOIN anew a ON a.c = k.c

-- name: shares
-- people in all, and in the overlay that is about to be written: with devices, and without
SELECT (SELECT COUNT(*) FROM drawn_before) + (SELECT COUNT(*) FROM drawn), COUNT(*), COUNT(*) FILTER (WHERE w.c > 0)
FROM (SELECT t.c FROM now_touched t UNION SELECT o.c FROM overlaid_before o) w

-- name: span
-- of what was appended, of what it changes, and of what is another one's or nobody's now
SELECT MIN(w."at"), MAX(w."at") FROM (
    SELECT n."at" FROM news n SEMI JOIN changed g ON g.number = n.number WHERE n.c > 0
    UNION ALL
    SELECT f."at" FROM facts f
    SEMI JOIN (SELECT g.number FROM changed g ANTI JOIN (SELECT n.number FROM news n WHERE n.c > 0) k ON k.number = g.number) l
        ON l.number = f.number WHERE f.c > 0
    UNION ALL
    SELECT f."at" FROM facts f JOIN news n ON n."first" IS NOT NULL AND (f.number = n."first" OR f."first" = n."first")
) w

-- name: words
SELECT DISTINCT 'category', n.category FROM news n WHERE n.category IS NOT NULL AND n.category <> '' AND n.c > 0
UNION ALL
SELECT DISTINCT 'region', n.region FROM news n WHERE n.region IS NOT NULL AND n.region <> '' AND n.c > 0

-- name: drawn_alone
CREATE OR REPLACE VIEW drawn_before AS SELECT c, draw FROM base.customers

-- name: drawn_overlaid
CREATE OR REPLACE VIEW drawn_before AS
SELECT b.c, b.draw FROM base.customers b LEFT JOIN touched.touched t ON t.c = b.c WHERE t.c IS NULL
UNION ALL
SELECT t.c, t.draw FROM touched.customers t

-- name: canon_alone
CREATE OR REPLACE VIEW canon_before AS SELECT person, c FROM base.canon

-- name: canon_overlaid
CREATE OR REPLACE VIEW canon_before AS
SELECT b.person, b.c FROM base.canon b ANTI JOIN touched.canon t ON t.person = b.person
UNION ALL
SELECT t.person, t.c FROM touched.canon t WHERE t.c <> t.person

-- name: nobody_before
CREATE OR REPLACE VIEW overlaid_before AS SELECT CAST(NULL AS BIGINT) AS c WHERE 1 = 0

-- name: somebody_before
CREATE OR REPLACE VIEW overlaid_before AS SELECT c FROM touched.touched
