-- Who came back, off the passages of everybody's life. `turns` says of every UTC day its local day and period, and the instants
-- within it at which the next ones begin.

-- name: nobody_yet
CREATE OR REPLACE TEMP TABLE buyers (began INTEGER, again INTEGER, period SMALLINT, periods BIGINT)

-- name: buyers
-- who of the customers from $first up to before $next bought before $as_of: the local days of their first order and of the first order on another day, the period of the
-- first one, and the periods in which they bought as bits, counted from period $low
INSERT INTO buyers
WITH bought AS (
    SELECT p.c,
        t.day + CAST(p.last_order_at >= t.next_at AS INTEGER) + CAST(p.last_order_at >= t.after_at AS INTEGER) AS day,
        f.day + CAST(p.first_order_at >= f.next_at AS INTEGER) + CAST(p.first_order_at >= f.after_at AS INTEGER) AS first_day,
        t.period + CAST(p.last_order_at >= t.period_at AS INTEGER) AS period
    FROM passages p
    JOIN turns t ON t.utc_day = CAST(floor(p.last_order_at / CAST(86400000000 AS DOUBLE)) AS INTEGER)
    JOIN turns f ON f.utc_day = CAST(floor(p.first_order_at / CAST(86400000000 AS DOUBLE)) AS INTEGER)
    WHERE p.c >= $first AND p.c < $next AND p.from_at < $as_of AND p.last_order_at < $as_of
        AND p.c IN (SELECT s.c FROM people s WHERE s.orders > 0) -- not whose orders were all cancelled by now
)
SELECT MIN(day) AS began, MIN(day) FILTER (WHERE day > first_day) AS again, MIN(period) AS period,
    BIT_OR(CASE WHEN period >= $low THEN CAST(1 AS BIGINT) << (period - $low) ELSE 0 END) AS periods
FROM bought GROUP BY c

-- name: sizes
SELECT period, COUNT(*), COUNT(again) FROM buyers GROUP BY period ORDER BY period

-- name: kept
-- of each cohort from period $low on, how many bought in a period: only those that did
SELECT b.period, k.period, COUNT(*)
FROM buyers b JOIN (SELECT CAST(UNNEST(range($low, $high)) AS INTEGER) AS period) k
    ON k.period >= b.period AND (b.periods >> (k.period - $low)) & 1 = 1
WHERE b.period >= $low GROUP BY b.period, k.period

-- name: within
-- of each cohort, who was watched for so many days before day $last, who of them came back within these, and their median
SELECT b.period, COUNT(*), COUNT(*) FILTER (WHERE b.again - b.began <= $days),
    MEDIAN(b.again - b.began) FILTER (WHERE b.again - b.began <= $days)
FROM buyers b WHERE $last - 1 - b.began >= $days GROUP BY b.period
