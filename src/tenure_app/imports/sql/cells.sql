-- How cells of exports become keys and bodies; the core's own macros (tenure.read, cells) are there already.

-- name: text
-- spreadsheets' sign for text is no part of it
CREATE OR REPLACE MACRO import_text(x) AS tenure_text(regexp_replace(tenure_text(x), '^''+', ''));

-- name: bare
CREATE OR REPLACE MACRO import_bare(x) AS tenure_bare(regexp_replace(x, '&[#A-Za-z0-9]+;', '', 'g'));

-- name: key
-- what stands where nothing is known identifies nobody
CREATE OR REPLACE MACRO import_key(x) AS
    CASE WHEN lower(x) IN ('', '-', '0', 'null', 'none', 'nil', 'nan', 'n/a', '#n/a', '<na>', 'na', 'undefined', 'unknown', 'guest', 'anonymous') THEN NULL ELSE x END;

-- name: email
CREATE OR REPLACE MACRO import_email(x) AS
    CASE WHEN regexp_full_match(x, '[^@\s]+@[^@\s]+') THEN lower(x) END;

-- name: phone
CREATE OR REPLACE MACRO import_phone(x) AS
    CASE WHEN length(regexp_replace(x, '[^0-9]', '', 'g')) >= 6 AND regexp_replace(x, '[^0-9]', '', 'g') <> repeat('0', length(regexp_replace(x, '[^0-9]', '', 'g')))
    THEN CASE WHEN starts_with(x, '00') THEN '+' || substr(regexp_replace(x, '[^0-9]', '', 'g'), 3)
              WHEN starts_with(x, '+') THEN '+' || regexp_replace(x, '[^0-9]', '', 'g')
              ELSE regexp_replace(x, '[^0-9]', '', 'g') END END;

-- name: named
CREATE OR REPLACE MACRO import_named(x) AS lower(regexp_replace(import_key(x), '\s+', ' ', 'g'));

-- name: short
-- free text is kept to two thousand characters, and says where it was cut
CREATE OR REPLACE MACRO import_short(x) AS CASE WHEN length(x) > 2000 THEN left(x, 2000) || '…' ELSE x END;

-- name: member
-- a member of a JSON object; null, and so left out by concat_ws, where there is nothing
CREATE OR REPLACE MACRO import_member(name, x) AS '"' || name || '":' || CAST(to_json(import_short(x)) AS VARCHAR);

-- name: object
CREATE OR REPLACE MACRO import_object(members) AS CASE WHEN members = '' THEN NULL ELSE '{' || members || '}' END;

-- name: lines
-- the lines of an order as a member, as many as 60,000 characters hold; `lines_left_out` says how many more there were
CREATE OR REPLACE MACRO import_lines(items, longest) AS
    CASE
        WHEN len(items) IS NULL OR len(items) = 0 THEN NULL
        WHEN length(array_to_string(items, ',')) <= 60000 THEN '"lines":[' || array_to_string(items, ',') || ']'
        ELSE '"lines":[' || array_to_string(items[1:60000 // (longest + 1)], ',') || '],"lines_left_out":' || CAST(len(items) - 60000 // (longest + 1) AS VARCHAR)
    END;

-- name: yes
CREATE OR REPLACE MACRO import_yes(x) AS lower(x) IN ('yes', 'true', '1', 'y', 't', 'subscribed');

-- name: no
CREATE OR REPLACE MACRO import_no(x) AS lower(x) IN ('no', 'false', '0', 'n', 'f', 'unsubscribed', 'not_subscribed');

-- name: whole
-- a money column that was not read as one stays text; this is a number in it, or null
CREATE OR REPLACE MACRO import_number(x) AS tenure_number_of_text(tenure_bare(x), false);

-- name: pair
CREATE OR REPLACE MACRO import_pair(prefix, x) AS prefix || CAST(to_json(x) AS VARCHAR);

-- name: cell
CREATE OR REPLACE MACRO import_cell(prefix, x) AS prefix || tenure_text(x);

-- name: finite
CREATE OR REPLACE MACRO import_finite(x) AS CASE WHEN isfinite(x) THEN x END;
