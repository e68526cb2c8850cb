-- From a file's `facts` and `identities` (tenure_app.imports) to the rows of the ledger, in DuckDB.

-- name: wishes
-- by what each customer of the file may be found again, strongest first
CREATE OR REPLACE TABLE wishes AS
SELECT customer, kind, match, MIN(rank) AS rank, MIN(value) AS value
FROM identities WHERE match IS NOT NULL GROUP BY customer, kind, match

-- name: kinds_wished
SELECT DISTINCT kind FROM wishes ORDER BY kind

-- name: wished
SELECT match FROM wishes WHERE kind = $kind ORDER BY match

-- name: matched
-- the strongest match decides; a weaker one that says otherwise is counted
CREATE OR REPLACE TABLE matched AS
SELECT w.customer, ARG_MIN(k.person, w.rank) AS person, COUNT(DISTINCT k.person) AS persons
FROM wishes w JOIN known k ON k.kind = w.kind AND k.match = w.match GROUP BY w.customer

-- name: strangers
-- customers nobody is known for, in order, with the draw the core gives their id; what holds an @ draws by number instead
SELECT n.customer,
    CASE
        WHEN w.match IS NULL OR contains(w.match, '@') THEN NULL
        WHEN x IS NULL THEN CAST(md5_number_lower(w.match) % 2147483647 AS BIGINT)
        ELSE ((x * 48271 + 11) % 2147483647 * ((x * 48271 + 11) % 2147483647) + x) % 2147483647
    END AS draw
FROM (SELECT DISTINCT customer FROM identities) n
LEFT JOIN matched m ON m.customer = n.customer
LEFT JOIN newcomers k ON k.customer = n.customer
LEFT JOIN (
    SELECT customer, MIN(match) AS match,
        CASE WHEN regexp_full_match(MIN(match), '0|-?[1-9][0-9]{0,17}')
            THEN (CAST(MIN(match) AS BIGINT) % 2147483647 + 2147483647) % 2147483647 END AS x
    FROM wishes WHERE kind = 'customer' GROUP BY customer
) w ON w.customer = n.customer
WHERE m.person IS NULL AND k.person IS NULL
ORDER BY n.customer

-- name: resolved
CREATE OR REPLACE TABLE resolved AS
SELECT m.customer, m.person FROM matched m ANTI JOIN newcomers k ON k.customer = m.customer
UNION ALL
SELECT k.customer, k.person FROM newcomers k

-- name: conflicts
SELECT COUNT(*) FROM matched WHERE persons > 1

-- name: claims
-- of what identifies only one can be meant: the first customer of the file who says it, unless somebody is known by it
CREATE OR REPLACE TABLE claims AS
SELECT w.kind, w.match, MIN(w.customer) AS customer
FROM wishes w LEFT JOIN known k ON k.kind = w.kind AND k.match = w.match
WHERE k.match IS NULL GROUP BY w.kind, w.match

-- name: folded
-- what a search by its beginning looks at: names in small letters with single spaces, ids and addresses as they are matched, an address
-- also where somebody else is found by it (merging.suggestions)
CREATE OR REPLACE MACRO folded(kind, said, matched) AS CASE
    WHEN kind IN ('name', 'company', 'username') THEN regexp_replace(trim(lower(said)), '\s+', ' ', 'g')
    WHEN kind = 'email' THEN lower(COALESCE(matched, said))
    WHEN kind IN ('phone', 'customer') THEN lower(matched) END

-- name: turned
-- a name with its last word first: families are looked for, too
CREATE OR REPLACE MACRO turned(kind, said) AS CASE WHEN kind = 'name' AND contains(said, ' ')
    THEN regexp_replace(said, '^(.*) ([^ ]+)$', '\2 \1') END

-- name: newest_people
SELECT person AS id, CAST($now AS BIGINT) AS recorded_at, COALESCE(draw, ((person % 2147483647 * 48271 + 11) % 2147483647
    * ((person % 2147483647 * 48271 + 11) % 2147483647) + person % 2147483647) % 2147483647) AS draw
FROM newest ORDER BY person

-- name: newest_identities
SELECT n.person AS person_id, i.kind, i.value, i.match, CAST($now AS BIGINT) AS recorded_at,
    CASE WHEN i.kind IN ('email', 'phone') THEN NULL ELSE CAST($source AS BIGINT) END AS source_id,
    folded(i.kind, i.value, i.match) AS folded, turned(i.kind, folded(i.kind, i.value, i.match)) AS turned
FROM (SELECT customer, kind, match, MIN(value) AS value FROM identities WHERE match IS NOT NULL GROUP BY customer, kind, match
    UNION ALL SELECT DISTINCT customer, kind, match, value FROM identities WHERE match IS NULL) i
JOIN newest n ON n.customer = i.customer
LEFT JOIN claims c ON c.kind = i.kind AND c.match = i.match AND c.customer = i.customer
WHERE i.match IS NULL OR c.customer IS NOT NULL
ORDER BY n.person, i.kind, i.value

-- name: keep_newest
INSERT INTO newcomers SELECT customer, person FROM newest

-- name: news
SELECT m.person AS person_id, i.kind, i.value, i.match, CAST($now AS BIGINT) AS recorded_at,
    CASE WHEN i.kind IN ('email', 'phone') THEN NULL ELSE CAST($source AS BIGINT) END AS source_id,
    folded(i.kind, i.value, i.match) AS folded, turned(i.kind, folded(i.kind, i.value, i.match)) AS turned
FROM (SELECT customer, kind, match, MIN(value) AS value FROM identities WHERE match IS NOT NULL GROUP BY customer, kind, match
    UNION ALL SELECT DISTINCT customer, kind, match, value FROM identities WHERE match IS NULL) i
