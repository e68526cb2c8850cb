-- From rows as the ledger has them (`raw`, `raw_people`, `canon`) to the mirror's facts, in DuckDB.

-- name: news
CREATE OR REPLACE TABLE news AS
SELECT r.number, r."first", COALESCE(k.c, r.person) AS c, r.kind, r.occurred_at AS "at", r.recorded_at, r.order_id, r.amount_minor,
    r.currency, r.discount_minor, r.category, r.region, r.channel, r.reason
FROM raw r LEFT JOIN canon k ON k.person = r.person
WHERE r.number > 0
ORDER BY c, "at", r.number

-- name: drawn
CREATE OR REPLACE TABLE drawn AS
SELECT p.person AS c, p.draw FROM raw_people p LEFT JOIN canon k ON k.person = p.person
WHERE p.person > 0 AND k.person IS NULL
ORDER BY c

-- name: last_event
SELECT MAX(r.number) FROM raw r

-- name: held
-- what holds as known at an instant: the last version of each fact recorded before it, with the kind of the first one, unless it was
-- taken back. A version later than the first is rare, so the others are passed on as they are.
CREATE OR REPLACE MACRO held(known_at) AS TABLE
WITH later AS (
    SELECT f."first" AS root, MAX(f.number) AS number FROM facts f
    WHERE f."first" IS NOT NULL AND f.recorded_at < known_at GROUP BY f."first"
)
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f ANTI JOIN later l ON l.root = f.number
WHERE f."first" IS NULL AND f.recorded_at < known_at
UNION ALL
SELECT v.c, v."at", f.kind, v.order_id, v.amount_minor, v.currency, v.discount_minor, v.category, v.region, v.reason, v.number,
    v.recorded_at, v.channel
FROM later l JOIN facts v ON v.number = l.number JOIN facts f ON f.number = l.root
WHERE v.kind NOT IN ('order.reversed', 'fact.reversed')
