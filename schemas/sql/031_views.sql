-- What people, a SIEM and dashboards ask; docs/queries.md has the questions. Every row is counted once however often it was replayed: tables are
-- read with FINAL, or with functions to which a copy makes no difference (min, max, uniqExact). do_not_merge_across_partitions_select_final is a
-- setting of our sessions; whoever asks a server with another client sets it, or waits longer.

-- One row per call. `raw`, and where a record came from, stay in the table `events`.
CREATE VIEW IF NOT EXISTS v_api_activity AS
SELECT
    time, event_uid, provider, account, key_uid, key_hint, key_type, subject_uid, session_uid, principal_uid, principal, principal_type,
    operation, service, verb_class, outcome, error_code, status_code,
    src_kind, src_ip, src_net, asn, as_org, country, region_geo, city, lat, lon, hosting, vpc_endpoint,
    user_agent, user_agent_family, region, resources, environment, scopes, bytes_out, secrets, ingested_at
FROM events FINAL;

-- One row per finding. severity_id is OCSF's: 1 informational to 5 critical.
CREATE VIEW IF NOT EXISTS v_findings AS
SELECT
    uid, detection, severity, indexOf(['informational', 'low', 'medium', 'high', 'critical'], toString(severity)) AS severity_id, title,
    provider, account, subject_uid, principal_uid, key_uid, key_hint, key_name, owner, environment, dimension, bucket,
    first_seen, last_seen, reasons, event_uids, event_count, risk, learning, late,
    JSONExtract(document, 'tags', 'Array(String)') AS tags, JSONExtract(document, 'attacks', 'Array(String)') AS attacks,
    JSONExtract(document, 'runbook', 'Array(String)') AS runbook
FROM findings FINAL;

-- One row per incident, as it stands now. `label` is the name that people say.
CREATE VIEW IF NOT EXISTS v_incidents AS
SELECT
    uid, concat('INC-', substring(uid, 1, 8)) AS label, status, toBool(CAST(status, 'String') IN ('open', 'acknowledged', 'reopened')) AS is_open,
    severity, indexOf(['informational', 'low', 'medium', 'high', 'critical'], toString(severity)) AS severity_id, risk, title,
    subject_uid, key_uid, key_hint, key_name, provider, owner, environment, verdict, assignee,
    first_seen, last_seen, opened_at, updated_at,
    JSONExtract(document, 'detections', 'Array(String)') AS detections, JSONExtract(document, 'finding_uids', 'Array(String)') AS finding_uids,
    JSONExtract(document, 'reasons', 'Array(String)') AS reasons, JSONExtract(document, 'runbook', 'Array(String)') AS runbook,
    JSONExtract(document, 'event_count', 'UInt64') AS event_count
FROM incidents FINAL;

-- One row per declared key of the inventory in force. The inventory is kept as documents, because an event is judged by the version of its time;
-- the newest one is unfolded here, so that there is no table beside it that could say something else.
CREATE VIEW IF NOT EXISTS v_inventory AS
SELECT
    JSONExtractString(entry, 'name') AS name, JSONExtractString(entry, 'provider') AS provider,
    JSONExtractString(entry, 'fingerprint') AS fingerprint, JSONExtractString(entry, 'principal') AS principal,
    multiIf(fingerprint = '', '', startsWith(fingerprint, concat(provider, ':')), fingerprint, concat(provider, ':', fingerprint)) AS key_uid,
    JSONExtract(entry, 'owner', 'Nullable(String)') AS owner, JSONExtract(entry, 'environment', 'Nullable(String)') AS environment,
    JSONExtract(entry, 'access', 'Nullable(String)') AS access,
    JSONExtract(entry, 'scopes', 'Array(String)') AS scopes, JSONExtract(entry, 'granted', 'Array(String)') AS granted,
    JSONExtract(entry, 'allowed_networks', 'Array(String)') AS allowed_networks,
    JSONExtract(entry, 'allowed_countries', 'Array(String)') AS allowed_countries,
    JSONExtractBool(entry, 'honeytoken') AS honeytoken, JSONExtract(entry, 'tags', 'Array(String)') AS tags,
    parseDateTime64BestEffortOrNull(JSONExtractString(entry, 'revoked_at'), 3, 'UTC') AS revoked_at,
    parseDateTime64BestEffortOrNull(JSONExtractString(entry, 'expires_at'), 3, 'UTC') AS expires_at,
    parseDateTime64BestEffortOrNull(JSONExtractString(entry, 'rotation', 'created_at'), 3, 'UTC') AS created_at,
    -- "90d" or "1w2d", in seconds; 0 where no age is declared.
    arraySum(
        part -> toUInt64OrZero(part[1]) * transform(part[2], ['s', 'm', 'h', 'd', 'w'], [1, 60, 3600, 86400, 604800], 0),
        extractAllGroupsVertical(JSONExtractString(entry, 'rotation', 'max_age'), '(\\d+)([smhdw])')) AS max_age_seconds
