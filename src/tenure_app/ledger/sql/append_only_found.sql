-- The triggers that are in force, by vendor.

-- name: sqlite
SELECT name FROM sqlite_master WHERE type = 'trigger'

-- name: postgresql
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'
