-- PostgreSQL: what is written stays, for the owner of the tables too, and also where triggers of replication alone would fire.

-- name: refuse
CREATE OR REPLACE FUNCTION tenure_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$body$

-- name: event_changed
CREATE OR REPLACE TRIGGER event_is_never_changed BEFORE UPDATE OR DELETE ON tenure_event FOR EACH STATEMENT EXECUTE FUNCTION tenure_refuse()

-- name: event_changed_always
ALTER TABLE tenure_event ENABLE ALWAYS TRIGGER event_is_never_changed

-- name: event_emptied
CREATE OR REPLACE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON tenure_event FOR EACH STATEMENT EXECUTE FUNCTION tenure_refuse()

-- name: event_emptied_always
ALTER TABLE tenure_event ENABLE ALWAYS TRIGGER event_is_never_emptied

-- name: policy_changed
CREATE OR REPLACE TRIGGER policy_is_never_changed BEFORE UPDATE OR DELETE ON tenure_policyversion FOR EACH STATEMENT EXECUTE FUNCTION tenure_refuse()

-- name: policy_changed_always
ALTER TABLE tenure_policyversion ENABLE ALWAYS TRIGGER policy_is_never_changed

-- name: policy_emptied
CREATE OR REPLACE TRIGGER policy_is_never_emptied BEFORE TRUNCATE ON tenure_policyversion FOR EACH STATEMENT EXECUTE FUNCTION tenure_refuse()

-- name: policy_emptied_always
ALTER TABLE tenure_policyversion ENABLE ALWAYS TRIGGER policy_is_never_emptied

-- name: by_position
-- what the mirror reads: rows lie in the order of their transactions, so a few numbers a page are enough
CREATE INDEX IF NOT EXISTS tenure_event_by_position ON tenure_event USING brin (position) WITH (pages_per_range = 32)

