-- A day's picture, and what is read off everybody's life. `lives` is the file of all lives, `restaged` the overlay of whoever was
-- touched since. The picture as of T is what holds at T: from_at < T and (to_at is null or T <= to_at).

-- name: history_alone
CREATE OR REPLACE VIEW history AS SELECT * FROM lives.history

-- name: history_overlaid
CREATE OR REPLACE VIEW history AS
SELECT h.* FROM lives.history h LEFT JOIN restaged.touched t ON t.c = h.c WHERE t.c IS NULL
UNION ALL
SELECT h.* FROM restaged.history h

-- name: passages_alone
CREATE OR REPLACE VIEW passages AS SELECT * FROM lives.passages

-- name: passages_overlaid
CREATE OR REPLACE VIEW passages AS
SELECT h.* FROM lives.passages h LEFT JOIN restaged.touched t ON t.c = h.c WHERE t.c IS NULL
UNION ALL
SELECT h.* FROM restaged.passages h

-- name: reasons_alone
CREATE OR REPLACE VIEW reasons AS SELECT * FROM lives.reasons

-- name: reasons_overlaid
CREATE OR REPLACE VIEW reasons AS
SELECT h.* FROM lives.reasons h LEFT JOIN restaged.touched t ON t.c = h.c WHERE t.c IS NULL
UNION ALL
SELECT h.* FROM restaged.reasons h

-- name: money_alone
CREATE OR REPLACE VIEW money AS SELECT * FROM lives.money

-- name: money_overlaid
CREATE OR REPLACE VIEW money AS
SELECT h.* FROM lives.money h LEFT JOIN restaged.touched t ON t.c = h.c WHERE t.c IS NULL
UNION ALL
SELECT h.* FROM restaged.money h

-- name: steps_alone
CREATE OR REPLACE VIEW steps AS SELECT * FROM lives.steps

-- name: steps_overlaid
CREATE OR REPLACE VIEW steps AS
SELECT s.day, s.code, s.change FROM lives.steps s UNION ALL SELECT s.day, s.code, s.change FROM restaged.steps s

-- name: kept
-- what there is to keep of a day; words, and what follows from the rest, are said by the view `people` of the same file
CREATE TABLE made.kept AS
WITH stood AS (
    SELECT h.c, h.code, h.from_at AS since FROM history h WHERE h.from_at < $as_of AND (h.to_at IS NULL OR h.to_at >= $as_of)
), passed AS (
    SELECT p.* FROM passages p WHERE p.from_at < $as_of AND (p.to_at IS NULL OR p.to_at >= $as_of)
), said AS (
    SELECT r.c, r.reason FROM reasons r WHERE r.from_at < $as_of AND (r.to_at IS NULL OR r.to_at >= $as_of)
), spent AS (
    SELECT m.c, CAST(SUM(m.minor) AS BIGINT) AS minor FROM money m WHERE m."at" < $as_of GROUP BY m.c
)
SELECT s.c, s.code, s.since, p.orders, p.occasions, p.first_order_at, p.last_order_at, p.expected_at, p.overdue_at,
    p.long_overdue_at, p.inactive_at, p.version, m.minor AS spent_minor, r.reason
FROM stood s LEFT JOIN passed p ON p.c = s.c LEFT JOIN spent m ON m.c = s.c LEFT JOIN said r ON r.c = s.c

-- name: ahead
-- whom a season passed by is written to on these days, as seen on this one
CREATE TABLE made.ahead AS
SELECT n.version, CAST('1970-01-01' AS DATE) + n.contact_day AS contact_on
FROM lives.contacts n WHERE n.from_day <= $day AND n.to_day > $day

-- name: people
CREATE VIEW made.people AS
SELECT p.c, p.code,
    CASE WHEN p.code = 0 THEN 'prospect' WHEN p.code = 1 THEN 'new' WHEN p.code = 2 THEN 'active' WHEN p.code = 3 THEN 'loyal'
        WHEN p.code < 7 THEN 'lapsed' ELSE 'inactive' END AS stage,
    CASE WHEN p.code = 4 THEN 'short' WHEN p.code = 5 THEN 'long' WHEN p.code = 6 THEN 'seasonal' WHEN p.code = 7 THEN 'win_back'
        WHEN p.code = 8 THEN 'do_not_contact' END AS detail,
    p.since, COALESCE(p.orders, 0) AS orders, COALESCE(p.occasions, 0) AS occasions, COALESCE(p.occasions, 0) + 1 AS cycle,
    p.first_order_at, p.last_order_at,
    CASE WHEN p.code = 8 THEN NULL ELSE p.expected_at END AS expected_at,
    CASE WHEN p.code = 8 THEN NULL ELSE p.overdue_at END AS overdue_at,
    CASE WHEN p.code = 8 THEN NULL ELSE p.long_overdue_at END AS long_overdue_at,
    CASE WHEN p.code = 8 THEN NULL ELSE p.inactive_at END AS inactive_at,
    CASE WHEN p.code = 6 THEN (SELECT MAX(a.contact_on) FROM made.ahead a WHERE a.version = p.version) END AS contact_on,
    CASE WHEN p.code IN (7, 8) THEN COALESCE(p.reason, 'unknown') END AS reason, p.spent_minor
FROM made.kept p
