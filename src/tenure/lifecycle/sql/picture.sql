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
-- One row per customer. A sentence is laid out from its pieces: p0, then each value with the piece that follows it.
CREATE OR REPLACE TABLE picture AS
WITH judged AS (
    SELECT s.c, s.b, s.x, s.expected_at, s.at1, s.at2, s.at3, s.day, s.due1, s.due2, s.due3, s.month, s.scope, s.version, s.l1, s.t_x,
        CASE p.code WHEN 4 THEN 1 WHEN 5 THEN 2 WHEN 6 THEN 4 WHEN 7 THEN 3 WHEN 8 THEN 3 ELSE 0 END AS state,
        n.day - s.day AS silent, GREATEST(n.u - o.u, 0) AS silence, p.code
    FROM last_states s JOIN current p ON p.c = s.c
    JOIN open_states o ON o.life = s.life AND o.at_us = s.at_us
    JOIN today n ON n.version = s.version
), numbered AS (
    SELECT j.*, r.kind, r.horizon, r.level, r.n, r.thin,
        CASE WHEN j.state IN (0, 1, 4) THEN r.mark1 WHEN j.state = 2 THEN r.mark2 ELSE r.mark3 END AS mark,
        1 / (1 + r.a / (r.b + j.x) * EXP(LEAST((r.r + j.x) * LN(1 + j.silence / (r.alpha + j.t_x)), 600)))
            * (1 - EXP(-(r.r + j.x) * LN(1 + r.horizon / (r.alpha + j.t_x + j.silence)))) AS chance,
        (r.k_mu + j.l1) / (r.k + j.x) AS m, SQRT(r.s2 * (1 + 1 / (r.k + j.x))) AS sd,
        CASE WHEN j.state IN (0, 1, 4) THEN r.days1 WHEN j.state = 2 THEN r.days2 ELSE r.days3 END AS days_,
        CASE WHEN j.state IN (0, 1, 4) THEN CASE WHEN j.x < 2 THEN r.first1 ELSE r.factor1 END
            WHEN j.state = 2 THEN CASE WHEN j.x < 2 THEN r.first2 ELSE r.factor2 END
            ELSE CASE WHEN j.x < 2 THEN r.first3 ELSE r.factor3 END END AS factor,
        CASE WHEN j.state IN (0, 1, 4) THEN CASE WHEN j.x < 2 THEN r.z_first1 ELSE r.z1 END
            WHEN j.state = 2 THEN CASE WHEN j.x < 2 THEN r.z_first2 ELSE r.z2 END
            ELSE CASE WHEN j.x < 2 THEN r.z_first3 ELSE r.z3 END END AS z,
        CASE WHEN j.state IN (0, 1, 4) THEN r.z_cap1 WHEN j.state = 2 THEN r.z_cap2 ELSE r.z_cap3 END AS z_cap
    FROM judged j JOIN standards r ON r.month = j.month AND r.scope = j.scope
), settled AS (
    SELECT n.*, CASE WHEN n.chance < n.mark THEN 1 ELSE 0 END AS by_chance FROM numbered n
), worded AS (
    SELECT s.*, w.p0 || COALESCE(CAST(s.silent AS VARCHAR) || w.p1, '')
        || COALESCE(CAST(CAST(CEIL(CASE WHEN s.kind = 0 AND s.by_chance = 0 AND s.state > 0 THEN EXP(s.m + s.z_cap * s.sd)
            ELSE s.days_ + s.factor * EXP(s.m + s.z * s.sd) END - CAST(0.000000001 AS DOUBLE)) AS INTEGER) AS VARCHAR) || w.p2, '')
        || COALESCE(d.label || w.p3, '') || COALESCE(CAST(CAST(s.horizon AS INTEGER) AS VARCHAR) || w.p4, '')
        || COALESCE(CAST(CAST(FLOOR(s.chance * 100 + CAST(0.5 AS DOUBLE)) AS INTEGER) AS VARCHAR) || w.p5, '')
        || COALESCE(CAST(CAST(FLOOR(s.mark * 100 + CAST(0.5 AS DOUBLE)) AS INTEGER) AS VARCHAR) || w.p6, '')
        || COALESCE(CAST(CAST(FLOOR(s.level * 100 + CAST(0.5 AS DOUBLE)) AS INTEGER) AS VARCHAR) || w.p7, '')
        || COALESCE(m.label || w.p8, '') || COALESCE(CAST(s.n AS VARCHAR) || w.p9, '') AS because
    FROM settled s
    JOIN sentences w ON w.kind = s.kind AND w.nth = CASE WHEN s.x < 2 AND s.b = s.x + 1 THEN s.x ELSE 2 END AND w.state = s.state
        AND w.by_chance = s.by_chance AND w.thin = s.thin
    JOIN calendar d ON d.day = s.due1 JOIN month_words m ON m.month = s.month
)
SELECT p.c, p.code, p.since, COALESCE(t.orders, 0) AS orders, t.first_order_at, t.last_order_at, COALESCE(w.b, 0) AS occasions,
    CASE WHEN p.code = 8 THEN NULL ELSE w.expected_at END AS expected_at, CASE WHEN p.code = 8 THEN NULL ELSE w.at1 END AS at1,
    CASE WHEN p.code = 8 THEN NULL ELSE w.at2 END AS at2, CASE WHEN p.code = 8 THEN NULL ELSE w.at3 END AS at3,
    CASE WHEN p.code = 6 THEN n.contact_day END AS contact_day,
    CASE WHEN p.code IN (7, 8) THEN COALESCE(l.reason, 'unknown') END AS reason,
    CASE WHEN l.gone = 1 THEN l.said WHEN p.code = 0 THEN 'prospect' WHEN p.code = 8 THEN 'alone' ELSE 'rhythm' END AS said,
    COALESCE(l.said_at, p.since) AS said_at, w.because
FROM current p LEFT JOIN worded w ON w.c = p.c LEFT JOIN totals t ON t.c = p.c LEFT JOIN last_stances l ON l.c = p.c
LEFT JOIN today n ON n.version = w.version

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

-- name: first_numbered
CREATE OR REPLACE TABLE stages AS
SELECT t.c AS customer_id, t.stage, t.detail, t.reason, t.since, t.because, t.cycle, t.orders, t.occasions, t.first_order_at, t.last_order_at,
    t.expected_next_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.contact_day AS contact_on, i.as_of, i.policy
FROM told t CROSS JOIN this_picture i
ORDER BY t.c

-- name: more_numbered
INSERT INTO stages
SELECT t.c AS customer_id, t.stage, t.detail, t.reason, t.since, t.because, t.cycle, t.orders, t.occasions, t.first_order_at, t.last_order_at,
    t.expected_next_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.contact_day, i.as_of, i.policy
FROM told t CROSS JOIN this_picture i
ORDER BY t.c

-- name: first_named
CREATE OR REPLACE TABLE stages AS
SELECT n.customer_id, t.stage, t.detail, t.reason, t.since, t.because, t.cycle, t.orders, t.occasions, t.first_order_at, t.last_order_at,
    t.expected_next_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.contact_day AS contact_on, i.as_of, i.policy
FROM told t JOIN customers n ON n.c = t.c CROSS JOIN this_picture i
ORDER BY t.c

-- name: more_named
INSERT INTO stages
SELECT n.customer_id, t.stage, t.detail, t.reason, t.since, t.because, t.cycle, t.orders, t.occasions, t.first_order_at, t.last_order_at,
    t.expected_next_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.contact_day, i.as_of, i.policy
FROM told t JOIN customers n ON n.c = t.c CROSS JOIN this_picture i
ORDER BY t.c
