-- SQLite: what is written stays. recursive_triggers is set on our connections; `replaced` also stops a client that has it off.

-- name: drop_event_changed
DROP TRIGGER IF EXISTS event_is_never_changed

-- name: event_changed
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON tenure_event
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: nothing in it is changed');
END

-- name: drop_event_deleted
DROP TRIGGER IF EXISTS event_is_never_deleted

-- name: event_deleted
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON tenure_event
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: nothing in it is deleted');
END

-- name: drop_event_replaced
DROP TRIGGER IF EXISTS event_is_never_replaced

-- name: event_replaced
CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON tenure_event
WHEN EXISTS (SELECT 1 FROM tenure_event WHERE id = NEW.id OR (source_id = NEW.source_id AND source_key = NEW.source_key))
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: nothing in it is replaced');
END

-- name: drop_policy_changed
DROP TRIGGER IF EXISTS policy_is_never_changed

-- name: policy_changed
CREATE TRIGGER policy_is_never_changed BEFORE UPDATE ON tenure_policyversion
BEGIN
    SELECT RAISE(ABORT, 'the list of policies is append-only: nothing in it is changed');
END

-- name: drop_policy_deleted
DROP TRIGGER IF EXISTS policy_is_never_deleted

-- name: policy_deleted
CREATE TRIGGER policy_is_never_deleted BEFORE DELETE ON tenure_policyversion
BEGIN
    SELECT RAISE(ABORT, 'the list of policies is append-only: nothing in it is deleted');
END

-- name: drop_policy_replaced
DROP TRIGGER IF EXISTS policy_is_never_replaced

-- name: policy_replaced
CREATE TRIGGER policy_is_never_replaced BEFORE INSERT ON tenure_policyversion
WHEN EXISTS (SELECT 1 FROM tenure_policyversion WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the list of policies is append-only: nothing in it is replaced');
END
