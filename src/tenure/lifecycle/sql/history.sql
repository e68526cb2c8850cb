-- From due days to intervals (docs/reference/rules.md section 8). A start is an instant at which a stage begins; the stages are
-- numbered 0 prospect, 1 new, 2 active, 3 loyal, 4 lapsed/short, 5 lapsed/long, 6 lapsed/seasonal, 7 inactive/win_back,
-- 8 inactive/do_not_contact. A picture is the last start before T, a history the starts with the next one's instant as end.

-- name: dated
-- due days as instants; a state ends with the next occasion
CREATE OR REPLACE VIEW dated AS
SELECT d.*, c1.start_at AS at1, c2.start_at AS at2, c3.start_at AS at3, c4.start_at AS season_at,
    COALESCE(d.next_at, 9000000000000000000) AS end_at
FROM dues d
JOIN calendar c1 ON c1.day = d.due1 JOIN calendar c2 ON c2.day = d.due2 JOIN calendar c3 ON c3.day = d.due3
LEFT JOIN calendar c4 ON c4.day = d.season_day

-- name: lapses
-- where a state that came due moves: short, long, seasonal, inactive; 3 stands for the return to loyal with the next occasion
CREATE OR REPLACE VIEW lapses AS
SELECT d.life, d.b,
    CASE f.code WHEN 4 THEN d.at1 WHEN 5 THEN d.at2 WHEN 6 THEN d.season_at WHEN 7 THEN d.at3 ELSE d.next_at END AS from_at, f.code
FROM dated d CROSS JOIN (VALUES (3), (4), (5), (6), (7)) AS f(code)
WHERE d.at1 < d.end_at AND CASE f.code
    WHEN 4 THEN d.at1 < LEAST(d.at2, d.at3, COALESCE(d.season_at, d.at3))
    WHEN 5 THEN d.at2 < LEAST(d.end_at, d.at3, COALESCE(d.season_at, d.at3))
    WHEN 6 THEN d.season_at IS NOT NULL AND d.season_at < LEAST(d.end_at, d.at3)
    WHEN 7 THEN d.at3 < d.end_at
    ELSE d.next_at IS NOT NULL END

-- name: starts_plain
-- Nothing but orders that all count: a start is an order that opens a stage, a lapse, or a return; no two need merging.
CREATE OR REPLACE TABLE starts AS
SELECT o.life AS c, o.at_us AS from_at, CASE WHEN o.b < $active_from THEN 1 WHEN o.b < $loyal_from THEN 2 ELSE 3 END AS code
FROM open_states o
WHERE o.b = 1 OR o.b = $active_from OR o.b = $loyal_from
UNION ALL
SELECT l.life, l.from_at,
    CASE WHEN l.code > 3 THEN l.code WHEN l.b + 1 < $active_from THEN 1 WHEN l.b + 1 < $loyal_from THEN 2 ELSE 3 END
FROM lapses l
WHERE l.from_at < $until AND (l.code > 3 OR (l.b + 1 <> $active_from AND l.b + 1 <> $loyal_from))

-- name: no_restarts
CREATE OR REPLACE TABLE restarts (life BIGINT, at_us BIGINT)

-- name: restarts
-- purchases by somebody who was inactive by silence
CREATE OR REPLACE TABLE restarts AS
SELECT d.life, d.next_at AS at_us FROM dated d WHERE d.next_at IS NOT NULL AND d.at3 < d.next_at

-- name: restarts_after_leaving
-- and by somebody who had left since the order before (of those that count in this life), or is erased
INSERT INTO restarts
WITH steps AS (
    SELECT d.life, COALESCE(v.c, d.life) AS c, d.at_us,
        COALESCE(LAG(d.at_us) OVER (PARTITION BY d.life ORDER BY d.at_us), -9000000000000000000) AS before_at
    FROM (SELECT DISTINCT life, at_us FROM source) d LEFT JOIN lives v ON v.life = d.life
)
SELECT DISTINCT s.life, s.at_us
FROM steps s JOIN events e ON e.c = s.c AND e."at" < s.at_us AND e.kind IN ('customer.erased', 'customer.left', 'contact.refused')
LEFT JOIN events a ON a.c = s.c AND a.kind = 'contact.allowed' AND e.kind = 'contact.refused' AND a."at" >= e."at" AND a."at" < s.at_us
WHERE e.kind = 'customer.erased' OR (e."at" > s.before_at AND a.c IS NULL)

-- name: starts_full
-- every occasion and every purchase says its stage; neighbours are merged afterwards
CREATE OR REPLACE TABLE life_starts AS
WITH bases AS (
    SELECT o.life, o.at_us AS from_at, CASE WHEN o.buy_at IS NULL OR o.buy_at = o.at_us THEN o.b ELSE o.b - 1 END AS b,
        CASE WHEN o.buy_at = o.at_us THEN 1 ELSE 0 END AS bought
    FROM open_states o
    UNION ALL
    SELECT o.life, o.buy_at, o.b, 1 FROM open_states o WHERE o.buy_at > o.at_us
), again AS (
    SELECT s.life, s.from_at, s.b,
        MAX(CASE WHEN r.at_us IS NOT NULL AND s.bought = 1 THEN s.b ELSE 1 END)
            OVER (PARTITION BY s.life ORDER BY s.from_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS first_b
    FROM bases s LEFT JOIN restarts r ON r.life = s.life AND r.at_us = s.from_at
)
SELECT a.life, a.from_at,
    CASE WHEN a.b - a.first_b + 1 < $active_from THEN 1 WHEN a.b - a.first_b + 1 < $loyal_from THEN 2 ELSE 3 END AS code
FROM again a
UNION ALL
SELECT l.life, l.from_at, l.code FROM lapses l WHERE l.code > 3

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
CREATE OR REPLACE VIEW intervals AS
SELECT s.c, s.from_at, LEAD(s.from_at) OVER (PARTITION BY s.c ORDER BY s.from_at) AS to_at, s.code
FROM starts s

-- name: first_numbered
CREATE OR REPLACE TABLE history AS
SELECT i.c AS customer_id, w.stage, w.detail, i.from_at AS "from", i.to_at AS "to"
FROM intervals i JOIN stage_words w ON w.code = i.code
ORDER BY i.c, i.from_at

-- name: more_numbered
INSERT INTO history
SELECT i.c, w.stage, w.detail, i.from_at, i.to_at
FROM intervals i JOIN stage_words w ON w.code = i.code
ORDER BY i.c, i.from_at

-- name: first_named
CREATE OR REPLACE TABLE history AS
SELECT n.customer_id, w.stage, w.detail, i.from_at AS "from", i.to_at AS "to"
FROM intervals i JOIN stage_words w ON w.code = i.code JOIN customers n ON n.c = i.c
ORDER BY i.c, i.from_at

-- name: more_named
INSERT INTO history
SELECT n.customer_id, w.stage, w.detail, i.from_at, i.to_at
FROM intervals i JOIN stage_words w ON w.code = i.code JOIN customers n ON n.c = i.c
ORDER BY i.c, i.from_at
