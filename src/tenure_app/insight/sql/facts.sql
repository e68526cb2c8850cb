-- From facts to events: what holds as known before $known_at. `base` is the file of all facts, `touched` the overlay of whoever was
-- touched since (their facts, all of them), where there is one.

-- name: alone
CREATE OR REPLACE VIEW facts AS SELECT * FROM base.facts

-- name: overlaid
CREATE OR REPLACE VIEW facts AS
SELECT f.* FROM base.facts f LEFT JOIN touched.touched t ON t.c = f.c WHERE t.c IS NULL
UNION ALL
SELECT f.* FROM touched.facts f

-- name: some_alone
CREATE OR REPLACE TABLE facts AS SELECT f.* FROM base.facts f JOIN chosen k ON k.c = f.c

-- name: some_overlaid
CREATE OR REPLACE TABLE facts AS
SELECT f.* FROM base.facts f JOIN chosen k ON k.c = f.c LEFT JOIN touched.touched t ON t.c = f.c WHERE t.c IS NULL
UNION ALL
SELECT f.* FROM touched.facts f JOIN chosen k ON k.c = f.c

-- name: any_later
SELECT 1 FROM facts f WHERE f.first <> f.number LIMIT 1

-- name: later
-- the last version known of each fact that has later ones
CREATE OR REPLACE TABLE later AS
SELECT f.first, MAX(f.number) AS number FROM facts f WHERE f.first <> f.number AND f.recorded_at < $known_at GROUP BY f.first

-- name: later_view
CREATE OR REPLACE VIEW later AS
SELECT f.first, MAX(f.number) AS number FROM facts f CROSS JOIN known k WHERE f.first <> f.number AND f.recorded_at < k.known_at
GROUP BY f.first

-- name: events
CREATE OR REPLACE VIEW events AS
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f CROSS JOIN known k WHERE f.recorded_at < k.known_at

-- name: events_of_now
CREATE OR REPLACE VIEW events AS
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f

-- name: events_of_versions
-- the last version holds, under the kind of the first; who was reversed is left out
CREATE OR REPLACE VIEW events AS
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f CROSS JOIN known k LEFT JOIN later l ON l.first = f.number
WHERE f.recorded_at < k.known_at AND l.first IS NULL AND COALESCE(f.first, f.number) = f.number
UNION ALL
SELECT f.c, f."at", o.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM later l JOIN facts f ON f.number = l.number JOIN facts o ON o.number = l.first
WHERE f.kind NOT IN ('order.reversed', 'fact.reversed')

-- name: span
SELECT MIN(e."at"), MAX(e."at"), COUNT(*), COUNT(e.order_id), COUNT(e.category), COUNT(e.region), COUNT(e.amount_minor),
    MIN(e.amount_minor)
FROM events e

-- name: words
SELECT DISTINCT 'category' AS role, e.category AS word FROM events e WHERE e.category IS NOT NULL AND e.category <> ''
UNION ALL
SELECT DISTINCT 'region', e.region FROM events e WHERE e.region IS NOT NULL AND e.region <> ''
