-- Requests that wait for the worker. On SQLite they have a file of their own.

-- name: journal
PRAGMA journal_mode = WAL

-- name: durable
PRAGMA synchronous = FULL

-- name: made
-- AUTOINCREMENT: a number is never given twice, so that the mark in the ledger stays true
CREATE TABLE IF NOT EXISTS received (id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, call TEXT NOT NULL,
    received_at INTEGER NOT NULL, events INTEGER NOT NULL, body BLOB NOT NULL)

-- name: first_number
INSERT INTO sqlite_sequence (name, seq) SELECT 'received', ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence q WHERE q.name = 'received')
    AND ? > 0

-- name: next_number
UPDATE sqlite_sequence SET seq = ? WHERE name = 'received' AND seq < ?

-- name: append_sqlite
INSERT INTO received (source, call, received_at, events, body) VALUES (?, ?, ?, ?, ?)

-- name: append_postgresql
INSERT INTO tenure_received (source_id, call, received_at, events, body) VALUES (%s, %s, %s, %s, %s)

-- name: waiting_sqlite
-- so many at most, and no more once those before have so many events or bytes
WITH oldest AS (SELECT r.id, r.events, LENGTH(r.body) AS bytes FROM received r WHERE r.id > ? ORDER BY r.id LIMIT ?), added AS (
    SELECT s.id, SUM(s.events) OVER line - s.events AS events, SUM(s.bytes) OVER line - s.bytes AS bytes FROM oldest s
    WINDOW line AS (ORDER BY s.id)
)
SELECT r.id, r.source, r.call, r.received_at, r.events, r.body
FROM added a CROSS JOIN received r WHERE a.events < ? AND a.bytes < ? AND r.id = a.id ORDER BY r.id

-- name: waiting_postgresql
WITH oldest AS (SELECT r.id, r.events, LENGTH(r.body) AS bytes FROM tenure_received r ORDER BY r.id LIMIT %s), added AS (
    SELECT s.id, SUM(s.events) OVER line - s.events AS events, SUM(s.bytes) OVER line - s.bytes AS bytes FROM oldest s
    WINDOW line AS (ORDER BY s.id)
)
SELECT r.id, r.source_id, r.call, r.received_at, r.events, r.body
FROM added a JOIN tenure_received r ON r.id = a.id WHERE a.events < %s AND a.bytes < %s ORDER BY r.id

-- name: taken_sqlite
DELETE FROM received WHERE id <= ?

-- name: taken_postgresql
DELETE FROM tenure_received WHERE id = ANY(%s)

-- name: ends_sqlite
SELECT MIN(r.id), MAX(r.id) FROM received r

-- name: ends_postgresql
SELECT MIN(r.id), MAX(r.id) FROM tenure_received r
