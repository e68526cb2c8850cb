-- Orders out of events (docs/reference/rules.md section 2). The caller keeps `events` as the reading left it.

-- name: plain
-- a file of nothing but orders, without order ids and without a negative amount (`negative` below): every row is an order
CREATE OR REPLACE TABLE orders AS
SELECT e.c AS life, e."at" AS at_us FROM events e WHERE e."at" < $until

-- name: parts
-- rows of one order at one instant; a part with negative rows that leave nothing of it is money going back
CREATE OR REPLACE TABLE order_parts AS
SELECT e.c, e.order_id, e."at" AS at_us, SUM(e.amount_minor) AS amount_minor,
    CASE WHEN MIN(COALESCE(e.amount_minor, 0)) >= 0 OR SUM(e.amount_minor) > 0
        OR MAX(CASE WHEN e.amount_minor IS NULL THEN 1 ELSE 0 END) = 1 THEN 1 ELSE 0 END AS placed
FROM events e
WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NOT NULL
GROUP BY e.c, e.order_id, e."at"

-- name: refunds
CREATE OR REPLACE TABLE refunds AS
SELECT p.c, p.order_id, p.at_us, -CAST(p.amount_minor AS DOUBLE) AS amount_minor, 0 AS whole
FROM order_parts p WHERE p.placed = 0
UNION ALL
SELECT e.c, e.order_id, e."at", ABS(CAST(e.amount_minor AS DOUBLE)),
    CASE WHEN e.kind = 'order.cancelled' OR e.amount_minor IS NULL THEN 1 ELSE 0 END
FROM events e
WHERE e."at" < $until AND e.kind IN ('order.refunded', 'order.cancelled') AND e.order_id IS NOT NULL

-- name: endings
-- the instant at which an order stops counting: refunded so far reach the amount so far (both at or before the refund)
CREATE OR REPLACE TABLE endings AS
WITH placed AS (
    SELECT p.c, p.order_id, MIN(p.at_us) AS at_us FROM order_parts p WHERE p.placed = 1 GROUP BY p.c, p.order_id
), due AS (
    SELECT r.c, r.order_id, r.at_us, r.whole,
        SUM(COALESCE(r.amount_minor, 0)) OVER (PARTITION BY r.c, r.order_id ORDER BY r.at_us) AS so_far
    FROM refunds r JOIN placed o ON o.c = r.c AND o.order_id = r.order_id AND o.at_us <= r.at_us
), met AS (
    SELECT d.c, d.order_id, d.at_us, MAX(d.whole) AS whole, MAX(d.so_far) AS so_far,
        SUM(CAST(p.amount_minor AS DOUBLE)) AS amount
    FROM (SELECT c, order_id, at_us, MAX(whole) AS whole, MAX(so_far) AS so_far FROM due GROUP BY c, order_id, at_us) d
    JOIN order_parts p ON p.c = d.c AND p.order_id = d.order_id AND p.placed = 1 AND p.at_us <= d.at_us
    GROUP BY d.c, d.order_id, d.at_us
)
SELECT c, order_id, MIN(at_us) AS ended_at
FROM met
WHERE whole = 1 OR amount IS NULL OR so_far >= amount
GROUP BY c, order_id

-- name: merged
CREATE OR REPLACE TABLE counted AS
SELECT o.c, o.at_us, o.order_id, g.ended_at
FROM (
    SELECT p.c, p.order_id, MIN(p.at_us) AS at_us FROM order_parts p WHERE p.placed = 1 GROUP BY p.c, p.order_id
) o LEFT JOIN endings g ON g.c = o.c AND g.order_id = o.order_id
UNION ALL
SELECT e.c, e."at", NULL, NULL
FROM events e
WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NULL AND COALESCE(e.amount_minor, 0) >= 0

-- name: codes
-- categories and regions as numbers, in the order of the alphabet
CREATE OR REPLACE TABLE codes AS
SELECT 'category' AS role, v.word, ROW_NUMBER() OVER (ORDER BY v.word) - 1 AS code
FROM (SELECT DISTINCT e.category AS word FROM events e WHERE e.category IS NOT NULL AND e.category <> '') v
UNION ALL
SELECT 'region', v.word, ROW_NUMBER() OVER (ORDER BY v.word) - 1
FROM (SELECT DISTINCT e.region AS word FROM events e WHERE e.region IS NOT NULL AND e.region <> '') v

-- name: no_labels
CREATE OR REPLACE TABLE labelled AS
SELECT o.c, o.at_us, o.ended_at, -1 AS category, -1 AS region FROM counted o