FROM
(
    SELECT arrayJoin(JSONExtractArrayRaw(document, 'keys')) AS entry
    FROM
    (
        SELECT argMax(document, (effective_at, updated_at)) AS document
        FROM inventory_versions FINAL
        WHERE effective_at <= now64(3)
    )
);

-- One row per key, declared or seen: who owns it, what is declared, and when it was first and last used. A key is found by its fingerprint, else
-- by its principal.
CREATE VIEW IF NOT EXISTS v_keys AS
SELECT
    if(i.name != '', i.name, '') AS name, toBool(i.name != '') AS declared,
    if(o.key_uid != '', o.key_uid, i.key_uid) AS key_uid, o.key_hint AS key_hint, o.subject_uid AS subject_uid, o.principal_uid AS principal_uid,
    if(o.principal != '', o.principal, i.principal) AS principal, if(i.name != '', i.provider, o.provider) AS provider, o.account AS account,
    i.owner AS owner, i.environment AS environment, i.access AS access, i.granted AS granted, i.scopes AS scopes, i.tags AS tags,
    i.honeytoken AS honeytoken, i.revoked_at AS revoked_at, i.expires_at AS expires_at, i.created_at AS created_at,
    i.max_age_seconds AS max_age_seconds,
    if(i.created_at IS NULL OR i.max_age_seconds = 0, NULL, i.created_at + toIntervalSecond(i.max_age_seconds)) AS rotation_due_at,
    if(o.events = 0, NULL, o.first_seen) AS first_seen, if(o.events = 0, NULL, o.last_seen) AS last_seen,
    toBool(o.events > 0 AND o.last_seen > ifNull(i.revoked_at, toDateTime64('2299-01-01', 3, 'UTC'))) AS used_after_revocation
FROM
(
    SELECT
        if(t.name != '', concat('n', t.name), concat('k', t.key_uid)) AS joint,
        argMax(t.key_uid, t.last_seen) AS key_uid, argMax(t.key_hint, t.last_seen) AS key_hint,
        argMax(t.subject_uid, t.last_seen) AS subject_uid, argMax(t.principal_uid, t.last_seen) AS principal_uid,
        argMax(t.principal, t.last_seen) AS principal, any(t.provider) AS provider, any(t.account) AS account,
        min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen, count() AS events
    FROM
    (
        WITH
            (SELECT groupArray(concat(provider, '\0', if(key_uid != '', key_uid, principal))) FROM v_inventory) AS declared_ids,
            (SELECT groupArray(name) FROM v_inventory) AS declared_names,
            arrayFirst(
                at -> at > 0,
                arrayMap(
                    id -> indexOf(declared_ids, concat(provider, '\0', id)),
                    [key_uid, principal, principal_uid, splitByChar('/', principal_uid)[-1]])) AS at
        SELECT if(at > 0, declared_names[at], '') AS name, *
        FROM
        (
            SELECT
                provider, principal_uid, subject_uid, key_uid, anyLast(s.key_hint) AS key_hint, anyLast(s.principal) AS principal,
                any(s.account) AS account, min(s.first_seen) AS first_seen, max(s.last_seen) AS last_seen
            FROM sightings AS s
            GROUP BY provider, principal_uid, subject_uid, key_uid
        )
    ) AS t
    WHERE t.name != '' OR t.key_uid != ''
    GROUP BY joint
) AS o
FULL OUTER JOIN
(
    SELECT *, concat('n', name) AS joint FROM v_inventory
) AS i
ON o.joint = i.joint;

