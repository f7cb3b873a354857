-- The append-only log of every incident; (incident, n) is the identity, so a row written twice is one row.
-- ORDER BY starts with the subject: the alerter loads all that it knows of a subject when a finding of it arrives.
-- `findings` holds what this transition brought in, `targets` who is to hear of it: both are the truth from which
-- the fold and the outbox are rebuilt after a crash. `state` is the whole incident after it.
CREATE TABLE IF NOT EXISTS transitions
(
    subject_uid String,
    incident_uid String,
    n UInt32,
    kind LowCardinality(String),
    at DateTime64(3, 'UTC'),
    actor String,
    command_id String,
    note String,
    severity LowCardinality(String),
    status LowCardinality(String),
    findings String CODEC(ZSTD(1)),
    targets String CODEC(ZSTD(1)),
    state String CODEC(ZSTD(1)),
    INDEX by_at at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (subject_uid, incident_uid, n);

-- The newest state of every incident, for lists and for looking one up by its uid.
CREATE TABLE IF NOT EXISTS incidents
(
    uid String,
    n UInt32,
    subject_uid String,
    key_uid Nullable(String),
    key_hint Nullable(String),
    key_name Nullable(String),
    provider LowCardinality(String),
    owner Nullable(String),
    environment Nullable(String),
    title String,
    severity LowCardinality(String),
    status LowCardinality(String),
    verdict LowCardinality(Nullable(String)),
    assignee Nullable(String),
    risk Float64,
    first_seen DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    opened_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    document String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(n)
ORDER BY uid;

-- It copies and never sums, so a replayed transition changes nothing.
CREATE MATERIALIZED VIEW IF NOT EXISTS incidents_from_transitions TO incidents AS
SELECT
    incident_uid AS uid,
    n,
    subject_uid,
    JSONExtract(state, 'key_uid', 'Nullable(String)') AS key_uid,
    JSONExtract(state, 'key_hint', 'Nullable(String)') AS key_hint,
    JSONExtract(state, 'key_name', 'Nullable(String)') AS key_name,
    JSONExtractString(state, 'provider') AS provider,
    JSONExtract(state, 'owner', 'Nullable(String)') AS owner,
    JSONExtract(state, 'environment', 'Nullable(String)') AS environment,
    JSONExtractString(state, 'title') AS title,
    severity,
    status,
    JSONExtract(state, 'verdict', 'Nullable(String)') AS verdict,
    JSONExtract(state, 'assignee', 'Nullable(String)') AS assignee,
    JSONExtractFloat(state, 'risk') AS risk,
    fromUnixTimestamp64Milli(JSONExtractInt(state, 'first_seen'), 'UTC') AS first_seen,
    fromUnixTimestamp64Milli(JSONExtractInt(state, 'last_seen'), 'UTC') AS last_seen,
    fromUnixTimestamp64Milli(JSONExtractInt(state, 'opened_at'), 'UTC') AS opened_at,
    fromUnixTimestamp64Milli(JSONExtractInt(state, 'updated_at'), 'UTC') AS updated_at,
    state AS document
FROM transitions;

-- Weak findings that wait for a second signal; two days of event time is all that the alerter reads back.
-- TTL counts from arrival, so that loading an old archive keeps them long enough to be combined.
CREATE TABLE IF NOT EXISTS held_findings
(
    subject_uid String,
    finding_uid String,
    version UInt64,
    last_seen DateTime64(3, 'UTC'),
    stored_at DateTime64(3, 'UTC'),
    document String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (subject_uid, finding_uid)
TTL toDateTime(stored_at) + INTERVAL 30 DAY;

-- One row per message and where it stands. n is the first transition that the message tells, last_n the last.
CREATE TABLE IF NOT EXISTS outbox
(
    subject_uid String,
    incident_uid String,
    receiver String,
    channel LowCardinality(String),
    n UInt32,
    last_n UInt32,
    due DateTime64(3, 'UTC'),
    status LowCardinality(String),
    attempts UInt32,
    first_at DateTime64(3, 'UTC'),
    next_at DateTime64(3, 'UTC'),
    reason LowCardinality(String),
    error String,
    updated_at DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (incident_uid, receiver, channel, n)
TTL toDateTime(updated_at) + INTERVAL 90 DAY;

-- Every attempt: what was tried, when, what the other side said; `receipt` is what later messages hang on (a thread).
CREATE TABLE IF NOT EXISTS deliveries
(
    incident_uid String,
    receiver String,
    channel LowCardinality(String),
    n UInt32,
    last_n UInt32,
    attempt UInt32,
    message_id String,
    at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    reason LowCardinality(String),
    error String,
    receipt String,
    duration_ms UInt32
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (incident_uid, receiver, channel, n, attempt)
TTL toDateTime(at) + INTERVAL 400 DAY;
