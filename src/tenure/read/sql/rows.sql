-- The rows of all sources, on their way from `tenure_rows` (typed, with a code where rejected) to `events`.

-- name: tally
SELECT
    code,
    count(*) AS rows,
    min("at") AS first_at,
    max("at") AS last_at,
    -- asked for so that a damaged page of ids is found now and not in the middle of the work
    max(customer) AS customer,
    count(order_id) AS orders,
    count(amount_minor) AS amounts,
    count(currency) AS currencies,
    count(discount_minor) AS discounts,
    count(category) AS categories,
    count(region) AS regions,
    count(reason) AS reasons,
    count(*) FILTER (WHERE wordless) AS wordless,
    count(*) FILTER (WHERE zoneless) AS zoneless,
    count(*) FILTER (WHERE twice) AS twice,
    count(*) FILTER (WHERE never) AS never,
    count(*) FILTER (WHERE amount_minor < 0) AS negative
FROM tenure_cells
GROUP BY code
ORDER BY code;

-- name: new_rejects
CREATE TABLE tenure_rejects (source BIGINT, file VARCHAR, line BIGINT, code VARCHAR, reason VARCHAR, "row" VARCHAR);

-- name: rejects
SELECT file, line, code, reason, "row" FROM tenure_rejects ORDER BY source, line;

-- name: reject_several_currencies
-- The order's first row decides, of one instant the first in the alphabet: a row that comes later, whatever its
-- currency, must not change what was known before it.
UPDATE tenure_rows AS r SET code = 'mixed_currency'
FROM (
    SELECT customer, order_id, arg_min(currency, ROW("at", currency)) AS currency
    FROM tenure_rows
    WHERE code IS NULL AND order_id IS NOT NULL AND currency IS NOT NULL
    GROUP BY customer, order_id HAVING min(currency) <> max(currency)
) AS o
WHERE r.code IS NULL AND r.customer = o.customer AND r.order_id = o.order_id AND r.currency <> o.currency;

-- name: customers
-- the draw of a whole number is that of tenure.lifecycle.population.draws, so ids draw alike whatever else is in the file
CREATE TABLE customers AS
SELECT
    row_number() OVER (ORDER BY customer) AS c,
    customer AS customer_id,
    CASE
        WHEN number IS NULL THEN CAST(md5_number_lower(customer) % 2147483647 AS BIGINT)
        ELSE ((x * 48271 + 11) % 2147483647 * ((x * 48271 + 11) % 2147483647) + x) % 2147483647
    END AS draw
FROM (
    SELECT customer, number, (number % 2147483647 + 2147483647) % 2147483647 AS x
    FROM (
        SELECT
            customer,
            CASE WHEN regexp_full_match(customer, '0|-?[1-9][0-9]{0,17}') THEN CAST(customer AS BIGINT) END AS number
        FROM (SELECT DISTINCT customer FROM tenure_rows WHERE code IS NULL)
    )
);

-- name: repeats
SELECT count(*) - count(DISTINCT repeat_hash) FROM tenure_cells WHERE code IS NULL AND order_id IS NULL;

-- name: shared
-- rows of each source that stand in an earlier one too, cell for cell
SELECT source, first, sum(n) AS rows FROM (
    SELECT source, count(*) AS n, min(source) OVER (PARTITION BY repeat_hash) AS first
    FROM tenure_cells WHERE code IS NULL GROUP BY source, repeat_hash
)
WHERE first < source GROUP BY source, first ORDER BY source, first;

-- name: far_off
-- rows more than a year outside the middle 98 %
SELECT
    count(*) FILTER (WHERE e."at" < q.low - 31557600000000), min(e."at"),
    count(*) FILTER (WHERE e."at" > q.high + 31557600000000), max(e."at")
FROM events e, (SELECT quantile_disc("at", 0.01) AS low, quantile_disc("at", 0.99) AS high FROM events) q;
