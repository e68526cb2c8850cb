-- What is asked of the ledger about some people, and written of where they stand. Lists are JSON on SQLite, arrays on PostgreSQL.

-- name: whom_sqlite
SELECT p.id, COALESCE(p.root, p.id), p.anonymous, p.recorded_at FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.id = k.value

-- name: whom_postgresql
SELECT p.id, COALESCE(p.root, p.id), p.anonymous, p.recorded_at FROM tenure_person p WHERE p.id = ANY(%s)

-- name: taken_for_sqlite
SELECT p.id FROM json_each(%s) k CROSS JOIN tenure_person p WHERE p.root = k.value

-- name: taken_for_postgresql
SELECT p.id FROM tenure_person p WHERE p.root = ANY(%s)

-- name: facts_sqlite
SELECT e.id, e.first_id, COALESCE(p.root, p.id), e.kind, e.occurred_at, e.recorded_at, e.source_id || ':' || e.order_key, e.amount_minor,
    e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.run_id
FROM json_each(%s) k CROSS JOIN tenure_event e CROSS JOIN tenure_person p
WHERE e.person_id = k.value AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(%s) w)) AND p.id = e.person_id

-- name: facts_postgresql
SELECT e.id, e.first_id, COALESCE(p.root, p.id), e.kind, e.occurred_at, e.recorded_at, e.source_id || ':' || e.order_key, e.amount_minor,
    e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.run_id
FROM unnest(%s::bigint[]) k CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.person_id = k OFFSET 0) e
JOIN tenure_person p ON p.id = k
WHERE (e.run_id IS NOT NULL OR e.kind = ANY(%s))

-- name: later_sqlite
-- words on facts of which somebody asked about has any: others may have the last. Who is only a device has a number below zero, as in
-- the mirror.
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.recorded_at, e.source_id || ':' || e.order_key, e.amount_minor,
    e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.run_id
FROM json_each(%s) k CROSS JOIN tenure_event e CROSS JOIN tenure_person p
WHERE e.first_id = k.value AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(%s) w)) AND p.id = e.person_id

-- name: later_postgresql
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.recorded_at, e.source_id || ':' || e.order_key, e.amount_minor,
    e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.run_id
FROM unnest(%s::bigint[]) k CROSS JOIN LATERAL (SELECT * FROM tenure_event e WHERE e.first_id = k OFFSET 0) e
JOIN tenure_person p ON p.id = e.person_id
WHERE (e.run_id IS NOT NULL OR e.kind = ANY(%s))

-- name: first_sqlite
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.recorded_at, e.source_id || ':' || e.order_key, e.amount_minor,
    e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.run_id
FROM json_each(%s) k CROSS JOIN tenure_event e CROSS JOIN tenure_person p
WHERE e.id = k.value AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(%s) w)) AND p.id = e.person_id

-- name: first_postgresql
SELECT e.id, e.first_id, COALESCE(p.root, p.id) * CASE WHEN COALESCE((SELECT r.anonymous FROM tenure_person r WHERE r.id = p.root), p.anonymous)
    THEN -1 ELSE 1 END, e.kind, e.occurred_at, e.recorded_at, e.source_id || ':' || e.order_key, e.amount_minor,
    e.currency, e.discount_minor, e.category, e.region, e.channel, e.reason, e.run_id
FROM tenure_event e JOIN tenure_person p ON p.id = e.person_id
WHERE e.id = ANY(%s) AND (e.run_id IS NOT NULL OR e.kind = ANY(%s))

-- name: before_sqlite
SELECT s.person_id, s.code, s.since_at, s.policy, s.computed_at FROM json_each(%s) k CROSS JOIN tenure_standing s WHERE s.person_id = k.value

-- name: before_postgresql
SELECT s.person_id, s.code, s.since_at, s.policy, s.computed_at FROM tenure_standing s WHERE s.person_id = ANY(%s)

-- name: last_move_sqlite
-- where those were last said to stand who stand nowhere now
SELECT e.person_id, e.reason FROM json_each(%s) k CROSS JOIN tenure_event e
WHERE e.person_id = k.value AND e.kind = 'stage.changed' ORDER BY e.id

-- name: last_move_postgresql
SELECT e.person_id, e.reason FROM tenure_event e WHERE e.person_id = ANY(%s) AND e.kind = 'stage.changed' ORDER BY e.id

-- name: stand_sqlite
INSERT INTO tenure_standing (person_id, code, since_at, next_at, orders, occasions, first_order_at, last_order_at, expected_at, overdue_at,
    long_overdue_at, inactive_at, reason, policy, computed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (person_id) DO UPDATE SET code = excluded.code, since_at = excluded.since_at, next_at = excluded.next_at,
    orders = excluded.orders, occasions = excluded.occasions, first_order_at = excluded.first_order_at,
    last_order_at = excluded.last_order_at, expected_at = excluded.expected_at, overdue_at = excluded.overdue_at,
    long_overdue_at = excluded.long_overdue_at, inactive_at = excluded.inactive_at, reason = excluded.reason, policy = excluded.policy,
    computed_at = excluded.computed_at

-- name: stand_postgresql
INSERT INTO tenure_standing (person_id, code, since_at, next_at, orders, occasions, first_order_at, last_order_at, expected_at, overdue_at,
    long_overdue_at, inactive_at, reason, policy, computed_at)
SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::int[], %s::int[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])
ON CONFLICT (person_id) DO UPDATE SET code = excluded.code, since_at = excluded.since_at, next_at = excluded.next_at,
    orders = excluded.orders, occasions = excluded.occasions, first_order_at = excluded.first_order_at,
    last_order_at = excluded.last_order_at, expected_at = excluded.expected_at, overdue_at = excluded.overdue_at,
    long_overdue_at = excluded.long_overdue_at, inactive_at = excluded.inactive_at, reason = excluded.reason, policy = excluded.policy,
    computed_at = excluded.computed_at

