-- Square. A row is a payment or a refund; both name the transaction.

-- name: moments
CREATE OR REPLACE TABLE tenure_moments AS
SELECT *, concat_ws(' ', regexp_replace(day, '[T ]00:00:00.*$', ''), hour) AS moment FROM tenure_import WHERE true;

-- name: zones
SELECT DISTINCT zone FROM tenure_moments WHERE zone IS NOT NULL ORDER BY zone LIMIT 100;

-- name: timed
CREATE OR REPLACE TABLE tenure_import AS SELECT *, coalesce(lower(event), 'payment') = 'refund' AS back FROM tenure_timed;

-- name: judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head,
    CASE
        WHEN number IS NULL THEN 'missing_order'
        WHEN created IS NULL THEN coalesce(created_code, 'bad_time')
        WHEN amount IS NULL AND amount_code IS NULL THEN 'bad_amount'
        ELSE coalesce(created_code, amount_code, discount_code)
    END AS code,
    CASE
        WHEN lower(event) NOT IN ('payment', 'refund') THEN 'no_order'
        WHEN lower(state) NOT IN ('complete', 'completed', 'captured') THEN 'not_paid'
    END AS left_out,
    id, CAST(NULL AS VARCHAR) AS email, CAST(NULL AS VARCHAR) AS phone, name, CAST(NULL AS VARCHAR) AS company, CAST(NULL AS VARCHAR) AS address,
    CAST(NULL AS VARCHAR) AS username, CAST([] AS VARCHAR[]) AS tags
FROM tenure_import;

-- name: placed
-- several payments of one transaction are parts of one order; a row that stands twice is one
INSERT INTO tenure_drafts
SELECT line, 'order:' || number || CASE WHEN part > 1 THEN ':' || CAST(part AS VARCHAR) ELSE '' END, 'order.placed', created, number,
    amount, currency, discount, NULL, NULL, lower(channel), NULL, false, body
FROM (
    SELECT t.line, t.number, t.created, abs(t.amount) AS amount, t.currency, abs(t.discount) AS discount, t.channel,
        dense_rank() OVER (PARTITION BY t.number ORDER BY t.created, t.amount) AS part,
        import_object(concat_ws(',', import_member('description', t.description), import_member('location', t.location),
            import_member('dining_option', t.dining), import_member('discount_name', t.discount_name))) AS body
    FROM tenure_import t JOIN tenure_who w ON w.line = t.line WHERE NOT t.back AND t.amount >= 0
);

-- name: refunded
INSERT INTO tenure_drafts
SELECT line, 'refund:' || number || ':' || CAST(part AS VARCHAR), 'order.refunded', created, number,
    amount, currency, NULL, NULL, NULL, lower(channel), NULL, false, body
FROM (
    SELECT t.line, t.number, t.created, abs(t.amount) AS amount, t.currency, t.channel,
        dense_rank() OVER (PARTITION BY t.number ORDER BY t.created, t.amount) AS part,
        import_object(concat_ws(',', import_member('description', t.description), import_member('location', t.location),
            import_member('refund_reason', t.refund_reason))) AS body
    FROM tenure_import t JOIN tenure_who w ON w.line = t.line WHERE t.back OR t.amount < 0
);

-- name: count_doubts
SELECT count(*) FROM tenure_verdicts WHERE code = 'missing_customer';
