-- WooCommerce. What its own analytics leave out (pending, failed) is no order; a cancelled one is, called off at its own instant.

-- name: order_judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head,
    CASE
        WHEN number IS NULL THEN 'missing_order'
        WHEN created IS NULL THEN coalesce(created_code, 'bad_time')
        ELSE coalesce(created_code, net_code)
    END AS code,
    CASE
        WHEN lower(replace(status, 'wc-', '')) IN ('pending', 'pending payment', 'on-hold', 'on hold', 'checkout-draft', 'draft') THEN 'not_paid'
        WHEN lower(replace(status, 'wc-', '')) = 'failed' THEN 'failed'
    END AS left_out,
    CAST(NULL AS VARCHAR) AS id, email, CAST(NULL AS VARCHAR) AS phone, name, CAST(NULL AS VARCHAR) AS company, CAST(NULL AS VARCHAR) AS address,
    CAST(NULL AS VARCHAR) AS username, CAST([] AS VARCHAR[]) AS tags
FROM tenure_import;

-- name: placed
INSERT INTO tenure_drafts
SELECT t.line, 'order:' || regexp_replace(t.number, '^#+', ''), 'order.placed', t.created, regexp_replace(t.number, '^#+', ''), t.net, t.currency, NULL,
    NULL, NULL, NULL, NULL, false,
    import_object(concat_ws(',', import_member('products', t.products), import_member('items_sold', t.items),
        import_member('coupons', t.coupons), import_member('attribution', t.attribution)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line WHERE coalesce(t.net, 0) >= 0;

-- name: ended
INSERT INTO tenure_drafts
SELECT t.line,
    CASE WHEN lower(replace(t.status, 'wc-', '')) = 'refunded' THEN 'refund:' || regexp_replace(t.number, '^#+', '') || ':1'
        ELSE 'cancel:' || regexp_replace(t.number, '^#+', '') END,
    CASE WHEN lower(replace(t.status, 'wc-', '')) = 'refunded' THEN 'order.refunded' ELSE 'order.cancelled' END,
    t.created, regexp_replace(t.number, '^#+', ''),
    CASE WHEN lower(replace(t.status, 'wc-', '')) = 'refunded' THEN t.net END,
    CASE WHEN lower(replace(t.status, 'wc-', '')) = 'refunded' THEN t.currency END, NULL, NULL, NULL, NULL, NULL, false, NULL
FROM tenure_import t JOIN tenure_who w ON w.line = t.line
WHERE lower(replace(t.status, 'wc-', '')) IN ('refunded', 'cancelled', 'canceled') AND coalesce(t.net, 0) >= 0;

-- name: returned
-- newer versions list a refund as a row of its own, below zero
INSERT INTO tenure_drafts
SELECT t.line, 'refund:' || regexp_replace(t.number, '^#+', '') || ':' || CAST(1 + row_number() OVER (PARTITION BY regexp_replace(t.number, '^#+', '') ORDER BY t.created, t.line) AS VARCHAR),
    'order.refunded', t.created, regexp_replace(t.number, '^#+', ''), -t.net, t.currency, NULL, NULL, NULL, NULL, NULL, false, NULL
FROM tenure_import t JOIN tenure_who w ON w.line = t.line WHERE t.net < 0;

-- name: count_doubts
SELECT
    (SELECT count(*) FROM tenure_import t JOIN tenure_who w ON w.line = t.line
     WHERE lower(replace(t.status, 'wc-', '')) IN ('refunded', 'cancelled', 'canceled') AND coalesce(t.net, 0) >= 0),
    (SELECT string_agg(DISTINCT t.status, ', ' ORDER BY t.status) FROM tenure_import t JOIN tenure_who w ON w.line = t.line
     WHERE lower(replace(t.status, 'wc-', '')) NOT IN ('completed', 'processing', 'refunded', 'cancelled', 'canceled', 'partially-refunded'));

-- name: customer_judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head, signed_up_code AS code, CAST(NULL AS VARCHAR) AS left_out, CAST(NULL AS VARCHAR) AS id, email,
    coalesce(billing_phone, shipping_phone) AS phone, name, CAST(NULL AS VARCHAR) AS company,
    nullif(concat_ws(', ', nullif(concat_ws(' ', zip, city), ''), state, country), '') AS address, username, CAST([] AS VARCHAR[]) AS tags
FROM tenure_import;

-- name: customer_created
INSERT INTO tenure_drafts
SELECT t.line, 'customer:' || w.match, 'customer.created', t.signed_up, NULL, NULL, NULL, NULL, NULL, t.country, NULL, NULL, false,
    import_object(concat_ws(',', import_member('role', t.role)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line;
