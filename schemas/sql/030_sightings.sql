-- Which key was seen from which country, first and last: what lists of keys ask, without reading every event. Minimum, maximum and any are the same
-- however often an event is counted in, so that a replay cannot inflate it; nothing here is a sum.
-- ORDER BY starts with the principal, as in events, so that on a cluster a row lies on the shard of its events.
CREATE TABLE IF NOT EXISTS sightings
(
    principal_uid String,
    subject_uid String,
    provider LowCardinality(String),
    account String,
    key_uid String,
    country String,
    key_hint SimpleAggregateFunction(anyLast, String),
    key_type SimpleAggregateFunction(anyLast, String),
    principal SimpleAggregateFunction(anyLast, String),
    principal_type SimpleAggregateFunction(anyLast, String),
    environment SimpleAggregateFunction(anyLast, String),
    as_org SimpleAggregateFunction(any, String),
    address SimpleAggregateFunction(any, String),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    last_arrival SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (principal_uid, subject_uid, provider, account, key_uid, country)
TTL toDateTime(last_arrival) + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS sightings_feed TO sightings AS
SELECT
    principal_uid, subject_uid, provider, ifNull(e.account, '') AS account, ifNull(e.key_uid, '') AS key_uid, ifNull(e.country, '') AS country,
    anyLast(ifNull(e.key_hint, '')) AS key_hint, anyLast(e.key_type) AS key_type, anyLast(ifNull(e.principal, '')) AS principal,
    anyLast(e.principal_type) AS principal_type, anyLast(ifNull(e.environment, '')) AS environment, any(ifNull(e.as_org, '')) AS as_org,
    any(ifNull(e.src_ip, '')) AS address, min(e.time) AS first_seen, max(e.time) AS last_seen, max(e.ingested_at) AS last_arrival
FROM events AS e
GROUP BY principal_uid, subject_uid, provider, account, key_uid, country;

-- What was stored before; said twice it is the same.
INSERT INTO sightings
SELECT
    principal_uid, subject_uid, provider, ifNull(e.account, '') AS account, ifNull(e.key_uid, '') AS key_uid, ifNull(e.country, '') AS country,
    anyLast(ifNull(e.key_hint, '')) AS key_hint, anyLast(e.key_type) AS key_type, anyLast(ifNull(e.principal, '')) AS principal,
    anyLast(e.principal_type) AS principal_type, anyLast(ifNull(e.environment, '')) AS environment, any(ifNull(e.as_org, '')) AS as_org,
    any(ifNull(e.src_ip, '')) AS address, min(e.time) AS first_seen, max(e.time) AS last_seen, max(e.ingested_at) AS last_arrival
FROM events AS e
GROUP BY principal_uid, subject_uid, provider, account, key_uid, country;

-- A month that got nothing for a day becomes one part, and FINAL has nothing to merge there.
ALTER TABLE events MODIFY SETTING min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1;
