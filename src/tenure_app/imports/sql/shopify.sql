-- Shopify. An order's own cells stand on its first line; the lines after it repeat the name, or not even that.

-- name: order_lines
CREATE OR REPLACE TABLE tenure_lines AS
WITH named AS (
    SELECT *, last_value(nullif(regexp_replace(order_name, '^#+', ''), '') IGNORE NULLS) OVER (ORDER BY line) AS order_key,
        status IS NOT NULL OR total IS NOT NULL OR total_code IS NOT NULL OR refunded IS NOT NULL AS own
    FROM tenure_import
), counted AS (
    SELECT *, CASE WHEN order_key IS NULL THEN line ELSE 0 END AS orphan,
        sum(CASE WHEN own THEN 1 ELSE 0 END) OVER (PARTITION BY order_key ORDER BY line) AS times
    FROM named
)
-- lines before the order's own first one belong to it as well
SELECT *, greatest(times, 1) AS record, first_value(line) OVER (PARTITION BY order_key, orphan, greatest(times, 1) ORDER BY NOT own, line) AS head
FROM counted;

-- name: order_judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, head,
    CASE
        WHEN line <> head THEN CASE
            WHEN item_quantity IS NOT NULL AND import_number(item_quantity) IS NULL OR item_price IS NOT NULL AND import_number(item_price) IS NULL
            THEN 'bad_amount' END
        WHEN order_key IS NULL THEN 'missing_order'
        WHEN created_code IS NOT NULL OR cancelled_code IS NOT NULL THEN coalesce(created_code, cancelled_code)
        WHEN created IS NULL THEN 'bad_time'
        WHEN currency_code IS NOT NULL THEN currency_code
        ELSE coalesce(total_code, refunded_code, discount_code)
    END AS code,
    CASE
        WHEN record > 1 AND line = head THEN 'repeated_row'
        WHEN line <> head THEN NULL
        WHEN lower(status) IN ('pending', 'authorized', 'unpaid', 'expired', 'overdue') THEN 'not_paid'
        WHEN lower(status) = 'voided' THEN 'voided'
        WHEN lower(status) NOT IN ('paid', 'partially_paid', 'partially_refunded', 'refunded', 'partially paid', 'partially refunded') THEN 'unknown_status'
    END AS left_out,
    CAST(NULL AS VARCHAR) AS id, email, coalesce(phone, billing_phone, shipping_phone) AS phone, coalesce(billing_name, shipping_name) AS name,
    billing_company AS company,
    CASE WHEN coalesce(shipping_street, shipping_city, shipping_zip) IS NOT NULL
        THEN concat_ws(', ', shipping_street, concat_ws(' ', shipping_zip, shipping_city), shipping_country)
        ELSE nullif(concat_ws(', ', billing_street, nullif(concat_ws(' ', billing_zip, billing_city), ''), billing_country), '') END AS address,
    CAST(NULL AS VARCHAR) AS username, CAST([] AS VARCHAR[]) AS tags
FROM tenure_lines;

-- name: order_items
CREATE OR REPLACE TABLE tenure_items AS
SELECT head, list(item ORDER BY line) AS items, max(length(item)) AS longest
FROM (
    SELECT l.line, l.head, import_object(concat_ws(',', import_member('name', l.item_name), import_member('sku', l.item_sku),
        import_member('quantity', l.item_quantity), import_member('price', l.item_price), import_member('discount', l.item_discount))) AS item
    FROM tenure_lines l JOIN tenure_judged j ON j.line = l.line
    WHERE j.line = j.head OR j.code IS NULL
)
WHERE item IS NOT NULL GROUP BY head;

-- name: placed
INSERT INTO tenure_drafts
SELECT l.line, 'order:' || l.order_key, 'order.placed', l.created, l.order_key, CASE WHEN l.total < 0 THEN 0 ELSE l.total END, l.currency, abs(l.discount),
    NULL, coalesce(l.shipping_country, l.billing_country), lower(l.origin), NULL, false,
    import_object(concat_ws(',', import_lines(i.items, i.longest), import_member('discount_code', l.discount_codes),
        import_member('shipping_method', l.shipping_method), import_member('payment_method', l.payment_method),
        import_member('accepts_marketing', l.accepts_marketing), import_member('vendor', l.vendor), import_member('tags', l.tags),
        import_member('notes', l.notes), import_member('note_attributes', l.note_attributes)))
FROM tenure_lines l JOIN tenure_who w ON w.line = l.line LEFT JOIN tenure_items i ON i.head = l.line;

-- name: cancelled
INSERT INTO tenure_drafts
SELECT l.line, 'cancel:' || l.order_key, 'order.cancelled', l.cancelled, l.order_key, NULL, NULL, NULL, NULL, NULL, lower(l.origin), NULL, false, NULL
FROM tenure_lines l JOIN tenure_who w ON w.line = l.line WHERE l.cancelled IS NOT NULL;

-- name: refunded
INSERT INTO tenure_drafts
SELECT l.line, 'refund:' || l.order_key || ':1', 'order.refunded', coalesce(l.cancelled, l.created), l.order_key,
    CASE WHEN coalesce(l.refunded, 0) <> 0 THEN abs(l.refunded) ELSE abs(l.total) END, l.currency, NULL, NULL, NULL, lower(l.origin), NULL, false, NULL
FROM tenure_lines l JOIN tenure_who w ON w.line = l.line
WHERE coalesce(l.refunded, 0) <> 0 OR (l.refunded IS NULL AND lower(l.status) = 'refunded');

-- name: count_doubts
SELECT
    (SELECT count(*) FROM facts WHERE kind = 'order.refunded'),
    (SELECT count(*) FROM tenure_judged j JOIN tenure_who w ON w.line = j.head WHERE j.line <> j.head AND j.code IS NOT NULL),
    (SELECT string_agg(DISTINCT l.status, ', ' ORDER BY l.status) FROM tenure_lines l JOIN tenure_judged j ON j.line = l.line WHERE j.left_out = 'unknown_status');

-- name: customer_judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head, CAST(NULL AS VARCHAR) AS code, CAST(NULL AS VARCHAR) AS left_out, id, email, coalesce(phone, address_phone) AS phone,
    nullif(concat_ws(' ', first_name, last_name), '') AS name, company,
    nullif(concat_ws(', ', address1, address2, nullif(concat_ws(' ', zip, city), ''), province, country), '') AS address,
    CAST(NULL AS VARCHAR) AS username,
    list_filter(list_transform(string_split(coalesce(tags, ''), ','), lambda x: trim(x)), lambda x: x <> '') AS tags
FROM tenure_import;

-- name: customer_created
INSERT INTO tenure_drafts
SELECT t.line, 'customer:' || w.match, 'customer.created', NULL, NULL, NULL, NULL, NULL, NULL, t.country, NULL, NULL, false,
    import_object(concat_ws(',', import_member('note', t.note)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line;

-- name: customer_consents
INSERT INTO tenure_drafts
SELECT t.line, 'consent:' || v.channel || ':' || w.match, CASE WHEN import_yes(v.word) THEN 'consent.given' ELSE 'consent.denied' END,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, v.channel, NULL, true, NULL
FROM tenure_import t JOIN tenure_who w ON w.line = t.line
CROSS JOIN LATERAL (VALUES ('email', t.accepts_email), ('sms', t.accepts_sms), ('whatsapp', t.accepts_whatsapp)) v(channel, word)
WHERE import_yes(v.word) OR import_no(v.word);
