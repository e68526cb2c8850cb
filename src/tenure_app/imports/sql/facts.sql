-- From what a format drafted to the tables that an import takes over.

-- name: drafts
CREATE OR REPLACE TABLE tenure_drafts (
    line BIGINT, key VARCHAR, kind VARCHAR, "at" BIGINT, order_key VARCHAR, amount_minor BIGINT, currency VARCHAR, discount_minor BIGINT,
    category VARCHAR, region VARCHAR, channel VARCHAR, reason VARCHAR, is_state BOOLEAN, body VARCHAR
);

-- name: facts
-- One fact a key. Of several that contradict each other about consent the refusal holds, of others the first.
CREATE OR REPLACE TABLE facts AS
SELECT d.line, d.key, d.kind, w.customer, d."at", d.order_key, d.amount_minor, d.currency, d.discount_minor,
    d.category, d.region, d.channel, d.reason, d.is_state, d.body
FROM (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY kind <> 'consent.denied', line) AS turn FROM tenure_drafts
) d JOIN tenure_who w ON w.line = d.line
WHERE d.turn = 1
ORDER BY d."at" NULLS LAST, d.line, d.key;

-- name: verdicts
-- What became of each row: why it was rejected, why it was left out, or neither.
CREATE OR REPLACE TABLE tenure_verdicts AS
WITH records AS (
    SELECT j.line AS head, j.left_out,
        CASE WHEN j.left_out IS NULL THEN CASE WHEN k.line IS NOT NULL AND coalesce(k.id, k.email, k.phone, k.name) IS NULL AND w.line IS NULL
             THEN 'missing_customer' ELSE j.code END END AS code,
        w.line IS NOT NULL AND f.line IS NULL AS repeated
    FROM tenure_judged j
    LEFT JOIN tenure_keys k ON k.line = j.line
    LEFT JOIN tenure_who w ON w.line = j.line
    LEFT JOIN (SELECT DISTINCT line FROM facts) f ON f.line = j.line
    WHERE j.line = j.head
)
SELECT j.line,
    coalesce(r.code, CASE WHEN r.left_out IS NULL AND j.left_out IS NULL THEN j.code END) AS code,
    CASE WHEN r.code IS NULL THEN coalesce(r.left_out, j.left_out, CASE WHEN j.code IS NULL AND r.repeated THEN 'repeated_row' END) END AS left_out
FROM tenure_judged j JOIN records r ON r.head = j.head;

-- name: count_codes
SELECT code, count(*) FROM tenure_verdicts WHERE code IS NOT NULL GROUP BY code;

-- name: count_left_out
SELECT left_out, count(*) FROM tenure_verdicts WHERE code IS NULL AND left_out IS NOT NULL GROUP BY left_out;

-- name: kinds
SELECT kind, count(*) FROM facts GROUP BY kind ORDER BY count(*) DESC, kind;

-- name: span
SELECT min("at"), max("at") FROM facts;

-- name: people
SELECT count(DISTINCT customer) FROM identities;

-- name: new_rejects
CREATE OR REPLACE TABLE rejects (line BIGINT, code VARCHAR, reason VARCHAR, "row" VARCHAR);

-- name: sort_rejects
CREATE OR REPLACE TABLE rejects AS SELECT line, code, reason, "row" FROM rejects ORDER BY line, code;
