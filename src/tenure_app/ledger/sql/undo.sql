-- Takes back what a run brought, where the run's event is the last word on its key. The mark stands between a
-- key and the number of its version.

-- name: reverse
-- nothing held before it, or what held was taken back
INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at, run_id, first_id, order_key, amount_minor,
    currency, discount_minor, category, region, channel, reason, fact_hash)
SELECT e.source_id, o.source_key || %(mark)s || CAST(2 + (SELECT COUNT(*) FROM tenure_event l WHERE l.first_id = o.id) AS VARCHAR(20)),
    CASE WHEN o.kind LIKE 'order.%%' THEN 'order.reversed' ELSE 'fact.reversed' END, e.person_id, e.occurred_at, %(now)s, %(by)s, o.id,
    e.order_key, e.amount_minor, e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.fact_hash
FROM tenure_event e JOIN tenure_event o ON o.id = COALESCE(e.first_id, e.id)
LEFT JOIN tenure_event p ON p.id = CASE WHEN e.first_id IS NOT NULL THEN
    (SELECT MAX(l.id) FROM tenure_event l WHERE l.id < e.id AND (l.first_id = o.id OR l.id = o.id)) END
WHERE e.run_id = %(run)s AND e.id BETWEEN %(low)s AND %(high)s
    AND NOT EXISTS (SELECT 1 FROM tenure_event l WHERE l.first_id = o.id AND l.id > e.id)
    AND (p.id IS NULL OR p.kind IN ('order.reversed', 'fact.reversed'))
ORDER BY e.id

-- name: restore
-- something else held before it: that is appended again
INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at, run_id, first_id, order_key, amount_minor,
    currency, discount_minor, category, region, channel, reason, fact_hash)
SELECT e.source_id, o.source_key || %(mark)s || CAST(2 + (SELECT COUNT(*) FROM tenure_event l WHERE l.first_id = o.id) AS VARCHAR(20)),
    CASE WHEN o.kind LIKE 'order.%%' THEN 'order.corrected' ELSE 'fact.corrected' END, p.person_id, p.occurred_at, %(now)s, %(by)s, o.id,
    p.order_key, p.amount_minor, p.currency, p.discount_minor, p.category, p.region, p.channel, p.reason, p.fact_hash
FROM tenure_event e JOIN tenure_event o ON o.id = e.first_id
JOIN tenure_event p ON p.id = (SELECT MAX(l.id) FROM tenure_event l WHERE l.id < e.id AND (l.first_id = o.id OR l.id = o.id))
WHERE e.run_id = %(run)s AND e.id BETWEEN %(low)s AND %(high)s
    AND NOT EXISTS (SELECT 1 FROM tenure_event l WHERE l.first_id = o.id AND l.id > e.id)
    AND p.kind NOT IN ('order.reversed', 'fact.reversed')
ORDER BY e.id

-- name: bodies
-- what is restored says what the one before it said
INSERT INTO tenure_eventbody (event_id, body)
SELECT r.id, b.body FROM tenure_event r
JOIN tenure_event p ON p.id = (SELECT MAX(l.id) FROM tenure_event l WHERE l.id < r.id AND l.fact_hash = r.fact_hash
    AND (l.first_id = r.first_id OR l.id = r.first_id))
JOIN tenure_eventbody b ON b.event_id = p.id
WHERE r.run_id = %(by)s AND r.kind IN ('order.corrected', 'fact.corrected')
    AND NOT EXISTS (SELECT 1 FROM tenure_eventbody t WHERE t.event_id = r.id)
