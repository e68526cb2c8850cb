-- What first orders were like, what came after them, and whose money it is: off the events of a picture's day, some customers at a
-- time. An order's instant is its first row's; what counts as of the day, and what ends an order, is told in docs/reference/rules.md
-- section 2. Orders are told apart within a customer by `name`, 64 bits of their id, null where there is none. `local_days` says of
-- every UTC day its local day, and the instants within it at which the next ones begin.

-- name: told
-- how many orders there are, of how many it is said whether they had a discount, and by which channel they came
SELECT COUNT(*), COUNT(e.discount_minor), COUNT(e.channel) FROM events e WHERE e.kind = 'order.placed' AND e."at" < $as_of

-- name: currency
SELECT e.currency FROM events e WHERE e.kind = 'order.placed' AND e."at" < $as_of AND e.amount_minor IS NOT NULL AND e.currency IS NOT NULL
GROUP BY e.currency ORDER BY COUNT(*) DESC, e.currency LIMIT 1

-- name: telling
-- sources, by their number before an order's key, and months in which they name a discount of any order, 0 included
CREATE OR REPLACE TEMP TABLE telling AS
SELECT DISTINCT CASE WHEN contains(e.order_id, ':') THEN split_part(e.order_id, ':', 1) ELSE '' END AS source,
    date_trunc('month', CAST('1970-01-01' AS DATE) + CAST(floor(e."at" / CAST(86400000000 AS DOUBLE)) AS INTEGER)) AS month
FROM events e WHERE e.kind = 'order.placed' AND e."at" < $as_of AND e.discount_minor IS NOT NULL

-- name: nobody_yet
CREATE OR REPLACE TEMP TABLE beginners (c BIGINT, depth TINYINT, channel VARCHAR, first_day INTEGER, gap INTEGER, orders INTEGER,
    known INTEGER, discounted INTEGER, months BIGINT, later_months BIGINT)

-- name: nothing_yet
CREATE OR REPLACE TEMP TABLE followed (depth TINYINT, channel VARCHAR, month INTEGER, seen TINYINT, span TINYINT, minor BIGINT,
    priced BIGINT, later BIGINT, known BIGINT, discounted BIGINT, off BIGINT)

-- name: no_revenue_yet
CREATE OR REPLACE TEMP TABLE revenue (month INTEGER, lately BOOLEAN, later BOOLEAN, minor BIGINT, orders BIGINT, priced BIGINT,
    elsewhere BIGINT)

-- name: nothing_loose_yet
CREATE OR REPLACE TEMP TABLE loose (minor BIGINT)

-- name: placed
-- rows of orders; `minor` only in the currency of the figures
CREATE OR REPLACE TEMP TABLE placed AS
SELECT e.c, CASE WHEN e.order_id IS NOT NULL THEN hash(e.order_id) END AS name, e."at", e.amount_minor AS gross,
    CASE WHEN COALESCE(e.currency, $currency) = $currency THEN e.amount_minor END AS minor, e.discount_minor AS discount, e.channel,
    CASE WHEN NOT $some OR e.discount_minor IS NOT NULL THEN NULL
        WHEN contains(e.order_id, ':') THEN split_part(e.order_id, ':', 1) ELSE '' END AS source
FROM events e WHERE e.c >= $first AND e.c < $next AND e."at" < $as_of AND e.kind = 'order.placed'

-- name: none_in_between
-- a source that names discounts of others in the same month leaves that of this one empty: there was none
UPDATE placed SET discount = 0
WHERE discount IS NULL AND EXISTS (
    SELECT 1 FROM telling t
    WHERE t.source = placed.source
        AND t.month = date_trunc('month', CAST('1970-01-01' AS DATE) + CAST(floor(placed."at" / CAST(86400000000 AS DOUBLE)) AS INTEGER)))

-- name: any_in_parts
SELECT 1 FROM placed p WHERE p.name IS NOT NULL GROUP BY p.c, p.name HAVING COUNT(*) > 1 LIMIT 1

-- name: back
CREATE OR REPLACE TEMP TABLE back AS
SELECT e.c, CASE WHEN e.order_id IS NOT NULL THEN hash(e.order_id) END AS name, e."at",
    MAX(CASE WHEN e.kind = 'order.cancelled' OR e.amount_minor IS NULL THEN 1 ELSE 0 END) AS whole,
    CAST(SUM(ABS(e.amount_minor)) AS BIGINT) AS minor,
    CAST(SUM(ABS(CASE WHEN e.kind = 'order.refunded' AND COALESCE(e.currency, $currency) = $currency THEN e.amount_minor END)) AS BIGINT) AS money
FROM events e
WHERE e.c >= $first AND e.c < $next AND e."at" < $as_of AND e.kind IN ('order.refunded', 'order.cancelled')
GROUP BY ALL

