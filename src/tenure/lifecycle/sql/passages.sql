-- The tables of everybody's life, and what is read off the lives that were put together.

-- name: no_history
CREATE OR REPLACE TABLE history (c BIGINT, from_at BIGINT, to_at BIGINT, code TINYINT)

-- name: no_passages
CREATE OR REPLACE TABLE passages (c BIGINT, from_at BIGINT, to_at BIGINT, orders INTEGER, occasions INTEGER,
    first_order_at BIGINT, last_order_at BIGINT, expected_at BIGINT, overdue_at BIGINT, long_overdue_at BIGINT, inactive_at BIGINT,
    version INTEGER)

-- name: no_reasons
CREATE OR REPLACE TABLE reasons (c BIGINT, from_at BIGINT, to_at BIGINT, reason VARCHAR)

-- name: merged_history
CREATE OR REPLACE VIEW pieces AS
SELECT s.c, s.from_at, LEAD(s.from_at) OVER (PARTITION BY s.c ORDER BY s.from_at) AS to_at, CAST(s.code AS TINYINT) AS code
FROM starts s

-- name: epochs
SELECT v.life, v.c, v.from_at, v.to_at FROM lives v ORDER BY v.life

-- name: merged_reasons
CREATE OR REPLACE VIEW pieces AS
SELECT c, from_at, LEAD(from_at) OVER (PARTITION BY c ORDER BY from_at) AS to_at, reason
FROM (
    SELECT s.c, s.at_us AS from_at, s.reason, LAG(s.reason) OVER (PARTITION BY s.c ORDER BY s.at_us) AS before_reason FROM stances s
) r
WHERE before_reason IS NULL OR before_reason <> reason
