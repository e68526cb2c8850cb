-- Stripe. A payment that was made and captured is an order.

-- name: judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head,
    CASE
        WHEN number IS NULL THEN 'missing_order'
        WHEN created IS NULL THEN coalesce(created_code, 'bad_time')
        WHEN amount IS NULL AND amount_code IS NULL THEN 'bad_amount'
        ELSE coalesce(created_code, currency_code, amount_code, refunded_code)
    END AS code,
    CASE
        WHEN lower(mode) = 'test' THEN 'test'
        WHEN lower(status) IN ('failed', 'blocked', 'canceled', 'cancelled', 'declined', 'expired') THEN 'failed'
        WHEN lower(status) IN ('uncaptured', 'requires_capture') OR import_no(captured) THEN 'not_captured'
        WHEN lower(status) IN ('pending', 'incomplete', 'processing') OR starts_with(lower(status), 'requires') THEN 'not_paid'
        WHEN regexp_replace(lower(status), '[\s_]+', ' ', 'g') NOT IN ('paid', 'succeeded', 'complete', 'completed', 'refunded', 'partial refund',
            'partially refunded', 'partial refunded', 'disputed', 'available') THEN 'unknown_status'
    END AS left_out,
    id, email, CAST(NULL AS VARCHAR) AS phone, name, CAST(NULL AS VARCHAR) AS company, CAST(NULL AS VARCHAR) AS address,
    CAST(NULL AS VARCHAR) AS username, CAST([] AS VARCHAR[]) AS tags
FROM tenure_import;

-- name: placed
INSERT INTO tenure_drafts
SELECT t.line, 'order:' || t.number, 'order.placed', t.created, t.number, abs(t.amount), t.currency, NULL, NULL, t.country, NULL, NULL, false,
    import_object(concat_ws(',', import_member('description', t.description), import_member('payment_type', t.payment_type),
        import_member('invoice', t.invoice), import_member('payment_intent', t.intent)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line;

-- name: refunded
INSERT INTO tenure_drafts
SELECT t.line, 'refund:' || t.number || ':1', 'order.refunded', t.created, t.number,
    CASE WHEN coalesce(t.refunded, 0) <> 0 THEN abs(t.refunded) ELSE abs(t.amount) END, t.currency, NULL, NULL, NULL, NULL, NULL, false, NULL
FROM tenure_import t JOIN tenure_who w ON w.line = t.line
WHERE coalesce(t.refunded, 0) <> 0 OR (t.refunded IS NULL AND lower(t.status) = 'refunded');

-- name: count_doubts
SELECT
    (SELECT count(*) FROM facts WHERE kind = 'order.refunded'),
    (SELECT string_agg(DISTINCT t.status, ', ' ORDER BY t.status) FROM tenure_import t JOIN tenure_judged j ON j.line = t.line WHERE j.left_out = 'unknown_status');