-- name: theirs
CREATE OR REPLACE TEMP TABLE theirs AS
SELECT p.c, p.name, p."at", p.gross FROM placed p SEMI JOIN back b ON b.c = p.c AND b.name = p.name

-- name: returned
-- what went back of an order, and whether all of it did: refunded so far reaches the amount so far
CREATE OR REPLACE TEMP TABLE returned AS
WITH due AS (
    SELECT b.c, b.name, b."at", b.whole, SUM(b.minor) OVER (PARTITION BY b.c, b.name ORDER BY b."at") AS so_far, b.money
    FROM back b JOIN (SELECT t.c, t.name, MIN(t."at") AS "at" FROM theirs t GROUP BY t.c, t.name) g
        ON g.c = b.c AND g.name = b.name AND g."at" <= b."at"
), met AS (
    SELECT d.c, d.name, d."at", MAX(d.whole) AS whole, COALESCE(MAX(d.so_far), 0) AS so_far, MAX(d.money) AS money, SUM(t.gross) AS gross
    FROM due d JOIN theirs t ON t.c = d.c AND t.name = d.name AND t."at" <= d."at"
    GROUP BY d.c, d.name, d."at"
)
SELECT c, name, CAST(COALESCE(SUM(money), 0) AS BIGINT) AS minor, BOOL_OR(whole = 1 OR gross IS NULL OR so_far >= gross) AS ended
FROM met GROUP BY c, name

-- name: loosely
-- money that went back lately of no known order
INSERT INTO loose
SELECT CAST(SUM(b.money) AS BIGINT) FROM back b LEFT JOIN (SELECT t.c, t.name, MIN(t."at") AS "at" FROM theirs t GROUP BY t.c, t.name) g
    ON g.c = b.c AND g.name = b.name AND g."at" <= b."at"
WHERE g.c IS NULL AND b."at" >= $lately

-- name: whole
-- the rows of an order as one
CREATE OR REPLACE TEMP TABLE placed AS
SELECT p.c, p.name, MIN(p."at") AS "at", CAST(SUM(p.gross) AS BIGINT) AS gross, CAST(SUM(p.minor) AS BIGINT) AS minor,
    CAST(SUM(p.discount) AS BIGINT) AS discount, ARG_MIN(p.channel, p."at") AS channel
FROM placed p WHERE p.name IS NOT NULL GROUP BY p.c, p.name
UNION ALL
SELECT p.c, p.name, p."at", p.gross, p.minor, p.discount, p.channel FROM placed p WHERE p.name IS NULL

-- name: ordered
-- the orders that count, and how many days after the day of the customer's first one each was placed
CREATE OR REPLACE TEMP TABLE ordered AS
WITH begun AS (
    SELECT s.c, s.first_order_at, d.day + CAST(s.first_order_at >= d.next_at AS INTEGER) + CAST(s.first_order_at >= d.after_at AS INTEGER) AS day
    FROM people s JOIN local_days d ON d.utc_day = CAST(floor(s.first_order_at / CAST(86400000000 AS DOUBLE)) AS INTEGER)
    WHERE s.c >= $first AND s.c < $next AND s.orders > 0
), dated AS (
    SELECT p.c, p."at" = b.first_order_at AS first, b.day AS first_day,
        d.day + CAST(p."at" >= d.next_at AS INTEGER) + CAST(p."at" >= d.after_at AS INTEGER) AS day,
        p.gross, p.minor - COALESCE(r.minor, 0) AS minor, ABS(p.discount) AS discount,
        CASE WHEN p.minor > 0 THEN CAST(p.minor - COALESCE(r.minor, 0) AS DOUBLE) / p.minor ELSE 1 END AS kept,
        CASE WHEN p."at" = b.first_order_at THEN p.channel END AS channel, p.gross IS NOT NULL AND p.minor IS NULL AS elsewhere
    FROM placed p JOIN begun b ON b.c = p.c LEFT JOIN returned r ON r.c = p.c AND r.name = p.name
    JOIN local_days d ON d.utc_day = CAST(floor(p."at" / CAST(86400000000 AS DOUBLE)) AS INTEGER)
    WHERE r.ended IS NULL OR NOT r.ended
)
SELECT t.*, t.day - t.first_day AS gap,
    CAST(year(CAST('1970-01-01' AS DATE) + t.day) * 12 + month(CAST('1970-01-01' AS DATE) + t.day) - 1 AS INTEGER) AS month
FROM dated t

