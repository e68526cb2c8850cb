-- From due days to intervals (docs/reference/rules.md section 8). A start is an instant at which a stage begins; the stages are
-- numbered 0 prospect, 1 new, 2 active, 3 loyal, 4 lapsed/short, 5 lapsed/long, 6 lapsed/seasonal, 7 inactive/win_back,
-- 8 inactive/do_not_contact. A picture is the last start before T, a history the starts with the next one's instant as end.

-- name: after_leaving
-- orders by somebody who had left since the order before (of those that count in this life), or is erased
WITH steps AS (
    SELECT d.life, COALESCE(v.c, d.life) AS c, d.at_us,
        COALESCE(LAG(d.at_us) OVER (PARTITION BY d.life ORDER BY d.at_us), -9000000000000000000) AS before_at
    FROM (SELECT DISTINCT life, at_us FROM orders) d LEFT JOIN lives v ON v.life = d.life
)
SELECT DISTINCT s.life, s.at_us
FROM steps s JOIN events e ON e.c = s.c AND e."at" < s.at_us AND e.kind IN ('customer.erased', 'customer.left', 'contact.refused')
LEFT JOIN events a ON a.c = s.c AND a.kind = 'contact.allowed' AND e.kind = 'contact.refused' AND a."at" >= e."at" AND a."at" < s.at_us
WHERE e.kind = 'customer.erased' OR (e."at" > s.before_at AND a.c IS NULL)
ORDER BY s.life, s.at_us

-- name: first_seen
CREATE OR REPLACE TABLE first_seen AS
SELECT e.c, MIN(e."at") AS at_us FROM events e WHERE e."at" < $until GROUP BY e.c

-- name: clipped
-- lives cut to their epochs and put end to end; before the first order, and where no order is left, there is a prospect
CREATE OR REPLACE TABLE clipped AS
WITH laid AS (
    SELECT COALESCE(v.c, s.life) AS c, GREATEST(s.from_at, COALESCE(v.from_at, s.from_at)) AS from_at, s.from_at AS was_at, s.code
    FROM life_starts s LEFT JOIN lives v ON v.life = s.life
    WHERE v.life IS NULL OR s.from_at < v.to_at
    UNION ALL
    SELECT v.c, v.from_at, -9100000000000000000, 0 FROM lives v WHERE v.from_at > -9000000000000000000
    UNION ALL
    SELECT f.c, f.at_us, -9100000000000000000, 0 FROM first_seen f
)
SELECT c, from_at, code
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY c, from_at ORDER BY was_at DESC, code DESC) AS place FROM laid) l
WHERE place = 1

-- name: merged
CREATE OR REPLACE TABLE starts AS
SELECT c, from_at, code
FROM (
    SELECT c, from_at, code, LAG(code) OVER (PARTITION BY c ORDER BY from_at) AS before_code FROM overlaid WHERE from_at < $until
) s
WHERE before_code IS NULL OR before_code <> code

-- name: no_stances
CREATE OR REPLACE VIEW overlaid AS SELECT * FROM clipped

-- name: overlaid
-- who left is inactive whatever the orders say; who is inactive is in one of two groups
CREATE OR REPLACE VIEW overlaid AS
WITH instants AS (
    SELECT s.c, s.from_at, s.code, CAST(NULL AS INTEGER) AS gone, CAST(NULL AS INTEGER) AS alone FROM clipped s
    UNION ALL
    SELECT t.c, t.at_us, CAST(NULL AS INTEGER), t.gone, t.alone FROM stances t
), together AS (
    SELECT c, from_at, MAX(code) AS code, MAX(gone) AS gone, MAX(alone) AS alone FROM instants GROUP BY c, from_at
), carried AS (
    SELECT c, from_at, LAST_VALUE(code IGNORE NULLS) OVER w AS code,
        LAST_VALUE(gone IGNORE NULLS) OVER w AS gone, LAST_VALUE(alone IGNORE NULLS) OVER w AS alone
    FROM together WINDOW w AS (PARTITION BY c ORDER BY from_at)
)
SELECT c, from_at, CASE WHEN gone = 1 OR code = 7 THEN CASE WHEN alone = 1 THEN 8 ELSE 7 END ELSE code END AS code
FROM carried

-- name: marks
-- Instants at which the stance of somebody who ever refused, left, complained or bounced may change. Orders clear a leaving, so
-- the instants of orders, and of orders ending, are among them.
CREATE OR REPLACE TABLE marks AS
WITH stanced AS (
    SELECT DISTINCT e.c FROM events e WHERE e."at" < $until AND e.kind IN ('contact.refused', 'contact.allowed', 'customer.left',
        'customer.erased', 'message.bounced', 'complaint.opened', 'complaint.resolved')
)
SELECT DISTINCT e.c, e."at" AS at_us FROM events e JOIN stanced s ON s.c = e.c WHERE e."at" < $until

