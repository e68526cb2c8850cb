-- Who the rows are of: `tenure_judged` in (line, head, code, left_out, id, email, phone, name, company, address, username, tags),
-- `tenure_who` and `identities` out. `head` is the line of the record that a line belongs to.

-- name: keys
-- of each record what may tell whose it is
CREATE OR REPLACE TABLE tenure_keys AS
SELECT line, import_key(id) AS id, import_email(email) AS email, import_phone(phone) AS phone,
    CASE WHEN $by_name THEN import_named(name) END AS name
FROM tenure_judged WHERE line = head AND left_out IS NULL;

-- name: count_weak
-- records that carry nothing but a name, and all records
SELECT count(*) FILTER (WHERE k.id IS NULL AND k.email IS NULL AND k.phone IS NULL AND import_named(j.name) IS NOT NULL), count(*)
FROM tenure_keys k JOIN tenure_judged j ON j.line = k.line;

-- name: who
-- A record without an id is of whoever has its e-mail address, then its telephone number, else of that address or number itself.
CREATE OR REPLACE TABLE tenure_who AS
WITH judged AS (
    SELECT k.* FROM tenure_keys k JOIN tenure_judged j ON j.line = k.line WHERE j.code IS NULL
), by_email AS (
    SELECT email, arg_min(id, line) AS id FROM judged WHERE id IS NOT NULL AND email IS NOT NULL GROUP BY email
), mailed AS (
    SELECT j.line, coalesce(j.id, e.id) AS id, j.email, j.phone, j.name FROM judged j LEFT JOIN by_email e ON e.email = j.email
), by_phone AS (
    SELECT phone, arg_min(id, line) AS id, arg_min(email, line) FILTER (WHERE id IS NULL) AS email
    FROM mailed WHERE phone IS NOT NULL AND (id IS NOT NULL OR email IS NOT NULL) GROUP BY phone
), known AS (
    SELECT m.line, coalesce(m.id, CASE WHEN m.email IS NULL THEN p.id END) AS id, coalesce(m.email, p.email) AS email, m.phone, m.name
    FROM mailed m LEFT JOIN by_phone p ON p.phone = m.phone
), strongest AS (
    SELECT line,
        CASE WHEN id IS NOT NULL THEN 1 WHEN email IS NOT NULL THEN 2 WHEN phone IS NOT NULL THEN 3 ELSE 4 END AS strength,
        coalesce(id, email, phone, name) AS match
    FROM known WHERE coalesce(id, email, phone, name) IS NOT NULL
), numbered AS (
    SELECT strength, match, row_number() OVER (ORDER BY strength, CASE WHEN w.whole AND strength = 1 THEN CAST(match AS BIGINT) END, match) AS customer
    FROM (SELECT DISTINCT strength, match FROM strongest),
        (SELECT bool_and(regexp_full_match(match, '0|-?[1-9][0-9]{0,17}')) AS whole FROM strongest WHERE strength = 1) w
)
SELECT s.line, n.customer, s.match FROM strongest s JOIN numbered n ON n.strength = s.strength AND n.match = s.match;

-- name: identities
-- Of several customers with one address or number only the first is found by it.
CREATE OR REPLACE TABLE identities AS
WITH told AS (
    SELECT w.customer, j.line, v.kind, v.value, v.match, CAST(v.rank AS SMALLINT) AS rank
    FROM tenure_judged j JOIN tenure_who w ON w.line = j.line
    CROSS JOIN LATERAL (VALUES
        ('customer', j.id, import_key(j.id), 1),
        ('email', j.email, import_email(j.email), 2),
        ('phone', j.phone, import_phone(j.phone), 3),
        ('name', j.name, CASE WHEN $by_name THEN import_named(j.name) END, 4),
        ('company', j.company, NULL, 5),
        ('username', j.username, NULL, 6),
        ('address', j.address, NULL, 7)
    ) v(kind, value, match, rank)
    UNION ALL
    SELECT w.customer, j.line, 'tag', t.tag, NULL, CAST(8 AS SMALLINT)
    FROM (SELECT line, unnest(tags) AS tag FROM tenure_judged WHERE line = head) t JOIN tenure_judged j ON j.line = t.line JOIN tenure_who w ON w.line = j.line
), useful AS (
    SELECT customer, kind, value, match, rank, min(line) AS line FROM told
    WHERE import_key(value) IS NOT NULL AND (kind <> 'customer' OR match IS NOT NULL)
    GROUP BY customer, kind, value, match, rank
), once AS (
    SELECT *, row_number() OVER (PARTITION BY customer, kind, coalesce(match, value) ORDER BY line, value) AS spelling FROM useful
)
SELECT customer, kind, value,
    CASE WHEN match IS NOT NULL AND row_number() OVER (PARTITION BY kind, match ORDER BY customer) = 1 THEN match END AS match, rank
FROM once WHERE spelling = 1
ORDER BY customer, rank, line;

-- name: count_shared
SELECT kind, count(*) FROM (
    SELECT kind, import_email(value) AS match, count(DISTINCT customer) AS n FROM identities WHERE kind = 'email' GROUP BY ALL
    UNION ALL
    SELECT kind, import_phone(value), count(DISTINCT customer) FROM identities WHERE kind = 'phone' GROUP BY ALL
) WHERE n > 1 AND match IS NOT NULL GROUP BY kind ORDER BY kind;
