-- The mirror's file of traits (`store`), and the one before it.

-- name: anew
CREATE TABLE store.traits AS SELECT c, name, code, guessed FROM coded ORDER BY name, c

-- name: brought_up
CREATE TABLE store.traits AS
SELECT * FROM (
    SELECT b.c, b.name, b.code, b.guessed FROM before.traits b ANTI JOIN spoke s ON s.c = b.c
    UNION ALL
    SELECT n.c, n.name, n.code, n.guessed FROM coded n
) ORDER BY name, c

-- name: codes
SELECT DISTINCT t.code FROM store.traits t