-- name: stances
-- what stands just after each mark: gone (left, until an order), alone (do not contact), and the reason
CREATE OR REPLACE TABLE stances AS
WITH said AS (
    SELECT m.c, m.at_us,
        MAX(CASE WHEN e.kind = 'contact.refused' THEN e."at" END) AS refused_at,
        MAX(CASE WHEN e.kind = 'contact.allowed' THEN e."at" END) AS allowed_at,
        MAX(CASE WHEN e.kind = 'customer.left' THEN e."at" END) AS left_at,
        MAX(CASE WHEN e.kind = 'customer.erased' THEN e."at" END) AS erased_at,
        MAX(CASE WHEN e.kind = 'message.bounced' THEN e."at" END) AS bounced_at,
        MAX(CASE WHEN e.kind = 'complaint.opened' THEN e."at" END) AS opened_at,
        MAX(CASE WHEN e.kind = 'complaint.resolved' THEN e."at" END) AS resolved_at
    FROM marks m JOIN events e ON e.c = m.c AND e."at" <= m.at_us AND e."at" < $until
        AND e.kind IN ('contact.refused', 'contact.allowed', 'customer.left', 'customer.erased', 'message.bounced',
            'complaint.opened', 'complaint.resolved')
    GROUP BY m.c, m.at_us
), ordered AS (
    SELECT m.c, m.at_us, MAX(o.at_us) AS order_at
    FROM marks m JOIN labelled o ON o.c = m.c AND o.at_us <= m.at_us AND (o.ended_at IS NULL OR o.ended_at > m.at_us)
    GROUP BY m.c, m.at_us
), standing AS (
    SELECT s.*,
        CASE WHEN s.refused_at > COALESCE(s.allowed_at, -9000000000000000000) THEN 1 ELSE 0 END AS refused,
        CASE WHEN s.bounced_at > COALESCE(s.allowed_at, -9000000000000000000) THEN 1 ELSE 0 END AS bounced,
        CASE WHEN s.opened_at > COALESCE(s.resolved_at, -9000000000000000000) THEN 1 ELSE 0 END AS complaining,
        COALESCE(o.order_at, -9000000000000000000) AS order_at
    FROM said s LEFT JOIN ordered o ON o.c = s.c AND o.at_us = s.at_us
), worded AS (
    SELECT s.c, s.at_us,
        MIN(CASE WHEN e.kind = 'contact.refused' AND e."at" = s.refused_at THEN e.reason END) AS refused_word,
        MIN(CASE WHEN e.kind = 'complaint.opened' AND e."at" = s.opened_at THEN e.reason END) AS complaint_word,
        MIN(CASE WHEN e.kind = 'customer.left' AND e."at" = s.left_at THEN e.reason END) AS left_word
    FROM standing s JOIN events e ON e.c = s.c AND e.kind IN ('contact.refused', 'complaint.opened', 'customer.left')
        AND (e."at" = s.refused_at OR e."at" = s.opened_at OR e."at" = s.left_at)
    GROUP BY s.c, s.at_us
)
SELECT s.c, s.at_us,
    CASE WHEN s.erased_at IS NOT NULL OR s.left_at > s.order_at OR (s.refused = 1 AND s.refused_at > s.order_at) THEN 1 ELSE 0 END AS gone,
    CASE WHEN s.erased_at IS NOT NULL OR s.refused = 1 OR s.bounced = 1 OR s.complaining = 1 THEN 1 ELSE 0 END AS alone,
    CASE WHEN s.erased_at IS NOT NULL THEN 'erased' WHEN s.refused = 1 THEN COALESCE(w.refused_word, 'asked')
        WHEN s.bounced = 1 THEN 'bounced' WHEN s.complaining = 1 THEN COALESCE(w.complaint_word, 'complaint')
        WHEN s.left_at > s.order_at THEN COALESCE(w.left_word, 'unknown') ELSE 'unknown' END AS reason,
    CASE WHEN s.erased_at IS NOT NULL THEN 'erased' WHEN s.refused = 1 AND s.refused_at > s.order_at THEN 'asked' ELSE 'left' END AS said,
    CASE WHEN s.erased_at IS NOT NULL THEN s.erased_at WHEN s.refused = 1 AND s.refused_at > s.order_at THEN s.refused_at
        ELSE s.left_at END AS said_at
FROM standing s LEFT JOIN worded w ON w.c = s.c AND w.at_us = s.at_us

-- name: intervals
CREATE OR REPLACE TABLE intervals AS
SELECT s.c, s.from_at, LEAD(s.from_at) OVER (PARTITION BY s.c ORDER BY s.from_at) AS to_at, s.code
FROM starts s

-- name: numbered
CREATE OR REPLACE TABLE history AS
SELECT i.c AS customer_id, w.stage, w.detail, i.from_at AS "from", i.to_at AS "to"
FROM intervals i JOIN stage_words w ON w.code = i.code
ORDER BY i.c, i.from_at

-- name: named
CREATE OR REPLACE TABLE history AS
SELECT n.customer_id, w.stage, w.detail, i.from_at AS "from", i.to_at AS "to"
FROM intervals i JOIN stage_words w ON w.code = i.code JOIN customers n ON n.c = i.c
ORDER BY i.c, i.from_at
