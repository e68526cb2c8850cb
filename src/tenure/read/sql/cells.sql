-- How a cell of a source becomes a value. Null stands for "nothing there" and for "cannot be read"; the blank flags tell them apart.

-- name: text
CREATE OR REPLACE MACRO tenure_text(x) AS
    nullif(trim(x, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)), '');

-- name: id
CREATE OR REPLACE MACRO tenure_id(x) AS
    CASE
        WHEN lower(x) IN ('null', 'none', 'nan', 'n/a', '#n/a', '<na>') THEN NULL
        ELSE x
    END;

-- name: id_is_whole
CREATE OR REPLACE MACRO tenure_id_is_whole(x) AS
    regexp_full_match(tenure_id(x), '(0|-?[1-9][0-9]{0,17})([.]0+)?');

-- name: id_whole
CREATE OR REPLACE MACRO tenure_id_whole(x) AS
    TRY_CAST(regexp_replace(tenure_id(x), '[.]0+$', '') AS BIGINT);

-- name: id_of_number
CREATE OR REPLACE MACRO tenure_id_of_number(x) AS
    CASE WHEN x = floor(x) THEN TRY_CAST(x AS BIGINT) END;

-- name: id_of_decimal
-- libraries hand whole numbers of 128 bits over as decimals
CREATE OR REPLACE MACRO tenure_id_of_decimal(x) AS
    CASE WHEN x = floor(x) THEN CAST(TRY_CAST(x AS HUGEINT) AS VARCHAR) END;

-- name: half_even
CREATE OR REPLACE MACRO tenure_half_even(x) AS
    CAST(floor(x) AS HUGEINT) + CASE
        WHEN x - floor(x) > 0.5 THEN 1
        WHEN x - floor(x) = 0.5 THEN abs(CAST(floor(x) AS HUGEINT) % 2)
        ELSE 0
    END;

-- name: minor_of_decimal
-- An amount that no decimal holds is huge whatever the currency, so the bound comes before the factor.
CREATE OR REPLACE MACRO tenure_minor_of_decimal(x, factor) AS
    CASE
        WHEN abs(x) > 9000000000000000 THEN sign(x) * CAST(9000000000000001 AS HUGEINT)
        ELSE tenure_half_even(CAST(x AS DECIMAL(28, 9)) * CAST(factor AS DECIMAL(9, 0)))
    END;

-- name: minor_of_double
-- Six digits are kept before halves are judged: 2.675 is stored as 2.67499..., and whoever wrote it meant the half.
CREATE OR REPLACE MACRO tenure_minor_of_double(x, factor) AS
    CASE
        WHEN NOT isfinite(x) THEN NULL
        -- far from a half the near whole number is plain, and cheap
        WHEN abs(CAST(x AS DOUBLE) * factor - round(CAST(x AS DOUBLE) * factor)) < 0.25 THEN round(CAST(x AS DOUBLE) * factor)
        ELSE round_even(round(CAST(x AS DOUBLE) * factor, 6), 0)
    END;

-- name: minor_of_whole
CREATE OR REPLACE MACRO tenure_minor_of_whole(x, factor) AS
    CASE
        WHEN x > 9000000000000000 THEN CAST(9000000000000001 AS HUGEINT)
        WHEN x < -9000000000000000 THEN CAST(-9000000000000001 AS HUGEINT)
        ELSE CAST(x AS HUGEINT) * factor
    END;

-- name: bare
-- Digits, signs and separators of a written amount: spaces, quotes, currency signs and codes taken off, brackets made a minus.
CREATE OR REPLACE MACRO tenure_bare(x) AS CASE WHEN regexp_full_match(x, '-?[0-9]+([.][0-9]+)?') THEN x ELSE
    regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    replace(x, chr(8722), '-'),
                    '[\s''"`\x{2018}\x{2019}\x{00a0}\x{2007}\x{2009}\x{202f}\x{feff}]', '', 'g'),
                '(US|AU|CA|NZ|HK|MX|A|C|R|S)?[$]|\p{Sc}|kr[.]?|Kr[.]?|z\x{0142}|Fr[.]|Rs[.]?'
                '|AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|MYR|NOK|NZD|PHP|PLN|RON|SEK|SGD'
                '|THB|TRY|TWD|USD|ZAR', '', 'g'),
            '^[(]([^()-]+)[)]$', '-\1'),
        '^([^-]+)-$', '-\1') END;