JOIN matched m ON m.customer = i.customer JOIN asked a ON a.person = m.person
LEFT JOIN claims c ON c.kind = i.kind AND c.match = i.match AND c.customer = i.customer
LEFT JOIN said s ON s.person = m.person AND s.kind = i.kind AND s.value = i.value
WHERE (i.match IS NULL AND s.person IS NULL) OR c.customer IS NOT NULL
ORDER BY m.person, i.kind, i.value

-- name: canonical
-- a field so that no two different facts are written alike: its length before it, a dash for what is absent
CREATE OR REPLACE MACRO canonical(said) AS CASE WHEN said IS NULL THEN '-' ELSE CAST(strlen(said) AS VARCHAR) || ':' || said END

-- name: keyed
-- What says something of a person is keyed by their number, so that whatever id an export knows them by, it is one fact; of keys that
-- may hold an address, or come from a row as it stands, only a keyed hash is kept. Two customers of a file may be one person.
CREATE OR REPLACE TABLE keyed AS
WITH whose AS (
    SELECT f.*, r.person, f.is_state OR starts_with(f.key, 'customer:') OR starts_with(f.key, 'bounce:') AS personal
    FROM facts f JOIN resolved r ON r.customer = f.customer
)
SELECT * REPLACE (CASE WHEN starts_with(kind, 'order.') AND NOT contains(key, '@') AND NOT starts_with(key, 'row:') THEN key
    ELSE split_part(key, ':', 1) || ':' || substr(sha256($outer || unhex(sha256($inner || encode(key)))), 1, 32) END AS key)
FROM whose WHERE NOT personal
UNION ALL
SELECT * REPLACE (split_part(key, ':', 1) || ':' || COALESCE(channel || ':', '') || 'p' || CAST(person AS VARCHAR) AS key)
FROM whose WHERE personal
QUALIFY ROW_NUMBER() OVER (PARTITION BY split_part(key, ':', 1), channel, person ORDER BY "at" DESC NULLS LAST, line DESC) = 1

-- name: ready
-- the facts in the order of the ledger, each with its hash: HMAC-SHA256 (RFC 2104) of its fields, the first 128 bits
CREATE OR REPLACE TABLE ready AS
SELECT ROW_NUMBER() OVER (ORDER BY f."at", f.line, f.key) AS n, f.key, f.kind, f.person, f."at", f.order_key, f.amount_minor,
    f.currency, f.discount_minor, f.category, f.region, f.channel, f.reason, f.is_state, f.body,
    substr(sha256($outer || unhex(sha256($inner || encode(
        canonical(f.kind) || canonical(CAST(f.person AS VARCHAR)) || canonical(CAST(f."at" AS VARCHAR)) || canonical(f.order_key)
        || canonical(CAST(f.amount_minor AS VARCHAR)) || canonical(f.currency) || canonical(CAST(f.discount_minor AS VARCHAR))
        || canonical(f.category) || canonical(f.region) || canonical(f.channel) || canonical(f.reason) || canonical(f.body)
    )))), 1, 32) AS hash
FROM keyed f

-- name: how_many
SELECT COUNT(*) FROM ready

-- name: keys
SELECT key, is_state FROM ready WHERE n BETWEEN $low AND $high ORDER BY n

-- name: sorted
-- what becomes of each fact: new, the same again, or another content of a known key
CREATE OR REPLACE TABLE chunk AS
SELECT r.*, f.first_id, f.versions,
    CASE WHEN f.first_id IS NULL THEN 'new' WHEN f.hash = r.hash AND f.holds THEN 'same'
        WHEN r.is_state THEN 'changed' ELSE 'corrected' END AS fate
FROM ready r LEFT JOIN found f ON f.key = r.key
WHERE r.n BETWEEN $low AND $high

-- name: fates
SELECT fate, COUNT(*) FROM chunk GROUP BY fate

-- name: numbered
-- the rows of the ledger; `ids` are as many as there are rows to write
CREATE OR REPLACE TABLE written AS
SELECT i.id, c.*
FROM (SELECT ROW_NUMBER() OVER (ORDER BY n) AS place, * FROM chunk WHERE fate <> 'same') c JOIN ids i ON i.place = c.place

-- name: events
-- what is appended under a known key is told apart by a mark that no id holds (unit or record separator) and its number
SELECT id, key || CASE WHEN first_id IS NULL THEN '' ELSE CASE WHEN is_state THEN chr(30) ELSE chr(31) END || CAST(versions + 1 AS VARCHAR) END AS source_key,
    CASE WHEN fate <> 'corrected' THEN kind WHEN starts_with(kind, 'order.') THEN 'order.corrected' ELSE 'fact.corrected' END AS kind,
    person AS person_id, COALESCE("at", $now) AS occurred_at, CAST($now AS BIGINT) AS recorded_at, CAST($run AS BIGINT) AS run_id,
    CASE WHEN fate = 'corrected' THEN first_id END AS first_id,
    order_key, amount_minor, currency, discount_minor, category, region, channel, reason, unhex(hash) AS fact_hash,
    CAST($source AS BIGINT) AS source_id
FROM written ORDER BY id

-- name: bodies
SELECT id AS event_id, body FROM written WHERE body IS NOT NULL ORDER BY id

-- name: ahead
-- a day's grace for zones
SELECT COUNT(*) FROM ready WHERE "at" > CAST($now AS BIGINT) + 86400000000

-- name: first_rejects
SELECT line, code, "row" FROM rejects ORDER BY line LIMIT $n

-- name: known_people
SELECT COUNT(*) FROM matched

-- name: rejects
SELECT CAST($run AS BIGINT) AS run_id, line, code, reason, "row" FROM rejects ORDER BY line
