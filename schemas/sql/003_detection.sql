-- What was learned about each subject, one row per generation: a checkpoint names the generation that belongs to it.
CREATE TABLE IF NOT EXISTS profiles
(
    subject_uid String,
    generation UInt64,
    seq UInt64,
    state String CODEC(ZSTD(1)),
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (subject_uid, generation);

-- One row per finding uid, the newest version wins; `document` is the whole finding, the columns are for asking.
CREATE TABLE IF NOT EXISTS findings
(
    uid String,
    detection LowCardinality(String),
    severity LowCardinality(String),
    title String,
    provider LowCardinality(String),
    account LowCardinality(Nullable(String)),
    subject_uid String,
    principal_uid String,
    key_uid Nullable(String),
    key_hint Nullable(String),
    key_name Nullable(String),
    owner Nullable(String),
    environment Nullable(String),
    dimension String,
    bucket DateTime64(3, 'UTC'),
    first_seen DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    reasons Array(String),
    event_uids Array(String),
    event_count UInt64,
    risk Float64,
    learning Bool,
    late Bool,
    version UInt64,
    document String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY uid;
