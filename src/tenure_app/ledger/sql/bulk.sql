-- Many rows at once. Names of tables and columns are ours and quoted by the database's own rules.

-- name: rows
INSERT INTO {table} ({columns}) VALUES ({places})

-- name: text
COPY {table} ({columns}) FROM STDIN (FORMAT csv, NULL '\N')

-- name: copied
COPY {table} ({columns}) FROM STDIN
