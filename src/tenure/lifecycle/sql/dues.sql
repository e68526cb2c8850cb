-- When each state falls due (docs/reference/rules.md section 7). Reads `states`, `standards` (one row a month and scope: the month's
-- snapshot beside the scope's rule) and `crossings` (solved once per distinct scope, month, x, t_x).
-- A floor is days + factor * exp(m + z * sd), whatever the kind of rule: a window has days only, the rest a factor only.

-- name: standards
CREATE OR REPLACE TABLE standards AS
SELECT p.month, r.scope, p.mu, p.s2, p.k, p.k * p.mu AS k_mu, r.crossed, r.capped, r.days1, r.days2, r.days3,
    r.factor1, r.factor2, r.factor3, r.z1, r.z2, r.z3, r.first1, r.first2, r.first3, r.z_first1, r.z_first2, r.z_first3,
    r.z_cap1, r.z_cap2, r.z_cap3, r.kind, p.r, p.alpha, p.a, p.b, p.horizon, p.level, p.n, CASE WHEN p.n < 20 THEN 1 ELSE 0 END AS thin,
    r.odds1 * p.level / (1 - p.level + r.odds1 * p.level) AS mark1, r.odds2 * p.level / (1 - p.level + r.odds2 * p.level) AS mark2,
    r.odds3 * p.level / (1 - p.level + r.odds3 * p.level) AS mark3
FROM snapshots p CROSS JOIN rules r

-- name: open
-- States that can come due: a next occasion within the least possible threshold settles a state without solving anything.
-- States of the first occasions are kept because a stage begins with them; `settled` marks those that need no thresholds.
CREATE OR REPLACE TABLE open_states AS
WITH shaped AS (
    SELECT s.life, s.at_us, s.day, s.month, s.version, s.scope, s.x, s.t_x, s.l1, s.u, s.b, s.buy_at, s.next_at, s.next_day,
        p.capped, p.days1, p.z_cap1, CASE WHEN s.x < 2 THEN p.first1 ELSE p.factor1 END AS factor,
        CASE WHEN s.x < 2 THEN p.z_first1 ELSE p.z1 END AS z,
        (p.k_mu + s.l1) / (p.k + s.x) AS m, SQRT(p.s2 * (1 + 1 / (p.k + s.x))) AS sd
    FROM states s JOIN standards p ON p.month = s.month AND p.scope = s.scope
), judged AS (
    SELECT life, at_us, day, month, version, scope, x, t_x, l1, u, b, buy_at, next_at,
        CASE WHEN version = 0 AND next_day - day + 1 < days1 + factor * EXP(m + z * sd)
            AND (capped = 0 OR next_day - day + 1 < EXP(m + z_cap1 * sd)) THEN 1 ELSE 0 END AS settled
    FROM shaped
)
SELECT * FROM judged WHERE settled = 0 OR b <= $keep

-- name: questions
SELECT DISTINCT o.scope, o.month, o.x,
    CASE WHEN o.version = 0 THEN o.t_x ELSE FLOOR(o.t_x + CAST(0.5 AS DOUBLE)) END AS t_x
FROM open_states o JOIN rules r ON r.scope = o.scope AND r.crossed = 1
WHERE o.settled = 0

-- name: thresholds
CREATE OR REPLACE VIEW thresholds AS
WITH shaped AS (
    SELECT o.life, o.at_us, o.day, o.month, o.version, o.scope, o.x, o.t_x, o.l1, o.u, o.b, o.next_at,
        p.capped, p.days1, p.days2, p.days3, p.z_cap1, p.z_cap2, p.z_cap3,
        CASE WHEN o.x < 2 THEN p.first1 ELSE p.factor1 END AS factor1, CASE WHEN o.x < 2 THEN p.z_first1 ELSE p.z1 END AS z1,
        CASE WHEN o.x < 2 THEN p.first2 ELSE p.factor2 END AS factor2, CASE WHEN o.x < 2 THEN p.z_first2 ELSE p.z2 END AS z2,
        CASE WHEN o.x < 2 THEN p.first3 ELSE p.factor3 END AS factor3, CASE WHEN o.x < 2 THEN p.z_first3 ELSE p.z3 END AS z3,
        (p.k_mu + o.l1) / (p.k + o.x) AS m, SQRT(p.s2 * (1 + 1 / (p.k + o.x))) AS sd,
        COALESCE(c.c1, 0) AS c1, COALESCE(c.c2, 0) AS c2, COALESCE(c.c3, 0) AS c3
    FROM open_states o JOIN standards p ON p.month = o.month AND p.scope = o.scope
    LEFT JOIN crossings c ON c.scope = o.scope AND c.month = o.month AND c.x = o.x
        AND c.t_x = CASE WHEN o.version = 0 THEN o.t_x ELSE FLOOR(o.t_x + CAST(0.5 AS DOUBLE)) END
    WHERE o.settled = 0
), levels AS (
    SELECT s.*, EXP(m) AS usual_days,
        LEAST(GREATEST(c1, days1 + factor1 * EXP(m + z1 * sd)), CASE WHEN capped = 1 THEN EXP(m + z_cap1 * sd) ELSE 36525 END) AS a1,
        LEAST(GREATEST(c2, days2 + factor2 * EXP(m + z2 * sd)), CASE WHEN capped = 1 THEN EXP(m + z_cap2 * sd) ELSE 36525 END) AS a2,
        LEAST(GREATEST(c3, days3 + factor3 * EXP(m + z3 * sd)), CASE WHEN capped = 1 THEN EXP(m + z_cap3 * sd) ELSE 36525 END) AS a3
    FROM shaped s
)
SELECT life, at_us, day, month, version, scope, x, t_x, l1, u, b, next_at, m, sd, LEAST(usual_days, 36525) AS usual_days,
    LEAST(a1, 36525) AS s1, LEAST(GREATEST(a1, a2), 36525) AS s2_days, LEAST(GREATEST(a1, a2, a3), 36525) AS s3_days
FROM levels

-- name: dues_plain
CREATE OR REPLACE TABLE dues AS
SELECT t.life, t.at_us, t.day, t.month, t.version, t.scope, t.x, t.t_x, t.l1, t.b, t.next_at,
    t.day + CAST(GREATEST(1, CEIL(t.s1 - CAST(0.000000001 AS DOUBLE))) AS INTEGER) AS due1,
    t.day + CAST(GREATEST(1, CEIL(t.s2_days - CAST(0.000000001 AS DOUBLE))) AS INTEGER) AS due2,
    t.day + CAST(GREATEST(1, CEIL(t.s3_days - CAST(0.000000001 AS DOUBLE))) AS INTEGER) AS due3,
    CAST(NULL AS INTEGER) AS season_day,
    t.day + CAST(GREATEST(1, CEIL(t.usual_days - CAST(0.000000001 AS DOUBLE))) AS INTEGER) AS expected_day
FROM thresholds t

-- name: dues_clock
-- The clock is undone by one join: quarter-day buckets of the clock's year, each with at most one edge between two speeds.
CREATE OR REPLACE TABLE dues AS
WITH levels AS (
    SELECT t.life, t.at_us, t.version, l.level, t.day,
        t.u + CASE l.level WHEN 1 THEN t.s1 WHEN 2 THEN t.s2_days WHEN 3 THEN t.s3_days ELSE t.usual_days END AS v
    FROM thresholds t CROSS JOIN (VALUES (1), (2), (3), (4)) AS l(level)
), turned AS (
    SELECT l.*, FLOOR(l.v / CAST(365.25 AS DOUBLE)) * CAST(365.25 AS DOUBLE) AS year_start FROM levels l
), days AS (
    SELECT t.life, t.at_us, t.level, CAST(GREATEST(t.day + 1, CEIL(
        CASE WHEN t.version = 0 THEN t.v ELSE t.year_start + i.edge_day
            + (t.v - t.year_start - i.edge_clock) * CASE WHEN t.v - t.year_start < i.edge_clock THEN i.slope_before ELSE i.slope_after END
        END - CAST(0.000000001 AS DOUBLE))) AS INTEGER) AS due
    FROM turned t LEFT JOIN clock_buckets i ON i.version = t.version
        AND i.bucket = CAST(FLOOR((t.v - t.year_start) * 4) AS INTEGER)
), wide AS (
    SELECT life, at_us, MAX(CASE WHEN level = 1 THEN due END) AS due1, MAX(CASE WHEN level = 2 THEN due END) AS due2,
        MAX(CASE WHEN level = 3 THEN due END) AS due3, MAX(CASE WHEN level = 4 THEN due END) AS expected_day
    FROM days GROUP BY life, at_us
)
SELECT t.life, t.at_us, t.day, t.month, t.version, t.scope, t.x, t.t_x, t.l1, t.b, t.next_at,
    CASE WHEN t.x < 2 THEN GREATEST(w.due1, COALESCE(e.season_end, w.due1)) ELSE w.due1 END AS due1,
    CASE WHEN t.x < 2 THEN GREATEST(w.due2, COALESCE(e.season_end, w.due2)) ELSE w.due2 END AS due2,
    CASE WHEN t.x < 2 THEN GREATEST(w.due3, COALESCE(e.season_end, w.due3)) ELSE w.due3 END AS due3,
    CASE WHEN e.season_end IS NULL THEN NULL ELSE GREATEST(w.due1, e.season_end) END AS season_day, w.expected_day
FROM thresholds t JOIN wide w ON w.life = t.life AND w.at_us = t.at_us
LEFT JOIN season_ends e ON e.version = t.version AND e.day = t.day

-- name: all_snapshots
SELECT p.* FROM snapshots p ORDER BY p.month
