-- Some people's lives, traced in DuckDB, as of an instant: `history`, `passages`, `reasons` of tenure.lifecycle.passages and `events`.

-- name: beyond
-- whose orders, or what else breaks a silence, lie in a month of which the population knows nothing
SELECT DISTINCT e.c FROM events e JOIN breaking b ON b.kind = e.kind WHERE e."at" >= $ends_at

-- name: unknown_kind
SELECT DISTINCT e.c FROM events e JOIN breaking b ON b.kind = e.kind WHERE e.kind <> 'order.placed'

-- name: words
SELECT DISTINCT e.c, 'category', e.category FROM events e WHERE e.category IS NOT NULL AND e.category <> ''
UNION ALL
SELECT DISTINCT e.c, 'region', e.region FROM events e WHERE e.region IS NOT NULL AND e.region <> ''

-- name: left_out
DELETE FROM chosen WHERE c IN (SELECT n.c FROM not_yet n)

-- name: standing
-- what holds at T, and until when
SELECT h.c, CAST(h.code AS INTEGER) AS code, h.from_at AS since_at, LEAST(h.to_at, p.to_at, r.to_at) AS next_at,
    COALESCE(p.orders, 0) AS orders, COALESCE(p.occasions, 0) AS occasions, p.first_order_at, p.last_order_at,
    CASE WHEN h.code = 8 THEN NULL ELSE p.expected_at END AS expected_at, CASE WHEN h.code = 8 THEN NULL ELSE p.overdue_at END AS overdue_at,
    CASE WHEN h.code = 8 THEN NULL ELSE p.long_overdue_at END AS long_overdue_at,
    CASE WHEN h.code = 8 THEN NULL ELSE p.inactive_at END AS inactive_at,
    CASE WHEN h.code IN (7, 8) THEN COALESCE(r.reason, 'unknown') ELSE '' END AS reason
FROM history h
LEFT JOIN passages p ON p.c = h.c AND p.from_at < $as_of AND (p.to_at IS NULL OR p.to_at >= $as_of)
LEFT JOIN reasons r ON r.c = h.c AND r.from_at < $as_of AND (r.to_at IS NULL OR r.to_at >= $as_of)
WHERE h.from_at < $as_of AND (h.to_at IS NULL OR h.to_at >= $as_of)

-- name: since
-- the stages that began since they were last seen, the one they were in included, with what was known when each began
SELECT h.c, CAST(h.code AS INTEGER) AS code, h.from_at AS since_at, COALESCE(p.orders, 0) AS orders, COALESCE(p.occasions, 0) AS occasions,
    p.first_order_at, p.last_order_at, p.expected_at, p.overdue_at, p.long_overdue_at, p.inactive_at, e.c IS NOT NULL AS by_event
FROM history h JOIN before b ON b.c = h.c AND h.from_at >= b.since_at
LEFT JOIN passages p ON p.c = h.c AND p.from_at <= h.from_at AND (p.to_at IS NULL OR p.to_at > h.from_at)
LEFT JOIN (SELECT DISTINCT c, "at" FROM events) e ON e.c = h.c AND e."at" = h.from_at
WHERE h.from_at < $as_of
ORDER BY h.c, h.from_at

-- name: at_event
-- whether what they stand in began with an event
SELECT DISTINCT e.c FROM events e JOIN history h ON h.c = e.c AND h.from_at = e."at"
WHERE h.from_at < $as_of AND (h.to_at IS NULL OR h.to_at >= $as_of)

-- name: first_ahead
-- of who is not there yet: when they will be
SELECT e.c, MIN(e."at") FROM events e WHERE e."at" >= $as_of GROUP BY e.c