-- One row per key and hour. Callers without a key stand under their principal.
CREATE VIEW IF NOT EXISTS v_key_hourly AS
SELECT
    toStartOfHour(time) AS hour, provider, subject_uid, principal_uid,
    ifNull(e.key_uid, '') AS key_uid, any(coalesce(e.key_hint, e.principal, e.principal_uid)) AS key_hint,
    count() AS events, countIf(outcome = 'success') AS successes, countIf(outcome = 'denied') AS denied,
    countIf(outcome NOT IN ('success', 'denied', 'unknown')) AS errors, countIf(verb_class IN ('write', 'admin')) AS writes,
    uniqExact(src_ip) AS addresses, uniqExact(country) AS countries, uniqExact(operation) AS operations
FROM events AS e FINAL
GROUP BY hour, provider, subject_uid, principal_uid, key_uid;

-- One row per log that reports: how far it is behind (median of the last day), and what of it could not be read. A silent source is unknown, not quiet.
CREATE VIEW IF NOT EXISTS v_sources AS
SELECT
    provider, e.accounts AS accounts, e.keys AS keys, e.first_event AS first_event, e.last_event AS last_event, e.last_arrival AS last_arrival,
    dateDiff('second', e.last_event, now64(3)) AS silent_seconds, l.lag_seconds AS lag_seconds, d.open AS dead_letters_open,
    d.newest AS dead_letter_newest
FROM
(
    SELECT
        provider, uniqExactIf(account, account != '') AS accounts, uniqExact(subject_uid) AS keys, min(s.first_seen) AS first_event,
        max(s.last_seen) AS last_event, max(s.last_arrival) AS last_arrival
    FROM sightings AS s
    GROUP BY provider
) AS e
LEFT JOIN
(
    SELECT provider, quantileExact(0.5)(dateDiff('second', time, ingested_at)) AS lag_seconds
    FROM events
    WHERE time > now64(3) - toIntervalDay(7) AND ingested_at > now64(3) - toIntervalDay(1)
    GROUP BY provider
) AS l
USING (provider)
FULL OUTER JOIN
(
    SELECT provider, countIf(status = 'open') AS open, max(ingested_at) AS newest FROM dead_letters FINAL GROUP BY provider
) AS d
USING (provider);

-- One row per attempt at a message.
CREATE VIEW IF NOT EXISTS v_deliveries AS
SELECT
    at, incident_uid, concat('INC-', substring(incident_uid, 1, 8)) AS label, receiver, channel, n AS first_transition, last_n AS last_transition,
    attempt, outcome, reason, error, duration_ms, status, message_id, next_at
FROM deliveries FINAL;

-- OCSF 1.8.0 API Activity (6003), as schemas/ocsf/activity.ts writes it; what a record does not say is null here.
CREATE VIEW IF NOT EXISTS v_ocsf_api_activity AS
WITH
    multiIf(
        verb_class = 'read', 2, verb_class = 'auth', 99, verb_class = 'unknown', 0,
        match(CAST(operation, 'String'), '^(Create|Put|Add|Insert|Post|Register|Run|Import)'), 1,
        match(CAST(operation, 'String'), '^(Delete|Remove|Terminate|Destroy|Deregister|Revoke)'), 4, 3) AS activity,
    transform(activity, [0, 1, 2, 3, 4], ['Unknown', 'Create', 'Read', 'Update', 'Delete'], 'Authenticate') AS name_of_activity,
    account IS NOT NULL OR region IS NOT NULL AS in_cloud,
    src_kind IN ('ip', 'private') AS is_address
