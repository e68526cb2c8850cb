-- The rows that a walk reads (tenure.lifecycle.walk). Reads `orders`, `groups`, `activity`, `lives`.

-- name: plain_rows
SELECT o.life, o.at_us FROM orders o WHERE o.life BETWEEN $low AND $high

-- name: sampled_plain_rows
SELECT o.life, o.at_us FROM orders o JOIN sample s ON s.life = o.life AND o.at_us < s.last_at

-- name: sizes
SELECT t.life, COUNT(*) AS n FROM touches t GROUP BY t.life

-- name: activity_events
-- other events that break a silence; money going back is one where its kind is listed
CREATE OR REPLACE TABLE activity AS
SELECT e.c, e."at" AS at_us FROM events e JOIN activity_kinds k ON k.kind = e.kind WHERE e."at" < $until
UNION ALL
SELECT p.c, p.at_us FROM order_parts p JOIN activity_kinds k ON k.kind = 'order.refunded' WHERE p.placed = 0
UNION ALL
SELECT e.c, e."at" FROM events e JOIN activity_kinds k ON k.kind = 'order.refunded'
WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NULL AND e.amount_minor < 0

-- name: touches
-- orders with their customer's group so far; they stand alone where nothing else breaks a silence
CREATE OR REPLACE TABLE touches AS
SELECT o.life, o.at_us, 1 AS buy, g.category, g.region
FROM orders o JOIN groups g ON g.life = o.life AND g.at_us = o.at_us

-- name: plain_touches
CREATE OR REPLACE TABLE touches AS
SELECT o.life, o.at_us, 1 AS buy, -1 AS category, -1 AS region FROM orders o

-- name: more_touches
-- other events belong to every life of their customer; -2 says nothing about the group
INSERT INTO touches
SELECT l.life, a.at_us, 0, -2, -2
FROM (SELECT DISTINCT life FROM orders) l
LEFT JOIN lives v ON v.life = l.life
JOIN activity a ON a.c = COALESCE(v.c, l.life) AND (v.life IS NULL OR a.at_us < v.to_at)

-- name: full_rows
SELECT t.life, t.at_us, t.buy, t.category, t.region FROM touches t WHERE t.life BETWEEN $low AND $high

-- name: sampled_full_rows
SELECT t.life, t.at_us, t.buy, t.category, t.region
FROM touches t JOIN sample s ON s.life = t.life AND t.at_us < s.last_at

-- name: sampled_lives
SELECT s.life, s.slot, s.last_at, s.from_at, s.to_at FROM sample s ORDER BY s.life
