-- What the report shows, read off `history`, `stages` and `orders`: small tables only leave the engine.
-- `report_days` has one row per day of the shop's zone: utc_day (shifted so that it is never negative), day, start_at, end_at.

-- name: starts
-- every start of a stage with its local day and what was before; what starts on day d is in the pictures from the day after
CREATE OR REPLACE TABLE report_starts AS
WITH stepped AS (
    SELECT h.customer_id, h.stage, COALESCE(h.detail, '') AS detail, h."from" AS from_at,
        COALESCE(LAG(h.stage) OVER w, '') AS before_stage, COALESCE(LAG(h.detail) OVER w, '') AS before_detail
    FROM history h WINDOW w AS (PARTITION BY h.customer_id ORDER BY h."from")
)
SELECT s.*, CASE WHEN s.from_at >= g.end_at THEN g.day + 1 WHEN s.from_at < g.start_at THEN g.day - 1 ELSE g.day END AS day
FROM stepped s JOIN report_days g ON g.utc_day = (s.from_at + 8640000000000000000) // 86400000000

-- name: steps
SELECT s.day, s.stage, s.detail, s.before_stage, s.before_detail, COUNT(*) AS customers
FROM report_starts s
GROUP BY s.day, s.stage, s.detail, s.before_stage, s.before_detail

-- name: moves
-- who stands in another stage at the end of the period than at its start; moved_on: the day they entered the one they ended in
CREATE OR REPLACE TABLE report_moves AS
WITH ends AS (
    SELECT s.customer_id, ARG_MIN(s.before_stage, s.from_at) AS from_stage, ARG_MAX(s.stage, s.from_at) AS to_stage,
        MAX(CASE WHEN s.stage <> s.before_stage THEN s.day END) AS moved_on
    FROM report_starts s WHERE s.day >= $first_day AND s.day < $end_day
    GROUP BY s.customer_id
)
SELECT e.*, CASE WHEN e.from_stage IN ('new', 'active', 'loyal') AND e.to_stage = 'lapsed' THEN 'overdue'
    WHEN e.from_stage IN ('lapsed', 'inactive') AND e.to_stage IN ('new', 'active', 'loyal') THEN 'returned'
    WHEN e.from_stage IN ('', 'prospect') AND e.to_stage IN ('new', 'active', 'loyal') THEN 'first' ELSE 'other' END AS kind
FROM ends e WHERE e.from_stage <> e.to_stage

-- name: counts
SELECT s.stage, COALESCE(s.detail, '') AS detail, COUNT(*) AS customers, SUM(s.orders) AS orders
FROM stages s
GROUP BY s.stage, COALESCE(s.detail, '')

-- name: numbered_worth
-- what movers have spent, to tell apart those with equally many orders; unknown where amounts or currencies are
CREATE OR REPLACE VIEW report_worth AS
SELECT e.c AS customer_id, CASE WHEN COUNT(DISTINCT e.currency) < 2 THEN SUM(e.amount_minor) END AS amount_minor
FROM events e WHERE e.kind = 'order.placed' AND e."at" < (SELECT MAX(p.as_of) FROM this_picture p) GROUP BY e.c

-- name: named_worth
CREATE OR REPLACE VIEW report_worth AS
SELECT n.customer_id, CASE WHEN COUNT(DISTINCT e.currency) < 2 THEN SUM(e.amount_minor) END AS amount_minor
FROM events e JOIN customers n ON n.c = e.c
WHERE e.kind = 'order.placed' AND e."at" < (SELECT MAX(p.as_of) FROM this_picture p) GROUP BY n.customer_id

-- name: movers
-- the best of each kind in the period who still stand where they went
SELECT r.kind, r.customer_id, r.from_stage, r.to_stage, r.moved_on, r.because, r.orders
FROM (
    SELECT m.kind, CAST(m.customer_id AS VARCHAR) AS customer_id, m.from_stage, m.to_stage, m.moved_on, s.because, s.orders,
        ROW_NUMBER() OVER (PARTITION BY m.kind
            ORDER BY s.orders DESC, COALESCE(w.amount_minor, 0) DESC, m.moved_on DESC, m.customer_id) AS place
    FROM report_moves m JOIN stages s ON s.customer_id = m.customer_id AND s.stage = m.to_stage
    LEFT JOIN report_worth w ON w.customer_id = m.customer_id
    WHERE m.kind <> 'other'
) r
WHERE r.place <= $rows
ORDER BY r.kind, r.place

-- name: due
SELECT COUNT(*) AS within_14, COALESCE(SUM(CASE WHEN s.overdue_at <= $week_at THEN 1 ELSE 0 END), 0) AS within_7,
    COALESCE(SUM(CASE WHEN s.overdue_at <= $week_at AND s.stage = 'loyal' THEN 1 ELSE 0 END), 0) AS loyal_within_7
FROM stages s WHERE s.stage IN ('new', 'active', 'loyal') AND s.overdue_at <= $fortnight_at

-- name: dues
SELECT CAST(s.customer_id AS VARCHAR) AS customer_id, s.stage, s.overdue_at, s.because, s.orders
FROM stages s WHERE s.stage IN ('new', 'active', 'loyal') AND s.overdue_at <= $fortnight_at
ORDER BY s.orders DESC, s.overdue_at, s.customer_id
LIMIT 24

-- name: missed_seasons
SELECT s.contact_on, COUNT(*) AS customers
FROM stages s WHERE s.detail = 'seasonal' AND s.contact_on IS NOT NULL
GROUP BY s.contact_on
ORDER BY s.contact_on

-- name: occasions
-- days with an order that counts as of the picture
CREATE OR REPLACE TABLE report_occasions AS
SELECT DISTINCT COALESCE(v.c, o.life) AS c,
    CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day
FROM orders o JOIN report_days g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
LEFT JOIN lives v ON v.life = o.life
WHERE v.life IS NULL OR v.to_at = 9000000000000000000

-- name: first_occasion_day
SELECT MIN(o.day) FROM report_occasions o

-- name: by_period
-- one day stands for all of a customer's in a period: that is all that cohort retention asks
SELECT o.c, MIN(o.day) AS day
FROM report_occasions o JOIN report_periods p ON p.day = o.day
GROUP BY o.c, p.period

-- name: first_two
-- one row or two: the first and, where there is one, the second occasion
SELECT r.c, r.day
FROM (SELECT o.c, o.day, ROW_NUMBER() OVER (PARTITION BY o.c ORDER BY o.day) AS place FROM report_occasions o) r
WHERE r.place <= 2

-- name: kinds
SELECT DISTINCT e.kind FROM events e

-- name: season_groups
-- how many customers belong to each category and region by their last order that counts
SELECT r.category, r.region, COUNT(*) AS customers
FROM (
    SELECT g.category, g.region, ROW_NUMBER() OVER (PARTITION BY COALESCE(v.c, g.life) ORDER BY g.at_us DESC) AS place
    FROM groups g LEFT JOIN lives v ON v.life = g.life
    WHERE v.life IS NULL OR v.to_at = 9000000000000000000
) r
WHERE r.place = 1
GROUP BY r.category, r.region