SELECT
    6 AS category_uid, 'Application Activity' AS category_name, 6003 AS class_uid, 'API Activity' AS class_name,
    toUInt8(activity) AS activity_id, name_of_activity AS activity_name,
    toUInt32(600300 + activity) AS type_uid, concat('API Activity: ', name_of_activity) AS type_name, toUnixTimestamp64Milli(e.time) AS time,
    1 AS severity_id, 'Informational' AS severity,
    multiIf(outcome = 'success', 1, outcome = 'unknown', 0, 2) AS status_id,
    multiIf(outcome = 'success', 'Success', outcome = 'unknown', 'Unknown', 'Failure') AS status, error_code AS status_code,
    CAST(('1.8.0', ('keywatch', 'keywatch'), if(in_cloud, ['cloud'], []), event_uid, provider, toUnixTimestamp64Milli(ingested_at)),
        'Tuple(version String, product Tuple(name String, vendor_name String), profiles Array(String), uid String, log_provider String, logged_time Int64)') AS metadata,
    CAST(((principal_uid, principal, tuple(account)), (session_uid, key_uid)),
        'Tuple(user Tuple(uid String, name Nullable(String), account Tuple(uid Nullable(String))), session Tuple(uid Nullable(String), credential_uid Nullable(String)))') AS actor,
    CAST((operation, tuple(CAST(service, 'Nullable(String)')), (e.error_code, e.status_code)),
        'Tuple(operation String, service Tuple(name Nullable(String)), response Tuple(error Nullable(String), code Nullable(Int32)))') AS api,
    CAST((if(is_address, src_ip, NULL), if(is_address, NULL, ifNull(src_ip, 'unknown')), (asn, as_org), (country, region_geo, city, lat, lon)),
        'Tuple(ip Nullable(String), name Nullable(String), autonomous_system Tuple(number Nullable(UInt32), name Nullable(String)), location Tuple(country Nullable(String), region Nullable(String), city Nullable(String), lat Nullable(Float32), long Nullable(Float32)))') AS src_endpoint,
    CAST(tuple(user_agent), 'Tuple(user_agent Nullable(String))') AS http_request,
    CAST(arrayMap(name -> tuple(name), resources), 'Array(Tuple(name String))') AS resources,
    CAST((if(in_cloud, provider, NULL), tuple(account), region), 'Tuple(provider Nullable(String), account Tuple(uid Nullable(String)), region Nullable(String))') AS cloud
FROM (SELECT * FROM events FINAL) AS e;

-- OCSF 1.8.0 Detection Finding (2004), as schemas/ocsf/finding.ts writes it, without the arithmetic.
CREATE VIEW IF NOT EXISTS v_ocsf_findings AS
SELECT
    2 AS category_uid, 'Findings' AS category_name, 2004 AS class_uid, 'Detection Finding' AS class_name, 1 AS activity_id, 200401 AS type_uid,
    toUnixTimestamp64Milli(last_seen) AS time,
    indexOf(['informational', 'low', 'medium', 'high', 'critical'], toString(f.severity)) AS severity_id,
    concat(upper(substring(f.severity, 1, 1)), substring(f.severity, 2)) AS severity, 1 AS status_id, 'New' AS status,
    toUInt8(round(risk * 100)) AS risk_score, if(learning, 1, 2) AS confidence_id, arrayStringConcat(reasons, ' ') AS message,
    CAST(('1.8.0', ('keywatch', 'keywatch'), uid, provider), 'Tuple(version String, product Tuple(name String, vendor_name String), uid String, log_provider String)') AS metadata,
    CAST((uid, title, arrayStringConcat(reasons, ' '), (detection, title, if(JSONExtractString(document, 'kind') IN ('policy', 'sigma'), 1, 3)),
        arrayMap(
            t -> tuple(tuple(upper(substring(t, 8)))),
            arrayFilter(t -> match(t, '^attack\\.t\\d'), JSONExtract(document, 'attacks', 'Array(String)'))),
        toUnixTimestamp64Milli(first_seen), toUnixTimestamp64Milli(last_seen), arrayMap(e -> (e, 600300), event_uids), event_count),
        'Tuple(uid String, title String, desc String, analytic Tuple(uid String, name String, type_id UInt8), attacks Array(Tuple(technique Tuple(uid String))), first_seen_time Int64, last_seen_time Int64, related_events Array(Tuple(uid String, type_uid UInt32)), related_events_count UInt64)') AS finding_info,
    CAST(if(key_uid IS NULL, [], [(ifNull(key_uid, ''), coalesce(key_name, key_hint, key_uid, ''), 'API key')]), 'Array(Tuple(uid String, name String, type String))') AS resources,
    CAST(tuple(arrayStringConcat(JSONExtract(document, 'runbook', 'Array(String)'), '\n')), 'Tuple(desc String)') AS remediation
FROM findings AS f FINAL;
