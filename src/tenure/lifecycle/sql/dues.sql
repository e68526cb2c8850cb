-- When each state falls due (docs/reference/rules.md section 7). Reads `states`, `snapshots` (one row a month), `rules` (one row a
-- scope), `crossings` (solved once per distinct scope, month, x, t_x).

-- name: open
-- States that can come due: a next occasion within the least possible threshold settles a state without solving anything.
-- States of the first occasions are kept because a stage begins with them; `settled` marks those that need no thresholds.
CREATE OR REPLACE TABLE open_states AS
WITH shaped AS (
    SELECT s.*, (p.k * p.mu + s.l1) / (p.k + s.x) AS m, SQRT(p.s2 * (1 + 1 / (p.k + s.x))) AS sd
    FROM states s JOIN snapshots p ON p.month = s.month
), least AS (
    SELECT s.*, CASE r.kind
        WHEN 'rhythm' THEN LEAST(EXP(s.m + r.z_cap1 * s.sd),
            CASE WHEN s.x < 2 THEN r.first1 * EXP(s.m + r.z_first * s.sd) ELSE EXP(s.m + r.z_floor1 * s.sd) END)
        WHEN 'quantile' THEN EXP(s.m + r.z_quantile1 * s.sd)
        WHEN 'window' THEN r.days1
        ELSE CAST(0 AS DOUBLE) END AS least_days
    FROM shaped s JOIN rules r ON r.scope = s.scope
), judged AS (
    SELECT l.*, CASE WHEN l.next_day IS NOT NULL AND l.version = 0 AND l.next_day - l.day < l.least_days - 1 THEN 1 ELSE 0 END AS settled
    FROM least l
)
SELECT * FROM judged WHERE settled = 0 OR b <= $keep

-- name: questions
SELECT DISTINCT o.scope, o.month, o.x,
    CASE WHEN o.version = 0 THEN o.t_x ELSE FLOOR(o.t_x + CAST(0.5 AS DOUBLE)) END AS t_x
FROM open_states o JOIN rules r ON r.scope = o.scope
WHERE o.settled = 0 AND r.kind IN ('rhythm', 'chance')

-- name: thresholds
CREATE OR REPLACE VIEW thresholds AS
WITH parts AS (
    SELECT o.*, r.kind, c.c1, c.c2, c.c3,
        CASE r.kind WHEN 'rhythm' THEN CASE WHEN o.x < 2 THEN r.first1 * EXP(o.m + r.z_first * o.sd) ELSE EXP(o.m + r.z_floor1 * o.sd) END
            WHEN 'quantile' THEN EXP(o.m + r.z_quantile1 * o.sd) WHEN 'window' THEN r.days1 ELSE CAST(0 AS DOUBLE) END AS f1,
        CASE r.kind WHEN 'rhythm' THEN CASE WHEN o.x < 2 THEN r.first2 * EXP(o.m + r.z_first * o.sd) ELSE EXP(o.m + r.z_floor2 * o.sd) END
            WHEN 'quantile' THEN EXP(o.m + r.z_quantile2 * o.sd) WHEN 'window' THEN r.days2 ELSE CAST(0 AS DOUBLE) END AS f2,
        CASE r.kind WHEN 'rhythm' THEN CASE WHEN o.x < 2 THEN r.first3 * EXP(o.m + r.z_first * o.sd) ELSE EXP(o.m + r.z_floor3 * o.sd) END
            WHEN 'quantile' THEN EXP(o.m + r.z_quantile3 * o.sd) WHEN 'window' THEN r.days3 ELSE CAST(0 AS DOUBLE) END AS f3,
        CASE WHEN r.kind = 'rhythm' THEN EXP(o.m + r.z_cap1 * o.sd) ELSE CAST(36525 AS DOUBLE) END AS cap1,
        CASE WHEN r.kind = 'rhythm' THEN EXP(o.m + r.z_cap2 * o.sd) ELSE CAST(36525 AS DOUBLE) END AS cap2,
        CASE WHEN r.kind = 'rhythm' THEN EXP(o.m + r.z_cap3 * o.sd) ELSE CAST(36525 AS DOUBLE) END AS cap3
    FROM open_states o JOIN rules r ON r.scope = o.scope
    LEFT JOIN crossings c ON c.scope = o.scope AND c.month = o.month AND c.x = o.x
        AND c.t_x = CASE WHEN o.version = 0 THEN o.t_x ELSE FLOOR(o.t_x + CAST(0.5 AS DOUBLE)) END
    WHERE o.settled = 0
), first_level AS (
    SELECT p.*, LEAST(GREATEST(COALESCE(c1, 0), f1), cap1, CAST(36525 AS DOUBLE)) AS s1 FROM parts p
), second_level AS (
    SELECT p.*, GREATEST(s1, LEAST(GREATEST(COALESCE(c2, 0), f2), cap2, CAST(36525 AS DOUBLE))) AS s2_days FROM first_level p
)
SELECT p.*, GREATEST(s2_days, LEAST(GREATEST(COALESCE(c3, 0), f3), cap3, CAST(36525 AS DOUBLE))) AS s3_days,
    LEAST(EXP(m), CAST(36525 AS DOUBLE)) AS usual_days
FROM second_level p

-- name: dues_plain
CREATE OR REPLACE TABLE dues AS
SELECT t.life, t.at_us, t.day, t.month, t.version, t.scope, t.x, t.t_x, t.l1, t.m, t.sd, t.b, t.buy_at, t.next_at, t.s1, t.s2_days, t.s3_days,
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
    SELECT t.life, t.at_us, t.version, l.level, t.day, t.u + CASE l.level WHEN 1 THEN t.s1 WHEN 2 THEN t.s2_days WHEN 3 THEN t.s3_days ELSE t.usual_days END AS v
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
SELECT t.life, t.at_us, t.day, t.month, t.version, t.scope, t.x, t.t_x, t.l1, t.m, t.sd, t.b, t.buy_at, t.next_at, t.s1, t.s2_days, t.s3_days,
    CASE WHEN t.x < 2 THEN GREATEST(w.due1, COALESCE(e.season_end, w.due1)) ELSE w.due1 END AS due1,
    CASE WHEN t.x < 2 THEN GREATEST(w.due2, COALESCE(e.season_end, w.due2)) ELSE w.due2 END AS due2,
    CASE WHEN t.x < 2 THEN GREATEST(w.due3, COALESCE(e.season_end, w.due3)) ELSE w.due3 END AS due3,
    CASE WHEN e.season_end IS NULL THEN NULL ELSE GREATEST(w.due1, e.season_end) END AS season_day, w.expected_day
FROM thresholds t JOIN wide w ON w.life = t.life AND w.at_us = t.at_us
LEFT JOIN season_ends e ON e.version = t.version AND e.day = t.day
