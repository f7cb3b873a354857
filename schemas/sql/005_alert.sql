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

-- The newest state of every incident, for lists and for looking one up by its uid. Written after the log; what a crash
-- kept back is written at the next start.
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

-- Weak findings that wait for a second signal; two days of event time is all that the alerter reads back.
-- TTL counts from the server's own clock at arrival, here and below: what an old archive or a replay brings must not
-- be gone in the next merge.
CREATE TABLE IF NOT EXISTS held_findings
(
    subject_uid String,
    finding_uid String,
    version UInt64,
    last_seen DateTime64(3, 'UTC'),
    document String CODEC(ZSTD(1)),
    stored_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (subject_uid, finding_uid)
TTL stored_at + INTERVAL 30 DAY;

-- Every message that was to be sent. n is the first transition that it tells, last_n the last.
CREATE TABLE IF NOT EXISTS messages
(
    subject_uid String,
    incident_uid String,
    receiver String,
    channel LowCardinality(String),
    n UInt32,
    last_n UInt32,
    due DateTime64(3, 'UTC'),
    version UInt64,
    stored_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (incident_uid, receiver, channel, n)
TTL stored_at + INTERVAL 90 DAY;

-- Every attempt: what was tried, when, what the other side said; `receipt` is what later messages hang on (a thread).
-- `status` and `next_at` say where the message stands after it.
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
    duration_ms UInt32,
    outcome LowCardinality(String),
    reason LowCardinality(String),
    error String,
    receipt String,
    status LowCardinality(String),
    first_at DateTime64(3, 'UTC'),
    next_at DateTime64(3, 'UTC'),
    stored_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (incident_uid, receiver, channel, n, attempt)
TTL stored_at + INTERVAL 400 DAY;

-- Where each message stands: pending, delivered or failed. A view, so that an attempt costs one insert and message and
-- attempt cannot disagree after a crash (a materialized view cost 19 ms an insert, this costs 30 ms once at start).
CREATE VIEW IF NOT EXISTS outbox AS
SELECT
    m.subject_uid AS subject_uid, m.incident_uid AS incident_uid, m.receiver AS receiver, m.channel AS channel,
    m.n AS n, m.last_n AS last_n, m.due AS due, m.version AS version,
    if(d.attempts = 0, 'pending', d.status) AS status,
    d.attempts AS attempts,
    if(d.attempts = 0, m.due, d.first_at) AS first_at,
    if(d.attempts = 0, m.due, d.next_at) AS next_at,
    d.told_n AS told_n, d.reason AS reason, d.error AS error
FROM
(
    SELECT * FROM messages FINAL
) AS m
LEFT JOIN
(
    SELECT
        incident_uid, receiver, channel, n,
        max(attempt) AS attempts,
        argMax(last_n, attempt) AS told_n,
        argMax(status, attempt) AS status,
        argMax(first_at, attempt) AS first_at,
        argMax(next_at, attempt) AS next_at,
        argMax(reason, attempt) AS reason,
        argMax(error, attempt) AS error
    FROM deliveries
    GROUP BY incident_uid, receiver, channel, n
) AS d
ON m.incident_uid = d.incident_uid AND m.receiver = d.receiver AND m.channel = d.channel AND m.n = d.n;