-- name: written_in_comma
CREATE OR REPLACE MACRO tenure_written_in_comma(x) AS
    regexp_full_match(x, '[+-]?([0-9]*,([0-9]{1,2}|[0-9]{4,})|(0|[0-9]{4,}),[0-9]+|[1-9][0-9]{0,2}([.][0-9]{3}){2,}|[1-9][0-9]{0,2}([.][0-9]{3})+,[0-9]*)');

-- name: written_in_point
CREATE OR REPLACE MACRO tenure_written_in_point(x) AS
    regexp_full_match(x, '[+-]?([0-9]*[.]([0-9]{1,2}|[0-9]{4,})|(0|[0-9]{4,})[.][0-9]+|[1-9][0-9]{0,2}(,[0-9]{2,3})*,[0-9]{3}(,[0-9]{3}|[.][0-9]*))');

-- name: written_in_either
CREATE OR REPLACE MACRO tenure_written_in_either(x) AS
    regexp_full_match(x, '[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}');

-- name: number_text
-- `comma`: the column's own habit, for amounts such as 1.234 that say nothing by themselves.
CREATE OR REPLACE MACRO tenure_number_text(x, comma) AS
    CASE
        WHEN regexp_full_match(x, '[+-]?[0-9]+') THEN x
        WHEN tenure_written_in_comma(x) OR (comma AND tenure_written_in_either(x)) THEN replace(replace(x, '.', ''), ',', '.')
        WHEN tenure_written_in_point(x) OR tenure_written_in_either(x) THEN replace(x, ',', '')
        WHEN regexp_full_match(x, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?') THEN x
    END;

-- name: decimal_of_text
CREATE OR REPLACE MACRO tenure_decimal_of_text(x) AS
    coalesce(
        TRY_CAST(x AS DECIMAL(38, 9)),
        CASE WHEN abs(TRY_CAST(x AS DOUBLE)) > 9000000000000000 AND isfinite(TRY_CAST(x AS DOUBLE))
             THEN sign(TRY_CAST(x AS DOUBLE)) * CAST(9000000000000001 AS DECIMAL(38, 9)) END);

-- name: number_of_text
CREATE OR REPLACE MACRO tenure_number_of_text(x, comma) AS
    CASE
        WHEN NOT comma AND regexp_full_match(x, '-?[0-9]{1,15}([.][0-9]{1,9})?') THEN CAST(x AS DECIMAL(38, 9))
        ELSE tenure_decimal_of_text(tenure_number_text(x, comma))
    END;

-- name: has_zone
CREATE OR REPLACE MACRO tenure_has_zone(x) AS
    regexp_full_match(x, '([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{8})[Tt ][0-9]{2}:?[0-9]{2}(:?[0-9]{2}([.,][0-9]+)?)? ?(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)');

-- name: has_no_zone
CREATE OR REPLACE MACRO tenure_has_no_zone(x) AS
    regexp_full_match(x, '[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([Tt ]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]*)?)?)?|[0-9]{8}[Tt][0-9]{4}([0-9]{2}([.,][0-9]+)?)?');

-- name: iso
-- ISO 8601 in the one spelling that the cast reads: 2024-01-31 10:00:00.5+01:00.
CREATE OR REPLACE MACRO tenure_iso(x) AS
    regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    replace(x, ',', '.'),
                    '^([0-9]{4})[-/.]?([0-9]{1,2})[-/.]?([0-9]{1,2})[Tt ]*', '\1-\2-\3 '),
                ' ([0-9]{2})([0-9]{2})([0-9]{2})?', ' \1:\2:\3'),
            ' ?(Z|z|UTC|GMT)$', '+00:00'),
        ' ?([+-][0-9]{2}:?[0-9]{0,2})$', '\1');

-- name: time_with_zone
CREATE OR REPLACE MACRO tenure_time_with_zone(x) AS
    CASE WHEN tenure_has_zone(x) THEN epoch_us(TRY_CAST(tenure_iso(x) AS TIMESTAMPTZ)) END;