-- name: fall_sqlite
DELETE FROM tenure_standing WHERE person_id IN (SELECT k.value FROM json_each(%s) k)

-- name: fall_postgresql
DELETE FROM tenure_standing WHERE person_id = ANY(%s)

-- name: waiting
SELECT t.person_id, t.since_at FROM tenure_touched t WHERE t.since_at <= %s ORDER BY t.since_at, t.person_id LIMIT %s

-- name: followed_sqlite
DELETE FROM tenure_touched WHERE person_id = ? AND since_at = ?

-- name: followed_postgresql
DELETE FROM tenure_touched t USING unnest(%s::bigint[], %s::bigint[]) s(person_id, since_at)
WHERE t.person_id = s.person_id AND t.since_at = s.since_at

-- name: put_off_sqlite
UPDATE tenure_touched SET since_at = ? WHERE person_id = ? AND since_at = ?

-- name: put_off_postgresql
UPDATE tenure_touched t SET since_at = s.later_at FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) s(later_at, person_id, since_at)
WHERE t.person_id = s.person_id AND t.since_at = s.since_at

-- name: silent
-- whose time has come; who is touched already is followed anyway
SELECT s.person_id FROM tenure_standing s
WHERE s.next_at <= %s AND NOT EXISTS (SELECT 1 FROM tenure_touched t WHERE t.person_id = s.person_id) ORDER BY s.next_at LIMIT %s

-- name: touch_sqlite
INSERT INTO tenure_touched (person_id, since_at) VALUES (?, ?) ON CONFLICT (person_id) DO NOTHING

-- name: touch_postgresql
INSERT INTO tenure_touched (person_id, since_at) SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT (person_id) DO NOTHING

-- name: open_ways_sqlite
SELECT o.id, o.person_id, o.cycle, o.expected_at FROM json_each(%s) k CROSS JOIN tenure_opportunity o
WHERE o.person_id = k.value AND o.ended_at IS NULL

-- name: open_ways_postgresql
SELECT o.id, o.person_id, o.cycle, o.expected_at FROM tenure_opportunity o WHERE o.person_id = ANY(%s) AND o.ended_at IS NULL

-- name: expect_sqlite
UPDATE tenure_opportunity SET expected_at = ? WHERE id = ?

-- name: expect_postgresql
UPDATE tenure_opportunity o SET expected_at = s.expected_at FROM unnest(%s::bigint[], %s::bigint[]) s(expected_at, id) WHERE o.id = s.id

-- name: end_way_sqlite
UPDATE tenure_opportunity SET ended_at = ? WHERE id = ?

-- name: end_way_postgresql
UPDATE tenure_opportunity o SET ended_at = s.ended_at FROM unnest(%s::bigint[], %s::bigint[]) s(ended_at, id) WHERE o.id = s.id

-- name: newer_sqlite
-- of whom there are facts that a generation does not know, and who was taken for whom since it was read
SELECT COALESCE(p.root, p.id) FROM tenure_event e JOIN tenure_person p ON p.id = e.person_id
WHERE e.id > %s AND (e.run_id IS NOT NULL OR e.kind IN (SELECT w.value FROM json_each(%s) w))
UNION SELECT m.person_id FROM tenure_merge m WHERE m.began_at >= %s
UNION SELECT m.canonical_id FROM tenure_merge m WHERE m.began_at >= %s
UNION SELECT m.person_id FROM tenure_merge m WHERE m.ended_at >= %s
UNION SELECT m.canonical_id FROM tenure_merge m WHERE m.ended_at >= %s

-- name: newer_postgresql
SELECT COALESCE(p.root, p.id) FROM tenure_event e JOIN tenure_person p ON p.id = e.person_id
WHERE e.position >= %s AND (e.run_id IS NOT NULL OR e.kind = ANY(%s))
UNION SELECT m.person_id FROM tenure_merge m WHERE m.began_at >= %s
UNION SELECT m.canonical_id FROM tenure_merge m WHERE m.began_at >= %s
UNION SELECT m.person_id FROM tenure_merge m WHERE m.ended_at >= %s
UNION SELECT m.canonical_id FROM tenure_merge m WHERE m.ended_at >= %s

-- name: touched_sqlite
SELECT t.person_id FROM json_each(%s) k CROSS JOIN tenure_touched t WHERE t.person_id = k.value

-- name: touched_postgresql
SELECT t.person_id FROM tenure_touched t WHERE t.person_id = ANY(%s)

-- name: due
-- whether anybody was touched, is silent for long enough, or is to be told outside
SELECT EXISTS (SELECT 1 FROM tenure_touched t WHERE t.since_at <= %s) OR EXISTS (SELECT 1 FROM tenure_standing s WHERE s.next_at <= %s)
    OR EXISTS (SELECT 1 FROM tenure_hookmessage m JOIN tenure_hook h ON h.id = m.hook_id
        WHERE m.state = 'due' AND m.due_at <= %s AND h.ended_at IS NULL)
