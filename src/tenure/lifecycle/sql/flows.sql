-- From intervals to flows. Reads `turns` (c, from_at, code: the instants at which a stage begins) and `flow_periods` (bucket,
-- before_edge, edge_at: which period an instant of a six-hour bucket falls into; a bucket holds one edge between periods at most).
-- No panel of customers and days is ever built: who does not turn within a period stays where they are.

-- name: of_starts
CREATE OR REPLACE VIEW turns AS SELECT s.c, s.from_at, s.code FROM starts s

-- name: of_slice
CREATE OR REPLACE VIEW turns AS SELECT b.c, b.from_at, CAST(b.code AS INTEGER) AS code FROM begun b

-- name: of_history
CREATE OR REPLACE VIEW turns AS
SELECT h.customer_id AS c, h."from" AS from_at, w.code
FROM history h JOIN stage_words w ON w.stage = h.stage AND COALESCE(w.detail, '') = COALESCE(h.detail, '')

-- name: changes
-- customers with turns in a period: the stage before the first of them (15: not yet seen) and the stage after the last
WITH stepped AS (
    SELECT t.c, t.from_at, t.code, COALESCE(LAG(t.code) OVER (PARTITION BY t.c ORDER BY t.from_at), 15) AS before_code
    FROM turns t
), placed AS (
    SELECT s.c, s.from_at + 8000000000000000 AS instant, s.code, s.before_code,
        CASE WHEN s.from_at < p.edge_at THEN p.before_edge ELSE p.before_edge + 1 END AS period
    FROM stepped s JOIN flow_periods p ON p.bucket = (s.from_at + 8640000000000000000) // 21600000000
), moved AS (
    SELECT c, period, MIN(instant * 16 + before_code) % 16 AS from_code, MAX(instant * 16 + code) % 16 AS to_code
    FROM placed GROUP BY c, period
)
SELECT CAST(period AS BIGINT) AS period, CAST(from_code AS BIGINT) AS from_code, CAST(to_code AS BIGINT) AS to_code,
    CAST(COUNT(*) AS BIGINT) AS customers
FROM moved GROUP BY period, from_code, to_code
