-- Orders with their local days and amounts, for the purchase models. `guess` turns an instant into a day (trace.py).

-- name: plain
-- a file of nothing but orders without ids: every row is an order that never ends
SELECT e.c,
    CASE WHEN e."at" >= g.end_at THEN g.day + 1 WHEN e."at" < g.start_at THEN g.day - 1 ELSE g.day END AS day,
    CAST(NULL AS BIGINT) AS ends, CAST(e.amount_minor AS DOUBLE) AS amount, e.currency, -1 AS category, -1 AS region
FROM events e JOIN guess g ON g.utc_day = (e."at" + 8640000000000000000) // 86400000000
WHERE e."at" < $until

-- name: counted
WITH sums AS (
    SELECT p.c, p.order_id, SUM(CAST(p.amount_minor AS DOUBLE)) AS amount,
        MAX(CASE WHEN p.amount_minor IS NULL THEN 1 ELSE 0 END) AS unknown
    FROM order_parts p WHERE p.placed = 1 GROUP BY p.c, p.order_id
), moneys AS (
    SELECT e.c, e.order_id, MAX(e.currency) AS currency
    FROM events e WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NOT NULL GROUP BY e.c, e.order_id
), every AS (
    SELECT o.c, o.at_us, o.ended_at, CASE WHEN s.unknown = 0 THEN s.amount END AS amount, m.currency
    FROM counted o
    JOIN sums s ON s.c = o.c AND s.order_id = o.order_id
    JOIN moneys m ON m.c = o.c AND m.order_id = o.order_id
    UNION ALL
    SELECT e.c, e."at", NULL, CAST(e.amount_minor AS DOUBLE), e.currency
    FROM events e
    WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NULL AND COALESCE(e.amount_minor, 0) >= 0
), placed AS (
    SELECT c, at_us, COALESCE(ended_at, -1) AS ended_at, amount, currency,
        ROW_NUMBER() OVER (PARTITION BY c, at_us, COALESCE(ended_at, -1) ORDER BY amount, currency) AS place
    FROM every
), named AS (
    -- orders of one instant that end together are told apart by nothing else that matters here
    SELECT c, at_us, COALESCE(ended_at, -1) AS ended_at, category, region,
        ROW_NUMBER() OVER (PARTITION BY c, at_us, COALESCE(ended_at, -1) ORDER BY category, region) AS place
    FROM labelled
)
SELECT o.c,
    CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day,
    CASE WHEN o.ended_at >= f.end_at THEN f.day + 1 WHEN o.ended_at < f.start_at THEN f.day - 1 ELSE f.day END AS ends,
    o.amount, o.currency, n.category, n.region
FROM placed o
JOIN named n ON n.c = o.c AND n.at_us = o.at_us AND n.ended_at = o.ended_at AND n.place = o.place
JOIN guess g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
LEFT JOIN guess f ON f.utc_day = (o.ended_at + 8640000000000000000) // 86400000000

-- name: returned
-- money that went back of orders that stand, or of none that is known; whole refunds end their order and are no matter here
WITH moneys AS (
    SELECT e.c, e.order_id, MAX(e.currency) AS currency
    FROM events e WHERE e."at" < $until AND e.kind = 'order.placed' AND e.order_id IS NOT NULL GROUP BY e.c, e.order_id
)
SELECT r.c,
    CASE WHEN r.at_us >= g.end_at THEN g.day + 1 WHEN r.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day,
    CASE WHEN o.ended_at >= f.end_at THEN f.day + 1 WHEN o.ended_at < f.start_at THEN f.day - 1 ELSE f.day END AS ends,
    r.amount, COALESCE(r.currency, m.currency) AS currency
FROM (
    SELECT e.c, e."at" AS at_us, e.order_id, ABS(CAST(e.amount_minor AS DOUBLE)) AS amount, e.currency
    FROM events e
    WHERE e."at" < $until AND e.amount_minor IS NOT NULL
        AND (e.kind = 'order.refunded' OR (e.kind = 'order.placed' AND e.order_id IS NULL AND e.amount_minor < 0))
    UNION ALL
    SELECT p.c, p.at_us, p.order_id, ABS(CAST(p.amount_minor AS DOUBLE)), NULL
    FROM order_parts p WHERE p.placed = 0 AND p.amount_minor IS NOT NULL
) r
LEFT JOIN counted o ON o.c = r.c AND o.order_id = r.order_id
LEFT JOIN moneys m ON m.c = r.c AND m.order_id = r.order_id
JOIN guess g ON g.utc_day = (r.at_us + 8640000000000000000) // 86400000000
LEFT JOIN guess f ON f.utc_day = (o.ended_at + 8640000000000000000) // 86400000000
