-- What is known of a life after each occasion (docs/reference/rules.md sections 3 and 5). Reads `source` (the orders of the lives
-- wanted now), `calendar` and `guess` (days of the shop's zone).

-- name: all_lives
CREATE OR REPLACE VIEW source AS SELECT * FROM orders

-- name: sampled_lives
CREATE OR REPLACE VIEW source AS SELECT o.* FROM orders o JOIN sample s ON s.life = o.life AND o.at_us < s.last_at

-- name: some_lives
CREATE OR REPLACE TABLE slice AS SELECT o.* FROM orders o WHERE o.life >= $low AND o.life < $high

-- name: slice_lives
CREATE OR REPLACE VIEW source AS SELECT * FROM slice

-- name: plain
-- the plain calendar, no activity but orders, no groups: one pass to find the days, one to run along them
CREATE OR REPLACE VIEW states AS
WITH stamped AS (
    SELECT o.life, o.at_us,
        CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day,
        CASE WHEN o.at_us >= g.end_at THEN g.month_after WHEN o.at_us < g.start_at THEN g.month_before ELSE g.month END AS month
    FROM source o JOIN guess g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
), stepped AS (
    SELECT life, at_us, day, month, LAG(day) OVER (PARTITION BY life ORDER BY at_us) AS before_day FROM stamped
), occasions AS (
    SELECT * FROM stepped WHERE before_day IS NULL OR before_day <> day
)
SELECT life, at_us, day, month, 0 AS version, 0 AS scope, -1 AS category, -1 AS region,
    CAST(ROW_NUMBER() OVER w - 1 AS INTEGER) AS x,
    CAST(day - FIRST_VALUE(day) OVER w AS DOUBLE) AS t_x,
    FIRST_VALUE(day) OVER w AS first_day,
    CAST(day - before_day AS DOUBLE) AS gap,
    SUM(COALESCE(LN(CAST(day - before_day AS DOUBLE)), 0)) OVER w AS l1,
    CAST(ROW_NUMBER() OVER w AS INTEGER) AS b, at_us AS buy_at,
    LEAD(at_us) OVER w2 AS next_at, LEAD(day) OVER w2 AS next_day, CAST(day AS DOUBLE) AS u
FROM occasions
WINDOW w AS (PARTITION BY life ORDER BY at_us ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    w2 AS (PARTITION BY life ORDER BY at_us)

-- name: no_activity
CREATE OR REPLACE VIEW touches AS
SELECT o.life, o.at_us, 1 AS buy, g.category, g.region
FROM source o LEFT JOIN groups g ON g.life = o.life AND g.at_us = o.at_us

-- name: activity
-- other events that break a silence: they belong to every life of their customer
CREATE OR REPLACE VIEW touches AS
SELECT o.life, o.at_us, 1 AS buy, g.category, g.region
FROM source o LEFT JOIN groups g ON g.life = o.life AND g.at_us = o.at_us
UNION ALL
SELECT l.life, a.at_us, 0, NULL, NULL
FROM (SELECT DISTINCT life FROM source) l
LEFT JOIN lives v ON v.life = l.life
JOIN activity a ON a.c = COALESCE(v.c, l.life) AND (v.life IS NULL OR a.at_us < v.to_at)

-- name: activity_events
CREATE OR REPLACE TABLE activity AS
SELECT e.c, e."at" AS at_us FROM events e JOIN activity_kinds k ON k.kind = e.kind WHERE e."at" < $until
UNION ALL
SELECT p.c, p.at_us FROM order_parts p JOIN activity_kinds k ON k.kind = 'order.refunded' WHERE p.placed = 0
UNION ALL
SELECT e.c, e."at" FROM events e JOIN activity_kinds k ON k.kind = 'order.refunded'
WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NULL AND e.amount_minor < 0

-- name: full
-- the same with activity, groups, scopes and clocks
CREATE OR REPLACE VIEW states AS
WITH stamped AS (
    SELECT o.life, o.at_us, o.buy,
        LAST_VALUE(o.category IGNORE NULLS) OVER so_far AS category, LAST_VALUE(o.region IGNORE NULLS) OVER so_far AS region,
        SUM(o.buy) OVER so_far AS bought,
        CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day,
        CASE WHEN o.at_us >= g.end_at THEN g.month_after WHEN o.at_us < g.start_at THEN g.month_before ELSE g.month END AS month
    FROM touches o JOIN guess g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
    WINDOW so_far AS (PARTITION BY o.life ORDER BY o.at_us)
), stepped AS (
    SELECT life, at_us, day, month, category, region,
        LAG(day) OVER (PARTITION BY life ORDER BY at_us) AS before_day
    FROM stamped WHERE bought > 0
), bought AS (
    SELECT life, day, MIN(at_us) AS buy_at FROM stamped WHERE buy = 1 GROUP BY life, day
), occasions AS (
    SELECT s.life, s.at_us, s.day, s.month, k.version, k.scope, s.before_day, p.buy_at, s.category, s.region,
        FIRST_VALUE(s.day) OVER (PARTITION BY s.life ORDER BY s.at_us) AS first_day
    FROM stepped s JOIN group_clocks k ON k.category = s.category AND k.region = s.region AND k.month = s.month
    LEFT JOIN bought p ON p.life = s.life AND p.day = s.day
    WHERE s.before_day IS NULL OR s.before_day <> s.day
), clocked AS (
    SELECT o.life, o.at_us, o.day, o.month, o.version, o.scope, o.category, o.region, o.buy_at, o.first_day, n.u,
        n.u - f.u AS t_x, CASE WHEN p.u IS NOT NULL THEN GREATEST(n.u - p.u, CAST(0.5 AS DOUBLE)) END AS gap
    FROM occasions o
    JOIN clock_days n ON n.version = o.version AND n.day = o.day
    JOIN clock_days f ON f.version = o.version AND f.day = o.first_day
    LEFT JOIN clock_days p ON p.version = o.version AND p.day = o.before_day
)
SELECT life, at_us, day, month, version, scope, category, region,
    CAST(ROW_NUMBER() OVER w - 1 AS INTEGER) AS x, t_x, first_day, gap,
    SUM(COALESCE(LN(gap), 0)) OVER w AS l1,
    CAST(SUM(CASE WHEN buy_at IS NULL THEN 0 ELSE 1 END) OVER w AS INTEGER) AS b, buy_at,
    LEAD(at_us) OVER w2 AS next_at, LEAD(day) OVER w2 AS next_day, u
FROM clocked
WINDOW w AS (PARTITION BY life ORDER BY at_us ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    w2 AS (PARTITION BY life ORDER BY at_us)

-- name: sample_states
SELECT p.slot, s.life, s.at_us, s.day, s.x, s.first_day, COALESCE(s.gap, 1) AS gap, s.category, s.region, p.from_at, p.to_at
FROM states s JOIN sample p ON p.life = s.life
ORDER BY s.life, s.at_us
