-- The picture as of T (docs/reference/rules.md section 9): one row per customer seen before T, read off the starts.

-- name: current
CREATE OR REPLACE TABLE current AS
SELECT c, MAX(from_at) AS since, MAX((from_at + 8000000000000000) * 16 + code) % 16 AS code FROM starts GROUP BY c

-- name: tallied
-- orders that count, whether a walk needs them or not
CREATE OR REPLACE TABLE tallied AS
SELECT o.c, COUNT(*) AS orders, MIN(o.at_us) AS first_order_at, MAX(o.at_us) AS last_order_at
FROM labelled o WHERE o.ended_at IS NULL GROUP BY o.c

-- name: no_stances
CREATE OR REPLACE VIEW last_stances AS
SELECT CAST(NULL AS BIGINT) AS c, 0 AS gone, CAST(NULL AS VARCHAR) AS said, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS BIGINT) AS said_at
WHERE 1 = 0

-- name: stances
CREATE OR REPLACE VIEW last_stances AS
SELECT c, gone, said, reason, said_at
FROM (SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.c ORDER BY t.at_us DESC) AS place FROM stances t) s
WHERE place = 1

-- name: picture
-- one row per customer, of the life they lead now
CREATE OR REPLACE VIEW picture AS
WITH lived AS (
    SELECT s.*, COALESCE(v.c, s.life) AS c FROM standing s LEFT JOIN lives v ON v.life = s.life
    WHERE v.life IS NULL OR v.to_at = 9000000000000000000
)
SELECT p.c, p.code, p.since, COALESCE(y.orders, 0) AS orders, y.first_order_at, y.last_order_at, COALESCE(w.occasions, 0) AS occasions,
    CASE WHEN p.code = 8 THEN NULL ELSE w.expected_at END AS expected_at, CASE WHEN p.code = 8 THEN NULL ELSE w.at1 END AS at1,
    CASE WHEN p.code = 8 THEN NULL ELSE w.at2 END AS at2, CASE WHEN p.code = 8 THEN NULL ELSE w.at3 END AS at3,
    CASE WHEN p.code = 6 THEN n.contact_day END AS contact_day,
    CASE WHEN p.code IN (7, 8) THEN COALESCE(l.reason, 'unknown') END AS reason,
    CASE WHEN l.gone = 1 THEN l.said WHEN p.code = 0 THEN 'prospect' WHEN p.code = 8 THEN 'alone' ELSE 'rhythm' END AS said,
    COALESCE(l.said_at, p.since) AS said_at, w.because
FROM current p LEFT JOIN lived w ON w.c = p.c LEFT JOIN tallied y ON y.c = p.c LEFT JOIN last_stances l ON l.c = p.c
LEFT JOIN contacts n ON n.version = w.version

-- name: columns
-- the columns of the contract, by customer
CREATE OR REPLACE VIEW told AS
SELECT p.c, w.stage, w.detail, p.reason, p.since,
    CASE WHEN t.said = 'alone' THEN p.because || t.p0 || p.reason || t.p1
        ELSE COALESCE(t.p0 || k.label || t.p1 || COALESCE(p.reason || t.p2, ''), p.because) END AS because,
    p.occasions + 1 AS cycle, p.orders, p.occasions, p.first_order_at, p.last_order_at, p.expected_at AS expected_next_at,
    p.at1 AS overdue_at, p.at2 AS long_overdue_at, p.at3 AS inactive_at, p.contact_day
FROM picture p JOIN stage_words w ON w.code = p.code
LEFT JOIN stance_words t ON t.said = p.said
LEFT JOIN guess g ON g.utc_day = (p.said_at + 8640000000000000000) // 86400000000
LEFT JOIN calendar k ON k.day = CASE WHEN p.said_at >= g.end_at THEN g.day + 1 WHEN p.said_at < g.start_at THEN g.day - 1 ELSE g.day END

-- name: numbered
CREATE OR REPLACE TABLE stages AS
SELECT t.c AS customer_id, t.stage, t.detail, t.reason, t.since, t.because, t.cycle, t.orders, t.occasions, t.first_order_at, t.last_order_at,
    t.expected_next_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.contact_day AS contact_on, i.as_of, i.policy
FROM told t CROSS JOIN this_picture i
ORDER BY t.c

-- name: named
CREATE OR REPLACE TABLE stages AS
SELECT n.customer_id, t.stage, t.detail, t.reason, t.since, t.because, t.cycle, t.orders, t.occasions, t.first_order_at, t.last_order_at,
    t.expected_next_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.contact_day AS contact_on, i.as_of, i.policy
FROM told t JOIN customers n ON n.c = t.c CROSS JOIN this_picture i
ORDER BY t.c
