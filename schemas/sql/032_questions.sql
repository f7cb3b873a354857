-- The usual questions, as views with parameters: SELECT * FROM q_key_activity(key = 'billing-report-bot', days = 30). A key is named by its hint, its
-- fingerprint, its principal, or its name in the inventory. Days count back from now.

-- What did this key do, call by call? Who a name means is looked up first, and with the principal, because the table is sorted by it: the answer then
-- reads a few ranges. The look-up stands here twice over and not in a view of its own: a cluster does not hand parameters on to a view inside IN.
CREATE VIEW IF NOT EXISTS q_key_calls AS
SELECT
    time, event_uid, provider, account, key_uid, key_hint, key_type, subject_uid, session_uid, principal_uid, principal, principal_type,
    operation, service, verb_class, outcome, error_code, status_code,
    src_kind, src_ip, src_net, asn, as_org, country, region_geo, city, lat, lon, hosting, vpc_endpoint,
    user_agent, user_agent_family, region, resources, environment, scopes, bytes_out, secrets, ingested_at
FROM events FINAL
WHERE (principal_uid, subject_uid) IN
(
    SELECT principal_uid, subject_uid
    FROM sightings
    WHERE key_uid = {key:String} OR key_hint = {key:String} OR principal = {key:String} OR principal_uid = {key:String} OR subject_uid = {key:String}
        OR key_uid IN (SELECT key_uid FROM v_inventory WHERE name = {key:String} AND key_uid != '')
        OR principal IN (SELECT principal FROM v_inventory WHERE name = {key:String} AND principal != '')
        OR principal_uid IN (SELECT principal FROM v_inventory WHERE name = {key:String} AND principal != '')
);

-- What did this key do?
CREATE VIEW IF NOT EXISTS q_key_activity AS
SELECT
    service, operation, any(e.verb_class) AS verb_class, count() AS events, countIf(outcome = 'denied') AS denied,
    countIf(outcome NOT IN ('success', 'denied', 'unknown')) AS errors, uniqExact(src_ip) AS addresses,
    arraySort(groupUniqArray(10)(ifNull(country, ''))) AS countries, min(time) AS first_seen, max(time) AS last_seen
FROM events AS e FINAL
WHERE time >= now64(3) - toIntervalDay({days:UInt32}) AND (principal_uid, subject_uid) IN
(
    SELECT principal_uid, subject_uid
    FROM sightings
    WHERE key_uid = {key:String} OR key_hint = {key:String} OR principal = {key:String} OR principal_uid = {key:String} OR subject_uid = {key:String}
        OR key_uid IN (SELECT key_uid FROM v_inventory WHERE name = {key:String} AND key_uid != '')
        OR principal IN (SELECT principal FROM v_inventory WHERE name = {key:String} AND principal != '')
        OR principal_uid IN (SELECT principal FROM v_inventory WHERE name = {key:String} AND principal != '')
)
GROUP BY service, operation
ORDER BY events DESC, operation;

-- Who used this address, or an address of this network (as it stands in src_net)?
CREATE VIEW IF NOT EXISTS q_address_users AS
SELECT
    provider, subject_uid, any(e.key_hint) AS key_hint, any(e.principal) AS principal, any(e.as_org) AS as_org, any(e.country) AS country,
    count() AS events, countIf(outcome = 'denied') AS denied, uniqExact(operation) AS operations, min(time) AS first_seen, max(time) AS last_seen
FROM events AS e FINAL
WHERE time >= now64(3) - toIntervalDay({days:UInt32}) AND (src_ip = {address:String} OR src_net = {address:String})
GROUP BY provider, subject_uid
ORDER BY last_seen DESC, subject_uid;

-- Which keys came from a country for the first time? A key that is new itself is not told: everything of it is new.
CREATE VIEW IF NOT EXISTS q_new_countries AS
SELECT
    c.country AS country, c.first_seen AS first_seen, c.subject_uid AS subject_uid, c.key_hint AS key_hint, c.principal AS principal,
    c.as_org AS as_org, c.address AS address
FROM
(
    SELECT
        subject_uid, country, min(s.first_seen) AS first_seen, anyLast(s.key_hint) AS key_hint, anyLast(s.principal) AS principal,
        any(s.as_org) AS as_org, any(s.address) AS address, min(min(s.first_seen)) OVER (PARTITION BY subject_uid) AS born
    FROM sightings AS s
    GROUP BY subject_uid, country
) AS c
WHERE c.country != '' AND c.first_seen >= now64(3) - toIntervalDay({days:UInt32}) AND c.born < now64(3) - toIntervalDay({days:UInt32})
ORDER BY first_seen DESC, subject_uid;

-- What was denied, and to how many?
CREATE VIEW IF NOT EXISTS q_denied_by_operation AS
SELECT
    provider, service, operation, countIf(outcome = 'denied') AS denied, count() AS events, round(denied / events, 4) AS share,
    uniqExactIf(subject_uid, outcome = 'denied') AS keys, topKIf(1)(ifNull(error_code, ''), outcome = 'denied')[1] AS error_code, maxIf(time, outcome = 'denied') AS last_denied
FROM events FINAL
WHERE time >= now64(3) - toIntervalDay({days:UInt32})
GROUP BY provider, service, operation
HAVING denied > 0
ORDER BY denied DESC, operation;

-- Which declared keys were not used for so long, or never?
CREATE VIEW IF NOT EXISTS q_unused_keys AS
SELECT name, provider, owner, environment, access, last_seen, toBool(last_seen IS NULL) AS never_used
FROM v_keys
WHERE declared AND revoked_at IS NULL AND (last_seen IS NULL OR last_seen < now64(3) - toIntervalDay({days:UInt32}))
ORDER BY never_used DESC, last_seen, name;

-- Which granted permissions did a key not use? `granted` of the inventory, with * for anything, is compared with service:operation, in any case of
-- letters, of what succeeded or was refused for another reason than a missing right.
CREATE VIEW IF NOT EXISTS q_unused_permissions AS
SELECT
    k.name AS name, k.owner AS owner, k.granted AS granted,
    arrayFilter(
        right -> NOT arrayExists(
            call -> ilike(call, replaceAll(replaceRegexpAll(right, '([%_\\\\])', '\\\\\\1'), '*', '%')),
            u.used),
        k.granted) AS unused,
    length(u.used) AS operations_used
FROM v_keys AS k
LEFT JOIN
(
    SELECT
        subject_uid,
        arrayConcat(
            groupUniqArray(concat(splitByChar('.', ifNull(CAST(service, 'Nullable(String)'), ''))[1], ':', operation)),
            groupUniqArray(operation)) AS used
    FROM events
    WHERE outcome != 'denied' AND time >= now64(3) - toIntervalDay({days:UInt32})
    GROUP BY subject_uid
) AS u
ON u.subject_uid = k.subject_uid
WHERE k.declared AND notEmpty(k.granted) AND notEmpty(unused)
ORDER BY length(unused) DESC, name;

-- Which keys are to be replaced within so many days, or should have been?
CREATE VIEW IF NOT EXISTS q_rotation_due AS
SELECT
    name, provider, owner, environment, created_at, rotation_due_at, expires_at, least(ifNull(rotation_due_at, expires_at), ifNull(expires_at, rotation_due_at)) AS due_at,
    dateDiff('day', now64(3), due_at) AS days_left, last_seen
FROM v_keys
WHERE declared AND revoked_at IS NULL AND due_at <= now64(3) + toIntervalDay({days:UInt32})
ORDER BY due_at, name;