-- name: begin
-- the first order's depth of discount, of orders at one instant taken together; -1 where a discount, or what it was taken off, is not known
INSERT INTO beginners
WITH summed AS (
    SELECT o.c, ANY_VALUE(o.first_day) AS first_day, CAST(SUM(o.gross) FILTER (WHERE o.first) AS BIGINT) AS gross,
        CAST(SUM(o.discount) FILTER (WHERE o.first) AS BIGINT) AS discount, COUNT(*) FILTER (WHERE o.first AND o.discount IS NULL) AS unsaid,
        MIN(o.channel) FILTER (WHERE o.first) AS channel, MIN(o.gap) FILTER (WHERE o.gap > 0) AS gap, COUNT(*) AS orders,
        COUNT(o.discount) AS known, COUNT(*) FILTER (WHERE o.discount > 0) AS discounted,
        BIT_OR(CASE WHEN o.month >= $low THEN CAST(1 AS BIGINT) << (o.month - $low) ELSE 0 END
            | CASE WHEN o.day >= $lately_day THEN CAST(1 AS BIGINT) << 62 ELSE 0 END) AS months,
        BIT_OR(CASE WHEN o.gap = 0 THEN 0 ELSE CASE WHEN o.month >= $low THEN CAST(1 AS BIGINT) << (o.month - $low) ELSE 0 END
            | CASE WHEN o.day >= $lately_day THEN CAST(1 AS BIGINT) << 62 ELSE 0 END END) AS later_months
    FROM ordered o GROUP BY o.c
), measured AS (
    SELECT s.*, CASE WHEN s.unsaid > 0 OR s.discount IS NULL OR (s.discount > 0 AND s.gross IS NULL) THEN NULL WHEN s.discount = 0 THEN 0
        ELSE GREATEST(1, floor(CAST(100 AS DOUBLE) * s.discount / (s.gross + s.discount) + CAST(0.5 AS DOUBLE))) END AS percent
    FROM summed s
)
SELECT m.c, CASE WHEN m.percent IS NULL THEN -1 WHEN m.percent = 0 THEN 0 WHEN m.percent <= $shallow THEN 1 WHEN m.percent <= $middling THEN 2
    WHEN m.percent <= $deep THEN 3 ELSE 4 END, m.channel, m.first_day, m.gap, m.orders, m.known, m.discounted, m.months, m.later_months
FROM measured m

-- name: follow
-- what they ordered: `seen` counts the windows ($w0 to $w3 days, ascending) for which they were watched before day $last, `span`
-- those that do not reach the order
INSERT INTO followed
SELECT b.depth, b.channel,
    CAST(year(CAST('1970-01-01' AS DATE) + b.first_day) * 12 + month(CAST('1970-01-01' AS DATE) + b.first_day) - 1 AS INTEGER) AS month,
    CAST($last - 1 - b.first_day >= $w0 AS TINYINT) + CAST($last - 1 - b.first_day >= $w1 AS TINYINT)
        + CAST($last - 1 - b.first_day >= $w2 AS TINYINT) + CAST($last - 1 - b.first_day >= $w3 AS TINYINT) AS seen,
    CAST(o.gap > $w0 AS TINYINT) + CAST(o.gap > $w1 AS TINYINT) + CAST(o.gap > $w2 AS TINYINT) + CAST(o.gap > $w3 AS TINYINT) AS span,
    SUM(o.minor), COUNT(o.minor), COUNT(*) FILTER (WHERE o.gap > 0), COUNT(o.discount) FILTER (WHERE o.gap > 0),
    COUNT(*) FILTER (WHERE o.gap > 0 AND o.discount > 0), SUM(CASE WHEN o.minor IS NOT NULL THEN o.discount * o.kept END)
FROM ordered o JOIN beginners b ON b.c = o.c WHERE b.c >= $first AND b.c < $next
GROUP BY ALL

-- name: no_squares_yet
CREATE OR REPLACE TEMP TABLE squared (depth TINYINT, channel VARCHAR, month INTEGER, seen TINYINT, s0 DOUBLE, s1 DOUBLE, s2 DOUBLE,
    s3 DOUBLE)

-- name: square
-- of what each of them spent within each window the square, summed
INSERT INTO squared
SELECT b.depth, b.channel,
    CAST(year(CAST('1970-01-01' AS DATE) + b.first_day) * 12 + month(CAST('1970-01-01' AS DATE) + b.first_day) - 1 AS INTEGER) AS month,
    CAST($last - 1 - b.first_day >= $w0 AS TINYINT) + CAST($last - 1 - b.first_day >= $w1 AS TINYINT)
        + CAST($last - 1 - b.first_day >= $w2 AS TINYINT) + CAST($last - 1 - b.first_day >= $w3 AS TINYINT) AS seen,
    SUM(n.m0 * n.m0), SUM(n.m1 * n.m1), SUM(n.m2 * n.m2), SUM(n.m3 * n.m3)
