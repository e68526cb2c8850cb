-- From occasions to passages: from when to when something is known of a life's orders and due days. Reads `judgements`
-- (life, from_at, occasions, expected_at, at1, at2, at3, version: what a walk says from each occasion on), `lives` and `labelled`.

-- name: no_history
CREATE OR REPLACE TABLE history (c BIGINT, from_at BIGINT, to_at BIGINT, code TINYINT)

-- name: no_passages
CREATE OR REPLACE TABLE passages (c BIGINT, from_at BIGINT, to_at BIGINT, orders INTEGER, occasions INTEGER,
    first_order_at BIGINT, last_order_at BIGINT, expected_at BIGINT, overdue_at BIGINT, long_overdue_at BIGINT, inactive_at BIGINT,
    version INTEGER)

-- name: no_reasons
CREATE OR REPLACE TABLE reasons (c BIGINT, from_at BIGINT, to_at BIGINT, reason VARCHAR)

-- name: merged_history
CREATE OR REPLACE VIEW pieces AS
SELECT s.c, s.from_at, LEAD(s.from_at) OVER (PARTITION BY s.c ORDER BY s.from_at) AS to_at, CAST(s.code AS TINYINT) AS code
FROM starts s

-- name: judged
-- lives cut to their epochs and put end to end; where an epoch begins nobody is judged (null) before its own orders are
CREATE OR REPLACE TABLE judged AS
WITH laid AS (
    SELECT COALESCE(v.c, j.life) AS c, GREATEST(j.from_at, COALESCE(v.from_at, j.from_at)) AS from_at, j.from_at AS was_at,
        j.occasions, j.expected_at, j.at1, j.at2, j.at3, j.version
    FROM judgements j LEFT JOIN lives v ON v.life = j.life
    WHERE v.life IS NULL OR j.from_at < v.to_at
    UNION ALL
    SELECT v.c, v.from_at, -9100000000000000000, 0, NULL, NULL, NULL, NULL, NULL FROM lives v WHERE v.from_at > -9000000000000000000
), numbered AS (
    SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.c, l.from_at ORDER BY l.was_at DESC) AS place FROM laid l
)
SELECT n.c, n.from_at, n.occasions, n.expected_at, n.at1, n.at2, n.at3, n.version FROM numbered n WHERE n.place = 1

-- name: tallies
-- orders that count just after each instant at which their number changes
CREATE OR REPLACE TABLE tallies AS
WITH ending AS (
    SELECT DISTINCT o.c FROM labelled o WHERE o.ended_at IS NOT NULL
), growing AS (
    SELECT DISTINCT o.c, o.at_us AS from_at, COUNT(*) OVER w AS orders, MIN(o.at_us) OVER (PARTITION BY o.c) AS first_order_at,
        o.at_us AS last_order_at
    FROM labelled o LEFT JOIN ending v ON v.c = o.c WHERE v.c IS NULL
    WINDOW w AS (PARTITION BY o.c ORDER BY o.at_us)
), changes AS (
    SELECT o.c, o.at_us FROM labelled o JOIN ending v ON v.c = o.c
    UNION
    SELECT o.c, o.ended_at FROM labelled o WHERE o.ended_at IS NOT NULL
)
SELECT g.c, g.from_at, g.orders, g.first_order_at, g.last_order_at FROM growing g
UNION ALL
SELECT i.c, i.at_us, COUNT(o.at_us), MIN(o.at_us), MAX(o.at_us)
FROM changes i LEFT JOIN labelled o ON o.c = i.c AND o.at_us <= i.at_us AND (o.ended_at IS NULL OR o.ended_at > i.at_us)
GROUP BY i.c, i.at_us

-- name: merged_passages
-- both together: what holds at an instant is the last tally and the last judgement; -1 stands for what is absent while it is carried
CREATE OR REPLACE VIEW pieces AS
WITH instants AS (
    SELECT t.c, t.from_at, t.orders, COALESCE(t.first_order_at, -9100000000000000000) AS first_order_at,
        COALESCE(t.last_order_at, -9100000000000000000) AS last_order_at, NULL AS occasions, NULL AS expected_at, NULL AS at1, NULL AS at2,
        NULL AS at3, NULL AS version
    FROM tallies t
    UNION ALL
    SELECT j.c, j.from_at, NULL, NULL, NULL, j.occasions, COALESCE(j.expected_at, -9100000000000000000),
        COALESCE(j.at1, -9100000000000000000), COALESCE(j.at2, -9100000000000000000), COALESCE(j.at3, -9100000000000000000),
        COALESCE(j.version, -1)
    FROM judged j
), together AS (
    SELECT c, from_at, MAX(orders) AS orders, MAX(first_order_at) AS first_order_at, MAX(last_order_at) AS last_order_at,
        MAX(occasions) AS occasions, MAX(expected_at) AS expected_at, MAX(at1) AS at1, MAX(at2) AS at2, MAX(at3) AS at3,
        MAX(version) AS version
    FROM instants GROUP BY c, from_at
)
SELECT c, from_at, LEAD(from_at) OVER w AS to_at, CAST(LAST_VALUE(orders IGNORE NULLS) OVER w AS INTEGER) AS orders,
    CAST(COALESCE(LAST_VALUE(occasions IGNORE NULLS) OVER w, 0) AS INTEGER) AS occasions,
    NULLIF(LAST_VALUE(first_order_at IGNORE NULLS) OVER w, -9100000000000000000) AS first_order_at,
    NULLIF(LAST_VALUE(last_order_at IGNORE NULLS) OVER w, -9100000000000000000) AS last_order_at,
    NULLIF(LAST_VALUE(expected_at IGNORE NULLS) OVER w, -9100000000000000000) AS expected_at,
    NULLIF(LAST_VALUE(at1 IGNORE NULLS) OVER w, -9100000000000000000) AS overdue_at,
    NULLIF(LAST_VALUE(at2 IGNORE NULLS) OVER w, -9100000000000000000) AS long_overdue_at,
    NULLIF(LAST_VALUE(at3 IGNORE NULLS) OVER w, -9100000000000000000) AS inactive_at,
    CAST(NULLIF(LAST_VALUE(version IGNORE NULLS) OVER w, -1) AS INTEGER) AS version
FROM together WINDOW w AS (PARTITION BY c ORDER BY from_at)

-- name: merged_reasons
CREATE OR REPLACE VIEW pieces AS
SELECT c, from_at, LEAD(from_at) OVER (PARTITION BY c ORDER BY from_at) AS to_at, reason
FROM (
    SELECT s.c, s.at_us AS from_at, s.reason, LAG(s.reason) OVER (PARTITION BY s.c ORDER BY s.at_us) AS before_reason FROM stances s
) r
WHERE before_reason IS NULL OR before_reason <> reason
