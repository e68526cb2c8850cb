-- One customer's part of the tables (`tenure explain`). Reads what the reading and the picture left in the engine.

-- name: number_of
SELECT n.c FROM customers n WHERE n.customer_id = $customer

-- name: near_names
SELECT n.customer_id FROM customers n ORDER BY LEVENSHTEIN(n.customer_id, $customer), n.customer_id LIMIT 3

-- name: near_numbers
SELECT n.c FROM (SELECT DISTINCT e.c FROM events e) n
ORDER BY LEVENSHTEIN(CAST(n.c AS VARCHAR), $customer), ABS(LENGTH(CAST(n.c AS VARCHAR)) - LENGTH($customer)), n.c LIMIT 3

-- name: first_at
SELECT MIN(e."at") AS at_us FROM events e WHERE e.c = $c

-- name: row_of_name
SELECT s.* FROM stages s WHERE s.customer_id = $customer

-- name: row_of_number
SELECT s.* FROM stages s WHERE s.customer_id = $c

-- name: events
SELECT e."at" AS at_us, e.kind, e.order_id, e.amount_minor, e.currency, e.category, e.region, e.reason
FROM events e WHERE e.c = $c AND e."at" < $as_of
ORDER BY e."at", e.kind, e.order_id, e.amount_minor

-- name: orders
-- the orders that count as of the picture
SELECT o.at_us, -1 AS category, -1 AS region FROM orders o WHERE o.life = $c ORDER BY o.at_us

-- name: lasting_orders
SELECT o.at_us, -1 AS category, -1 AS region FROM labelled o WHERE o.c = $c AND o.ended_at IS NULL ORDER BY o.at_us

-- name: endings
SELECT o.order_id, o.ended_at FROM counted o WHERE o.c = $c AND o.order_id IS NOT NULL AND o.ended_at IS NOT NULL

-- name: going_back
-- rows of orders that are money going back
SELECT p.order_id, p.at_us FROM order_parts p WHERE p.c = $c AND p.placed = 0

-- name: labelled_orders
SELECT o.at_us, o.category, o.region
FROM orders o LEFT JOIN lives v ON v.life = o.life
WHERE (v.life IS NULL AND o.life = $c) OR (v.c = $c AND v.to_at = 9000000000000000000)
ORDER BY o.at_us