FROM (
    SELECT o.c, CAST(SUM(o.minor) FILTER (WHERE o.gap <= $w0) AS DOUBLE) AS m0, CAST(SUM(o.minor) FILTER (WHERE o.gap <= $w1) AS DOUBLE) AS m1,
        CAST(SUM(o.minor) FILTER (WHERE o.gap <= $w2) AS DOUBLE) AS m2, CAST(SUM(o.minor) FILTER (WHERE o.gap <= $w3) AS DOUBLE) AS m3
    FROM ordered o GROUP BY o.c
) n JOIN beginners b ON b.c = n.c WHERE b.c >= $first AND b.c < $next
GROUP BY ALL

-- name: earn
INSERT INTO revenue
SELECT o.month, o.day >= $lately_day, o.gap > 0, SUM(o.minor), COUNT(*), COUNT(o.minor), COUNT(*) FILTER (WHERE o.elsewhere)
FROM ordered o GROUP BY ALL

-- name: cells
-- customers by class, stratum (a channel in a month), windows seen and days to the second order, -1 beyond the longest window
SELECT b.depth, DENSE_RANK() OVER (ORDER BY COALESCE(b.channel, '')) * 1000000 + b.month AS stratum, b.seen, b.gap, b.customers
FROM (
    SELECT n.depth, n.channel,
        CAST(year(CAST('1970-01-01' AS DATE) + n.first_day) * 12 + month(CAST('1970-01-01' AS DATE) + n.first_day) - 1 AS BIGINT) AS month,
        CAST($last - 1 - n.first_day >= $w0 AS TINYINT) + CAST($last - 1 - n.first_day >= $w1 AS TINYINT)
            + CAST($last - 1 - n.first_day >= $w2 AS TINYINT) + CAST($last - 1 - n.first_day >= $w3 AS TINYINT) AS seen,
        CASE WHEN n.gap <= $w3 THEN n.gap ELSE -1 END AS gap, COUNT(*) AS customers
    FROM beginners n GROUP BY ALL
) b

-- name: sums
SELECT f.depth, DENSE_RANK() OVER (ORDER BY COALESCE(f.channel, '')) * 1000000 + f.month AS stratum, f.seen, f.span,
    CAST(COALESCE(SUM(f.minor), 0) AS DOUBLE) AS minor, CAST(SUM(f.priced) AS BIGINT) AS priced, CAST(SUM(f.later) AS BIGINT) AS later,
    CAST(SUM(f.known) AS BIGINT) AS known, CAST(SUM(f.discounted) AS BIGINT) AS discounted,
    CAST(COALESCE(SUM(f.off), 0) AS DOUBLE) AS off
FROM followed f GROUP BY f.depth, f.channel, f.month, f.seen, f.span

-- name: squares
SELECT q.depth, DENSE_RANK() OVER (ORDER BY COALESCE(q.channel, '')) * 1000000 + q.month AS stratum, q.seen, COALESCE(SUM(q.s0), 0) AS s0,
    COALESCE(SUM(q.s1), 0) AS s1, COALESCE(SUM(q.s2), 0) AS s2, COALESCE(SUM(q.s3), 0) AS s3
FROM squared q GROUP BY q.depth, q.channel, q.month, q.seen

-- name: only_on_offer
-- of those with two orders or more, all of whose discounts are known, how many never bought without one
SELECT COUNT(*), COUNT(*) FILTER (WHERE n.discounted = n.orders) FROM beginners n WHERE n.orders > 1 AND n.known = n.orders

-- name: precedent
-- of those whose first discount was deep, with orders enough and all discounts known, how many never bought without one since
SELECT COUNT(*), COUNT(*) FILTER (WHERE n.discounted = n.orders) FROM beginners n
WHERE n.depth >= $deep AND n.orders >= $least AND n.known = n.orders

-- name: earned
SELECT r.month, r.lately, r.later, CAST(COALESCE(SUM(r.minor), 0) AS BIGINT), CAST(SUM(r.orders) AS BIGINT), CAST(SUM(r.priced) AS BIGINT),
    CAST(SUM(r.elsewhere) AS BIGINT)
FROM revenue r GROUP BY r.month, r.lately, r.later

-- name: buyers
-- how many bought in each of the spans, and how many of them had ordered on an earlier day
SELECT p.place, COUNT(*) FILTER (WHERE n.months & p.mask <> 0), COUNT(*) FILTER (WHERE n.later_months & p.mask <> 0)
FROM beginners n CROSS JOIN spans p GROUP BY p.place

-- name: went_back_loosely
SELECT CAST(COALESCE(SUM(l.minor), 0) AS BIGINT) FROM loose l

-- name: people
SELECT n.c, n.depth, n.first_day, n.gap, n.orders, n.known, n.discounted FROM beginners n ORDER BY n.c

-- name: population
SELECT p.text FROM lives.population p
