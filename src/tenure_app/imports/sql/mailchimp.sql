-- Mailchimp. All times are UTC.

-- name: status
CREATE OR REPLACE TABLE tenure_status AS SELECT $status AS status;

-- name: judged
CREATE OR REPLACE TABLE tenure_judged AS
SELECT line, line AS head, coalesce(opted_in_code, confirmed_code, unsubscribed_code, cleaned_code) AS code, CAST(NULL AS VARCHAR) AS left_out,
    CAST(NULL AS VARCHAR) AS id, email, phone, nullif(concat_ws(' ', first_name, last_name), '') AS name, company, address,
    CAST(NULL AS VARCHAR) AS username,
    list_filter(list_transform(string_split(replace(coalesce(tags, ''), '"', ''), ','), lambda x: trim(x)), lambda x: x <> '') AS tags
FROM tenure_import;

-- name: created
INSERT INTO tenure_drafts
SELECT t.line, 'customer:' || w.match, 'customer.created', coalesce(t.opted_in, t.confirmed), NULL, NULL, NULL, NULL, NULL, t.country, NULL, NULL, false,
    import_object(concat_ws(',', import_member('notes', t.notes)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line;

-- name: consent
-- an address that bounced for good says nothing about consent
INSERT INTO tenure_drafts
SELECT t.line, CASE WHEN s.status = 'cleaned' THEN 'bounce:email:' ELSE 'consent:email:' END || w.match,
    CASE s.status WHEN 'subscribed' THEN 'consent.given' WHEN 'unsubscribed' THEN 'consent.denied' ELSE 'message.bounced' END,
    CASE s.status WHEN 'subscribed' THEN coalesce(t.confirmed, t.opted_in) WHEN 'unsubscribed' THEN t.unsubscribed ELSE t.cleaned END,
    NULL, NULL, NULL, NULL, NULL, NULL, 'email', NULL, s.status <> 'cleaned',
    import_object(concat_ws(',',
        import_member('optin_time', strftime(make_timestamp(t.opted_in), '%Y-%m-%dT%H:%M:%SZ')), import_member('optin_ip', t.optin_ip),
        import_member('confirm_time', strftime(make_timestamp(t.confirmed), '%Y-%m-%dT%H:%M:%SZ')), import_member('confirm_ip', t.confirm_ip),
        import_member('unsub_campaign', t.unsub_campaign), import_member('unsub_reason', t.unsub_reason),
        import_member('unsub_reason_other', t.unsub_other), import_member('clean_campaign', t.clean_campaign)))
FROM tenure_import t JOIN tenure_who w ON w.line = t.line, tenure_status s
WHERE s.status IN ('subscribed', 'unsubscribed', 'cleaned');