-- name: is_slashed
-- Dates such as 31/01/2024: which number is the day, only the whole column can tell.
CREATE OR REPLACE MACRO tenure_is_slashed(x) AS
    regexp_matches(x, '^[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{4}|[0-9]{2})([ ,T]|$)');

-- name: slashed_first
CREATE OR REPLACE MACRO tenure_slashed_first(x) AS
    CAST(regexp_extract(x, '^([0-9]{1,2})', 1) AS INTEGER);

-- name: slashed_second
CREATE OR REPLACE MACRO tenure_slashed_second(x) AS
    CAST(regexp_extract(x, '^[0-9]{1,2}[/.-]([0-9]{1,2})', 1) AS INTEGER);

-- name: spaced
CREATE OR REPLACE MACRO tenure_spaced(x) AS
    regexp_replace(x, ' *([AaPp])[.]?[Mm][.]?$', ' \1M');

-- name: slashed
CREATE OR REPLACE MACRO tenure_slashed(x) AS
    trim(tenure_spaced(regexp_replace(x, '^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})[ ,T]*', '\1/\2/\3 ')));

-- name: day_first
CREATE OR REPLACE MACRO tenure_day_first(x) AS
    try_strptime(tenure_slashed(x), [
        '%d/%m/%y', '%d/%m/%Y', '%d/%m/%y %H:%M', '%d/%m/%Y %H:%M', '%d/%m/%y %H:%M:%S',
        '%d/%m/%Y %H:%M:%S', '%d/%m/%y %H:%M:%S.%f', '%d/%m/%Y %H:%M:%S.%f', '%d/%m/%y %I:%M %p',
        '%d/%m/%Y %I:%M %p', '%d/%m/%y %I:%M:%S %p', '%d/%m/%Y %I:%M:%S %p']);

-- name: month_first
CREATE OR REPLACE MACRO tenure_month_first(x) AS
    try_strptime(tenure_slashed(x), [
        '%m/%d/%y', '%m/%d/%Y', '%m/%d/%y %H:%M', '%m/%d/%Y %H:%M', '%m/%d/%y %H:%M:%S',
        '%m/%d/%Y %H:%M:%S', '%m/%d/%y %H:%M:%S.%f', '%m/%d/%Y %H:%M:%S.%f', '%m/%d/%y %I:%M %p',
        '%m/%d/%Y %I:%M %p', '%m/%d/%y %I:%M:%S %p', '%m/%d/%Y %I:%M:%S %p']);

-- name: month_named
-- Dates with the month's name: 31 Jan 2024, 31-Jan-24, January 31, 2024.
CREATE OR REPLACE MACRO tenure_month_named(x) AS
    CASE WHEN regexp_matches(x, '[A-Za-z]{3}') AND regexp_matches(x, '[0-9]{2}') THEN try_strptime(
        tenure_spaced(regexp_replace(regexp_replace(x, '^[A-Za-z]+, ', ''), '[-, .]+', ' ', 'g')), [
        '%d %b %y', '%d %b %y %H:%M', '%d %b %y %H:%M:%S', '%d %b %y %I:%M %p', '%d %b %y %I:%M:%S %p',
        '%d %b %Y', '%d %b %Y %H:%M', '%d %b %Y %H:%M:%S', '%d %b %Y %I:%M %p', '%d %b %Y %I:%M:%S %p',
        '%d %B %y', '%d %B %y %H:%M', '%d %B %y %H:%M:%S', '%d %B %y %I:%M %p', '%d %B %y %I:%M:%S %p',
        '%d %B %Y', '%d %B %Y %H:%M', '%d %B %Y %H:%M:%S', '%d %B %Y %I:%M %p', '%d %B %Y %I:%M:%S %p',
        '%b %d %Y', '%b %d %Y %H:%M', '%b %d %Y %H:%M:%S', '%b %d %Y %I:%M %p', '%b %d %Y %I:%M:%S %p',
        '%B %d %Y', '%B %d %Y %H:%M', '%B %d %Y %H:%M:%S', '%B %d %Y %I:%M %p', '%B %d %Y %I:%M:%S %p']) END;

