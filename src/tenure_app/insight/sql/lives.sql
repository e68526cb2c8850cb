-- The file of all lives (`store`), and the overlays of whoever was touched since.

-- name: money
-- what was spent, change by change: an order that stops counting takes back what was left of it
CREATE OR REPLACE VIEW money AS
SELECT e.c, e."at", CASE WHEN e.kind = 'order.placed' THEN e.amount_minor ELSE -ABS(e.amount_minor) END AS minor
FROM events e WHERE e.kind IN ('order.placed', 'order.refunded') AND e.amount_minor IS NOT NULL

-- name: money_of_endings
CREATE OR REPLACE VIEW money AS
WITH told AS (
    SELECT e.c, e."at", CASE WHEN e.kind = 'order.placed' THEN e.amount_minor ELSE -ABS(e.amount_minor) END AS minor, g.ended_at
    FROM events e LEFT JOIN endings g ON g.c = e.c AND g.order_id = e.order_id
    WHERE e.kind IN ('order.placed', 'order.refunded') AND e.amount_minor IS NOT NULL
)
SELECT t.c, t."at", t.minor FROM told t WHERE t.ended_at IS NULL OR t."at" < t.ended_at
UNION ALL
SELECT t.c, t.ended_at, -t.minor FROM told t WHERE t."at" < t.ended_at

-- name: steps
-- how many more stand in a stage after each local day than before it
CREATE OR REPLACE VIEW stepped AS
WITH turns AS (
    SELECT h.from_at AS at_us, h.code, 1 AS change FROM turning h
    UNION ALL
    SELECT h.to_at, h.code, -1 FROM turning h WHERE h.to_at IS NOT NULL
)
SELECT CASE WHEN t.at_us >= g.end_at THEN g.day + 1 WHEN t.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day, t.code,
    CAST(SUM(t.change) AS BIGINT) AS change
FROM turns t JOIN local_days g ON g.utc_day = (t.at_us + 8640000000000000000) // 86400000000
GROUP BY 1, 2

-- name: turning_all
CREATE OR REPLACE VIEW turning AS SELECT h.from_at, h.to_at, h.code FROM store.history h

-- name: turning_touched
CREATE OR REPLACE VIEW turning AS SELECT h.from_at, h.to_at, h.code FROM lives.history h JOIN store.touched t ON t.c = h.c

-- name: turns
SELECT MIN(t.from_at), MAX(GREATEST(t.from_at, COALESCE(t.to_at, t.from_at))) FROM turning t

-- name: unstepped
SELECT s.day, s.code, -s.change AS change FROM stepped s

-- name: rest_history
SELECT h.* FROM before.history h LEFT JOIN chosen k ON k.c = h.c WHERE k.c IS NULL

-- name: rest_passages
SELECT h.* FROM before.passages h LEFT JOIN chosen k ON k.c = h.c WHERE k.c IS NULL

-- name: rest_reasons
SELECT h.* FROM before.reasons h LEFT JOIN chosen k ON k.c = h.c WHERE k.c IS NULL

-- name: rest_money
SELECT h.* FROM before.money h LEFT JOIN chosen k ON k.c = h.c WHERE k.c IS NULL

-- name: rest_touched
SELECT t.c FROM before.touched t LEFT JOIN chosen k ON k.c = t.c WHERE k.c IS NULL

-- name: rest_facts
SELECT f.* FROM before.facts f LEFT JOIN chosen k ON k.c = f.c WHERE k.c IS NULL

-- name: rest_customers
SELECT t.* FROM before.customers t LEFT JOIN chosen k ON k.c = t.c WHERE k.c IS NULL

-- name: rest_canon
SELECT b.person, b.c FROM before.canon b ANTI JOIN turned t ON t.person = b.person

-- name: customers_overlaid
CREATE OR REPLACE VIEW customers AS
SELECT b.c, b.draw FROM base.customers b LEFT JOIN touched.touched t ON t.c = b.c WHERE t.c IS NULL
UNION ALL
SELECT t.c, t.draw FROM touched.customers t

-- name: no_history
CREATE TABLE store.history (c BIGINT, from_at BIGINT, to_at BIGINT, code TINYINT)

-- name: no_passages
CREATE TABLE store.passages (c BIGINT, from_at BIGINT, to_at BIGINT, orders INTEGER, occasions INTEGER, first_order_at BIGINT,
    last_order_at BIGINT, expected_at BIGINT, overdue_at BIGINT, long_overdue_at BIGINT, inactive_at BIGINT, version INTEGER)

-- name: no_reasons
CREATE TABLE store.reasons (c BIGINT, from_at BIGINT, to_at BIGINT, reason VARCHAR)

-- name: no_money
CREATE TABLE store.money (c BIGINT, "at" BIGINT, minor BIGINT)

-- name: no_contacts
CREATE TABLE store.contacts (version INTEGER, from_day INTEGER, to_day INTEGER, contact_day INTEGER)
