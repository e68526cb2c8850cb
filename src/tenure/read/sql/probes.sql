-- What a whole column tells that no cell of it can. Each statement reads the column `x` of `tenure_cells`.

-- name: ids
SELECT count(tenure_id(x)) AS ids, count(*) FILTER (WHERE tenure_id_is_whole(x)) AS whole FROM tenure_cells;

-- name: bigint
SELECT count(x) = 0 OR (TRY_CAST(min(x) AS BIGINT) IS NOT NULL AND TRY_CAST(max(x) AS BIGINT) IS NOT NULL) AS fits FROM tenure_cells;

-- name: amounts
SELECT
    count(*) FILTER (WHERE tenure_written_in_comma(x)) AS comma,
    count(*) FILTER (WHERE tenure_written_in_point(x)) AS point,
    count(*) FILTER (WHERE tenure_written_in_either(x)) AS either
FROM tenure_cells WHERE x LIKE '%,%' OR x LIKE '%.%';

-- name: words
SELECT DISTINCT x AS word FROM tenure_cells WHERE x IS NOT NULL LIMIT 10000;

-- name: times
SELECT
    count(x) AS written,
    count(*) FILTER (WHERE regexp_full_match(x, '-?[0-9]+([.][0-9]+)?')) AS numbers,
    count(*) FILTER (WHERE slashed AND first > 12 AND first <= 31 AND second <= 12) AS day_first,
    count(*) FILTER (WHERE slashed AND second > 12 AND second <= 31 AND first <= 12) AS month_first,
    count(*) FILTER (WHERE slashed AND first <= 12 AND second <= 12 AND first <> second) AS either,
    count(*) FILTER (WHERE slashed) AS slashed,
    min(x) FILTER (WHERE slashed AND first <= 12 AND second <= 12 AND first <> second) AS example
FROM (
    SELECT
        x,
        tenure_is_slashed(x) AS slashed,
        CASE WHEN tenure_is_slashed(x) THEN tenure_slashed_first(x) END AS first,
        CASE WHEN tenure_is_slashed(x) THEN tenure_slashed_second(x) END AS second
    FROM tenure_cells
);

-- name: numbers
-- The sizes of the numbers: each bound lies in the far future of its unit and in the first days of the next one.
SELECT
    count(*) FILTER (WHERE abs(x) < 100000000000) AS s,
    count(*) FILTER (WHERE abs(x) >= 100000000000 AND abs(x) < 100000000000000) AS ms,
    count(*) FILTER (WHERE abs(x) >= 100000000000000 AND abs(x) < 100000000000000000) AS us,
    count(*) FILTER (WHERE abs(x) >= 100000000000000000) AS ns,
    count(*) FILTER (WHERE x BETWEEN 19000101 AND 22001231 AND x = floor(x)
                     AND try_strptime(CAST(TRY_CAST(x AS BIGINT) AS VARCHAR), '%Y%m%d') IS NOT NULL) AS digits,
    -- days as spreadsheets count them, 1927 to 2119: as seconds all of them would lie on the first of January 1970
    count(*) FILTER (WHERE x BETWEEN 10000 AND 80000) AS serials,
    count(x) AS numbers
FROM (SELECT x FROM tenure_cells WHERE x <> 0 AND isfinite(CAST(x AS DOUBLE)));

-- name: span
SELECT min(x) AS first, max(x) AS last FROM tenure_cells WHERE x BETWEEN -2208988800000000 AND 7289654400000000;
