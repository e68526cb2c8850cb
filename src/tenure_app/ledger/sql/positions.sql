-- PostgreSQL: the transaction that writes an event, as a number that only rises. Numbers of transactions are a server's own: where a
-- ledger was restored on another one, a base is added that lifts them above those it brought along. It stands in the functions.

-- name: base
-- 0, or what has to be added so that the next transaction lies above all that is written
SELECT GREATEST(0, COALESCE((SELECT MAX(position) FROM tenure_event), 0) + 1 - CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint))

-- name: position
CREATE OR REPLACE FUNCTION tenure_position() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
'SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint) + {base}'

-- name: horizon
-- what open transactions may still write lies at it or above
CREATE OR REPLACE FUNCTION tenure_horizon() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
'SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) + {base}'

-- name: default
ALTER TABLE tenure_event ALTER COLUMN position SET DEFAULT tenure_position()

-- name: ahead
-- events that lie above every transaction that has begun here: they come from another server
SELECT EXISTS (SELECT 1 FROM tenure_event WHERE position >= tenure_horizon()
    - CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)
    + CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint))