-- name: labels
-- an order's category: largest amount among the rows of its first instant, then most rows, then the alphabet
CREATE OR REPLACE TABLE labelled AS
WITH rows_of AS (
    SELECT o.c, o.order_id, e.category, e.region, COALESCE(e.amount_minor, 0) AS amount_minor
    FROM counted o JOIN events e ON e.c = o.c AND e.order_id = o.order_id AND e."at" = o.at_us
    WHERE e.kind = 'order.placed'
), weighed AS (
    SELECT w.c, w.order_id, 'category' AS role, w.category AS word, SUM(w.amount_minor) AS amount, COUNT(*) AS n
    FROM rows_of w WHERE w.category IS NOT NULL AND w.category <> '' GROUP BY w.c, w.order_id, w.category
    UNION ALL
    SELECT w.c, w.order_id, 'region', w.region, SUM(w.amount_minor), COUNT(*)
    FROM rows_of w WHERE w.region IS NOT NULL AND w.region <> '' GROUP BY w.c, w.order_id, w.region
), best AS (
    SELECT w.c, w.order_id, w.role, k.code,
        ROW_NUMBER() OVER (PARTITION BY w.c, w.order_id, w.role ORDER BY w.amount DESC, w.n DESC, w.word) AS place
    FROM weighed w JOIN codes k ON k.role = w.role AND k.word = w.word
)
SELECT o.c, o.at_us, o.ended_at, COALESCE(a.code, -1) AS category, COALESCE(b.code, -1) AS region
FROM counted o
LEFT JOIN best a ON a.c = o.c AND a.order_id = o.order_id AND a.role = 'category' AND a.place = 1
LEFT JOIN best b ON b.c = o.c AND b.order_id = o.order_id AND b.role = 'region' AND b.place = 1
WHERE o.order_id IS NOT NULL
UNION ALL
SELECT e.c, e."at", NULL, COALESCE(a.code, -1), COALESCE(b.code, -1)
FROM events e
LEFT JOIN codes a ON a.role = 'category' AND a.word = e.category
LEFT JOIN codes b ON b.role = 'region' AND b.word = e.region
WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NULL AND COALESCE(e.amount_minor, 0) >= 0

-- name: walked_all
CREATE VIEW walked AS SELECT * FROM labelled

-- name: walked
-- Where nobody asks what orders were of: once a day holds an order that never ends, those after it move no occasion, and so need no
-- walk however often they end. A till's customer of ten thousand sales and a thousand returns is walked a few times only.
CREATE TABLE walked AS
WITH ending AS (
    SELECT DISTINCT o.c FROM labelled o WHERE o.ended_at IS NOT NULL
), dayed AS (
    SELECT o.*, CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day
    FROM labelled o JOIN ending v ON v.c = o.c JOIN guess g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
), lasting AS (
    SELECT c, day, MIN(at_us) AS at_us FROM dayed WHERE ended_at IS NULL GROUP BY c, day
)
SELECT d.c, d.at_us, d.ended_at, d.category, d.region
FROM dayed d LEFT JOIN lasting s ON s.c = d.c AND s.day = d.day
WHERE s.c IS NULL OR d.at_us < s.at_us OR (d.at_us = s.at_us AND d.ended_at IS NULL)
UNION ALL
SELECT o.c, o.at_us, o.ended_at, o.category, o.region FROM labelled o LEFT JOIN ending v ON v.c = o.c WHERE v.c IS NULL

-- name: lives
-- A customer one of whose orders ended lives once per epoch: from one ending to the next the list of their orders only grows.
-- Everybody else's life carries the customer's own number; these lives carry numbers that no customer has.
CREATE OR REPLACE TABLE lives AS
WITH marks AS (
    SELECT DISTINCT c, ended_at AS from_at FROM walked WHERE ended_at IS NOT NULL
    UNION ALL
    SELECT DISTINCT c, CAST(NULL AS BIGINT) FROM walked WHERE ended_at IS NOT NULL
), room AS (
    SELECT CASE WHEN MAX(e.c) < 9000000000000000000 THEN MAX(e.c) ELSE MIN(e.c) - 1000000000000 END AS base FROM events e
)
SELECT (SELECT base FROM room) + ROW_NUMBER() OVER (ORDER BY c, COALESCE(from_at, -9000000000000000000)) AS life, c,
    COALESCE(from_at, -9000000000000000000) AS from_at,
    COALESCE(LEAD(from_at) OVER (PARTITION BY c ORDER BY COALESCE(from_at, -9000000000000000000)), 9000000000000000000) AS to_at
FROM marks

-- name: no_lives
CREATE OR REPLACE TABLE lives (life BIGINT, c BIGINT, from_at BIGINT, to_at BIGINT)

-- name: life_orders
CREATE OR REPLACE TABLE orders AS
SELECT o.c AS life, o.at_us, CAST(o.category AS INTEGER) AS category, CAST(o.region AS INTEGER) AS region
FROM walked o LEFT JOIN (SELECT DISTINCT c FROM lives) v ON v.c = o.c
WHERE v.c IS NULL
UNION ALL
SELECT v.life, o.at_us, CAST(o.category AS INTEGER), CAST(o.region AS INTEGER)
FROM lives v JOIN walked o ON o.c = v.c AND o.at_us < v.to_at AND (o.ended_at IS NULL OR o.ended_at > v.from_at)

