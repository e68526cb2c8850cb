-- Pictures at month starts beside what happened next, counted (docs/explanation/rhythm.md). Reads `orders` and `origins` (place, at_us, ends_at: the
-- month starts in order, and when their outcome is known) and `origin_buckets` (bucket, place, edge_at: the first origin after the
-- beginning of a six-hour bucket, and when it is; a bucket holds one origin at most). Only counts leave the engine.

-- name: again
SELECT COUNT(*) FROM (SELECT o.life FROM orders o WHERE o.at_us < $before GROUP BY o.life HAVING COUNT(DISTINCT o.at_us // 86400000000) > 1)

-- name: grouped
-- the group that each customer's orders so far make, at each origin
CREATE OR REPLACE TABLE members AS
WITH stepped AS (
    SELECT g.life, g.at_us, g.category, g.region, LEAD(g.at_us) OVER (PARTITION BY g.life ORDER BY g.at_us) AS next_at FROM groups g
), lived AS (
    SELECT COALESCE(v.c, s.life) AS c, s.category, s.region, GREATEST(s.at_us, COALESCE(v.from_at, s.at_us)) AS from_at,
        LEAST(COALESCE(s.next_at, 9000000000000000000), COALESCE(v.to_at, 9000000000000000000)) AS to_at
    FROM stepped s LEFT JOIN lives v ON v.life = s.life
)
SELECT o.place, l.c, l.category, l.region FROM lived l JOIN origins o ON l.from_at < o.at_us AND o.at_us <= l.to_at

-- name: ungrouped
CREATE OR REPLACE TABLE members (place INTEGER, c BIGINT, category INTEGER, region INTEGER)

-- name: outcomes
-- who ordered before the outcome of an origin was known: the first order since each origin is enough to see it
CREATE OR REPLACE TABLE outcomes AS
WITH placed AS (
    SELECT COALESCE(v.c, o.life) AS c, o.at_us, CASE WHEN o.at_us < b.edge_at THEN b.place - 1 ELSE b.place END AS place
    FROM orders o JOIN origin_buckets b ON b.bucket = (o.at_us + 8640000000000000000) // 21600000000
    LEFT JOIN lives v ON v.life = o.life
), firsts AS (
    SELECT c, place, MIN(at_us) AS at_us FROM placed WHERE place >= 0 GROUP BY c, place
)
SELECT DISTINCT o.place, f.c FROM firsts f JOIN origins o ON o.place <= f.place AND f.at_us < o.ends_at

-- name: regulars
-- since when each customer has ordered on so many days (of UTC: near enough to tell who is regular), orders that were taken back
-- among them
CREATE OR REPLACE TABLE regulars AS
WITH days AS (
    SELECT COALESCE(v.c, o.life) AS c, MIN(o.at_us) AS at_us FROM orders o LEFT JOIN lives v ON v.life = o.life
    GROUP BY COALESCE(v.c, o.life), o.at_us // 86400000000
)
SELECT c, at_us FROM days QUALIFY ROW_NUMBER() OVER (PARTITION BY c ORDER BY at_us) = $orders

-- name: spans
-- the last stage that began before each origin, and the origins at which it still stood
CREATE OR REPLACE TABLE spans AS
WITH placed AS (
    SELECT s.c, (s.from_at + 8000000000000000) * 16 + s.code AS stamp,
        CASE WHEN s.from_at < b.edge_at THEN b.place ELSE b.place + 1 END AS place
    FROM starts s JOIN origin_buckets b ON b.bucket = (s.from_at + 8640000000000000000) // 21600000000
), last_of AS (
    SELECT c, place, MAX(stamp) % 16 AS code FROM placed GROUP BY c, place
)
SELECT c, code, place, COALESCE(LEAD(place) OVER (PARTITION BY c ORDER BY place), 1000000) AS end_place FROM last_of

-- name: standing
-- everybody who ever ordered, at each origin
CREATE OR REPLACE TABLE standing AS
SELECT o.place, s.c, CAST(s.code AS INTEGER) AS code
FROM spans s JOIN origins o ON s.place <= o.place AND o.place < s.end_place
WHERE s.code > 0

-- name: no_kept
CREATE OR REPLACE TABLE kept (place INTEGER, c BIGINT, category INTEGER, region INTEGER, back INTEGER, flagged INTEGER, regular INTEGER)

-- name: keep
-- what the policy as it is said of them, and whether they came
INSERT INTO kept
SELECT s.place, s.c, COALESCE(m.category, -1), COALESCE(m.region, -1), CASE WHEN o.c IS NULL THEN 0 ELSE 1 END,
    CASE WHEN s.code > 3 THEN 1 ELSE 0 END, CASE WHEN r.at_us < p.at_us THEN 1 ELSE 0 END
FROM standing s JOIN origins p ON p.place = s.place LEFT JOIN members m ON m.place = s.place AND m.c = s.c
LEFT JOIN outcomes o ON o.place = s.place AND o.c = s.c LEFT JOIN regulars r ON r.c = s.c

-- name: counts
SELECT k.place, k.category, k.region, k.back, k.flagged AS was_flagged, k.regular, s.code, CAST(COUNT(*) AS BIGINT) AS n
FROM standing s JOIN kept k ON k.place = s.place AND k.c = s.c
GROUP BY k.place, k.category, k.region, k.back, k.flagged, k.regular, s.code
