-- Any file of orders: `tenure_typed` (the core's typed rows with item, row_hash, email, phone and name) in, facts out.
-- What is an order, a discount and a refund is told in docs/reference/rules.md section 2.

-- name: shape
-- names of people: words of letters, no digits
SELECT count(DISTINCT x), count(DISTINCT x) FILTER (WHERE regexp_full_match(x, '[\p{L}.''-]+[ ,]+[\p{L}., ''-]*'))
FROM (SELECT CAST(customer AS VARCHAR) AS x FROM tenure_typed);

-- name: rows
CREATE OR REPLACE TABLE tenure_rows AS
SELECT CASE WHEN $lower THEN lower(value) ELSE value END AS customer, value, line, "at", kind, order_id, amount_minor, currency, discount_minor,
    nullif(category, '') AS category, nullif(region, '') AS region, reason, item, row_hash, email, phone, name, wordless, zoneless,
    CASE WHEN code IS NULL AND value IS NULL THEN 'missing_customer' ELSE code END AS code
FROM (SELECT * EXCLUDE (customer), import_key(CAST(customer AS VARCHAR)) AS value FROM tenure_typed);

-- name: customers
CREATE OR REPLACE TABLE tenure_customers AS
WITH ids AS (
    SELECT customer AS match, arg_min(value, line) AS value FROM tenure_rows WHERE code IS NULL GROUP BY customer
)
SELECT row_number() OVER (ORDER BY CASE WHEN w.whole THEN CAST(match AS BIGINT) END, match) AS customer, match, value
FROM ids, (SELECT bool_and(regexp_full_match(match, '0|-?[1-9][0-9]{0,17}')) AS whole FROM ids) w;

-- name: parts
-- rows of one order at one instant; a part with negative rows that leave nothing of it is money going back. Where a row's amount is
-- unknown and the others make less than nothing, the part's amount is unknown.
CREATE OR REPLACE TABLE tenure_parts AS
SELECT customer AS match, order_id, "at", min(line) AS line,
    CASE WHEN sum(amount_minor) < 0 AND count(*) > count(amount_minor) THEN NULL ELSE CAST(sum(amount_minor) AS BIGINT) END AS amount_minor,
    NOT (min(coalesce(amount_minor, 0)) < 0 AND sum(amount_minor) <= 0 AND count(*) = count(amount_minor)) AS placed,
    min(currency) AS currency, CAST(sum(discount_minor) AS BIGINT) AS discount_minor, min(category) AS category, max(category) AS last_category,
    min(region) AS region, max(region) AS last_region, min(reason) AS reason, list(item ORDER BY line) FILTER (WHERE item IS NOT NULL) AS items,
    max(length(item)) AS longest
FROM tenure_rows WHERE code IS NULL AND kind = 'order.placed' AND order_id IS NOT NULL
GROUP BY customer, order_id, "at";

-- name: labels
-- of an order in several categories or regions the one of the largest amount, then of most rows, then of the alphabet
CREATE OR REPLACE TABLE tenure_labels AS
WITH mixed AS (
    SELECT r.customer AS match, r.order_id, r."at", r.category, r.region, coalesce(r.amount_minor, 0) AS amount
    FROM tenure_rows r JOIN tenure_parts p ON p.match = r.customer AND p.order_id = r.order_id AND p."at" = r."at"
    WHERE r.code IS NULL AND r.kind = 'order.placed' AND (p.category <> p.last_category OR p.region <> p.last_region)
), weighed AS (
    SELECT match, order_id, "at", 'category' AS role, category AS word, sum(amount) AS amount, count(*) AS n FROM mixed WHERE category IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT match, order_id, "at", 'region', region, sum(amount), count(*) FROM mixed WHERE region IS NOT NULL GROUP BY ALL
), best AS (
    SELECT *, row_number() OVER (PARTITION BY match, order_id, "at", role ORDER BY amount DESC, n DESC, word) AS place FROM weighed
)
SELECT match, order_id, "at", max(CASE WHEN role = 'category' THEN word END) AS category, max(CASE WHEN role = 'region' THEN word END) AS region
FROM best WHERE place = 1 GROUP BY match, order_id, "at";

-- name: owners
-- what an order id is called in keys: the customers who come later by it than the first carry their id
CREATE OR REPLACE TABLE tenure_owners AS
SELECT match, order_id,
    order_id || CASE WHEN row_number() OVER (PARTITION BY order_id ORDER BY began, line) > 1
        THEN '@' || CASE WHEN regexp_matches(match, '[@ ]') THEN left(md5(match), 16) ELSE match END ELSE '' END AS called
FROM (
    SELECT customer AS match, order_id, min("at") AS began, min(line) AS line FROM tenure_rows
    WHERE code IS NULL AND order_id IS NOT NULL GROUP BY customer, order_id
);

-- name: placed
CREATE OR REPLACE TABLE tenure_drafts AS
SELECT p.line, p.match,
    'order:' || o.called || CASE WHEN row_number() OVER part > 1 THEN ':' || CAST(row_number() OVER part AS VARCHAR) ELSE '' END AS key,
    'order.placed' AS kind, p."at", p.order_id AS order_key, p.amount_minor, p.currency, p.discount_minor,
    CASE WHEN p.category <> p.last_category THEN b.category ELSE p.category END AS category,
    CASE WHEN p.region <> p.last_region THEN b.region ELSE p.region END AS region, p.reason,
    import_object(concat_ws(',', import_lines(p.items, p.longest))) AS body
FROM tenure_parts p JOIN tenure_owners o ON o.match = p.match AND o.order_id = p.order_id
LEFT JOIN tenure_labels b ON b.match = p.match AND b.order_id = p.order_id AND b."at" = p."at"
WHERE p.placed
WINDOW part AS (PARTITION BY p.match, p.order_id ORDER BY p."at", p.line);

-- name: refunds
INSERT INTO tenure_drafts
SELECT r.line, r.match, 'refund:' || o.called || ':' || CAST(row_number() OVER (PARTITION BY r.match, r.order_id ORDER BY r."at", r.line) AS VARCHAR),
    'order.refunded', r."at", r.order_id, abs(r.amount_minor), r.currency, r.discount_minor, r.category, r.region, r.reason, r.body
FROM (
    SELECT line, match, "at", order_id, amount_minor, currency, discount_minor, category, region, reason, import_object(concat_ws(',', import_lines(items, longest))) AS body
    FROM tenure_parts WHERE NOT placed
    UNION ALL
    SELECT line, customer, "at", order_id, amount_minor, currency, discount_minor, category, region, reason, '{"lines":[' || item || ']}'
    FROM tenure_rows WHERE code IS NULL AND kind = 'order.refunded' AND order_id IS NOT NULL
) r JOIN tenure_owners o ON o.match = r.match AND o.order_id = r.order_id;

-- name: cancelled
INSERT INTO tenure_drafts
SELECT r.line, r.customer, 'cancel:' || o.called || CASE WHEN row_number() OVER turn > 1 THEN ':' || CAST(row_number() OVER turn AS VARCHAR) ELSE '' END,
    'order.cancelled', r."at", r.order_id, abs(r.amount_minor), r.currency, r.discount_minor, r.category, r.region, r.reason, '{"lines":[' || r.item || ']}'
FROM tenure_rows r JOIN tenure_owners o ON o.match = r.customer AND o.order_id = r.order_id
WHERE r.code IS NULL AND r.kind = 'order.cancelled'
WINDOW turn AS (PARTITION BY r.customer, r.order_id ORDER BY r."at", r.line);

-- name: single
-- rows that no order id holds together; one below zero is money going back
INSERT INTO tenure_drafts
SELECT line, customer,
    CASE WHEN kind = 'order.placed' THEN 'row' ELSE kind END || ':' || row_hash || ':' || CAST(row_number() OVER (PARTITION BY row_hash, kind ORDER BY line) AS VARCHAR),
    CASE WHEN kind = 'order.placed' AND amount_minor < 0 THEN 'order.refunded' ELSE kind END,
    "at", order_id, CASE WHEN kind IN ('order.placed', 'order.refunded', 'order.cancelled') THEN abs(amount_minor) ELSE amount_minor END,
    currency, discount_minor, category, region, reason, '{"lines":[' || item || ']}'
FROM tenure_rows
WHERE code IS NULL AND (order_id IS NULL OR kind NOT IN ('order.placed', 'order.refunded', 'order.cancelled'));

-- name: facts
CREATE OR REPLACE TABLE facts AS
SELECT d.line, d.key, d.kind, c.customer, d."at", d.order_key, d.amount_minor,
    CASE WHEN d.amount_minor IS NOT NULL OR d.discount_minor IS NOT NULL OR d.currency IS NOT NULL THEN coalesce(d.currency, $currency) END AS currency,
    d.discount_minor, d.category, d.region, CAST(NULL AS VARCHAR) AS channel, d.reason, false AS is_state, d.body
FROM tenure_drafts d JOIN tenure_customers c ON c.match = d.match
ORDER BY d."at", d.line;

-- name: identities
CREATE OR REPLACE TABLE identities AS
WITH told AS (
    SELECT c.customer, $kind AS kind, c.value, c.match, CASE $kind WHEN 'customer' THEN 1 WHEN 'email' THEN 2 ELSE 4 END AS rank, 0 AS line FROM tenure_customers c
    UNION ALL
    SELECT c.customer, v.kind, v.value, v.match, v.rank, min(r.line)
    FROM (SELECT customer, email, phone, name, min(line) AS line FROM tenure_rows
          WHERE code IS NULL AND coalesce(email, phone, name) IS NOT NULL GROUP BY ALL) r
    JOIN tenure_customers c ON c.match = r.customer
    CROSS JOIN LATERAL (VALUES ('email', r.email, import_email(r.email), 2), ('phone', r.phone, import_phone(r.phone), 3), ('name', r.name, NULL, 4))
        v(kind, value, match, rank)
    WHERE import_key(v.value) IS NOT NULL GROUP BY c.customer, v.kind, v.value, v.match, v.rank
), once AS (
    SELECT *, row_number() OVER (PARTITION BY customer, kind, coalesce(match, value) ORDER BY line, value) AS spelling FROM told
)
SELECT customer, kind, value,
    CASE WHEN match IS NOT NULL AND row_number() OVER (PARTITION BY kind, match ORDER BY customer) = 1 THEN match END AS match, CAST(rank AS SMALLINT) AS rank
FROM once WHERE spelling = 1 ORDER BY customer, rank, line;

-- name: count_codes
SELECT code, count(*) FROM tenure_rows WHERE code IS NOT NULL GROUP BY code;

-- name: count_doubts
SELECT
    (SELECT count(*) FROM tenure_rows WHERE code IS NULL AND wordless),
    (SELECT count(*) FROM tenure_rows WHERE code IS NULL AND zoneless),
    (SELECT count(*) FROM (SELECT order_id FROM tenure_owners GROUP BY order_id HAVING count(*) > 1)),
    (SELECT count(*) FROM tenure_rows WHERE code IS NULL AND order_id IS NULL AND kind = 'order.placed' AND amount_minor < 0),
    (SELECT count(*) FROM (SELECT DISTINCT customer, order_id FROM tenure_rows WHERE code IS NOT NULL AND code <> 'missing_customer' AND order_id IS NOT NULL) x
     JOIN (SELECT DISTINCT match, order_id FROM tenure_parts) p ON p.match = x.customer AND p.order_id = x.order_id);
