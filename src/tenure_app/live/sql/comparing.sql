-- Everybody's picture beside where they stand. `target` is the picture, `stood` the table of standings, `ways` the open ways, `newer`
-- of whom the ledger knows more than the picture.

-- name: no_stood
CREATE OR REPLACE TABLE stood (c BIGINT, code INTEGER, since_at BIGINT, next_at BIGINT, orders INTEGER, occasions INTEGER,
    first_order_at BIGINT, last_order_at BIGINT, expected_at BIGINT, overdue_at BIGINT, long_overdue_at BIGINT, inactive_at BIGINT,
    reason VARCHAR, policy VARCHAR, computed_at BIGINT)

-- name: no_ways
CREATE OR REPLACE TABLE ways (c BIGINT, cycle INTEGER, expected_at BIGINT)

-- name: no_newer
CREATE OR REPLACE TABLE newer (c BIGINT)

-- name: right_ways
CREATE OR REPLACE TABLE right_ways AS
SELECT t.c FROM target t JOIN (SELECT w.c, COUNT(*) AS n, MAX(w.cycle) AS cycle, MAX(w.expected_at) AS expected_at FROM ways w GROUP BY w.c) w
    ON w.c = t.c AND w.n = 1 AND w.cycle = t.occasions + 1 AND w.expected_at IS NOT DISTINCT FROM t.expected_at
WHERE t.code <> 8
UNION ALL
SELECT t.c FROM target t WHERE t.code = 8 AND t.c NOT IN (SELECT w.c FROM ways w)

-- name: differing
-- who stands elsewhere by the picture. Whose time to move by silence has come, by the same policy, is left to it.
CREATE TABLE made.differing AS
SELECT ROW_NUMBER() OVER (ORDER BY d.c) AS place, d.*
FROM (
    SELECT t.c, FALSE AS anew, s.code AS was_code, s.policy AS was_policy, s.computed_at AS was_computed_at, t.code, t.since_at, t.next_at,
        t.orders, t.occasions, t.first_order_at, t.last_order_at, t.expected_at, t.overdue_at, t.long_overdue_at, t.inactive_at, t.reason
    FROM target t LEFT JOIN stood s ON s.c = t.c LEFT JOIN right_ways w ON w.c = t.c
    WHERE t.c NOT IN (SELECT n.c FROM newer n)
        AND (s.c IS NULL OR w.c IS NULL OR s.policy <> $policy OR (
            s.code, s.since_at, s.next_at, s.orders, s.occasions, s.first_order_at, s.last_order_at, s.expected_at, s.overdue_at,
            s.long_overdue_at, s.inactive_at, s.reason
        ) IS DISTINCT FROM (
            t.code, t.since_at, t.next_at, t.orders, t.occasions, t.first_order_at, t.last_order_at, t.expected_at, t.overdue_at,
            t.long_overdue_at, t.inactive_at, t.reason
        ))
        AND NOT (s.c IS NOT NULL AND s.policy = $policy AND s.next_at IS NOT NULL AND s.next_at <= $now)
    UNION ALL
    SELECT s.c, TRUE, s.code, s.policy, s.computed_at, s.code, s.since_at, s.next_at, s.orders, s.occasions, s.first_order_at,
        s.last_order_at, s.expected_at, s.overdue_at, s.long_overdue_at, s.inactive_at, s.reason
    FROM stood s
    WHERE s.c IN (SELECT n.c FROM newer n) OR s.c NOT IN (SELECT t.c FROM target t)
) d

-- name: how_many
SELECT COUNT(*) FROM made.differing

-- name: some
SELECT d.* FROM todo.differing d WHERE d.place > $after AND d.place <= $after + $most ORDER BY d.place
