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
