-- HubSpot. Cells of several values are joined by ';'. That somebody did not unsubscribe is no consent.

-- name: judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head, created_code AS code, CAST(NULL AS VARCHAR) AS left_out, id, trim(split_part(email, ';', 1)) AS email,
    coalesce(phone, mobile) AS phone, nullif(concat_ws(' ', first_name, last_name), '') AS name, company,
    nullif(concat_ws(', ', street, nullif(concat_ws(' ', zip, city), ''), state, country), '') AS address,
    CAST(NULL AS VARCHAR) AS username, CAST([] AS VARCHAR[]) AS tags
FROM tenure_import;

-- name: created
INSERT INTO tenure_drafts
SELECT t.line, 'customer:' || w.match, 'customer.created', t.created, NULL, NULL, NULL, NULL, NULL, t.country, NULL, NULL, false,
    import_object(concat_ws(',', import_member('owner', t.owner), import_member('lead_status', t.lead_status), import_member('lifecycle_stage', t.stage),
        import_member('job_title', t.job), import_member('original_source', t.origin)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line;

-- name: refused
INSERT INTO tenure_drafts
SELECT t.line, 'consent:email:' || w.match, 'consent.denied', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'email', NULL, true, NULL
FROM tenure_import t JOIN tenure_who w ON w.line = t.line WHERE import_yes(t.unsubscribed);
