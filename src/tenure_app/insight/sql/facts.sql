-- From facts to events: what holds as known before $known_at. What is said of somebody who is only known as a device (c below 0) counts
-- for nobody yet; it says of what kind a fact is of which somebody who is known has a later word. `base` is the file of all facts, `touched` the overlay of whoever was
-- touched since (their facts, all of them), where there is one.

-- name: alone
CREATE OR REPLACE VIEW facts AS SELECT * FROM base.facts

-- name: overlaid
CREATE OR REPLACE VIEW facts AS
SELECT f.* FROM base.facts f LEFT JOIN touched.touched t ON t.c = f.c WHERE t.c IS NULL
UNION ALL
SELECT f.* FROM touched.facts f

-- name: kinds_asked
-- what files brought is looked at whatever it is; over the wire only what the policy asks for
CREATE OR REPLACE TABLE kinds_asked AS SELECT UNNEST($kinds) AS kind

-- name: alone_of_kinds
CREATE OR REPLACE VIEW facts AS SELECT f.* FROM base.facts f WHERE f.filed OR f.kind IN (SELECT k.kind FROM kinds_asked k)

-- name: overlaid_of_kinds
CREATE OR REPLACE VIEW facts AS
SELECT f.* FROM base.facts f LEFT JOIN touched.touched t ON t.c = f.c
WHERE t.c IS NULL AND (f.filed OR f.kind IN (SELECT k.kind FROM kinds_asked k))
UNION ALL
SELECT f.* FROM touched.facts f WHERE f.filed OR f.kind IN (SELECT k.kind FROM kinds_asked k)

-- name: chosen
CREATE OR REPLACE TEMP TABLE chosen AS SELECT a.c FROM asked_for a

-- name: theirs
CREATE OR REPLACE TEMP TABLE chosen_facts AS SELECT f.* FROM facts f JOIN chosen k ON k.c = f.c

-- name: later_of_theirs
-- every word on a fact of which the chosen ones have any: somebody else may have the first or the last. Asked one by one, each of
-- these looks at a few rows; as one statement it reads everybody's facts three times.
INSERT INTO chosen_facts
SELECT f.* FROM facts f ANTI JOIN chosen k ON k.c = f.c
WHERE f."first" IS NOT NULL AND f."first" IN (SELECT COALESCE(t."first", t.number) FROM chosen_facts t)

-- name: first_of_theirs
INSERT INTO chosen_facts
SELECT f.* FROM facts f ANTI JOIN chosen k ON k.c = f.c
WHERE f.number IN (SELECT t."first" FROM chosen_facts t WHERE t."first" IS NOT NULL)

-- name: chosen_events
CREATE OR REPLACE VIEW events AS SELECT e.* FROM their_events e JOIN chosen k ON k.c = e.c

-- name: any_later
SELECT 1 FROM facts f WHERE f.first <> f.number LIMIT 1

-- name: later
-- the last version known of each fact that has later ones
CREATE OR REPLACE TABLE later AS
SELECT f.first, MAX(f.number) AS number FROM facts f WHERE f.first <> f.number AND f.recorded_at < $known_at AND f.c > 0 GROUP BY f.first

-- name: later_view
CREATE OR REPLACE VIEW later AS
SELECT f.first, MAX(f.number) AS number FROM facts f CROSS JOIN known k WHERE f.first <> f.number AND f.recorded_at < k.known_at AND f.c > 0
GROUP BY f.first

-- name: events
CREATE OR REPLACE VIEW events AS
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f CROSS JOIN known k WHERE f.recorded_at < k.known_at AND f.c > 0

-- name: events_of_now
CREATE OR REPLACE VIEW events AS
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f WHERE f.c > 0

-- name: events_of_versions
-- the last version holds, under the kind of the first; who was reversed is left out
CREATE OR REPLACE VIEW events AS
SELECT f.c, f."at", f.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM facts f CROSS JOIN known k LEFT JOIN later l ON l.first = f.number
WHERE f.recorded_at < k.known_at AND l.first IS NULL AND COALESCE(f.first, f.number) = f.number AND f.c > 0
UNION ALL
SELECT f.c, f."at", o.kind, f.order_id, f.amount_minor, f.currency, f.discount_minor, f.category, f.region, f.reason, f.number,
    f.recorded_at, f.channel
FROM later l JOIN facts f ON f.number = l.number JOIN facts o ON o.number = l.first
WHERE f.kind NOT IN ('order.reversed', 'fact.reversed')

-- name: span
SELECT MIN(e."at"), MAX(e."at"), COUNT(*), COUNT(e.order_id), COUNT(e.category), COUNT(e.region), COUNT(e.amount_minor),
    MIN(e.amount_minor)
FROM events e
