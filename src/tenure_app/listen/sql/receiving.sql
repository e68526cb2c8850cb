-- What the door for events writes and asks.

-- name: receive
INSERT INTO tenure_received (source_id, call, received_at, events, body) VALUES (%s, %s, %s, %s, %s)

-- name: backlog
-- by the numbers at both ends: to count them would read them all
SELECT MIN(id), MAX(id) FROM tenure_received

-- name: taken
DELETE FROM tenure_received WHERE id IN ({ids})