-- name: time_without_zone
-- `first`: 'day', 'month' or '' where the column has no slashed dates.
CREATE OR REPLACE MACRO tenure_time_without_zone(x, first) AS
    CASE
        WHEN tenure_has_zone(x) THEN NULL
        WHEN tenure_has_no_zone(x) THEN epoch_us(TRY_CAST(trim(tenure_iso(x)) AS TIMESTAMP))
        WHEN first <> '' AND tenure_is_slashed(x) THEN
            epoch_us(CASE WHEN first = 'day' THEN tenure_day_first(x) ELSE tenure_month_first(x) END)
        ELSE epoch_us(tenure_month_named(x))
    END;

-- name: time_of_timestamp
-- Years that microseconds do not reach, and infinity, are judged before the cast, which fails on them; one far instant
-- stands for all, a little below the largest number so that a zone's offset can still be added.
CREATE OR REPLACE MACRO tenure_time_of_timestamp(x, low, high) AS
    CASE WHEN x < low OR x > high THEN 9000000000000000000 ELSE epoch_us(CAST(x AS TIMESTAMP)) END;

-- name: time_of_zoned
CREATE OR REPLACE MACRO tenure_time_of_zoned(x, low, high) AS
    CASE WHEN x < low OR x > high THEN 9000000000000000000 ELSE epoch_us(CAST(x AS TIMESTAMPTZ)) END;

-- name: time_of_digits
CREATE OR REPLACE MACRO tenure_time_of_digits(x) AS
    epoch_us(try_strptime(CAST(x AS VARCHAR), '%Y%m%d'));

-- name: time_of_whole
-- Beyond 64 bits is beyond every year that is accepted: the largest number stands for it, on either side.
CREATE OR REPLACE MACRO tenure_time_of_whole(x, factor, divisor) AS
    CASE
        WHEN abs(CAST(x AS DOUBLE)) * CAST(factor AS DOUBLE) > 9e18 THEN 9223372036854775807
        ELSE CAST(CAST(x AS HUGEINT) * factor // divisor AS BIGINT)
    END;

-- name: time_of_fraction
CREATE OR REPLACE MACRO tenure_time_of_fraction(x, factor, divisor) AS
    CASE
        WHEN NOT isfinite(CAST(x AS DOUBLE)) THEN NULL
        WHEN abs(CAST(x AS DOUBLE)) * CAST(factor AS DOUBLE) > 9e18 THEN 9223372036854775807
        ELSE CAST(round(CAST(x AS DOUBLE) * CAST(factor AS DOUBLE) / CAST(divisor AS DOUBLE)) AS BIGINT)
    END;

-- name: time_of_number_text
CREATE OR REPLACE MACRO tenure_time_of_number_text(x, factor, divisor) AS
    CASE
        WHEN TRY_CAST(regexp_replace(x, '[.]0*$', '') AS HUGEINT) IS NOT NULL AND regexp_full_match(x, '-?[0-9]+([.]0*)?')
        THEN tenure_time_of_whole(TRY_CAST(regexp_replace(x, '[.]0*$', '') AS HUGEINT), factor, divisor)
        ELSE tenure_time_of_fraction(TRY_CAST(x AS DOUBLE), factor, divisor)
    END;

-- name: time_of_micros
CREATE OR REPLACE MACRO tenure_time_of_micros(x) AS
    TRY_CAST(x AS BIGINT);

-- name: row_code
CREATE OR REPLACE MACRO tenure_row_code(blank, customer, instant, kind, money_known, amount_read, amount, discount_read, discount) AS
    CASE
        WHEN blank THEN 'missing_customer'
        WHEN customer IS NULL THEN 'bad_customer'
        WHEN instant IS NULL THEN 'bad_time'
        WHEN instant < -2208988800000000 OR instant >= 7289654400000000 THEN 'time_out_of_range'
        WHEN kind IS NULL THEN 'unknown_kind'
        WHEN NOT money_known THEN 'unknown_currency'
        WHEN NOT amount_read OR NOT discount_read THEN 'bad_amount'
        WHEN abs(amount) > 9000000000000000 OR abs(discount) > 9000000000000000 THEN 'huge_amount'
    END;

-- name: either
CREATE OR REPLACE MACRO tenure_either(x, y) AS coalesce(x, y);
