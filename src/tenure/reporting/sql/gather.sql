-- What the report shows, read off `history`, `stages` and `orders`: small tables only leave the engine.
-- `report_days` has one row per day of the shop's zone: utc_day (shifted so that it is never negative), day, start_at, end_at.

-- name: starts
-- Every start of a stage with its local day and what was before; what starts on day d is in the pictures from the day after. Stages by
-- the numbers of `stage_words`: 0 prospect, 1 to 3 new, active, loyal, 4 to 6 lapsed, 7 and 8 inactive; -1 nobody yet.
CREATE OR REPLACE TABLE report_starts AS
WITH stepped AS (
    SELECT h.customer_id, h."from" AS from_at, CAST(w.code AS TINYINT) AS code,
        COALESCE(LAG(CAST(w.code AS TINYINT)) OVER (PARTITION BY h.customer_id ORDER BY h."from"), CAST(-1 AS TINYINT)) AS before_code
    FROM history h JOIN stage_words w ON w.stage = h.stage AND COALESCE(w.detail, '') = COALESCE(h.detail, '')
)
SELECT s.*, CAST(CASE WHEN s.from_at >= g.end_at THEN g.day + 1 WHEN s.from_at < g.start_at THEN g.day - 1 ELSE g.day END AS INTEGER) AS day
FROM stepped s JOIN report_days g ON g.utc_day = (s.from_at + 8640000000000000000) // 86400000000

-- name: steps
SELECT s.day, s.code, s.before_code, COUNT(*) AS customers FROM report_starts s GROUP BY s.day, s.code, s.before_code

-- name: moves
-- who stands in another stage at the end of the period than at its start; moved_on: the last day on which they crossed from not
-- having bought to being on time, from there to overdue, or back
CREATE OR REPLACE TABLE report_moves AS
WITH sided AS (
    SELECT s.*, CASE WHEN s.code < 1 THEN 0 WHEN s.code < 4 THEN 1 ELSE 2 END AS side,
        CASE WHEN s.before_code < 1 THEN 0 WHEN s.before_code < 4 THEN 1 ELSE 2 END AS before_side
    FROM report_starts s WHERE s.day >= $first_day AND s.day < $end_day
), ends AS (
    SELECT s.customer_id, ARG_MIN(s.before_code, s.from_at) AS from_code, ARG_MAX(s.code, s.from_at) AS to_code,
        MAX(CASE WHEN s.side <> s.before_side THEN s.day END) AS moved_on
    FROM sided s
    GROUP BY s.customer_id
)
SELECT e.customer_id, COALESCE(a.stage, '') AS from_stage, b.stage AS to_stage, e.moved_on,
    CASE WHEN e.from_code BETWEEN 1 AND 3 AND e.to_code BETWEEN 4 AND 6 THEN 'overdue'
        WHEN e.from_code > 3 AND e.to_code BETWEEN 1 AND 3 THEN 'returned'
        WHEN e.from_code < 1 AND e.to_code BETWEEN 1 AND 3 THEN 'first' ELSE 'other' END AS kind
FROM ends e JOIN stage_words b ON b.code = e.to_code LEFT JOIN stage_words a ON a.code = e.from_code
WHERE COALESCE(a.stage, '') <> b.stage

-- name: counts
SELECT s.stage, COALESCE(s.detail, '') AS detail, COUNT(*) AS customers, SUM(s.orders) AS orders
FROM stages s
GROUP BY s.stage, COALESCE(s.detail, '')

-- name: numbered_people
CREATE OR REPLACE VIEW report_people AS SELECT s.customer_id, s.customer_id AS c FROM stages s

-- name: named_people
CREATE OR REPLACE VIEW report_people AS SELECT n.customer_id, n.c FROM customers n

-- name: movers
-- the best of each kind in the period who still stand where they went: most orders, then most spent (where amounts are of one
-- currency); with the last day they had ordered before, and whether they ordered on the day they moved
WITH here AS (
    SELECT m.kind, m.customer_id, p.c, m.from_stage, m.to_stage, m.moved_on, s.because, s.orders, s.overdue_at
    FROM report_moves m JOIN stages s ON s.customer_id = m.customer_id AND s.stage = m.to_stage
    JOIN report_people p ON p.customer_id = m.customer_id
    WHERE m.kind <> 'other'
), worth AS (
    SELECT e.c, CASE WHEN COUNT(DISTINCT e.currency) < 2 THEN SUM(e.amount_minor) END AS amount_minor
    FROM events e JOIN here h ON h.c = e.c
    WHERE e.kind = 'order.placed' AND e."at" < $as_of GROUP BY e.c
), ranked AS (
    SELECT h.*, ROW_NUMBER() OVER (PARTITION BY h.kind
        ORDER BY h.orders DESC, COALESCE(w.amount_minor, 0) DESC, h.moved_on DESC, h.customer_id) AS place
    FROM here h LEFT JOIN worth w ON w.c = h.c
), best AS (
    SELECT r.* FROM ranked r WHERE r.place <= $rows
), ordered AS (
    SELECT b.c, MAX(CASE WHEN o.day < b.moved_on THEN o.day END) AS before_on,
        MAX(CASE WHEN o.day = b.moved_on THEN 1 ELSE 0 END) AS by_order
    FROM best b JOIN report_occasions o ON o.c = b.c GROUP BY b.c
)
SELECT b.kind, CAST(b.customer_id AS VARCHAR) AS customer_id, b.from_stage, b.to_stage, b.moved_on, b.because, b.orders, b.overdue_at,
    o.before_on, COALESCE(o.by_order, 0) AS by_order
FROM best b LEFT JOIN ordered o ON o.c = b.c
ORDER BY b.kind, b.place

-- name: due
SELECT COUNT(*) AS within_14, COALESCE(SUM(CASE WHEN s.overdue_at <= $week_at THEN 1 ELSE 0 END), 0) AS within_7,
    COALESCE(SUM(CASE WHEN s.overdue_at <= $week_at AND s.stage = 'loyal' THEN 1 ELSE 0 END), 0) AS loyal_within_7
FROM stages s WHERE s.stage IN ('new', 'active', 'loyal') AND s.overdue_at <= $fortnight_at

-- name: dues
SELECT CAST(s.customer_id AS VARCHAR) AS customer_id, s.stage, s.overdue_at, s.last_order_at, s.expected_next_at, s.orders,
    CASE WHEN s.expected_next_at < $as_of THEN 1 ELSE 0 END AS late
FROM stages s WHERE s.stage IN ('new', 'active', 'loyal') AND s.overdue_at <= $fortnight_at
ORDER BY late DESC, s.orders DESC, s.overdue_at, s.customer_id
LIMIT $rows

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
SELECT DISTINCT e.kind FROM events e WHERE e."at" < $as_of

-- name: season_groups
-- orders by category and region, to know whose season is most of the shop's
SELECT o.category, o.region, COUNT(*) AS orders
FROM orders o LEFT JOIN lives v ON v.life = o.life
WHERE v.life IS NULL OR v.to_at = 9000000000000000000
GROUP BY o.category, o.region
