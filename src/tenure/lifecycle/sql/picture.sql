-- The picture as of T (docs/reference/rules.md section 9): one row per customer seen before T, read off the starts.

-- name: current
CREATE OR REPLACE TABLE current AS
SELECT c, MAX(from_at) AS since, MAX((from_at + 8000000000000000) * 16 + code) % 16 AS code FROM starts GROUP BY c

-- name: totals
CREATE OR REPLACE TABLE totals AS
SELECT COALESCE(v.c, o.life) AS c, COUNT(*) AS orders, MIN(o.at_us) AS first_order_at, MAX(o.at_us) AS last_order_at
FROM source o LEFT JOIN lives v ON v.life = o.life
WHERE v.life IS NULL OR v.to_at = 9000000000000000000
GROUP BY COALESCE(v.c, o.life)

-- name: last_states
CREATE OR REPLACE VIEW last_states AS
SELECT COALESCE(v.c, d.life) AS c, d.*, e.start_at AS expected_at
FROM dated d JOIN calendar e ON e.day = d.expected_day LEFT JOIN lives v ON v.life = d.life
WHERE d.next_at IS NULL AND (v.life IS NULL OR v.to_at = 9000000000000000000)

-- name: no_reasons
CREATE OR REPLACE VIEW last_stances AS
SELECT CAST(NULL AS BIGINT) AS c, CAST(NULL AS VARCHAR) AS reason WHERE 1 = 0

-- name: reasons
CREATE OR REPLACE VIEW last_stances AS
SELECT c, reason
FROM (SELECT c, reason, ROW_NUMBER() OVER (PARTITION BY c ORDER BY at_us DESC) AS place FROM stances) s
WHERE place = 1