-- name: groups
-- category and region of at least four fifths of the orders so far (ties of instant together), -1 for none.
-- The most frequent label so far is the greatest count any label has reached so far, carried in one number with its code.
CREATE OR REPLACE TABLE groups AS
WITH counted_up AS (
    SELECT o.life, o.at_us, o.category, o.region,
        COUNT(*) OVER (PARTITION BY o.life ORDER BY o.at_us) AS n,
        COUNT(*) OVER (PARTITION BY o.life, o.category ORDER BY o.at_us) AS n_category,
        COUNT(*) OVER (PARTITION BY o.life, o.region ORDER BY o.at_us) AS n_region
    FROM orders o
), topped AS (
    SELECT life, at_us, n,
        MAX(CASE WHEN category < 0 THEN 0 ELSE n_category * 2147483648 + category END) OVER (PARTITION BY life ORDER BY at_us) AS top_category,
        MAX(CASE WHEN region < 0 THEN 0 ELSE n_region * 2147483648 + region END) OVER (PARTITION BY life ORDER BY at_us) AS top_region
    FROM counted_up
)
SELECT life, at_us,
    CAST(CASE WHEN (top_category // 2147483648) * 5 >= MAX(n) * 4 AND top_category > 0 THEN top_category % 2147483648 ELSE -1 END AS INTEGER) AS category,
    CAST(CASE WHEN (top_region // 2147483648) * 5 >= MAX(n) * 4 AND top_region > 0 THEN top_region % 2147483648 ELSE -1 END AS INTEGER) AS region
FROM topped
GROUP BY life, at_us, top_category, top_region

-- name: kinds
SELECT DISTINCT e.kind FROM events e WHERE e."at" < $until

-- name: negative
SELECT 1 FROM events e WHERE e."at" < $until AND e.kind = 'order.placed' AND e.amount_minor < 0 LIMIT 1

-- name: any_ending
SELECT 1 FROM labelled o WHERE o.ended_at IS NOT NULL LIMIT 1

-- name: no_codes
CREATE OR REPLACE TABLE codes (role VARCHAR, word VARCHAR, code BIGINT)

-- name: words
SELECT k.role, k.word FROM codes k ORDER BY k.role, k.code

-- name: names
-- customers are numbered from 1 in this order
SELECT n.customer_id FROM customers n ORDER BY n.c

-- name: span
SELECT MIN(o.at_us), MAX(o.at_us), COUNT(*) FROM touched o

-- name: touched_orders
CREATE OR REPLACE VIEW touched AS SELECT o.at_us FROM orders o

-- name: touched_all
CREATE OR REPLACE VIEW touched AS
SELECT o.at_us FROM orders o UNION ALL SELECT a.at_us FROM activity a

-- name: heads_by_number
-- of each life: the customer, the first order and the number of orders
SELECT f.life, f.at_us, f.n, COALESCE(v.c, f.life) AS c
FROM (SELECT o.life, MIN(o.at_us) AS at_us, COUNT(*) AS n FROM orders o GROUP BY o.life) f LEFT JOIN lives v ON v.life = f.life

-- name: heads_by_name
SELECT f.life, f.at_us, f.n, COALESCE(v.c, f.life) AS c, d.draw
FROM (SELECT o.life, MIN(o.at_us) AS at_us, COUNT(*) AS n FROM orders o GROUP BY o.life) f LEFT JOIN lives v ON v.life = f.life
JOIN customers d ON d.c = COALESCE(v.c, f.life)

-- name: sample
SELECT COALESCE(v.life, s.c) AS life, s.slot, s.last_at,
    COALESCE(v.from_at, -9000000000000000000) AS from_at, COALESCE(v.to_at, 9000000000000000000) AS to_at
FROM chosen s LEFT JOIN lives v ON v.c = s.c

-- name: order_days
-- one row per sampled customer, day, category and region with an order, and until when it counts
WITH stamped AS (
    SELECT s.slot, o.category, o.region, LEAST(s.to_at, s.last_at) AS to_at,
        CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day
    FROM orders o JOIN sample s ON s.life = o.life AND o.at_us < s.last_at
    JOIN guess g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
)
SELECT slot, day, category, region, MAX(to_at) AS to_at FROM stamped GROUP BY slot, day, category, region

-- name: busy_months
SELECT DISTINCT CASE WHEN o.at_us >= g.end_at THEN g.month_after WHEN o.at_us < g.start_at THEN g.month_before ELSE g.month END AS month
FROM touched o JOIN guess g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
