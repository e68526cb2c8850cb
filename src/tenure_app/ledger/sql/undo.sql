-- Takes back what a run brought: of each key that the run spoke of, what the other runs said last is to hold, those that were undone
-- left out; in whatever order runs are undone. The mark stands between a key and the number of its version.

-- name: reverse
-- nobody else said anything
INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at, run_id, first_id, order_key, amount_minor,
    currency, discount_minor, category, region, channel, reason, fact_hash)
SELECT l.source_id, o.source_key || %(mark)s || CAST(2 + (SELECT COUNT(*) FROM tenure_event x WHERE x.first_id = o.id) AS VARCHAR(20)),
    CASE WHEN o.kind LIKE 'order.%%' THEN 'order.reversed' ELSE 'fact.reversed' END, l.person_id, l.occurred_at, %(now)s, %(by)s, o.id,
    l.order_key, l.amount_minor, l.currency, l.discount_minor, l.category, l.region, l.channel, l.reason, l.fact_hash
FROM (
    SELECT DISTINCT COALESCE(e.first_id, e.id) AS root FROM tenure_event e WHERE e.run_id = %(run)s AND e.id BETWEEN %(low)s AND %(high)s
) t
JOIN tenure_event o ON o.id = t.root
JOIN tenure_event l ON l.id = COALESCE((SELECT MAX(x.id) FROM tenure_event x WHERE x.first_id = o.id), o.id)
LEFT JOIN tenure_importrun r ON r.id = o.run_id
WHERE l.kind NOT IN ('order.reversed', 'fact.reversed')
    AND o.run_id IS NOT NULL AND (o.run_id = %(run)s OR r.state = 'undone')
    AND NOT EXISTS (
        SELECT 1 FROM tenure_event v LEFT JOIN tenure_importrun s ON s.id = v.run_id
        WHERE v.first_id = o.id AND (v.run_id IS NULL OR (v.run_id <> %(run)s AND s.state <> 'undone' AND s.format <> 'undo'))
    )
ORDER BY o.id

-- name: restore
-- somebody else said something: that is appended again, unless it holds already
INSERT INTO tenure_event (source_id, source_key, kind, person_id, occurred_at, recorded_at, run_id, first_id, order_key, amount_minor,
    currency, discount_minor, category, region, channel, reason, fact_hash)
SELECT w.source_id, o.source_key || %(mark)s || CAST(2 + (SELECT COUNT(*) FROM tenure_event x WHERE x.first_id = o.id) AS VARCHAR(20)),
    CASE WHEN o.kind LIKE 'order.%%' THEN 'order.corrected' ELSE 'fact.corrected' END, w.person_id, w.occurred_at, %(now)s, %(by)s, o.id,
    w.order_key, w.amount_minor, w.currency, w.discount_minor, w.category, w.region, w.channel, w.reason, w.fact_hash
FROM (
    SELECT DISTINCT COALESCE(e.first_id, e.id) AS root FROM tenure_event e WHERE e.run_id = %(run)s AND e.id BETWEEN %(low)s AND %(high)s
) t
JOIN tenure_event o ON o.id = t.root
JOIN tenure_event l ON l.id = COALESCE((SELECT MAX(x.id) FROM tenure_event x WHERE x.first_id = o.id), o.id)
LEFT JOIN tenure_importrun r ON r.id = o.run_id
JOIN tenure_event w ON w.id = COALESCE((
    SELECT MAX(v.id) FROM tenure_event v LEFT JOIN tenure_importrun s ON s.id = v.run_id
    WHERE v.first_id = o.id AND (v.run_id IS NULL OR (v.run_id <> %(run)s AND s.state <> 'undone' AND s.format <> 'undo'))
), CASE WHEN o.run_id IS NULL OR (o.run_id <> %(run)s AND r.state <> 'undone') THEN o.id END)
WHERE l.kind IN ('order.reversed', 'fact.reversed') OR l.fact_hash <> w.fact_hash
ORDER BY o.id

-- name: bodies
-- what is restored says what the one before it said
INSERT INTO tenure_eventbody (event_id, body)
SELECT r.id, b.body FROM tenure_event r
JOIN tenure_event p ON p.id = (SELECT MAX(l.id) FROM tenure_event l WHERE l.id < r.id AND l.fact_hash = r.fact_hash
    AND l.kind NOT IN ('order.reversed', 'fact.reversed') AND (l.first_id = r.first_id OR l.id = r.first_id))
JOIN tenure_eventbody b ON b.event_id = p.id
WHERE r.run_id = %(by)s AND r.kind IN ('order.corrected', 'fact.corrected')
    AND NOT EXISTS (SELECT 1 FROM tenure_eventbody t WHERE t.event_id = r.id)

-- name: spoken_of
SELECT COUNT(DISTINCT COALESCE(e.first_id, e.id)) FROM tenure_event e WHERE e.run_id = %(run)s AND e.id > %(before)s
